"""What is said in a guide: answers, going back, corrections, and what is not for the guide."""

from __future__ import annotations

from datetime import date

import pytest

from tests.knowledge.guides.made import guide
from zhixun.knowledge.guides.walk import CANCELLED, OTHER, QUESTION, TAKEN, State, fill_from, hear, summary, walk

TODAY = date(2026, 11, 21)
GUIDE = guide()


def say(state: State, *words: str, heard: str = "") -> tuple[str, State]:
    how = OTHER
    for each in words:
        how, state = hear(GUIDE, state, each, TODAY, heard=heard)
    return how, state


def at(state: State) -> str:
    place = walk(GUIDE, state.answers)
    return place.step.id if place.step is not None else place.leaf


START = State("made")


@pytest.mark.parametrize("words", ["商标", "商标。", " 商 标 ", "我选商标吧", "牌子", "是我们家的牌子被抄了"])
def test_a_choice_is_taken_by_its_title_its_words_or_a_sentence_with_them(words: str) -> None:
    heard, state = say(START, words)
    assert (heard, state.answers, at(state)) == (TAKEN, {"right": "trademark"}, "since")


@pytest.mark.parametrize("words", ["不清楚", "我也不太清楚", "不知道", "说不准", "没想好"])
def test_who_does_not_know_takes_the_choice_for_that(words: str) -> None:
    assert at(say(START, words)[1]) == "ask"


def test_who_does_not_know_where_an_answer_is_needed_is_helped() -> None:
    heard, state = say(START, "商标", "不知道")
    assert (heard, at(state), state.misses) == (TAKEN, "since", 1)
    assert state.note == "看注册证上的日期。"


def test_a_typed_step_takes_its_kind_only() -> None:
    _, state = say(START, "商标", "去年3月5号")
    assert state.answers["since"] == "2025-03-05"
    heard, state = say(START, "商标", "好久以前了")
    assert (heard, at(state)) == (TAKEN, "since")
    assert state.note.startswith("请回复日期")


def test_going_back_takes_one_answer_away_at_a_time() -> None:
    _, state = say(START, "专利", "上一步")
    assert (at(state), state.answers, state.note) == ("right", {}, "好的，回到上一步。")
    heard, state = say(state, "上一步")
    assert (heard, state.note) == (TAKEN, "已经是第一步了。")


@pytest.mark.parametrize("words", ["不是商标，是专利", "说错了，是专利", "应该是发明专利", "改成专利"])
def test_an_earlier_answer_is_corrected_and_the_path_follows(words: str) -> None:
    _, state = say(START, "商标", words)
    assert (at(state), state.answers) == ("money", {"right": "patent"})
    assert state.note == "好的，权利改为“专利”。"


def test_a_correction_keeps_what_still_fits() -> None:
    kept = State("made", {"right": "trademark", "money": "yes"})
    _, state = say(kept, "说错了，是专利")
    assert (at(state), summary(GUIDE, state.answers)) == ("rich", [("权利", "专利"), ("预算", "有")])
    left = State("made", {"right": "patent", "since": "2025-03-05"})
    assert summary(GUIDE, left.answers) == [("权利", "专利")], "what lies off the path is not told"


@pytest.mark.parametrize("words", ["权利选错了", "改一下权利", "我想改权利"])
def test_an_answer_is_taken_back_by_its_name(words: str) -> None:
    _, state = say(START, "商标", words)
    assert (at(state), state.note) == ("right", "好的，请重新选择权利。")


@pytest.mark.parametrize("words", ["取消", "退出", "不做了", "算了", "不填了", "不想做了"])
def test_it_can_be_left(words: str) -> None:
    assert say(START, "商标", words)[0] == CANCELLED


def test_it_can_begin_again() -> None:
    assert at(say(START, "商标", "重新开始")[1]) == "right"


def test_help_is_no_miss() -> None:
    _, state = say(START, "什么意思")
    assert (state.misses, state.note) == (0, "看您手里有什么。")


@pytest.mark.parametrize("words", ["商标异议期多久", "专利要多少钱？", "你们几点下班", "商标和专利哪个好"])
def test_a_question_is_not_for_the_guide(words: str) -> None:
    assert say(START, words) == (OTHER, START)


def test_what_is_surely_something_else_is_not_taken_though_it_names_a_choice() -> None:
    assert say(START, "我们的牌子请老师来看", heard=QUESTION)[0] == OTHER
    assert say(START, "牌子", heard=QUESTION)[0] == TAKEN


def test_what_is_denied_is_not_chosen() -> None:
    heard, state = say(START, "我们没牌子呀那种")
    assert (heard, state.answers) == (TAKEN, {})


def test_two_choices_at_once_are_asked_back_and_a_person_is_offered_the_third_time() -> None:
    _, state = say(START, "专利和牌子")
    assert (at(state), state.misses) == ("right", 1)
    assert "转人工" not in state.note
    _, state = say(state, "啦啦啦", "嘟嘟嘟")
    assert state.misses == 3
    assert "转人工" in state.note
    _, state = say(state, "商标")
    assert (state.misses, state.note) == (0, "")


def test_what_was_said_before_fills_steps_and_is_told() -> None:
    state = fill_from(GUIDE, State("made", fresh=True), ["牌子的事帮我看看", "我有个专利"])
    assert (state.answers, state.fresh) == ({"right": "trademark"}, False)
    assert "权利：商标" in state.note


def test_yes_and_no_are_not_taken_from_what_was_said_before() -> None:
    state = fill_from(GUIDE, State("made", fresh=True), ["专利有没有"])
    assert state.answers == {"right": "patent"}


def test_conditions_lead_on_by_earlier_answers() -> None:
    assert at(say(START, "专利", "有")[1]) == "rich"
    assert at(say(START, "专利", "没有")[1]) == "poor"


def test_answers_beside_the_path_decide_nothing() -> None:
    stale = guide(lambda raw: raw["steps"]["since"].update(to=[{"when": {"money": "yes"}, "go": "rich"}, {"go": "poor"}]))
    answers = {"right": "trademark", "money": "yes", "since": "2025-03-05"}
    assert walk(stale, answers).leaf == "poor"


def test_the_state_survives_as_json() -> None:
    _, state = say(START, "商标", "什么意思")
    assert State.read(state.as_json()) == state
