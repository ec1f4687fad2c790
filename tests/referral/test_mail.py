"""Letters by e-mail, to a real server on this machine: over TLS, with log-in, and what becomes of refusals."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.referral.desk import MEDIATION, WISH, Desk, certificate_in, desk_of, letter
from tests.support import HandClock, Office
from zhixun.errors import StopNow
from zhixun.referral.mail import Mail, SmtpSettings
from zhixun.retries import AGAIN
from zhixun.signing import NotSent

PASSWORD = "mima-chang-yi-dian"


class Postbox:
    """The server's side: keeps what came, and refuses as the test says."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.sessions: list[tuple[bool, bool]] = []
        self.recipient = self.data = ""

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]) -> str:  # noqa: N802
        if self.recipient:
            return self.recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data:
            return self.data
        encrypted = session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None
        self.sessions.append((encrypted, bool(session.authenticated)))
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"


def _log_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"zhixun", PASSWORD.encode()), handled=False)


@asynccontextmanager
async def _server(
    box: Postbox, *, port: int = 0, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, login: bool = False
) -> AsyncIterator[int]:
    def serve() -> SMTP:
        return SMTP(
            box, hostname="localhost", tls_context=starttls, require_starttls=starttls is not None,
            auth_required=login and tls is None, auth_require_tls=starttls is not None, authenticator=_log_in if login else None,
            loop=asyncio.get_running_loop(),
        )  # fmt: skip

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", port, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _mail(port: int, **more: Any) -> Mail:
    more = {"tls": "off", **more}
    return Mail(SmtpSettings("127.0.0.1", port, "知识产权服务 <ip@office.example>", **more), HandClock())


async def test_a_letter_arrives_with_its_document(tmp_path: Path) -> None:
    box = Postbox()
    async with _server(box) as port:
        await _mail(port).carry(MEDIATION, letter())
    (message,) = box.messages
    assert message["To"] == MEDIATION.email
    assert message["Subject"] == letter().subject
    assert message["Message-ID"] == "<ZJ-20261120-000001-01-2.slip.7@office.example>"
    assert message["Date"] == "Fri, 20 Nov 2026 02:00:00 +0000"
    body, (document,) = message.get_body(), list(message.iter_attachments())
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == letter().text
    assert document.get_filename() == letter().file_name
    assert document.get_content() == letter().attachment
    assert WISH not in message.as_string()


async def test_what_has_no_document_is_text_alone() -> None:
    box = Postbox()
    async with _server(box) as port:
        await _mail(port).carry(MEDIATION, letter("reminder"))
    assert list(box.messages[0].iter_attachments()) == []


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_over_tls_with_log_in(tmp_path: Path, tls: str) -> None:
    trusted, context = certificate_in(tmp_path)
    sides = {"tls": context} if tls == "tls" else {"starttls": context}
    box = Postbox()
    async with _server(box, login=True, **sides) as port:
        mail = _mail(port, tls=tls, ca_file=trusted, user="zhixun", password=PASSWORD)
        await mail.carry(MEDIATION, letter())
    assert (len(box.messages), box.sessions) == (1, [(True, True)])


async def test_a_refused_log_in_is_told_without_the_password(tmp_path: Path) -> None:
    trusted, context = certificate_in(tmp_path)
    box = Postbox()
    async with _server(box, login=True, starttls=context) as port:
        mail = _mail(port, tls="starttls", ca_file=trusted, user="zhixun", password="wrong-one")
        with pytest.raises(NotSent, match="登录邮件服务器被拒绝（535）") as told:
            await mail.carry(MEDIATION, letter())
    assert (told.value.final, "wrong-one" in told.value.words, box.messages) == (False, False, [])
    assert "wrong-one" not in repr(mail._settings)


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path, tls: str) -> None:
    _, context = certificate_in(tmp_path)
    box = Postbox()
    async with _server(box, **({"tls": context} if tls == "tls" else {"starttls": context})) as port:
        with pytest.raises(NotSent, match="证书") as told:
            await _mail(port, tls=tls).carry(MEDIATION, letter())
    assert (told.value.final, box.messages) == (False, [])


async def test_a_server_without_tls_gets_nothing_when_tls_is_wanted() -> None:
    box = Postbox()
    async with _server(box) as port:
        with pytest.raises(NotSent, match="不支持加密"):
            await _mail(port, tls="starttls").carry(MEDIATION, letter())
    assert box.messages == []


@pytest.mark.parametrize(
    ("place", "answer", "words", "final"),
    [("recipient", "550 no such user", "对方邮箱（550）", True), ("recipient", "450 later", "对方邮箱（450）", False),
     ("data", "554 no", "拒绝（554）", False), ("data", "451 later", "拒绝（451）", False)],
)  # fmt: skip
async def test_a_refusal_is_told_by_its_number(place: str, answer: str, words: str, final: bool) -> None:
    box = Postbox()
    setattr(box, place, answer)
    async with _server(box) as port:
        with pytest.raises(NotSent) as told:
            await _mail(port).carry(MEDIATION, letter())
    assert (words in told.value.words, told.value.final) == (True, final)


async def test_an_address_that_is_none_is_given_up() -> None:
    box = Postbox()
    async with _server(box) as port:
        with pytest.raises(NotSent, match="邮箱") as told:
            await _mail(port).carry(dataclasses.replace(MEDIATION, email="a@b.example\nBcc: c@d.example"), letter())
    assert (told.value.final, box.messages) == (True, [])


@pytest.mark.parametrize("settings", [{"tls": "off"}, {"tls": "maybe"}])
def test_nothing_goes_through_a_network_in_the_clear(settings: dict[str, Any]) -> None:
    with pytest.raises(StopNow, match="加密"):
        Mail(SmtpSettings("mail.office.example", 25, "ip@office.example", **settings), HandClock())


def test_certificates_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    for file in ("missing.pem", "empty.pem"):
        with pytest.raises(StopNow, match="证书"):
            _mail(25, tls="tls", ca_file=tmp_path / file)


def test_who_has_no_address_is_not_reached() -> None:
    assert _mail(25).reaches(MEDIATION)
    assert not _mail(25).reaches(dataclasses.replace(MEDIATION, email=""))


async def test_a_server_that_is_down_and_then_up_gets_the_slip(office: Office) -> None:
    box = Postbox()
    async with _server(box) as port:
        pass
    desk = desk_of(office, carriers={"email": _mail(port)})
    slip = await desk.sent()
    assert slip.standing == "issued"
    assert "连接不上" in (await desk.deliveries.of(slip.number))[0].error
    desk.office.clock.turn_by(AGAIN[0])
    async with _server(box, port=port):
        await desk.deliveries.carry_due()
    assert len(box.messages) == 1
    assert (await desk.slip(slip.number)).standing == "sent"


async def test_a_whole_slip_by_mail_opens_again(office: Office) -> None:
    from io import BytesIO

    from docx import Document

    box = Postbox()
    async with _server(box) as port:
        desk = desk_of(office, carriers={"email": _mail(port)})
        slip = await desk.sent()
    (document,) = box.messages[0].iter_attachments()
    cells = [cell.text for table in Document(BytesIO(document.get_content())).tables for row in table.rows for cell in row.cells]
    assert slip.number in cells
    _assert_nothing_private(box.messages[0], desk)


def _assert_nothing_private(message: EmailMessage, desk: Desk) -> None:
    body = message.get_body()
    assert body is not None
    assert WISH not in body.get_content()
    assert WISH not in str(message["Subject"])
