"""Which answer holds: by region, by day, with a word on what comes next and on what is not the citizen's own."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest

from tests.knowledge.made import GLOSSARY, answer, knowledge, question, source
from tests.knowledge.services.made import service
from tests.support import real_knowledge
from zhixun.knowledge.choose import choose, regions_of, say
from zhixun.knowledge.model import Answer, Basis, Glossary

TODAY = date(2026, 11, 20)
NATION, PROVINCE, CITY, FAR = (answer(region=region, text=f"{region}的答复。") for region in ("全国", "青海省", "西宁市", "福州市"))


def _chosen(region: str, *answers: Answer, day: date = TODAY) -> str | None:
    choice = choose(question(answers=answers), region, day, GLOSSARY)
    return choice.answer.region if choice else None


def test_the_regions_that_hold_go_from_narrow_to_wide() -> None:
    assert regions_of("西宁市", GLOSSARY) == ("西宁市", "青海省", "全国")
    assert regions_of("全国", GLOSSARY) == ("全国",)
    assert regions_of("福州市", GLOSSARY) == ("福州市", "全国")


def test_words_that_turn_in_a_circle_end_somewhere() -> None:
    turned = dataclasses.replace(GLOSSARY, wider={"西宁市": "青海省", "青海省": "西宁市"})
    assert regions_of("西宁市", turned) == ("西宁市", "青海省", "全国")


@pytest.mark.parametrize(
    ("region", "answers", "chosen"),
    [
        ("西宁市", (NATION, PROVINCE, CITY, FAR), "西宁市"),
        ("西宁市", (NATION, PROVINCE, FAR), "青海省"),
        ("西宁市", (FAR, NATION), "全国"),
        ("青海省", (CITY, NATION), "全国"),
        ("福州市", (NATION, CITY, FAR), "福州市"),
        ("全国", (CITY, NATION), "全国"),
    ],
)
def test_the_most_specific_region_in_force_wins(region: str, answers: tuple[Answer, ...], chosen: str) -> None:
    assert _chosen(region, *answers) == chosen


def test_another_place_s_answer_is_only_given_as_such() -> None:
    asked = question(answers=(FAR,))
    choice = choose(asked, "西宁市", TODAY, GLOSSARY)
    assert (choice.foreign, choice.successor) == (True, None)
    (reply,) = say(choice, "西宁市", TODAY, knowledge(asked))
    assert reply["text"] == "【福州市的规定，不适用于西宁市，仅供参考】福州市的答复。"


def test_another_place_s_answer_is_labelled_however_it_was_chosen() -> None:
    asked = question(answers=(FAR, CITY))
    named = choose(asked, "福州市", TODAY, GLOSSARY)
    assert say(named, "西宁市", TODAY, knowledge(asked))[0]["text"].startswith("【福州市的规定，不适用于西宁市")


def test_what_holds_in_the_citizen_s_region_carries_no_label() -> None:
    asked = question(answers=(PROVINCE,))
    # Chosen as what the citizen named; it holds for a citizen of the province's city all the same.
    choice = dataclasses.replace(choose(asked, "青海省", TODAY, GLOSSARY), foreign=True)
    assert say(choice, "西宁市", TODAY, knowledge(asked))[0]["text"] == "青海省的答复。"


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (None, None, True), (TODAY, None, True), (None, TODAY, True), (TODAY, TODAY, True),
        (date(2026, 11, 21), None, False), (None, date(2026, 11, 19), False),
    ],
)  # fmt: skip
def test_both_ends_of_a_window_belong_to_it(since: date | None, until: date | None, holds: bool) -> None:
    assert (_chosen("西宁市", answer(since=since, until=until)) is not None) is holds


def test_out_of_its_window_even_the_narrowest_answer_gives_way() -> None:
    assert _chosen("西宁市", answer(region="西宁市", until=date(2026, 1, 1)), NATION) == "全国"


OLD = answer(text="现在是3个月。", until=date(2026, 12, 31))
NEW = answer(text="现在是2个月。", since=date(2027, 1, 1), brief="期限缩短为2个月")


@pytest.mark.parametrize(
    ("day", "first", "told"),
    [
        (date(2026, 7, 4), "现在是3个月。", False), (date(2026, 7, 5), "现在是3个月。", True), (date(2026, 12, 31), "现在是3个月。", True),
        (date(2027, 1, 1), "现在是2个月。", False),
    ],
)  # fmt: skip
def test_a_change_within_180_days_is_told_beside_the_old_rule(day: date, first: str, told: bool) -> None:
    asked = question(answers=(OLD, NEW))
    texts = [reply["text"] for reply in say(choose(asked, "西宁市", day, GLOSSARY), "西宁市", day, knowledge(asked))]
    assert texts[0] == first
    assert ("提醒：自2027年1月1日起，期限缩短为2个月。" in texts) is told


def test_the_nearest_of_several_changes_is_told() -> None:
    later = answer(text="后来。", since=date(2027, 2, 1), brief="以后再变")
    mid = dataclasses.replace(NEW, until=date(2027, 1, 31))
    choice = choose(question(answers=(OLD, later, mid)), "西宁市", date(2026, 12, 1), GLOSSARY)
    assert choice.successor == mid


def test_a_change_of_another_region_is_not_told() -> None:
    other = dataclasses.replace(NEW, region="福州市")
    assert choose(question(answers=(OLD, other)), "西宁市", date(2026, 12, 1), GLOSSARY).successor is None


PAST = source("past", until=date(2024, 12, 31))


def _resting_on(*names: str) -> Answer:
    return answer(text="活动办过。", facts=(), basis=tuple(Basis(name, "第一条", "活动办过。") for name in names))


def test_what_rests_only_on_papers_that_ran_out_is_told_as_past() -> None:
    asked = question(answers=(_resting_on("past"),))
    (reply,) = say(choose(asked, "西宁市", TODAY, GLOSSARY), "西宁市", TODAY, knowledge(asked, sources=(PAST,)))
    assert reply["text"] == "【所依据的文件2024年12月31日已到期，有关活动已结束】活动办过。"
    assert reply["basis"][0]["in_force"] is False


def test_what_also_rests_on_a_paper_in_force_is_not_past() -> None:
    asked = question(answers=(_resting_on("past", "law"),))
    (reply,) = say(choose(asked, "西宁市", TODAY, GLOSSARY), "西宁市", TODAY, knowledge(asked, sources=(PAST,)))
    assert reply["text"] == "活动办过。"
    assert [basis["in_force"] for basis in reply["basis"]] == [False, True]


def test_a_paper_counts_on_its_last_day() -> None:
    asked = question(answers=(_resting_on("past"),))
    day = date(2024, 12, 31)
    assert say(choose(asked, "西宁市", day, GLOSSARY), "西宁市", day, knowledge(asked, sources=(PAST,)))[0]["text"] == "活动办过。"


def test_past_and_foreign_are_both_told() -> None:
    asked = question(answers=(dataclasses.replace(_resting_on("past"), region="福州市"),))
    (reply,) = say(choose(asked, "西宁市", TODAY, GLOSSARY), "西宁市", TODAY, knowledge(asked, sources=(PAST,)))
    assert reply["text"].startswith("【福州市的规定，不适用于西宁市，仅供参考；所依据的文件2024年12月31日已到期")


def test_bubbles_carry_basis_and_buttons_on_the_last_one() -> None:
    asked = question(answers=(answer(text="一。\n\n二。"),), next=("q-two",))
    replies = say(choose(asked, "西宁市", TODAY, GLOSSARY), "西宁市", TODAY, knowledge(asked, question("q-two")))
    assert [reply["text"] for reply in replies] == ["一。", "二。"]
    assert [reply["knowledge"] for reply in replies] == [["q-one"], ["q-one"]]
    assert (replies[0]["basis"], replies[0]["buttons"]) == ([], [])
    assert replies[1]["basis"] == [
        {"title": "某法", "locator": "第一条", "region": "全国", "in_force": True, "source": "law", "gist": "期限三个月。"}
    ]
    assert replies[1]["buttons"] == [{"title": "q-two的期限", "payload": "q-two的期限"}]


def test_nothing_that_holds_is_nothing() -> None:
    empty = Glossary({}, {}, {"全国": ()}, {})
    assert choose(question(answers=(answer(until=date(2020, 1, 1)),)), "全国", TODAY, empty) is None


@pytest.mark.parametrize(
    ("day", "period", "law"),
    [(date(2026, 12, 31), "3个月", "trademark-law-2019"), (date(2027, 1, 1), "2个月", "trademark-law-2026")],
)
def test_the_opposition_period_changes_on_new_year_s_day(day: date, period: str, law: str) -> None:
    real = real_knowledge()
    choice = choose(real.questions["tm-opposition-period"], "西宁市", day, real.glossary)
    replies = say(choice, "西宁市", day, real)
    assert f"公告之日起{period}内" in replies[0]["text"]
    basis = replies[-1]["basis"][0]
    assert (basis["source"], basis["in_force"]) == (law, True)
    reminder = [reply["text"] for reply in replies if reply["text"].startswith("提醒：自2027年1月1日起")]
    assert bool(reminder) is (day.year == 2026)


@pytest.mark.parametrize("day", [date(2026, 11, 21), date(2027, 1, 1), date(2027, 6, 1)])
def test_no_answer_of_this_repository_is_another_place_s_without_saying_so(day: date) -> None:
    real = real_knowledge()
    local = {"西宁市", "青海省", "全国"}
    for asked in real.questions.values():
        choice = choose(asked, "西宁市", day, real.glossary)
        if choice is not None and choice.answer.region not in local:
            assert choice.foreign
            assert f"【{choice.answer.region}的规定，不适用于西宁市" in say(choice, "西宁市", day, real)[0]["text"]


def test_the_service_that_an_answer_speaks_of_is_offered_whatever_else_is() -> None:
    offered = service()
    others = [question(id=f"q-{number}", title=f"第{number}问的期限") for number in range(4)]
    asked = question(answers=(NATION,), next=("q-0", offered.name))
    all_ = knowledge(asked, *others, services=(offered,))
    (reply,) = say(choose(asked, "西宁市", TODAY, GLOSSARY), "西宁市", TODAY, all_, close=others)
    assert [button["title"] for button in reply["buttons"]] == ["第0问的期限", "第1问的期限", "第2问的期限", "申请某项服务"]
    (reply,) = say(choose(asked, "西宁市", TODAY, GLOSSARY), "西宁市", TODAY, all_)
    assert [button["title"] for button in reply["buttons"]] == ["第0问的期限", "申请某项服务"]
