"""The rooms do not import each other: import-linter's contracts in pyproject.toml, and that no room is left out of them."""

from __future__ import annotations

import tomllib

from importlinter import configuration
from importlinter.application import use_cases

from tests.house.source import modules
from tests.support import ROOT

ROOMS = {path.parent.name for path in (ROOT / "zhixun").glob("*/__init__.py")}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def test_the_contracts_are_kept() -> None:
    # Not by its command, which silences every other logger of this process.
    configuration.configure()
    assert use_cases.lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None, no_logo=True)


def test_no_room_was_forgotten_in_the_contracts() -> None:
    (rooms,) = [contract["modules"] for contract in CONTRACTS if contract["type"] == "independence"]
    assert set(rooms) == {f"zhixun.{room}" for room in ROOMS}


def test_no_module_was_forgotten_in_the_contract_on_rasa() -> None:
    (contract,) = [each for each in CONTRACTS if "rasa" in each.get("forbidden_modules", ())]
    paths = {module.path.removesuffix(".py").replace("/", ".") for module in modules("zhixun")}
    tops = {".".join(path.split(".")[:2]) for path in paths} - {"zhixun.__init__", "zhixun.__main__", "zhixun.nlu", "zhixun.migrations"}
    assert set(contract["source_modules"]) == tops
