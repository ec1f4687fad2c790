"""The citizen API over HTTP: every documented answer, bad input of every kind, limits, and what an engine's failure looks like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.channels.api import DESCRIBED, MAX_BODY, NOBODY, Answer, Api, Cases, api_of
from tests.channels.partnership import key_of
from tests.support import Office, answered, office_in, short
from zhixun.conversation.order import WAITING
from zhixun.errors import TryLater
from zhixun.limits import ADDRESS, OPENINGS, RECEIPTS, SESSION
from zhixun.messages import Basis, Button, EngineTurn, Event, Reply
from zhixun.names import INDICATORS

SCORES = dict.fromkeys(INDICATORS, 5)

Scenario = Callable[[Api], Awaitable[Answer]]
CASES = Cases[Scenario]()
case = CASES.enter


def _damage(api: Api) -> None:
    """Break the store under the running service."""
    api.office.sql("ALTER TABLE journal RENAME TO gone")


@case("GET", "/api/v1/site", 200)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/site")


@case("POST", "/api/v1/sessions", 201)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/sessions", {"channel": "web", "region": "青海省", "consent": True})


@case("POST", "/api/v1/sessions", 400)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/sessions", {"region": "火星"})


@case("POST", "/api/v1/sessions", 413)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/sessions", raw=b" " * (MAX_BODY + 1))


@case("POST", "/api/v1/sessions", 429)
async def _(api: Api) -> Answer:
    api.exhaust(ADDRESS)
    return await api.call("POST", "/api/v1/sessions", {})


@case("POST", "/api/v1/sessions", 500)
async def _(api: Api) -> Answer:
    _damage(api)
    return await api.call("POST", "/api/v1/sessions", {})


@case("POST", "/api/v1/sessions", 401)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/sessions", {}, session="zk_0123456789_nobody")


@case("POST", "/api/v1/sessions", 403)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/sessions", {}, session=await key_of(api.office, scopes=["status"]))


@case("GET", "/api/v1/partner/consultations/{number}", 200)
async def _(api: Api) -> Answer:
    key = await key_of(api.office)
    _, number = await api.open(key)
    return await api.call("GET", f"/api/v1/partner/consultations/{number}", session=key)


@case("GET", "/api/v1/partner/consultations/{number}", 401)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/partner/consultations/ZX-1")


@case("GET", "/api/v1/partner/consultations/{number}", 403)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/partner/consultations/ZX-1", session=await key_of(api.office, scopes=["consult"]))


@case("GET", "/api/v1/partner/consultations/{number}", 404)
async def _(api: Api) -> Answer:
    _, number = await api.open()
    return await api.call("GET", f"/api/v1/partner/consultations/{number}", session=await key_of(api.office))


@case("GET", "/api/v1/partner/consultations/{number}", 429)
async def _(api: Api) -> Answer:
    api.exhaust(ADDRESS)
    return await api.call("GET", "/api/v1/partner/consultations/ZX-1", session=await key_of(api.office))


@case("GET", "/api/v1/partner/consultations/{number}", 500)
async def _(api: Api) -> Answer:
    key = await key_of(api.office)
    _damage(api)
    return await api.call("GET", "/api/v1/partner/consultations/ZX-1", session=key)


@case("POST", "/api/v1/sessions", 415)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/sessions", {}, headers={"Content-Type": "text/xml"})


@case("POST", "/api/v1/messages", 415)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await api.call("POST", "/api/v1/messages", {"text": "你好"}, session=session, headers=form)


@case("POST", "/api/v1/rating", 415)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session, headers={"Content-Type": "text/plain"})


@case("POST", "/api/v1/receipts", 415)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/receipts", {"number": "ZX-1", "code": "1"}, headers={"Content-Type": "multipart/form-data"})


@case("GET", "/api/v1/ws", 400)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/ws")


@case("GET", "/api/v1/ws", 429)
async def _(api: Api) -> Answer:
    api.exhaust(ADDRESS)
    return await api.call("GET", "/api/v1/ws")


def _while_others_write(method: str, path: str, body: dict[str, object] | None = None, **more: Any) -> Scenario:
    """Return what is told when somebody else holds the store for too long."""

    async def scenario(api: Api) -> Answer:
        session = "" if path.endswith("/sessions") else (await api.open())[0]
        api.office.database._patience = 0.05
        async with api.office.database.write():
            return await api.call(method, path, body, session=session, **more)

    return scenario


case("POST", "/api/v1/sessions", 503)(_while_others_write("POST", "/api/v1/sessions", {}))
case("POST", "/api/v1/messages", 503)(_while_others_write("POST", "/api/v1/messages", {"text": "异议期多久"}))
case("GET", "/api/v1/messages", 503)(_while_others_write("GET", "/api/v1/messages", params={"after": "1"}))
case("POST", "/api/v1/rating", 503)(_while_others_write("POST", "/api/v1/rating", {"scores": SCORES}))
case("POST", "/api/v1/close", 503)(_while_others_write("POST", "/api/v1/close"))


@case("POST", "/api/v1/messages", 200)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.say(session, "异议期多久", "m-1")


@case("POST", "/api/v1/messages", 400)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.say(session, " ")


@case("POST", "/api/v1/messages", 401)
async def _(api: Api) -> Answer:
    return await api.say(NOBODY, "异议期多久")


@case("POST", "/api/v1/messages", 409)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    await api.call("POST", "/api/v1/close", session=session)
    return await api.say(session, "还在吗")


@case("POST", "/api/v1/messages", 413)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.say(session, "长" * MAX_BODY)


@case("POST", "/api/v1/messages", 429)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    answers = [await api.say(session, "你好") for _ in range(int(SESSION.burst) + 1)]
    assert {answer.status for answer in answers[:-1]} == {200}
    return answers[-1]


@case("POST", "/api/v1/messages", 500)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    _damage(api)
    return await api.say(session, "异议期多久")


@case("GET", "/api/v1/messages", 200)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    await api.say(session, "异议期多久")
    return await api.call("GET", "/api/v1/messages", session=session, params={"after": "1"})


@case("GET", "/api/v1/messages", 400)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.call("GET", "/api/v1/messages", session=session, params={"after": "-1"})


@case("GET", "/api/v1/messages", 401)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/messages")


@case("GET", "/api/v1/messages", 429)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    api.seconds[0] += 60
    api.exhaust(ADDRESS)
    return await api.call("GET", "/api/v1/messages", session=session)


@case("GET", "/api/v1/messages", 500)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    _damage(api)
    return await api.call("GET", "/api/v1/messages", session=session)


@case("POST", "/api/v1/rating", 200)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.call("POST", "/api/v1/rating", {"scores": SCORES, "words": "很好"}, session=session)


@case("POST", "/api/v1/rating", 400)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.call("POST", "/api/v1/rating", {"scores": {**SCORES, "quality": 9}}, session=session)


@case("POST", "/api/v1/rating", 401)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/rating", {"scores": SCORES})


@case("POST", "/api/v1/rating", 409)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session)
    return await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session)


@case("POST", "/api/v1/rating", 413)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.call("POST", "/api/v1/rating", raw=b" " * (MAX_BODY + 1), session=session)


@case("POST", "/api/v1/rating", 429)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    api.seconds[0] += 60
    api.exhaust(ADDRESS)
    return await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session)


@case("POST", "/api/v1/rating", 500)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    _damage(api)
    return await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session)


@case("POST", "/api/v1/close", 200)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    return await api.call("POST", "/api/v1/close", session=session)


@case("POST", "/api/v1/close", 401)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/close", session=NOBODY)


@case("POST", "/api/v1/close", 429)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    api.seconds[0] += 60
    api.exhaust(ADDRESS)
    return await api.call("POST", "/api/v1/close", session=session)


@case("POST", "/api/v1/close", 500)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    (api.office.folder / "archive" / "2026").write_text("a file stands where the folder should")
    return await api.call("POST", "/api/v1/close", session=session)


@case("POST", "/api/v1/receipts", 200)
async def _(api: Api) -> Answer:
    session, _ = await api.open()
    closed = await api.call("POST", "/api/v1/close", session=session)
    return await api.call("POST", "/api/v1/receipts", closed.body["receipt"])


@case("POST", "/api/v1/receipts", 400)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/receipts", {"number": "ZX-20261120-000001-7"})


@case("POST", "/api/v1/receipts", 404)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/receipts", {"number": "ZX-20261120-000001-7", "code": "AAAA-AAAA"})


@case("POST", "/api/v1/receipts", 413)
async def _(api: Api) -> Answer:
    return await api.call("POST", "/api/v1/receipts", raw=b" " * (MAX_BODY + 1))


@case("POST", "/api/v1/receipts", 429)
async def _(api: Api) -> Answer:
    guess = {"number": "ZX-20261120-000001-7", "code": "AAAA-AAAA"}
    answers = [await api.call("POST", "/api/v1/receipts", guess) for _ in range(int(RECEIPTS.burst) + 1)]
    assert {answer.status for answer in answers[:-1]} == {404}
    return answers[-1]


@case("POST", "/api/v1/receipts", 500)
async def _(api: Api) -> Answer:
    _damage(api)
    return await api.call("POST", "/api/v1/receipts", {"number": "ZX-20261120-000001-7", "code": "AAAA-AAAA"})


@case("GET", "/api/v1/clauses", 200)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/clauses", params={"source": "trademark-law-2019", "at": "第三十三条"})


@case("GET", "/api/v1/clauses", 404)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/clauses", params={"source": "no-such-law"})


@case("GET", "/api/v1/clauses", 429)
async def _(api: Api) -> Answer:
    api.exhaust(ADDRESS)
    return await api.call("GET", "/api/v1/clauses", params={"source": "no-such-law"})


@case("GET", "/healthz", 200)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/healthz")


@case("GET", "/readyz", 200)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/readyz")


@case("GET", "/readyz", 503)
async def _(api: Api) -> Answer:
    api.ready[0] = False
    return await api.call("GET", "/readyz")


@case("GET", "/metrics", 200)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/metrics")


def _from_elsewhere(method: str, path: str) -> Scenario:
    """Return how a page of a site that nobody has registered is refused."""
    return lambda api: api.call(method, path, headers={"Origin": "https://elsewhere.example"})


for _path, _operations in DESCRIBED["paths"].items():
    for _method, _operation in _operations.items():
        if "403" in _operation["responses"] and not _path.startswith(("/api/v1/attachments", "/api/v1/partner")):
            CASES.setdefault((_method.upper(), _path, 403), _from_elsewhere(_method.upper(), _path))


@case("GET", "/api/v1/site", 404)
async def _(api: Api) -> Answer:
    return await api.call("GET", "/api/v1/site?site=nobody")


def test_every_documented_answer_has_a_case() -> None:
    documented = {
        (method.upper(), path, int(status))
        for path, operations in DESCRIBED["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
        if not path.startswith("/api/v1/attachments")  # those stand in test_attachments.py
    }
    assert documented - {("GET", "/api/v1/ws", 101)} == set(CASES)


@pytest.mark.parametrize(("method", "path", "status"), CASES)
async def test_every_documented_answer_comes_as_described(limited: Api, method: str, path: str, status: int) -> None:
    answer = await CASES[method, path, status](limited)
    assert answer.status == status
    if status >= 400 and path != "/readyz":
        # The sentence is for a citizen, so it is Chinese and tells nothing of the inside.
        assert any("\u4e00" <= char <= "\u9fff" for char in answer.body["error"]["message"])
        assert "Error" not in answer.body["error"]["message"]
    assert ("Retry-After" in answer.headers) == (status == 429 or (status == 503 and path != "/readyz"))


@pytest.mark.parametrize(
    ("raw", "code", "field"),
    [
        (b"", "bad_body", None), (b"{", "bad_json", None), (b"\xff\xfe\x00\x01", "bad_json", None), (b"[]", "bad_body", None),
        (b'"text"', "bad_body", None), (b"null", "bad_body", None), (b"5", "bad_body", None), (b"{}", "bad_body", None),
        (b'{"text": 5}', "bad_field", "text"), (b'{"text": null}', "bad_field", "text"), (b'{"text": ["a"]}', "bad_field", "text"),
        (b'{"text": NaN}', "bad_field", "text"), (b'{"text": ' + b"1" * 5000 + b"}", "bad_json", None),
        (b'{"text": "\\ud800"}', "bad_text", None), (b'{"text": "a", "message_id": "\\udfff"}', "bad_text", None),
        (b'{"text": "a", "message_id": ""}', "bad_field", "message_id"),
        (b'{"text": "a", "message_id": 7}', "bad_field", "message_id"),
        (b'{"text": "a", "message_id": "' + b"x" * 129 + b'"}', "bad_field", "message_id"),
        (b'{"text": ""}', "empty", "text"), (b'{"text": " \\n\\t "}', "empty", "text"),
        ('{"text": "😀👍"}'.encode(), "no_words", "text"), ('{"text": "？！……"}'.encode(), "no_words", "text"),
        (b'{"text": "' + b"a" * 10_000 + b'"}', "too_long", "text"), (f'{{"text": "{"长" * 2001}"}}'.encode(), "too_long", "text"),
        (b"[" * 60_000, "bad_json", None), (b'{"text": ' + b"[" * 500 + b"]" * 500 + b"}", "bad_field", "text"),
        ('{"text": "a"}'.encode("utf-16"), "bad_json", None),
    ],
    ids=short,
)  # fmt: skip
async def test_bad_input_is_refused_with_its_reason(api: Api, raw: bytes, code: str, field: str | None) -> None:
    session, number = await api.open()
    entries = len(await api.office.entries(number))
    answer = await api.call("POST", "/api/v1/messages", raw=raw, session=session)
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["field"]) == (400, code, field)
    assert len(await api.office.entries(number)) == entries
    assert api.office.engine.asked == []


async def test_no_depth_of_nesting_is_our_fault(api: Api) -> None:
    session, _ = await api.open()
    statuses = []
    for depth in range(800, 1010, 2):
        raw = b'{"text": "a1", "message_id": "1", "x": ' + b"[" * depth + b"]" * depth + b"}"
        statuses.append((await api.call("POST", "/api/v1/messages", raw=raw, session=session)).status)
    # Shallow enough is taken, too deep is refused, and nothing in between fails.
    assert set(statuses) == {200, 400}
    assert statuses == sorted(statuses)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "message_id", "x"]), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=5)
@given(bodies=st.lists(json_values, min_size=15, max_size=15))
def test_nothing_that_is_sent_breaks_the_door(tmp_path_factory: pytest.TempPathFactory, bodies: list[Any]) -> None:
    async def send() -> None:
        async with office_in(tmp_path_factory.mktemp("office")) as office, api_of(office) as api:
            session, _ = await api.open()
            for body in bodies:
                for path in ("messages", "rating", "receipts", "sessions"):
                    answer = await api.call("POST", f"/api/v1/{path}", body, session=session)
                    assert answer.status < 500

    asyncio.run(send())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "telegram"}, "channel"), ({"channel": 5}, "channel"), ({"region": "火星"}, "region"), ({"region": "西" * 21}, "region"),
        ({"consent": "yes"}, "consent"), ({"region": ["西宁市"]}, "region"),
    ],
)  # fmt: skip
async def test_an_opening_names_the_field_that_is_wrong(api: Api, body: dict[str, Any], field: str) -> None:
    answer = await api.call("POST", "/api/v1/sessions", body)
    assert (answer.status, answer.body["error"]["field"]) == (400, field)


@pytest.mark.parametrize("raw", [b"", b"{}"])
async def test_an_opening_needs_no_body(api: Api, raw: bytes) -> None:
    answer = await api.call("POST", "/api/v1/sessions", raw=raw)
    assert answer.status == 201
    opened = (await api.office.entries(answer.body["consultation"]))[0]
    assert opened.open == {"channel": "api", "region": "西宁市", "consent": False}


@pytest.mark.parametrize(("method", "path"), [("POST", "messages"), ("GET", "messages"), ("POST", "rating"), ("POST", "close")])
async def test_without_a_session_nothing_is_done(api: Api, method: str, path: str) -> None:
    _, number = await api.open()
    others = ("Bearer", "Bearer ", "Basic abc", f"Bearer {NOBODY}", f"Bearer {number}", "Bearer \udcff\udc80", "长")
    for headers in ({}, *({"Authorization": other} for other in others)):
        answer = await api.call(method, f"/api/v1/{path}", {"text": "你好"} if method == "POST" else None, headers=headers)
        assert (answer.status, answer.body["error"]["code"]) == (401, "no_session"), headers


async def test_the_scheme_may_be_written_in_any_case(api: Api) -> None:
    session, _ = await api.open()
    answer = await api.call("GET", "/api/v1/messages", headers={"Authorization": f"bearer {session}"})
    assert answer.status == 200


async def test_a_position_that_is_none_is_refused(api: Api) -> None:
    session, _ = await api.open()
    for after in ("x", "-1", "1.5", "", "٣", "9" * 10, " 1", "1e3"):
        answer = await api.call("GET", "/api/v1/messages", session=session, params={"after": after})
        assert (answer.status, answer.body["error"]["field"]) == (400, "after"), after


async def test_a_session_opens_only_its_own_consultation(api: Api) -> None:
    (one, number), (two, _) = await api.open(), await api.open()
    await api.say(one, "只给第一个人的话")
    other = await api.call("GET", "/api/v1/messages", session=two)
    assert other.body["consultation"] != number
    assert "只给第一个人的话" not in json.dumps(other.body, ensure_ascii=False)


async def test_a_turn_has_the_contract_s_form(api: Api) -> None:
    session, number = await api.open()
    basis = Basis("商标法", "第三十三条", "全国", in_force=True, source="tm", gist="三个月")
    reply = Reply("三个月。", ("tm-opposition",), (basis,), (Button("怎么提", "怎么提异议"),))
    api.office.engine.answers["异议期多久"] = EngineTurn("answered", (reply,))
    answer = await api.say(session, "异议期多久", "m-1")
    assert answer.body == {
        "consultation": number, "turn": 1, "owner": "bot", "status": "answered",
        "replies": [{
            "text": "三个月。", "knowledge": ["tm-opposition"], "kind": "answer",
            "basis": [{"title": "商标法", "locator": "第三十三条", "region": "全国", "in_force": True, "source": "tm", "gist": "三个月"}],
            "buttons": [{"title": "怎么提", "payload": "怎么提异议"}],
        }],
    }  # fmt: skip
    assert (await api.say(session, "异议期多久", "m-1")).body == answer.body


async def test_the_transcript_shows_what_was_said_and_nothing_else(api: Api) -> None:
    session, number = await api.open()
    await api.say(session, "异议期多久", "m-1")
    await api.office.add(number, Event("handed_off", "zhixun", {"state": "staff", "reason": "asked"}))
    await api.office.add(number, Event("noted", "clerk", {}, {"text": "内部备注"}))
    await api.office.add(number, Event("said", "clerk", {}, {"text": "您好，我是工作人员"}))
    transcript = (await api.call("GET", "/api/v1/messages", session=session)).body
    assert transcript["owner"] == "staff"
    shown = [(entry["from"], entry["text"]) for entry in transcript["entries"]]
    assert shown[-3:] == [("citizen", "异议期多久"), ("bot", "答：异议期多久"), ("staff", "您好，我是工作人员")]
    assert "内部备注" not in json.dumps(transcript, ensure_ascii=False)
    assert transcript["last"] == (await api.office.entries(number))[-1].seq
    assert [entry.get("message_id") for entry in transcript["entries"] if entry["from"] == "citizen"] == ["m-1"]
    assert all(datetime.fromisoformat(entry["time"]).tzinfo for entry in transcript["entries"])


async def test_the_transcript_from_any_position_has_no_gap_and_no_double(api: Api) -> None:
    session, _ = await api.open()
    await api.say(session, "异议期多久")
    await api.say(session, "怎么注册商标")
    everything = (await api.call("GET", "/api/v1/messages", session=session)).body
    for after in range(everything["last"] + 3):
        part = (await api.call("GET", "/api/v1/messages", session=session, params={"after": str(after)})).body
        assert part["entries"] == [entry for entry in everything["entries"] if entry["seq"] > after]
        assert part["last"] == max(after, everything["last"])


async def test_what_was_fetched_counts_as_delivered(api: Api) -> None:
    session, number = await api.open()
    await api.say(session, "异议期多久")
    last = (await api.office.entries(number))[-1].seq
    await api.call("GET", "/api/v1/messages", session=session)
    assert api.office.sql("SELECT delivered IS NULL FROM outbox") == [(1,)]
    await api.call("GET", "/api/v1/messages", session=session, params={"after": str(last)})
    assert api.office.sql("SELECT delivered IS NULL FROM outbox") == [(0,)]


async def test_erased_words_are_told_as_erased(api: Api) -> None:
    session, number = await api.open()
    await api.say(session, "异议期多久")
    async with api.office.database.write() as connection:
        await api.office.journal.keyring.destroy(connection, number)
    entries = (await api.call("GET", "/api/v1/messages", session=session)).body["entries"]
    assert {entry["text"] for entry in entries} == {"（内容已按请求删除）"}


async def test_a_failing_engine_is_an_answer_not_an_error(api: Api) -> None:
    session, _ = await api.open()
    api.office.engine.answers["异议期多久"] = TryLater("gone", code="engine_500")
    answer = await api.say(session, "异议期多久")
    assert (answer.status, answer.body["status"]) == (200, "degraded")
    assert answer.body["replies"][0]["text"] == api.office.site.phrases["degraded"]


async def test_fifty_messages_at_once_pass_within_the_limit_only(limited: Api) -> None:
    session, number = await limited.open()
    limited.seconds[0] += 3600
    answers = [await limited.say(session, f"第{place}句") for place in range(int(ADDRESS.burst))]
    answers += await asyncio.gather(*(limited.say(session, f"第{place}句") for place in range(10)))
    assert sorted({answer.status for answer in answers}) == [200, 429]
    assert [answer.status for answer in answers].count(200) == SESSION.burst
    said = [entry for entry in await limited.office.entries(number) if entry.actor == "citizen"]
    assert len(said) == SESSION.burst
    limited.seconds[0] += 1 / SESSION.rate
    assert (await limited.say(session, "一秒以后")).status == 200


async def test_fifty_messages_at_once_without_limits_wait_in_a_bounded_line(api: Api) -> None:
    session, _ = await api.open()
    api.office.engine.gate.clear()
    calls = [asyncio.create_task(api.say(session, f"第{place}句")) for place in range(50)]
    refused: set[asyncio.Task[Answer]] = set()
    waiting = set(calls)
    async with asyncio.timeout(20):
        while len(refused) < 50 - WAITING:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            refused |= done
    assert {call.result().body["error"]["code"] for call in refused} == {"too_fast"}
    api.office.engine.gate.set()
    assert [answer.status for answer in await asyncio.gather(*calls)].count(200) == WAITING


async def test_openings_from_one_address_have_a_limit_of_their_own(limited: Api) -> None:
    limited.exhaust(OPENINGS)
    assert (await limited.call("POST", "/api/v1/sessions", {})).status == 429
    # Whoever has a session already goes on.
    assert (await limited.call("GET", "/api/v1/messages", session=NOBODY)).status == 401
    limited.seconds[0] += 1 / OPENINGS.rate
    assert (await limited.call("POST", "/api/v1/sessions", {})).status == 201


@pytest.mark.parametrize(("trusted", "status"), [(True, 201), (False, 429)])
async def test_a_proxy_s_word_on_the_address_counts_only_when_trusted(office: Office, trusted: bool, status: int) -> None:
    async with api_of(office, limits=True, trusted_proxy=trusted) as api:
        for _ in range(int(ADDRESS.burst)):
            await api.call("GET", "/api/v1/clauses", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.1"})
        answer = await api.call("POST", "/api/v1/sessions", {}, headers={"X-Forwarded-For": "198.51.100.1, 198.51.100.2"})
        assert answer.status == status


async def test_a_proxy_can_only_speak_for_its_last_hop(office: Office) -> None:
    async with api_of(office, limits=True, trusted_proxy=True) as api:
        for invented in range(int(ADDRESS.burst)):
            await api.call("GET", "/api/v1/clauses", headers={"X-Forwarded-For": f"10.0.0.{invented}, 198.51.100.1"})
        answer = await api.call("POST", "/api/v1/sessions", {}, headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.1"})
        assert answer.status == 429


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/close", 405, "bad_method"),
        ("GET", "/../etc/passwd", 404, "not_found"),
    ],
)
async def test_unknown_addresses_and_methods_are_told_in_the_same_form(
    api: Api, method: str, path: str, status: int, code: str
) -> None:
    answer = await api.call(method, path)
    assert (answer.status, answer.body["error"]["code"]) == (status, code)


async def test_protecting_headers_stand_on_every_page(api: Api) -> None:
    for path in ("/", "/widget.js", "/healthz", "/nothing"):
        headers = (await api.call("GET", path)).headers if path == "/nothing" else await _headers(api, path)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert ("Access-Control-Allow-Origin" in headers) == (path == "/widget.js")


async def _headers(api: Api, path: str) -> dict[str, str]:
    async with api.http.get(api.base + path) as response:
        assert response.status == 200
        return dict(response.headers)


async def test_the_description_is_served_as_it_is_used(api: Api) -> None:
    async with api.http.get(api.base + "/openapi.json") as response:
        assert await response.json() == DESCRIBED


async def test_a_front_end_that_was_not_built_says_what_to_do(api: Api) -> None:
    (api.office.folder / "static" / "index.html").unlink()
    async with api.http.get(api.base + "/") as response:
        assert response.status == 503
        assert "make setup" in await response.text()


async def test_words_of_citizens_never_reach_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    session, _ = await api.open()
    _damage(api)
    answer = await api.say(session, "一句不该进日志的话")
    assert answer.status == 500
    assert "request to /api/v1/messages failed" in caplog.text
    assert "不该进日志" not in caplog.text


async def test_several_bubbles_come_in_order(api: Api) -> None:
    session, _ = await api.open()
    api.office.engine.answers["问"] = answered("一", "二", "三")
    assert [reply["text"] for reply in (await api.say(session, "问")).body["replies"]] == ["一", "二", "三"]
