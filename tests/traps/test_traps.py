"""Traps: what a careless assistant gets wrong. All are put to the running product, each in a consultation of its own.

The files are judged as shares, with the bar beside each: a single miss is a wording to learn from, many are a fault.
"""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bench.accuracy import Asker
from tests.product import Product
from tests.support import real_knowledge

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
AT_ONCE = 4
NOISE_COST = 0.03
CORRECTED, NOT_PASSED_OVER = 0.7, 0.95
REFUSALS = (400, 413, 422)
Row = dict[str, Any]
Turn = dict[str, Any]


def _lines(name: str) -> list[Row]:
    return [json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines() if line.strip()]


def _fold(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _said(turn: Turn) -> str:
    return _fold("\n".join(reply["text"] for reply in turn["replies"]))


def _known(turn: Turn) -> set[str]:
    return {name for reply in turn["replies"] for name in reply["knowledge"]}


async def _ask_all(url: str, texts: Iterable[str]) -> list[Turn]:
    gate = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession() as http:
        asker = Asker(http, url)

        async def one(text: str) -> Turn:
            async with gate:
                try:
                    return (await asker.ask(text))[0]
                except aiohttp.ClientResponseError as refusal:
                    # Too long, or without a word: the door says so in Chinese and nothing is answered.
                    if refusal.status not in REFUSALS:
                        raise
                    return {"status": "refused", "replies": []}

        return await asyncio.gather(*map(one, texts))


def _judge(product: Product, rows: list[Row], asked: str, right: Callable[[Row, Turn], bool]) -> tuple[float, str]:
    """Ask all rows; return the share that is right and the list of misses."""
    turns = asyncio.run(_ask_all(product.url, [row[asked] for row in rows]))
    missed = [f"{row[asked][:60]} → {turn['status']} {sorted(_known(turn))}"
              for row, turn in zip(rows, turns, strict=True) if not right(row, turn)]  # fmt: skip
    return 1 - len(missed) / len(rows), "\n".join(missed)


def test_each_document_keeps_its_own_numbers(product: Product) -> None:
    def right(row: Row, turn: Turn) -> bool:
        said = _said(turn)
        return all(_fold(words) in said for words in row.get("says", ())) and not any(_fold(w) in said for w in row.get("never", ()))

    rows = yaml.safe_load((HERE / "documents.yml").read_text("utf-8"))
    share, missed = _judge(product, rows, "ask", right)
    assert share == 1, missed


def _corrects(row: Row, turn: Turn) -> bool:
    return turn["status"] in ("answered", "referral") and all(re.search(fact, _said(turn)) for fact in row["facts"])


def test_wrong_premises_are_corrected_or_asked_about(product: Product) -> None:
    """Told as wrong at once, or at least not passed over: the question whose answer corrects it is offered."""
    titles = {name: question.title for name, question in real_knowledge().questions.items()}

    def right(row: Row, turn: Turn) -> bool:
        offered = {button["title"] for reply in turn["replies"] for button in reply["buttons"]}
        return _corrects(row, turn) or bool(offered & {titles[name] for name in row["questions"]})

    rows = _lines("premises.jsonl")
    assert _judge(product, rows, "text", _corrects)[0] >= CORRECTED
    share, missed = _judge(product, rows, "text", right)
    assert share >= NOT_PASSED_OVER, missed


def test_no_false_premise_is_agreed_with(product: Product) -> None:
    def right(row: Row, turn: Turn) -> bool:
        # A question that is only offered is asked by the citizen, not said by us.
        return turn["status"] == "clarify" or not any(re.search(never, _said(turn)) for never in row.get("never", ()))

    share, missed = _judge(product, _lines("premises.jsonl"), "text", right)
    assert share == 1, missed


# Other matters in the words of the field are the hardest: the aim is 0.95.
BARS = {"out_of_scope": 0.85, "small_talk": 0.9, "handoff": 0.9, "withheld": 0.9, "not_answered": 0.95}


@pytest.mark.parametrize("expect", BARS)
def test_what_is_not_ours_is_not_answered(product: Product, expect: str) -> None:
    def right(row: Row, turn: Turn) -> bool:
        if expect == "not_answered":
            return turn["status"] not in ("answered", "guide", "service") or bool(_known(turn) & set(row.get("questions", ())))
        return str(turn["status"]) == expect

    rows = [row for row in _lines("outside.jsonl") if row["expect"] == expect]
    if rows:
        share, missed = _judge(product, rows, "text", right)
        assert share >= BARS[expect], missed


def test_noise_costs_at_most_three_points(product: Product) -> None:
    """The noisy words must lead to what the clean ones lead to, at least as an offered choice."""
    rows = _lines("noise.jsonl")
    clean, noisy = (asyncio.run(_ask_all(product.url, [row[form] for row in rows])) for form in ("clean", "noisy"))
    missed = [f"{row['kind']}: {row['clean']} / {row['noisy']}" for row, one, other in zip(rows, clean, noisy, strict=True)
              if not _reached(one) & _reached(other)]  # fmt: skip
    assert len(missed) <= NOISE_COST * len(rows), "\n".join(missed)


@pytest.mark.parametrize("kind", ["blanks", "traditional", "fullwidth"])
def test_how_it_is_written_costs_nothing(product: Product, kind: str) -> None:
    rows = [row for row in _lines("noise.jsonl") if row["kind"] == kind]
    clean, noisy = (asyncio.run(_ask_all(product.url, [row[form] for row in rows])) for form in ("clean", "noisy"))
    assert [_known(turn) for turn in noisy] == [_known(turn) for turn in clean]


def _reached(turn: Turn) -> set[str]:
    """Return what a turn gives or offers."""
    return _known(turn) | {button["title"] for reply in turn["replies"] for button in reply["buttons"]} or {turn["status"]}
