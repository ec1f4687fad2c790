"""Time limits in working time: which of them run, how much of each is used, and what staff read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import HOURS
from zhixun.clock import ZONE, stamp
from zhixun.desk.limits import LEVELS, TITLES, Countdown, Times, countdowns, worst
from zhixun.knowledge.site import Limits

LIMITS = Limits(first_minutes=5, next_minutes=10, solution_hours=16, callback_hours=8, warn_at=0.7, confirmed=False)


def _at(day: int, hour: int, minute: int = 0, second: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    """Friday is the 20th of November."""
    return datetime(year, month, day, hour, minute, second, tzinfo=ZONE)


def _times(
    state: str, handed: datetime | None = None, answered: datetime | None = None, last: datetime | None = None, spoke: datetime | None = None
) -> Times:
    return Times(state, *(stamp(moment) if moment else "" for moment in (handed, answered, last or handed, spoke or answered)))


def _running(times: Times, now: datetime) -> dict[str, Countdown]:
    return {one.kind: one for one in countdowns(times, now, LIMITS, HOURS)}


@pytest.mark.parametrize(
    ("times", "kinds"),
    [
        (_times("bot", _at(20, 10)), []),
        (_times("closed", _at(20, 10)), []),
        (_times("bot"), []),
        (_times("staff"), []),                                                              # journalled before the desk was
        (_times("queued", _at(20, 10)), ["first", "solution"]),
        (_times("staff", _at(20, 10)), ["first", "solution"]),                              # taken is not answered
        (_times("staff", _at(20, 10), _at(20, 10, 5), last=_at(20, 10, 4)), ["solution"]),
        (_times("staff", _at(20, 10), _at(20, 10, 5), last=_at(20, 10, 5)), ["solution"]),
        (_times("staff", _at(20, 10), _at(20, 10, 5), last=_at(20, 10, 6)), ["next", "solution"]),
        (_times("queued", _at(20, 10), _at(20, 10, 5), last=_at(20, 10, 6)), ["next", "solution"]),
        (_times("staff", _at(20, 10), _at(20, 10, 5), last=_at(20, 10, 6), spoke=_at(20, 10, 7)), ["solution"]),
        (_times("message_left", _at(20, 22)), ["callback", "solution"]),
        (_times("staff", _at(20, 22)), ["callback", "solution"]),                           # a message that was taken
        (_times("message_left", _at(20, 10), _at(20, 10, 5), last=_at(20, 17)), ["callback", "solution"]),
    ],
)  # fmt: skip
def test_which_limits_run(times: Times, kinds: list[str]) -> None:
    assert list(_running(times, _at(20, 17))) == kinds
    assert set(kinds) <= set(TITLES)


@pytest.mark.parametrize(
    ("now", "share", "level", "words"),
    [
        (_at(20, 10), 0, "fine", "还有 5 分钟"),
        (_at(20, 10, 2), 0.4, "fine", "还有 3 分钟"),
        (_at(20, 10, 3, 29), 209 / 300, "fine", "还有 2 分钟"),
        (_at(20, 10, 3, 30), 0.7, "warn", "还有 2 分钟"),
        (_at(20, 10, 5), 1, "warn", "还有 0 分钟"),
        (_at(20, 10, 5, 1), 301 / 300, "over", "已超 1 分钟"),
        (_at(20, 10, 17), 3.4, "over", "已超 12 分钟"),
        (_at(20, 12, 30), 24, "over", "已超 1 小时 55 分钟（按工作时间）"),
        (_at(23, 9), 72, "over", "已超 5 小时 55 分钟（按工作时间）"),
    ],
)  # fmt: skip
def test_the_first_answer(now: datetime, share: float, level: str, words: str) -> None:
    first = _running(_times("queued", _at(20, 10)), now)["first"]
    assert first == Countdown("first", _at(20, 10, 5), pytest.approx(share), level, words)


def test_lunch_stops_the_clock() -> None:
    times = _times("queued", _at(20, 11, 58))
    assert _running(times, _at(20, 12, 30))["first"] == Countdown("first", _at(20, 13, 33), 0.4, "fine", "还有 3 分钟（按工作时间）")
    assert _running(times, _at(20, 13, 30))["first"].words == "还有 3 分钟"
    assert _running(times, _at(20, 13, 45))["first"].words == "已超 12 分钟"


@pytest.mark.parametrize(
    ("last", "now", "due", "words"),
    [
        (_at(20, 10, 20), _at(20, 10, 25), _at(20, 10, 30), "还有 5 分钟"),
        (_at(20, 12, 10), _at(20, 12, 20), _at(20, 13, 40), "上班后 13:30 起算"),
        (_at(20, 22), _at(20, 23), _at(23, 9, 10), "上班后 11月23日 09:00 起算"),
        (_at(20, 22), _at(23, 8, 59), _at(23, 9, 10), "上班后 09:00 起算"),
        (_at(20, 22), _at(23, 9), _at(23, 9, 10), "还有 10 分钟"),
    ],
)  # fmt: skip
def test_a_further_answer_is_due_from_the_citizen_s_last_word(last: datetime, now: datetime, due: datetime, words: str) -> None:
    running = _running(_times("staff", _at(20, 10), _at(20, 10, 5), last=last), now)["next"]
    assert (running.due, running.words) == (due, words)


@pytest.mark.parametrize("state", ["message_left", "staff"])
@pytest.mark.parametrize(
    ("now", "share", "level", "words"),
    [
        (_at(20, 22, 30), 0, "fine", "上班后 11月23日 09:00 起算"),
        (_at(23, 15), 270 / 480, "fine", "还有 3 小时 30 分钟（按工作时间）"),
        (_at(23, 16, 30), 0.75, "warn", "还有 2 小时（按工作时间）"),
        (_at(24, 10), 1, "warn", "还有 0 分钟"),
        (_at(24, 10, 30), 510 / 480, "over", "已超 30 分钟"),
    ],
)  # fmt: skip
def test_a_message_is_answered_in_working_hours_from_the_next_opening(
    state: str, now: datetime, share: float, level: str, words: str
) -> None:
    callback = _running(_times(state, _at(20, 22)), now)["callback"]
    assert callback == Countdown("callback", _at(24, 10), pytest.approx(share), level, words)


def test_a_conversation_left_as_a_message_counts_from_the_last_word_of_staff() -> None:
    times = _times("message_left", _at(20, 10), _at(20, 10, 5), spoke=_at(20, 16))
    assert _running(times, _at(20, 17))["callback"].due == _at(23, 17)


def test_the_solution_is_due_from_when_a_person_was_asked_for() -> None:
    times = _times("staff", _at(20, 16), _at(20, 16, 1))
    solution = _running(times, _at(24, 10))["solution"]
    assert (solution.due, solution.share, solution.level) == (_at(25, 9, 30), (90 + 420 + 60) / 960, "fine")
    assert solution.words == "还有 6 小时 30 分钟（按工作时间）"
    assert _running(times, _at(25, 9, 42))["solution"].words == "已超 12 分钟"


def test_where_the_calendar_ends_nothing_is_guessed() -> None:
    times = _times("queued", _at(31, 17, month=12))
    before = _running(times, _at(31, 17, 10, month=12))
    assert (before["first"].due, before["first"].words) == (_at(31, 17, 5, month=12), "已超 5 分钟")
    assert before["solution"] == Countdown("solution", None, pytest.approx(10 / 960), "fine", "还有 15 小时 50 分钟（按工作时间）")
    after = _running(times, _at(4, 10, month=1, year=2027))
    assert (after["first"].level, after["first"].due) == ("over", _at(31, 17, 5, month=12))
    assert after["solution"].level == "warn"
    assert all("没有这一年的数据" in one.words for one in after.values())


def test_the_time_may_be_told_in_any_zone() -> None:
    times = _times("message_left", _at(20, 22))
    # In UTC it is still Sunday.
    assert _running(times, _at(23, 7, 30).astimezone(UTC))["callback"].words == "上班后 09:00 起算"


def test_the_worst_level_counts() -> None:
    made = [Countdown("first", None, 0, level, "") for level in ("warn", "over", "fine")]
    assert [worst(made), worst(made[::2]), worst(made[2:]), worst([])] == ["over", "warn", "fine", "fine"]
    assert LEVELS == ("fine", "warn", "over")


_MINUTES = st.integers(0, 30 * 1440).map(lambda count: _at(25, 0, month=9) + timedelta(minutes=count))


@given(_MINUTES, st.integers(0, 7 * 1440))
def test_the_share_and_the_due_time_agree(handed: datetime, later: int) -> None:
    now = handed + timedelta(minutes=later)
    for one in countdowns(_times("queued", handed), now, LIMITS, HOURS):
        assert one.due is not None
        assert one.share <= 1 if now <= one.due else one.share >= 1
        assert (one.level == "over") == (one.share > 1) == one.words.startswith("已超")
