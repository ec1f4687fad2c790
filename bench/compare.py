"""The same wordings and questions through Rasa's stock pipeline, plain BM25 and ours, side by side.

    python -m bench.compare FILE [FILE …] [--epochs 100] [--base 120 --each 15] [--write]

Every method ranks the curated questions for each answerable question of the files. A place is right when the answer that
holds today has all facts that the question asks for (without facts: when it is one of the accepted questions). The share of
wrong answers is told for the 80 % of messages of which each method is surest, so that no threshold favours one of them.
Training is told in wall and processor seconds, because a machine is seldom idle. The stock pipeline takes some four minutes
an epoch for the whole knowledge on two cores; `--base` and `--each` take a part of it, the same part for all three methods.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import itertools
import json
import logging
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jieba
import numpy as np
import yaml

from bench.accuracy import _fold
from bench.product import PROJECT, machine, put
from zhixun.knowledge.choose import choose
from zhixun.knowledge.load import load
from zhixun.knowledge.model import Knowledge
from zhixun.nlu.bm25 import Bm25, Vocabulary, count
from zhixun.training import model_path, train

ANSWERED = 0.8
PLACES = 3
ACT = "act/"
Ranking = list[tuple[str, float]]


@dataclass
class Method:
    """One way of ranking, with what it took to train and to ask."""

    name: str
    wall: float
    cpu: float
    rank: Callable[[str], Ranking]
    milliseconds: list[float] = field(default_factory=list)

    def ask(self, text: str) -> Ranking:
        """Rank and keep the time."""
        began = time.perf_counter()
        found = self.rank(text)
        self.milliseconds.append((time.perf_counter() - began) * 1e3)
        return found


def examples(knowledge: Knowledge, base: int | None, each: int | None, first: Sequence[str]) -> dict[str, list[str]]:
    """Return the training wordings: by question id, and by `act/…`.

    Args:
        base: how many questions to take, those of `first` before others; None takes all.
        each: how many wordings of each, spread over its list.
    """
    order = dict.fromkeys([*(name for name in first if name in knowledge.questions), *knowledge.questions])
    found = {}
    for name in list(order)[:base]:
        question = knowledge.questions[name]
        lines = list(dict.fromkeys([question.title, *question.wordings]))
        found[name] = lines[:: max(1, len(lines) // each)][:each] if each else lines
    for entry in yaml.safe_load((PROJECT / "data" / "nlu" / "acts.yml").read_text("utf-8"))["nlu"]:
        found[ACT + entry["intent"]] = [line.removeprefix("- ") for line in entry["examples"].splitlines()]
    return found


def spent(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return wall and processor seconds (children included) of some work, and its result."""
    def cpu() -> float:
        return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))

    began, before = time.monotonic(), cpu()
    result = work()
    return time.monotonic() - began, cpu() - before, result


def rasa_method(name: str, make: Callable[[], Path], read: Callable[[dict[str, Any]], Ranking]) -> Method:
    """Train a Rasa model and return how it ranks."""
    from rasa.core.agent import Agent

    wall, cpu, model = spent(make)
    agent = Agent.load(str(model))
    loop = asyncio.new_event_loop()
    return Method(name, wall, cpu, lambda text: read(loop.run_until_complete(agent.parse_message(text))))


def stock(wordings: dict[str, list[str]], folder: Path, epochs: int) -> Method:
    """Train Rasa's stock pipeline on one intent for each question."""
    config = yaml.safe_load((PROJECT / "bench" / "stock.yml").read_text("utf-8"))
    config["pipeline"][-1]["epochs"] = epochs
    (folder / "config.yml").write_text(yaml.safe_dump(config), "utf-8")
    plain = str.maketrans("[]()", "【】（）")
    nlu = [{"intent": name, "examples": "".join(f"- {words.translate(plain)}\n" for words in lines)} for name, lines in wordings.items()]
    (folder / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": nlu}, allow_unicode=True, width=10_000), "utf-8")

    def make() -> Path:
        command = [sys.executable, "-m", "rasa", "train", "nlu", "--nlu", "nlu.yml", "--config", "config.yml", "--fixed-model-name", "stock"]
        environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "SQLALCHEMY_SILENCE_UBER_WARNING": "1"}
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=sys.stderr)
        return folder / "models" / "stock.tar.gz"

    return rasa_method(
        f"Rasa's stock pipeline (DIET, {epochs} epochs)", make,
        lambda parsed: [(hit["name"], hit["confidence"]) for hit in parsed["intent_ranking"]],
    )  # fmt: skip


