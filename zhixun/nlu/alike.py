"""Puts messages that ask the same thing together, for people who look through what was not answered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from zhixun.nlu.text import bare, clauses, grams, normalise

__all__ = ["ALIKE", "group"]

ALIKE = 0.36
"""From this likeness on two messages stand together; much below, strangers do, much above, hardly any."""
_FEW, _COMMON = 50, 0.2
"""A pair that stands in more messages than these, and in more than this share of them, tells nothing about where to look."""


def group(texts: Sequence[str], alike: float = ALIKE) -> list[list[int]]:
    """Return the places of `texts` in groups, the largest first; each group begins with the message that it grew from.

    The likeness of two messages is the cosine of their character 1- and 2-grams, weighted by how rare these are among all
    (as in `bm25.py`). A message joins the group whose first message it is most like.
    """
    cut = [frozenset(grams(clauses(bare(normalise(text))))) for text in texts]
    distinct = set(cut)
    spread = Counter(gram for own in distinct for gram in own)
    rare = {gram: math.log(1 + (len(distinct) - count + 0.5) / (count + 0.5)) for gram, count in spread.items()}
    length = [math.sqrt(sum(rare[gram] ** 2 for gram in own)) for own in cut]
    # Messages that are the same to the letter count once: what very many ask is not common for that.
    told = {gram for gram, count in spread.items() if len(gram) > 1 and count <= max(_FEW, _COMMON * len(distinct))}
    groups: list[list[int]] = []
    holding: dict[str, list[int]] = {}
    # The longer say more of what they ask, so that groups grow from them.
    for at in sorted(range(len(texts)), key=lambda at: (-len(cut[at]), at)):
        near = {number for gram in cut[at] & told for number in holding.get(gram, ())}
        likeness = {number: _cosine(at, groups[number][0], cut, rare, length) for number in near}
        best = max(likeness, key=lambda number: (likeness[number], -number), default=None)
        if best is not None and likeness[best] >= alike:
            groups[best].append(at)
            continue
        for gram in cut[at] & told:
            holding.setdefault(gram, []).append(len(groups))
        groups.append([at])
    return sorted(groups, key=lambda members: (-len(members), members[0]))


def _cosine(one: int, other: int, cut: Sequence[frozenset[str]], rare: dict[str, float], length: Sequence[float]) -> float:
    shared = sum(rare[gram] ** 2 for gram in cut[one] & cut[other])
    return shared / max(length[one] * length[other], 1e-9)
