"""The rendering: everything is there, everything is escaped, and the same entries give the same bytes."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from zhixun.archive.render import render
from zhixun.messages import Entry

NUMBER = "ZX-20261121-000001-1"
FILES = [("2026/11/21/x.json", "ab" * 32)]


def _entry(seq: int, kind: str, actor: str, open_: dict[str, object], private: dict[str, object] | None = None) -> Entry:
    return Entry(NUMBER, seq, "2026-11-21T02:03:04.567Z", kind, actor, open_, private)


OPENED = _entry(1, "opened", "zhixun", {"channel": "web", "region": "630100", "consent": True})


def _page(*entries: Entry) -> str:
    return render([OPENED, *entries], FILES).decode()


def _visible(page: str) -> str:
    body = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n")).find("body")
    assert body is not None
    return "".join(body.itertext())


def test_all_that_was_said_and_done_is_shown() -> None:
    basis = [{"title": "商标法", "locator": "第三十三条", "in_force": True}, {"title": "旧条例", "locator": "第二条", "in_force": False}]
    page = _page(
        _entry(2, "said", "citizen", {"turn": 1}, {"text": "异议期多长？\n我急用"}),
        _entry(3, "parsed", "engine", {"turn": 1, "status": "answered", "intent": "ask", "confidence": 0.9}),
        _entry(4, "said", "bot", {"turn": 1, "status": "answered", "knowledge": ["tm-1"]},
               {"text": "三个月", "basis": basis, "buttons": [{"title": "转人工", "payload": "转人工"}]}),
        _entry(5, "handed_off", "zhixun", {"state": "queued", "reason": "asked"}),
        _entry(6, "contact_left", "citizen", {"what": "phone"}, {"phone": "13800000000"}),
        _entry(7, "claimed", "staff:3", {"state": "staff"}),
        _entry(8, "said", "staff:3", {}, {"text": "您好，我是工作人员"}),
        _entry(9, "closed", "citizen", {"state": "closed", "reason": "citizen"}),
        _entry(10, "rated", "citizen", {"scores": {"content": 4, "attitude": 5, "new": 1}}, {"words": "很好"}),
        _entry(13, "rated", "citizen", {"scores": {"professionalism": 1}, "subject": "staff"}),
        _entry(14, "corrective_moved", "staff:3", {"corrective": "GJ-1", "standing": "acting"},
               {"cause": "生疏", "measure": "补训 13800000000"}),
        _entry(12, "guided", "engine", {"turn": 2, "leaf": "rich"}, {"title": "怎么办", "facts": [["权利", "商标"]]}),
        _entry(11, "surprise", "staff:4", {"what": "新的种类"}),
    )  # fmt: skip
    seen = _visible(page)
    for words in ("异议期多长？\n我急用", "三个月", "商标法 第三十三条", "旧条例 第二条（非现行）", "选项：转人工", "知识条目：tm-1",
                  "咨询人", "智能助手", "staff:3", "您好，我是工作人员", "尾号 0000",
                  "服务态度 5 分，服务内容 4 分，服务质量 未评，服务满意度 未评，new 1 分。意见：很好",
                  "评价 · 咨询人（人工服务）：专业水平 1 分", "整改 · staff:3：GJ-1 整改中。原因：生疏。措施：补训 尾号 0000",
                  "咨询开始 · 系统：咨询人同意服务说明",
                  "咨询人结束", "新的种类", "指引结果 · ", "怎么办（权利：商标）",
                  "2026-11-21 10:03:04", "NENT-QAXB-NENT-QAXB", "ab" * 32, "网页", "0.9"):  # fmt: skip
        assert words in seen, words
    # The page lies in the clear; the number is only in the encrypted entry.
    assert "13800000000" not in page


def test_a_page_is_for_itself() -> None:
    page = _page()
    assert "default-src 'none'" in page
    assert 'lang="zh-CN"' in page
    assert "@media print" in page
    for outside in ("<script", "http:", "https:", "<img", "<link", "url("):
        assert outside not in page


@given(st.text(), st.text())
def test_any_text_is_only_text(text: str, name: str) -> None:
    page = render([OPENED, _entry(2, "said", "citizen", {"turn": 1}, {"text": text}),
                   _entry(3, name, name, {name: text}, {"text": text})], FILES)  # fmt: skip
    body = ET.fromstring(page.decode("utf-8").removeprefix("<!DOCTYPE html>\n")).find("body")
    assert body is not None
    shown = body.find(".//div[@class='text']")
    assert shown is not None
    assert len(shown) == 0
    if text.isprintable():
        assert (shown.text or "") == text
    assert {child.tag for child in body.iter()} <= {"body", "h1", "h2", "table", "tr", "th", "td", "div", "p", "code", "br"}
    assert page == render([OPENED, _entry(2, "said", "citizen", {"turn": 1}, {"text": text}),
                           _entry(3, name, name, {name: text}, {"text": text})], FILES)  # fmt: skip


def test_an_attack_stays_words() -> None:
    page = _page(_entry(2, "said", "citizen", {"turn": 1}, {"text": "</div><script>alert(1)</script><img src=x onerror=alert(1)>"}))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
