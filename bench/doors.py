"""The WeChat door under load: how soon a delivery is answered whatever becomes of the engine, and many deliveries across kills.

    python -m bench.doors            50 messages a second in each mood of the engine
    python -m bench.doors --kills    20,000 messages, each delivered five times, while the service is killed again and again

Both sides are the stand-ins of the tests (`tests/doubles`): they deliver, retry and encrypt as the platform does.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from bench.load import at
from bench.product import machine
from tests.doubles.engine import MOODS, WELL
from tests.promises.test_doors_keep_up import Street, deliver_all, messages, street_in

RATE, SECONDS = 50, 20
MESSAGES, TIMES, KILLS = 20_000, 5, 12
QUIET_SECONDS = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", action="store_true")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_kills(Path(folder), given.messages) if given.kills else _moods(Path(folder)))


async def _moods(folder: Path) -> None:
    for mood in MOODS:
        place = folder / mood
        place.mkdir()
        async with street_in(place) as street:
            # The first second of a service goes into reading dictionaries.
            await _paced(street, RATE * 2)
            street.seconds.clear()
            street.statuses.clear()
            street.engine.mood = mood
            await _paced(street, RATE * SECONDS, RATE * 2)
            taken = sorted(street.seconds)
            kept = street.journalled()
            p50, p99, p999 = (at(taken, part) * 1000 for part in (0.5, 0.99, 0.999))
            print(
                f"engine {mood:<8} {len(taken)} deliveries at {RATE}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms, "
                f"p99.9 {p999:.0f} ms, longest {taken[-1] * 1000:.0f} ms; statuses {dict(street.statuses)}; "
                f"stored {len(kept)}, twice {sum(count > 1 for count in kept.values())}, violations {len(street.wechat.violations)}",
                flush=True,
            )


async def _paced(street: Street, count: int, first: int = 0) -> None:
    began, running = time.monotonic(), set()
    for place, (openid, fields) in enumerate(messages(street, count, first)):
        await asyncio.sleep(max(0.0, began + place / RATE - time.monotonic()))
        running.add(asyncio.create_task(street.deliver(openid, fields)))
    await asyncio.wait(running)


async def _kills(folder: Path, count: int) -> None:
    chance = random.Random(20261121)
    async with street_in(folder) as street:
        made = messages(street, count)
        deliveries = [one for one in made for _ in range(TIMES - 1)]
        chance.shuffle(deliveries)
        share = len(deliveries) // (KILLS + 1)
        began = time.monotonic()
        for round_ in range(KILLS + 1):
            part = deliveries[round_ * share : (round_ + 1) * share if round_ < KILLS else None]
            street.engine.mood = chance.choice(MOODS[:2])
            delivering = asyncio.create_task(deliver_all(street, part))
            if round_ < KILLS:
                await asyncio.wait({delivering}, timeout=chance.uniform(5, 25))
                street.product.running.send(signal.SIGKILL)
                await delivering
                await asyncio.to_thread(street.product.kill)
                await street.start()
            await delivering
            print(f"round {round_ + 1}: {sum(street.statuses.values())} deliveries, {time.monotonic() - began:.0f} s", flush=True)
        street.engine.mood = WELL
        await deliver_all(street, made)
        took = time.monotonic() - began
        await _quiet(street)
        kept, shown = street.journalled(), street.shown()
        print(
            f"{sum(street.statuses.values())} deliveries of {count} messages across {KILLS} kills in {took:.0f} s: "
            f"stored {len(kept)}, twice {sum(n > 1 for n in kept.values())}; what is said to them {dict(_standings(street))}; "
            f"answered {len(shown)}, twice {sum(n > 1 for n in shown.values())}; "
            f"longest answer {max(street.seconds):.2f} s; violations {len(street.wechat.violations)}"
        )


async def _quiet(street: Street) -> None:
    """Wait until nothing more is answered or carried."""
    before, since = None, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        now = (len(street.engine.heard), _standings(street))
        if now != before:
            before, since = now, time.monotonic()
        await asyncio.sleep(1)


def _standings(street: Street) -> Counter[str]:
    """Return how many sayings stand how with the platform."""
    with closing(sqlite3.connect(street.product.data / "zhixun.db")) as store:
        return Counter(dict(store.execute("SELECT standing, count(*) FROM outbox GROUP BY standing")))


if __name__ == "__main__":
    main()
