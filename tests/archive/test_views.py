"""Saved views: one's own, named, limited, and noted in the day book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.archive.world import World
from zhixun.archive.query import Query
from zhixun.archive.views import MOST, Views
from zhixun.errors import CitizenError


class Book:
    """A day book that can be read."""

    def __init__(self) -> None:
        self.notes: list[tuple[Any, ...]] = []

    async def note(self, kind: str, staff_name: str, open: Mapping[str, Any], private: Mapping[str, Any] | None = None) -> None:
        self.notes.append((kind, staff_name, dict(open), private))


WRONG = Query.read({"mark": "wrong", "words": "朴炯宇"})


async def test_views_belong_to_who_saved_them(world: World) -> None:
    book = Book()
    views = Views(world.database, book)
    await views.save("li", " 待改 ", WRONG)
    await views.save("li", "差评", Query.read({"rating_to": "2", "page": "3"}))
    await views.save("ma", "待改", Query.read({"state": "queued"}))
    assert [(view.title, view.query) for view in await views.list("li")] == [("差评", Query(rating_to=2)), ("待改", WRONG)]
    assert [view.title for view in await views.list("ma")] == ["待改"]
    assert book.notes[0] == ("view_saved", "li", {}, {"title": "待改", "query": {"words": "朴炯宇", "mark": "wrong"}})


async def test_the_same_title_replaces(world: World) -> None:
    views = Views(world.database, Book())
    await views.save("li", "待改", WRONG)
    await views.save("li", "待改", Query.read({"mark": "better"}))
    assert [view.query.mark for view in await views.list("li")] == ["better"]


async def test_only_one_s_own_can_be_deleted(world: World) -> None:
    book = Book()
    views = Views(world.database, book)
    await views.save("li", "待改", WRONG)
    (view,) = await views.list("li")
    await views.delete("ma", view.id)
    assert len(await views.list("li")) == 1
    await views.delete("li", view.id)
    assert await views.list("li") == []
    assert [note[:3] for note in book.notes[1:]] == [("view_deleted", "li", {"view": view.id})]


async def test_what_is_refused(world: World) -> None:
    views = Views(world.database, Book())
    for title in ("", " ", "长" * 31):
        with pytest.raises(CitizenError, match="起个名字"):
            await views.save("li", title, WRONG)
    with pytest.raises(CitizenError, match="筛选条件"):
        await views.save("li", "空", Query(page=3))
    for place in range(MOST):
        await views.save("li", str(place), WRONG)
    with pytest.raises(CitizenError, match=f"最多保存 {MOST}"):
        await views.save("li", "又一个", WRONG)
    await views.save("li", "3", WRONG)
    await views.save("ma", "又一个", WRONG)
    assert len(await views.list("li")) == MOST


async def test_a_view_that_can_no_longer_be_read_is_left_out(world: World) -> None:
    views = Views(world.database, Book())
    await views.save("li", "待改", WRONG)
    async with world.database.write() as connection:
        await connection.exec_driver_sql("INSERT INTO views (name, title, query) VALUES ('li', '旧', '{\"colour\":\"red\"}')")
    assert [view.title for view in await views.list("li")] == ["待改"]
