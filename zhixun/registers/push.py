"""Pushing a record to those who asked for it: how many there are by channel and place, their list, and the note that it was done.

A push is an entry of its own in the record's file, so that what a second person has looked at stays as it was looked at. Nothing is
sent from here: whoever mans a channel takes the list, and what was done is noted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhixun.clock import Clock
from zhixun.errors import CitizenError
from zhixun.messages import Entry, Event
from zhixun.registers.book import Records
from zhixun.registers.model import CHOICE, CHOICES, DAY, NUMBER, TEXT, Field, Push, Register, Values
from zhixun.registers.record import PUSHED, Record
from zhixun.registers.sheet import write_sheet
from zhixun.registers.values import BETWEEN, YES, Offered, ValueFlaw, read_value

__all__ = ["CHANNEL", "PLACE", "TOPIC", "Done", "Pushing"]

CHANNEL, PLACE, TOPIC = "channel", "place", "topic"
"""By what a list can be narrowed."""
_LONGEST_NOTE, _MOST_UNITS = 200, 100_000
_NOBODY = Offered({}, {})
"""Neither people nor agencies are chosen here."""


@dataclass(frozen=True, slots=True)
class Done:
    """A push: on which day (ISO), by which channels, to which place and about what (each empty: all), to how many, and by whom."""

    day: str
    channels: tuple[str, ...]
    place: str
    topic: str
    units: int
    by: str
    note: str


class Pushing:
    """Works with the subscribers of registers.

    Args:
        harmless: makes a text one that no spreadsheet computes.
    """

    def __init__(self, records: Records, clock: Clock, harmless: Callable[[str], str]) -> None:
        self._records = records
        self._clock = clock
        self._harmless = harmless

    async def summary(self, register: Register, record: Record, topic: str = "") -> Mapping[str, Any] | None:
        """Return who would get a record now and what was pushed before; None when nothing of this register is pushed.

        Args:
            topic: only those who want this; what is no topic counts as empty.
        """
        push = register.push
        if push is None or record.values is None:
            return None
        done = [_done(entry) for entry in await self._records.entries(record.number) if entry.kind == PUSHED][::-1]
        told = {"done": done, "units": sum(one.units for one in done), "hinders": _hinders(register, push, record)}
        if told["hinders"]:
            return told
        to = self._records.registers[push.to]
        topic = topic if topic in _options(to, push.topics) else ""
        found = [one.values or {} for one in await self._to(to, push, {TOPIC: topic})]
        return {
            **told, "to": to, "count": len(found), "topic": topic, "today": self._clock.today().isoformat(),
            "titles": {name: to.fields[field].title if field else "" for name, field in _fields(push)},
            "options": {name: _options(to, field) for name, field in _fields(push)}, **_counted(to, push, found),
            "earliest": str(record.values.get(push.since, "")), "longest": _LONGEST_NOTE, "between": BETWEEN,
        }  # fmt: skip

    async def sheet(self, register: Register, record: Record, chosen: Mapping[str, str], *, clear: bool) -> tuple[str, bytes, int]:
        """Return the list of those who get a record: the id of their register, an XLSX file of it, and how many there are.

        Args:
            chosen: of `CHANNEL`, `PLACE` and `TOPIC` what it is narrowed to. clear: show numbers as they are.

        Raises:
            CitizenError: (409) the record is not pushed now; what it is narrowed to is none (`field`);
                there is nobody (field `CHANNEL`).
        """
        push = _demand(register, record)
        to = self._records.registers[push.to]
        for name, field in _fields(push):
            _read(Field(name, name, CHOICE, options=_options(to, field)), chosen.get(name, ""))
        found = await self._to(to, push, chosen)
        if not found:
            raise CitizenError("现在没有这样的订阅人，请换一个条件。", code="nobody", field=CHANNEL)
        offered = await self._records.offered()
        data = await asyncio.to_thread(write_sheet, to, found[::-1], offered, self._harmless, clear=clear)
        return to.id, data, len(found)

    async def note(self, register: Register, record: Record, given: Mapping[str, str], by: str, role: str) -> dict[str, str]:
        """Write down that a record was pushed; returns by field what is wrong, nothing when it is written. The same again is not.

        Args:
            given: `day`, `channels` as a cell holds them, `place`, `topic` (each empty: all), `units` (empty: as many as are on the
                list now) and `note`.

        Raises:
            CitizenError: (409) the record is not pushed now; (403) the role does not write here; (410) it was erased.
        """
        push = _demand(register, record)
        if role not in register.write:
            raise CitizenError(f"您的角色不能登记“{register.title}”。", code="may_not_write", status=403)
        to = self._records.registers[push.to]
        values, wrong = _form(to, push, given)
        wrong |= self._day_flaw(push, record, str(values.get("day", "")))
        channels = list(values.get("channels", ()))
        if not wrong and "units" not in values:
            found = await self._to(to, push, {name: str(values.get(name, "")) for name in (PLACE, TOPIC)})
            there = [one for one in found if set(channels) & set(_held(one.values or {}, push.channel))]
            values["units"] = str(len(there))
            if not there:
                wrong["channels"] = "名单上现在没有这样的订阅人，请核对渠道和范围；确实推送过的，请填实际家数。"
        if wrong:
            return wrong
        told = {"register": register.id, "day": values["day"], "channels": channels, PLACE: values.get(PLACE, ""),
                TOPIC: values.get(TOPIC, ""), "units": int(values["units"])}  # fmt: skip
        words = str(values.get("note", ""))
        narrowed = [[to.fields[field].title, told[name]] for name, field in _fields(push)[1:] if told[name]]
        facts = [["推送日期", told["day"]], [to.fields[push.channel].title, "、".join(channels)], *narrowed,
                 ["家数", str(told["units"])], *([["备注", words]] if words else [])]  # fmt: skip
        event = Event(PUSHED, f"staff:{by}", told, {"title": register.title, "facts": facts, "note": words})

        def allow(now: Record, entries: Sequence[Entry]) -> bool:
            _demand(register, now)
            return all((one.kind, one.actor, one.open, one.private) != (PUSHED, event.actor, event.open, event.private) for one in entries)

        await self._records.note(record.number, event, allow)
        return {}

    def _day_flaw(self, push: Push, record: Record, day: str) -> dict[str, str]:
        earliest = str((record.values or {}).get(push.since, ""))
        if day > self._clock.today().isoformat():
            return {"day": "推送日期不能晚于今天。"}
        return {"day": f"推送日期不能早于 {earliest}。"} if day and day < earliest else {}

    async def _to(self, to: Register, push: Push, chosen: Mapping[str, str]) -> list[Record]:
        """Return who is to get it: who has agreed and not left, by the newest values, and is in use."""
        return [one for one in await self._records.of(to) if not one.ended and one.values and _fits(to, push, one.values, chosen)]


def _fits(to: Register, push: Push, values: Values, chosen: Mapping[str, str]) -> bool:
    if values.get(push.consent) != YES or values.get(to.standing) != push.standing:
        return False
    for name, field in _fields(push):
        wanted, held = chosen.get(name, ""), _held(values, field)
        # Who has named no topic wants all of them.
        if wanted and wanted not in held and (held or name != TOPIC):
            return False
    return True


def _fields(push: Push) -> tuple[tuple[str, str], ...]:
    """Return by what subscribers are told apart, each with their field; empty when they are not."""
    return (CHANNEL, push.channel), (PLACE, push.place), (TOPIC, push.topics)


def _options(to: Register, field: str) -> tuple[str, ...]:
    return to.fields[field].options if field else ()


def _held(values: Values, field: str) -> tuple[str, ...]:
    """Return what a choice, of one or of several, holds."""
    value = values.get(field) or ()
    return (value,) if isinstance(value, str) else tuple(value)


def _counted(to: Register, push: Push, found: Sequence[Values]) -> dict[str, Any]:
    """Return how many there are of each channel at each place, as far as there are any; `rows` are title, counts and who they are in all."""
    channels = [one for one in _options(to, push.channel) if any(one in _held(each, push.channel) for each in found)]
    places = [*_options(to, push.place), ""]
    rows = []
    for place in places:
        here = [each for each in found if (place in _held(each, push.place) if place else not _held(each, push.place))]
        if here:
            title = place or (f"没有填{to.fields[push.place].title}" if push.place else "全部")
            rows.append((title, [sum(one in _held(each, push.channel) for each in here) for one in channels], len(here)))
    sums = [sum(one in _held(each, push.channel) for each in found) for one in channels]
    return {"channels": channels, "rows": rows, "sums": sums, "unused": [one for one in _options(to, push.channel) if one not in channels]}


def _form(to: Register, push: Push, given: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what a form holds, and what is wrong in it."""
    fields = [
        Field("day", "推送日期", DAY, required=True), Field("channels", "渠道", CHOICES, required=True, options=_options(to, push.channel)),
        Field(PLACE, "范围", CHOICE, options=_options(to, push.place)), Field(TOPIC, "内容", CHOICE, options=_options(to, push.topics)),
        Field("units", "家数", NUMBER, most=_MOST_UNITS), Field("note", "备注", TEXT, most=_LONGEST_NOTE),
    ]  # fmt: skip
    values: dict[str, Any] = {}
    wrong = {}
    for field in fields:
        try:
            value = _read(field, given.get(field.id, ""))
        except CitizenError as error:
            wrong[field.id] = error.message
            continue
        if value is not None:
            values[field.id] = value
    units = values.get("units", "1")
    if not units.isdecimal() or int(units) == 0:
        wrong["units"] = "请填 1 以上的整数，或者留空。"
    return values, wrong


