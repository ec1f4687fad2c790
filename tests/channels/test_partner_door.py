"""The door of partners: opened with a key, then spoken through as by anybody; counted by key; each sees its own alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.api import Api, api_of
from tests.channels.partnership import HOTLINE, PORTAL, key_of, partners_of
from tests.channels.test_attachments import png
from tests.support import Office
from zhixun.database import sessions
from zhixun.limits import ADDRESS, OPENINGS, UPLOADS
from zhixun.messages import Event

CASE = "/api/v1/partner/consultations/"


async def _status(api: Api, key: str, number: str) -> Any:
    return await api.call("GET", CASE + number, session=key)


async def test_a_partner_opens_and_its_user_speaks(api: Api) -> None:
    key = await key_of(api.office)
    session, number = await api.open(key, region="青海省", consent=True)
    opened = (await api.office.entries(number))[0]
    told = {"channel": "partner", "region": "青海省", "consent": True, "partner": PORTAL, "key": key.split("_", 2)[1]}
    assert opened.open == told
    assert (await api.say(session, "异议期多久")).body["status"] == "answered"
    assert [row[0] for row in api.office.sql("SELECT channel FROM outbox")] == ["partner"]
    answer = await _status(api, key, number)
    assert answer.body == {"consultation": number, "state": "bot", "owner": "bot", "opened": opened.time, "closed": "", "rated": False,
                           "requests": [], "referrals": []}  # fmt: skip
    await api.call("POST", "/api/v1/close", session=session)
    closed = (await _status(api, key, number)).body
    assert (closed["state"], closed["owner"], bool(closed["closed"])) == ("closed", "closed", True)


async def test_the_program_is_told_first_as_the_partner_s_page_has_not(api: Api) -> None:
    answer = await api.call("POST", "/api/v1/sessions", {}, session=await key_of(api.office))
    assert [reply["kind"] for reply in answer.body["replies"]] == ["notice", "greeting"]


async def test_a_partner_sees_its_own_alone(api: Api) -> None:
    one, other = await key_of(api.office), await key_of(api.office, HOTLINE)
    _, number = await api.open(one)
    _, nobodys = await api.open()
    for key, asked in ((other, number), (one, nobodys), (one, "ZX-20261120-000099-1"), (one, "%00"), (one, "%ff"), (one, "' OR 1=1")):
        answer = await _status(api, key, asked)
        assert (answer.status, answer.body["error"]["code"]) == (404, "no_consultation"), asked
    assert (await _status(api, await key_of(api.office), number)).status == 200  # another key of the same


async def test_the_day_book_of_staff_is_nobody_s_consultation(api: Api) -> None:
    key = await key_of(api.office)
    (book,) = api.office.sql("SELECT number FROM consultations WHERE channel = 'desk'")
    assert (await _status(api, key, str(book[0]))).status == 404


@pytest.mark.parametrize("channel", ["web", "api"])
async def test_whoever_has_a_key_opens_as_a_partner(api: Api, channel: str) -> None:
    answer = await api.call("POST", "/api/v1/sessions", {"channel": channel}, session=await key_of(api.office))
    assert (answer.status, answer.body["error"]["field"]) == (400, "channel")
    assert (await api.call("POST", "/api/v1/sessions", {"channel": "partner"}, session=await key_of(api.office))).status == 201


async def test_whoever_has_none_does_not(api: Api) -> None:
    answer = await api.call("POST", "/api/v1/sessions", {"channel": "partner"})
    assert (answer.status, answer.body["error"]["field"]) == (400, "channel")
    assert (await api.say(await key_of(api.office), "你好")).status == 401


async def test_a_window_that_begins_anew_may_still_carry_its_last_session(api: Api) -> None:
    session, _ = await api.open()
    theirs, _ = await api.open(await key_of(api.office))
    for header, status in (
        (f"Bearer {session}", 201), ("Bearer gone", 201), ("Basic YTpi", 201), (f"Bearer {theirs}", 401), ("Bearer zk_", 401),
    ):  # fmt: skip
        answer = await api.call("POST", "/api/v1/sessions", {"channel": "web"}, headers={"Authorization": header})
        assert answer.status == status, header


async def test_revoking_bites_at_once_in_sessions_too(api: Api) -> None:
    key, other = await key_of(api.office), await key_of(api.office)
    session, number = await api.open(key)
    kept, _ = await api.open(other)
    own, _ = await api.open()
    # Another process does it, as `zhixun key revoke` is one.
    await partners_of(api.office).keys.revoke(PORTAL, key.split("_", 2)[1])
    assert (await api.call("POST", "/api/v1/sessions", {}, session=key)).status == 401
    assert (await _status(api, key, number)).status == 401
    assert (await api.say(session, "还在吗")).status == 401
    assert (await api.say(kept, "还在吗")).status == 200
    assert (await api.say(own, "还在吗")).status == 200
    assert (await _status(api, other, number)).status == 200


async def test_an_open_window_ends_when_its_key_is_revoked(api: Api) -> None:
    session, number = await api.open(await key_of(api.office))
    async with api.window(session) as window, api.window(session) as silent:
        for one in (window, silent):
            assert (await one.frame())["type"] == "entries"
        await partners_of(api.office).keys.revoke(PORTAL)
        await window.socket.send_json({"text": "还在吗"})
        assert (await window.frame())["error"]["code"] == "no_session"
        await api.office.add(number, Event("said", "system", {"turn": 0, "kind": "notice"}, {"text": "不该看到"}))
        api.windows.wake(number)
        for one in (window, silent):
            assert (await one.frame())["error"]["code"] == "no_session"
            await one.closed()


async def test_calls_count_by_key_and_not_by_address(limited: Api) -> None:
    key, other = await key_of(limited.office, per_minute=60), await key_of(limited.office, HOTLINE)
    session, number = await limited.open(key)
    await limited.open(other)
    limited.seconds[0] += 60
    limited.exhaust(ADDRESS)
    limited.exhaust(OPENINGS)
    # The burst of sixty a minute is six.
    answers = [await _status(limited, key, number) for _ in range(5)] + [await limited.call("GET", "/api/v1/messages", session=session)]
    assert [answer.status for answer in answers] == [200] * 6
    for answer in (await _status(limited, key, number), await limited.call("POST", "/api/v1/sessions", {}, session=key)):
        assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert (await limited.call("POST", "/api/v1/sessions", {}, session=other)).status == 201
    assert (await limited.call("POST", "/api/v1/sessions", {})).status == 429
    limited.seconds[0] += 1
    assert (await _status(limited, key, number)).status == 200


async def test_guesses_count_by_address(limited: Api) -> None:
    key = await key_of(limited.office)
    wrong = [await limited.call("POST", "/api/v1/sessions", {}, session=f"{key[:14]}{place}") for place in range(int(ADDRESS.burst))]
    assert {answer.status for answer in wrong} == {401}
    assert (await limited.call("POST", "/api/v1/sessions", {}, session=f"{key[:14]}x")).status == 429
    assert (await limited.call("GET", "/api/v1/messages", session="zs_nobody")).status == 429


async def test_sessions_are_known_again_after_a_restart(office: Office) -> None:
    key = await key_of(office)
    async with api_of(office) as before:
        session, _ = await before.open(key)
    (office.folder / "static" / "index.html").unlink()
    (office.folder / "static" / "widget.js").unlink()
    (office.folder / "static").rmdir()
    async with api_of(office, limits=True) as api:
        assert (await api.call("GET", "/api/v1/messages", session=session)).status == 200
        api.seconds[0] += 60
        api.exhaust(ADDRESS)
        assert (await api.call("GET", "/api/v1/messages", session=session)).status == 200
        # What only looks like one, or belongs to a key that is gone, is not.
        async with office.database.write() as connection:
            await connection.execute(sessions.delete())
        assert (await api.call("GET", "/api/v1/messages", session=session)).status == 401


async def test_files_of_a_partner_s_users_count_by_consultation(limited: Api) -> None:
    (one, _), (two, _) = await limited.open(await key_of(limited.office)), await limited.open()
    limited.exhaust(UPLOADS)
    assert (await limited.call("POST", "/api/v1/attachments", raw=png(), session=one)).status == 201
    assert (await limited.call("POST", "/api/v1/attachments", raw=png(), session=two)).status == 429


async def test_requests_are_told_without_anybody_s_words(api: Api) -> None:
    key = await key_of(api.office)
    _, number = await api.open(key)
    told = {"request": "FW-20261120-000001-3", "service": "s", "target": "t", "standing": "received", "due": "", "priority": "",
            "title": "标题", "confirmed": False}  # fmt: skip
    await api.office.add(number, Event("requested", "citizen", told, {"values": {}, "facts": [["姓名", "王芳"]]}))
    moved = {"request": told["request"], "standing": "accepted"}
    await api.office.add(number, Event("request_moved", "staff:li", moved, {"note": "请王芳来"}))
    (request,) = (await _status(api, key, number)).body["requests"]
    assert (request["number"], request["standing"]) == (told["request"], "accepted")
    assert "王芳" not in str(request)
