"""Registers at the desk, joined as the service joins them: the way from a consultation into a register and out as a sheet."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import openpyxl
import pytest
import pytest_asyncio
from aiohttp import FormData

from tests.desk.pages.desk import HOSTILE, Answer
from tests.desk.whole import Staff, Whole, whole_desk
from tests.support import Office, real_knowledge
from zhixun.archive.verify import verify_case
from zhixun.desk.gate import COOKIE
from zhixun.messages import Event

PHONE = "13897123456"
NEED = {"f-need": "想学商标申请", "f-kind": "培训", "f-unit": "昆仑酒业", "f-received": "2026-11-20", "f-higher": "是", "f-state": "待处理",
        "f-phone": PHONE, "seq": "0"}  # fmt: skip


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as joined:
        yield joined


async def _add(who: Staff, **more: str) -> str:
    answer = await who.post("/desk/registers/needs", {**NEED, **more})
    assert answer.status == 303, answer.words
    return answer.to.partition("?")[0]


async def _upload(who: Staff, path: str, data: bytes, fields: Mapping[str, str] | None = None, name: str = "x.xlsx") -> Answer:
    form = FormData()
    for field, value in {"csrf": who.csrf, **(fields or {})}.items():
        form.add_field(field, value)
    form.add_field("file", io.BytesIO(data), filename=name)
    headers = {"Cookie": f"{COOKIE}={who.token}"}
    async with who.whole.client.post(path, data=form, headers=headers, allow_redirects=False) as response:
        return Answer(response.status, await response.text(), dict(response.headers))


async def _export(who: Staff, **more: str) -> bytes:
    headers = {"Cookie": f"{COOKIE}={who.token}"}
    fields = {"csrf": who.csrf, "why": "月报", **more}
    async with who.whole.client.post("/desk/registers/needs/export", data=fields, headers=headers) as response:
        assert response.status == 200
        return await response.read()


async def test_every_register_opens_empty_and_its_form_too(whole: Whole) -> None:
    admin = await whole.enter("administrator")
    home = await admin.get("/desk/registers")
    names = re.findall(r'href="/desk/registers/([a-z-]+)"', home.text)
    assert len(set(names)) >= 18
    for name in set(names):
        assert "还没有记录" in (await admin.get(f"/desk/registers/{name}")).words, name
        assert (await admin.get(f"/desk/registers/{name}/new")).status == 200, name
        assert (await admin.get(f"/desk/registers/{name}/import")).status == 200, name
    assert (await admin.get("/desk/registers/none")).status == 404
    # Another city's paper is no rule here, and is not told as one.
    words = (await admin.get("/desk/registers/needs")).words
    assert "《西宁市知识产权公共服务规范》5.1.4 a)、5.1.10 1)" in words
    assert "活动工作方案》（外地文件，供参照）四（一）、附件1" in words
    assert "市州行”活动方案》三（一）" in (await admin.get("/desk/registers/visits")).words


async def test_a_record_is_entered_found_and_read_with_its_number_masked(whole: Whole) -> None:
    clerk = await whole.enter()
    path = await _add(clerk, **{"f-need": HOSTILE})
    for page in (await clerk.get(path), await clerk.get("/desk/registers/needs?q=alert&standing=待处理&year=2026&sort=-received")):
        assert page.status == 200
        assert HOSTILE not in page.text
        assert PHONE not in page.text
        assert "138****3456" in page.text or "昆仑酒业" in page.words
    assert "没有符合条件" in (await clerk.get("/desk/registers/needs?q=别的词")).words
    assert "登记" in (await clerk.get(path)).words


async def test_what_is_wrong_stands_beside_the_field_and_what_was_typed_stays(whole: Whole) -> None:
    clerk = await whole.enter()
    page = await clerk.post("/desk/registers/needs", {**NEED, "f-received": "昨天", "f-need": "", "f-wanted": "保留我"})
    assert page.status == 422
    assert 'id="error-f-received"' in page.text
    assert "请填日期" in page.words
    assert 'id="error-f-need"' in page.text
    assert "保留我" in page.text
    assert whole.office.sql("SELECT * FROM records") == []


async def test_a_change_shows_in_the_history_and_a_masked_number_stays(whole: Whole) -> None:
    clerk = await whole.enter()
    path = await _add(clerk)
    form = await clerk.get(f"{path}/edit")
    assert PHONE not in form.text
    seq = re.search(r'name="seq" value="(\d+)"', form.text)
    assert seq
    given = {**NEED, "f-phone": "138****3456", "f-state": "已解决", "seq": seq[1]}
    assert (await clerk.post(path, given)).status == 303
    page = await clerk.get(path)
    assert "待处理 → 已解决" in page.words
    late = await clerk.post(path, {**given, "f-state": "办理中"})
    assert (late.status, "同事刚刚改过" in late.words) == (409, True)
    seen = await clerk.post(f"{path}/unmask", {"why": "要回电"})
    assert PHONE in seen.text
    assert (await whole.notes("unmasked"))[0][3] == {"why": "要回电"}
    assert (await clerk.post(f"{path}/unmask", {"why": " "})).status == 400


async def test_several_ticks_of_a_choice_are_kept(whole: Whole) -> None:
    clerk = await whole.enter()
    pairs = [*((name, value) for name, value in NEED.items() if name != "f-kind"), ("f-kind", "培训"), ("f-kind", "金融")]
    answer = await clerk.post("/desk/registers/needs", pairs)
    assert "培训；金融" in (await clerk.get(answer.to)).words


async def test_from_a_consultation_and_from_a_request_it_is_filled_in(whole: Whole) -> None:
    clerk = await whole.enter()
    number = await whole.queued("我们公司想做专利检索")
    form = await clerk.get(f"/desk/cases/{number}")
    assert "记入台账" in form.words
    step = await clerk.get(f"/desk/record?register=needs&from={number}")
    assert step.to == f"/desk/registers/needs/new?from={number}"
    assert f'value="{number}"' in (await clerk.get(step.to)).text
    path = await _add(clerk, **{"from": number, "f-about": number})
    page = await clerk.get(f"/desk/cases/{number}")
    assert path in page.text
    assert number in (await clerk.get(path)).words
    other = await _add(clerk)
    assert (await clerk.post("/desk/registers/needs/join", {"number": other.rpartition("/")[2], "from": number})).status == 303
    assert other in (await clerk.get(f"/desk/cases/{number}")).text
    assert (await clerk.get("/desk/registers/needs/new?from=ZX-20261121-000009-5")).status == 404
    # The records themselves are no consultations.
    assert (await clerk.get(f"/desk/cases/{path.rpartition('/')[2]}")).status == 404


async def test_a_request_gives_its_facts_and_the_number_is_not_shown_on_the_way(whole: Whole) -> None:
    clerk = await whole.enter()
    values = {"who": "small", "way": "seat", "level": "zero", "topic": "mark", "people": "3", "wish": "想学商标", "consent": "yes",
              "name": "王芳", "unit": "昆仑酒业", "code": "", "district": "east", "phone": PHONE, "review": "send"}  # fmt: skip
    made = await whole.office.book.submit("training", values, "西宁市", "once-1")
    assert "记入台账" in (await clerk.get(f"/desk/requests/{made.number}")).words
    form = await clerk.get(f"/desk/registers/needs/new?from={made.number}")
    assert 'value="昆仑酒业"' in form.text
    assert PHONE not in form.text
    path = await _add(clerk, **{"from": made.number, "f-about": made.number, "f-phone": "138****3456"})
    record = await whole.desk.registered.records.find(path.rpartition("/")[2])
    assert record is not None
    assert (record.values or {})["phone"] == PHONE
    assert path in (await clerk.get(f"/desk/requests/{made.number}")).text


async def test_a_case_is_drafted_without_those_it_is_about_and_needs_a_second_person(whole: Whole) -> None:
    clerk, reviewer = await whole.enter(), await whole.enter("reviewer")
    values = {"who": "small", "need": "mediate", "kind": "infringe", "state": "start", "agree": "both", "due": "", "consent": "yes",
              "matter": f"王大海的昆仑酒业公司被抄，电话{PHONE}", "name": "王大海", "unit": "昆仑酒业公司", "code": "", "district": "east",
              "phone": PHONE, "review": "send"}  # fmt: skip
    made = await whole.office.book.submit("dispute", values, "西宁市", "once-2")
    consultation = str(whole.office.sql("SELECT consultation FROM requests")[0][0])
    form = await clerk.get(f"/desk/registers/typical-cases/new?from={made.number}")
    for words in ("王大海", PHONE, "昆仑酒业公司", "138****3456"):
        assert words not in form.text
    assert "草稿" in form.text
    assert "某人或某单位的某人或某单位被抄" in form.text
    number = await whole.queued("我是王芳，电话13897123456，对方抄我的商标")
    left = {"phone": PHONE, "name": "王芳", "unit": ""}
    await whole.office.add(number, Event("contact_left", "citizen", {"what": "phone", "for": "record"}, left))
    drafted = await clerk.get(f"/desk/registers/typical-cases/new?from={number}")
    assert "我是某人或某单位" in drafted.text
    assert "王芳" not in drafted.text
    assert "对方抄我的商标" in drafted.text
    assert 'value="王芳"' in (await clerk.get(f"/desk/registers/needs/new?from={number}")).text
    assert PHONE not in drafted.text
    given = {"f-headline": "商标被抄", "f-kind": "侵权纠纷", "f-state": "草稿", "f-written": "2026-11-20", "f-facts": "某人的商标被抄",
             "seq": "0", "from": consultation}  # fmt: skip
    path = (await clerk.post("/desk/registers/typical-cases", given)).to.partition("?")[0]
    refused = await clerk.post(path, {**given, "f-state": "已审定", "seq": "2"})
    assert (refused.status, "没有写过" in refused.words) == (422, True)
    record = await whole.desk.registered.records.find(path.rpartition("/")[2])
    assert record is not None
    about = " ".join(record.links)
    answer = await reviewer.post(path, {**given, "f-state": "已审定", "f-about": about, "seq": str(record.seq)})
    assert answer.status == 303, answer.words


async def test_out_as_a_sheet_and_in_again(whole: Whole) -> None:
    clerk, reviewer = await whole.enter(), await whole.enter("reviewer")
    path = await _add(clerk)
    masked = await _export(clerk)
    told = [str(cell.value) for row in openpyxl.load_workbook(io.BytesIO(masked)).worksheets[0] for cell in row]
    assert "138****3456" in told
    clear = openpyxl.load_workbook(io.BytesIO(await _export(reviewer, clear="yes"))).worksheets[0]
    assert PHONE in [str(cell.value) for row in clear for cell in row]
    assert (await clerk.post("/desk/registers/needs/export", {"why": "x", "clear": "yes"})).status == 403
    assert [note[2]["clear"] for note in await whole.notes("exported")] == [False, True]
    page = await _upload(clerk, "/desk/registers/needs/import", masked)
    assert "没有变化 1 条" in page.words
    sheet: Any = openpyxl.load_workbook(io.BytesIO(masked))
    titles = [cell.value for cell in sheet.worksheets[0][1]]
    cells = dict(zip(titles, told[len(titles) :], strict=False))
    # A row that was copied with a masked number is no good; one without the number is.
    sheet.worksheets[0].append([None if title == "编号" else cells[title] for title in titles])
    left_out = ("编号", "联系电话", "停用时间")
    sheet.worksheets[0].append([None if title in left_out or cells[title] == "None" else cells[title] for title in titles])
    sheet.worksheets[0].append([""] * titles.index("需求") + ["缺了必填的"])
    out = io.BytesIO()
    sheet.save(out)
    page = await _upload(clerk, "/desk/registers/needs/import", out.getvalue())
    assert {"只导入没有错误的行", "这一栏必填"} <= set(page.words.split())
    assert "请填电话号码" in page.words
    assert "新登记 1 条" in page.words
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token
    refused = await clerk.post("/desk/registers/needs/import/write", {"token": token[1]})
    assert (refused.status, len(whole.office.sql("SELECT * FROM records"))) == (422, 1)
    assert (await clerk.get(path)).status == 200
    assert (await _upload(clerk, "/desk/registers/needs/import", b"no sheet")).status == 422
    assert (await _upload(clerk, "/desk/registers/needs/import", b"x" * (2 * 1024 * 1024 + 1))).status == 422
    auditor = await whole.enter("auditor")
    assert (await auditor.get("/desk/registers/needs/import")).status == 403


async def test_what_the_knowledge_knows_begins_a_register_and_nothing_is_invented(whole: Whole) -> None:
    clerk = await whole.enter()
    headers = {"Cookie": f"{COOKIE}={clerk.token}"}
    async with whole.client.get("/desk/registers/institutions/template?known=yes", headers=headers) as response:
        data = await response.read()
    page = await _upload(clerk, "/desk/registers/institutions/import", data)
    known = real_knowledge().agencies
    assert f"新登记 {len(known)} 条" in page.words
    assert "有错误 0 行" in page.words
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token
    assert (await clerk.post("/desk/registers/institutions/import/write", {"token": token[1]})).status == 303
    records = await whole.desk.registered.records.of(whole.desk.registered.records.registers["institutions"])
    assert {(one.values or {})["body"]: one.standing for one in records} == {one.id: one.status for one in known.values()}
    assert len(await whole.notes("records_imported")) == 1


async def test_files_are_kept_with_a_record_or_only_noted(whole: Whole) -> None:
    clerk = await whole.enter()
    given = {"f-topic": "进社区", "f-kind": "进社区", "f-held": "2026-11-20", "f-state": "已完成", "seq": "0"}
    path = (await clerk.post("/desk/registers/campaigns", given)).to.partition("?")[0]
    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082")  # noqa: E501
    answer = await _upload(clerk, f"{path}/files", png, {"field": "papers"}, "现场.png")
    assert answer.status == 303, answer.text
    page = await clerk.get(path)
    link = re.search(rf'href="({path}/files/[0-9a-f]+)"', page.text)
    assert link
    assert (await clerk.get(link[1])).status == 200
    assert (await clerk.post(f"{path}/noted", {"field": "papers", "called": "录像.mp4", "digest": "b" * 64})).status == 303
    assert (await clerk.post(f"{path}/noted", {"field": "papers", "called": "录像.mp4", "digest": "b"})).status == 422
    assert "录像.mp4" in (await clerk.get(path)).words
    number = path.rpartition("/")[2]
    assert await verify_case(whole.office.journal, whole.office.folder / "archive", number) == ()


async def test_ended_records_are_listed_apart(whole: Whole) -> None:
    clerk = await whole.enter()
    path = await _add(clerk)
    assert (await clerk.post(f"{path}/move", {"what": "end", "why": ""})).status == 422
    assert (await clerk.post(f"{path}/move", {"what": "end", "why": "重复"})).status == 303
    assert "还没有记录" in (await clerk.get("/desk/registers/needs")).words
    assert "想学商标申请" in (await clerk.get("/desk/registers/needs?ended=yes")).words
    assert (await clerk.post(f"{path}/move", {"what": "restore", "why": "没重复"})).status == 303
    assert "想学商标申请" in (await clerk.get("/desk/registers/needs")).words


async def test_what_is_late_is_counted_and_what_the_people_lack_is_told(whole: Whole) -> None:
    admin = await whole.enter("administrator")
    assert "现在专职 0 名、兼职 0 名" in (await admin.get("/desk/registers/staff")).words
    await _add(admin, **{"f-answer_by": "2026-11-19"})
    await whole.desk._count()
    home = await admin.get("/desk/registers")
    assert "已过期" in home.words
    assert re.search(r'href="/desk/registers"[^>]*>.*?<span class="count[^"]*">1</span>', home.text, re.DOTALL)


@pytest.mark.parametrize("role", ["auditor"])
async def test_who_only_reads_writes_nothing(whole: Whole, role: str) -> None:
    clerk, other = await whole.enter(), await whole.enter(role)
    path = await _add(clerk)
    assert (await other.get(path)).status == 200
    for to in ("/desk/registers/needs", path, f"{path}/move", f"{path}/noted"):
        assert (await other.post(to, NEED)).status == 403
    assert (await clerk.post("/desk/registers/staff", {"f-name": "甲", "f-post": "专职", "f-state": "在岗", "seq": "0"})).status == 403


async def test_the_audit_tells_what_was_done(whole: Whole) -> None:
    admin = await whole.enter("administrator")
    path = await _add(admin)
    await admin.post(path, {**NEED, "f-state": "已解决", "seq": "2"})
    words = (await admin.get("/desk/audit")).words
    assert "登记台账" in words
    assert "修改台账" in words
    assert "台账 需求清单" in words
    number = path.rpartition("/")[2]
    assert (await admin.get(f"/desk/record?number={number}")).to == path
    assert (await admin.get("/desk/record?number=TZ-20261120-000009-9")).status == 404
