"""Rising and falling: sure changes are told, chance is not, and few consultations tell nothing."""

from __future__ import annotations

import random

from zhixun.reports.changes import LEAST, SURE, changes


def test_what_rose_and_fell_is_told_the_surest_first() -> None:
    found = changes({"异议": 60, "费用": 100, "驳回": 5}, 400, {"异议": 15, "费用": 95, "驳回": 40}, 400)
    assert [(one.name, one.now, one.before, one.z > 0) for one in found] == [("异议", 60, 15, True), ("驳回", 5, 40, False)]


def test_more_consultations_alone_are_no_change() -> None:
    assert changes({"异议": 40, "费用": 120}, 800, {"异议": 20, "费用": 60}, 400) == []


def test_what_is_rare_or_judged_on_few_is_not_told() -> None:
    assert changes({"异议": LEAST - 1}, 5000, {}, 5000) == []
    assert changes({"异议": 20}, 25, {"异议": 0}, 400) == []
    assert changes({}, 0, {}, 0) == []


def test_what_everybody_asks_is_no_division_by_nothing() -> None:
    assert changes({"费用": 50}, 50, {"费用": 50}, 50) == []


def test_chance_alone_is_rarely_taken_for_a_change() -> None:
    """Of things that occur with the same chance in both spans, about one in a hundred may look changed."""
    rng, false = random.Random(5), 0
    for _ in range(400):
        counts = [sum(rng.random() < 0.06 for _ in range(400)) for _ in range(2)]
        false += len(changes({"费用": counts[0]}, 400, {"费用": counts[1]}, 400))
    assert false <= 10, SURE
