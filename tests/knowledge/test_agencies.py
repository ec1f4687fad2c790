"""The register of agencies: its form, its lint with one damage for each rule, and whom typical matters are referred to."""

from __future__ import annotations

import dataclasses
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.knowledge.made import knowledge, question, source, write
from tests.support import ROOT, real_knowledge
from zhixun.knowledge.agencies.model import DISPUTES, KINDS, UNVERIFIED, VERIFIED, Agency, Contact, Facts
from zhixun.knowledge.agencies.propose import MOST, Proposal, gather, propose
from zhixun.knowledge.agencies.read import read_agencies
from zhixun.knowledge.check import check
from zhixun.knowledge.guides.model import Guide, Leaf
from zhixun.knowledge.load import KnowledgeError, load, read_file
from zhixun.knowledge.model import Basis, Knowledge

MADE = yaml.safe_load("""
disputes: {侵权纠纷: [期限], 被控侵权: [期限], 合同纠纷: [期限], 权属纠纷: [期限]}
agencies:
  near:
    kind: court
    name: 某市人民法院
    region: 西宁市
    competence: 审理商标侵权案件，要求停止和赔偿。
    for: [{rights: [商标], rank: 2, why: 商标纠纷可以起诉。, before: [没有约定仲裁]}]
    preconditions: [有明确的被告, 没有约定仲裁]
    how: 带起诉状和证据去立案。
    basis: [{source: law, at: 第一条, gist: 向法院起诉，电话0971-0000000。}]
    status: 已核实
    checked: 2026-11-20
    contact: {phone: 0971-0000000}
  asked:
    kind: hotline
    name: 某热线
    region: 全国
    competence: 受理诉求，转给主管部门办理。
    for: [{otherwise: true, rank: 3, why: 不知道归谁管的先问它。}]
    how: 直接拨打这个号码。
    basis: [{source: law, at: 第一条, gist: 受理非紧急诉求。}]
    status: 待核实
""")


def _made(change: Any = None) -> dict[str, Any]:
    raw = yaml.safe_load(yaml.safe_dump(MADE, allow_unicode=True, sort_keys=False))
    if change is not None:
        change(raw["agencies"])
    return raw


def _read(raw: dict[str, Any]) -> dict[str, Agency]:
    return read_agencies(raw, knowledge().glossary)


# ---- its form ----


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "agencies.yml"
    path.write_text(text, "utf-8")
    return path


def test_the_schema_and_the_program_name_the_same_kinds_and_disputes() -> None:
    schema = yaml.safe_load((ROOT / "zhixun" / "knowledge" / "schema.yml").read_text("utf-8"))["agencies"]["properties"]
    entry = schema["agencies"]["additionalProperties"]["properties"]
    assert set(entry["kind"]["enum"]) == KINDS.keys()
    assert set(entry["status"]["enum"]) == {VERIFIED, UNVERIFIED}
    assert tuple(schema["disputes"]["required"]) == DISPUTES


def test_a_sound_register_passes_its_schema(tmp_path: Path) -> None:
    path = _written(tmp_path, yaml.safe_dump(MADE, allow_unicode=True, sort_keys=False))
    agency = _read(read_file(path, "agencies"))["near"]
    assert (agency.kind_title, agency.verified, agency.checked) == ("人民法院", True, date(2026, 11, 20))
    assert agency.contact.told == ("0971-0000000",)


