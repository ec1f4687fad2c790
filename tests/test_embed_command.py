"""`zhixun embed`: which sites there are, and the lines of one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support import ROOT
from zhixun.channels import embed
from zhixun.commands import main

SITES = """sites:
  - {id: city, title: 专利问答, region: 青海省, origins: ["https://www.city.example", "https://m.city.example"]}
  - {id: plain, origins: ["https://plain.example"]}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with two sites and a front end."""
    knowledge = tmp_path / "knowledge"
    knowledge.mkdir()
    shutil.copy(ROOT / "knowledge" / "calendar.yml", knowledge)
    text = (ROOT / "knowledge" / "site.yml").read_text("utf-8")
    assert "sites: []\n" in text
    (knowledge / "site.yml").write_text(text.replace("sites: []\n", SITES), "utf-8")
    static = tmp_path / "static"
    static.mkdir()
    (static / "widget.js").write_text("export {}")
    monkeypatch.setattr("zhixun.embed_command.STATIC", static)
    monkeypatch.setenv("ZHIXUN_PROJECT_DIR", str(tmp_path))
    return tmp_path


def test_the_sites_are_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["embed"]) == 0
    assert capsys.readouterr().out == (
        "city  专利问答  青海省  https://www.city.example、https://m.city.example\n"
        "plain  （用本站的名称）  （地区由咨询的人选）  https://plain.example\n"
        "共 2 个登记的网站\n"
    )


def test_the_lines_of_a_site_are_printed(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHIXUN_PUBLIC_URL", "https://ip.example.gov.cn/")
    assert main(["embed", "city"]) == 0
    told = capsys.readouterr().out
    widget = embed.read_widget(project / "static")
    assert widget is not None
    assert f'src="https://ip.example.gov.cn/{widget.file}" integrity="{widget.integrity}" crossorigin="anonymous"' in told
    assert '<zhixun-chat data-site="city">' in told
    assert "script-src https://ip.example.gov.cn; connect-src https://ip.example.gov.cn wss://ip.example.gov.cn" in told
    assert "PUBLIC_URL" not in told


def test_without_a_public_address_it_is_said_that_the_lines_are_for_this_machine(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["embed", "plain"]) == 0
    told = capsys.readouterr().out
    assert "http://127.0.0.1:8080/widget-" in told
    assert "没有设置 ZHIXUN_PUBLIC_URL" in told


@pytest.mark.parametrize(("built", "words"), [(True, "没有登记网站 town"), (False, "make setup")])
def test_what_cannot_be_printed_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], built: bool, words: str
) -> None:
    if not built:
        (project / "static" / "widget.js").unlink()
    assert main(["embed", "town" if built else "city"]) == 3
    assert words in capsys.readouterr().err
