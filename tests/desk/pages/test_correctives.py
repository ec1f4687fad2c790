"""The pages of corrective actions: opened from a consultation, carried on by those who may, and printed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.desk.whole import Whole, whole_desk
from tests.support import Office
from zhixun.names import INDICATORS

HOSTILE = "<img src=x onerror=alert(1)>"
MEASURE = {"act": "act", "cause": "新人不熟悉异议程序", "measure": "补训并核对答复", "plan": "11月底前完成",
           "due": "2026-11-30", "owner": "li"}  # fmt: skip


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _low(whole: Whole) -> tuple[str, str]:
    """Return a closed consultation that was rated low, and the number of what is to be set right."""
    office = whole.office
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    await office.consultations.close(number)
    await office.ratings.rate(number, {**dict.fromkeys(INDICATORS, 4), "attitude": 1}, f"太敷衍{HOSTILE}")
    return number, (await office.correctives.of(number))[0].number


async def test_a_low_rating_stands_in_the_list_and_on_the_page_of_its_consultation(whole: Whole) -> None:
    number, corrective = await _low(whole)
    clerk = await whole.enter("clerk", "li")
    listed = await clerk.get("/desk/correctives")
    assert corrective in listed.words
    assert "服务态度 1 分" in listed.words
    assert "待分析" in listed.words
    assert HOSTILE not in listed.text
    case = await clerk.get(f"/desk/cases/{number}")
    assert f'href="/desk/correctives/{corrective}"' in case.text
    assert "提出整改" in case.words.partition("整改")[2]
    assert f'href="/desk/cases/{number}/correct"' not in case.text
    page = await clerk.get(f"/desk/correctives/{corrective}")
    assert (page.status, HOSTILE in page.text) == (200, False)
    assert "这一步不由您办" in page.words
    assert [(one[0], one[2]["corrective"]) for one in await whole.notes("looked") if "corrective" in one[2]] == [("looked", corrective)]


async def test_it_is_tracked_from_the_rating_to_its_end(whole: Whole) -> None:
    number, corrective = await _low(whole)
    reviewer, owner = await whole.enter("reviewer", "zhao"), await whole.enter("clerk", "li")
    path = f"/desk/correctives/{corrective}"
    assert (await reviewer.post(path, MEASURE)).to == f"{path}?done=carried_on"
    page = await owner.get(path)
    assert "补训并核对答复" in page.words
    assert "措施已落实，请验证" in page.words
    assert (await owner.post(path, {"act": "carried", "words": "两人已补训", "due": "2026-12-14"})).status == 303
    assert (await owner.post(path, {"act": "effective", "effect": "很好", "due": "2026-12-14"})).status == 403
    assert (await reviewer.post(path, {"act": "effective", "effect": "一个月内同类低分由 4 件降到 0 件", "due": "2026-12-14"})).status == 303
    assert (await reviewer.post(path, {"act": "finish"})).status == 303
    page = await reviewer.get(path)
    assert [word for word in ("提出", "整改中", "待验证", "有效", "已结") if word not in page.words] == []
    assert "由 4 件降到 0 件" in page.words
    assert "办理</h2>" not in page.text
    assert corrective not in (await reviewer.get("/desk/correctives")).words
    assert corrective in (await reviewer.get("/desk/correctives?view=done")).words
    assert "与封存时一致" in (await reviewer.get(f"/desk/cases/{number}/verify")).words
    sealed = (whole.office.folder / "archive").rglob(f"{number}*.html")
    (readable,) = [path.read_text("utf-8") for path in sealed]
    assert "原因：新人不熟悉异议程序" in readable
    assert "服务态度 1 分" in readable


async def test_what_is_missing_is_told_beside_the_field_and_what_was_typed_is_kept(whole: Whole) -> None:
    _, corrective = await _low(whole)
    reviewer = await whole.enter("reviewer", "zhao")
    refused = await reviewer.post(f"/desk/correctives/{corrective}", {**MEASURE, "measure": "", "due": "2026-11-01", "cause": HOSTILE})
    assert refused.status == 422
    assert "请填写纠正措施。" in refused.words
    assert "不能早于今天" in refused.words
    assert "11月底前完成" in refused.text
    assert HOSTILE not in refused.text
    assert (await reviewer.post(f"/desk/correctives/{corrective}", {"act": "nothing"})).status == 400
    assert (await reviewer.get("/desk/correctives/GJ-20261120-000009-01-9")).status == 404


async def test_whoever_is_too_late_sees_how_it_stands(whole: Whole) -> None:
    _, corrective = await _low(whole)
    reviewer, other = await whole.enter("reviewer", "zhao"), await whole.enter("administrator", "qian")
    await whole.enter("clerk", "li")
    path = f"/desk/correctives/{corrective}"
    assert (await reviewer.post(path, MEASURE)).status == 303
    late = await other.post(path, {"act": "drop", "words": "误评"})
    assert (late.status, "现在是“整改中”" in late.words) == (409, True)


async def test_a_reviewer_opens_one_from_a_consultation_and_a_clerk_cannot(whole: Whole) -> None:
    reviewer, clerk = await whole.enter("reviewer", "zhao"), await whole.enter("clerk", "li")
    number = await whole.office.open()
    path = f"/desk/cases/{number}/correct"
    assert (await clerk.get(path)).status == 403
    assert (await clerk.post(path, {"words": "慢"})).status == 403
    assert path in (await reviewer.get(f"/desk/cases/{number}")).text
    assert (await reviewer.get(path)).status == 200
    refused = await reviewer.post(path, {"words": " ", "owner": "li"})
    assert (refused.status, "请写明发现了什么问题" in refused.words) == (422, True)
    assert (await reviewer.post(path, {"words": "慢", "owner": "nobody"})).status == 422
    opened = await reviewer.post(path, {"words": "首次答复用了两小时", "owner": "li"})
    assert opened.status == 303
    assert "首次答复用了两小时" in (await clerk.get(opened.to)).words
    assert "首次答复用了两小时" in (await clerk.get("/desk/correctives?view=mine")).words


async def test_what_is_overdue_is_counted_beside_the_navigation(whole: Whole) -> None:
    await _low(whole)
    clerk = await whole.enter("clerk", "li")
    whole.office.clock.turn_by(timedelta(days=6))
    clerk = await whole.enter_again("li")
    await whole.desk._count()
    page = await clerk.get("/desk/correctives?view=over")
    assert "已超时" in page.words
    assert 'href="/desk/correctives" title="整改" aria-current="page" data-key="c"' in page.text
    assert whole.desk._counts["/desk/correctives"] == 1


@pytest.mark.parametrize("path", ["/desk/correctives", "/desk/correctives/{number}"])
async def test_the_pages_are_made_for_paper(whole: Whole, path: str) -> None:
    _, corrective = await _low(whole)
    auditor = await whole.enter("auditor", "shen")
    page = await auditor.get(path.format(number=corrective))
    assert 'class="print-head"' in page.text
    assert "data-print" in page.text
