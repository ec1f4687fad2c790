"""The commands: what they print, their exit codes, and that each explains itself."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.knowledge.guides.made import RAW
from tests.knowledge.made import ANSWERS, write
from tests.support import ROOT
from zhixun.commands import _parser, main
from zhixun.messages import Event
from zhixun.settings import read_settings
from zhixun.store import open_archive

COMMANDS = sorted(next(action for action in _parser()._actions if action.choices).choices)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a small knowledge, and a data folder of its own."""
    folder = tmp_path / "project"
    write(folder / "knowledge")
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, folder / "knowledge")
    site = folder / "knowledge" / "site.yml"
    text = re.sub(r"quick:\n(  - .*\n)+", "quick: [{title: 转人工, payload: 转人工}]\n", site.read_text("utf-8"))
    text = re.sub(r"weights: {.*}", "weights: {商标: 1}", text)
    site.write_text(re.sub(r", rights: \[.*\]", "", text), "utf-8")
    monkeypatch.setenv("ZHIXUN_PROJECT_DIR", str(folder))
    monkeypatch.setenv("ZHIXUN_DATA_DIR", str(tmp_path / "var"))
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert re.search(r"[\u4e00-\u9fff]{4}", capsys.readouterr().out)


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["ask"], ["erase", "ZX-1"], ["user", "remove"]])
def test_wrong_use_is_told_with_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "zhixun" in capsys.readouterr().err


def test_sound_knowledge_passes_the_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "1 个问题，0 个指引，0 项服务，1 份来源，0 本台账，0 处毛病\n"


def test_flaws_are_listed_with_exit_code_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "knowledge" / "answers" / "one.yml"
    path.write_text(ANSWERS.replace('facts: ["3个月"]', "facts: []"), "utf-8")
    assert main(["check"]) == 1
    flaw = "one.yml: q-one [全国 ]: 数字“3个月”没有列入 facts\n"
    assert capsys.readouterr().out == f"{flaw}1 个问题，0 个指引，0 项服务，1 份来源，0 本台账，1 处毛病\n"
    assert main(["check", "q-other"]) == 0
    assert main(["check", "one.yml"]) == 1


