"""Which things are asked for more or less often than before, beyond what chance does.

The share of consultations in which a thing occurs is compared as log-odds, shrunk towards the share in both spans together by a
prior worth `_PRIOR` consultations, so that something asked twice instead of once is no trend. The difference over its standard
error is held against the normal distribution (Monroe, Colaresi, Quinn 2008: log-odds with an informative prior).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt

__all__ = ["ENOUGH", "LEAST", "SURE", "Change", "changes", "enough"]

SURE = 2.58
"""A difference as large comes by chance once in a hundred times; with some hundred topics that is one false alarm at most or so."""
LEAST = 8
"""What was asked for less often than that in both spans is not judged."""
ENOUGH = 30
"""So many consultations each span must have."""
_PRIOR = 10.0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed: in how many consultations it occurs now and occurred before; `z` is how sure that is, positive when it rose."""

    name: str
    now: int
    before: int
    z: float


def enough(total: int, before: int) -> bool:
    """Tell whether there are enough consultations in both spans to judge anything."""
    return min(total, before) >= ENOUGH


def changes(now: Mapping[str, int], total: int, before: Mapping[str, int], total_before: int, least: int = LEAST) -> list[Change]:
    """Return what changed surely, the most surely first; nothing when there are too few consultations.

    Args:
        now, before: in how many consultations each thing occurs. total, total_before: how many consultations there were.
        least: how often a thing must occur in one of the spans.
    """
    if not enough(total, total_before):
        return []
    judged = (
        Change(name, now.get(name, 0), before.get(name, 0), _z(now.get(name, 0), total, before.get(name, 0), total_before))
        for name in {**now, **before} if name and max(now.get(name, 0), before.get(name, 0)) >= least
    )  # fmt: skip
    return sorted((one for one in judged if abs(one.z) >= SURE), key=lambda one: (-abs(one.z), one.name))


def _z(now: int, total: int, before: int, total_before: int) -> float:
    share = (now + before) / (total + total_before)
    have, lack = _PRIOR * share, _PRIOR * (1 - share)
    cells = (now + have, total - now + lack, before + have, total_before - before + lack)
    # What occurs in every consultation cannot rise; a cell of nothing would have no logarithm.
    if min(cells) <= 0:
        return 0.0
    odds = log(cells[0] / cells[1]) - log(cells[2] / cells[3])
    return round(odds / sqrt(sum(1 / cell for cell in cells)), 2)
