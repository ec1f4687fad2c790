"""Sessions of staff: found by a token that stands nowhere, ended by time, by a change of the account, or by hand."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import pytest

from tests.desk.staffroom import StaffRoom
from zhixun.clock import stamp
from zhixun.database import Database
from zhixun.desk.staff import FULL, PASSWORD, RENEW, Staff
from zhixun.desk.staff_sessions import OpenSession, StaffSessions
from zhixun.errors import CitizenError

EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def lina(room: StaffRoom) -> StaffRoom:
    await room.accounts.add("lina", "clerk", by="admin", shown="李老师", teams=("patent", "mediation"))
    return room


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def test_a_session_tells_who_it_is_and_how_far(lina: StaffRoom) -> None:
    token, csrf = await lina.sessions.open("lina", PASSWORD, EDGE, "10.0.0.7")
    found = await lina.sessions.find(token)
    assert found == Staff("lina", "李老师", "clerk", ("patent", "mediation"), _hash(token), csrf, PASSWORD)
    assert found.actor == "staff:lina"
    assert len({token, csrf}) == 2


async def test_neither_token_nor_browser_stands_in_the_store(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "10.0.0.7")
    on_disk = lina.bytes_on_disk()
    assert _hash(token).encode() in on_disk
    assert token.encode() not in on_disk
    assert b"AppleWebKit" not in on_disk


@pytest.mark.parametrize("token", ["", "x", "\ud800", "' OR 1=1 --"])
async def test_nobody_holds_such_a_token(lina: StaffRoom, token: str) -> None:
    opened, _ = await lina.sessions.open("lina", FULL, EDGE, "10.0.0.7")
    assert await lina.sessions.find(token) is None
    # The hash is what a thief of the store would have.
    assert await lina.sessions.find(_hash(opened)) is None


async def test_it_ends_after_half_an_hour_without_a_request(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    for _ in range(3):
        lina.clock.turn_by(29 * MINUTE)
        assert await lina.sessions.find(token) is not None
    lina.clock.turn_by(30 * MINUTE)
    assert await lina.sessions.find(token) is None
    assert await lina.sessions.list("lina") == []


async def test_it_ends_after_twelve_hours_whatever_is_done(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    for _ in range(71):
        lina.clock.turn_by(10 * MINUTE)
        assert await lina.sessions.find(token) is not None
    token, _ = await lina.sessions.advance(token, FULL)
    lina.clock.turn_by(10 * MINUTE)
    assert await lina.sessions.find(token) is None


async def test_the_times_are_the_deployment_s(lina: StaffRoom) -> None:
    sessions = StaffSessions(lina.database, lina.clock, idle=5 * MINUTE, longest=8 * MINUTE)
    token, _ = await sessions.open("lina", FULL, EDGE, "")
    lina.clock.turn_by(4 * MINUTE)
    assert await sessions.find(token) is not None
    lina.clock.turn_by(4 * MINUTE)
    assert await sessions.find(token) is None


async def test_being_seen_is_written_once_a_minute_at_most(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    opened = lina.clock.now()
    written = []
    for _ in range(9):
        lina.clock.turn_by(timedelta(seconds=20))
        await lina.sessions.find(token)
        written.append(lina.sql("SELECT seen FROM staff_sessions")[0][0])
    assert written == [stamp(opened)] * 2 + [stamp(opened + MINUTE)] * 3 + [stamp(opened + 2 * MINUTE)] * 3 + [stamp(opened + 3 * MINUTE)]


async def test_what_a_page_asks_by_itself_delays_no_end(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    for _ in range(29):
        lina.clock.turn_by(MINUTE)
        assert (await lina.sessions.peek(token)).name == "lina"
    lina.clock.turn_by(MINUTE)
    assert await lina.sessions.peek(token) is None


async def test_a_busy_store_signs_nobody_out(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    lina.clock.turn_by(2 * MINUTE)
    async with Database(f"sqlite:///{lina.folder}/zhixun.db", patience=0.01) as hurried, lina.database.write():
        assert (await StaffSessions(hurried, lina.clock).find(token)).name == "lina"


async def test_going_on_gives_another_token_and_the_old_one_opens_nothing(lina: StaffRoom) -> None:
    before, old_csrf = await lina.sessions.open("lina", PASSWORD, EDGE, "10.0.0.7")
    (made,) = await lina.sessions.list("lina")
    lina.clock.turn_by(MINUTE)
    after, csrf = await lina.sessions.advance(before, FULL)
    assert await lina.sessions.find(before) is None
    found = await lina.sessions.find(after)
    assert (found.stage, found.csrf, found.session) == (FULL, csrf, _hash(after))
    assert csrf != old_csrf
    assert await lina.sessions.list("lina") == [
        OpenSession(made.made, stamp(lina.clock.now()), made.agent, made.address, current=False)
    ]
    with pytest.raises(CitizenError, match="重新登录") as refused:
        await lina.sessions.advance(before, FULL)
    assert refused.value.status == 401


async def test_of_two_that_go_on_at_once_one_does(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", PASSWORD, EDGE, "")
    done = await asyncio.gather(*(lina.sessions.advance(token, FULL) for _ in range(2)), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["CitizenError", "tuple"]


async def test_what_has_ended_does_not_go_on(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", PASSWORD, EDGE, "")
    lina.clock.turn_by(30 * MINUTE)
    with pytest.raises(CitizenError):
        await lina.sessions.advance(token, FULL)


async def test_signing_out_ends_this_session_alone(lina: StaffRoom) -> None:
    (one, _), (other, _) = [await lina.sessions.open("lina", FULL, EDGE, "") for _ in range(2)]
    await lina.sessions.close(one)
    await lina.sessions.close(one)
    assert await lina.sessions.find(one) is None
    assert await lina.sessions.find(other) is not None


async def test_all_sessions_of_one_person_can_be_ended_but_this_one(lina: StaffRoom) -> None:
    await lina.accounts.add("wang", "clerk", by="admin")
    (here, _), (there, _) = [await lina.sessions.open("lina", FULL, EDGE, "") for _ in range(2)]
    wang, _ = await lina.sessions.open("wang", FULL, EDGE, "")
    await lina.sessions.revoke("lina", keep=(await lina.sessions.find(here)).session)
    assert [await lina.sessions.find(token) is not None for token in (here, there, wang)] == [True, False, True]
    await lina.sessions.revoke("lina")
    assert [await lina.sessions.find(token) is not None for token in (here, there, wang)] == [False, False, True]


async def test_nobody_keeps_a_session_by_another_one_s_hash(lina: StaffRoom) -> None:
    await lina.accounts.add("wang", "clerk", by="admin")
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    await lina.sessions.revoke("wang", keep=_hash(token))
    assert await lina.sessions.find(token) is not None
    await lina.sessions.revoke("lina", keep="")
    assert await lina.sessions.find(token) is None


async def test_an_account_out_of_use_has_no_session_from_the_next_request_on(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    lina.sql("UPDATE staff SET active = 0")
    assert await lina.sessions.find(token) is None
    with pytest.raises(CitizenError):
        await lina.sessions.advance(token, RENEW)


async def test_what_somebody_may_do_is_read_anew_each_time(lina: StaffRoom) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    await lina.accounts.change("lina", by="admin", shown="李娜", teams=())
    found = await lina.sessions.find(token)
    assert (found.shown, found.teams) == ("李娜", ())


@pytest.mark.parametrize("change", [{"role": "reviewer"}, {"active": False}])
async def test_another_role_or_none_ends_all_sessions(lina: StaffRoom, change: dict[str, object]) -> None:
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    await lina.accounts.change("lina", by="admin", **change)
    assert lina.sql("SELECT * FROM staff_sessions") == []
    assert await lina.sessions.find(token) is None


async def test_the_own_page_lists_what_is_open_the_latest_first(lina: StaffRoom) -> None:
    first, _ = await lina.sessions.open("lina", FULL, EDGE, "10.0.0.7")
    began = stamp(lina.clock.now())
    lina.clock.turn_by(MINUTE)
    await lina.sessions.open("lina", PASSWORD, "curl/8.0", "2001:db8::7")
    await lina.accounts.add("wang", "clerk", by="admin")
    await lina.sessions.open("wang", FULL, EDGE, "")
    now = stamp(lina.clock.now())
    assert await lina.sessions.list("lina", current=_hash(first)) == [
        OpenSession(now, now, "其他程序", "2001:db8::7", current=False),
        OpenSession(began, began, "Edge · Windows", "10.0.0.7", current=True),
    ]


async def test_those_that_ended_by_themselves_are_swept_out(lina: StaffRoom) -> None:
    await lina.sessions.open("lina", FULL, EDGE, "")
    lina.clock.turn_by(timedelta(days=1))
    token, _ = await lina.sessions.open("lina", FULL, EDGE, "")
    assert lina.sql("SELECT token FROM staff_sessions") == [(_hash(token),)]


@pytest.mark.parametrize(
    ("agent", "kind"),
    [
        (EDGE, "Edge · Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15", "Safari · macOS"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 MicroMessenger/8.0", "微信 · 安卓"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox · Linux"),
        ("", "其他程序"),
        ("<script>" * 1000, "其他程序"),
    ],
)  # fmt: skip
async def test_a_browser_is_kept_as_its_kind(lina: StaffRoom, agent: str, kind: str) -> None:
    await lina.sessions.open("lina", FULL, agent, "a" * 500)
    (opened,) = await lina.sessions.list("lina")
    assert (opened.agent, opened.address) == (kind, "a" * 64)
