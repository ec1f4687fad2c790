"""The table of what a search found: one row for each case, masked, and nothing in it that computes."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest

from tests.archive.indexed import WORDS, index_of
from tests.archive.world import World
from zhixun.archive.listing import COLUMNS, export_cases
from zhixun.archive.query import Query
from zhixun.archive.search import Case, Search
from zhixun.errors import CitizenError
from zhixun.messages import Event

PHONE = "13809710000"


async def _cases(world: World) -> list[Case]:
    await index_of(world).catch_up()
    return await Search(world.journal, WORDS).all(Query.read({"order": "oldest"}))


async def _fill(world: World) -> list[str]:
    first, _ = await world.consult("=HYPERLINK(\"http://x\",\"点我\") 邮箱 wang@example.com", phone=PHONE)
    await world.rate(first, "@很好，回电 138-0971-0001")
    await world.add(first, Event("labelled", "staff:li", {"add": ["重点", "企业"], "remove": []}))
    erased, _ = await world.consult("忘了我")
    await world.erase(erased)
    return [first, erased, await world.open("还开着")]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _said(field: str, code: str) -> str:
    return {"knowledge": "商标异议怎么提", "status": "已答复"}.get(field, code)


async def test_a_case_is_a_row(world: World) -> None:
    mine = await _fill(world)
    out = world.folder / "out.csv"
    await export_cases(world.journal, await _cases(world), "csv", out, names=_said)
    rows = _read(out)
    assert (tuple(rows[0]), [row["编号"] for row in rows]) == (COLUMNS, mine)
    first, erased, still_open = rows
    told = {"知识条目": "商标异议怎么提", "答复状态": "已答复", "标签": "重点；企业", "权利类型": "商标", "主题": "异议"}
    scores = {"专业水平": "5", "服务态度": "5", "服务内容": "4", "服务质量": "4", "服务满意度": "5", "平均评分": "4.6"}
    scores = {**{f"智能助手：{name}": score for name, score in scores.items()}, **{f"人工服务：{name}": "" for name in scores}}
    assert {name: first[name] for name in (*told, *scores)} == {**told, **scores}
    assert (first["轮次"], first["最低把握"], first["已删除"], erased["已删除"]) == ("1", "0.93", "", "是")
    assert (erased["首次提问"], erased["智能助手：评价意见"], erased["联系电话"], erased["智能助手：平均评分"]) == ("", "", "", "")
    assert (still_open["结束时间"], still_open["首次提问"]) == ("", "还开着")
    opened = (await world.read(mine[0]))[0].time
    assert (int(first["开始时间"][11:13]) - int(opened[11:13])) % 24 == 8
    assert first["开始时间"][14:19] == opened[14:19]
    assert out.stat().st_mode & 0o777 == 0o600


async def test_what_was_given_to_staff_stands_apart_and_what_was_not_given_is_empty(world: World) -> None:
    number, _ = await world.consult("问题")
    await world.add(number, Event("rated", "citizen", {"scores": {"satisfaction": 2}, "subject": "staff"}, {"words": "慢"}))
    out = world.folder / "out.csv"
    await export_cases(world.journal, await _cases(world), "csv", out)
    (row,) = _read(out)
    shown = [row[f"人工服务：{name}"] for name in ("服务满意度", "专业水平", "平均评分", "评价意见")]
    assert shown == ["2", "", "2.0", "慢"]
    assert [row[name] for name in COLUMNS if name.startswith("智能助手：")] == [""] * 7


async def test_personal_numbers_are_masked_unless_they_may_be_seen(world: World) -> None:
    await _fill(world)
    found, out = await _cases(world), world.folder / "out.csv"
    await export_cases(world.journal, found, "csv", out)
    hidden = _read(out)[0]
    assert (hidden["联系电话"], hidden["智能助手：评价意见"]) == ("138****0000", "'@很好，回电 138****0001")
    assert hidden["首次提问"] == "'=HYPERLINK(\"http://x\",\"点我\") 邮箱 w***@example.com"
    await export_cases(world.journal, found, "csv", out, clear=True)
    shown = _read(out)[0]
    assert (shown["联系电话"], shown["智能助手：评价意见"]) == (PHONE, "'@很好，回电 138-0971-0001")
    assert "wang@example.com" in shown["首次提问"]


async def test_xlsx_holds_the_same_and_no_formula(world: World) -> None:
    await _fill(world)
    found = await _cases(world)
    for form in ("csv", "xlsx"):
        await export_cases(world.journal, found, form, world.folder / f"out.{form}")
    book = openpyxl.load_workbook(world.folder / "out.xlsx")
    sheet = book.worksheets[0]
    cells = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    with (world.folder / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert cells == list(csv.reader(file))
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    book.close()


async def test_nothing_found_is_an_empty_table_and_another_format_is_refused(world: World) -> None:
    out = world.folder / "out.csv"
    await export_cases(world.journal, [], "csv", out)
    assert _read(out) == []
    with pytest.raises(CitizenError, match="导出格式"):
        await export_cases(world.journal, [], "pdf", out)
