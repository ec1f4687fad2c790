"""The registers and the corrective actions of the demonstration: what staff entered, changed, ended and carried on.

Everything is read as the forms of the desk read it, so that a value that a form would refuse stops the demonstration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from zhixun.demo_files import png
from zhixun.demo_stage import Stage, Story, stream
from zhixun.desk.corrective_steps import read_step
from zhixun.errors import CitizenError, OurFault
from zhixun.registers.model import CHOICES, DAY, LINK, NUMBER, Field, Register
from zhixun.registers.values import BETWEEN

__all__ = ["records"]

_Told = Mapping[str, Any]
_ANALYSING = "analysing"


def records(stage: Stage) -> list[Story]:
    """Return a story for each record of `demo_records.yml`, and for each corrective action that is carried on."""
    told: _Told = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text("utf-8"))
    rows = [(name, row) for name, found in told["registers"].items() for row in found]
    return [
        *(_kept(stage, name, row, at / len(rows)) for at, (name, row) in enumerate(rows)),
        *(_corrected(stage, steps, at / 10) for at, steps in enumerate(told["correctives"])),
    ]


async def _kept(stage: Stage, name: str, row: _Told, share: float) -> Story:
    """A record is entered, and what became of it."""
    number = ""
    for told in (row, *row.get("then", ())):
        yield _moment(stage, told, share)
        while _missing(stage, told) and stage.clock.local() < stage.moments.end:
            yield stage.days_on(1, share)
        try:
            number = await _done(stage, name, number, told)
        except CitizenError as error:
            raise OurFault(f"demo_records.yml：{name}，{told}：{error.message}") from error


async def _done(stage: Stage, name: str, number: str, told: _Told) -> str:
    """Do with a record what the row or an entry of its `then` says; returns its number."""
    registered = stage.registered
    if "signed" in told:
        for who, tail, score in told["signed"]:
            await registered.attendance.sign(registered.attendance.code_of(number), who, tail, str(score))
    elif "end" in told:
        await registered.office.move(name, number, "end", told["end"], *_who(stage, told))
    elif "pushed" in told:
        given = {"day": stage.clock.today().isoformat(), "channels": BETWEEN.join(told["pushed"])}
        _demand_right(told, await registered.office.note_push(name, number, given, *_who(stage, told)))
    elif "file" in told:
        await registered.office.add_file(name, number, told["file"], stage.words["pictures"], stream(png()), *_who(stage, told))
    else:
        number = await _saved(stage, name, number, told)
        if "as" in told:
            stage.note(told["as"], number)
    return number


async def _saved(stage: Stage, name: str, number: str, told: _Told) -> str:
    """Fill in the form of a record, or of a new one, and send it; returns its number."""
    office, (by, role) = stage.registered.office, _who(stage, told)
    source = _linked(stage, told["from"]) if "from" in told else ""
    form = await office.form(name, number, source, by, clear=True)
    register, record = form["register"], form["record"]
    if unknown := set(told["put"]) - set(register.fields):
        raise OurFault(f"demo_records.yml：{name} 没有字段 {'、'.join(sorted(unknown))}。")
    given = {field["id"]: field["value"] for field in form["fields"]}
    given |= {field: _typed(stage, register, register.fields[field], value) for field, value in told["put"].items()}
    number, wrong = await office.save(name, number, source, given, by, role, record.seq if record else 0)
    _demand_right(told, wrong)
    return number


async def _corrected(stage: Stage, steps: Sequence[_Told], share: float) -> Story:
    """The first corrective action that a rating opened, and that nobody has taken up, is carried on."""
    correctives, number = stage.talk.correctives, ""
    able = [one["name"] for one in stage.words["staff"] if one["role"] != "auditor"]
    for told in steps:
        yield _moment(stage, told, share)
        while not number:
            waiting = [one for one, _ in (await correctives.listed("", "")).found if (one.standing, one.origin) == (_ANALYSING, "rating")]
            if waiting:
                number = min(waiting, key=lambda one: (one.opened, one.number)).number
            elif stage.clock.local() < stage.moments.end:
                yield stage.days_on(1, share)
            else:
                return
        one, *_ = await correctives.one(number)
        today = stage.clock.today()
        given = {**told, "due": (today + timedelta(days=told["due"])).isoformat()} if "due" in told else told
        step, wrong = read_step(one, given, able, today)
        _demand_right(told, wrong)
        await correctives.move(number, step, *_who(stage, told))


def _demand_right(told: _Told, wrong: Mapping[str, str]) -> None:
    if wrong:
        raise OurFault(f"demo_records.yml：{told}：{wrong}")


def _who(stage: Stage, told: _Told) -> tuple[str, str]:
    """Return who does something, with their role."""
    by = str(told["by"])
    return by, next(one["role"] for one in stage.words["staff"] if one["name"] == by)


def _missing(stage: Stage, told: _Told) -> bool:
    """Tell whether something that is linked (all registers link in `about`) is not there yet: its day hangs on weekends and holidays."""
    words = f"{told.get('from', '')} {told.get('put', {}).get('about', '')}".split()
    return any(word not in stage.known for word in words)


def _moment(stage: Stage, told: _Told, share: float) -> datetime:
    """Return when something is done: never before its day, and of one day in the order of the file."""
    return stage.moments.on(_day(stage, -int(told["days"])), 0.1 + 0.8 * share)


def _day(stage: Stage, days: int) -> date:
    return stage.moments.end.date() + timedelta(days=days)


def _typed(stage: Stage, register: Register, field: Field, value: Any) -> str:
    """Return what is typed into a field."""
    if field.kind == DAY and isinstance(value, int):
        return _day(stage, value).isoformat()
    if field.kind == NUMBER and field.id == register.year:
        return str(stage.moments.end.year + int(value))
    if field.kind == CHOICES:
        return BETWEEN.join(value)
    if field.kind == LINK:
        return " ".join(_linked(stage, word) for word in value.split())
    return str(value)


def _linked(stage: Stage, word: str) -> str:
    """Return the number that a word stands for: of a consultation, of a service that was applied for, or of a record."""
    if word not in stage.known:
        raise OurFault(f"demo_records.yml：没有“{word}”。")
    return stage.known[word]