MALFORMED: dict[str, Any] = {
    "unknown kind": lambda a: a["near"].update(kind="temple"),
    "no rule": lambda a: a["near"].update({"for": []}),
    "a rule without a reason": lambda a: a["near"]["for"][0].pop("why"),
    "a rule without a rank": lambda a: a["near"]["for"][0].pop("rank"),
    "an unknown condition": lambda a: a["near"]["for"][0].update(weather=["雨"]),
    "an unknown dispute": lambda a: a["near"]["for"][0].update(disputes=["婚姻纠纷"]),
    "a status of its own": lambda a: a["near"].update(status="大概"),
    "a telephone that is none": lambda a: a["near"]["contact"].update(phone="问一下"),
    "an e-mail address that is none": lambda a: a["near"]["contact"].update(email="a.b.c"),
    "a webhook in the clear": lambda a: a["near"]["contact"].update(webhook="http://example.org/in"),
    "an id that is no id": lambda a: a.update(Near=a.pop("near")),
    "no competence": lambda a: a["near"].pop("competence"),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_what_breaks_the_schema_is_refused(change: Any, tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match=r"^agencies\.yml: "):
        read_file(_written(tmp_path, yaml.safe_dump(_made(change), allow_unicode=True, sort_keys=False)), "agencies")


def test_an_id_cannot_stand_twice(tmp_path: Path) -> None:
    with pytest.raises(KnowledgeError, match="键 near 在同一处写了两次"):
        read_file(_written(tmp_path, "disputes: {}\nagencies:\n  near: {}\n  near: {}\n"), "agencies")


def test_knowledge_is_loaded_with_its_agencies_and_an_empty_register_is_none(tmp_path: Path) -> None:
    assert {agency.kind for agency in real_knowledge().agencies.values()} == KINDS.keys()
    folder = write(tmp_path / "knowledge")
    assert load(folder).agencies == {}
    (folder / "agencies.yml").write_text(yaml.safe_dump(MADE, allow_unicode=True, sort_keys=False), "utf-8")
    assert list(load(folder).agencies) == ["near", "asked"]


def test_a_rule_and_a_region_mean_what_lies_in_them() -> None:
    def change(agencies: Any) -> None:
        agencies["near"].update(region="青海省")
        agencies["near"]["for"][0].update(rights=["专利"], disputes=["侵权纠纷"])

    agency = _read(_made(change))["near"]
    assert agency.fits[0].wanted["rights"] == {"专利", "发明"}
    assert agency.fits[0].wanted["disputes"] == {"侵权纠纷", "期限"}
    assert [agency.serves(region) for region in ("青海省", "西宁市", "福州市", "全国")] == [True, True, False, False]
    assert all(_read(MADE)["asked"].serves(region) for region in ("西宁市", "福州市", "全国"))


# ---- its lint ----


def _flaws(change: Any = None, **more: Any) -> list[tuple[str, str]]:
    """Return the flaws of the small register, those of kinds that it never has left out."""
    base = knowledge(question(), sources=more.pop("sources", ()), guides=more.pop("guides", ()))
    flaws = check(dataclasses.replace(base, agencies=_read(_made(change))))
    return [flaw for flaw in flaws if flaw[0].startswith("agencies.yml") and not flaw[1].startswith("没有“")]


def test_a_sound_register_has_no_flaws() -> None:
    assert _flaws() == []
    assert check(knowledge()) == []  # and knowledge that refers nobody has none either


NEAR, WHOLE = "agencies.yml: near", "agencies.yml"
ENDED = source("ended", until=date(2025, 12, 31))
OLD, NEW = source("old", until=date(2026, 12, 31), replaced_by="new"), source("new", since=date(2027, 1, 1))
U = source("unsure", verified="U")


def _cite(*names: str) -> Any:
    return lambda a: a["near"]["basis"].extend({"source": name, "at": "第一条", "gist": "可以起诉。"} for name in names)


def _rest_on(name: str) -> Any:
    return lambda a: a["near"]["basis"][0].update(source=name)


DAMAGED: dict[str, tuple[Any, str, str]] = {
    "unknown region": (lambda a: a["near"].update(region="火星"), NEAR, "地区“火星”不在 glossary.yml 的 places 里"),
    "verified without a day": (lambda a: a["near"].pop("checked"), NEAR, "已核实的要写明核对日期（checked）"),
    "contact that nobody has confirmed": (lambda a: a["near"].update(status="待核实"), NEAR, "待核实的不能有联系方式"),
    "webhook that nobody has confirmed": (
        lambda a: a["near"].update(status="待核实", contact={"webhook": "https://example.org/in"}), NEAR, "待核实的不能有联系方式",
    ),
    "contact that no source tells": (
        lambda a: a["near"]["contact"].update(address="某路一号人民法院"), NEAR, "联系方式“某路一号人民法院”不在依据的 gist 里",
    ),
    "a slip of the pen in a telephone": (
        lambda a: a["near"]["contact"].update(phone="0971-0000001"), NEAR, "联系方式“0971-0000001”不在依据的 gist 里",
    ),
    "no basis": (lambda a: a["asked"].pop("basis"), "agencies.yml: asked", "没有依据（basis）"),
    "verified without a basis": (
        lambda a: (a["near"].pop("basis"), a["near"].pop("contact")), NEAR, "没有依据（basis）",
    ),
    "unknown source": (_cite("gone"), NEAR, "未知来源 gone"),
    "only unverified sources": (_rest_on("unsure"), NEAR, "只依据未核实的来源"),
    "a law that ends without the next": (_cite("old"), NEAR, "来源 old 到 2026-12-31 为止，依据里还要有接替的 new"),
    "confirmed by a paper that has ended": (_cite("ended"), NEAR, "来源 ended 到 2025-12-31 为止，不能证明现在的情况，应为待核实"),
    "figure that no source tells": (lambda a: a["near"].update(how="15日内带起诉状去立案。"), NEAR, "数字“15日”不在依据的 gist 里"),
    "telephone among the words": (
        lambda a: a["near"].update(how="先打0971-0000002问。"), NEAR, "“0971-0000002”要写在 contact 里，不写进说明",
    ),
    "mobile among the reasons": (
        lambda a: a["near"]["for"][0].update(why="找小张13800000000起诉。"), NEAR, "“13800000000”要写在 contact 里，不写进说明",
    ),
    "rule without a condition": (lambda a: a["near"]["for"][0].pop("rights"), NEAR, "for 第 1 条：没有写适用的条件"),
    "unknown right": (lambda a: a["near"]["for"][0].update(rights=["域名权"]), NEAR, "for 第 1 条：rights 里的“域名权”不存在"),
    "unknown topic": (lambda a: a["near"]["for"][0].update(topics=["年费"]), NEAR, "for 第 1 条：topics 里的“年费”不存在"),
    "unknown stage": (lambda a: a["near"]["for"][0].update(stages=["审查"]), NEAR, "for 第 1 条：stages 里的“审查”不存在"),
    "unknown service": (lambda a: a["near"]["for"][0].update(services=["loan"]), NEAR, "for 第 1 条：services 里的“loan”不存在"),
    "unknown question": (lambda a: a["near"]["for"][0].update(questions=["q-two"]), NEAR, "for 第 1 条：questions 里的“q-two”不存在"),
    "unknown leaf": (lambda a: a["near"]["for"][0].update(leaves=["way/gone"]), NEAR, "for 第 1 条：leaves 里的“way/gone”不存在"),
    "nobody to ask when nothing fits": (
        lambda a: a["asked"]["for"][0].update(rights=["商标"]), WHOLE, "要有一家全国的、不带条件的 otherwise，都不合适时就请人问它",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "place", "flaw"), DAMAGED.values(), ids=DAMAGED)
def test_each_damage_is_found_and_named(change: Any, place: str, flaw: str) -> None:
    assert _flaws(change, sources=(ENDED, OLD, NEW, U)) == [(place, flaw)]


def test_a_law_that_ends_is_cited_with_the_next() -> None:
    assert _flaws(_cite("old", "new"), sources=(OLD, NEW)) == []


def test_a_past_paper_may_name_a_body_that_nobody_has_confirmed() -> None:
    def change(agencies: Any) -> None:
        agencies["near"].update(status="待核实")
        del agencies["near"]["contact"]
        _cite("ended")(agencies)

    assert _flaws(change, sources=(ENDED,)) == []


def test_a_dispute_shown_by_a_topic_that_no_question_has_is_found() -> None:
    raw = _made(lambda a: a["near"]["for"][0].update(disputes=["侵权纠纷"]))
    raw["disputes"]["侵权纠纷"] = ["打架"]
    flaws = check(dataclasses.replace(knowledge(), agencies=_read(raw)))
    assert (NEAR, "for 第 1 条：disputes 里的“打架”不存在") in flaws


def test_every_kind_must_occur() -> None:
    flaws = check(dataclasses.replace(knowledge(), agencies=_read(MADE)))
    missing = {flaw for place, flaw in flaws if place == WHOLE}
    assert missing == {f"没有“{title}”（{kind}）" for kind, title in KINDS.items() if kind not in ("court", "hotline")}


def _way(*leaves: tuple[str, str, str]) -> Guide:
    made = {
        name: (Leaf(name, "某条路", text, (Basis("law", "第一条", "可以走这条路。"),), date(2026, 11, 20), body=body),)
        for name, text, body in leaves
    }
    return Guide("way", "某指引", "帮人选路", ("商标",), "期限", (), "first", {}, made, file="way.yml")


@pytest.mark.parametrize(
    ("text", "body", "linked", "flaw"),
    [
        ("起诉。", "西宁市中级人民法院", True, ""),
        ("起诉。", "先打12368问", True, "名录把人民法院连到这个结论，指引没有提到"),
        ("谈不成找法院。", "先打12368问", True, ""),
        ("起诉。", "西宁市中级人民法院", False, "指引说找人民法院，名录里没有一家连到这个结论"),
        ("报案。", "有管辖权的法院，公安机关", True, "指引说找公安机关，名录里没有一家连到这个结论"),
        ("举报。", "法院或西宁市市场监督管理局（知识产权局）", True, "指引说找市场监督管理部门，名录里没有一家连到这个结论"),
    ],
)
def test_a_guide_and_the_register_send_people_to_the_same_kinds(text: str, body: str, linked: bool, flaw: str) -> None:
    guide = _way(("sue", text, body), ("talk", "先谈。", "法院"))

    def change(agencies: Any) -> None:
        agencies["near"]["for"].append({"leaves": ["way/talk", *(["way/sue"] if linked else [])], "rank": 1, "why": "指引走到了法院。"})

    found = [told for place, told in _flaws(change, guides=(guide,)) if place == "agencies.yml: way/sue"]
    assert found == ([flaw] if flaw else [])


# ---- whom a matter is referred to ----


def _agency(name: str, kind: str, *fits: dict[str, Any], region: str = "全国") -> dict[str, Any]:
    return {
        "kind": kind, "name": name, "region": region, "competence": "办某一类事情，不办别的。", "how": "直接去。", "status": UNVERIFIED,
        "for": [{"why": f"可以找{name}。", "rank": 1, **fit} for fit in fits],
    }  # fmt: skip


def _register(**agencies: dict[str, Any]) -> dict[str, Agency]:
    return _read({"disputes": {name: ["打架"] for name in DISPUTES}, "agencies": agencies})


def _ids(proposals: list[Proposal]) -> list[str]:
    return [proposal.agency.id for proposal in proposals]


MARK = Facts(region="西宁市", rights=frozenset({"商标"}), topics=frozenset({"打架"}))


def test_the_rank_comes_first_then_the_narrower_rule_then_the_nearer_agency() -> None:
    register = _register(
        last=_agency("甲", "police", {"rights": ["商标"], "rank": 2}),
        wide=_agency("乙", "court", {"rights": ["商标"]}),
        far=_agency("丙", "notary", {"rights": ["商标"], "topics": ["打架"]}),
        province=_agency("丁", "customs", {"rights": ["商标"], "topics": ["打架"]}, region="青海省"),
        city=_agency("戊", "banks", {"rights": ["商标"], "disputes": ["侵权纠纷"]}, region="西宁市"),
    )
    assert _ids(propose(register, MARK)) == ["city", "province", "far", "wide", "last"]
    assert _ids(propose(register, dataclasses.replace(MARK, region="福州市"))) == ["far", "wide", "last"]


def test_a_second_one_of_a_kind_is_proposed_only_for_what_the_first_is_not_right_for() -> None:
    register = _register(
        narrow=_agency("甲", "court", {"rights": ["发明"], "topics": ["打架"]}, region="青海省"),
        general=_agency("乙", "court", {"rights": ["商标", "专利"], "topics": ["打架"]}),
    )
    both = frozenset({"打架"})
    assert _ids(propose(register, Facts("西宁市", frozenset({"发明"}), topics=both))) == ["narrow"]
    assert _ids(propose(register, Facts("西宁市", frozenset({"商标"}), topics=both))) == ["general"]
    assert _ids(propose(register, Facts("西宁市", frozenset({"发明", "商标"}), topics=both))) == ["narrow", "general"]


def test_never_more_than_six() -> None:
    register = _register(**{f"a{n}": _agency(f"第{n}", kind, {"rights": ["商标"]}) for n, kind in enumerate(KINDS)})
    assert len(propose(register, MARK)) == MOST == 6


def test_all_conditions_of_a_rule_must_be_met_and_its_words_said() -> None:
    register = _register(
        court=_agency("甲", "court", {"rights": ["商标"], "words": ["起诉", "官司"]}), asked=_agency("乙", "hotline", {"otherwise": True})
    )
    assert _ids(propose(register, dataclasses.replace(MARK, words="想打官司"))) == ["court"]
    assert _ids(propose(register, dataclasses.replace(MARK, words="想问问"))) == ["asked"]
    assert _ids(propose(register, Facts(words="想打官司"))) == ["asked"]


def test_the_last_resort_counts_only_when_nothing_else_fits() -> None:
    register = _register(
        asked=_agency("甲", "hotline", {"otherwise": True}), office=_agency("乙", "ip_office", {"rights": ["商标"], "otherwise": True}),
        court=_agency("丙", "court", {"topics": ["打架"]}),
    )  # fmt: skip
    assert _ids(propose(register, MARK)) == ["court"]
    assert _ids(propose(register, Facts(rights=frozenset({"商标"})))) == ["office", "asked"]
    assert _ids(propose(register, Facts())) == ["asked"]


def test_a_proposal_tells_its_reason_and_what_must_be_checked_before_once() -> None:
    first, *_ = propose(_read(MADE), MARK)
    assert (first.agency.id, first.reason) == ("near", "商标纠纷可以起诉。")
    assert first.before == ("没有约定仲裁", "有明确的被告")
    assert first.shown == {"商标"}


def test_facts_are_gathered_from_what_was_given() -> None:
    real = real_knowledge()
    facts = gather(
        real, ["tm-squatted", "guide:dispute-route", "service:aid", "dispute-route/sue-trademark", "gone"], region="西宁市", rights=["综合"]
    )
    assert facts.rights == {"商标"}
    assert facts.topics == {"抢注", "纠纷途径", "维权援助"}
    assert (facts.services, facts.questions, facts.leaves) == ({"aid"}, {"tm-squatted"}, {"dispute-route/sue-trademark"})


def test_words_tell_the_kind_of_dispute_only_when_no_question_does() -> None:
    real = real_knowledge()
    assert gather(real, [], region="西宁市", words="有人抄袭我的画").disputes == {"侵权纠纷"}
    assert gather(real, ["dispute-letter"], region="西宁市", words="有人说我抄袭").disputes == frozenset()
    assert gather(real, ["dispute-letter"], region="西宁市", disputes=["被控侵权"]).disputes == {"被控侵权"}


@cache
def _proposed(names: tuple[str, ...], region: str, words: str, rights: tuple[str, ...]) -> tuple[Proposal, ...]:
    real = real_knowledge()
    return tuple(propose(real.agencies, gather(real, names, region=region, words=words, rights=rights)))


XINING = "西宁市"
MATTERS: list[tuple[str, str, str, list[str]]] = [
    ("tm-infringement-act", XINING, "", ["market-supervision-xining", "mediation-people", "court-competent", "notary", "lawyers"]),
    ("tm-infringement-act", XINING, "制假窝点，违法所得多", ["market-supervision-xining", "police", "mediation-people", "court-competent"]),
    ("tm-infringement-act", "福州市", "", ["market-supervision-local", "mediation-people", "court-competent"]),
    ("tm-infringement-act", XINING, "有人进口一批假货", ["customs-port", "market-supervision-xining", "mediation-people", "court-competent"]),
    ("patent-infringed", XINING, "", ["mediation-people", "ip-office-qinghai", "court-xining-intermediate", "notary", "lawyers"]),
    ("patent-infringed", "青海省", "", ["mediation-people", "ip-office-qinghai", "court-xining-intermediate"]),
    ("patent-infringed", "福州市", "", ["mediation-people", "ip-office-local", "court-competent"]),
    ("patent-ownership-dispute", XINING, "", ["ip-office-qinghai", "mediation-people", "court-xining-intermediate"]),
    ("patent-reward", XINING, "", ["ip-office-qinghai", "mediation-people"]),
    ("patent-fake-report", XINING, "", ["market-supervision-xining", "hotline-12315"]),
    ("customs-detain", XINING, "", ["customs-port", "court-competent"]),
    ("customs-record", XINING, "", ["customs-record"]),
    ("customs-goods-held", XINING, "", ["customs-port", "lawyers"]),
    ("pv-infringe", XINING, "", ["agriculture-forestry-local", "mediation-people", "court-xining-intermediate"]),
    ("pv-apply", XINING, "", ["plant-variety-office"]),
    ("ic-infringe", XINING, "", ["cnipa", "mediation-people", "court-xining-intermediate"]),
    ("finance-pledge-how", XINING, "", ["banks", "valuers", "cnipa"]),
    ("finance-trademark-pledge", XINING, "", ["banks", "valuers", "trademark-office"]),
    ("service:finance", XINING, "", ["banks", "valuers", "cnipa"]),
    ("service:transfer", XINING, "", ["valuers", "cnipa"]),
    ("service:evidence", XINING, "", ["notary", "aid-station-xining"]),
    ("service:aid", XINING, "", ["aid-station-xining", "mediation-people", "lawyers"]),
    ("service:dispute", XINING, "", ["mediation-people", "aid-station-xining"]),
    ("service:search", XINING, "", ["tisc-qingzang", "outlet-library", "ip-agents"]),
    ("service:four-places", XINING, "提锂的专利", ["tisc-salt-lake", "outlet-productivity-centre"]),
    ("service:priority", XINING, "", ["ip-office-qinghai"]),
    ("service:data", XINING, "", ["ip-office-qinghai"]),
    ("ec-domain", XINING, "", ["market-supervision-xining", "mediation-people", "court-competent"]),
    ("uc-confuse", XINING, "", ["market-supervision-xining", "mediation-people", "court-competent"]),
    ("ts-leave", XINING, "", ["market-supervision-xining", "mediation-people", "court-xining-intermediate"]),
    ("gi-violate", XINING, "", ["market-supervision-xining", "mediation-people", "court-competent"]),
    ("gi-apply", XINING, "", ["ip-office-qinghai"]),
    ("cr-infringe", XINING, "", ["mediation-people", "copyright-enforcement", "court-competent"]),
    ("cr-infringe", XINING, "书店批量卖盗版书", ["copyright-enforcement", "mediation-people", "court-competent"]),
    ("sw-copied", XINING, "", ["mediation-people", "copyright-enforcement", "court-xining-intermediate"]),
    ("cr-register-qinghai", XINING, "", ["copyright-qinghai", "hotline-12345"]),
    ("cr-register", "福州市", "", ["copyright-centre"]),
    ("sw-register", XINING, "", ["copyright-centre"]),
    ("tm-squatted", XINING, "", ["trademark-office", "mediation-people"]),
    ("patent-reexam", XINING, "", ["cnipa", "court-beijing-ip"]),
    ("patent-reexam-lawsuit", XINING, "", ["court-beijing-ip"]),
    ("patent-annual-fee", XINING, "", ["patent-counter-xining"]),
    ("patent-annual-fee", "福州市", "", ["patent-counter-local"]),
    ("licence-rnd-failure", XINING, "", ["mediation-people", "arbitration-agreed", "court-competent"]),
    ("licence-rnd-failure", XINING, "不想公开，私下谈", ["mediation-commercial", "arbitration-agreed", "court-competent"]),
    ("dispute-letter", XINING, "", ["mediation-people", "lawyers", "aid-station-xining", "hotline-12348"]),
    ("dispute-summons", XINING, "我请不起律师", ["court-competent", "mediation-people", "legal-aid"]),
    ("dispute-appraisal", XINING, "", ["appraisers", "hotline-12348"]),
    ("overseas-dispute", XINING, "", ["overseas-guidance", "ip-office-qinghai", "lawyers"]),
    ("agency-scammed", XINING, "", ["police", "hotline-96110"]),
    ("agency-complain", XINING, "", ["market-supervision-xining", "ip-office-qinghai"]),
    ("crime-counterfeit-report", XINING, "", ["police", "market-supervision-xining", "hotline-12315"]),
    ("oos-fake-seeds", XINING, "", ["agriculture-forestry-local"]),
    ("patent-excluded", XINING, "", ["market-supervision-xining", "patent-counter-xining", "hotline-12345"]),
    ("oos-tax", XINING, "", ["hotline-12345"]),
]


@pytest.mark.parametrize(("name", "region", "words", "expected"), MATTERS)
def test_a_typical_matter_goes_where_it_belongs(name: str, region: str, words: str, expected: list[str]) -> None:
    assert _ids(list(_proposed((name,), region, words, ())))[: len(expected)] == expected


@pytest.mark.parametrize(("name", "words"), [("tm-infringement-act", "货不太像"), ("cr-infringe", ""), ("patent-infringed", "想要赔偿")])
def test_the_police_are_named_only_when_a_crime_is_spoken_of(name: str, words: str) -> None:
    assert "police" not in _ids(list(_proposed((name,), XINING, words, ())))


def test_an_accused_citizen_is_not_sent_to_report_others() -> None:
    for name in ("dispute-letter", "dispute-summons", "tm-accused", "cr-demand", "ts-accused"):
        found = _ids(list(_proposed((name,), XINING, "有人说我侵权", ())))
        assert found, name
        assert not {"market-supervision-xining", "ip-office-qinghai", "copyright-enforcement", "police"} & set(found), name


def test_before_an_adjudication_it_is_checked_that_nobody_has_sued() -> None:
    found = {proposal.agency.id: proposal for proposal in _proposed(("patent-infringed",), XINING, "", ())}
    assert "双方都没有就这件事起诉，也没有约定仲裁等别的方式" in found["ip-office-qinghai"].before
    assert "一方明确拒绝的不得调解" in "".join(found["mediation-people"].before)


def test_the_right_that_a_form_tells_counts() -> None:
    words = "有人假冒我的东西"
    assert _ids(list(_proposed((), XINING, words, ("商标",))))[0] == "market-supervision-xining"
    assert _ids(list(_proposed((), XINING, words, ("植物新品种",))))[0] == "agriculture-forestry-local"


# ---- the register of this repository ----


def test_no_question_service_or_guide_leaves_somebody_without_an_agency() -> None:
    real = real_knowledge()
    for region in (XINING, "青海省", "外省", "全国"):
        for name in real.topics:
            found = propose(real.agencies, gather(real, [name], region=region))
            assert 1 <= len(found) <= MOST, name
            assert all(proposal.agency.serves(region) and proposal.reason for proposal in found), name


def test_every_leaf_of_the_dispute_guide_names_the_kinds_of_its_body() -> None:
    real = real_knowledge()
    for leaf in real.guides["guide:dispute-route"].leaves:
        facts = gather(real, [f"dispute-route/{leaf}"], region=XINING)
        linked = {
            agency.kind for agency in real.agencies.values() for fit in agency.fits
            if agency.serves(XINING) and facts.leaves <= fit.wanted.get("leaves", frozenset())
        }  # fmt: skip
        assert linked <= {proposal.agency.kind for proposal in propose(real.agencies, facts)}, leaf


def test_every_agency_is_proposed_in_some_matter() -> None:
    real = real_knowledge()
    silent = []
    for agency in real.agencies.values():
        region = agency.region if agency.regions else "外省"
        for fit in agency.fits:
            facts = Facts(region, words="，".join(fit.words), **{name: frozenset(values) for name, values in fit.wanted.items()})
            if agency.id in _ids(propose(real.agencies, facts)):
                break
        else:
            silent.append(agency.id)
    assert silent == []


def test_the_same_facts_always_give_the_same_list() -> None:
    real = real_knowledge()
    names = ["patent-infringed", "patent-invalid-how", "tm-squatted", "service:dispute"]
    first, second = (
        propose(real.agencies, gather(real, order, region=XINING, words="被骗了，有窝点")) for order in (names, reversed(names))
    )
    assert first == second
    assert len(first) == MOST


def test_what_nobody_has_confirmed_has_no_contact_and_says_so() -> None:
    real: Knowledge = real_knowledge()
    for agency in real.agencies.values():
        if agency.verified:
            assert agency.contact.told, agency.id
        else:
            assert agency.status == UNVERIFIED, agency.id
            assert agency.contact == Contact(), agency.id
