"""An index over a small deployment, for the tests of what keeps it and of what asks it."""

from __future__ import annotations

from typing import Any

from tests.archive.world import SCORES, World
from zhixun.archive.cases import unlisted
from zhixun.archive.index import Index
from zhixun.archive.query import Query
from zhixun.archive.search import Page, Search
from zhixun.archive.words import Words
from zhixun.messages import Event

SECRET = bytes(range(32))
WORDS = Words(SECRET)
"""Shared, since the dictionary is large."""
FACETS = {"trademark-opposition": ("商标", "异议"), "patent-fees": ("专利", "费用"), "patent-term": ("专利", "期限")}


def facets(name: str) -> tuple[str, str]:
    """Return the right and topic of an id."""
    return FACETS.get(name, ("", ""))


def index_of(world: World, words: Words = WORDS) -> Index:
    """Return a keeper of the world's index."""
    return Index(world.journal, world.archive, facets, words)


async def find(world: World, **given: str) -> Page:
    """Search as a page does, when all is indexed."""
    await index_of(world).catch_up()
    return await Search(world.journal, WORDS).find(Query.read(given))


async def numbers(world: World, **given: str) -> list[str]:
    """Return the numbers of what is found, in order."""
    return [hit.case.number for hit in (await find(world, **given)).hits]


async def rows(world: World) -> dict[str, dict[str, Any]]:
    """Return the index as it stands: the columns by number, lists as tuples, and the marks beside them."""
    names = [row[1] for row in await world.sql("PRAGMA table_info(cases)")]
    found = {row[names.index("number")]: dict(zip(names, row, strict=True)) for row in await world.sql("SELECT * FROM cases")}
    marks: dict[int, set[str]] = {}
    for place, mark in await world.sql("SELECT doc, term FROM case_words_terms"):
        marks.setdefault(place, set()).add(mark)
    for row in found.values():
        row |= {name: unlisted(value) for name, value in row.items() if isinstance(value, str) and value.startswith(",")}
        row["words"] = marks.get(row["id"], set())
    return found


async def opened(world: World, **told: Any) -> str:
    """Open a consultation without a word."""
    async with world.database.write() as connection:
        event = Event("opened", "zhixun", {"channel": "web", "region": "西宁市", "consent": True, **told})
        return (await world.journal.open(connection, event)).consultation


def said(text: str, turn: int = 1) -> Event:
    """A citizen's words."""
    return Event("said", "citizen", {"turn": turn, "hidden": []}, {"text": text})


def heard(status: str, turn: int = 1, confidence: float = 0.9) -> Event:
    """What was understood."""
    return Event("parsed", "engine", {"turn": turn, "status": status, "intent": "ask", "confidence": confidence})


def answered(text: str, *knowledge: str, turn: int = 1, actor: str = "bot") -> Event:
    """What was said back."""
    return Event("said", actor, {"turn": turn, "kind": "answer", "knowledge": list(knowledge)}, {"text": text, "basis": [], "buttons": []})


def closed(outcome: str = "") -> Event:
    """The end."""
    return Event("closed", "citizen", {"state": "closed", "reason": "citizen", "outcome": outcome})


def rated(score: int, words: str = "") -> Event:
    """A rating with one score for all."""
    return Event("rated", "citizen", {"scores": dict.fromkeys(SCORES, score)}, {"words": words})
