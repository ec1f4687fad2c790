"""The deployment: what is read from `site.yml`, what is said of it, and what is refused. Working time is in test_hours.py."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.support import HOURS, ROOT, real_knowledge
from zhixun.clock import ZONE
from zhixun.knowledge.load import KnowledgeError
from zhixun.knowledge.site import load_site


def _at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def test_the_opening_is_told_with_its_caveats() -> None:
    site = dataclasses.replace(load_site(ROOT / "knowledge"), hours=HOURS)
    assert site.opening_words(_at(11, 20, 18)) == site.phrases["opening"].format(when="11月23日（周一）09:00")
    unsure = dataclasses.replace(site, hours=dataclasses.replace(HOURS, confirmed=False))
    assert unsure.opening_words(_at(11, 20, 18)).endswith(site.phrases["unconfirmed"])
    assert unsure.hours_words().endswith(site.phrases["unconfirmed"])
    assert site.opening_words(_at(12, 31, 18)) == site.phrases["opening_unknown"]
    assert site.hours_words() == "；".join(f"周{day} 09:00–12:00、13:30–17:30" for day in "一二三四五")


def test_a_message_is_answered_within_its_working_hours() -> None:
    site = load_site(ROOT / "knowledge")
    site = dataclasses.replace(site, hours=HOURS, limits=dataclasses.replace(site.limits, callback_hours=8))
    assert site.callback_due(_at(11, 20, 18)) == "2026-11-24T02:00:00.000Z"
    assert site.callback_due(_at(12, 31, 18)) == ""


def test_the_site_of_this_repository_is_read() -> None:
    site = load_site(ROOT / "knowledge")
    assert (site.name, site.region, site.number_prefix, site.regions[0]) == ("知询", "西宁市", "ZX", "西宁市")
    assert 2026 in site.hours.years
    # State Council notice of 2025-11-04: 2026-10-01 to 10-07 off, 2026-10-10 worked.
    assert site.hours.spans(date(2026, 10, 7)) == ()
    assert site.hours.spans(date(2026, 10, 8)) == site.hours.week[4]
    assert site.hours.spans(date(2026, 10, 10)) == site.hours.week[1]
    assert site.hours.spans(date(2027, 1, 4)) is None


def test_what_the_documents_do_not_set_waits_for_the_office_to_confirm() -> None:
    site = load_site(ROOT / "knowledge")
    assert (site.hours.confirmed, site.requests.confirmed, site.limits.confirmed) == (False, False, False)


def test_requests_go_to_the_teams_that_there_are() -> None:
    site = load_site(ROOT / "knowledge")
    assert site.requests.groups == tuple(team.name for team in site.teams)
    assert {service.target for service in real_knowledge().services.values()} <= set(site.requests.groups)
    assert {right for team in site.teams for right in team.rights} <= set(real_knowledge().glossary.rights)


def test_a_right_has_its_team_and_everything_else_the_default_one() -> None:
    site = load_site(ROOT / "knowledge")
    assert site.team_for("商业秘密").name == "维权援助"
    assert [site.team_for(right).name for right in ("商标", "")] == ["综合窗口"] * 2


def _changed(folder: Path, file: str, old: str, new: str) -> Path:
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, folder)
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return folder


MONDAY = '1: ["09:00-12:00", "13:30-17:30"]'


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("site.yml", MONDAY, '1: ["12:00-09:00"]', "起止颠倒"),
        ("site.yml", MONDAY, '1: ["09:00-24:30"]', "does not match"),
        ("site.yml", MONDAY, '8: ["09:00-12:00"]', "8 不是 1–7 的星期数"),
        ("site.yml", "days: {}", 'days: {"2026-12-31": []}', "is not of type 'date'"),
        ("site.yml", "days: {}", 'days: {2026-12-31: ["9-12"]}', "does not match"),
        ("site.yml", "number_prefix: ZX", "number_prefix: zx", "does not match"),
        ("site.yml", "  withheld:", "  withhold:", "'withheld' is a required property"),
        ("site.yml", "due_hours: 16", "due_hours: 16\n  groups: [综合窗口]", "'groups' was unexpected"),
        ("site.yml", "{name: 审查服务", "{name: 维权援助", "“维权援助”写了两次"),
        ("site.yml", "[商业秘密, 不正当竞争]", "[商业秘密, 数据]", "“数据”写了两次"),
        ("site.yml", ", default: true}", "}", "有且只有一个组"),
        ("site.yml", "预审}", "预审, default: true}", "有且只有一个组"),
        ("site.yml", "warn_at: 0.7", "warn_at: 70", "the maximum of 1"),
        ("site.yml", "first_minutes: 5", "first_minutes: 0", "less than the minimum"),
        ("site.yml", "lease_seconds: 60", "lease_seconds: 1", "less than the minimum"),
        ("site.yml", "  idle_minutes: 30", "  idle: 30", "idle"),
        ("calendar.yml", "元旦: [2026-01-01, 2026-01-03]", "元旦: [2026-01-03, 2026-01-01]", "起止颠倒"),
        ("calendar.yml", "元旦: [2026-01-01, 2026-01-03]", "元旦: [2026-01-01]", "too short"),
    ],
)
def test_a_malformed_site_is_refused(tmp_path: Path, file: str, old: str, new: str, words: str) -> None:
    with pytest.raises(KnowledgeError, match=words):
        load_site(_changed(tmp_path, file, old, new))


def test_open_until_midnight_may_be_written(tmp_path: Path) -> None:
    assert load_site(_changed(tmp_path, "site.yml", MONDAY, '1: ["09:00-24:00"]')).hours.is_open(_at(11, 23, 23, 59))


def test_a_single_day_may_be_written(tmp_path: Path) -> None:
    hours = load_site(_changed(tmp_path, "site.yml", "days: {}", 'days: {2026-12-30: [], 2026-12-31: ["09:00-12:00"]}')).hours
    assert hours.spans(date(2026, 12, 30)) == ()
    assert hours.closes(_at(12, 31, 9)) == _at(12, 31, 12)
