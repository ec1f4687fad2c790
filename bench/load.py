"""Sends turns to a running service and returns how long they took."""

from __future__ import annotations

import asyncio
import time

import aiohttp

ASKED = ("商标异议期多久", "专利申请要多少钱", "软件著作权怎么登记", "西宁有哪些知识产权公共服务", "被侵权了有哪些解决途径")
TURNS_EACH = 5


async def load(base: str, clients: int, turns: int) -> tuple[float, list[float]]:
    """Let `clients` people at once say `turns` messages each; returns turns a second and the sorted milliseconds."""
    times: list[float] = []
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def person() -> None:
            session = ""
            for number in range(turns):
                if number % TURNS_EACH == 0:
                    async with http.post(f"{base}/api/v1/sessions", json={}) as opened:
                        session = (await opened.json())["session"]
                head = {"Authorization": f"Bearer {session}"}
                began = time.perf_counter()
                body = {"text": ASKED[number % len(ASKED)]}
                async with http.post(f"{base}/api/v1/messages", json=body, headers=head) as answer:
                    answer.raise_for_status()
                    await answer.read()
                times.append((time.perf_counter() - began) * 1e3)

        began = time.perf_counter()
        await asyncio.gather(*(person() for _ in range(clients)))
        return len(times) / (time.perf_counter() - began), sorted(times)


def at(times: list[float], share: float) -> float:
    """Return the time that `share` of the turns did not exceed."""
    return times[min(len(times) - 1, int(len(times) * share))]
