"""Five-fold cross-validation over the project's own wordings: by right and topic, with what is confused with what.

    python -m bench.folds [--pairs 30]

Harder than real questions: the wordings are short and deliberately unlike each other. Use it to find siblings that should be
merged or told apart, and topics that are thin.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict

import yaml

from bench.product import PROJECT
from zhixun.knowledge.load import load
from zhixun.nlu.ranker import documents_of, terms_of
from zhixun.nlu.ranking import Document, Held, cross_validate
from zhixun.nlu.understanding import ACT

WORST = 20


def held() -> tuple[list[Held], dict[str, str]]:
    """Run the validation; returns its rows and each document's right and topic."""
    knowledge = load(PROJECT / "knowledge")
    acts = yaml.safe_load((PROJECT / "data" / "nlu" / "acts.yml").read_text("utf-8"))["nlu"]
    documents = [*documents_of(knowledge),
                 *(Document(ACT + one["intent"], tuple(x.removeprefix("- ") for x in one["examples"].splitlines())) for one in acts)]
    topics = {q.id: f"{q.ip[0]} {q.topic}" for q in knowledge.questions.values()}
    return cross_validate(documents, terms_of(knowledge.glossary)), topics


def report(rows: list[Held], topics: dict[str, str], pairs: int) -> str:
    """Return the figures as text."""
    by_topic: dict[str, list[Held]] = defaultdict(list)
    confused: Counter[tuple[str, str]] = Counter()
    for row in rows:
        by_topic[topics.get(row.id, "对话行为")].append(row)
        if row.places[0] != row.id:
            confused[row.id, row.places[0]] += 1
    lines = [f"all      {_shares(rows)}", f"12–35字  {_shares([row for row in rows if 12 <= len(row.text) <= 35])}", "", "weakest topics:"]
    worst = sorted(by_topic.items(), key=lambda item: sum(r.places[0] == r.id for r in item[1]) / len(item[1]))[:WORST]
    lines += [f"  {topic:14} {_shares(own)}" for topic, own in worst]
    lines += ["", "most confused (asked → taken for):"]
    lines += [f"  {count:3}  {asked} → {taken}" for (asked, taken), count in confused.most_common(pairs)]
    return "\n".join(lines)


def _shares(rows: list[Held]) -> str:
    first = sum(row.places[0] == row.id for row in rows) / len(rows)
    three = sum(row.id in row.places for row in rows) / len(rows)
    return f"n={len(rows):5d}  first {first:.1%}  among three {three:.1%}"


def main() -> None:
    """Validate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30, help="how many confused pairs to list")
    print(report(*held(), parser.parse_args().pairs))


if __name__ == "__main__":
    main()
