"""Letters by e-mail: over TLS only, unless the server is on this very machine."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import aiosmtplib

from zhixun.clock import Clock
from zhixun.errors import StopNow
from zhixun.referral.ports import Agency, Letter
from zhixun.referral.tls import trusting
from zhixun.signing import NotSent

__all__ = ["Mail", "SmtpSettings"]

SECONDS = 60
_DOCX = ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document")


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where e-mail is handed in.

    Attributes:
        user, password: empty when the server asks for none. sender: the address that letters come from.
        tls: `tls` from the first byte, `starttls`, or `off`, which is for a server on this machine only.
        ca_file: certificates to be trusted in place of the system's, for an office with an authority of its own.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: str = "starttls"
    ca_file: Path | None = None


class Mail:
    """Sends letters by e-mail.

    Raises:
        StopNow: the settings would send letters, or the password, in the clear through a network; or a file cannot be read.
    """

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        if settings.tls not in ("tls", "starttls") and not (settings.tls == "off" and _is_here(settings.host)):
            raise StopNow("发送邮件必须加密（tls 或 starttls）；只有本机上的邮件服务器可以设为 off。")
        self._settings = settings
        self._trust = trusting(settings.ca_file)
        self._clock = clock

    def reaches(self, agency: Agency) -> bool:
        """Tell whether the agency has an address."""
        return bool(agency.email)

    async def carry(self, agency: Agency, letter: Letter) -> None:
        """Send a letter.

        Raises:
            NotSent: the server is down, refuses the log-in or the letter, or is not who it should be.
        """
        try:
            async with asyncio.timeout(SECONDS):
                await self._send(self._message(agency, letter))
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = error.recipients[0].code
            raise NotSent(f"邮件服务器不接受对方邮箱（{code}）", final=code >= 500) from error
        except aiosmtplib.SMTPAuthenticationError as error:
            raise NotSent(f"登录邮件服务器被拒绝（{error.code}），请管理员核对账号和密码") from error
        except aiosmtplib.SMTPResponseException as error:
            raise NotSent(f"邮件服务器拒绝（{error.code}）") from error
        except OSError as error:
            untrusted = any(isinstance(one, ssl.SSLError) for one in (error, error.__cause__))
            raise NotSent("邮件服务器的证书不可信或加密失败" if untrusted else "邮件服务器连接不上或中途断开") from error
        except aiosmtplib.SMTPException as error:
            raise NotSent("邮件服务器不支持加密或登录") from error
        except ValueError as error:
            raise NotSent("名录里对方的邮箱写得不对", final=True) from error

    async def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        await aiosmtplib.send(
            message, hostname=settings.host, port=settings.port, timeout=SECONDS,
            username=settings.user or None, password=settings.password or None, local_hostname=_domain(settings.sender),
            use_tls=settings.tls == "tls", start_tls=settings.tls == "starttls",
            tls_context=self._trust,
        )  # fmt: skip

    def _message(self, agency: Agency, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._settings.sender
        message["To"] = agency.email
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(self._clock.now())
        # The same letter keeps its id when it is sent again, so that mail programs show it once.
        message["Message-ID"] = f"<{letter.id.replace('/', '.')}@{_domain(self._settings.sender)}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        if letter.attachment:
            message.add_attachment(letter.attachment, maintype=_DOCX[0], subtype=_DOCX[1], filename=letter.file_name)
        return message


def _domain(address: str) -> str:
    return address.rpartition("@")[2].strip("> ") or "localhost"


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
