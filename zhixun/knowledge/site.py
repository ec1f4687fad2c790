"""The deployment: its name, region, sentences, hours and rules, read from `site.yml` and `calendar.yml`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from zhixun.clock import stamp
from zhixun.knowledge.hosts import HostSite, read_hosts
from zhixun.knowledge.hours import Hours, read_hours
from zhixun.knowledge.load import KnowledgeError, read_file

__all__ = [
    "CorrectiveRules", "Described", "DeskRules", "Hours", "LearningRules", "Limits", "ReferralRules", "RequestRules", "Site", "Team",
    "UserKind", "load_site",
]  # fmt: skip

_WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True, slots=True)
class RequestRules:
    """How requests for services are numbered and how soon they are answered.

    Args:
        due_hours: working hours until somebody answers, unless the service has its own.
        groups: the names of the teams that requests go to.
        confirmed: whether the office has confirmed both.
    """

    prefix: str
    due_hours: int
    groups: tuple[str, ...]
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Team:
    """A group of staff.

    Args:
        name: in Chinese; it is its id as well.
        about: what it does. rights: the rights whose matters are handed to it.
        default: whether it gets what belongs to no other.
    """

    name: str
    about: str
    rights: tuple[str, ...]
    default: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How soon staff answer, in working time.

    Args:
        first_minutes: until the first answer. next_minutes: until each further one.
        solution_hours: until the consultation is closed. callback_hours: until who left a message is answered.
        warn_at: the share of a limit from which on it is warned of.
        confirmed: whether the office has confirmed them.
    """

    first_minutes: int
    next_minutes: int
    solution_hours: int
    callback_hours: int
    warn_at: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class DeskRules:
    """How the desk is used.

    Args:
        second_factor: the roles that must have one.
        idle_minutes, longest_hours: after so much idleness, and in any case after so long, staff sign in again.
        lease_seconds: so long who has a consultation may be silent, before it goes back to the queue.
        transfer_minutes: so long a consultation waits for whom it was passed on to, before all may take it.
    """

    second_factor: tuple[str, ...]
    idle_minutes: int
    longest_hours: int
    lease_seconds: int
    transfer_minutes: int


@dataclass(frozen=True, slots=True)
class LearningRules:
    """How staff show that they were trained before duty (6.1.3 1) of the specification).

    Args:
        questions: of a round. pass_percent: so many of them must be right. weights: field to share of the questions.
        required: whether only who has passed may take consultations over. confirmed: whether the office has confirmed all this.
    """

    questions: int
    pass_percent: int
    weights: Mapping[str, int]
    required: bool
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ReferralRules:
    """How matters are referred to outside agencies.

    Args:
        prefix: of the slips' numbers. follow_up_days: so long after the agency is done, the citizen is asked about it.
        remind_days: so many working days pass between two reminders to an agency.
    """

    prefix: str
    follow_up_days: int
    remind_days: int


@dataclass(frozen=True, slots=True)
class CorrectiveRules:
    """How what ratings and reviews find is set right.

    Args:
        prefix: of the numbers. low_score: an indicator with this score or a lower one opens one.
        analyse_days: so many days until cause and measure should be written down.
        check_days: so many days after the measure its effect should be looked at.
    """

    prefix: str
    low_score: int
    analyse_days: int
    check_days: int


@dataclass(frozen=True, slots=True)
class UserKind:
    """A kind of user: its name, to which of the two classes of clause 1 it belongs, and the choice of a form that means it."""

    name: str
    group: str
    form: str


@dataclass(frozen=True, slots=True)
class Described:
    """What may be told of who asks, for the statistics."""

    user_kinds: tuple[UserKind, ...]
    industries: tuple[str, ...]
    districts: tuple[str, ...]

    @property
    def offered(self) -> Mapping[str, tuple[str, ...]]:
        """What may be chosen, by the name of an entry's part."""
        kinds = tuple(kind.name for kind in self.user_kinds)
        return {"user_kind": kinds, "industry": self.industries, "district": self.districts}

    def kind_of(self, form: str) -> str:
        """Return the name of the kind that a choice of a form means; empty when none does."""
        return next((kind.name for kind in self.user_kinds if form and kind.form == form), "")


