"""Promise 8: whichever part fails, the citizen hears the truth within 3 s, and nothing acknowledged is lost.

What happens when the engine dies is in `tests/e2e/test_engine_lost.py`; here it hangs, and disk and database fail.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.product import TODAY, Citizen, Engine, Product, Refused, deployed, shown

pytestmark = pytest.mark.slow

PROMISED_SECONDS = 3.0
ROOM_BYTES = 48 * 1024 * 1024
QUESTION = "发明专利保护多少年"


class SmallDisk:
    """A file system of its own in memory; full means full."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    def fill(self, product: Product, leave: int = 0) -> None:
        filler = os.open(self._filler, os.O_WRONLY | os.O_CREAT)
        try:
            with contextlib.suppress(OSError):
                while os.write(filler, b"\0" * 4096):
                    pass
            os.ftruncate(filler, os.fstat(filler).st_size - leave)
        finally:
            os.close(filler)

    def free(self, product: Product) -> None:
        self._filler.unlink(missing_ok=True)


class Limit:
    """Where no file system may be mounted: the service may not write beyond the first page of any file."""

    def fill(self, product: Product, leave: int = 0) -> None:
        resource.prlimit(product.running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def free(self, product: Product) -> None:
        resource.prlimit(product.running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@pytest.fixture(scope="module", params=["small disk", "limit"])
def cramped(
    request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Product, SmallDisk | Limit]]:
    """Give a product whose disk a test can fill; on the small disk the engine's memory fills up with it."""
    folder = tmp_path_factory.mktemp("cramped")
    if request.param == "limit":
        with deployed(folder, LIMITS="off", TODAY=TODAY, **engine.settings) as product:
            yield product.start(), Limit()
        return
    data = folder / "var"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM_BYTES},mode=700", "zhixun-test", data]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root; the limit stands in for it")
    try:
        with deployed(folder, LIMITS="off", TODAY=TODAY) as product:
            yield product.start(), SmallDisk(data)
    finally:
        subprocess.run(["umount", "--lazy", data], check=True)


def test_a_full_disk_is_told_and_loses_nothing_acknowledged(cramped: tuple[Product, SmallDisk | Limit]) -> None:
    product, disk = cramped
    citizen = product.open()
    told = [(f"before-{number}", citizen.say(QUESTION, f"before-{number}")) for number in range(3)]
    disk.fill(product)
    try:
        for number in range(4):
            refused = _timed(lambda number=number: citizen.say("那外观呢", f"full-{number}"))
            assert isinstance(refused, Refused), f"acknowledged on a full disk: {refused}"
            assert (refused.status, refused.code) in ((500, "internal"), (503, "unavailable"))
            assert "请稍后再试" in refused.message
        # Reading still works, and so does telling that it lives.
        assert [text for who, text in citizen.texts() if who == "citizen"] == [QUESTION] * 3
        assert isinstance(_timed(product.open), Refused)
        assert isinstance(_timed(citizen.close), Refused)
    finally:
        disk.free(product)
    # The space is back: everything goes on by itself, and the same message may be sent again.
    after = citizen.say("那外观呢", "full-0")
    assert after["status"] == "answered"
    for message_id, turn in told:
        assert citizen.say(QUESTION, message_id) == turn
    said = [text for who, text in citizen.texts() if who == "citizen"]
    assert said == [QUESTION] * 3 + ["那外观呢"]
    number, code = citizen.close().values()
    assert product.command("verify", "--receipt", number, code).returncode == 0
    product.verified()


def test_a_disk_that_fills_in_the_middle_of_a_turn_loses_nothing_acknowledged(cramped: tuple[Product, SmallDisk | Limit]) -> None:
    """A little room is left, so that it is not the first write that fails; sealing is tried at the brim as well."""
    product, disk = cramped
    kept: list[tuple[Citizen, str, dict[str, Any]]] = []
    citizens: list[Citizen] = []
    refused = 0
    for leave in (4096, 8192, 16384, 24576, 32768, 49152, 65536, 98304, 131072):
        citizen = product.open()
        citizens.append(citizen)
        citizen.say(QUESTION)
        disk.fill(product, leave)
        try:
            for number in range(6):
                turn = _timed(lambda citizen=citizen, number=number: citizen.say(QUESTION, f"id-{number}"))
                if isinstance(turn, Refused):
                    refused += 1
                else:
                    kept.append((citizen, f"id-{number}", turn))
            _timed(citizen.close)
        finally:
            disk.free(product)
    assert refused, "the disk was never full"
    for citizen, message_id, turn in kept:
        told = [entry for entry in citizen.transcript()["entries"] if entry.get("message_id") == message_id]
        assert [entry["text"] for entry in told] == [QUESTION]
        spoken = [text for who, text in citizen.texts() if who != "citizen"]
        assert all(reply["text"] in spoken for reply in turn["replies"])
    # A closing that was refused may be asked for again, and gives the receipt.
    for citizen in citizens:
        assert citizen.close()["number"] == citizen.number
    product.verified()


@pytest.fixture(scope="module")
def service(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with deployed(tmp_path_factory.mktemp("degrades"), LIMITS="off", TODAY=TODAY, **engine.settings) as product:
        yield product.start()


def test_a_hanging_engine_is_told_in_time_to_everyone_who_asks(service: Product, engine: Engine) -> None:
    citizens = [service.open() for _ in range(10)]
    engine.pause()
    try:
        with ThreadPoolExecutor(10) as pool:
            turns = list(pool.map(lambda citizen: _timed(lambda: citizen.say(QUESTION)), citizens))
        handed = _timed(lambda: citizens[0].say("转人工"))
    finally:
        engine.go_on()
    assert {turn["status"] for turn in turns} == {"degraded"}
    assert all("已经保存" in shown(turn) for turn in turns)
    assert (handed["status"], handed["owner"]) == ("handoff", "queue")
    service.running.until(service.ready, "the engine answers again", 30)
    assert citizens[1].say(QUESTION)["status"] == "answered"


def test_a_store_that_is_held_by_another_is_told_in_time(service: Product) -> None:
    """A long command or a backup tool may hold the store: nobody waits for it longer than promised."""
    citizens = [service.open() for _ in range(6)]
    with closing(sqlite3.connect(service.data / "zhixun.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(6) as pool:
            refused = list(pool.map(lambda citizen: _timed(lambda: citizen.say(QUESTION, "held")), citizens))
        opened = _timed(service.open)
        other.execute("ROLLBACK")
    for each in (*refused, opened):
        assert isinstance(each, Refused), f"acknowledged without the store: {each}"
        assert each.status in (500, 503)
        assert "稍后再试" in each.message or "再发一次" in each.message
    for citizen in citizens:
        assert citizen.say(QUESTION, "held")["status"] == "answered"
        assert [text for who, text in citizen.texts() if who == "citizen"] == [QUESTION]
    service.verified()


def _timed(act: Callable[[], Any]) -> Any:
    """Do it within the promised time; returns what came, or the refusal."""
    began = time.monotonic()
    try:
        result = act()
    except Refused as refused:
        result = refused
    took = time.monotonic() - began
    assert took < PROMISED_SECONDS, f"took {took:.2f} s"
    return result
