"""The deployment: what is read from `site.yml`, what is said of it, and what is refused. Working time is in test_hours.py."""

from __future__ import annotations

import dataclasses
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import HOURS, ROOT, real_knowledge
from zhixun.clock import ZONE
from zhixun.knowledge.check import check_site
from zhixun.knowledge.hosts import LEAST_CONTRAST, PAPERS, Colours
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
        *(("site.yml", "sites: []", f"sites: {sites}", words) for sites, words in [
            ("[{id: a1}]", "'origins' is a required property"),
            ("[{id: A1, origins: [https://a.example]}]", "does not match"),
            ("[{id: a1, origins: []}]", "non-empty|too short"),
            ("[{id: a1, origins: [a.example]}]", "does not match"),
            ("[{id: a1, origins: ['https://a.example/']}]", "does not match"),
            ("[{id: a1, origins: ['https://A.example']}]", "does not match"),
            ("[{id: a1, origins: ['*']}]", "does not match"),
            ("[{id: a1, origins: ['https://*']}]", "does not match"),
            ("[{id: a1, origins: ['https://a.*.example']}]", "does not match"),
            ("[{id: a1, origins: ['https://*.example']}]", "范围太大"),
            ("[{id: a1, origins: ['https://*.gov.cn']}]", "范围太大"),
            ("[{id: a1, origins: ['https://*.0.0.1']}]", "范围太大"),
            ("[{id: a1, origins: ['https://a..example']}]", "域名不对"),
            ("[{id: a1, origins: ['https://a.example:443']}]", "默认端口"),
            ("[{id: a1, origins: ['http://a.example:80']}]", "默认端口"),
            ("[{id: a1, origins: ['http://a.example:65536']}]", "端口不对"),
            ("[{id: a1, origins: [https://a.example]}, {id: a1, origins: [https://b.example]}]", "“a1”写了两次"),
            ("[{id: a1, origins: [https://a.example]}, {id: b1, origins: [https://a.example]}]", "“https://a.example”写了两次"),
            ("[{id: a1, origins: [https://a.example], colours: {main: red, text: '#ffffff'}}]", "does not match"),
            ("[{id: a1, origins: [https://a.example], colours: {main: '#ffffff'}}]", "'text' is a required property"),
            ("[{id: a1, origins: [https://a.example], quick: [{title: 一}]}]", "'payload' is a required property"),
        ]),
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


SITES = """sites:
  - id: city
    origins: ["https://www.city.example", "https://*.xining.gov.cn", "http://127.0.0.1:8000"]
    title: 知识产权问答
    region: 青海省
    colours: {main: "#7a1f5c", text: "#ffffff"}
    quick: [{title: 商标, payload: 商标怎么注册}]
  - {id: plain, origins: ["https://plain.example:8443"]}
"""


def test_sites_of_others_are_read_and_change_what_they_are_told(tmp_path: Path) -> None:
    city, plain = load_site(_changed(tmp_path, "site.yml", "sites: []\n", SITES)).hosts
    everybody = {"name": "知询", "regions": ["西宁市", "全国"], "quick": []}
    assert plain.page(everybody) == everybody
    assert city.page(everybody) == {
        "name": "知询", "title": "知识产权问答", "region": "青海省", "regions": ["青海省"],
        "quick": [{"title": "商标", "payload": "商标怎么注册"}], "colours": Colours("#7a1f5c", "#ffffff").palette(),
    }  # fmt: skip
    assert load_site(ROOT / "knowledge").hosts == ()


def test_a_site_whose_letters_cannot_be_read_or_whose_buttons_lead_nowhere_is_a_flaw(tmp_path: Path) -> None:
    broken = SITES.replace("#ffffff", "#7a1f5c").replace("payload: 商标怎么注册", "payload: 今天吃什么").replace("青海省", "火星")
    found = check_site(real_knowledge(), load_site(_changed(tmp_path, "site.yml", "sites: []\n", broken)))
    assert {place for place, _ in found} == {"site.yml: sites: city"}
    words = "\n".join(words for _, words in found)
    assert all(each in words for each in ("对比度 1.00", "至少要 4.5", "“今天吃什么”不是任何问题的问法", "“火星”不在 regions 里"))
    assert len(found) == 3


def test_sound_sites_are_no_flaw(tmp_path: Path) -> None:
    assert check_site(real_knowledge(), load_site(_changed(tmp_path, "site.yml", "sites: []\n", SITES))) == []


@pytest.mark.parametrize(
    ("main", "text", "contrast"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#ffffff", 1), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_reckoned_as_wcag_does(main: str, text: str, contrast: float) -> None:
    assert Colours(main, text).contrast == pytest.approx(contrast, abs=0.01)


@given(main=st.integers(0, 0xFFFFFF), text=st.integers(0, 0xFFFFFF))
def test_whatever_the_colour_what_is_written_in_it_can_be_read(main: int, text: int) -> None:
    colours = Colours(f"#{main:06x}", f"#{text:06x}")
    palette = colours.palette()
    assert (palette["main"], palette["text"]) == (colours.main, colours.text)
    # A button under the pointer is read no worse than one at rest.
    assert Colours(palette["deep"], colours.text).contrast >= colours.contrast - 0.01
    for name, papers in (("accent", PAPERS["light"]), ("accent_dark", PAPERS["dark"])):
        assert all(Colours(paper, palette[name]).contrast >= LEAST_CONTRAST for paper in papers)
