"""Joins the archive's search and exports with the desk."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from zhixun.archive.journal import Journal
from zhixun.archive.listing import export_cases
from zhixun.archive.package import package
from zhixun.archive.query import MARKS, NAMES, ORDERS, STATES, Query
from zhixun.archive.search import Search
from zhixun.archive.verify import Day, verify_days
from zhixun.archive.views import Views
from zhixun.messages import STATUSES

__all__ = ["Filed"]


@dataclass(frozen=True, slots=True)
class Filed:
    """The desk's `Archive`.

    Args:
        folder: of the archive. key: the ledger's public one. drafts: where exports are made before they are sent; nobody else may look there.
        words: says in Chinese what a code means, by the name of the field.
    """

    journal: Journal
    folder: Path
    key: Ed25519PublicKey
    drafts: Path
    search: Search
    views: Views
    words: Callable[[str, str], str]

    async def find(self, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return a page of what is found, and the search as it was read."""
        query = Query.read(given)
        found = await self.search.find(query)
        return {"query": query.write(), "page": found, "chips": self._chips(query)}

    async def offered(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Return what each filter may offer: value and words."""
        values = {name: list(found) for name, found in asdict(await self.search.values()).items()}
        values |= {"status": list(STATUSES), "state": list(STATES), "mark": list(MARKS)}
        listed = {name: [(one, self.words(name, one)) for one in found] for name, found in values.items()}
        return {**listed, "order": list(ORDERS.items())}

    async def kept_views(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Return the saved searches of a member of staff."""
        return [{"id": one.id, "title": one.title, "query": one.query.write()} for one in await self.views.list(name)]

    async def keep_view(self, name: str, title: str, given: Mapping[str, str]) -> None:
        """Save a search."""
        await self.views.save(name, title, Query.read(given))

    async def drop_view(self, name: str, view: int) -> None:
        """Delete a saved search."""
        await self.views.delete(name, view)

    async def export(self, given: Mapping[str, str], form: str, *, clear: bool) -> tuple[bytes, int]:
        """Return the table of all that is found, and how many there are."""
        found = await self.search.all(Query.read(given))
        with tempfile.TemporaryDirectory(dir=self.drafts) as folder:
            out = Path(folder) / f"cases.{form}"
            await export_cases(self.journal, found, form, out, names=self.words, clear=clear)
            return await asyncio.to_thread(out.read_bytes), len(found)

    async def days(self) -> Sequence[Day]:
        """Return the newest days of the ledger, each checked."""
        return await verify_days(self.journal, self.folder, self.key)

    async def package(self, numbers: Sequence[str], *, clear: bool) -> bytes:
        """Return the sealed files of consultations, with what is needed to check them, as a ZIP."""
        with tempfile.TemporaryDirectory(dir=self.drafts) as folder:
            out = Path(folder) / "package.zip"
            await package(self.journal, self.folder, numbers, out, clear=clear)
            return await asyncio.to_thread(out.read_bytes)

    def _chips(self, query: Query) -> list[dict[str, Any]]:
        """Return the conditions in force, each with the search without it."""
        told = {name: value for name, value in query.write().items() if name not in ("page", "order")}
        return [
            {"title": f"{NAMES[name]}：{self._told(name, value)}", "without": {n: v for n, v in told.items() if n != name}}
            for name, value in told.items()
        ]  # fmt: skip

    def _told(self, name: str, value: str) -> str:
        flags = {"0": "否", "1": "是"}
        return flags[value] if name in _FLAGS else self.words(name, value)


_FLAGS = ("referred", "low_confidence", "unanswered", "attached", "noted", "erased")
