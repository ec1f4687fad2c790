"""One matter from the first word to the checked file, through the product as a citizen and an operator meet it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import openpyxl
import pytest

from tests.clerks import Clerk
from tests.product import OPEN, TODAY, Citizen, Product, Refused, call, deployed, known, shown

pytestmark = pytest.mark.slow

PHONE = "13897123456"
LAW = "trademark-law-2019"
# The words are the test's own: whether the exact article opens is what is looked at.
PAPER = "某法\n\n第一条　为了测试。\n第三十三条　这是第三十三条的原文，\n共有两行。\n第三十四条　下一条。\n"
COMMANDS = ("serve", "train", "check", "ask", "guide", "request", "verify", "checker", "export", "erase", "report", "rebuild", "user", "demo",
            "sources")  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Give a deployment of this module's own, into which a law's text was imported before its start."""
    folder = tmp_path_factory.mktemp("own")
    with deployed(folder, LIMITS="off", TODAY=TODAY) as product:
        paper = folder / "paper.txt"
        paper.write_text(PAPER, "utf-8")
        imported = product.command("sources", LAW, str(paper))
        assert imported.returncode == 0, imported.stderr
        assert "3 条" in imported.stdout
        yield product.start()


def test_from_the_first_word_to_the_checked_file(own: Product) -> None:
    citizen = own.open(consent=True)
    assert any("不是真人" in reply["text"] for reply in citizen.greeting)
    _asks(own, citizen)
    _through_a_person(own, citizen)
    number, code = _closed_and_checked(own, citizen)
    _rated_after_the_end(own, citizen, number, code)
    own.stop()
    rebuilt = own.command("rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    own.verified()
    # The door of a closed matter stays shut after a new start, and what was sealed is still what it was.
    own.start(OPEN)
    with pytest.raises(Refused) as refused:
        citizen.say("还有个问题")
    assert refused.value.status == 409
    assert call(own.url, "POST", "/api/v1/receipts", {"number": number, "code": code})["intact"]


def test_a_number_to_call_back_stands_nowhere_in_clear(own: Product) -> None:
    """Look into every file, the engine's memory and all logs included; `own` took the number in the test above."""
    own.stop()
    found = {path.relative_to(own.folder).as_posix(): content for path, content in own.everything()}
    assert {"var/zhixun.db", "var/engine/tracker.db", "var/engine/engine.log", "service-01.log"} <= set(found)
    assert not [name for name, content in found.items() if PHONE.encode() in content]


def _asks(product: Product, citizen: Citizen) -> None:
    """Ask in full, in short, by digit and by title; the basis opens at the exact article."""
    asked = citizen.say("商标异议期是多久")
    assert (asked["status"], asked["owner"], asked["turn"]) == ("answered", "bot", 1)
    assert "3个月" in shown(asked)
    basis = asked["replies"][-1]["basis"][0]
    assert "商标法" in basis["title"]
    assert basis["locator"] == "第三十三条"
    assert basis["in_force"] is True
    clause = call(product.url, "GET", f"/api/v1/clauses?source={basis['source']}&at={quote(basis['locator'])}")
    assert clause["text"] == "第三十三条　这是第三十三条的原文，\n共有两行。"
    assert clause["gists"]

    other = citizen.say("那专利呢")
    assert other["status"] == "answered"
    assert set(known(other)).isdisjoint(known(asked))
    assert all("专利" in each["title"] for each in other["replies"][-1]["basis"])

    offered = citizen.say("怎么提商标异议")["replies"][-1]["buttons"]
    by_digit = citizen.say("1")
    assert by_digit["status"] == "answered"
    assert citizen.say("怎么提商标异议")["replies"][-1]["buttons"] == offered
    by_title = citizen.say(offered[0]["title"])
    assert known(by_title) == known(by_digit) == known(asked)


def _through_a_person(product: Product, citizen: Citizen) -> None:
    """Ask for a person, find the bot silent, leave a number, and come back."""
    handed = citizen.say("转人工")
    assert (handed["status"], handed["owner"]) == ("handoff", "queue")
    before = len(citizen.texts())
    waiting = citizen.say("商标异议期是多久")
    assert (waiting["status"], waiting["owner"]) == ("handoff", "queue")
    assert not known(waiting), "the bot answered while a person was awaited"
    assert all(who != "bot" for who, _ in citizen.texts()[before:])
    left = citizen.say(f"请打 {PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}")
    assert PHONE[-4:] in shown(left)
    assert PHONE not in json.dumps(citizen.transcript())
    clerk = Clerk.hired(product, "zhang")
    waits = clerk.send("GET", "/desk/queue")[2]
    assert "留了电话" in waits[waits.index(citizen.number) :].partition("</tr>")[0]
    back = citizen.say("取消排队")
    assert back["owner"] == "bot"
    assert citizen.number not in clerk.send("GET", "/desk/queue")[2]
    assert citizen.say("商标异议期是多久")["status"] == "answered"


def _closed_and_checked(product: Product, citizen: Citizen) -> tuple[str, str]:
    receipt = citizen.close()
    assert citizen.close() == receipt, "closing twice gave another receipt"
    number, code = receipt["number"], receipt["code"]
    assert number == citizen.number
    assert "核对" in product.verified()
    held = product.command("verify", "--receipt", number, code)
    assert held.returncode == 0, held.stdout
    forged = product.command("verify", "--receipt", number, code[:-1] + ("0" if code[-1] != "0" else "1"))
    assert forged.returncode == 1
    state = call(product.url, "POST", "/api/v1/receipts", {"number": number, "code": code.lower()})
    assert (state["state"], state["callback"], state["rated"], state["intact"]) == ("closed", "asked", False, True)
    with pytest.raises(Refused) as refused:
        call(product.url, "POST", "/api/v1/receipts", {"number": number, "code": "0000-0000"})
    assert refused.value.status == 404
    return number, code


def _rated_after_the_end(product: Product, citizen: Citizen, number: str, code: str) -> None:
    """A rating after the end is a supplement: the sealed file stays as it is."""
    sealed = next(product.data.glob(f"archive/**/{number}.json"))
    before = sealed.read_bytes()
    citizen.rate(5, "讲得清楚")
    assert sealed.read_bytes() == before
    state = call(product.url, "POST", "/api/v1/receipts", {"number": number, "code": code})
    assert (state["rated"], state["supplements"], state["intact"]) == (True, 1, True)
    with pytest.raises(Refused) as refused:
        citizen.rate(1)
    assert refused.value.status == 409
    product.verified()


@pytest.fixture(scope="module")
def used(product: Product) -> tuple[Product, Citizen, dict[str, str]]:
    """Give the shared product with one closed consultation of two turns."""
    citizen = product.open()
    citizen.say("发明专利保护多少年")
    citizen.say("=1+1，那外观呢")
    return product, citizen, citizen.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_how_it_is_used(product: Product, command: str) -> None:
    done = product.command(command, "--help")
    assert done.returncode == 0
    assert "zhixun" in done.stdout
    assert any("\u4e00" <= char <= "\u9fff" for char in done.stdout)


def test_wrong_use_has_its_own_exit_codes(product: Product) -> None:
    assert product.command().returncode == 2
    assert product.command("fly").returncode == 2
    assert product.command("erase", "ZX-1").returncode == 2
    unknown = product.command("erase", "ZX-20260101-000001-1", "--reason", "测试")
    assert unknown.returncode == 3
    assert "ZX-20260101-000001-1" in unknown.stderr
    setting = product.command("verify", COLOUR="blue")
    assert setting.returncode == 3
    assert "ZHIXUN_COLOUR" in setting.stderr
    assert "Traceback" not in setting.stderr + unknown.stderr


def test_knowledge_without_flaws_and_a_model_that_is_there_are_well(product: Product) -> None:
    checked = product.command("check")
    assert checked.returncode == 0, checked.stdout
    assert "0 处毛病" in checked.stdout
    trained = product.command("train", seconds=30)
    assert trained.returncode == 0, trained.stderr
    assert "模型已就绪" in trained.stdout


def test_ask_prints_the_answer_with_its_basis(product: Product) -> None:
    done = product.command("ask", "发明专利保护多少年")
    assert done.returncode == 0, done.stderr
    assert "20年" in done.stdout
    assert "第四十二条" in done.stdout
    assert "[answered]" in done.stdout


def test_ask_without_a_service_says_so(deploy: Callable[..., Product]) -> None:
    done = deploy().command("ask", "你好")
    assert done.returncode == 3
    assert "zhixun serve" in done.stderr


@pytest.mark.parametrize("form", ["json", "csv", "xlsx"])
def test_export_gives_what_was_said(used: tuple[Product, Citizen, dict[str, str]], form: str, tmp_path: Path) -> None:
    product, citizen, _ = used
    out = tmp_path / f"export.{form}"
    done = product.command("export", str(out))
    assert done.returncode == 0, done.stderr
    assert out.stat().st_mode & 0o077 == 0, "others may read the export"
    text = {"json": _said_in_json, "csv": _said_in_csv, "xlsx": _said_in_xlsx}[form](out, citizen.number)
    assert any("发明专利保护多少年" in each for each in text)
    assert any("20年" in each for each in text)
    if form != "json":
        assert not any(each.startswith("=") for each in text), "a cell that a spreadsheet would compute"


def _said_in_json(out: Path, number: str) -> list[str]:
    of = next(each for each in json.loads(out.read_text("utf-8"))["consultations"] if each["number"] == number)
    return [entry["private"]["text"] for entry in of["entries"] if entry["kind"] == "said"]


def _said_in_csv(out: Path, number: str) -> list[str]:
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    return [row["内容"] for row in rows if row["编号"] == number]


def _said_in_xlsx(out: Path, number: str) -> list[str]:
    book = openpyxl.load_workbook(out, read_only=True)
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    column = rows[0].index("内容")
    return [str(row[column]) for row in rows[1:] if row[0] == number]


def test_export_refuses_another_form_and_days_the_wrong_way_round(product: Product, tmp_path: Path) -> None:
    assert product.command("export", str(tmp_path / "out.pdf")).returncode == 3
    wrong = product.command("export", str(tmp_path / "out.csv"), "--since", "2026-12-01", "--until", "2026-01-01")
    assert wrong.returncode == 3
    assert not list(tmp_path.iterdir())
    assert product.command("export", str(tmp_path / "out.csv"), "--since", "soon").returncode == 2


def test_the_checker_stands_alone_and_agrees(used: tuple[Product, Citizen, dict[str, str]], tmp_path: Path) -> None:
    product, _, _ = used
    script = tmp_path / "checker.py"
    assert product.command("checker", str(script)).returncode == 0
    # -I: nothing of this project or this environment can be imported.
    run = [sys.executable, "-I", str(script), str(product.data / "archive")]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_accounts_are_made_listed_and_given_new_passwords(product: Product) -> None:
    made = product.command("user", "add", "wang", "--role", "reviewer")
    assert made.returncode == 0, made.stderr
    password = made.stdout.strip().rpartition("：")[2]
    assert password.count("-") == 3
    assert product.command("user", "add", "wang").returncode == 3
    assert product.command("user", "add", "li", "--role", "king").returncode == 3
    again = product.command("user", "reset", "wang")
    assert again.returncode == 0
    assert password not in again.stdout
    listed = product.command("user", "list")
    assert "wang  审核（reviewer）" in listed.stdout
    assert password not in listed.stdout
    assert product.command("user", "reset", "nobody").returncode == 3


def test_only_a_known_paper_with_articles_is_imported(deploy: Callable[..., Product], tmp_path: Path) -> None:
    product = deploy()
    paper, empty, binary = tmp_path / "paper.txt", tmp_path / "empty.txt", tmp_path / "binary.txt"
    paper.write_text(PAPER, "utf-8")
    empty.write_text("没有条文", "utf-8")
    binary.write_bytes(b"\xff\xfe\x00\x01")
    for source, file in (("no-such-law", paper), (LAW, empty), (LAW, binary), (LAW, tmp_path / "absent.txt"), (LAW, tmp_path)):
        done = product.command("sources", source, str(file))
        assert done.returncode == 3, f"{source} {file.name}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
    assert not (product.data / "sources").exists()
