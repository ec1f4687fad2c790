"""Days: until when an agency should answer, and when it is reminded."""

from __future__ import annotations

from datetime import date, timedelta

from zhixun.clock import local_of
from zhixun.referral.ports import Rules
from zhixun.referral.slip import Slip
from zhixun.referral.standing import RECEIVED, SENT

__all__ = ["HELD", "MOST_REMINDERS", "due_day", "wants_reminder"]

HELD = (SENT, RECEIVED)
"""The agency has the slip and has not said whether it takes the matter."""
MOST_REMINDERS = 3
"""Who does not answer so many letters has to be called; the list of running slips shows it."""
_LONGEST_HOLIDAY = 15


def due_day(rules: Rules, today: date, days: int) -> str:
    """Return the day that many days ahead, or the next working day when that one is known to be a day off."""
    first = today + timedelta(days=days)
    near = (first + timedelta(days=ahead) for ahead in range(_LONGEST_HOLIDAY))
    return next((day for day in near if rules.hours.spans(day) is None or rules.hours.spans(day)), first).isoformat()


def wants_reminder(slip: Slip, rules: Rules, today: date) -> bool:
    """Tell whether a slip that the agency holds is overdue, and enough working days have passed since the last reminder."""
    if slip.standing not in HELD or not slip.overdue or slip.reminders >= MOST_REMINDERS:
        return False
    if not slip.reminded:
        return True
    last = local_of(slip.reminded).date()
    days = (last + timedelta(days=ahead) for ahead in range(1, (today - last).days + 1))
    return sum(bool(rules.hours.spans(day)) for day in days) >= rules.remind_days
