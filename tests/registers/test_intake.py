"""Spreadsheets: what goes out comes back the same, each wrong cell is named, and no file of a stranger harms."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tests.registers.made import filled
from tests.registers.world import FULL, OFFERED, PHONE, World
from zhixun.archive.export import harmless
from zhixun.errors import CitizenError, TryLater
from zhixun.registers.intake import Intake, Plan
from zhixun.registers.model import Register
from zhixun.registers.sheet import ENDED, NUMBER_TITLE, read_sheet, write_sheet


def _sheet(titles: list[str], *rows: list[Any], formula: bool = False) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"strings_to_formulas": formula}) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([titles, *rows]):
            sheet.write_row(place, 0, row)
    return out.getvalue()


async def _look(world: World, data: bytes, register: Register | None = None, by: str = "clerk", role: str = "clerk") -> Plan:
    return await Intake(world.records, harmless).look(register or world.sample, data, by, role)


async def _exported(world: World, register: Register, *, clear: bool) -> bytes:
    return write_sheet(register, await world.records.of(register), OFFERED, harmless, clear=clear)


@pytest.mark.parametrize("clear", [False, True])
async def test_of_every_register_an_export_that_is_imported_changes_nothing(world: World, clear: bool) -> None:
    for register in world.records.registers.values():
        for turn in range(3):
            values = filled(register, OFFERED, turn)
            await world.records.write(register, [values], [], "clerk", register.write[0])
        plan = await _look(world, await _exported(world, register, clear=clear), register, role=register.write[0])
        assert (plan.flaws, plan.new, plan.changes, plan.same) == ((), (), (), 3), register.id


async def test_of_every_register_rows_without_numbers_give_the_same_records_again(world: World) -> None:
    for register in world.records.registers.values():
        values = filled(register, OFFERED, 1)
        await world.records.write(register, [values], [], "clerk", register.write[0])
        book = openpyxl.load_workbook(io.BytesIO(await _exported(world, register, clear=True)))
        book.worksheets[0]["A2"] = None
        out = io.BytesIO()
        book.save(out)
        intake = Intake(world.records, harmless)
        plan = await intake.look(register, out.getvalue(), "clerk", register.write[0])
        assert plan.flaws == (), register.id
        done, written = await intake.carry_out(register, plan.token, "clerk", register.write[0], partly=False)
        assert written
        assert [dict(values) for _, values in done.new] == [values], register.id
        first, second = await world.records.of(register)
        assert first.values == second.values


async def test_the_template_holds_the_columns_and_how_to_fill_them_in(world: World) -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_sheet(world.sample, [], OFFERED, harmless)))
    titles = [cell.value for cell in book.worksheets[0][1]]
    assert titles == [NUMBER_TITLE, *(field.title for field in world.sample.columns), ENDED]
    assert "必填" in [cell.value for row in book.worksheets[1].iter_rows() for cell in row]
    with pytest.raises(CitizenError, match="没有要导入的行"):
        read_sheet(write_sheet(world.sample, [], OFFERED, harmless), world.sample)


async def test_each_wrong_cell_is_named_and_nothing_is_written(world: World) -> None:
    titles = [NUMBER_TITLE, "名称", "状态", "开始日", "件数", "关联"]
    data = _sheet(
        titles, ["", "好的", "在用", "2026-01-01", 3, ""], ["", "", "别的", "昨天", "x", ""],
        ["TZ-20261120-000009-9", "改", "在用", "", "", ""],
        ["", "没有的", "在用", "", "", "ZX-20261121-000009-5"], ["", "已审", "已审定", "", "", ""],
    )  # fmt: skip
    intake = Intake(world.records, harmless)
    plan = await intake.look(world.sample, data, "clerk", "clerk")
    assert [(flaw.row, flaw.column) for flaw in plan.flaws] == [
        (3, "名称"), (3, "状态"), (3, "开始日"), (3, "件数"), (4, NUMBER_TITLE), (5, "关联"), (6, "状态"),
    ]  # fmt: skip
    assert all(flaw.reason for flaw in plan.flaws)
    again, written = await intake.carry_out(world.sample, plan.token, "clerk", "clerk", partly=False)
    assert (written, again.bad_rows, await world.records.of(world.sample)) == (False, 4, [])
    _, written = await intake.carry_out(world.sample, plan.token, "clerk", "clerk", partly=True)
    (one,) = await world.records.of(world.sample)
    assert (written, (one.values or {})["name"]) == (True, "好的")
    with pytest.raises(CitizenError, match="过期"):
        await intake.carry_out(world.sample, plan.token, "clerk", "clerk", partly=True)


async def test_what_a_colleague_changes_meanwhile_stops_the_import_and_nothing_is_written_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await world.add()
    rows = [["", f"新的{place}", "在用"] for place in range(25)]
    intake = Intake(world.records, harmless)
    plan = await intake.look(world.sample, _sheet([NUMBER_TITLE, "名称", "状态"], *rows, [number, "改名", "在用"]), "clerk", "clerk")
    write, calls = world.records.write, list[int]()

    async def interrupted(register: Register, new: list[Any], *more: Any) -> list[str]:
        calls.append(len(new))
        if len(calls) == 2:
            raise TryLater("同事刚刚改过")
        return await write(register, new, *more)

    monkeypatch.setattr(world.records, "write", interrupted)
    left, done = await intake.carry_out(world.sample, plan.token, "clerk", "clerk", partly=False)
    assert (done, len(left.new), len(left.changes)) == (False, 15, 0)
    again, done = await intake.carry_out(world.sample, plan.token, "clerk", "clerk", partly=False)
    assert (done, len(again.new)) == (True, 15)
    names = [str((one.values or {})["name"]) for one in await world.records.of(world.sample)]
    assert sorted(names) == sorted([f"新的{place}" for place in range(25)] + ["改名"])


async def test_a_masked_export_keeps_the_numbers_and_an_import_is_told_in_the_journal(world: World) -> None:
    number = await world.add()
    data = await _exported(world, world.sample, clear=False)
    assert PHONE not in "".join(str(cell.value) for row in openpyxl.load_workbook(io.BytesIO(data)).worksheets[0] for cell in row)
    book = openpyxl.load_workbook(io.BytesIO(data))
    titles = [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0].cell(2, titles.index("件数") + 1).value = 99
    out = io.BytesIO()
    book.save(out)
    intake = Intake(world.records, harmless)
    plan = await intake.look(world.sample, out.getvalue(), "rev", "reviewer")
    assert [change[4] for change in plan.changes] == [("件数",)]
    await intake.carry_out(world.sample, plan.token, "rev", "reviewer", partly=False)
    assert await world.read(number) == {**FULL, "count": "99"}
    entry = next(one for one in await world.office.entries(number) if one.kind == "record_changed")
    assert (entry.actor, entry.open["import"]) == ("staff:rev", plan.digest)


async def test_nothing_is_computed_by_a_spreadsheet_and_no_formula_is_taken(world: World) -> None:
    await world.add(name='=HYPERLINK("http://example.com")')
    sheet = openpyxl.load_workbook(io.BytesIO(await _exported(world, world.sample, clear=True))).worksheets[0]
    assert [cell.data_type for cell in sheet[2] if str(cell.value).lstrip("'").startswith("=")] == ["s", "s"]
    assert sheet["B2"].value.startswith("'=")
    plan = await _look(world, _sheet(["名称", "状态", "件数"], ["新的", "在用", "=1+1"], formula=True))
    assert [(flaw.column, "公式" in flaw.reason) for flaw in plan.flaws] == [("件数", True)]


async def test_somebody_else_s_preview_is_not_theirs(world: World) -> None:
    intake = Intake(world.records, harmless)
    plan = await intake.look(world.sample, _sheet(["名称", "状态"], ["新的", "在用"]), "clerk", "clerk")
    with pytest.raises(CitizenError, match="过期"):
        await intake.carry_out(world.sample, plan.token, "rev", "reviewer", partly=True)


def _zip(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", data)
    return out.getvalue()


def _bomb() -> bytes:
    return _zip(xl__workbook=b" " * (45 * 1024 * 1024))


def _entities() -> bytes:
    good = zipfile.ZipFile(io.BytesIO(_sheet(["名称"], ["x"])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in good.namelist():
            data = good.read(part)
            if part == "xl/sharedStrings.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + data
            archive.writestr(part, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "不是 .xlsx"), (b"PK\x03\x04broken", "不是 .xlsx"), (b"a,b\n1,2", "不是 .xlsx"), (_zip(a=b"x"), "不是 .xlsx"),
        (b"x" * (2 * 1024 * 1024 + 1), "文件太大"), (_bomb(), "太大"), (_entities(), "不是 .xlsx"),
        (_sheet(["名称", "别的栏"], ["x", "y"]), "没有“别的栏”"), (_sheet(["名称", "名称"], ["x", "y"]), "同名"), (_sheet([]), "第一行"),
        (_sheet(["名称"], *[["x"]] * 1001), "最多导入"),
    ],
    ids=["empty", "broken", "csv", "zip", "large", "bomb", "entities", "column", "double", "bare", "long"],
)  # fmt: skip
async def test_a_file_that_is_no_sheet_of_the_register_is_refused(world: World, data: bytes, words: str) -> None:
    with pytest.raises(CitizenError, match=words):
        await _look(world, data)
