"""Asks a running service every question of a file and counts what was right.

    python bench/accuracy.py http://127.0.0.1:8080 [FILE] [--half odd|even] [--rows OUT.jsonl]

A line of the file is {"id", "text", "expect", "facts" or "key_facts": [regex], "questions": [ids]}. An `answer` question is
right when it was answered with all facts (without facts: from one of the accepted questions); right after a choice when it
was asked back and one offered choice gives that; wrong when something else was given as the answer, or small talk. An `ours`
question looks like a wish for somebody, and is right when it was neither handed over nor sent away. The service must run with
ZHIXUN_LIMITS=off.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import re
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import aiohttp
from tqdm import tqdm

AT_ONCE = 4
GIVEN = ("answered", "guide", "service")
PERSON = ("handoff", "referral")
WRITTEN = ("written", "styled")
"""Origins of questions that were made for measuring, not collected."""
_POINTS_ON = re.compile("人工|转接|工作人员|律师|法院|版权局|农业农村|市场监管|知识产权局|12345|12315|核实")


class Asker:
    """Opens a consultation for each question, so that none colours another."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._base = base

    async def ask(self, *texts: str) -> tuple[dict[str, Any], float]:
        """Say `texts` in a new consultation; returns the last turn and its milliseconds."""
        opened = await self._post("/api/v1/sessions", {"channel": "api"})
        for text in texts:
            began = time.perf_counter()
            turn = await self._post("/api/v1/messages", {"text": text}, opened["session"])
        return turn, (time.perf_counter() - began) * 1e3

    async def _post(self, path: str, body: object, session: str = "") -> dict[str, Any]:
        head = {"Authorization": f"Bearer {session}"} if session else {}
        async with self._http.post(self._base + path, json=body, headers=head) as response:
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


def has(question: dict[str, Any], turn: dict[str, Any]) -> bool:
    """Tell whether the turn gives what a right answer must contain."""
    facts = question.get("facts") or question.get("key_facts") or []
    if facts:
        said = _fold("\n".join(reply["text"] for reply in turn["replies"]))
        return all(re.search(_fold(fact), said) for fact in facts)
    return bool({known for reply in turn["replies"] for known in reply["knowledge"]} & set(question.get("questions") or ()))


async def judge(asker: Asker, question: dict[str, Any]) -> dict[str, Any]:
    """Ask one question and return the row with its verdict."""
    turn, milliseconds = await asker.ask(question["text"])
    status, expect = turn["status"], question["expect"]
    if expect == "answer":
        verdict = await _judge_answer(asker, question, turn)
    elif expect in ("handoff", "refer"):
        said = "\n".join(reply["text"] for reply in turn["replies"])
        verdict = "right" if status in PERSON else "partial" if _POINTS_ON.search(said) else "unhelpful"
        verdict = "wrong" if verdict == "unhelpful" and status not in ("unknown", "clarify") else verdict
    elif expect == "ours":
        verdict = "right" if status in (*GIVEN, "clarify") else "unhelpful" if status in ("unknown", *PERSON) else "wrong"
    elif expect == "clarify":
        verdict = "right" if status in ("clarify", "guide", "service") else "wrong" if status in ("small_talk", "out_of_scope") else "partial"
    elif expect == "out_of_scope":
        verdict = "right" if status == "out_of_scope" else "partial" if status in ("unknown", *PERSON) else "wrong"
    else:
        verdict = "right" if status == "small_talk" else "wrong"
    known = [known for reply in turn["replies"] for known in reply["knowledge"]]
    return {**question, "status": status, "verdict": verdict, "ms": round(milliseconds, 1), "knowledge": list(dict.fromkeys(known)),
            "choices": [button["title"] for reply in turn["replies"] for button in reply["buttons"]],
            "reply": "\n".join(reply["text"] for reply in turn["replies"])[:400]}  # fmt: skip


async def _judge_answer(asker: Asker, question: dict[str, Any], turn: dict[str, Any]) -> str:
    status = turn["status"]
    if status in GIVEN and has(question, turn):
        return "right"
    if status == "clarify":
        buttons = [button for reply in turn["replies"] for button in reply["buttons"]][:4]
        for button in buttons:
            chosen, _ = await asker.ask(question["text"], button["payload"])
            if has(question, chosen):
                return "right_after_choice"
        return "unhelpful"
    return "unhelpful" if status in ("unknown", "degraded", "guide", "service", *PERSON) else "wrong"


def report(rows: list[dict[str, Any]]) -> str:
    """Return the figures as lines: by class, over all, and for really asked questions apart (they are the harder half)."""
    by: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for row in rows:
        by[row["expect"]][row["verdict"]] += 1
    lines = [
        f"{expect:13s} n={found.total():4d}  " + "  ".join(f"{v} {n} ({n / found.total():.1%})" for v, n in found.most_common())
        for expect, found in sorted(by.items())
    ]
    if by["answer"]:
        lines.append(_shares("all", rows))
        if asked := [row for row in rows if row.get("origin", "written") not in WRITTEN]:
            lines.append(_shares("really asked", asked))
    person = by["handoff"] + by["refer"]
    if person:
        lines.append(f"handoff and referral, recall {person['right'] / person.total():.1%} of {person.total()}")
    times = sorted(row["ms"] for row in rows)
    lines.append(f"a turn: p50 {times[len(times) // 2]} ms, p99 {times[int(len(times) * 0.99)]} ms, {AT_ONCE} at once")
    return "\n".join(lines)


def _shares(name: str, rows: list[dict[str, Any]]) -> str:
    answers = collections.Counter(row["verdict"] for row in rows if row["expect"] == "answer")
    asked = max(1, answers.total())
    right = (answers["right"] + answers["right_after_choice"]) / asked
    wrong = sum(row["verdict"] == "wrong" for row in rows) / max(1, len(rows))
    return f"{name}: right {right:.1%} (directly {answers['right'] / asked:.1%}) of {asked}, confidently wrong {wrong:.1%} of {len(rows)}"


def _fold(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


async def main() -> None:
    """Read the arguments, ask everything, print the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).parent.parent / "tests" / "questions.jsonl")
    parser.add_argument("--half", choices=("odd", "even"), help="odd lines choose thresholds, even lines are the test")
    parser.add_argument("--rows", type=Path)
    given = parser.parse_args()
    questions = [json.loads(line) for line in given.file.read_text("utf-8").splitlines() if line.strip()]
    if given.half:
        questions = questions[given.half == "even" :: 2]
    gate = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession() as http:
        asker = Asker(http, given.base.rstrip("/"))
        with tqdm(total=len(questions), unit="问", file=sys.stderr) as bar:

            async def one(question: dict[str, Any]) -> dict[str, Any]:
                async with gate:
                    row = await judge(asker, question)
                    bar.update()
                    return row

            rows = await asyncio.gather(*map(one, questions))
    if given.rows:
        given.rows.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    print(report(list(rows)))


if __name__ == "__main__":
    asyncio.run(main())