def _read(field: Field, given: str) -> Any:
    try:
        return read_value(field, given, _NOBODY)
    except ValueFlaw as flaw:
        raise CitizenError(f"{flaw}。", code="bad_push", field=field.id) from flaw


def _demand(register: Register, record: Record) -> Push:
    """Return how a record is pushed, when it may be.

    Raises:
        CitizenError: (409) it is not.
    """
    words = _hinders(register, register.push, record) if register.push else f"“{register.title}”的记录不推送。"
    if register.push is None or words:
        raise CitizenError(words, code="not_pushed", status=409)
    return register.push


def _hinders(register: Register, push: Push, record: Record) -> str:
    """Return why a record is not pushed as it stands; empty when it may be."""
    if record.values is None:
        return "这条记录的内容已按请求删除，不再推送。"
    if record.ended:
        return "这条记录已经停用，不再推送。"
    if record.standing != push.when:
        return f"{register.fields[register.standing].title}是“{push.when}”时才能推送，现在是“{record.standing}”。"
    return ""


def _done(entry: Entry) -> Done:
    told = entry.open
    return Done(
        str(told["day"]), tuple(told["channels"]), str(told[PLACE]), str(told[TOPIC]), int(told["units"]),
        entry.actor.removeprefix("staff:"), str((entry.private or {}).get("note", "")),
    )  # fmt: skip