def ours(wordings: dict[str, list[str]], folder: Path) -> Method:
    """Train the product's model on those wordings: the project with no other questions in its knowledge."""
    def make() -> Path:
        asyncio.run(train(folder, lambda _step: None, force=True))
        return model_path(folder)

    for name in ("config.yml", "domain.yml", "data", "zhixun", "requirements.lock"):
        (folder / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "knowledge", folder / "knowledge")
    shutil.rmtree(folder / "knowledge" / "guides")
    for path in (folder / "knowledge" / "answers").glob("*.yml"):
        kept = [{**one, "wordings": wordings[one["id"]][1:]} for one in yaml.safe_load(path.read_text("utf-8")) if one["id"] in wordings]
        path.write_text(yaml.safe_dump(kept, allow_unicode=True), "utf-8")

    def read(parsed: dict[str, Any]) -> Ranking:
        acts = [] if parsed["intent"]["name"] in ("ask", "nlu_fallback") else [(ACT + parsed["intent"]["name"], 1.0)]
        return acts + [(hit["question"], hit["confidence"]) for hit in parsed["ranking"]]

    return rasa_method("Zhixun", make, read)


def plain_bm25(wordings: dict[str, list[str]]) -> Method:
    """BM25 over words, one document for each question."""
    names = list(wordings)

    def make() -> tuple[Vocabulary, Bm25]:
        cut = [[jieba.lcut(words) for words in lines] for lines in wordings.values()]
        vocabulary = Vocabulary.of([words for lines in cut for words in lines])
        return vocabulary, Bm25.of(vocabulary.counts([count(lines) for lines in cut]))

    jieba.initialize()
    wall, cpu, (vocabulary, bm25) = spent(make)

    def rank(text: str) -> Ranking:
        scores = bm25.scores(vocabulary.asked([jieba.lcut(text)]))[0]
        order = np.argsort(-scores, kind="stable")[: PLACES + 1]
        # How far each is ahead of the next, which tells right from wrong better than the score itself.
        return [(names[at], float(scores[at] - scores[after])) for at, after in itertools.pairwise(order)]

    return Method("plain BM25 over words", wall, cpu, rank)


def answerable(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Read the questions that have an answer."""
    lines = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [line for line in lines if line["expect"] == "answer"]


def gives(name: str, question: dict[str, Any], knowledge: Knowledge, day: datetime.date) -> bool:
    """Tell whether the answer of the ranked question is right for what was asked."""
    if name not in knowledge.questions:
        return False
    facts = question.get("facts") or question.get("key_facts") or []
    choice = choose(knowledge.questions[name], "西宁市", day, knowledge.glossary)
    if not facts or choice is None:
        return name in (question.get("questions") or ())
    return all(re.search(_fold(fact), _fold(choice.answer.text)) for fact in facts)


def measure(methods: Sequence[Method], questions: list[dict[str, Any]], knowledge: Knowledge) -> str:
    """Ask every method everything; return the table as Markdown."""
    day = datetime.date.today()
    lines = ["| | first place right | among the first three | wrong of the surest 80 % | training, wall | training, processor | a message |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for method in methods:
        rows = []
        for question in questions:
            ranking = method.ask(question["text"])[:PLACES]
            right = [gives(name, question, knowledge, day) for name, _ in ranking]
            rows.append((ranking[0][1] if ranking else 0.0, bool(right and right[0]), any(right)))
        rows.sort(key=lambda row: -row[0])
        sure = rows[: int(len(rows) * ANSWERED)]
        first, three, wrong = (100 * sum(part) / len(part) for part in (
            [row[1] for row in rows], [row[2] for row in rows], [not row[1] for row in sure]))  # fmt: skip
        lines.append(f"| {method.name} | {first:.1f} % | {three:.1f} % | {wrong:.1f} % | {method.wall:.1f} s | {method.cpu:.1f} s "
                     f"| {np.median(method.milliseconds):.1f} ms |")  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    """Train all, ask all, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--epochs", type=int, default=100, help="of the stock pipeline")
    parser.add_argument("--base", type=int, help="take only so many questions of the knowledge")
    parser.add_argument("--each", type=int, help="take only so many wordings of each")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    os.chdir(PROJECT)
    knowledge, questions = load(PROJECT / "knowledge"), answerable(given.files)
    accepted = [name for question in questions for name in question.get("questions") or ()]
    wordings = examples(knowledge, given.base, given.each, accepted)
    if given.base:
        questions = [question for question in questions if set(question.get("questions") or ()) & set(wordings)]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        methods = [ours(wordings, Path(one)), plain_bm25(wordings), stock(wordings, Path(other), given.epochs)]
        table = measure(methods, questions, knowledge)
    told = (f"{datetime.date.today()}, {machine()}. {sum(ACT not in name for name in wordings)} questions and the acts, "
            f"{sum(map(len, wordings.values()))} wordings; "
            f"{len(questions)} answerable questions asked ({', '.join(path.name for path in given.files)}).\n\n{table}\n")  # fmt: skip
    print(told)
    if given.write:
        put("comparison", told)


if __name__ == "__main__":
    main()
