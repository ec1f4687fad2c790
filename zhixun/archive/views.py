"""Saved views: searches that a member of staff gave a name to, to find them again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

from zhixun.archive.query import Query
from zhixun.database import Database, views
from zhixun.errors import CitizenError

__all__ = ["Daybook", "View", "Views"]

MOST = 30
_LONGEST = 30


class Daybook(Protocol):
    """Where acts of staff are kept that belong to no consultation."""

    async def note(
        self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None
    ) -> None:
        """Write an act of `staff_name` in a transaction of its own; `private` is encrypted."""


@dataclass(frozen=True, slots=True)
class View:
    """A saved search."""

    id: int
    title: str
    query: Query


class Views:
    """Keeps the views; each is its owner's alone.

    Args:
        daybook: told of what is saved and deleted.
    """

    def __init__(self, database: Database, daybook: Daybook) -> None:
        self._database = database
        self._daybook = daybook

    async def list(self, name: str) -> list[View]:
        """Return the views of the member of staff `name`, by title; one that can no longer be read is left out."""
        async with self._database.read() as connection:
            query = sa.select(views).where(views.c.name == name).order_by(views.c.title)
            rows = (await connection.execute(query)).all()
        found = []
        for row in rows:
            try:
                found.append(View(row.id, row.title, Query.read(json.loads(row.query))))
            except CitizenError:
                continue  # an option that was done away with since
        return found

    async def save(self, name: str, title: str, query: Query) -> None:
        """Save a search under a title; one of the same title is replaced.

        Raises:
            CitizenError: the title is empty or too long, nothing is searched for, or there are too many views.
        """
        title, told = title.strip(), {field: text for field, text in query.write().items() if field != "page"}
        if not title or len(title) > _LONGEST:
            raise CitizenError(f"请给视图起个名字（1–{_LONGEST} 个字）。", code="bad_title", field="title")
        if not told:
            raise CitizenError("请先设好筛选条件再保存。", code="empty_view", field="title")
        async with self._database.write() as connection:
            own = (await connection.scalars(sa.select(views.c.title).where(views.c.name == name))).all()
            if title not in own and len(own) >= MOST:
                raise CitizenError(f"最多保存 {MOST} 个视图，请先删掉不用的。", code="too_many", field="title")
            await connection.execute(views.delete().where(views.c.name == name, views.c.title == title))
            await connection.execute(views.insert().values(name=name, title=title, query=json.dumps(told, ensure_ascii=False)))
        # What is searched for may name a person.
        await self._daybook.note("view_saved", name, {}, {"title": title, "query": told})

    async def delete(self, name: str, view: int) -> None:
        """Delete one of the views of `name`; nothing happens when it is not there."""
        async with self._database.write() as connection:
            gone = await connection.execute(views.delete().where(views.c.name == name, views.c.id == view))
        if gone.rowcount:
            await self._daybook.note("view_deleted", name, {"view": view})
