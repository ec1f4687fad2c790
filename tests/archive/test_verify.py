"""Verification beyond attacks: its report, its edges, and that it may run beside a working service."""

import asyncio
from pathlib import Path

import pytest

from tests.archive.world import DAYS, World, restarted_at, world_at
from zhixun.archive.report import CHECKS, Finding, Report, Sheet
from zhixun.archive.sealed import file_path
from zhixun.messages import Event


async def test_an_empty_store_is_well(world: World) -> None:
    assert (await world.verify()).ok


async def test_a_working_service_gives_no_false_alarm(world: World) -> None:
    """Consultations are opened, closed, rated, erased and days closed while the archive is verified again and again."""
    done = asyncio.Event()

    async def citizen(name: str) -> None:
        for place in range(6):
            number, _ = await world.consult(f"{name}{place}")
            await world.rate(number)
            if place % 3 == 2:
                await world.erase(number)
            await world.ledger.witness()

    async def calendar() -> None:
        for day in DAYS[1:]:
            await world.consult("今日最后一件")
            await world.turn_to(day)

    async def work() -> None:
        await asyncio.gather(*(citizen(name) for name in "甲乙丙"), calendar())
        done.set()

    async def inspect() -> int:
        rounds = 0
        while not done.is_set() or not rounds:
            report = await world.verify(pause=0.3)
            assert report.ok, report.text()
            rounds += 1
        return rounds

    _, rounds = await asyncio.gather(work(), inspect())
    assert rounds >= 2
    assert (await world.verify()).ok


async def test_what_stays_wrong_is_reported_after_a_pause(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.archive.verify.LOOKS", 1)
    number, _ = await world.consult("一")
    (world.archive / file_path(number, 0)).unlink()
    (world.archive / "stranger").write_text("x")
    report = await world.verify(pause=0.2, keys=None)
    assert {finding.check for finding in report.findings} == {"file", "stray"}
    assert report.counts["permission"] == 0


async def test_what_is_not_sealed_yet_is_named(world: World) -> None:
    number = await world.open("一")
    await world.add(number, Event("closed", "citizen", {"state": "closed", "reason": "citizen"}))
    assert (await world.verify()).found_by("sealed") == (f"{number} 已结束但没有封存",)
    await world.sealer.seal_pending()
    await world.add(number, Event("reviewed", "staff:1"))
    assert "补充件" in (await world.verify()).found_by("sealed")[0]
    await world.sealer.seal_pending()
    assert (await world.verify()).ok


async def test_an_identity_number_in_the_open_is_found(world: World) -> None:
    """The number is an example with the right check digit (GB 11643-1999); one digit off, it is only digits."""
    number = await world.open("一")
    await world.add(number, Event("noted", "staff:1", {"text": "证件 11010519491231002X"}))
    await world.close(number)
    other = await world.open("二")
    await world.add(other, Event("noted", "staff:1", {"text": "流水 110105194912310021，单号 110105194913310027"}))
    await world.close(other)
    assert (await world.verify()).found_by("identity") == (f"{file_path(number, 0)} 的明文里有身份证号",)


async def test_a_half_written_draft_is_a_note_and_not_an_alarm(world: World) -> None:
    await world.consult("一")
    (world.archive / "2026/11/19/.x.json.part").write_bytes(b"half")
    report = await world.verify()
    assert report.ok
    assert any("草稿" in note for note in report.notes)


async def test_without_a_witness_kept_elsewhere_the_reader_is_told(world: World) -> None:
    number, code = await world.consult("一")
    assert any("异地" in note for note in (await world.verify()).notes)
    assert (await world.verify(receipts=[(number, code)], head=world.archive / "HEAD.json")).notes == ()
    assert (await world.verify(head=world.folder / "nothing.json")).found_by("witness")


async def test_a_forged_receipt_is_found(world: World) -> None:
    number, _ = await world.consult("一")
    found = (await world.verify(receipts=[(number, "0000-0000-0000-0000"), ("ZX-1", "x")])).found_by("receipt")
    assert len(found) == 2


async def test_many_consultations_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("zhixun.archive.verify._BATCH", "zhixun.archive.audit_journal._PAGE", "zhixun.archive.rebuild._PAGE"):
        monkeypatch.setattr(name, 3)
    async with world_at(tmp_path) as world:
        numbers = [(await world.consult(str(place)))[0] for place in range(7)]
        report = await world.verify()
        assert report.ok
        assert report.counts["chain"] == 6 * 7
        (world.archive / file_path(numbers[5], 0)).unlink()
        assert len((await world.verify()).findings) == 1
    async with restarted_at(tmp_path) as world:
        assert len((await world.verify()).findings) == 1


def test_the_report_has_the_four_headings() -> None:
    sheet = Sheet()
    sheet.count("chain", 3)
    for place in range(60):
        sheet.find("chain", f"第 {place} 行")
    sheet.find("chain", "第 1 行")
    report = sheet.report()
    text = report.text()
    positions = [text.index(f"【{heading}】") for heading in ("真实性", "完整性", "可用性", "安全性")]
    assert positions == sorted(positions)
    assert len(report.findings) == 60
    assert "另有 10 处" in text
    assert "不通过，共 60 处问题" in text
    assert Report({}, (), ()).text().endswith("结论：通过\n")
    assert Finding("chain", "x").check in CHECKS
