"""When the model must be trained anew. (That training works is proven by the slow tiers.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import ROOT
from zhixun.knowledge.load import LEARNED, load
from zhixun.training import model_path, prune, train

INPUTS = ("config.yml", "domain.yml", "requirements.lock", "data/nlu/acts.yml", "data/rules.yml", "knowledge/answers/one.yml",
          "knowledge/services/one.yml", "knowledge/glossary.yml", "zhixun/nlu/ranker.py", "zhixun/knowledge/compile.py",
          "zhixun/knowledge/check.py")  # fmt: skip
OTHERS = ("README.md", "zhixun/app.py", "web/src/widget.js", "knowledge/notes.txt", "knowledge/site.yml", "knowledge/registers/one.yml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in (*INPUTS, *OTHERS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", INPUTS)
def test_a_change_of_any_input_asks_for_a_new_model(project: Path, name: str) -> None:
    before = model_path(project)
    (project / name).write_text("changed")
    changed = model_path(project)
    (project / name).unlink()
    assert len({before, changed, model_path(project)}) == 3


@pytest.mark.parametrize("name", OTHERS)
def test_a_change_of_anything_else_does_not(project: Path, name: str) -> None:
    before = model_path(project)
    (project / name).write_text("changed")
    assert model_path(project) == before


def test_a_model_lies_in_the_project(project: Path) -> None:
    path = model_path(project)
    assert path.parent == project / "models"
    assert path.name.startswith("zhixun-")
    assert path.name.endswith(".tar.gz")


def test_all_that_is_read_for_learning_is_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    read = set[Path]()
    plain = Path.read_text

    def noted(path: Path, *more: str) -> str:
        read.add(path)
        return plain(path, *more)

    monkeypatch.setattr(Path, "read_text", noted)
    folder = ROOT / "knowledge"
    load(folder)
    learned = {path for pattern in LEARNED for path in folder.glob(pattern)}
    assert {path for path in read if path.is_relative_to(folder)} == learned


async def test_a_model_that_is_there_is_not_trained_again(project: Path) -> None:
    model = model_path(project)
    model.parent.mkdir()
    model.write_bytes(b"trained before")
    told: list[str] = []
    assert await train(project, told.append) == model
    assert (model.read_bytes(), told) == (b"trained before", [])


def test_own_answers_make_another_model_which_lies_with_the_deployment(project: Path, tmp_path: Path) -> None:
    own, models = tmp_path / "own", tmp_path / "kept"
    shipped = model_path(project)
    assert model_path(project, own, models) == shipped, "without own answers it is the project's"
    (own / "answers").mkdir(parents=True)
    assert model_path(project, own, models) == shipped
    (own / "answers" / "mine.yml").write_text("one")
    first = model_path(project, own, models)
    (own / "answers" / "mine.yml").write_text("two")
    second = model_path(project, own, models)
    assert first.parent == second.parent == models
    assert len({shipped.name, first.name, second.name}) == 3
    (tmp_path / "candidate" / "answers").mkdir(parents=True)
    (tmp_path / "candidate" / "answers" / "mine.yml").write_text("two")
    assert model_path(project, tmp_path / "candidate", models) == second, "what was tried is found again once it is live"


def test_only_the_models_that_are_kept_stay(tmp_path: Path) -> None:
    for name in ("zhixun-a.tar.gz", "zhixun-b.tar.gz", "draft-1.tar.gz"):
        (tmp_path / name).write_bytes(b"")
    prune(tmp_path, {"zhixun-b.tar.gz", "zhixun-gone.tar.gz"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["draft-1.tar.gz", "zhixun-b.tar.gz"]
