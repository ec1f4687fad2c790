"""The figures of one span of days, as plain records; nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

__all__ = ["STATUSES", "Figures", "Kept", "Rating", "Times", "times_of"]

STATUSES = ("answered", "clarify", "unknown", "handoff", "out_of_scope", "guide", "service", "referral", "withheld", "degraded")
"""The states of a turn that are counted; small talk is none of them."""


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in working minutes.

    Attributes:
        count: how many were measured. untold: of how many the calendar does not know a day between.
        middle, most, longest: half took no longer; nine of ten; all. None when nothing was measured.
        within: how many kept the limit.
    """

    count: int = 0
    untold: int = 0
    middle: float | None = None
    most: float | None = None
    longest: float | None = None
    within: int = 0


@dataclass(frozen=True, slots=True)
class Rating:
    """How one indicator was rated.

    Attributes:
        subject: `bot`, `staff`, empty where it was not told. count: how many rated it. mean: None when nobody did.
        low: how many gave one or two of five. missing: of the closed consultations it could concern, how many have no such
            score; None where it cannot be told which those are.
    """

    subject: str
    indicator: str
    count: int
    mean: float | None
    low: int
    missing: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """How promises of one kind were kept: made in the span, done in time, late (done or not), still to be done in time."""

    made: int
    kept: int
    late: int
    waiting: int


Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """What happened in the consultations that were opened in a span, and to the requests, slips and promises made in it.

    Attributes:
        handed: in how many a person was asked for or stepped in. helped: in how many of those staff answered.
        rights … districts: in how many consultations each occurred; one may count for several. Empty key: not recorded.
        statuses: in how many consultations a turn ended so. knowledge: ids to how many consultations they were given in.
        answered_by_kind: kinds of users to how many consultations, and of those how many were handed over.
        requests: service to standing to count. slips: agency to standing to count. tasks: by kind.
        trend: day or month (ISO) to count.
    """

    total: int = 0
    closed: int = 0
    turns: int = 0
    handed: int = 0
    helped: int = 0
    erased: int = 0
    channels: Counts = field(default_factory=dict)
    regions: Counts = field(default_factory=dict)
    rights: Counts = field(default_factory=dict)
    topics: Counts = field(default_factory=dict)
    stages: Counts = field(default_factory=dict)
    knowledge: Counts = field(default_factory=dict)
    statuses: Counts = field(default_factory=dict)
    outcomes: Counts = field(default_factory=dict)
    user_kinds: Counts = field(default_factory=dict)
    industries: Counts = field(default_factory=dict)
    districts: Counts = field(default_factory=dict)
    handed_by_district: Counts = field(default_factory=dict)
    first: Times = Times()
    solution: Times = Times()
    ratings: Sequence[Rating] = ()
    requests: Mapping[str, Counts] = field(default_factory=dict)
    slips: Mapping[str, Counts] = field(default_factory=dict)
    tasks: Mapping[str, Kept] = field(default_factory=dict)
    trend: Counts = field(default_factory=dict)

    @property
    def asked_for(self) -> dict[str, int]:
        """The counts of services asked for, by id of the catalogue."""
        return {service: sum(standings.values()) for service, standings in self.requests.items()}


def times_of(measured: Sequence[tuple[float | None, float]]) -> Times:
    """Return what spans of time come to, each with its limit (minutes); None is one that the calendar cannot tell."""
    known = [(minutes, limit) for minutes, limit in measured if minutes is not None]
    if not known:
        return Times(untold=len(measured))
    ordered = sorted(minutes for minutes, _ in known)
    # The smallest that nine of ten do not exceed.
    most = ordered[-(-len(ordered) * 9 // 10) - 1]
    within = sum(minutes <= limit for minutes, limit in known)
    return Times(len(known), len(measured) - len(known), round(median(ordered), 1), round(most, 1), round(ordered[-1], 1), within)
