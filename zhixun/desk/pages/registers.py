"""Registers: their lists, each record with its history, the form, files, and sheets that go out and come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from aiohttp import BodyPartReader, web

from zhixun.desk.gate import Route, fields_of, file_of
from zhixun.desk.pages.leading import address, lead_on
from zhixun.desk.ports import Daybook, Files, Registers
from zhixun.desk.staff import Staff
from zhixun.desk.view import View
from zhixun.errors import CitizenError, TryLater

__all__ = ["RegisterPages"]

_HOME = "/desk/registers"
_ONE, _RECORD = f"{_HOME}/{{name}}", f"{_HOME}/{{name}}/{{number}}"
_MOST_BYTES = 2 * 1024 * 1024
_PIECE = 64 * 1024
_LONGEST_REASON = 200
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KEPT = ("q", "year", "standing", "due", "ended", "sort")
_KINDS = {
    "recorded": "登记", "record_changed": "修改", "record_ended": "停用", "record_restored": "恢复", "attached": "加文件",
    "attended": "签到", "pushed": "推送", "erased": "删除个人信息",
}  # fmt: skip
_NARROWED = ("channel", "place", "topic")
"""By what the list of those whom a record is pushed to can be narrowed."""
_BEFORE = "f-"
"""Stands before the names of the fields in a form, so that none is taken for one of ours."""


@dataclass(frozen=True, slots=True)
class RegisterPages:
    """The routes of registers.

    Args:
        names: login name to shown name. files, give: the files of records, and how one is given out.
    """

    view: View
    registers: Registers
    daybook: Daybook
    names: Callable[[str], str]
    files: Files
    give: Callable[..., Awaitable[web.StreamResponse]]

    def routes(self) -> list[Route]:
        """Return the routes for the gate."""
        return [
            ("GET", _HOME, self._home),
            ("GET", "/desk/record", self._enter),
            ("GET", _ONE, self._list),
            ("POST", _ONE, self._add),
            ("GET", f"{_ONE}/new", self._new),
            ("POST", f"{_ONE}/join", self._join),
            ("GET", f"{_ONE}/template", self._template),
            ("POST", f"{_ONE}/export", self._export),
            ("GET", f"{_ONE}/import", self._ask_sheet),
            ("POST", f"{_ONE}/import", self._look),
            ("POST", f"{_ONE}/import/write", self._carry_out),
            ("GET", _RECORD, self._show),
            ("POST", _RECORD, self._change),
            ("GET", f"{_RECORD}/edit", self._edit),
            ("POST", f"{_RECORD}/unmask", self._unmask),
            ("POST", f"{_RECORD}/move", self._move),
            ("GET", f"{_RECORD}/files/{{id}}", self._give_file),
            ("POST", f"{_RECORD}/files", self._take_file),
            ("POST", f"{_RECORD}/noted", self._note_file),
            ("POST", f"{_RECORD}/push", self._note_push),
            ("POST", f"{_RECORD}/push-list", self._push_list),
        ]

    async def counts(self) -> Mapping[str, int]:
        """Return how much waits behind these pages."""
        return {_HOME: await self.registers.late()}

    async def _home(self, request: web.Request, staff: Staff) -> web.Response:
        return self.view.page("registers.html", request, staff, **await self.registers.home())

    async def _enter(self, request: web.Request, staff: Staff) -> web.Response:
        """Lead to a record by its number, or from a consultation or request to the form of the register that was chosen there."""
        if number := request.query.get("number", ""):
            return lead_on(f"{_HOME}/{await self.registers.register_of(number)}/{number}")
        if staff.role == "auditor":
            raise CitizenError("您的角色不能登记台账。", code="may_not_write", status=403)
        return lead_on(f"{_HOME}/{quote(request.query.get('register', ''), safe='')}/new", **{"from": request.query.get("from", "")})

    async def _list(self, request: web.Request, staff: Staff) -> web.Response:
        name, chosen = request.match_info["name"], {one: request.query.get(one, "").strip() for one in _KEPT}
        told = await self.registers.listed(name, {**chosen, "page": request.query.get("page", "1")})
        base, leaf = f"{_HOME}/{name}", {one: value for one, value in chosen.items() if value}
        return self.view.page(
            "register.html", request, staff, **told, chosen=chosen, heads=[_head(column, base, chosen) for column in told["columns"]],
            due_head=_head(None, base, chosen), leaf=f"{address(base, leaf)}{'&' if leaf else '?'}page=", searched=bool(leaf),
            may_write=staff.role in told["register"].write, may_clear=staff.role != "clerk",
            year_pairs=[(year, year) for year in told["found"].years], standing_pairs=[(one, one) for one in told["register"].standings],
        )  # fmt: skip

    async def _new(self, request: web.Request, staff: Staff) -> web.Response:
        source = request.query.get("from", "")
        if source:
            # What a consultation says of somebody is shown in the form.
            await self.daybook.note("looked", staff.name, {"about": source, "register": request.match_info["name"]})
        return await self._form(request, staff, "", source)

    async def _add(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._save(request, staff, "")

    async def _change(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._save(request, staff, request.match_info["number"])

    async def _edit(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._form(request, staff, request.match_info["number"], "")

    async def _save(self, request: web.Request, staff: Staff, number: str) -> web.Response:
        name, own, given = request.match_info["name"], await fields_of(request), await _values_of(request)
        source, seq = own.get("from", ""), own.get("seq", "")
        place = int(seq) if seq.isascii() and seq.isdecimal() and len(seq) < 10 else 0
        try:
            saved, wrong = await self.registers.save(name, number, source, given, staff.name, staff.role, place)
        except TryLater as error:
            if error.code != "changed_meanwhile":
                raise
            return await self._form(request, staff, number, source, given=given, words=error.message, status=409)
        if wrong:
            return await self._form(request, staff, number, source, given=given, wrong=wrong, status=422)
        return lead_on(f"{_HOME}/{name}/{saved}", done="saved")

    async def _form(
        self, request: web.Request, staff: Staff, number: str, source: str, *, given: Mapping[str, str] | None = None,
        wrong: Mapping[str, str] | None = None, words: str = "", clear: bool = False, status: int = 200,
    ) -> web.Response:  # fmt: skip
        name = request.match_info["name"]
        told = await self.registers.form(name, number, source, staff.name, given=given, clear=clear)
        titles = {field["id"]: field["title"] for field in told["fields"]}
        return self.view.page(
            "record_form.html", request, staff, **told, wrong=wrong or {}, status=status, prefix=_BEFORE,
            errors=[(f"{_BEFORE}{field}", f"{titles.get(field, '')}：{text}") for field, text in (wrong or {}).items()],
            to=f"{_HOME}/{name}{f'/{number}' if number else ''}", seq=told["record"].seq if told["record"] else 0,
            flash=(words, "over") if words else None,
        )  # fmt: skip

    async def _join(self, request: web.Request, staff: Staff) -> web.Response:
        name, given = request.match_info["name"], await fields_of(request)
        number = given.get("number", "").strip().upper()
        await self.registers.join(name, number, given.get("from", ""), staff.name, staff.role)
        return lead_on(f"{_HOME}/{name}/{number}", done="saved")

    async def _show(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._draw(request, staff)

    async def _unmask(self, request: web.Request, staff: Staff) -> web.Response:
        """Show a record once with all numbers in the clear, or its form (`edit`); that it was done, and why, stays in the day book."""
        given = await fields_of(request)
        why = _why(given, "查看完整内容")
        number = request.match_info["number"]
        await self.registers.shown(request.match_info["name"], number)
        await self.daybook.note("unmasked", staff.name, {"about": number}, {"why": why})
        if given.get("edit"):
            return await self._form(request, staff, number, "", clear=True)
        return await self._draw(request, staff, clear=True)

    async def _move(self, request: web.Request, staff: Staff) -> web.Response:
        given, number, name = await fields_of(request), request.match_info["number"], request.match_info["name"]
        try:
            await self.registers.move(name, number, given.get("what", ""), given.get("why", ""), staff.name, staff.role)
        except CitizenError as error:
            if error.field != "why":
                raise
            return await self._draw(request, staff, words=error.message)
        return lead_on(f"{_HOME}/{name}/{number}", done="saved")

    async def _draw(
        self, request: web.Request, staff: Staff, *, clear: bool = False, words: str = "", given: Mapping[str, str] | None = None,
        wrong: Mapping[str, str] | None = None, asked: str = "",
    ) -> web.Response:  # fmt: skip
        """Draw a record.

        Args:
            given, wrong: what was typed about a push, and what is wrong in it. asked: whether that was its `list` or its `note`.
        """
        given, wrong, before = given or {}, wrong or {}, "list-" if asked == "list" else _BEFORE
        topic = given.get("topic", request.query.get("topic", ""))
        told = await self.registers.shown(request.match_info["name"], request.match_info["number"], clear=clear, topic=topic)
        return self.view.page(
            "record.html", request, staff, **told, clear=clear, names=self.names, kinds=_KINDS, given=given, wrong=wrong, asked=asked,
            prefix=_BEFORE, errors=[(f"{before}{field}", text) for field, text in wrong.items()],
            may_write=staff.role in told["register"].write, may_clear=staff.role != "clerk", status=422 if words or wrong else 200,
            flash=(words, "over") if words else None,
        )  # fmt: skip

    async def _note_push(self, request: web.Request, staff: Staff) -> web.Response:
        name, number, given = request.match_info["name"], request.match_info["number"], await _values_of(request)
        wrong = await self.registers.note_push(name, number, given, staff.name, staff.role)
        if wrong:
            return await self._draw(request, staff, given=given, wrong=wrong, asked="note")
        return lead_on(f"{_HOME}/{name}/{number}", done="saved")

    async def _push_list(self, request: web.Request, staff: Staff) -> web.Response:
        name, number, given = request.match_info["name"], request.match_info["number"], await fields_of(request)
        chosen = {one: given[one] for one in _NARROWED if given.get(one)}
        try:
            why, clear = _why(given, "导出"), _may_clear(given, staff)
            register, data, count = await self.registers.push_list(name, number, chosen, clear=clear)
        except CitizenError as error:
            if error.field is None:
                raise
            return await self._draw(request, staff, given=given, wrong={error.field: error.message}, asked="list")
        told = {"what": "push", "about": number, "register": register, "count": count, "clear": clear, "filters": chosen}
        await self.daybook.note("exported", staff.name, told, {"why": why})
        return _file(data, f"{register}-{number}.xlsx")

    async def _give_file(self, request: web.Request, staff: Staff) -> web.StreamResponse:
        name, number, identity = (request.match_info[part] for part in ("name", "number", "id"))
        await self.registers.shown(name, number)
        await self.daybook.note("looked", staff.name, {"about": number, "file": identity})
        kept, content = await self.files.read(number, identity)
        return await self.give(request, kept, content)

    async def _take_file(self, request: web.Request, staff: Staff) -> web.Response:
        name, number, part = request.match_info["name"], request.match_info["number"], file_of(request)
        field = (await fields_of(request)).get("field", "")
        await self.registers.add_file(name, number, field, part.filename or "", _pieces(part), staff.name, staff.role)
        return lead_on(f"{_HOME}/{name}/{number}", done="saved")

    async def _note_file(self, request: web.Request, staff: Staff) -> web.Response:
        name, number, given = request.match_info["name"], request.match_info["number"], await fields_of(request)
        try:
            await self.registers.note_file(
                name, number, given.get("field", ""), given.get("called", ""), given.get("digest", ""), staff.name, staff.role
            )
        except CitizenError as error:
            if error.field != "digest":
                raise
            return await self._draw(request, staff, words=error.message)
        return lead_on(f"{_HOME}/{name}/{number}", done="saved")

    async def _template(self, request: web.Request, staff: Staff) -> web.Response:
        name = request.match_info["name"]
        known = request.query.get("known") == "yes"
        return _file(await self.registers.template(name, known=known), f"{name}-{'known' if known else 'template'}.xlsx")

    async def _export(self, request: web.Request, staff: Staff) -> web.Response:
        name, given = request.match_info["name"], await fields_of(request)
        why, clear = _why(given, "导出"), _may_clear(given, staff)
        data, count = await self.registers.export(name, clear=clear)
        told = {"what": "register", "register": name, "count": count, "clear": clear}
        await self.daybook.note("exported", staff.name, told, {"why": why})
        return _file(data, f"{name}.xlsx")

    async def _ask_sheet(self, request: web.Request, staff: Staff) -> web.Response:
        return await self._sheet(request, staff)

    async def _look(self, request: web.Request, staff: Staff) -> web.Response:
        name = request.match_info["name"]
        try:
            plan = await self.registers.look(name, await _whole(file_of(request)), staff.name, staff.role)
        except CitizenError as error:
            if error.field != "file":
                raise
            return await self._sheet(request, staff, words=error.message)
        return await self._sheet(request, staff, plan=plan)

    async def _carry_out(self, request: web.Request, staff: Staff) -> web.Response:
        name, given = request.match_info["name"], await fields_of(request)
        partly = given.get("partly") == "yes"
        plan, done = await self.registers.carry_out(name, given.get("token", ""), staff.name, staff.role, partly=partly)
        if not done:
            return await self._sheet(request, staff, plan=plan, words="没有导入完：请看下面列出的原因。已经写入的行不会重复。")
        told = {"register": name, "count": len(plan.new) + len(plan.changes), "file": plan.digest}
        await self.daybook.note("records_imported", staff.name, told)
        return lead_on(f"{_HOME}/{name}", done="imported")

    async def _sheet(self, request: web.Request, staff: Staff, *, plan: Any = None, words: str = "") -> web.Response:
        told = await self.registers.listed(request.match_info["name"], {})
        if staff.role not in told["register"].write:
            raise CitizenError("您的角色不能往这本台账里导入。", code="may_not_write", status=403)
        return self.view.page(
            "register_import.html", request, staff, register=told["register"], plan=plan, status=422 if words else 200,
            flash=(words, "over") if words else None,
        )  # fmt: skip


def _head(column: Any, base: str, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the head of a column, which sorts by it, and then the other way round."""
    name, title = (column.id, column.title) if column else ("due", "到期")
    now = chosen["sort"]
    sorted_ = "ascending" if now == name else "descending" if now == f"-{name}" else ""
    return {"title": title, "sorted": sorted_, "href": address(base, {**chosen, "sort": f"-{name}" if now == name else name})}


