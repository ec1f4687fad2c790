"""What the tests of the slips share: a register, ways by which letters go out, and a desk joined over a real deployment."""

from __future__ import annotations

import dataclasses
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support import Office
from zhixun.messages import Entry, Event
from zhixun.referral.book import Referrals
from zhixun.referral.deliver import Deliveries
from zhixun.referral.letters import Letters
from zhixun.referral.ports import Agency, Carrier, Letter, Rules
from zhixun.referral.slip import Draft, Slip
from zhixun.requests.codes import Codes
from zhixun.signing import NotSent

STAFF = "staff:li"
PHONE, PERSON, WISH = "13897123456", "王芳", "请求对方停止销售并赔偿。"
MEDIATION = Agency(
    "mediation", "西宁市知识产权纠纷人民调解委员会", "mediation", "西宁市", "0971-1234567，城西区示例路1号", confirmed=True,
    email="tiaojie@agency.example", webhook="https://agency.example/slips",
)  # fmt: skip
NOTARY = Agency("notary", "公证机构", "notary", "青海省", "", confirmed=False, email="x@agency.example")
DRAFT = Draft(
    agency="mediation", facts=(("当事人", PERSON), ("事由", "青稞饼干包装被仿冒 <b>")), evidence=("包装照片 3 张", "购买凭证"),
    wish=WISH, consent=True, how="2026年11月20日在线咨询中文字同意", contact=PHONE, contact_consent=True, way="email",
)  # fmt: skip


class Register(dict[str, Agency]):
    """The register, in the test's hand."""

    def find(self, agency: str) -> Agency | None:
        return self.get(agency)


@dataclass
class RecordingCarrier:
    """Keeps what it was given; fails, or dies, as the test says."""

    letters: list[Letter] = field(default_factory=list)
    fault: BaseException | None = None
    before: Callable[[], None] = lambda: None

    def reaches(self, agency: Agency) -> bool:
        return bool(agency.email)

    async def carry(self, agency: Agency, letter: Letter) -> None:
        self.before()
        if isinstance(self.fault, NotSent):
            raise self.fault
        self.letters.append(letter)
        if self.fault is not None:
            raise self.fault


@dataclass
class Desk:
    """Slips over a real deployment."""

    office: Office
    register: Register
    carrier: RecordingCarrier
    codes: Codes
    rules: Rules
    letters: Letters
    referrals: Referrals
    deliveries: Deliveries

    async def issue(self, consultation: str = "", **changes: object) -> Slip:
        """Issue a slip like `DRAFT`."""
        consultation = consultation or await self.office.open()
        return await self.referrals.issue(consultation, dataclasses.replace(DRAFT, **changes), STAFF)

    async def sent(self, **changes: object) -> Slip:
        """Issue a slip and let it go out."""
        slip = await self.issue(**changes)
        await self.deliveries.carry_due()
        return await self.slip(slip.number)

    async def received(self, **changes: object) -> Slip:
        """Issue a slip for which the agency has signed."""
        slip = await self.sent(**changes)
        return await self.answer(slip, "received")

    async def answer(self, slip: Slip, standing: str, said: str = "", once: str = "") -> Slip:
        """Answer as the agency does."""
        return await self.referrals.answer(slip.number, self.codes.code_of(slip.number), standing, said, once)

    async def slip(self, number: str) -> Slip:
        """Read a slip as staff do."""
        found = await self.referrals.look_up(number)
        assert found is not None
        return found

    async def told(self, consultation: str) -> list[str]:
        """Return the notices that the citizen got."""
        return [str((entry.private or {})["text"]) for entry in await self.office.entries(consultation) if _is_notice(entry)]

    async def close(self, consultation: str) -> None:
        """Close the consultation, as the citizen does."""
        await self.office.consultations.close(consultation)

    def restarted(self) -> Deliveries:
        """Return the keeper of a new process on the same store."""
        return Deliveries(
            self.office.database, self.referrals, self.letters, self.register, {"email": self.carrier}, self.office.clock
        )


def _is_notice(entry: Entry) -> bool:
    return entry.kind == "said" and entry.open["kind"] == "notice" and entry.actor == "system"


def desk_of(office: Office, carriers: Mapping[str, Carrier] | None = None, public_url: str = "https://ip.example.cn") -> Desk:
    """Join the slips over `office`; letters go to a recorder unless other ways are given."""
    register, carrier, codes = Register(mediation=MEDIATION, notary=NOTARY), RecordingCarrier(), Codes(bytes(32))
    rules = Rules(office.site.office, "ZJ", public_url, office.site.hours, follow_up_days=7, remind_days=2)
    ways = {"email": carrier} if carriers is None else carriers
    letters = Letters(rules, codes)
    referrals = Referrals(
        office.database, office.journal, office.clock, codes, register, rules, ways,
        seal=office.sealer.seal, wake=office.woken.append,
    )  # fmt: skip
    deliveries = Deliveries(office.database, referrals, letters, register, ways, office.clock)
    return Desk(office, register, carrier, codes, rules, letters, referrals, deliveries)


def letter(what: str = "slip") -> Letter:
    """Return a letter that tells something."""
    document = b"PK\x03\x04" if what == "slip" else b""
    number = "ZJ-20261120-000001-01-2"
    return Letter(f"{number}/{what}/7", f"转介单 {number}", "请打开链接。\n", f"{number}.docx", document, {"what": what, "wish": "停止"})


@cache
def _certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
        .add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    written = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return built.public_bytes(serialization.Encoding.PEM), written


def certificate_in(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Write the certificate of a server on this machine; returns its file and the server's side of TLS."""
    certificate, key = folder / "server.pem", folder / "server.key"
    for path, content in zip((certificate, key), _certificate(), strict=True):
        path.write_bytes(content)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


@asynccontextmanager
async def erased(office: Office, number: str) -> AsyncIterator[None]:
    """Destroy the key of a consultation, as erasing does."""
    async with office.database.write() as connection:
        await office.journal.append(connection, number, [Event("erased", "admin", {"reason": "本人要求"})])
        await office.journal.keyring.destroy(connection, number)
    yield
