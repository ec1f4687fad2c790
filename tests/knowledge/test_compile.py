"""What the engine trains on: made anew from the knowledge, the same bytes for the same knowledge."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.knowledge.made import knowledge, question
from tests.support import real_knowledge
from zhixun.knowledge.compile import LOOKUPS, compile_training_data

PARTS = ("nlu/lookups.yml", "jieba/field.txt")


def _nlu(path: Path) -> list[dict[str, str]]:
    data = yaml.safe_load(path.read_text("utf-8"))
    assert data["version"] == "3.1"
    return list(data["nlu"])


def _lines(examples: str) -> list[str]:
    assert all(line.startswith("- ") for line in examples.splitlines())
    return [line.removeprefix("- ") for line in examples.splitlines()]


def test_lookups_are_told_longest_first_and_sayings_mean_their_term(tmp_path: Path) -> None:
    compile_training_data(knowledge(), tmp_path)
    entries = _nlu(tmp_path / "nlu" / "lookups.yml")
    lookups = {entry["lookup"]: _lines(entry["examples"] or "") for entry in entries if "lookup" in entry}
    assert set(lookups) == set(LOOKUPS)
    assert lookups["right"] == ["发明专利", "专利", "发明", "商标", "牌子"]
    synonyms = {entry["synonym"]: _lines(entry["examples"]) for entry in entries if "synonym" in entry}
    assert synonyms == {"商标": ["牌子"], "发明": ["发明专利"], "西宁市": ["西宁"], "青海省": ["青海"], "福州市": ["福州"], "侵权": ["抄袭"]}


def test_the_word_cutter_learns_every_word_of_the_field_once(tmp_path: Path) -> None:
    compile_training_data(knowledge(), tmp_path)
    lines = (tmp_path / "jieba" / "field.txt").read_text("utf-8").splitlines()
    words = [line.split(" ")[0] for line in lines]
    assert words == sorted(set(words))
    assert {"牌子", "发明专利", "抄袭", "西宁市"} <= set(words)
    assert all(line.split(" ")[1:] == ["2000", "n"] for line in lines)
    assert all(len(word) > 1 for word in words)


def test_the_same_knowledge_gives_the_same_bytes_over_what_was_there(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder / "nlu").mkdir(parents=True)
        (tmp_path / folder / "nlu" / "of-an-earlier-version.yml").write_text(folder)
        compile_training_data(knowledge(question(), question("q-two")), tmp_path / folder)
        assert {path.relative_to(tmp_path / folder).as_posix() for path in (tmp_path / folder).rglob("*.*")} == set(PARTS)
    for part in PARTS:
        assert (tmp_path / "one" / part).read_bytes() == (tmp_path / "two" / part).read_bytes()


def test_the_knowledge_of_this_repository_compiles(tmp_path: Path) -> None:
    real = real_knowledge()
    compile_training_data(real, tmp_path)
    lookups = {entry["lookup"]: entry["examples"] for entry in _nlu(tmp_path / "nlu" / "lookups.yml") if "lookup" in entry}
    assert set(lookups) == set(LOOKUPS)
    assert all(_lines(examples) for examples in lookups.values())
