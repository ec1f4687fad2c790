"""The command `report`: the files of a span, which span is meant, and what is refused."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import openpyxl
import pytest

from tests.support import ROOT
from zhixun.clock import Clock
from zhixun.commands import main
from zhixun.messages import Event
from zhixun.settings import read_settings
from zhixun.store import open_archive


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a store with two consultations of today, which the index has not read yet."""
    monkeypatch.setenv("ZHIXUN_PROJECT_DIR", str(ROOT))
    monkeypatch.setenv("ZHIXUN_DATA_DIR", str(tmp_path / "var"))

    async def fill() -> None:
        async with open_archive(read_settings()) as archive, archive.database.write() as connection:
            for channel in ("web", "phone"):
                await archive.journal.open(connection, Event("opened", "zhixun", {"channel": channel, "region": "西宁市", "consent": True}))

    asyncio.run(fill())
    return tmp_path


def test_it_writes_the_report_in_the_forms_that_are_wanted(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    today = Clock().today()
    assert main(["report", "analysis", "--span", "year", "--out", str(store / "out"), "--form", "xlsx", "--form", "docx"]) == 0
    names = [f"zhixun-report-{today.year}0101-{today:%Y%m%d}.{form}" for form in ("docx", "xlsx")]
    assert sorted(path.name for path in (store / "out").iterdir()) == names
    assert capsys.readouterr().out.count("已写出") == 2
    book = openpyxl.load_workbook(io.BytesIO((store / "out" / names[1]).read_bytes()))
    assert ["咨询件", 2, 0, 2] in [[cell.value for cell in row][:4] for row in book["总体情况"].iter_rows()]


def test_days_are_taken_as_they_are_given(store: Path) -> None:
    assert main(["report", "analysis", "--from", "2024-02-01", "--to", "2024-02-29", "--out", str(store), "--form", "xlsx"]) == 0
    assert (store / "zhixun-report-20240201-20240229.xlsx").is_file()


def test_what_cannot_be_is_refused(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "analysis", "--from", "2024-02-02", "--to", "2024-02-01", "--out", str(store)]) == 3
    assert "截止日期不能早于开始日期" in capsys.readouterr().err
    (store / "file").touch()
    assert main(["report", "analysis", "--out", str(store / "file" / "out"), "--form", "xlsx"]) == 3
    assert "写不到" in capsys.readouterr().err