def test_flaws_of_registers_and_of_days_are_listed_too(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    knowledge = project / "knowledge"
    (knowledge / "registers").mkdir()
    shutil.copy(ROOT / "knowledge" / "registers" / "needs.yml", knowledge / "registers")
    (knowledge / "dates.yml").write_text("- {title: 某日, day: 04-26, status: 已核实}\n", "utf-8")
    assert main(["check"]) == 1
    told = capsys.readouterr().out
    assert "registers/needs.yml: 未知来源 xining-spec" in told
    assert "dates.yml: 某日: 已核实的要有日期和依据" in told


def test_malformed_knowledge_is_refused_with_exit_code_3(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "knowledge" / "answers" / "one.yml").write_text("- id: [", "utf-8")
    assert main(["check"]) == 3
    assert "one.yml" in capsys.readouterr().err


def test_an_unknown_setting_is_refused_with_exit_code_3(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ZHIXUN_HTTP_POTR", "80")
    assert main(["check"]) == 3
    assert "ZHIXUN_HTTP_POTR" in capsys.readouterr().err


def test_accounts_are_made_listed_and_reset(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", "add", "lina", "--role", "reviewer"]) == 0
    first = re.search(r"lina 的一次性密码（只显示这一次）：(\S{19})\n", capsys.readouterr().out)[1]
    assert main(["user", "reset", "lina"]) == 0
    again = re.search(r"lina 的一次性密码（只显示这一次）：(\S{19})\n", capsys.readouterr().out)[1]
    assert first != again
    assert main(["user", "list"]) == 0
    assert capsys.readouterr().out == "lina  审核（reviewer）  一次性密码未改\n"
    assert main(["user", "add", "lina"]) == 3
    assert main(["user", "add"]) == 3
    assert main(["user", "add", "wang", "--role", "boss"]) == 3
    assert capsys.readouterr().err == (
        "用户 lina 已经存在。\n请写明用户名。\n角色应为：clerk（坐席）、reviewer（审核）、administrator（管理）、auditor（审计）。\n"
    )


def test_accounts_are_changed_and_their_second_factor_is_switched_off(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def store(statement: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(tmp_path / "var" / "zhixun.db") as other:
            found = other.execute(statement).fetchall()
        other.close()
        return found

    assert main(["user", "add", "lina"]) == 0
    assert main(["user", "unbind", "lina"]) == 3
    store("UPDATE staff SET totp_step = 1, locked_until = '2999'")
    capsys.readouterr()
    words = ["--role", "auditor", "--shown", "李老师", "--team", "patent", "--team", "mediation", "--active", "no"]
    assert main(["user", "change", "lina", *words]) == 0
    assert capsys.readouterr().out == "lina  李老师  审计（auditor）  patent、mediation  已停用  一次性密码未改  双因素验证  已锁定\n"
    assert main(["user", "unbind", "lina"]) == 0
    assert main(["user", "change", "lina", "--active", "yes"]) == 0
    assert "双因素验证已关闭" in (out := capsys.readouterr().out)
    assert out.endswith("lina  李老师  审计（auditor）  patent、mediation  一次性密码未改  已锁定\n")
    assert main(["user", "add", "zhao", "--role", "administrator"]) == 0
    assert main(["user", "change", "zhao", "--active", "no"]) == 3
    assert "至少要留一名在用的管理员" in capsys.readouterr().err
    # What is done at the machine stands in the day book too, as done by nobody of the staff.
    noted = store("SELECT kind, actor FROM journal WHERE kind NOT IN ('opened', 'closed') ORDER BY id")
    kinds = ["account_made", "account_changed", "second_factor_off", "account_changed", "account_made"]
    assert noted == [(kind, "zhixun") for kind in kinds]


async def _kept(said: str) -> None:
    """Write a consultation, close and seal it; the service, which would index it, does not run."""
    async with open_archive(read_settings()) as archive:
        async with archive.database.write() as connection:
            opened = Event("opened", "zhixun", {"channel": "web", "region": "西宁市", "consent": True, "state": "bot"})
            number = (await archive.journal.open(connection, opened)).consultation
            events = [
                Event("said", "citizen", {"turn": 1, "kind": "message"}, {"text": said}),
                Event("said", "bot", {"turn": 1, "status": "answered", "kind": "answer", "knowledge": ["q-one"]}, {"text": "答"}),
                Event("closed", "citizen", {"state": "closed", "reason": "citizen"}),
            ]
            await archive.journal.append(connection, number, events)
        await archive.sealer.seal(number)


@pytest.mark.parametrize("lost", [False, True], ids=["from the journal", "from the sealed files"])
def test_rebuilding_makes_the_search_anew_too(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lost: bool
) -> None:
    for said in ("商标异议", "专利年费"):
        asyncio.run(_kept(said))
    store = tmp_path / "var" / "zhixun.db"
    if lost:
        for path in store.parent.glob("zhixun.db*"):
            path.unlink()
    assert main(["rebuild"]) == 0
    out = capsys.readouterr().out
    assert ("已由封存件恢复" in out, "已由日志" in out) == (lost, not lost)
    assert out.endswith("已重建检索：2 件咨询可以检索。\n")
    with sqlite3.connect(store) as other:
        ((place,),) = other.execute("SELECT value FROM meta WHERE name = 'index'").fetchall()
        assert (other.execute("SELECT COUNT(*) FROM cases").fetchall(), json.loads(place)["taken"]) == ([(2,)], 2 if lost else 0)
    other.close()


@pytest.mark.parametrize("lost", [False, True], ids=["from the journal", "from the sealed files"])
def test_the_coverage_counts_what_was_given(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lost: bool) -> None:
    rows = "law:\n  - {id: XN-1, at: '1', what: 说明期限, needs: [answer]}\n"
    (project / "knowledge" / "coverage.yml").write_text(rows, "utf-8")
    answers = project / "knowledge" / "answers" / "one.yml"
    answers.write_text(answers.read_text("utf-8").replace("  topic:", "  covers: [XN-1]\n  topic:", 1), "utf-8")
    for said in ("商标异议", "专利年费"):
        asyncio.run(_kept(said))
    if lost:
        for path in (tmp_path / "var").glob("zhixun.db*"):
            path.unlink()
        assert main(["rebuild"]) == 0
    for _ in range(2):
        assert main(["report", "coverage"]) == 0
        assert "用过 2 次" in capsys.readouterr().out


def test_an_official_paper_can_be_imported(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text("第一条　期限为三个月。\n第二条　另行规定。\n", "utf-8")
    assert main(["sources", "law", str(paper)]) == 0
    assert capsys.readouterr().out == "已导入 law，共 2 条。重新启动服务后生效。\n"
    assert (tmp_path / "var" / "sources" / "law.txt").read_bytes() == paper.read_bytes()
    assert main(["sources", "gone", str(paper)]) == 3
    assert main(["sources", "law", str(tmp_path / "gone.txt")]) == 3
    assert capsys.readouterr().err.count("\n") == 2


def test_the_checker_can_be_taken_along(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "checker.py"
    assert main(["checker", str(out)]) == 0
    assert out.read_bytes() == (ROOT / "zhixun" / "archive" / "checker.py").read_bytes()
    assert str(out) in capsys.readouterr().out


def test_guides_are_listed_and_drawn(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project / "knowledge" / "guides"
    folder.mkdir()
    (folder / "made.yml").write_text(RAW.replace("wordings: []", "wordings: [帮我看看怎么办]"), "utf-8")
    assert main(["guide"]) == 0
    assert re.search(r"made +3 步 +3 个结论 +这件事该怎么办", capsys.readouterr().out)
    picture = project / "made.svg"
    assert main(["guide", "made", "--draw", str(picture)]) == 0
    assert "是哪一种权利" in picture.read_text("utf-8")
    for wrong in (["guide", "gone", "--draw", str(picture)], ["guide", "made"]):
        assert main(wrong) == 3
