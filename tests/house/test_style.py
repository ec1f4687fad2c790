"""The guards of the house style: sizes, docstrings, one home for each dangerous thing, and nothing of the machine it was made on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.source import Module, modules, tracked
from tests.support import ROOT

PRODUCT = ("zhixun", "actions")
EVERYWHERE = ("zhixun", "actions", "tests", "bench")
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _functions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _calls(module: Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call with its dotted name."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_the_guards_look_at_something() -> None:
    assert len(modules(*PRODUCT)) > 50
    assert {"zhixun/app.py", "actions/answer.py"} <= {module.path for module in modules(*PRODUCT)}
    names = {path.relative_to(ROOT).as_posix() for path in tracked()}
    assert {"Makefile", "knowledge/site.yml", "requirements.lock", "web/package.json"} <= names
    assert not [name for name in names if name.startswith((".venv/", ".git/", "models/", "web/node_modules/"))]


def test_no_module_is_longer_than_a_reader_s_patience() -> None:
    lengths = {module.path: len(module.text.splitlines()) for module in modules(*PRODUCT, "bench")}
    assert {path: length for path, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = {
        f"{module.path}:{node.name}": node.end_lineno - node.lineno + 1
        for module in modules(*EVERYWHERE)
        for node in _functions(module)
        if "/migrations/versions/" not in module.path and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == {}


def _public(body: list[ast.stmt], path: str) -> Iterator[tuple[str, Definition]]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield f"{path}:{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _public(node.body, f"{path}:{node.name}")


def test_every_public_thing_says_what_it_does_in_a_full_sentence() -> None:
    silent = []
    for module in modules(*PRODUCT):
        if "/migrations/versions/" in module.path:
            continue  # Alembic asks for `upgrade`; the module says what it does.
        for name, node in [(module.path, module.tree), *_public(module.tree.body, module.path)]:
            first = (ast.get_docstring(node) or "").partition("\n")[0]
            if not first.rstrip("：:").strip() or not re.search(r"[.?!:；。]$", first):
                silent.append(name)
    assert silent == []


def test_every_room_opens_with_what_it_promises() -> None:
    for room in sorted((ROOT / "zhixun").glob("*/__init__.py")):
        text = ast.get_docstring(ast.parse(room.read_text("utf-8"))) or ""
        assert 1 <= len(text.splitlines()) <= 10, room


def test_what_is_exported_is_there() -> None:
    for module in modules(*PRODUCT):
        exported = [
            node.value for node in module.tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        defined = {name for node in ast.walk(module.tree) for name in _names(node)}
        for names in exported:
            assert set(ast.literal_eval(names)) <= defined, module.path


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, Definition):
        return [node.name]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return [node.id]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    return []


@pytest.mark.parametrize(
    ("what", "pattern", "homes"),
    [
        # The children that the service starts inherit the environment; that is no reading of settings. The engine's own
        # memory of dialogues ages by the engine's clock.
        ("reads the environment", r"os\.(environ|getenv)",
         {"zhixun/settings.py", "zhixun/conversation/supervisor.py", "zhixun/training.py", "zhixun/nlu/run.py"}),
        ("asks for the time", r"(datetime|date)\.(now|today|utcnow)|time\.(time|monotonic|localtime)\(",
         {"zhixun/clock.py", "zhixun/nlu/tracker.py"}),
        ("draws random values", r"secrets\.|random\.|uuid\.|os\.urandom", {"zhixun/clock.py"}),
        ("makes a file durable", r"os\.(fsync|replace|rename)|\.fsync\(", {"zhixun/archive/durable.py"}),
        ("calls out",
         r"aiohttp\.ClientSession|aiosmtplib\.send|urllib\.request\.urlopen|(?<![.\w])requests\.(get|post|put|patch|request|Session)\(",
         {"zhixun/channels/tencent/api.py", "zhixun/conversation/engine.py", "zhixun/commands.py", "zhixun/referral/mail.py",
          "zhixun/signing.py"}),
        ("starts a process", r"create_subprocess|subprocess\.|os\.(system|popen|exec|spawn|fork)",
         {"zhixun/conversation/supervisor.py", "zhixun/training.py"}),
        ("runs text as code", r"(?<![\w.])(eval|exec|__import__)\(|pickle\.loads?\(", set()),
    ],
)  # fmt: skip
def test_each_dangerous_thing_has_one_home(what: str, pattern: str, homes: set[str]) -> None:
    trespassers = set()
    for path, code in _code().items():
        if re.search(pattern, code):
            trespassers.add(path)
    assert trespassers <= homes, what
    assert not homes or trespassers, f"nobody {what}: the pattern is dead"


@cache
def _code() -> dict[str, str]:
    """Return the product's code by module, without comments and docstrings."""
    written = {}
    for module in modules(*PRODUCT):
        tree = ast.parse(module.text)
        for node in ast.walk(tree):
            if isinstance(node, Definition | ast.Module) and ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
        written[module.path] = ast.unparse(tree)
    return written


def test_no_type_is_waved_through_without_a_reason() -> None:
    for module in modules(*PRODUCT):
        for number, line in enumerate(module.text.splitlines(), 1):
            if "type: ignore" in line:
                assert re.search(r"type: ignore\[[a-z-]+\]  # \w", line), f"{module.path}:{number}"


def test_no_test_sleeps() -> None:
    sleepers = [
        f"{module.path}:{call.lineno}"
        for module in modules("tests")
        for name, call in _calls(module)
        # `asyncio.sleep(0)` lets the other tasks have their turn; it waits for nothing.
        if name.split(".")[-1] == "sleep" and ast.unparse(call) != "asyncio.sleep(0)"
    ]
    assert sleepers == []


def test_no_test_replaces_a_part_of_ours_by_a_mock() -> None:
    mocking = re.compile(r"unittest\.mock|MagicMock|AsyncMock|mocker\b")
    own = "tests/house/test_style.py"
    assert [module.path for module in modules("tests") if module.path != own and mocking.search(module.text)] == []


# Written so that this file does not hold what it looks for.
_MACHINE = re.compile(r"(?<![\w.:/-])/(?:home|root|Users|work|mnt|private)/[\w.]")
_REGISTRIES = re.compile(
    r"pypi\.(?:org|python)|pythonhosted\.|registry\.(?:npmjs|yarnpkg|npmmirror)\.|(?:pypi|npm)\.(?:tuna|aliyun|douban|taobao)|"
    r"mirrors\.\w+\.(?:com|edu|cn)|conda\.anaconda\.|repo1?\.maven\.",
    re.IGNORECASE,
)
_TEXT = {
    "", ".cfg", ".css", ".html", ".js", ".json", ".jsonl", ".lock", ".mako", ".md", ".mjs", ".py", ".sh", ".svg", ".toml", ".txt",
    ".yaml", ".yml",
}  # fmt: skip


def _texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        if path.suffix in _TEXT:
            yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


@pytest.mark.parametrize(
    ("what", "pattern"), [("a path of one machine", _MACHINE), ("a package registry", _REGISTRIES)], ids=["path", "registry"]
)
def test_no_file_holds(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in _texts()
        if name != "tests/house/test_style.py"
        for match in pattern.finditer(text)
    ]
    assert found == [], what


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_MACHINE, "open('/ho" "me/me/x')"), (_MACHINE, "cd /ro" "ot/x"),
        (_REGISTRIES, "https://files.python" "hosted.org/x"), (_REGISTRIES, "https://registry." "npmjs.org/x"),
    ],
)  # fmt: skip
def test_the_patterns_find_what_they_look_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