async def _values_of(request: web.Request) -> dict[str, str]:
    """Return what was typed, by field; of several boxes the ticked ones, as a cell holds them."""
    posted = await request.post()
    found: dict[str, list[str]] = {}
    for name, value in posted.items():
        if name.startswith(_BEFORE) and isinstance(value, str):
            found.setdefault(name.removeprefix(_BEFORE), []).append(value)
    return {name: "；".join(values) for name, values in found.items()}


def _why(given: Mapping[str, str], what: str) -> str:
    why = given.get("why", "").strip()
    if not why or len(why) > _LONGEST_REASON:
        raise CitizenError(f"请写明{what}的原因（1–{_LONGEST_REASON} 字），会记入操作记录。", code="no_reason", field="why")
    return why


def _may_clear(given: Mapping[str, str], staff: Staff) -> bool:
    """Return whether a sheet is to show numbers as they are; clerks get none that does."""
    clear = given.get("clear") == "yes"
    if clear and staff.role == "clerk":
        raise CitizenError("坐席导出的文件里，号码是遮盖的。", code="may_not_clear", status=403)
    return clear


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


async def _whole(part: BodyPartReader) -> bytes:
    """Read a file that must be small."""
    data = bytearray()
    async for piece in _pieces(part):
        data += piece
        if len(data) > _MOST_BYTES:
            raise CitizenError(f"文件太大，最多 {_MOST_BYTES // 1024 // 1024} MB。", code="too_large", status=413, field="file")
    return bytes(data)


def _file(data: bytes, name: str) -> web.Response:
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}", "Cache-Control": "no-store", "Content-Type": _XLSX}
    return web.Response(body=data, headers=headers)
