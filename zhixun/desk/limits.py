"""How much of each time limit is used, in working time, and how it is told to staff."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from zhixun.clock import ZONE, local_of
from zhixun.desk.ports import Limits, WorkingTime

__all__ = ["LEVELS", "TITLES", "Countdown", "Times", "countdowns", "worst"]

LEVELS = ("fine", "warn", "over")
"""How a limit stands, the worst last."""
TITLES = {"first": "首次答复", "next": "继续答复", "solution": "办结", "callback": "留言答复"}
"""What each limit is for."""

_WAITING = ("queued", "message_left", "staff")
"""The states in which somebody waits for staff."""
_UNTOLD = "工作日历没有这一年的数据，无法计时"
_UNTOLD_OVER = "已超时限（工作日历没有这一年的数据，超了多久无法计算）"


@dataclass(frozen=True, slots=True)
class Times:
    """What limits are reckoned from, named as the columns of `consultations`: UTC stamps, empty for what never happened.

    Args:
        handed: when a person was asked for. answered: when staff answered first since then.
        last: when the citizen spoke last; `spoke`: when staff did.
    """

    state: str
    handed: str
    answered: str
    last: str
    spoke: str


@dataclass(frozen=True, slots=True)
class Countdown:
    """One limit that runs.

    Args:
        kind: one of `TITLES`.
        due: local time; None when the calendar does not reach so far.
        share: how much of the limit is used; above 1 it is overrun.
        level: one of `LEVELS`.
        words: how it stands, in Chinese.
    """

    kind: str
    due: datetime | None
    share: float
    level: str
    words: str


def countdowns(times: Times, now: datetime, limits: Limits, hours: WorkingTime) -> tuple[Countdown, ...]:
    """Return the limits that run for a consultation; none while nobody waits for staff.

    Args:
        now: any time with a zone. hours: of the desk, asked in local time.
    """
    return tuple(
        _countdown(kind, since, minutes, now.astimezone(ZONE), warn_at=limits.warn_at, hours=hours)
        for kind, since, minutes in _running(times, limits, hours)
    )


def worst(found: Iterable[Countdown]) -> str:
    """Return the worst level of `found`; `fine` when there is none."""
    return max((one.level for one in found), key=LEVELS.index, default=LEVELS[0])


def _running(times: Times, limits: Limits, hours: WorkingTime) -> Iterator[tuple[str, datetime, int]]:
    """Yield what runs: the kind, since when, and for how many working minutes."""
    if times.state not in _WAITING or not times.handed:
        return
    handed = local_of(times.handed)
    if times.state == "message_left":
        # A conversation that staff left as a message is called back counted from their last word.
        yield "callback", local_of(max(times.handed, times.spoke)), limits.callback_hours * 60
    elif not times.answered and not hours.is_open(handed):
        # A message stays one when somebody takes it: nobody waited at the window for the first minutes of the day.
        yield "callback", handed, limits.callback_hours * 60
    elif not times.answered:
        yield "first", handed, limits.first_minutes
    elif times.last > times.spoke:
        yield "next", local_of(times.last), limits.next_minutes
    yield "solution", handed, limits.solution_hours * 60


def _countdown(kind: str, since: datetime, minutes: int, now: datetime, *, warn_at: float, hours: WorkingTime) -> Countdown:
    due = hours.after_minutes(since, minutes)
    used = hours.minutes_between(since, now)
    if used is None:
        # The calendar ends between the two. What was due before its end is overrun; the rest must not look fine.
        return Countdown(kind, due, 1.0, "over", _UNTOLD_OVER) if due else Countdown(kind, None, 0.0, "warn", _UNTOLD)
    share = used / minutes
    level = "over" if share > 1 else "warn" if share >= warn_at else "fine"
    begins = hours.after_minutes(since, 0)
    words = _pending(begins, now) if begins is not None and begins > now else _left(minutes - used, due, now)
    return Countdown(kind, due, share, level, words)


def _pending(begins: datetime, now: datetime) -> str:
    day = "" if begins.date() == now.date() else f"{begins.month}月{begins.day}日 "
    return f"上班后 {day}{begins:%H:%M} 起算"


def _left(minutes: float, due: datetime | None, now: datetime) -> str:
    # Where no break lies between, working time is the time that everybody's clock shows.
    note = "" if due is not None and now + timedelta(minutes=minutes) == due else "（按工作时间）"
    return f"{'还有' if minutes >= 0 else '已超'} {_span(abs(minutes))}{note}"


def _span(minutes: float) -> str:
    """Say a span in whole minutes, a part of one counted as one."""
    hours, rest = divmod(math.ceil(minutes), 60)
    parts = [f"{hours} 小时"] * bool(hours) + [f"{rest} 分钟"] * bool(rest or not hours)
    return " ".join(parts)
