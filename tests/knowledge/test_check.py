"""The lint: one damage for each rule, which exactly that rule finds."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from tests.knowledge.made import GLOSSARY, answer, knowledge, question, source
from tests.support import ROOT, real_knowledge
from zhixun.knowledge.check import BUBBLE_BYTES, BUBBLES, NATURAL, WORDINGS, check, check_site, plain
from zhixun.knowledge.figures import Figure, Figures, Value
from zhixun.knowledge.model import Basis, Knowledge, Source
from zhixun.knowledge.quiz import CLAUSES
from zhixun.knowledge.site import Site, load_site

U = source("unsure", verified="U")
ENDED = source("ended", until=date(2025, 12, 31))
FUTURE = source("future", since=date(2027, 1, 1))
REPLACED = source("replaced", until=date(2026, 12, 31), replaced_by="law")


def _on(*sources: str, **more: object) -> object:
    return answer(basis=tuple(Basis(name, "第一条", "期限三个月。") for name in sources), **more)


def _of(answers: object, *sources: object) -> Knowledge:
    return knowledge(question(answers=answers if isinstance(answers, tuple) else (answers,)), sources=sources)


def _two(first: dict[str, object], second: dict[str, object]) -> Knowledge:
    return _of((answer(**first), answer(**second)))


Q, A = "made.yml: q-one", "made.yml: q-one [全国 ]"
MENUS = {"商标": ("q-one",), "发明": ("q-one",)}


def _figured(*values: Value, right: str = "商标", sources: tuple[Source, ...] = ()) -> Knowledge:
    figure = Figure("opposition", "异议期", right, "自公告之日起", values)
    return knowledge(figures=Figures({"fee": {}, "term": {figure.id: figure}}), sources=sources)


DAMAGED: dict[str, tuple[Knowledge, str, str]] = {
    "too few wordings": (
        knowledge(question(wordings=tuple(f"这是第{n:02}种像说话的问法" for n in range(WORDINGS - 1)))),
        Q, f"只有 {WORDINGS - 1} 种问法，至少要 {WORDINGS} 种",
    ),
    "too few wordings like speech": (
        knowledge(question(wordings=tuple(f"问法{n}号" for n in range(WORDINGS)))),
        Q, f"12–25 个字的问法只有 0 种，至少要 {NATURAL} 种",
    ),
    "unknown right": (knowledge(question(ip=("商标", "域名"))), Q, "权利“域名”不在 glossary.yml 的 rights 里"),
    "next to nowhere": (knowledge(question(next=("q-gone",))), Q, "next 指向不存在的问题或指引 q-gone"),
    "next to itself": (knowledge(question(next=("q-one",))), Q, "next 指向自己"),
    "overlapping windows": (
        _two({"until": date(2026, 12, 31)}, {"since": date(2026, 12, 31), "brief": "期限变了"}),
        Q, "全国 的两个答复有效期重叠：None 与 2026-12-31",
    ),
    "open window before another": (
        _two({}, {"since": date(2027, 1, 1), "brief": "期限变了"}), Q, "全国 的两个答复有效期重叠：None 与 2027-01-01",
    ),
    "successor without brief": (
        _two({"until": date(2026, 12, 31)}, {"since": date(2027, 1, 1)}), Q, "全国 自 2027-01-01 起的答复缺 brief（接替前一答复时必填）",
    ),
    "unknown region": (_of(answer(region="火星")), "made.yml: q-one [火星 ]", "地区“火星”不在 glossary.yml 的 places 里"),
    "window upside down": (
        _of(answer(since=date(2027, 1, 1), until=date(2026, 1, 1))), "made.yml: q-one [全国 2027-01-01]", "有效期的起止颠倒",
    ),
    "bubble too long": (
        _of(answer(text="期限为3个月。\n\n" + "长" * (BUBBLE_BYTES // 3 + 1))), A, f"第 2 段超过 {BUBBLE_BYTES} 字节（{BUBBLE_BYTES + 3}）",
    ),
    "too many bubbles": (_of(answer(text="期限为3个月。" + "\n\n又一段。" * BUBBLES)), A, f"有 {BUBBLES + 1} 段，最多 {BUBBLES} 段"),
    "fact not in the text": (_of(answer(facts=("3个月", "不得延长"))), A, "事实“不得延长”不在正文里"),
    "figure not in the facts": (_of(answer(text="期限为3个月，费用300元。")), A, "数字“300元”没有列入 facts"),
    "figure only as a part of a fact": (_of(answer(text="期限为13个月，最少3个月。", facts=("13个月",))), A, "数字“3个月”没有列入 facts"),
    "no basis": (_of(answer(basis=())), A, "没有依据（basis）"),
    "unknown source": (_of(_on("law", "gone")), A, "未知来源 gone"),
    "only unverified sources": (_of(_on("unsure"), U), A, "只依据未核实的来源，不能作为事实答复"),
    "source ended before the answer": (
        _of(_on("ended", since=date(2026, 1, 1)), ENDED), "made.yml: q-one [全国 2026-01-01]", "来源 ended 在答复的有效期内不施行",
    ),
    "source begins after the answer": (_of(_on("future", until=date(2026, 12, 31)), FUTURE), A, "来源 future 在答复的有效期内不施行"),
    "answer outlives a replaced source": (
        _of(_on("replaced"), REPLACED), A, "来源 replaced 到 2026-12-31 为止，答复须在此日结束并另写接替的答复",
    ),
    "wording of two questions": (
        knowledge(question(), question("q-two", wordings=(*question("q-two").wordings, "Q-one的第3种 问法！"))),
        "made.yml: q-two", "问法“Q-one的第3种 问法！”也属于 q-one",
    ),
    "wording that is another's title": (
        knowledge(question(), question("q-two", wordings=(*question("q-two").wordings, "q-one的期限？"))),
        "made.yml: q-two", "问法“q-one的期限？”也属于 q-one",
    ),
    "source of an unknown region": (
        knowledge(sources=(source("mars", region="火星"),)), "sources.yml: mars", "地区“火星”不在 glossary.yml 的 places 里",
    ),
    "source replaced by nothing": (
        knowledge(sources=(source("old", replaced_by="gone"),)), "sources.yml: old", "replaced_by 指向不存在的来源 gone",
    ),
    "figure of no source": (_figured(Value(3, "个月", "gone", "第一条")), "deadlines.yml: opposition", "未知来源 gone"),
    "figure of an unverified source": (
        _figured(Value(3, "个月", "unsure", "第一条"), sources=(U,)), "deadlines.yml: opposition", "来源 unsure 未经核实，不能作为数值的依据",
    ),
    "figure of no right": (
        _figured(Value(3, "个月", "law", "第一条"), right="火星权"),
        "deadlines.yml: opposition", "权利“火星权”不在 glossary.yml 的 rights 里",
    ),
    "two values of a figure on one day": (
        _figured(Value(3, "个月", "law", "第一条", until=date(2027, 1, 1)), Value(2, "个月", "law", "第二条", since=date(2027, 1, 1))),
        "deadlines.yml: opposition", "两个数值的有效期重叠：3个月 与 2个月",
    ),
    "figure whose source is not cited": (
        _of(answer(figure_sources=("law", "fees")), source("fees")), A, "正文用了出自 fees 的数值，basis 里没有它",
    ),
    "menu of no question": (
        knowledge(menus={**MENUS, "商标": ("q-gone",)}), "menus.yml: 商标", "不存在的问题 q-gone",
    ),
    "menu of no right": (knowledge(menus={**MENUS, "火星权": ("q-one",)}), "menus.yml", "“火星权”不在 glossary.yml 的 rights 里"),
    "right that people name without a menu": (knowledge(menus={"发明": ("q-one",)}), "menus.yml", "缺“商标”的菜单"),
    "wider of no word": (
        knowledge(glossary=dataclasses.replace(GLOSSARY, wider={"火星": "全国"})),
        "glossary.yml: wider", "“火星”不是 rights 或 places 里的词",
    ),
    "wider into no word": (
        knowledge(glossary=dataclasses.replace(GLOSSARY, wider={"发明": "火星"})),
        "glossary.yml: wider", "“火星”不是 rights 或 places 里的词",
    ),
}  # fmt: skip


def test_sound_knowledge_has_no_flaw() -> None:
    assert check(knowledge()) == []


@pytest.mark.parametrize("damage", DAMAGED)
def test_each_damage_is_found_by_its_rule_and_no_other(damage: str) -> None:
    damaged, place, words = DAMAGED[damage]
    assert check(damaged) == [(place, words)]


def test_words_that_turn_in_a_circle_are_each_named() -> None:
    turned = dataclasses.replace(GLOSSARY, wider={"发明": "专利", "专利": "发明"})
    assert check(knowledge(glossary=turned)) == [
        ("glossary.yml: wider", "“发明”绕回了自己"), ("glossary.yml: wider", "“专利”绕回了自己")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sound",
    [
        _two({"until": date(2026, 12, 31)}, {"since": date(2027, 1, 1), "brief": "期限变了"}),
        _of(answer(basis=(), outcome="referral")),
        _of(_on("unsure", outcome="referral"), U),
        _of(_on("unsure", "law"), U),
        _of(_on("replaced", until=date(2026, 12, 31)), REPLACED),
        _of(answer(text="长" * (BUBBLE_BYTES // 3), facts=())),
        knowledge(question(next=("q-two",)), question("q-two")),
    ],
)
def test_what_only_looks_like_a_flaw_passes(sound: Knowledge) -> None:
    assert check(sound) == []


@pytest.mark.parametrize(("words", "folded"), [("ＡＢ c？１", "abc1"), ("商标，怎么办！", "商标怎么办"), ("①", "1")])
def test_wordings_are_compared_as_the_matcher_sees_them(words: str, folded: str) -> None:
    assert plain(words) == folded


def test_the_knowledge_of_this_repository_has_no_flaw() -> None:
    real = real_knowledge()
    assert check(real) == []
    assert len(real.questions) > 300


def test_a_quick_button_is_the_very_wording_of_a_question() -> None:
    knowledge_, site = real_knowledge(), load_site(ROOT / "knowledge")
    assert check_site(knowledge_, site) == []
    guessed = dataclasses.replace(site, quick=({"title": "商标", "payload": "商标的事怎么说"},))
    assert [place for place, _ in check_site(knowledge_, guessed)] == ["site.yml: quick"]


def test_a_team_has_rights_that_the_glossary_knows() -> None:
    site = load_site(ROOT / "knowledge")
    first, *others = site.teams
    mistyped = dataclasses.replace(site, teams=(dataclasses.replace(first, rights=("商业秘秘", "商标")), *others))
    place = f"site.yml: teams › {first.name}"
    assert check_site(real_knowledge(), mistyped) == [(place, "rights 里的“商业秘秘”不在 glossary.yml 的 rights 里")]


def _site(*payloads: str) -> Site:
    quick = tuple({"title": "按钮", "payload": payload} for payload in payloads)
    site = load_site(ROOT / "knowledge")
    teams = tuple(dataclasses.replace(team, rights=()) for team in site.teams)
    return dataclasses.replace(site, quick=quick, teams=teams, learning=dataclasses.replace(site.learning, weights={"商标": 1, CLAUSES: 1}))


def test_the_quiz_asks_of_fields_that_there_are() -> None:
    site = load_site(ROOT / "knowledge")
    mistyped = dataclasses.replace(site, learning=dataclasses.replace(site.learning, weights={"商标": 1, "规范": 1}))
    assert check_site(real_knowledge(), mistyped) == [("site.yml: learning › weights", "没有“规范”这个出题范围")]


def test_a_quick_button_must_be_the_very_wording_of_a_question() -> None:
    assert check_site(knowledge(), _site("q-one的期限", "Q-one的第3种问法！", "转人工")) == []
    assert check_site(knowledge(), _site("q-one的第3种问法", "随便问问")) == [
        ("site.yml: quick", "按钮“随便问问”不是任何问题的问法，请加进对应问题的 wordings")
    ]
