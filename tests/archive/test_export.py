"""Exports: nothing lost in JSON, nothing that computes in a spreadsheet, and a file that is whole or not there."""

import csv
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.archive.world import DAYS, SCORES, World
from zhixun.archive.export import FORMATS, HEADER, export, harmless
from zhixun.errors import CitizenError
from zhixun.messages import Event

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u3000=1", "＝1+1", "＋1", "－1", "＠x", "﹢1", "\ufeff=1", "\tx"]


async def _fill(world: World) -> tuple[str, str, str]:
    first, _ = await world.consult("商标异议期限\n多长？", "=HYPERLINK(\"http://x\",\"点我\")")
    await world.rate(first, "@很好")
    await world.turn_to(DAYS[1])
    erased, _ = await world.consult("忘了我")
    await world.erase(erased)
    still_open = await world.open("还开着")
    return first, erased, still_open


async def test_json_is_lossless(world: World) -> None:
    first, erased, still_open = await _fill(world)
    out = world.folder / "out.json"
    assert await export(world.journal, "json", None, None, out) == 3
    record = json.loads(out.read_bytes())
    assert record["format"] == "zhixun-export/1"
    assert [each["number"] for each in record["consultations"]] == [first, erased, still_open]
    for each in record["consultations"]:
        entries = await world.read(each["number"])
        assert [(e["seq"], e["time"], e["kind"], e["actor"], e["open"], e["private"]) for e in each["entries"]] == [
            (e.seq, e.time, e.kind, e.actor, e.open, e.private) for e in entries
        ]
    assert record["consultations"][0]["entries"][5]["private"]["text"] == '=HYPERLINK("http://x","点我")'
    assert record["consultations"][0]["rating"] == SCORES
    assert out.stat().st_mode & 0o777 == 0o600


async def test_csv_has_a_row_for_each_thing_said(world: World) -> None:
    first, erased, still_open = await _fill(world)
    out = world.folder / "out.csv"
    assert await export(world.journal, "csv", None, None, out) == 3
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines(keepends=True)))
    assert tuple(rows[0]) == HEADER
    of_first = [row for row in rows if row["编号"] == first]
    assert [row["发言方"] for row in of_first] == ["system", "citizen", "bot", "citizen", "bot"]
    assert of_first[1]["内容"] == "商标异议期限\n多长？"
    assert of_first[3]["内容"] == "'=HYPERLINK(\"http://x\",\"点我\")"
    assert (of_first[2]["意图"], of_first[2]["置信度"], of_first[2]["知识条目"], of_first[2]["答复状态"]) == (
        "ask", "0.93", "trademark-opposition", "answered")  # fmt: skip
    assert [of_first[0][name] for name in HEADER[-6:]] == ["5", "5", "4", "4", "5", "'@很好"]
    assert [of_first[1][name] for name in HEADER[-6:]] == [""] * 6
    assert {row["内容"] for row in rows if row["编号"] == erased} == {"（内容已按请求删除）"}
    assert next(row for row in rows if row["编号"] == still_open)["结束时间"] == ""


async def test_xlsx_holds_the_same_rows_and_no_formula(world: World) -> None:
    await _fill(world)
    await export(world.journal, "csv", None, None, world.folder / "out.csv")
    await export(world.journal, "xlsx", None, None, world.folder / "out.xlsx")
    book = openpyxl.load_workbook(world.folder / "out.xlsx")
    sheet = book.worksheets[0]
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in sheet.iter_rows(values_only=True)]
    with (world.folder / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        assert cells == list(csv.reader(file))
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    book.close()


async def test_only_the_days_asked_for(world: World) -> None:
    first, erased, still_open = await _fill(world)
    out = world.folder / "out.json"

    async def numbers(since: date | None, until: date | None) -> list[str]:
        await export(world.journal, "json", since, until, out)
        return [each["number"] for each in json.loads(out.read_bytes())["consultations"]]

    assert await numbers(DAYS[1], None) == [erased, still_open]
    assert await numbers(None, DAYS[0]) == [first]
    assert await numbers(DAYS[0], DAYS[1]) == [first, erased, still_open]
    assert await numbers(DAYS[2], DAYS[2]) == []


@pytest.mark.parametrize("form", FORMATS)
async def test_nothing_to_export_is_an_empty_table(world: World, form: str) -> None:
    out = world.folder / f"out.{form}"
    assert await export(world.journal, form, None, None, out) == 0
    assert out.stat().st_size


@pytest.mark.parametrize("form", FORMATS)
async def test_a_failure_leaves_the_old_file(world: World, form: str) -> None:
    number = await world.open("一")
    out = world.folder / f"out.{form}"
    await export(world.journal, form, None, None, out)
    kept = out.read_bytes()
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER journal_no_update")
        await connection.exec_driver_sql("UPDATE journal SET body = '{' WHERE consultation = ?", (number,))
    with pytest.raises(ValueError, match="Expecting"):
        await export(world.journal, form, None, None, out)
    assert out.read_bytes() == kept
    assert {path.name for path in world.folder.iterdir() if "out" in path.name or path.suffix == ".part"} == {out.name}


async def test_what_is_refused(world: World) -> None:
    with pytest.raises(CitizenError, match="导出格式"):
        await export(world.journal, "pdf", None, None, world.folder / "x")
    with pytest.raises(CitizenError, match="开始日期"):
        await export(world.journal, "json", DAYS[1], DAYS[0], world.folder / "x")


async def test_a_text_too_long_for_a_cell_says_so(world: World) -> None:
    number = await world.open("一")
    await world.add(number, Event("said", "staff:1", {"turn": 1}, {"text": "长" * 40_000}))
    await export(world.journal, "xlsx", None, None, world.folder / "out.xlsx")
    book = openpyxl.load_workbook(world.folder / "out.xlsx")
    last = list(book.worksheets[0].iter_rows(values_only=True))[-1]
    assert str(last[HEADER.index("内容")]).endswith("…（全文见 JSON 导出）")
    book.close()


async def test_a_sheet_that_is_full_is_followed_by_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.archive.export._SHEET_ROWS", 4)
    await world.consult("一", "二")
    await export(world.journal, "xlsx", None, None, world.folder / "out.xlsx")
    book = openpyxl.load_workbook(world.folder / "out.xlsx")
    assert [sheet.max_row for sheet in book.worksheets] == [4, 3]
    assert all(next(sheet.iter_rows(values_only=True)) == HEADER for sheet in book.worksheets)
    book.close()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_computes(text: str) -> None:
    assert harmless(text) == f"'{text}"


@given(st.text())
def test_words_are_never_changed_but_by_the_apostrophe(text: str) -> None:
    assert harmless(text) in (text, f"'{text}")
    assert harmless(text).lstrip()[:1] not in tuple("=+-@")


@pytest.mark.parametrize("text", ["", " ", "商标", "1-2", "a=b", "'=1"])
def test_plain_words_stay(text: str) -> None:
    assert harmless(text) == text


def test_every_format_is_known() -> None:
    assert set(FORMATS) == {"json", "csv", "xlsx"}
    assert isinstance(Path(), Path)
