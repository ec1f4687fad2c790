"""Drafts of answers: writing them with the lint beside, reading what they change, and a second person's approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from zhixun.desk.gate import Route, fields_of
from zhixun.desk.pages.improve import HOME, Improvements, improve_tabs, number_of
from zhixun.desk.pages.leading import lead_on
from zhixun.desk.staff import LEADERS, WRITERS, Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError

__all__ = ["DraftPages"]

_DRAFTS = f"{HOME}/drafts"
_OUTCOMES = (("answered", "答复"), ("referral", "只说该找谁"), ("out_of_scope", "不属于知识产权"))
_NOT_FIELDS = ("csrf", "turns", "version")


@dataclass(frozen=True, slots=True)
class DraftPages:
    """The routes of drafts.

    Args:
        names: login name to shown name.
    """

    view: View
    improvements: Improvements
    names: Callable[[str], str]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        one = f"{_DRAFTS}/{{id}}"
        return [
            ("GET", _DRAFTS, self._list),
            ("GET", f"{HOME}/new", self._new),
            ("POST", f"{HOME}/new", self._begin),
            ("POST", f"{HOME}/look", self._look),
            ("GET", one, self._page),
            ("POST", one, self._save),
            ("GET", f"{one}/texts/{{seq}}", self._text),
            ("POST", f"{one}/approve", self._approve),
            ("POST", f"{one}/back", self._send_back),
            ("POST", f"{one}/drop", self._drop),
        ]

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        tabs, found = await improve_tabs(self.improvements, _DRAFTS), await self.improvements.drafts(staff)
        writes = staff.role in WRITERS
        return self.view.page("drafts.html", request, staff, tabs=tabs, found=found, names=self.names, writes=writes)

    async def _new(self, request: web.Request, staff: Staff) -> web.Response:
        fields = self.improvements.fields(request.query.get("question", ""))
        return await self._form(request, staff, fields, turns=request.query.get("turns", ""))

    async def _begin(self, request: web.Request, staff: Staff) -> web.Response:
        given = await fields_of(request)
        fields, turns = _fields(given), given.get("turns", "")
        try:
            id = await self.improvements.begin(fields, turns, staff.name)
        except CitizenError as error:
            if error.field is None:
                raise
            return await self._form(request, staff, fields, turns=turns, error=error)
        return lead_on(f"{_DRAFTS}/{id}", done="drafted")

    async def _look(self, request: web.Request, staff: Staff) -> web.Response:
        """Draw what a form means while it is being written."""
        seen = await self.improvements.look(_fields(await fields_of(request)))
        return self.view.part("draft_look.html", staff, seen=seen)

    async def _page(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff)

    async def _save(self, request: web.Request, staff: Staff) -> web.Response:
        id, fields = number_of(request), _fields(await fields_of(request))
        try:
            await self.improvements.save(id, fields, staff.name)
        except CitizenError as error:
            if error.field is None:
                raise
            return await self._draw(request, staff, fields=fields, error=error)
        return lead_on(f"{_DRAFTS}/{id}", done="drafted")

    async def _text(self, request: web.Request, staff: Staff) -> web.Response:
        id, version = number_of(request), number_of(request, "seq")
        text = await self.improvements.text(id, version)
        return self.view.page("draft_text.html", request, staff, id=id, version=version, text=text)

    async def _approve(self, request: web.Request, staff: Staff) -> web.Response:
        id, version = number_of(request), (await fields_of(request)).get("version", "")
        await self.improvements.approve(id, int(version) if version.isascii() and version.isdecimal() else 0, staff.name)
        return lead_on(f"{_DRAFTS}/{id}", done="approved")

    async def _send_back(self, request: web.Request, staff: Staff) -> web.Response:
        id, why = number_of(request), (await fields_of(request)).get("why", "")
        try:
            await self.improvements.send_back(id, why, staff.name)
        except CitizenError as error:
            if error.field is None:
                raise
            return await self._draw(request, staff, error=error)
        return lead_on(f"{_DRAFTS}/{id}", done="sent_back")

    async def _drop(self, request: web.Request, staff: Staff) -> web.Response:
        await self.improvements.drop(number_of(request), staff.name)
        return lead_on(_DRAFTS, done="dropped")

    async def _form(
        self, request: web.Request, staff: Staff, fields: Mapping[str, str], *, turns: str, error: CitizenError | None = None
    ) -> web.Response:
        """Draw the form of a draft that is not kept yet."""
        about = {"turns": turns, "action": f"{HOME}/new", "live": bool(fields.get("id")) and error is None}
        return self.view.page("draft_new.html", request, staff, status=422 if error else 200, about=about, **await self._parts(fields, error))

    async def _draw(
        self, request: web.Request, staff: Staff, *, fields: Mapping[str, str] | None = None, error: CitizenError | None = None
    ) -> web.Response:
        one = await self.improvements.draft(number_of(request), staff)
        parts = await self._parts(fields or one["fields"], error)
        return self.view.page(
            "draft.html", request, staff, status=422 if error else 200, one=one, names=self.names, writes=staff.role in WRITERS,
            reviews=staff.role in LEADERS, **parts,
        )  # fmt: skip

    async def _parts(self, fields: Mapping[str, str], error: CitizenError | None) -> Mapping[str, Any]:
        """Return what every page with the form shows."""
        used = [at for at in range(self.improvements.form["answers"]) if fields.get(f"a{at}_text")]
        return {
            "fields": fields, "form": self.improvements.form, "outcomes": _OUTCOMES, "shown": max([*used, 0]),
            "wrong": {error.field or "form": error.message} if error else {}, "seen": await self.improvements.look(fields),
        }  # fmt: skip


def _fields(given: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in given.items() if name not in _NOT_FIELDS}
