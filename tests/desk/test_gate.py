"""The one door of the desk, over the whole of it: who gets through, how often, and what keeps a session alive."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.desk.whole import Whole, whole_desk
from tests.support import Office
from zhixun.desk import events
from zhixun.desk.access import ACCESS, ANYONE, HALF, STAFF
from zhixun.desk.gate import COOKIE
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.limits import ADDRESS, DESK


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


async def _stream(whole: Whole, token: str) -> int:
    """Ask for the stream and go away again; returns the answer's status."""
    async with whole.client.get("/desk/events", headers={"Cookie": f"{COOKIE}={token}"}, allow_redirects=False) as response:
        return response.status


def _routes() -> list[tuple[str, str, frozenset[str]]]:
    filled = {"number": "ZX-20261120-000001-7", "id": "1", "seq": "1", "name": "clerk", "token": "nobodys"}
    return [(method, path.format(**filled), roles) for (method, path), roles in ACCESS.items()]


async def test_nobody_gets_in_without_signing_in_nor_anybody_beyond_the_own_role(whole: Whole) -> None:
    people = {role: await whole.enter(role) for role in sorted(STAFF)}
    for method, path, roles in _routes():
        if roles != ANYONE:
            assert (await whole.send(method, path)).to == "/desk/login", path
            assert (await whole.send(method, path, headers={"HX-Request": "true"})).status == 401, path
        for role, who in people.items():
            if not roles & {role, *ANYONE, *HALF}:
                assert (await (who.get(path) if method == "GET" else who.post(path))).status == 403, (role, path)


@pytest.mark.parametrize(("stage", "own"), [("password", "/desk/code"), ("enrol", "/desk/enrol"), ("renew", "/desk/password")])
async def test_half_of_signing_in_opens_the_next_step_alone(whole: Whole, stage: str, own: str) -> None:
    await whole.enter("administrator", "adm")
    token, csrf = await StaffSessions(whole.office.database, whole.office.clock).open("adm", stage, "", "")
    for method, path, roles in _routes():
        if roles != ANYONE and path not in (own, "/desk/logout", "/desk/here"):
            fields = {"csrf": csrf} if method == "POST" else None
            assert (await whole.send(method, path, token=token, fields=fields)).to == own, path


async def test_only_a_page_of_this_service_changes_anything(whole: Whole) -> None:
    wang = await whole.enter("administrator", "wang")
    other = await whole.enter("clerk", "li")
    for method, path, roles in _routes():
        if method == "GET":
            continue
        for headers in ({"Origin": "null"}, {"Origin": "http://evil"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
            sent = await whole.send("POST", path, token=wang.token, fields={"csrf": wang.csrf}, headers=headers)
            assert sent.status == 403, (path, headers)
        for token in ("", "x", other.csrf) if roles != ANYONE else ():
            assert (await whole.send("POST", path, token=wang.token, fields={"csrf": token})).status == 403, path


async def test_an_office_behind_one_address_is_counted_by_person(whole: Whole) -> None:
    limiter = whole.desk._rooms.limiter
    wang, li = await whole.enter("clerk", "wang"), await whole.enter("clerk", "li")
    limiter._on = True
    limiter._now = lambda: 0.0
    for _ in range(int(ADDRESS.burst)):
        assert (await whole.send("GET", "/desk/login")).status == 200
    assert (await whole.send("GET", "/desk/login")).status == 429
    assert (await whole.send("GET", "/desk", token="guessed")).status == 429
    assert (await wang.get("/desk/queue")).status == 200, "who has signed in is not kept out by who has not"
    for _ in range(int(DESK.burst) - 1):
        limiter.take(DESK, "wang")
    assert (await wang.get("/desk/queue")).status == 429
    assert (await li.get("/desk/queue")).status == 200


async def test_the_stream_keeps_no_session_alive(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    whole.office.clock.turn_by(timedelta(minutes=20))
    assert await _stream(whole, wang.token) == 200
    whole.office.clock.turn_by(timedelta(minutes=20))
    assert await _stream(whole, wang.token) == 303


async def test_nobody_opens_streams_without_end(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST_PAGES", 2)
    wang, li = await whole.enter("clerk", "wang"), await whole.enter("clerk", "li")
    with whole.events.listen("wang", "王芳", ""), whole.events.listen("wang", "王芳", ""):
        assert await _stream(whole, wang.token) == 429
        assert await _stream(whole, li.token) == 200


async def test_fields_without_end_before_a_file_are_not_read(whole: Whole) -> None:
    wang = await whole.enter("clerk", "wang")
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\nx\r\n'
    headers = {"Cookie": f"{COOKIE}={wang.token}", "Content-Type": "multipart/form-data; boundary=b"}
    for fields, status in ((5, 403), (30, 400)):
        body = "".join(part.format(name) for name in range(fields)) + "--b--\r\n"
        async with whole.client.post("/desk/cases/ZX-20261120-000001-7/files", data=body, headers=headers) as response:
            assert response.status == status