@dataclass(frozen=True, slots=True)
class Site:
    """What this deployment is."""

    name: str
    office: str
    region: str
    number_prefix: str
    regions: tuple[str, ...]
    quick: tuple[Mapping[str, str], ...]
    phrases: Mapping[str, str]
    hours: Hours
    requests: RequestRules
    teams: tuple[Team, ...]
    limits: Limits
    desk: DeskRules
    referral: ReferralRules
    learning: LearningRules
    correctives: CorrectiveRules
    described: Described
    hosts: tuple[HostSite, ...]
    wechat_menu: tuple[Mapping[str, Any], ...]
    wechat_notice: Mapping[str, str]

    def opening_words(self, moment: datetime) -> str:
        """Say in Chinese when the desk opens next, with the caveats that apply."""
        opening = self.hours.next_opening(moment)
        if opening is None:
            return self.phrases["opening_unknown"]
        when = f"{opening.month}月{opening.day}日（周{_WEEKDAYS[opening.weekday()]}）{opening:%H:%M}"
        words = self.phrases["opening"].format(when=when)
        return words if self.hours.confirmed else words + self.phrases["unconfirmed"]

    def hours_words(self) -> str:
        """Say the weekly hours in one line."""
        parts = [
            f"周{_WEEKDAYS[day - 1]} " + "、".join(f"{start:%H:%M}–{end:%H:%M}" for start, end in spans)
            for day, spans in sorted(self.hours.week.items())
        ]
        return "；".join(parts) + ("" if self.hours.confirmed else self.phrases["unconfirmed"])

    def callback_due(self, moment: datetime) -> str:
        """Return by when who leaves a message at the local time `moment` is answered (UTC stamp); empty when it cannot be told."""
        due = self.hours.after(moment, self.limits.callback_hours)
        return stamp(due) if due is not None else ""

    def team_for(self, right: str = "") -> Team:
        """Return the team that has the matters of `right`; the default one for all that is nobody's."""
        default = next(team for team in self.teams if team.default)
        return next((team for team in self.teams if right in team.rights), default)


def load_site(folder: Path) -> Site:
    """Read `site.yml` and `calendar.yml` of the knowledge folder.

    Raises:
        KnowledgeError: one of them is missing or malformed.
    """
    raw = read_file(folder / "site.yml", "site")
    teams = _teams(raw["teams"])
    return Site(
        name=raw["name"],
        office=raw["office"],
        region=raw["region"],
        number_prefix=raw["number_prefix"],
        regions=tuple(raw["regions"]),
        quick=tuple(raw["quick"]),
        phrases=raw["phrases"],
        requests=RequestRules(**raw["requests"], groups=tuple(team.name for team in teams)),
        hours=read_hours(raw["hours"], read_file(folder / "calendar.yml", "calendar")),
        teams=teams,
        limits=Limits(**raw["limits"]),
        referral=ReferralRules(**raw["referral"]),
        learning=LearningRules(**raw["learning"]),
        correctives=CorrectiveRules(**raw["correctives"]),
        described=_described(raw["described"]),
        desk=DeskRules(**{**raw["desk"], "second_factor": tuple(raw["desk"]["second_factor"])}),
        hosts=read_hosts(raw.get("sites", ())),
        wechat_menu=tuple(raw.get("wechat_menu", ())),
        wechat_notice=raw.get("wechat_notice", {}),
    )


def _described(raw: Mapping[str, Any]) -> Described:
    kinds = tuple(UserKind(one["name"], one["class"], one.get("form", "")) for one in raw["user_kinds"])
    return Described(kinds, tuple(raw["industries"]), tuple(raw["districts"]))


def _teams(raw: Sequence[Mapping[str, Any]]) -> tuple[Team, ...]:
    teams = tuple(Team(one["name"], one["about"], tuple(one.get("rights", ())), one.get("default", False)) for one in raw)
    told = Counter([*(team.name for team in teams), *(right for team in teams for right in team.rights)])
    twice = [words for words, count in told.items() if count > 1]
    if twice:
        raise KnowledgeError(f"site.yml: teams：“{twice[0]}”写了两次")
    if sum(team.default for team in teams) != 1:
        raise KnowledgeError("site.yml: teams：要有且只有一个组写 default: true")
    return teams
