"""Every figure of a report equals a recount from the sealed files, done the plain way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest_asyncio

from tests.reports.lived import LAST, lived
from tests.support import HOURS, Office, real_knowledge
from zhixun.clock import ZONE
from zhixun.names import INDICATORS
from zhixun.reports.figures import Figures, Kept
from zhixun.reports.read import Reader
from zhixun.reports.spans import Span, around

COUNT = 130
NOVEMBER = around("month", date(2026, 11, 20))
SPANS = (NOVEMBER, NOVEMBER.before(), around("year", date(2026, 1, 1)), Span("any", date(2026, 10, 10), date(2026, 11, 3)))
COUNTED = ("answered", "clarify", "unknown", "handoff", "out_of_scope", "guide", "service", "referral", "withheld", "degraded")
Entries = list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def life(tmp_path_factory: Any) -> AsyncIterator[Office]:
    async with lived(tmp_path_factory.mktemp("life"), COUNT) as here:
        here.clock.turn_to(LAST + timedelta(days=9))
        yield here


def _sealed(folder: Path) -> dict[str, Entries]:
    """Read every consultation from its sealed file and its supplements, in order; the day books of staff are none."""
    files = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("archive/2*/*/*/*.json"))]
    found: dict[str, Entries] = {}
    for file in sorted(files, key=lambda one: (one["number"], one.get("index", 0))):
        found.setdefault(file["number"], []).extend(map(_opened, file["entries"]))
    return {number: entries for number, entries in found.items() if entries[0]["channel"] != "desk"}


def _opened(one: dict[str, Any]) -> dict[str, Any]:
    """Put what an entry tells openly beside its own parts; where it tells a `kind` too, as `what`."""
    told = one["body"]["open"]
    return {**told, **one, "at": one["time"], "what": told.get("kind")}


def _day(number: str) -> date:
    return date.fromisoformat(number.split("-")[1])


def _local(stamped: str) -> datetime:
    return datetime.fromisoformat(stamped).astimezone(ZONE)


def _works(moment: datetime) -> bool:
    day = moment.date()
    open_day = day in HOURS.workdays or (day.isoweekday() <= 5 and day not in HOURS.holidays)
    clock = moment.hour * 60 + moment.minute
    return open_day and (540 <= clock < 720 or 810 <= clock < 1050)


def _minutes(start: str, end: str) -> float:
    """Count working minutes one by one; here everything happens on whole minutes."""
    moment, last, count = _local(start), _local(end), 0
    while moment < last:
        count += _works(moment)
        moment += timedelta(minutes=1)
    return float(count)


def _first(entries: Entries, *wanted: str) -> Iterator[dict[str, Any]]:
    return (one for one in entries if one["kind"] in wanted)


def _case(entries: Entries) -> dict[str, Any]:
    """Return of one consultation what is counted."""
    said = [one for one in entries if one["kind"] == "said"]
    knowledge = {name for one in said if one["actor"] != "citizen" for name in one.get("knowledge", ())}
    asked = [one["at"] for one in entries if one["kind"] == "handed_off" or (one["kind"] == "claimed" and one.get("from") == "bot")][:1]
    place = next((at for at, one in enumerate(entries) if asked and one["at"] == asked[0] and one["kind"] in ("handed_off", "claimed")), 0)
    helped = [one["at"] for one in entries[place:] if one["kind"] == "said" and one["actor"].startswith("staff:")][:1] if asked else []
    told = dict.fromkeys(("user_kind", "industry", "district"), "")
    scores: dict[str, dict[str, int]] = {}
    for one in entries:
        if one["kind"] == "described":
            told |= {name: one[name] for name in told if name in one}
        if one["kind"] == "rated":
            scores[one.get("subject", "")] = one["scores"]
    topics = [real_knowledge().questions[name] for name in knowledge]
    return {
        **told, "day": _day(entries[0]["consultation"]), "channel": entries[0]["channel"], "region": entries[0]["region"],
        "closed": next((one["at"] for one in _first(entries, "closed")), ""), "outcome": next(_first(entries, "closed")).get("outcome", ""),
        "turns": sum(one["actor"] == "citizen" for one in said), "handed": "".join(asked), "helped": "".join(helped),
        "erased": any(_first(entries, "erased")), "knowledge": knowledge, "rights": {one.ip[0] for one in topics},
        "topics": {one.topic for one in topics}, "statuses": {one["status"] for one in _first(entries, "parsed", "relayed")},
        "stages": {found["value"] for one in _first(entries, "parsed") for found in one.get("entities", ())},
        "staff": any(one["actor"].startswith("staff:") for one in entries if one["kind"] in ("said", "claimed")), "scores": scores,
    }  # fmt: skip


def _times(measured: list[tuple[float, float]]) -> tuple[Any, ...]:
    spans = sorted(minutes for minutes, _ in measured)
    if not spans:
        return 0, 0, None, None, None, 0
    nine = next(one for one in spans if sum(other <= one for other in spans) >= len(spans) * 0.9)
    return len(spans), 0, median(spans), nine, spans[-1], sum(minutes <= limit for minutes, limit in measured)


def _made(sealed: dict[str, Entries], span: Span, kind: str) -> Iterator[tuple[Entries, dict[str, Any]]]:
    for entries in sealed.values():
        for one in entries:
            if one["kind"] == kind and span.first <= _local(one["at"]).date() <= span.last:
                yield entries, one


def _standings(sealed: dict[str, Entries], span: Span, kind: str, moved: str, key: str, by: str) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for entries, one in _made(sealed, span, kind):
        standing = [one["standing"], *(each["standing"] for each in _first(entries, moved) if each[key] == one[key])][-1]
        found.setdefault(one[by], Counter())[standing] += 1
    return {name: dict(counts) for name, counts in found.items()}


def _promises(sealed: dict[str, Entries], span: Span, now: datetime) -> dict[str, Kept]:
    """Follow what was planned, and the messages that were left, to how they ended."""
    found: dict[str, list[str]] = {}
    for entries in sealed.values():
        for kind, made, due, done in _owed(entries):
            if kind != "mention" and span.first <= _local(made).date() <= span.last:
                until = _local(due) if "T" in due else datetime.fromisoformat(due).replace(tzinfo=ZONE) + timedelta(days=1)
                late = (_local(done) if done else now) > until
                found.setdefault(kind, []).append("late" if late else "kept" if done else "waiting")
    return {kind: Kept(len(all_), all_.count("kept"), all_.count("late"), all_.count("waiting")) for kind, all_ in found.items()}


def _owed(entries: Entries) -> Iterator[tuple[str, str, str, str]]:
    for at, one in enumerate(entries):
        after, name = entries[at + 1 :], f"{one['consultation']}/{one['seq']}"
        gone = next((each["at"] for each in after if each["kind"] == "erased"), "")
        if one["kind"] == "planned":
            tries = [each for each in after if each["kind"] == "followed_up" and each["task"] == name]
            due = [one["due"], *(each["next"] for each in tries if each["next"])][-1]
            ends = [each["at"] for each in tries if not each["next"]]
            yield str(one["what"]), one["at"], due, (ends or [gone])[0]
        elif one["kind"] == "request_moved" and one.get("follow_up"):
            yield "request", one["at"], one["follow_up"], gone
        elif one["kind"] == "handed_off" and one.get("state") == "message_left":
            ended = [each["at"] for each in after if each["kind"] == "closed" or (each["kind"] == "returned" and each["state"] == "bot")]
            yield "callback", one["at"], one.get("due") or one["at"], (ended or [gone])[0]


def _recount(sealed: dict[str, Entries], span: Span, now: datetime) -> dict[str, Any]:
    cases = [case for case in map(_case, sealed.values()) if span.first <= case["day"] <= span.last]
    handed = [case for case in cases if case["handed"]]

    def by(name: str, of: list[dict[str, Any]] = cases) -> dict[str, int]:
        return dict(Counter(case[name] for case in of))

    def each(name: str) -> dict[str, int]:
        return dict(Counter(value for case in cases for value in case[name]))

    def limit(case: dict[str, Any]) -> float:
        return 5 if _works(_local(case["handed"])) else 8 * 60

    months = span.days > 31
    statuses = {name: count for name, count in each("statuses").items() if name in COUNTED}
    return {
        "total": len(cases), "closed": sum(bool(case["closed"]) for case in cases), "turns": sum(case["turns"] for case in cases),
        "handed": len(handed), "helped": sum(bool(case["helped"]) for case in handed), "erased": sum(case["erased"] for case in cases),
        "channels": by("channel"), "regions": by("region"), "rights": each("rights"), "topics": each("topics"), "stages": each("stages"),
        "knowledge": each("knowledge"), "statuses": statuses, "outcomes": by("outcome"), "user_kinds": by("user_kind"),
        "industries": by("industry"), "districts": by("district"), "handed_by_district": by("district", handed),
        "first": _times([(_minutes(case["handed"], case["helped"]), limit(case)) for case in handed if case["helped"]]),
        "solution": _times([(_minutes(case["handed"], case["closed"]), 16 * 60) for case in handed if case["closed"]]),
        "ratings": _ratings(cases), "requests": _standings(sealed, span, "requested", "request_moved", "request", "service"),
        "slips": _standings(sealed, span, "referred", "slip_moved", "slip", "agency"), "tasks": _promises(sealed, span, now),
        "trend": dict(Counter(f"{case['day']:%Y-%m}" if months else case["day"].isoformat() for case in cases)),
    }  # fmt: skip


def _ratings(cases: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    found = []
    for subject in ("bot", "staff", ""):
        for name in INDICATORS:
            given = [case["scores"][subject][name] for case in cases if name in case["scores"].get(subject, {})]
            could = [case for case in cases if (case["staff"] if subject == "staff" else case["channel"] not in ("phone", "counter", "form"))]
            missing = sum(name not in case["scores"].get(subject, {}) for case in could) if subject else None
            mean = round(sum(given) / len(given), 2) if given else None
            found.append((subject, name, len(given), mean, sum(score < 3 for score in given), missing))
    return found


def _plain(figures: Figures) -> dict[str, Any]:
    told = {field.name: getattr(figures, field.name) for field in fields(Figures)}
    slots = ("count", "untold", "middle", "most", "longest", "within")
    told |= {name: tuple(getattr(told[name], slot) for slot in slots) for name in ("first", "solution")}
    rated = ("subject", "indicator", "count", "mean", "low", "missing")
    return told | {"ratings": [tuple(getattr(one, name) for name in rated) for one in figures.ratings]}


async def test_every_figure_is_a_recount_of_the_sealed_files(life: Office) -> None:
    sealed, now = _sealed(life.folder), life.clock.now()
    assert len(sealed) == COUNT
    reader = Reader(life.site.hours, life.site.limits)
    for span in SPANS:
        async with life.database.read() as connection:
            figures = _plain(await reader.read(connection, span, now))
        wanted = _recount(sealed, span, now.astimezone(ZONE))
        assert figures.keys() == wanted.keys()
        for name, value in wanted.items():
            assert figures[name] == value, (span.title, name)


async def test_the_months_that_were_lived_hold_every_kind_of_thing(life: Office) -> None:
    """A recount of nothing would equal nothing."""
    async with life.database.read() as connection:
        year = await Reader(life.site.hours, life.site.limits).read(connection, SPANS[2], life.clock.now())
    told = _plain(year)
    assert [name for name, value in told.items() if not value] == []
    assert {one.subject for one in year.ratings if one.count} == {"bot", "staff", ""}
    assert all(getattr(year.tasks["other"], name) for name in ("kept", "late"))
    assert year.first.within not in (0, year.first.count)
    assert {"web", "phone", "counter", "form"} <= set(year.channels)
