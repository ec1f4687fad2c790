"""Services: how their forms are chained, walked in chat, read from a page, and held against the lint."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from tests.knowledge.made import knowledge
from tests.knowledge.services.made import service
from tests.support import HOURS, ROOT, real_knowledge
from zhixun.clock import ZONE
from zhixun.errors import OurFault
from zhixun.knowledge.check import check
from zhixun.knowledge.guides.model import CHOICE
from zhixun.knowledge.guides.walk import ACT, CANCELLED, OTHER, OUTSIDE, QUESTION, TAKEN, State, hear, walk
from zhixun.knowledge.services.check import catalogue_flaws, service_flaws
from zhixun.knowledge.services.intake import Intake, read_form
from zhixun.knowledge.services.model import REFUSED, REVIEW, SENT
from zhixun.knowledge.services.read import ServiceError
from zhixun.knowledge.services.say import say_field
from zhixun.knowledge.site import RequestRules, load_site
from zhixun.messages import HIDDEN_PHONE

TODAY = date(2026, 11, 20)
FORM = service().form
PERSON = ("个人", "牌子被人抄了", "同意", "王芳", "城东", HIDDEN_PHONE)
FIRM = ("公司", "牌子被人抄了", "专精特新", "同意", "王芳", "西宁某某有限公司", "跳过", "城东", HIDDEN_PHONE)


def talk(*words: str, state: State | None = None, heard: str = "") -> tuple[str, State]:
    how, state = OTHER, state or State(FORM.name)
    for each in words:
        how, state = hear(FORM, state, each, TODAY, heard=heard)
    return how, state


def at(state: State) -> str:
    place = walk(FORM, state.answers)
    return place.step.id if place.step is not None else place.leaf


def test_a_person_is_not_asked_what_only_a_unit_has() -> None:
    _, state = talk(*PERSON)
    assert at(state) == REVIEW
    assert walk(FORM, state.answers).path == ("who", "matter", "consent", "name", "district", "phone")
    assert at(talk("提交", state=state)[1]) == SENT


def test_a_unit_is_asked_more_and_may_skip_what_is_optional() -> None:
    _, state = talk(*FIRM)
    assert at(state) == REVIEW
    assert (state.answers["unit"], state.answers["code"], state.answers["honour"]) == ("西宁某某有限公司", "", "specialised")


def test_who_does_not_agree_ends_without_being_asked_for_anything_more() -> None:
    assert at(talk("个人", "牌子被人抄了", "不同意")[1]) == REFUSED


def test_before_sending_everything_is_shown_and_each_field_can_be_changed() -> None:
    _, state = talk(*FIRM)
    (reply,) = say_field(service(), state, FORM.steps[REVIEW], again=False)
    for shown in ("· 身份：中小微企业、个体户", "· 信用代码：（未填）", f"· 联系电话：{HIDDEN_PHONE}", "· 单位名称：西宁某某有限公司"):
        assert shown in reply["text"]
    titles = [button["title"] for button in reply["buttons"]]
    assert titles[0] == "提交"
    for title in titles:
        if title.startswith("改"):
            how, after = talk(title, state=state)
            asked = walk(FORM, after.answers).step
            assert (how, asked is not None and asked.about) == (TAKEN, title[1:])
    assert {title[1:] for title in titles if title.startswith("改")} == {
        step.about for step in FORM.steps.values() if step.id not in ("consent", REVIEW)
    }


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [("联系人改成李强", "name", "李强"), ("把单位名称改为西宁另一家有限公司", "unit", "西宁另一家有限公司"),
     ("信用代码应该是91350100M000100Y43", "code", "91350100M000100Y43"), ("不是城东，是城西", "district", "west")],
)  # fmt: skip
def test_one_field_is_corrected_in_one_sentence(words: str, field: str, value: str) -> None:
    _, state = talk(*FIRM)
    how, after = talk(words, state=state)
    assert (how, after.answers[field], at(after)) == (TAKEN, value, REVIEW)
    assert "改为" in after.note


def test_a_correction_that_is_no_value_asks_the_field_again() -> None:
    _, state = talk(*FIRM)
    _, after = talk("信用代码改成123", state=state)
    assert at(after) == "code"
    assert "18 位" in after.note


def test_who_asks_in_another_capacity_is_asked_what_belongs_to_it() -> None:
    _, state = talk(*PERSON)
    _, state = talk("改身份", "大公司", state=state)
    assert at(state) == "honour"
    _, state = talk("都不是", state=state)
    assert at(state) == "unit"


@pytest.mark.parametrize(
    "words", ["没说同意", "先看看再同意", "拒绝同意", "无法同意", "不是很同意", "不太同意", "等问过领导同意再说", "未必同意", "可以不同意吗"]
)
def test_only_the_very_word_is_agreement(words: str) -> None:
    _, state = talk("个人", "牌子被人抄了")
    assert "consent" not in talk(words, state=state)[1].answers
    for agreed in ("同意", "我同意。", "嗯，同意", "好的", "可以的"):
        assert talk(agreed, state=state)[1].answers["consent"] == "yes"


@pytest.mark.parametrize(
    "words", ["等会儿再提交", "名字不太正确", "地址有误，其他正确", "我不同意提交", "暂时还不能确认", "再看看，没问题再提交"]
)
def test_only_the_very_word_sends_a_form(words: str) -> None:
    _, state = talk(*PERSON)
    assert at(talk(words, state=state)[1]) == REVIEW


def test_a_number_is_asked_for_again_where_it_is_kept() -> None:
    _, state = talk(*PERSON)
    for words in (f"联系电话改成{HIDDEN_PHONE}", "改联系人电话", "电话写错了"):
        assert at(talk(words, state=state)[1]) == "phone", words


@pytest.mark.parametrize(
    "words", [f"卖假货的人电话是{HIDDEN_PHONE}", f"{HIDDEN_PHONE}或者{HIDDEN_PHONE}", f"别打{HIDDEN_PHONE}，我没空接的"]
)
def test_a_number_in_a_sentence_is_not_taken_for_one_s_own(words: str) -> None:
    _, state = talk(*PERSON[:-1])
    assert at(talk(words, state=state)[1]) == "phone"
    assert at(talk(f"我手机是{HIDDEN_PHONE}", state=state)[1]) == REVIEW


@pytest.mark.parametrize("words", ["跳过", "没有", "能不能不写", "名字也要吗", "这个必须填吗", "等一下", "不方便说", "不想填写"])
@pytest.mark.parametrize("step", ["name", "unit"])
def test_a_refusal_is_no_name(step: str, words: str) -> None:
    _, state = talk(*FIRM[: 4 if step == "name" else 5])
    assert at(state) == step
    assert at(talk(words, state=state)[1]) == step


def test_a_correction_is_kept_as_it_was_typed() -> None:
    _, state = talk(*FIRM)
    _, after = hear(FORM, state, "单位名称改成abctechnologyco", TODAY, written="单位名称改成ABC Technology Co")
    assert after.answers["unit"] == "ABC Technology Co"


@pytest.mark.parametrize(
    ("step", "words", "heard", "how"),
    [("name", "转人工", ACT, OTHER), ("name", "谢谢", ACT, OTHER), ("name", "商标多少钱", QUESTION, OTHER),
     ("name", "今天天气怎么样", OUTSIDE, OTHER), ("name", "高兴", OUTSIDE, TAKEN), ("name", "商标", QUESTION, TAKEN),
     ("matter", "商标多少钱", QUESTION, OTHER), ("matter", "有人卖我们的假货怎么办", OUTSIDE, OTHER),
     ("matter", "我们的牌子被隔壁店抄了，招牌也一样，该怎么办", QUESTION, TAKEN), ("matter", "有人卖假货我要举报他们家", OUTSIDE, TAKEN),
     ("matter", "我要找你们的人说", ACT, OTHER), ("matter", "想请你们的老师帮我们看看合同里关于专利的那几条写得对不对", ACT, TAKEN),
     ("name", "退出", "", CANCELLED), ("matter", "不填了", "", CANCELLED)],
)  # fmt: skip
def test_what_is_said_in_a_free_field_is_the_value_unless_it_is_surely_something_else(step: str, words: str, heard: str, how: str) -> None:
    before = PERSON[: 1 if step == "matter" else 3]
    _, state = talk(*before)
    assert at(state) == step
    assert talk(words, state=state, heard=heard)[0] == how


def test_the_third_wrong_value_offers_a_person() -> None:
    _, state = talk("个人", "牌子被人抄了", "同意", "123", "456", "789")
    assert (at(state), state.misses) == ("name", 3)
    (reply,) = say_field(service(), state, FORM.steps["name"], again=False)
    assert "转人工" in [button["title"] for button in reply["buttons"]]


def test_free_text_is_kept_as_it_was_typed() -> None:
    _, state = talk("个人")
    _, after = hear(FORM, state, "品牌被人抄了,怎么做", TODAY, written="品牌被人抄了，怎麼做")
    assert after.answers["matter"] == "品牌被人抄了，怎麼做"
    _, after = hear(FORM, State(FORM.name), "个人", TODAY, written="個人")
    assert after.answers == {"who": "person"}


def test_only_what_is_optional_can_be_skipped() -> None:
    assert at(talk("个人", "跳过")[1]) == "matter"


def test_a_question_in_between_is_followed_by_the_field_again() -> None:
    _, state = talk("个人")
    (reply,) = say_field(service(), state, FORM.steps["matter"], again=True)
    assert reply["text"].startswith("我们接着填刚才的申请：")


def test_the_first_field_tells_what_is_asked_for_and_what_it_costs() -> None:
    (reply,) = say_field(service(), State(FORM.name), FORM.steps["who"], again=False)
    for words in ("知识产权某项服务", "费用：免费。", "第1项", "退出"):
        assert words in reply["text"]


@pytest.mark.parametrize("name", real_knowledge().services)
def test_every_form_can_be_filled_in_on_a_page_by_everybody(name: str) -> None:
    found = real_knowledge().services[name]
    samples = {"text": "青稞饼干的低温烘烤方法和包装", "date": "2026-12-31", "name": "王芳", "unit": "西宁某某有限公司",
               "code": "91350100M000100Y43", "phone": "13800138000", "patent": "ZL 2004 1 0018477.9", "trademark": "12345678"}  # fmt: skip
    everybody = found.form.steps["who"].choices
    for who in everybody:
        for pick in (0, -1):
            given = {
                step.id: step.choices[pick].id if step.kind == CHOICE else samples.get(step.kind, str(step.least or 1))
                for step in found.form.steps.values()
            }
            values, errors = read_form(found, {**given, "who": who.id, "consent": "yes"}, TODAY)
            assert errors == {}
            assert walk(found.form, values).leaf == SENT


@pytest.mark.parametrize("name", real_knowledge().services)
def test_every_choice_of_every_form_can_be_said(name: str) -> None:
    form = real_knowledge().services[name].form
    for step in form.steps.values():
        for choice in step.choices:
            for words in (choice.title, *choice.words):
                lone = type(form)(**{**{slot: getattr(form, slot) for slot in form.__slots__}, "start": step.id})
                _, after = hear(lone, State(form.name), words, TODAY, heard=QUESTION)
                assert after.answers.get(step.id) == choice.id, (step.id, words)


def test_the_terms_of_a_request() -> None:
    site = load_site(ROOT / "knowledge")
    intake = Intake(knowledge(services=(service(),)), _with_hours(site, 4))
    _, state = talk(*FIRM)
    terms = intake.terms("made", state.answers, datetime(2026, 11, 20, 10, tzinfo=ZONE))
    assert terms.due == datetime(2026, 11, 20, 15, 30, tzinfo=ZONE)
    assert (terms.priority, terms.target) == ("“专精特新”中小企业", "综合窗口")
    assert intake.follow_up("made") == (7, "结果收到了吗？")
    assert intake.follow_up("gone") == (0, "")
    assert terms.facts[:2] == (("身份", "中小微企业、个体户"), ("事情", "牌子被人抄了"))
    assert intake.title("made") == "知识产权某项服务"
    assert intake.title("gone") == "gone"
    with pytest.raises(OurFault):
        intake.terms("gone", {}, datetime(2026, 11, 20, 10, tzinfo=ZONE))


def test_a_service_may_have_a_time_of_its_own_and_a_year_without_a_calendar_has_none() -> None:
    site = load_site(ROOT / "knowledge")
    intake = Intake(knowledge(services=(service(lambda raw: raw.update(due_hours=1)),)), _with_hours(site, 4))
    assert intake.terms("made", {}, datetime(2026, 11, 20, 11, 30, tzinfo=ZONE)).due == datetime(2026, 11, 20, 14, tzinfo=ZONE)
    assert intake.terms("made", {}, datetime(2027, 3, 1, 10, tzinfo=ZONE)).due is None


def _with_hours(site: Any, hours: int) -> Any:
    from dataclasses import replace

    return replace(site, hours=HOURS, requests=RequestRules("FW", hours, ("综合窗口",), confirmed=True))


@pytest.mark.parametrize(
    ("change", "words"),
    [(lambda raw: raw["fields"].append("ghost"), "没有字段 ghost"),
     (lambda raw: raw["fields"].insert(0, {"early": {"ask": "什么时候？", "about": "时候", "when": {"matter": ["x"]}}}), "在它之前没有问")],
)  # fmt: skip
def test_fields_that_do_not_fit_together_are_refused(change: Any, words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        service(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [(lambda raw: raw["wordings"].pop(), "至少要 12 种"),
     (lambda raw: raw.update(ip=["火星"]), "不在 glossary.yml"),
     (lambda raw: raw["basis"][0].update(source="ghost"), "未知来源 ghost"),
     (lambda raw: raw["fields"][0]["matter"].update(about="联系人"), "两个字段都叫“联系人”"),
     (lambda raw: raw.update(written=False), "只列了名称"),
     (lambda raw: raw["fields"].append({"more": {"ask": "还有？", "about": "还有", "when": {"who": ["ghost"]}, "kind": "text"}}),
      "没有选项 ghost"),
     (lambda raw: raw["fields"].append({"more": {"ask": "还有呢？", "about": "还有"}}), "选择步骤要有 choices")],
)  # fmt: skip
def test_the_lint_finds(change: Any, words: str) -> None:
    made = service(change)
    found = list(service_flaws(made, knowledge(services=(made,))))
    assert len(found) == 1
    assert words in found[0]


def test_the_catalogue_has_no_gaps_and_its_groups_exist() -> None:
    made = (service(), service(lambda raw: raw.update(order=3)))
    offered = knowledge(services=made[:1])
    assert list(catalogue_flaws(offered, ["综合窗口"])) == []
    assert ["综合窗口" in words for _, words in catalogue_flaws(offered, ["别的组"])] == [True]
    assert "应为 1 到 1" in next(words for _, words in catalogue_flaws(knowledge(services=made[1:]), ["综合窗口"]))
    assert [flaw for flaw in check(offered) if "services/" in flaw[0]] == []


def test_the_catalogue_of_this_repository_has_the_specification_s_order() -> None:
    services = real_knowledge().services.values()
    assert [(one.group, one.order) for one in services] == [
        *(("basic", place) for place in range(1, 18)), *(("special", place) for place in range(1, 6)),
    ]  # fmt: skip


def test_a_form_tells_what_it_asked_of_who_asks_in_the_words_of_the_site() -> None:
    intake, moment = Intake(real_knowledge(), load_site(ROOT / "knowledge")), datetime(2026, 11, 20, 10, tzinfo=ZONE)
    values = {"who": "school", "industry": "pharma", "district": "datong", "name": "王芳"}
    assert intake.terms("policy", values, moment).described == {
        "user_kind": "学校、科研院所", "industry": "生物医药、藏医药", "district": "大通县",
    }  # fmt: skip
    assert intake.terms("policy", {"who": "nobody"}, moment).described == {}


def test_what_forms_call_kinds_and_districts_the_site_calls_so_too() -> None:
    """Otherwise the same thing would be counted under two names."""
    offered = load_site(ROOT / "knowledge").described
    for offer in real_knowledge().services.values():
        if "district" in offer.form.steps:
            assert {choice.title for choice in offer.form.steps["district"].choices} <= set(offered.districts), offer.id
        if "who" in offer.form.steps:
            assert all(offered.kind_of(choice.id) for choice in offer.form.steps["who"].choices), offer.id
