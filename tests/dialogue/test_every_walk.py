"""The story of every guide and of every form: to the end, with corrections, with a question in between, left, with words that
fit nothing, and gone on with on the next day after everything was killed and started again.

Every path of the trees is walked without the engine in tests/knowledge/guides/test_every_path.py; here the whole product talks.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dialogue.walker import Walker
from tests.product import TODAY, Product, deployed
from tests.support import real_knowledge
from zhixun.knowledge.guides.model import CHOICE, SERVICE
from zhixun.knowledge.services.model import SENT

pytestmark = pytest.mark.slow

WALKS = real_knowledge().walks
NEXT_DAY = "2026-11-22"


@pytest.mark.parametrize("name", WALKS)
def test_to_the_end(product: Product, name: str) -> None:
    walker = Walker(product, WALKS[name]).begin().to_the_end()
    if WALKS[name].kind == SERVICE:
        assert walker.leaf == SENT
        assert "申请编号：FW-" in walker.told
        assert "138****3456" in "".join(text for _, text in walker.citizen.texts())
        assert "已收到，等待受理" in _told(walker, "我的申请到哪了")
    else:
        assert "本指引不是法律意见" in walker.told


@pytest.mark.parametrize("name", WALKS)
def test_corrected(product: Product, name: str) -> None:
    walker = Walker(product, WALKS[name]).begin()
    first = walker.step
    assert first is not None
    walker.answer()
    if walker.step is None:  # a calculator of one step has nothing to go back to
        assert WALKS[name].id == "trademark-term"
        return
    walker.asked().say("上一步")
    del walker.answers[first.id]
    walker.asked().answer()
    second = walker.asked().step
    assert second is not None
    walker.say(f"{first.about}{'选' if first.kind == CHOICE else '填'}错了")
    del walker.answers[first.id]
    walker.asked().answer(place=1)
    assert walker.step is None or walker.asked()


@pytest.mark.parametrize("name", WALKS)
def test_with_a_question_in_between(product: Product, name: str) -> None:
    walker = Walker(product, WALKS[name]).begin()
    before = walker.step
    turn = walker.say("商标异议期多久")
    assert turn["status"] == "answered"
    assert "3个月" in walker.told
    assert "我们接着" in walker.told
    assert walker.asked().step is before
    walker.answer()
    assert walker.step is None or walker.asked()


@pytest.mark.parametrize("name", WALKS)
def test_left(product: Product, name: str) -> None:
    walker = Walker(product, WALKS[name]).begin()
    assert "已退出" in _told(walker, "退出")
    assert walker.say("商标异议期多久")["status"] == "answered"
    assert "我们接着" not in walker.told


@pytest.mark.parametrize("name", WALKS)
def test_what_fits_nothing_three_times_offers_a_person(product: Product, name: str) -> None:
    walker = Walker(product, WALKS[name]).begin()
    for words in ("嘟嘟嘟嘟", "滴滴滴"):
        walker.say(words)
        assert "转人工" not in walker.told, walker.told
        walker.asked()
    turn = walker.say("哒哒哒哒")
    assert "转人工" in walker.told
    assert "转人工" in [button["title"] for reply in turn["replies"] for button in reply["buttons"]]
    walker.asked().answer()


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Walker]]:
    """Every walk begun and left after its first answer; then everything is killed, and started again on the next day."""
    with deployed(tmp_path_factory.mktemp("resumed"), LIMITS="off", TODAY=TODAY) as product:
        product.start()
        walkers = {name: Walker(product, guide).begin() for name, guide in WALKS.items()}
        for walker in walkers.values():
            if len(walker.guide.steps) > 1:
                walker.answer().asked()
        product.kill()
        product.settings["TODAY"] = NEXT_DAY
        product.start()
        yield walkers
        product.verified()


@pytest.mark.parametrize("name", WALKS)
def test_gone_on_with_on_the_next_day_after_a_restart(resumed: dict[str, Walker], name: str) -> None:
    walker = resumed[name]
    walker.answer()
    assert walker.step is None or walker.asked()


def _told(walker: Walker, words: str) -> str:
    walker.say(words)
    return walker.told
