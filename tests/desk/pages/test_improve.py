"""The pages of improvement: what was not answered, drafts, approval by a second person, and versions."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio

from tests.desk.whole import Staff, Whole, whole_desk
from tests.improve.drafting import ANSWER, FIELDS, QUESTION
from tests.support import Office, answered, real_knowledge
from zhixun.improve.candidates import Candidates
from zhixun.improve.drafts import Drafts
from zhixun.improve.gate import Case, Outcome, verdict_of
from zhixun.messages import EngineTurn, Reply

UNKNOWN = EngineTurn("unknown", (Reply("没有经过核对的答复。"),), parsed={"ranking": [{"question": "cr-register", "confidence": 0.2}]})
ASKED = "藏毯纹样登记卡丢了怎么补办"


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _missed(office: Office, *words: str, engine: EngineTurn = UNKNOWN) -> str:
    number = await office.open()
    for text in words:
        office.engine.answers[text] = engine
        await office.turns.say(number, text)
    await office.consultations.close(number)
    office.clock.turn_by(timedelta(minutes=1))
    return number


async def _begun(who: Staff, **more: str) -> str:
    answer = await who.post("/desk/improve/new", {**FIELDS, **more})
    assert answer.status == 303, answer.text
    return str(answer.headers["Location"]).partition("?")[0]


async def test_what_was_not_answered_is_listed_masked_with_the_nearest_question(whole: Whole) -> None:
    clerk = await whole.enter("clerk")
    assert "没有没答好的提问" in (await clerk.get("/desk/improve")).text
    asked = (ASKED, "请问藏毯纹样登记卡丢了怎么补", "我在0971-6123456那家店，外观年费多少")
    numbers = [await _missed(whole.office, words) for words in asked]
    page = (await clerk.get("/desk/improve")).text
    assert page.index(ASKED) < page.index("外观年费")
    assert "0971-6123456" not in page
    assert "作品版权怎么登记" in page
    assert "没有经过核对的答复" in page
    assert f"{numbers[0]}/1" in page
    assert f"/desk/cases/{numbers[1]}" in page


async def test_what_is_dealt_with_is_listed_no_more_and_stands_in_the_day_book(whole: Whole) -> None:
    clerk = await whole.enter("clerk")
    number = await _missed(whole.office, ASKED)
    done = await clerk.post("/desk/improve/settle", {"turns": f"{number}/1", "how": "ignored", "days": "7", "why": "unknown"})
    assert (done.status, done.headers["Location"]) == (303, "/desk/improve?days=7&why=unknown&done=settled")
    assert ASKED not in (await clerk.get("/desk/improve")).text
    assert await whole.notes("turns_settled") == [
        ("turns_settled", "staff:clerk", {"how": "ignored", "count": 1, "turns": [f"{number}/1"]}, None)
    ]  # fmt: skip
    for given in ({"turns": "", "how": "done"}, {"turns": f"{number}/1", "how": "live"}, {"turns": f"{number}/1", "how": "x"}):
        assert (await clerk.post("/desk/improve/settle", given)).status == 400


async def test_reviews_and_low_ratings_bring_answered_turns_back(whole: Whole) -> None:
    clerk, reviewer = await whole.enter("clerk"), await whole.enter("reviewer")
    wrong = await _missed(whole.office, "发明专利保护几年", engine=answered("二十年"))
    low = await _missed(whole.office, "商标怎么续展", engine=answered("到期前办"))
    fine = await _missed(whole.office, "著作权多少年", engine=answered("五十年"))
    scores = {"professionalism": 5, "attitude": 5, "content": 2, "quality": 5, "satisfaction": 5}
    await whole.office.ratings.rate(low, scores, "")
    for number, mark in ((wrong, "wrong"), (fine, "correct")):
        assert (await reviewer.post(f"/desk/cases/{number}/review", {"mark": mark, "words": "依据旧了"})).status == 303
    page = (await clerk.get("/desk/improve")).text
    assert ("发明专利保护几年" in page, "商标怎么续展" in page, "著作权多少年" in page) == (True, True, False)
    only = (await clerk.get("/desk/improve?why=rated")).text
    assert ("发明专利保护几年" in only, "商标怎么续展" in only) == (False, True)


async def test_a_draft_is_written_seen_approved_by_another_and_sent_back(whole: Whole) -> None:
    clerk, reviewer, chief = await whole.enter("clerk"), await whole.enter("reviewer"), await whole.enter("reviewer", "chief")
    draft = await _begun(clerk)
    page = (await clerk.get(draft)).text
    assert "没有毛病" in page
    assert ANSWER.partition("\n")[0] in page
    assert "中华人民共和国著作权法（2020年修正）" in page
    assert (await clerk.post(f"{draft}/approve", {"version": "1"})).status == 403
    assert (await reviewer.post(draft, {**FIELDS, "topic": "登记卡"})).status == 303
    own = await reviewer.post(f"{draft}/approve", {"version": "2"})
    assert (own.status, "您写过这份草稿" in own.text) == (403, True)
    assert (await chief.post(f"{draft}/approve", {"version": "1"})).status == 409
    assert (await chief.post(f"{draft}/approve", {"version": "2"})).status == 303
    assert "已审批" in (await clerk.get("/desk/improve/drafts")).text
    assert (await chief.post(f"{draft}/back", {"why": ""})).status == 422
    assert (await chief.post(f"{draft}/back", {"why": "依据再核对"})).status == 303
    assert "依据再核对" in (await clerk.get(draft)).text
    assert "藏毯纹样版权登记卡" in (await clerk.get(f"{draft}/texts/1")).text
    assert (await clerk.get(f"{draft}/texts/9")).status == 404
    assert [kind for kind, *_ in await whole.notes("draft_saved", "draft_approved", "draft_sent_back")] == [
        "draft_saved", "draft_saved", "draft_approved", "draft_sent_back"
    ]  # fmt: skip


async def test_a_draft_with_flaws_can_be_kept_but_not_approved(whole: Whole) -> None:
    clerk, chief = await whole.enter("clerk"), await whole.enter("reviewer")
    draft = await _begun(clerk, a0_text="补办要交20元。", next="nowhere")
    page = (await clerk.get(draft)).text
    assert "数字“20元”没有列入 facts" in page
    assert "next 指向不存在的问题或指引 nowhere" in page
    refused = await chief.post(f"{draft}/approve", {"version": "1"})
    assert (refused.status, "改好才能审批" in refused.text) == (409, True)


async def test_what_cannot_be_read_is_drawn_again_with_what_was_written(whole: Whole) -> None:
    clerk = await whole.enter("clerk")
    for name, value in (("id", "No"), ("wordings", f"{FIELDS['wordings']}\n打13897123456问的"), ("a0_basis", "只有来源")):
        page = await clerk.post("/desk/improve/new", {**FIELDS, name: value, "turns": "ZX-20261120-000001-7/1"})
        assert page.status == 422
        assert f'id="error-{name}"' in page.text
        assert "藏毯纹样版权登记卡怎么补办" in page.text
        assert 'name="turns" value="ZX-20261120-000001-7/1"' in page.text
    draft = await _begun(clerk)
    page = await clerk.post(draft, {**FIELDS, "title": ""})
    assert (page.status, 'id="error-title"' in page.text) == (422, True)
    again = await clerk.post("/desk/improve/new", FIELDS)
    assert (again.status, "已有同事在改" in again.text) == (422, True)


async def test_a_question_that_is_live_is_opened_with_all_it_has_and_only_the_change_is_shown(whole: Whole) -> None:
    clerk = await whole.enter("clerk")
    page = (await clerk.get("/desk/improve/new?question=tm-opposition-period")).text
    assert "修改：商标异议期是多久" in page
    assert "{term:" in page
    assert "没有不同。" in page
    fields = {name: html.unescape(value) for name, value in _form(page).items()}
    more = f"{fields['wordings']}\n公告以后几个月里能提反对意见"
    seen = await clerk.post("/desk/improve/look", {**fields, "wordings": more}, HX_Request="true")
    assert seen.status == 200
    assert "没有毛病" in seen.text
    assert "<ins>公告以后几个月里能提反对意见</ins>" in seen.text
    assert "<del>" not in seen.text
    assert (await clerk.get("/desk/improve/new?question=nowhere")).status == 404


async def test_what_is_written_hostile_is_shown_as_text(whole: Whole) -> None:
    clerk = await whole.enter("clerk")
    draft = await _begun(clerk, title="<script>a(1)</script>", a0_text="<img src=x onerror=alert(1)>写给您看。")
    for path in (draft, "/desk/improve/drafts", f"{draft}/texts/1"):
        page = (await clerk.get(path)).text
        assert "<script>a(1)" not in page
        assert "<img src=x" not in page


async def test_nothing_is_trained_where_the_engine_is_somebody_else_s(whole: Whole) -> None:
    reviewer = await whole.enter("reviewer")
    assert "不能在这里训练和上线" in (await reviewer.get("/desk/improve/versions")).text
    assert (await reviewer.post("/desk/improve/versions")).status == 409
    assert (await reviewer.post("/desk/improve/versions/1/back")).status == 409
    for path in ("/desk/improve/versions/7", "/desk/improve/versions/x", "/desk/improve/drafts/99"):
        assert (await reviewer.get(path)).status == 404
    assert (await reviewer.post("/desk/improve/versions/7/cancel")).status == 404


async def test_a_version_tells_what_it_broke_and_which_can_be_gone_back_to(whole: Whole) -> None:
    office = whole.office
    drafts = Drafts(office.database, office.clock, whole.daybook)
    candidates = Candidates(office.database, office.clock, drafts)
    await candidates.keep_first({}, "zhixun-1.tar.gz", "known")
    draft = await drafts.begin({"id": "q-one", "title": "一个问题"}, "", [], "wang")
    id = await candidates.begin({"q-one.yml": ""}, [draft], "wang")
    reviewer, clerk = await whole.enter("reviewer"), await whole.enter("clerk")
    await candidates.move(id, "training")
    page = (await clerk.get(f"/desk/improve/versions/{id}")).text
    assert 'hx-trigger="every 2s"' in page
    assert "训练模型" in page
    part = await clerk.get(f"/desk/improve/versions/{id}/progress", HX_Request="true")
    assert ("HX-Refresh" in part.headers, "训练模型" in part.text) == (False, True)
    case = Case("年费要多少，打0971-6123456问", ("patent-annual-fee",), protected=True)
    verdict = verdict_of([case], [Outcome("answered", ("patent-annual-fee",))], [Outcome("clarify", (), ("patent-fee-total",))])
    await candidates.move(id, "refused", verdict.as_json())
    page = (await reviewer.get(f"/desk/improve/versions/{id}")).text
    told = ("没有通过", "受保护的问题有 1 个答错了", "专利年费标准是多少", "请咨询人选择：申请专利官费一共多少", "0971****3456", "一个问题")
    assert [words for words in told if words not in page] == []
    assert (await clerk.get(f"/desk/improve/versions/{id}/progress")).headers["HX-Refresh"] == "true"
    await candidates.went_live(id)
    for standing, report in (("interrupted", {}), ("failed", {"why": "没有启动成功"}), ("refused", {"flaws": [["x.yml", "缺依据"]]})):
        other = await candidates.begin({}, [], "wang")
        await candidates.move(other, standing, report)
        page = (await reviewer.get(f"/desk/improve/versions/{other}")).text
        assert all(words in page for words in (report.get("why", ""), "缺依据" if "flaws" in report else ""))
    page = (await reviewer.get("/desk/improve/versions")).text
    assert page.count("退回到这个版本") == 1
    assert "/desk/improve/versions/1/back" in page
    assert "退回到这个版本" not in (await clerk.get("/desk/improve/versions")).text


async def test_what_runs_out_is_listed_and_counted(whole: Whole) -> None:
    auditor = await whole.enter("auditor")
    page = (await auditor.get("/desk/improve/expiring")).text
    due, settled = page.split("已经写好接替的答复", 1)
    assert "没有要处理的答复" in due
    assert "商标异议期是多久" in settled
    assert "2026-12-31" in settled
    assert "改答复" not in page, "who only reads gets no buttons"


def _form(page: str) -> dict[str, str]:
    fields = dict(re.findall(r'<input id="[^"]+" name="([^"]+)" type="[^"]+" value="([^"]*)"', page))
    fields |= dict(re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>([^<]*)</textarea>', page))
    for name, options in re.findall(r'<select id="[^"]+" name="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


def test_the_question_of_the_drafting_is_none_of_ours() -> None:
    assert QUESTION not in real_knowledge().questions
