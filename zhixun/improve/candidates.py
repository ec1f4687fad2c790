"""Candidates: what was tried, what of it went live, and the way back to it. Each holds all of the deployment's own answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import yaml

from zhixun.clock import Clock, stamp
from zhixun.database import Database, candidates
from zhixun.errors import CitizenError
from zhixun.improve.drafts import Draft, Drafts, written

__all__ = ["KEPT", "RUNNING", "STANDINGS", "Candidate", "Candidates", "laid_over"]

STANDINGS: Mapping[str, str] = {
    "preparing": "准备", "training": "训练模型", "starting": "启动新的应答程序", "testing": "回归测试", "switching": "切换",
    "live": "正在使用", "past": "用过", "refused": "没有通过", "failed": "没有成功", "cancelled": "已取消", "interrupted": "中断",
}  # fmt: skip
RUNNING = ("preparing", "training", "starting", "testing", "switching")
_VERSIONS = ("live", "past")
KEPT = 6
"""So many of the newest versions can be gone back to."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of them.

    Attributes:
        files: all own answers, YAML by file name. drafts: ids of the drafts that are new in it.
        back_to: the version that it is the same as, 0 when it is new.
        model, knowledge: file name of its model, and the version of its knowledge, as the journal has them.
        report: what the gate found, and what was wrong.
    """

    id: int
    made: str
    made_by: str
    standing: str
    files: Mapping[str, str]
    drafts: tuple[int, ...]
    back_to: int
    model: str
    knowledge: str
    report: Mapping[str, Any]
    ended: str

    @property
    def runs(self) -> bool:
        """Whether it is being worked on."""
        return self.standing in RUNNING


class Candidates:
    """Keeps them.

    Args:
        drafts: those that become live with them.
    """

    def __init__(self, database: Database, clock: Clock, drafts: Drafts) -> None:
        self._database = database
        self._clock = clock
        self._drafts = drafts

    async def interrupted(self) -> int:
        """Note that what was being worked on has ended with the service; returns how many."""
        ended = candidates.update().where(candidates.c.standing.in_(RUNNING))
        async with self._database.write() as connection:
            return (await connection.execute(ended.values(standing="interrupted", ended=stamp(self._clock.now())))).rowcount

    async def begin(self, files: Mapping[str, str], drafts: Sequence[int], by: str, *, back_to: int = 0) -> int:
        """Begin one; returns its id.

        Raises:
            CitizenError: (409) another one is being worked on.
        """
        row = {"made": stamp(self._clock.now()), "made_by": by, "standing": RUNNING[0], "files": _dump(files), "drafts": _dump(drafts),
               "back_to": back_to}  # fmt: skip
        busy = sa.select(candidates.c.id).where(candidates.c.standing.in_(RUNNING))
        async with self._database.write() as connection:
            if await connection.scalar(busy):
                raise CitizenError("正在训练另一个版本，请等它结束。", code="busy", status=409)
            return int((await connection.execute(candidates.insert().returning(candidates.c.id), row)).scalar_one())

    async def move(self, id: int, standing: str, report: Mapping[str, Any] | None = None, **known: str) -> None:
        """Note how far one has come; `known` are its `model` and `knowledge`."""
        values: dict[str, Any] = {"standing": standing, **known, **({} if report is None else {"report": _dump(report)})}
        values |= {} if standing in RUNNING else {"ended": stamp(self._clock.now())}
        async with self._database.write() as connection:
            await connection.execute(candidates.update().where(candidates.c.id == id).values(**values))

    async def went_live(self, id: int) -> None:
        """Note that one is in use from now on, with its drafts, and the one before no more."""
        async with self._database.write() as connection:
            one = await connection.scalar(sa.select(candidates.c.drafts).where(candidates.c.id == id))
            await connection.execute(candidates.update().where(candidates.c.standing == "live").values(standing="past"))
            values = {"standing": "live", "ended": stamp(self._clock.now())}
            await connection.execute(candidates.update().where(candidates.c.id == id).values(**values))
            await self._drafts.went_live(connection, json.loads(one or "[]"))

    async def keep_first(self, files: Mapping[str, str], model: str, knowledge: str) -> None:
        """Note what is in use when nothing ever went live, so that there is a way back to it."""
        row = {"made": stamp(self._clock.now()), "made_by": "", "standing": "live", "files": _dump(files), "drafts": "[]", "back_to": 0,
               "model": model, "knowledge": knowledge, "ended": stamp(self._clock.now())}  # fmt: skip
        async with self._database.write() as connection:
            if not await connection.scalar(sa.select(candidates.c.id).where(candidates.c.standing == "live")):
                await connection.execute(candidates.insert(), row)

    async def one(self, id: int) -> Candidate:
        """Return one.

        Raises:
            CitizenError: (404) there is none.
        """
        found = await self._select(sa.select(candidates).where(candidates.c.id == id))
        if not found:
            raise CitizenError("没有这个版本。", code="no_candidate", status=404)
        return found[0]

    async def live(self) -> Candidate | None:
        """Return the one in use; None when nothing ever went live."""
        found = await self._select(sa.select(candidates).where(candidates.c.standing == "live"))
        return found[0] if found else None

    async def versions(self) -> Sequence[Candidate]:
        """Return what was or is in use and can be gone back to, the newest first."""
        query = sa.select(candidates).where(candidates.c.standing.in_(_VERSIONS)).order_by(candidates.c.id.desc()).limit(KEPT)
        return await self._select(query)

    async def newest(self, most: int = 12) -> Sequence[Candidate]:
        """Return the newest, whatever became of them."""
        return await self._select(sa.select(candidates).order_by(candidates.c.id.desc()).limit(most))

    async def _select(self, query: sa.Select[Any]) -> list[Candidate]:
        async with self._database.read() as connection:
            return [_read(row) for row in (await connection.execute(query)).mappings()]


def laid_over(files: Mapping[str, str], drafts: Sequence[Draft]) -> dict[str, str]:
    """Return the own answers with drafts laid over them: each question in a file of its own name, and in no other."""
    new = {draft.question: draft.text.text for draft in drafts}
    kept: dict[str, str] = {}
    for name, text in files.items():
        raws = yaml.safe_load(text) or []
        stay = [raw for raw in raws if raw["id"] not in new]
        if stay:
            kept[name] = text if len(stay) == len(raws) else "".join(written(raw) for raw in stay)
    for question, text in new.items():
        name = f"{question}.yml"
        kept[name] = f"{kept[name].rstrip()}\n{text}" if name in kept else text
    return kept


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _read(row: sa.RowMapping) -> Candidate:
    return Candidate(
        row["id"], row["made"], row["made_by"], row["standing"], json.loads(row["files"]), tuple(json.loads(row["drafts"])),
        row["back_to"], row["model"], row["knowledge"], json.loads(row["report"] or "{}"), row["ended"],
    )  # fmt: skip
