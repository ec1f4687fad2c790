"""Files over the citizen API: every documented answer, what a browser may do with a file, and lines that break."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestServer

from tests.channels.api import DESCRIBED, NOBODY, Answer, Api, Cases
from tests.sample_files import DOCX, docx, pdf, png, stream
from tests.support import until
from zhixun.archive.attachments import MOST_BYTES, Kept, folder_beside
from zhixun.channels.attachments import give
from zhixun.channels.faults import faults
from zhixun.errors import OurFault, TryLater
from zhixun.limits import ADDRESS, UPLOADS
from zhixun.messages import PERSON

PATH = "/api/v1/attachments"

Scenario = Callable[[Api, pytest.MonkeyPatch], Awaitable[Answer]]
CASES = Cases[Scenario]()
case = CASES.enter


async def _send(api: Api, session: str, data: Any, name: str = "证据.pdf") -> Answer:
    return await api.call("POST", PATH, raw=data, session=session, headers={"X-File-Name": quote(name)})


async def _fetch(api: Api, session: str, identity: str) -> Answer:
    return await api.call("GET", f"{PATH}/{identity}", session=session)


async def _sent(api: Api) -> tuple[str, str, str]:
    """Send a file; returns session, number and the file's id."""
    session, number = await api.open()
    return session, number, (await _send(api, session, pdf())).body["id"]


def _damage(api: Api) -> None:
    api.office.sql("ALTER TABLE attachments RENAME TO gone")


def _on_disk(api: Api) -> list[str]:
    folder = folder_beside(api.office.folder / "archive")
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@case("POST", PATH, 201)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    return await _send(api, session, pdf())


@case("POST", PATH, 400)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    return await _send(api, session, b"")


@case("POST", PATH, 401)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    return await _send(api, NOBODY, pdf())


@case("POST", PATH, 408)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    patch.setattr("zhixun.archive.attachments.LONGEST_SECONDS", 0.05)
    answered = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield pdf()
        await answered.wait()

    try:
        return await _send(api, session, stalled())
    finally:
        answered.set()


@case("POST", PATH, 409)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    await api.call("POST", "/api/v1/close", session=session)
    return await _send(api, session, pdf())


@case("POST", PATH, 413)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    return await _send(api, session, io.BytesIO(pdf().ljust(MOST_BYTES + 1)))


@case("POST", PATH, 415)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    return await _send(api, session, b"MZ\x90\0")


@case("POST", PATH, 429)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    api.exhaust(UPLOADS)
    return await _send(api, session, pdf())


@case("POST", PATH, 500)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    _damage(api)
    return await _send(api, session, pdf())


@case("POST", PATH, 503)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _ = await api.open()
    patch.setattr(api.files, "_spare", 2**62)
    return await _send(api, session, pdf())


@case("GET", PATH + "/{id}", 200)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _, identity = await _sent(api)
    return await _fetch(api, session, identity)


@case("GET", PATH + "/{id}", 401)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    _, _, identity = await _sent(api)
    return await _fetch(api, NOBODY, identity)


@case("GET", PATH + "/{id}", 404)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    _, _, identity = await _sent(api)
    stranger, _ = await api.open()
    return await _fetch(api, stranger, identity)


@case("GET", PATH + "/{id}", 410)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    from zhixun.archive.erase import erase

    session, number, identity = await _sent(api)
    await api.call("POST", "/api/v1/close", session=session)
    await erase(api.office.journal, api.office.sealer, number, "本人请求", elsewhere=(api.files.forget,))
    return await _fetch(api, session, identity)


@case("GET", PATH + "/{id}", 429)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, _, identity = await _sent(api)
    with suppress(TryLater):  # some of it is used up already
        api.exhaust(ADDRESS)
    return await _fetch(api, session, identity)


@case("GET", PATH + "/{id}", 500)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    session, number, identity = await _sent(api)
    path = folder_beside(api.office.folder / "archive") / number / identity
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    return await _fetch(api, session, identity)


@case("POST", PATH, 403)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    return await api.call("POST", PATH, raw=b"%PDF", headers={"Origin": "https://elsewhere.example"})


@case("GET", f"{PATH}/{{id}}", 403)
async def _(api: Api, patch: pytest.MonkeyPatch) -> Answer:
    return await api.call("GET", f"{PATH}/any", headers={"Origin": "https://elsewhere.example"})


def test_every_documented_answer_has_a_case() -> None:
    documented = {
        (method.upper(), path, int(status))
        for path, operations in DESCRIBED["paths"].items()
        if path.startswith(PATH)
        for method, operation in operations.items()
        for status in operation["responses"]
    }
    assert documented == set(CASES)


@pytest.mark.parametrize(("method", "path", "status"), CASES)
async def test_every_documented_answer_comes_as_described(
    limited: Api, monkeypatch: pytest.MonkeyPatch, method: str, path: str, status: int
) -> None:
    answer = await CASES[method, path, status](limited, monkeypatch)
    assert answer.status == status
    if status >= 400:
        assert any("\u4e00" <= char <= "\u9fff" for char in answer.body["error"]["message"])
        assert "Error" not in answer.body["error"]["message"]
    if method == "POST" and status >= 400:
        assert _on_disk(limited) == []
    assert ("Retry-After" in answer.headers) == (status in (429, 503))


