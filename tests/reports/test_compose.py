"""A report: its tables, what is compared, proposals with their figures, and the three documents drawn from it."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from docx import Document

from zhixun.archive.export import harmless
from zhixun.errors import CitizenError
from zhixun.names import told
from zhixun.reports.compose import Ground, compose
from zhixun.reports.document import document_of
from zhixun.reports.figures import Figures, Kept, Rating, Times, times_of
from zhixun.reports.font import Font, font_file
from zhixun.reports.ports import Terms
from zhixun.reports.printed import print_of
from zhixun.reports.sheet import Report, Section, Table, told_cell
from zhixun.reports.spans import around
from zhixun.reports.words import Cluster, Words
from zhixun.reports.workbook import workbook_of

TERMS = Terms(
    "西宁市知识产权公共服务", told, lambda name: f"问题{name}", lambda name: {"policy": "政策宣贯服务", "search": "检索服务"}.get(name, name),
    lambda name: {"court": "人民法院"}.get(name, name), ("policy", "search"), {"received": "已收到", "done": "已办结"},
    {"issued": "已开具", "done": "已办结"}, {"other": "回访"}, {"个人": "社会公众", "大型企业": "创新主体"},
)  # fmt: skip
NOW = Figures(
    total=200, closed=180, turns=420, handed=40, helped=38, channels={"web": 150, "phone": 50}, rights={"商标": 90, "专利": 30},
    topics={"异议": 60, "费用": 20},
    statuses={"answered": 150, "unknown": 12}, user_kinds={"": 150, "个人": 30, "大型企业": 20},
    industries={"": 150, "制造业": 40, "教育": 10}, districts={"": 150, "湟中区": 30, "城东区": 20},
    handed_by_district={"湟中区": 20, "城东区": 1},
    first=Times(38, 0, 3.0, 12.0, 60.0, 30),
    ratings=(Rating("staff", "attitude", 12, 3.1, 5, 26), Rating("bot", "satisfaction", 3, 5.0, 0, 90)),
    requests={"search": {"received": 11, "done": 1}, "policy": {"done": 2}},
    slips={"court": {"issued": 1}}, tasks={"other": Kept(10, 4, 6, 0)},
    trend={"2026-11-01": 90, "2026-11-02": 110}, knowledge={"=1+1": 7},
)  # fmt: skip
BEFORE = Figures(total=180, topics={"异议": 10, "费用": 22}, requests={"policy": {"done": 5}})
WORDS = Words((Cluster("盲盒…商标怎么办", 4),), (), 12, 8, 190)
GROUND = Ground(
    around("month", date(2026, 11, 1)), NOW, BEFORE, None, WORDS, TERMS, datetime(2026, 12, 1, 1, 30, tzinfo=UTC), confirmed=False
)  # fmt: skip


def _tables(report: Report) -> dict[str, Table]:
    return {table.name: table for section in report.sections for table in section.tables}


def test_each_count_stands_with_its_share_and_the_span_before() -> None:
    tables = _tables(compose(GROUND))
    assert tables["channels"].rows == (("网页", 150, 0.75, 0, 150), ("电话", 50, 0.25, 0, 50))
    assert tables["user_kinds"].rows[-1][:3] == ("未记录", 150, 0.75)
    assert [row[:2] for row in tables["groups"].rows] == [("社会公众", 30), ("创新主体", 20), ("未记录", 150)]
    assert tables["whole"].rows[0] == ("咨询件", 200, 180, 20)
    year = _tables(compose(replace(GROUND, year=Figures(total=7, channels={"web": 7}))))
    assert year["channels"].columns[-1] == "去年同期"
    assert year["channels"].rows[0][-1] == 7


def test_services_stand_in_the_order_of_the_specification() -> None:
    table = _tables(compose(GROUND))["requests"]
    assert table.rows == (("政策宣贯服务", 2, 5, 0, 2), ("检索服务", 12, 0, 11, 1))
    assert table.columns[3:] == ("已收到", "已办结")


def test_what_rose_is_told_with_how_sure_it_is() -> None:
    tables = _tables(compose(GROUND))
    assert ("主题 异议", 60, 10, 50) in [row[:4] for row in tables["risen"].rows]
    assert not [row for row in tables["risen"].rows if "费用" in row[0]]
    few = compose(replace(GROUND, before=Figures(total=3)))
    assert _tables(few)["risen"].rows == ()
    assert "不足 30 件" in " ".join(line for section in few.sections for line in section.lines)


def test_each_proposal_has_its_figures_and_clause() -> None:
    rows = [(kind, what) for kind, what, _, _ in _tables(compose(GROUND))["proposals"].rows]
    assert rows == [
        ("培训", "“异议”专题培训"), ("座谈", "与“制造业”的企业座谈"), ("座谈", "与“教育”的企业座谈"), ("走访", "走访湟中区"),
        ("联系专业机构", "为“检索服务”联系专业服务机构"), ("补充知识", "补写答复：盲盒…商标怎么办"), ("改进", "“回访”不按时，查明原因"),
        ("改进", "工作人员的“服务态度”，制定纠正措施和实施计划"),
    ]  # fmt: skip
    why = {what: (why, clause) for _, what, why, clause in _tables(compose(GROUND))["proposals"].rows}
    assert why["走访湟中区"] == ("湟中区 30 件里 20 件要转人工（67%），全部咨询是 20%", "5.1.6 4)、5.2.3 2)")
    calm = replace(NOW, topics={}, industries={}, districts={}, ratings=(), requests={}, tasks={})
    assert _tables(compose(replace(GROUND, now=calm, words=Words())))["proposals"].rows == ()


def test_unfinished_words_and_unconfirmed_limits_are_said_to_be_so() -> None:
    text = " ".join(line for section in compose(replace(GROUND, words=None)).sections for line in section.lines)
    assert "正在整理" in text
    assert "还没有经本单位核定" in text
    assert "正在整理" not in " ".join(line for section in compose(GROUND).sections for line in section.lines)
    assert compose(replace(GROUND, now=Figures())).empty


def test_spans_of_time_come_to_what_they_are() -> None:
    assert times_of([]) == Times()
    assert times_of([(None, 5)]) == Times(untold=1)
    assert times_of([(float(minutes), 5.0) for minutes in range(1, 11)] + [(None, 5)]) == Times(10, 1, 5.5, 9.0, 10.0, 5)


def test_cells_are_written_as_people_read_them() -> None:
    assert told_cell(None, "本期") == "—"
    assert told_cell(0.256, "占比") == "25.6%"
    assert [told_cell(number, "增减") for number in (1200, -3, 0)] == ["+1,200", "-3", "0"]
    assert told_cell(1234.5, "最长（分钟）") == "1,234.5"


def test_the_document_holds_every_table_and_is_the_same_each_time() -> None:
    report = compose(GROUND)
    data = document_of(report)
    assert data == document_of(report)
    paper = Document(io.BytesIO(data))
    captions = [line.text for line in paper.paragraphs if line.style.name == "报告表题"]
    assert captions == ["主要数字", *(table.title for section in report.sections for table in section.tables)]
    filled = [table for section in report.sections for table in section.tables if table.rows]
    assert [len(one.rows) for one in paper.tables[1:]] == [len(table.rows) + 1 for table in filled]
    assert [cell.text for cell in paper.tables[3].rows[1].cells] == ["网页", "150", "75.0%", "0", "+150"]
    assert "盖章" in paper.paragraphs[-1].text
    assert {"宋体", "黑体"} <= set(re.findall(r'w:eastAsia="(\w+)"', zipfile.ZipFile(io.BytesIO(data)).read("word/styles.xml").decode()))


def test_the_print_has_its_font_inside_and_is_the_same_each_time() -> None:
    report = compose(GROUND)
    data = print_of(report, font_file())
    assert data.startswith(b"%PDF-")
    assert b"/FontFile" in data
    assert data == print_of(report, font_file())


def test_without_any_chinese_font_the_print_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CitizenError, match="Noto Sans CJK") as refused:
        font_file(tmp_path / "none.otf", [tmp_path, tmp_path / "nowhere"])
    assert refused.value.status == 503
    (tmp_path / "deep").mkdir()
    for name in ("wqy-zenhei.ttc", "NotoSansCJK-Regular.ttc"):
        (tmp_path / "deep" / name).touch()
    assert font_file(tmp_path / "none.otf", [tmp_path]) == Font(tmp_path / "deep" / "NotoSansCJK-Regular.ttc", 2)
    assert font_file(tmp_path / "deep" / "wqy-zenhei.ttc", [tmp_path]) == Font(tmp_path / "deep" / "wqy-zenhei.ttc")


def test_the_workbook_has_numbers_as_numbers_and_computes_nothing() -> None:
    report = compose(GROUND)
    hostile = Section("x", "九、=HYPERLINK/[x]", ("=1+1",), (Table("y", "@SUM(1)", ("+名", "占比"), (("=cmd|' /C calc'!A0", 0.5),)),))
    data = workbook_of(replace(report, sections=(*report.sections, hostile)), harmless)
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["主要数字", *(section.title.split("、", 1)[1] for section in report.sections), "=HYPERLINKx"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []
    assert not [cell.value for cell in cells if isinstance(cell.value, str) and cell.value.startswith(("=", "+", "@"))]
    values = [[cell.value for cell in row] for row in book["谁来咨询"].iter_rows()]
    assert ["网页", 150, 0.75, 0, 150] in values
