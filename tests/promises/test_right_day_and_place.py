"""Promise 4: the answer in force on the day and in the place is given; another's is at most shown labelled as such."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from tests.product import Product, call, deployed, known, shown
from tests.support import real_knowledge

pytestmark = pytest.mark.slow

LAST_DAY, FIRST_DAY = "2026-12-31", "2027-01-01"
OPPOSITION = ("商标异议期是多久", "初审公告后多长时间内可以提异议", "我要对别人的商标提异议，有几个月时间")
STAFFING = ("公共服务机构要配几名专职人员", "西宁的公共服务机构要配几个人", "服务机构只有兼职人员可以吗")
FUZHOU = ("福州的公共服务网点要配几名专职人员", "福州公共服务网点人员有什么要求", "福州的网点要配几个人")
OTHERS = "3名及以上"


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Product]]:
    """Give the same product on the last day of the old law and on the first day of the new one."""
    folder = tmp_path_factory.mktemp("days")
    with (
        deployed(folder / "old", LIMITS="off", TODAY=LAST_DAY) as old,
        deployed(folder / "new", LIMITS="off", TODAY=FIRST_DAY) as new,
    ):
        both = {LAST_DAY: old, FIRST_DAY: new}
        for product in both.values():
            product.start("")
        for product in both.values():
            product.running.wait_for("智能应答已就绪")
        yield both


@pytest.mark.parametrize("question", OPPOSITION)
def test_on_the_last_day_the_old_period_holds_and_the_new_one_is_announced(days: dict[str, Product], question: str) -> None:
    turn = days[LAST_DAY].open().say(question)
    assert turn["status"] == "answered"
    said = [reply["text"] for reply in turn["replies"]]
    assert "3个月" in said[0]
    assert "2个月" not in said[0]
    assert "2027年1月1日" in said[-1]
    assert "2个月" in said[-1]
    basis = [each for reply in turn["replies"] for each in reply["basis"]]
    assert basis
    assert all(each["in_force"] for each in basis)
    assert any("2019年修正" in each["title"] and each["locator"] == "第三十三条" for each in basis)


@pytest.mark.parametrize("question", OPPOSITION)
def test_on_the_first_day_the_new_period_holds(days: dict[str, Product], question: str) -> None:
    turn = days[FIRST_DAY].open().say(question)
    assert turn["status"] == "answered"
    assert "2个月" in turn["replies"][0]["text"]
    assert "自2027年1月1日起，异议期缩短" not in shown(turn)
    basis = [each for reply in turn["replies"] for each in reply["basis"]]
    assert any("2026年修订" in each["title"] and each["in_force"] for each in basis)
    assert not any("2019年修正" in each["title"] and each["in_force"] for each in basis)


def test_every_rule_that_changes_with_the_new_law_is_told_on_its_day(days: dict[str, Product]) -> None:
    """Each question with an answer from that day on: the old text and the reminder the day before, then the new text."""
    changed = [
        (question, old, new)
        for question in real_knowledge().questions.values()
        for old in question.answers
        for new in question.answers
        if old.region == new.region == "全国" and new.since == date.fromisoformat(FIRST_DAY) and old.until == date.fromisoformat(LAST_DAY)
    ]
    assert len(changed) > 70
    missed = []
    for question, old, new in changed:
        turns = [days[day].open().say(question.title) for day in (LAST_DAY, FIRST_DAY)]
        before, after = ([reply["text"] for reply in turn["replies"]] for turn in turns)
        if before[:-1] != list(old.bubbles) or new.brief not in before[-1] or after != list(new.bubbles):
            missed.append(question.id)
    assert missed == []


@pytest.mark.parametrize(
    ("asked", "old", "new"),
    [
        ("商标异议期是多久", "3个月", "2个月"),
        ("囤商标抢注名人名字会被罚吗", "3万元", "10万元"),
        ("驰名商标怎么认定能不能宣传", "10万元罚款", "10万元以下"),
        ("什么样的标志可以注册成商标", "声音", "动态标志"),
    ],
)
def test_a_changed_figure_is_the_days_own(days: dict[str, Product], asked: str, old: str, new: str) -> None:
    before, after = days[LAST_DAY].open().say(asked), days[FIRST_DAY].open().say(asked)
    assert old in shown(before)
    assert new in shown(after)
    assert "提醒：自2027年1月1日起" in shown(before)
    assert "提醒：自2027年1月1日起" not in shown(after)


def test_a_clause_tells_whether_it_is_in_force_that_day(days: dict[str, Product]) -> None:
    for day, old_holds in ((LAST_DAY, True), (FIRST_DAY, False)):
        old = call(days[day].url, "GET", "/api/v1/clauses?source=trademark-law-2019&at=x")
        new = call(days[day].url, "GET", "/api/v1/clauses?source=trademark-law-2026&at=x")
        assert (old["in_force"], new["in_force"]) == (old_holds, not old_holds)


def test_the_number_of_a_consultation_carries_the_legal_day(days: dict[str, Product]) -> None:
    for day, product in days.items():
        assert f"-{day.replace('-', '')}-" in product.open().number


@pytest.mark.parametrize("question", STAFFING)
@pytest.mark.parametrize("region", ["西宁市", None])
def test_xining_is_told_its_own_staffing(product: Product, question: str, region: str | None) -> None:
    turn = product.open(**({"region": region} if region else {})).say(question)
    assert turn["status"] == "answered"
    said = shown(turn)
    assert "1名及以上专职" in said
    assert "2名及以上兼职" in said
    assert OTHERS not in said
    assert all(each["region"] != "福州市" for reply in turn["replies"] for each in reply["basis"])


@pytest.mark.parametrize("question", FUZHOU)
def test_fuzhous_staffing_is_given_only_labelled(product: Product, question: str) -> None:
    turn = product.open(region="西宁市").say(question)
    said = shown(turn)
    if OTHERS in said:
        assert said.startswith("【福州市的规定，不适用于西宁市，仅供参考")
        assert all(each["region"] == "福州市" for reply in turn["replies"] for each in reply["basis"])
    else:
        assert "1名及以上专职" not in said, "Xining's rule was given for Fuzhou's"


def test_the_label_stays_in_the_transcript_and_in_the_sealed_file(product: Product) -> None:
    citizen = product.open()
    citizen.say(FUZHOU[0])
    assert any(text.startswith("【福州市的规定") for who, text in citizen.texts() if who == "bot")
    citizen.close()
    page = next(product.data.glob(f"archive/**/{citizen.number}.html")).read_text("utf-8")
    assert "【福州市的规定" in page


def test_a_person_in_fuzhou_is_told_fuzhous_own(product: Product) -> None:
    """Another deployment's citizen: the region of the session decides, not the deployment."""
    turn = product.open(region="福州市").say("公共服务网点要配几名专职人员")
    assert OTHERS in shown(turn)
    assert "不适用于" not in shown(turn)
    assert known(turn)[0] == "xining-staffing"


@pytest.mark.parametrize("question", ["临夏知识产权宣传周什么时候", "莆田万里行分哪几个阶段"])
def test_papers_of_other_places_that_have_run_out_are_said_to_have(product: Product, question: str) -> None:
    turn = product.open().say(question)
    assert turn["status"] == "answered"
    label = shown(turn).partition("】")[0]
    assert label.startswith("【")
    assert "不适用于西宁市" in label
    assert "已到期" in label
    assert not any(each["in_force"] for reply in turn["replies"] for each in reply["basis"])