async def test_a_file_goes_in_is_told_and_comes_back(api: Api) -> None:
    session, _ = await api.open()
    async with api.window(session) as window:
        seen = await window.entries(2)
        sent = await _send(api, session, docx("王小明"), "王小明的 说明.exe")
        assert sent.body == {"id": sent.body["id"], "name": "王小明的 说明.docx", "type": DOCX, "size": len(docx("王小明"))}
        file, told = (await window.entries(seen[-1]["seq"] + 2))[-2:]
    kept = {"id": sent.body["id"], "type": DOCX, "size": sent.body["size"]}
    assert file == {"seq": 4, "time": file["time"], "from": "citizen", "kind": "attachment", "text": "王小明的 说明.docx", "attachment": kept}
    assert (told["from"], told["kind"], told["text"]) == ("system", "attached", api.office.site.phrases["attached"])
    assert told["buttons"] == [{"title": PERSON, "payload": PERSON}]
    transcript = (await api.call("GET", "/api/v1/messages?after=0", session=session)).body["entries"]
    assert transcript[-2:] == [file, told]

    back = await _fetch(api, session, sent.body["id"])
    assert back.body == docx("王小明")
    wanted = {
        "Content-Type": DOCX, "Content-Length": str(len(docx("王小明"))), "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote('王小明的 说明.docx')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    assert {name: back.headers[name] for name in wanted} == wanted
    assert "no-store" in back.headers["Cache-Control"]


async def test_a_person_s_file_is_shown_as_staff_s_and_an_erased_one_without_its_name(api: Api) -> None:
    from zhixun.archive.erase import erase

    session, number = await api.open()
    await api.files.keep(number, "staff:li", "王小明的通知.pdf", stream(pdf()))
    shown = (await api.call("GET", "/api/v1/messages", session=session)).body["entries"][-1]
    assert (shown["from"], shown["kind"], shown["text"]) == ("staff", "attachment", "王小明的通知.pdf")
    assert (await _fetch(api, session, shown["attachment"]["id"])).body == pdf()
    await api.call("POST", "/api/v1/close", session=session)
    assert (await _fetch(api, session, shown["attachment"]["id"])).status == 200
    await erase(api.office.journal, api.office.sealer, number, "本人请求")
    shown = next(entry for entry in await _entries(api, session) if entry["kind"] == "attachment")
    assert shown["text"] == "（内容已按请求删除）"
    assert "attachment" not in shown


async def _entries(api: Api, session: str) -> list[dict[str, Any]]:
    return list((await api.call("GET", "/api/v1/messages", session=session)).body["entries"])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("..%2F..%2Fetc%2Fpasswd", "passwd.png"),
        ("a%0D%0ASet-Cookie:%20x=1.png", "a Set-Cookie x=1.png"),
        ("%22;filename=evil.html;%22", ";filename=evil.html;.png"),
        ("%E2%80%AEgnp.exe", "gnp.png"),
        ("%FF%FE%ZZ", "\ufffd\ufffd%ZZ.png"),
        ("", "附件.png"),
    ],
)
async def test_names_from_outside_reach_no_header(api: Api, name: str, kept: str) -> None:
    session, _ = await api.open()
    sent = await api.call("POST", PATH, raw=png(), session=session, headers={"X-File-Name": name, "Content-Type": "text/html"})
    assert (sent.body["name"], sent.body["type"]) == (kept, "image/png")
    back = await _fetch(api, session, sent.body["id"])
    assert back.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote(kept, safe='')}"
    assert back.headers["Content-Type"] == "image/png"
    assert "Set-Cookie" not in back.headers


async def test_a_file_without_a_name_is_taken(api: Api) -> None:
    session, _ = await api.open()
    assert (await api.call("POST", PATH, raw=png(), session=session)).body["name"] == "附件.png"


async def test_a_body_that_grows_is_stopped_though_its_length_was_not_told(api: Api) -> None:
    session, _ = await api.open()
    answer = await _send(api, session, stream(png() + bytes(MOST_BYTES), 256 * 1024))
    assert (answer.status, answer.body["error"]["code"]) == (413, "too_large")
    assert _on_disk(api) == []
    assert [entry["kind"] for entry in await _entries(api, session)] == ["notice", "greeting"]


async def test_more_than_words_may_be_sent_here_alone(api: Api) -> None:
    session, _ = await api.open()
    assert (await _send(api, session, png() + bytes(200_000))).status == 201
    assert (await api.call("POST", "/api/v1/messages", raw=b" " * 200_000, session=session)).status == 413


async def test_a_sender_who_goes_away_leaves_nothing(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    session, _ = await api.open()
    _, writer = await asyncio.open_connection(*api.base.removeprefix("http://").split(":"))
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {session}\r\nContent-Length: 500000\r\n\r\n"
    writer.write(head.encode() + png() + bytes(100_000))
    await writer.drain()
    await until(lambda: _on_disk(api))
    writer.transport.abort()
    await until(lambda: not _on_disk(api))
    assert [entry["kind"] for entry in await _entries(api, session)] == ["notice", "greeting"]
    assert "failed" not in caplog.text


async def test_a_preflight_is_answered(api: Api) -> None:
    async with api.http.options(api.base + PATH) as response:
        assert response.status == 204


async def test_neither_names_nor_contents_reach_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    session, _ = await api.open()
    _damage(api)
    assert (await _send(api, session, pdf(), "王小明.pdf")).status == 500
    assert "request to /api/v1/attachments failed" in caplog.text
    assert "王小明" not in caplog.text


async def test_a_file_that_turns_out_damaged_on_the_way_breaks_the_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """The head is sent by then, so that nothing else could tell the other side."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"%PDF"
        raise OurFault("附件已损坏。")

    async def handle(request: web.Request) -> web.StreamResponse:
        return await give(request, Kept("a", "application/pdf", 500, "", "a.pdf"), broken())

    application = web.Application(middlewares=[faults])
    application.router.add_get("/", handle)
    async with TestServer(application) as server, api.http.get(server.make_url("/")) as response:
        assert response.status == 200
        with pytest.raises(ClientPayloadError):
            await response.read()
    assert "OurFault" in caplog.text
