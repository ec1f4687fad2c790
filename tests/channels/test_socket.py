"""The WebSocket: first frame, resuming without loss or repetition, confirmations, bad frames, and the end."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import WSServerHandshakeError

from tests.channels.api import Api
from tests.support import Crash, short, until
from zhixun.errors import TryLater
from zhixun.limits import ADDRESS, SESSION
from zhixun.messages import Event

LONG = "x" * 40_000


async def _texts(api: Api, session: str, after: int = 0) -> list[tuple[int, str]]:
    entries = (await api.call("GET", "/api/v1/messages", session=session, params={"after": str(after)})).body["entries"]
    return [(entry["seq"], entry["text"]) for entry in entries]


async def test_a_new_window_shows_everything_from_its_position(api: Api) -> None:
    session, _ = await api.open()
    await api.say(session, "异议期多久")
    everything = (await api.call("GET", "/api/v1/messages", session=session)).body
    for after in range(everything["last"] + 2):
        async with api.window(session, after) as window:
            first = await window.frame()
            assert first["type"] == "entries"
            assert first["entries"] == [entry for entry in everything["entries"] if entry["seq"] > after]
            assert first["owner"] == "bot"


async def test_the_position_may_be_left_out(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session, first={"session": session}) as window:
        assert len((await window.frame())["entries"]) == 2


async def test_a_message_over_the_line_is_a_turn_like_any_other(api: Api) -> None:
    session, number = await api.open()
    async with api.window(session) as window:
        await window.frame()
        await window.socket.send_json({"text": "异议期多久", "message_id": "m-1"})
        frames, said = [], []
        while not said or said[-1]["from"] != "bot":
            frames.append(await window.frame())
            said += frames[-1].get("entries", [])
    assert "working" in [frame["type"] for frame in frames]
    assert [(entry["from"], entry["text"]) for entry in said] == [("citizen", "异议期多久"), ("bot", "答：异议期多久")]
    assert said[0]["message_id"] == "m-1"
    assert api.office.engine.texts == ["异议期多久"]
    # Over HTTP the same id returns the same turn.
    assert (await api.say(session, "异议期多久", "m-1")).body["turn"] == 1
    assert len(await api.office.entries(number)) == said[-1]["seq"]


async def test_a_line_that_drops_again_and_again_loses_and_repeats_nothing(api: Api) -> None:
    session, number = await api.open()
    await api.office.add(number, Event("handed_off", "zhixun", {"state": "staff", "reason": "asked"}))
    after, shown, total = 0, [], 40

    async def speak() -> None:
        for place in range(total):
            await api.office.add(number, Event("said", "clerk", {}, {"text": f"第{place}句"}))
            api.windows.wake(number)
            await asyncio.sleep(0)

    speaking = asyncio.create_task(speak())
    while len(shown) < total + 2:
        async with api.window(session, after) as window:
            # One frame, then the line is gone, whatever else was on its way.
            entries = (await window.frame())["entries"]
            shown += [(entry["seq"], entry["text"]) for entry in entries]
            after = shown[-1][0] if shown else after
    await speaking
    assert shown == await _texts(api, session)
    assert [text for _, text in shown[2:]] == [f"第{place}句" for place in range(total)]


async def test_one_line_that_stays_hears_everything_in_order(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session) as window:
        await window.frame()
        for place in range(20):
            await api.say(session, f"问{place}")
        expected = await _texts(api, session, 3)
        shown = await window.entries(expected[-1][0])
    assert [(entry["seq"], entry["text"]) for entry in shown] == expected


async def test_a_window_with_nothing_new_rests(api: Api) -> None:
    session, number = await api.open()
    async with api.window(session) as window:
        await window.frame()
        await api.say(session, "异议期多久")
        await window.entries(await _until_answered(api, number))
        (bell,) = api.windows._bells[number]
        await until(lambda: not bell.is_set())


async def test_every_window_of_a_consultation_hears_the_same(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session) as one, api.window(session) as two:
        await one.frame(), await two.frame()
        assert len(api.windows) == 2
        await api.say(session, "异议期多久")
        last = (await _texts(api, session))[-1][0]
        assert await one.entries(last) == await two.entries(last)


async def test_windows_of_others_hear_nothing(api: Api) -> None:
    (mine, _), (theirs, _) = await api.open(), await api.open()
    async with api.window(theirs) as window:
        await window.frame()
        await api.say(mine, "只给我的话")
        await window.socket.send_str("?")
        assert (await window.frame())["type"] == "error"


async def test_a_window_that_left_is_forgotten(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session) as window:
        await window.frame()
        assert len(api.windows) == 1
    await until(lambda: not len(api.windows))
    assert api.windows._bells == {}


async def test_a_first_frame_that_is_none_closes_the_line(api: Api) -> None:
    session, _ = await api.open()
    positions = ["0", -1, True, 1.5, 10**30, None, [0]]
    frames = [json.dumps({"session": session, "after": after}) for after in positions]
    frames += [json.dumps(frame) for frame in ([], {}, "session", 5, None, {"session": 5}, {"session": None, "after": 0}, {"after": 0})]
    for first in (*frames, "{", "", "[" * 20_000, "\x00", b"\x00\x01"):
        async with api.http.ws_connect(api.base + "/api/v1/ws") as socket:
            await (socket.send_bytes(first) if isinstance(first, bytes) else socket.send_str(first))
            told = await socket.receive_json(timeout=10)
            assert (told["type"], told["error"]["code"]) == ("error", "bad_frame"), short(first)
            assert (await socket.receive(timeout=10)).type.name in ("CLOSE", "CLOSED", "CLOSING"), short(first)


async def test_a_session_that_nobody_holds_closes_the_line(api: Api) -> None:
    for session in ("nobody", "", "\ud800"):
        async with api.window(session) as window:
            assert (await window.frame())["error"]["code"] == "no_session"
            assert await window.closed() is not None


async def test_who_hangs_up_before_speaking_does_no_harm(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    async with api.http.ws_connect(api.base + "/api/v1/ws") as socket:
        await socket.close()
    session, _ = await api.open()
    async with api.window(session) as window:
        assert (await window.frame())["type"] == "entries"
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("frame", "code", "field"),
    [
        ("?", "bad_json", None), ("[" * 20_000, "bad_json", None), ("[]", "bad_body", None), ('"a"', "bad_body", None),
        ("{}", "bad_body", None), ('{"text": 5}', "bad_field", "text"), ('{"text": "\\ud800"}', "bad_text", None),
        ('{"text": " "}', "empty", "text"), ('{"text": "😀"}', "no_words", "text"),
        (f'{{"text": "{"a" * 10_000}"}}', "too_long", "text"), ('{"ack": "3"}', "bad_body", None), ('{"ack": true}', "bad_body", None),
        ('{"ack": -1}', "bad_body", None), (f'{{"ack": {10**30}}}', "bad_body", None), (b"\x00", "bad_frame", None),
    ],
    ids=short,
)  # fmt: skip
async def test_a_bad_frame_is_told_and_the_line_goes_on(api: Api, frame: str | bytes, code: str, field: str | None) -> None:
    session, number = await api.open()
    async with api.window(session) as window:
        await window.frame()
        await (window.socket.send_bytes(frame) if isinstance(frame, bytes) else window.socket.send_str(frame))
        told = await window.frame()
        while told["type"] == "working":
            told = await window.frame()
        assert (told["type"], told["error"]["code"], told["error"]["field"]) == ("error", code, field)
        await window.socket.send_json({"text": "异议期多久"})
        assert (await window.entries(await _until_answered(api, number)))[-1]["text"] == "答：异议期多久"


async def _until_answered(api: Api, number: str) -> int:
    query = "SELECT max(seq) FROM journal WHERE consultation = ? AND kind = 'said' AND actor = 'bot' AND seq > 3"
    await until(lambda: api.office.sql(query, number) != [(None,)])
    return int(api.office.sql(query, number)[0][0])


async def test_a_frame_that_is_too_large_closes_the_line(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session) as window:
        await window.frame()
        await window.socket.send_str(LONG)
        assert await window.closed() == 1009


async def test_a_confirmation_is_noted_up_to_its_place(api: Api) -> None:
    session, number = await api.open()
    await api.say(session, "一件商标")
    await api.say(session, "两件专利")
    first, _ = [seq for (seq,) in api.office.sql("SELECT seq FROM outbox ORDER BY seq")]
    async with api.window(session) as window:
        await window.frame()
        await window.socket.send_json({"ack": first})
        await window.socket.send_str("?")
        assert (await window.frame())["type"] == "error"  # The confirmation before it has been dealt with.
        assert api.carried == [number]
    assert api.office.sql("SELECT delivered IS NULL FROM outbox ORDER BY seq") == [(0,), (1,)]


async def test_the_end_is_told_to_every_window_and_to_late_ones(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session) as window:
        await window.frame()
        await api.call("POST", "/api/v1/close", session=session)
        frames = [await window.frame()]
        while frames[-1]["type"] != "closed":
            frames.append(await window.frame())
        assert [frame["owner"] for frame in frames[:-1]] == ["closed"]
        await window.socket.send_json({"text": "还在吗", "message_id": "m-9"})
        told = await window.frame()
        while told["type"] == "working":
            told = await window.frame()
        assert (told["error"]["code"], told["message_id"]) == ("closed", "m-9")
    async with api.window(session) as late:
        assert [(await late.frame())["type"] for _ in range(2)] == ["entries", "closed"]


async def test_the_limit_of_a_session_holds_here_too(limited: Api) -> None:
    session, number = await limited.open()
    async with limited.window(session) as window:
        await window.frame()
        for place in range(int(SESSION.burst) + 1):
            await window.socket.send_json({"text": f"第{place}句", "message_id": f"m-{place}"})
        told = await window.frame()
        while told["type"] != "error":
            told = await window.frame()
        assert (told["error"]["code"], told["message_id"]) == ("too_fast", f"m-{int(SESSION.burst)}")
    assert len([entry for entry in await limited.office.entries(number) if entry.actor == "citizen"]) == SESSION.burst


async def test_the_limit_of_an_address_refuses_the_line_itself(limited: Api) -> None:
    limited.exhaust(ADDRESS)
    with pytest.raises(WSServerHandshakeError) as refused:
        await limited.http.ws_connect(limited.base + "/api/v1/ws")
    assert refused.value.status == 429


async def test_a_message_is_taken_though_the_line_drops_right_after_it(api: Api) -> None:
    session, number = await api.open()
    async with api.window(session) as window:
        await window.frame()
        await window.socket.send_json({"text": "异议期多久"})
    await _until_answered(api, number)


async def test_a_failing_engine_is_told_over_the_line(api: Api) -> None:
    session, number = await api.open()
    api.office.engine.answers["异议期多久"] = TryLater("gone", code="engine_500")
    async with api.window(session) as window:
        await window.frame()
        await window.socket.send_json({"text": "异议期多久"})
        entries = await window.entries(await _until_answered(api, number))
    assert entries[-1]["text"] == api.office.site.phrases["degraded"]


async def test_a_failing_store_is_told_over_the_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    session, _ = await api.open()
    async with api.window(session) as window:
        await window.frame()
        api.office.sql("ALTER TABLE inbox RENAME TO gone")
        await window.socket.send_json({"text": "一句不该进日志的话", "message_id": "m-1"})
        told = await window.frame()
        while told["type"] == "working":
            told = await window.frame()
        assert (told["type"], told["error"]["code"], told["message_id"]) == ("error", "internal", "m-1")
    assert "OperationalError" in caplog.text
    assert "不该进日志" not in caplog.text


async def test_a_window_that_cannot_be_served_is_closed_so_that_it_comes_again(api: Api) -> None:
    session, number = await api.open()
    async with api.window(session) as window:
        await window.frame()
        api.office.sql("ALTER TABLE journal RENAME TO gone")
        api.windows.wake(number)
        assert await window.closed() == 1011


async def test_a_turn_that_dies_leaves_its_message_to_be_finished(api: Api) -> None:
    session, number = await api.open()
    api.office.engine.answers["异议期多久"] = Crash()
    with pytest.raises(Crash):
        await api.office.turns.say(number, "异议期多久", "m-1")
    api.office.engine.answers.clear()
    async with api.window(session) as window:
        assert (await window.frame())["entries"][-1]["text"] == "异议期多久"
        assert await api.office.turns.finish_interrupted() == 1
        assert (await window.entries(await _until_answered(api, number)))[-1]["text"] == "答：异议期多久"
