"""The commands: what they print, their exit codes, and that each explains itself."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.knowledge.guides.made import RAW
from tests.knowledge.made import ANSWERS, write
from tests.support import ROOT, office_in
from zhixun.commands import _parser, main

COMMANDS = sorted(next(action for action in _parser()._actions if action.choices).choices)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a small knowledge, and a data folder of its own."""
    folder = tmp_path / "project"
    write(folder / "knowledge")
    for name in ("site.yml", "calendar.yml"):
        shutil.copy(ROOT / "knowledge" / name, folder / "knowledge")
    site = folder / "knowledge" / "site.yml"
    site.write_text(re.sub(r"quick:\n(  - .*\n)+", "quick: [{title: 转人工, payload: 转人工}]\n", site.read_text("utf-8")), "utf-8")
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
    assert capsys.readouterr().out == "1 个问题，0 个指引，0 项服务，1 份来源，0 处毛病\n"


def test_flaws_are_listed_with_exit_code_1(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / "knowledge" / "answers" / "one.yml"
    path.write_text(ANSWERS.replace('facts: ["3个月"]', "facts: []"), "utf-8")
    assert main(["check"]) == 1
    assert capsys.readouterr().out == "one.yml: q-one [全国 ]: 数字“3个月”没有列入 facts\n1 个问题，0 个指引，0 项服务，1 份来源，1 处毛病\n"
    assert main(["check", "q-other"]) == 0
    assert main(["check", "one.yml"]) == 1


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
    assert first not in capsys.readouterr().out
    assert main(["user", "list"]) == 0
    assert capsys.readouterr().out == "lina  reviewer  一次性密码未改\n"
    assert main(["user", "add", "lina"]) == 3
    assert main(["user", "add"]) == 3
    assert main(["user", "add", "wang", "--role", "boss"]) == 3
    assert capsys.readouterr().err == (
        "用户 lina 已经存在。\n请写明用户名。\n角色应为：administrator、clerk、reviewer。\n"
    )


async def _fill(folder: Path) -> str:
    async with office_in(folder) as office:
        number = await office.open()
        await office.turns.say(number, "转人工")
        await office.turns.say(number, "13897123456")
    return number


def test_the_queue_is_listed(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["queue"]) == 0
    assert capsys.readouterr().out == "共 0 件等待人工\n"
    number = asyncio.run(_fill(tmp_path / "var"))
    assert main(["queue"]) == 0
    out = capsys.readouterr().out
    assert out == f"{number}  排队，要求回电 尾号 3456  api  西宁市  最后一句 2026-11-20T02:00:00.000Z\n共 1 件等待人工\n"
    assert "13897123456" not in out


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
