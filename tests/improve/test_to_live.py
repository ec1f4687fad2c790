"""From a question that nobody could answer to a live answer, and back: people go on talking meanwhile, and nothing is lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.browser.chromium import in_chromium
from tests.browser.office import employ
from tests.clerks import Clerk
from tests.improve.drafting import ANSWER, FIELDS, QUESTION
from tests.ownership import followed, stored
from tests.product import TODAY, Product, Refused, known, shown
from zhixun.clock import new_token

pytestmark = pytest.mark.slow

PAGES = Path(__file__).with_name("to-live.test.mjs")
ASKED = "藏毯纹样的版权登记卡弄丢了去哪补一张"
_T = TypeVar("_T")
KNOWN = ("商标异议期是多久", "发明专利保护多少年", "怎么申请费用减缴", "版权保护多少年")
SECONDS = 900
"""A bound for machines that are busy with other things; alone it takes less than three minutes."""


def _patiently(act: Callable[[], _T]) -> _T:
    """Do something as the page does: when the store is busy, the same is sent again; a message is heard once by its id."""
    for _ in range(20):
        try:
            return act()
        except Refused as refused:
            if refused.code != "busy":
                raise
    return act()


@contextmanager
def _talking(product: Product) -> Iterator[list[str]]:
    """Let people talk all the while; gives what every turn of theirs ended with."""
    ended, statuses, errors = threading.Event(), list[str](), list[Exception]()

    def talk() -> None:
        try:
            while not ended.is_set():
                citizen = _patiently(product.open)
                for text in KNOWN:
                    once = new_token()
                    turn = _patiently(lambda citizen=citizen, text=text, once=once: citizen.say(text, once))
                    statuses.append(turn["status"] if known(turn) or turn["status"] != "answered" else "nothing")
                _patiently(citizen.close)
                ended.wait(0.3)
        except (AssertionError, Refused, OSError, KeyError) as error:
            errors.append(error)

    people = [threading.Thread(target=talk) for _ in range(2)]
    for one in people:
        one.start()
    try:
        yield statuses
    finally:
        ended.set()
        for one in people:
            one.join(60)
    assert errors == []


def _version(product: Product, clerk: Clerk, path: str, fields: dict[str, str] | None = None) -> str:
    """Begin a version and wait for its end; returns the page that tells of it."""
    status, to, page = clerk.send("POST", path, fields)
    assert status == 303, page

    def ended() -> str:
        page = clerk.send("GET", to)[2]
        return "" if 'hx-trigger="every 2s"' in page else page

    return product.running.until(ended, f"{to} ends", SECONDS)


def _models(product: Product) -> set[tuple[str, str]]:
    """Return the models and versions of the knowledge that answered, as the journal has them."""
    entries = [one for found in stored(product.data / "zhixun.db").values() for one in found if one.kind == "parsed"]
    return {(one.open["model"], one.open["version"]) for one in entries}


def _approved(wang: Clerk, li: Clerk, fields: dict[str, str]) -> str:
    """Write a draft and have a second person approve it; returns its address."""
    status, to, page = wang.send("POST", "/desk/improve/new", fields)
    assert status == 303, page
    draft = to.partition("?")[0]
    page = wang.send("GET", draft)[2]
    assert "没有毛病" in page, page
    assert wang.send("POST", f"{draft}/approve", {"version": "1"})[0] == 403, "nobody approves what they wrote themselves"
    assert li.send("POST", f"{draft}/approve", {"version": "1"})[0] == 303
    return draft


def test_an_answer_is_written_approved_tested_live_and_taken_back(deploy: Callable[..., Product], tmp_path: Path) -> None:
    product = deploy(LIMITS="off", TODAY=TODAY).start()
    passwords = employ(product, dict.fromkeys(("wang", "li"), ("--role", "reviewer")))
    told = {"ZHIXUN_URL": product.url, "ZHIXUN_STAFF": json.dumps(passwords), "ZHIXUN_ASKED": ASKED, "ZHIXUN_DRAFT": json.dumps(FIELDS)}
    own = product.data / "knowledge" / "answers" / f"{QUESTION}.yml"
    in_guide = product.open()
    assert in_guide.say("测一测能不能减缴专利费")["status"] == "guide"

    with _talking(product) as statuses:
        in_chromium([PAGES], told, tmp_path, only="^live:", seconds=SECONDS)
        assert "第2步" in shown(in_guide.say("企业")), "a guide in the middle goes on"
    assert len(statuses) > len(KNOWN)
    assert set(statuses) == {"answered"}, "people were answered all the while"
    assert len(_models(product)) == 2, "which engine and which knowledge answered is journalled"
    assert own.exists()

    product.stop()
    product.start()
    turn = product.open().say(ASKED)
    assert set(known(turn)) == {QUESTION}, "a restart comes up with what was live"
    assert ANSWER.partition("\n")[0] in shown(turn)

    with _talking(product) as statuses:
        in_chromium([PAGES], told, tmp_path, only="^back:", seconds=SECONDS)
    assert set(statuses) == {"answered"}
    product.running.until(lambda: not own.exists(), "its file is taken away")
    for one, entries in stored(product.data / "zhixun.db").items():
        assert followed(one, entries).unfinished == []
    product.verified()


def test_a_candidate_that_breaks_a_protected_question_is_refused_with_the_list(deploy: Callable[..., Product]) -> None:
    product = deploy(LIMITS="off", TODAY=TODAY).start()
    wang, li = Clerk.hired(product, "wang", "王芳", "reviewer"), Clerk.hired(product, "li", "李明", "reviewer")
    stolen = ("初审公告出来了别人还有几个月能提反对", "我父亲那边的商标公告了几个月里能反对", "初审公告出来以后还有几个月能提反对呀")
    fields = {**FIELDS, "wordings": "\n".join([*stolen, FIELDS["wordings"]])}
    draft = _approved(wang, li, fields)
    page = _version(product, li, "/desk/improve/versions")
    assert "没有通过" in page, page
    assert "受保护" in page
    assert "初审公告出来了，别人还有几个月能提反对" in page
    assert not (product.data / "knowledge" / "answers").exists()
    assert "已审批" in wang.send("GET", draft)[2], "the draft stays"
    assert "tm-opposition-period" in known(product.open().say("初审公告出来了，别人还有几个月能提反对"))
