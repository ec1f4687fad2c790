"""Joins the referral room with the register of agencies, the settings and the desk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa

from zhixun.archive.journal import Journal
from zhixun.clock import Clock
from zhixun.database import Database, consultations
from zhixun.errors import CitizenError, StopNow
from zhixun.knowledge.agencies.model import KINDS
from zhixun.knowledge.agencies.model import Agency as Entered
from zhixun.knowledge.agencies.propose import gather, propose
from zhixun.knowledge.shelf import Present
from zhixun.knowledge.site import Site
from zhixun.masking import mask
from zhixun.messages import Entry
from zhixun.referral.book import Referrals
from zhixun.referral.deliver import Deliveries
from zhixun.referral.letters import Letters
from zhixun.referral.mail import Mail, SmtpSettings
from zhixun.referral.outbox import Delivery
from zhixun.referral.paper import document_of, page_of
from zhixun.referral.ports import Agency, Carrier, Codes, Rules
from zhixun.referral.slip import EMAIL, HAND, WEBHOOK, Draft, Slip
from zhixun.referral.standing import STAFF, STANDINGS, steps
from zhixun.referral.webhook import Webhook, WebhookSettings
from zhixun.referral.words import told_consent
from zhixun.settings import Settings, read_secret

__all__ = ["Register", "Sent", "carriers_of", "rules_of"]

_LONGEST_WORDS = 2000
_WAYS = {EMAIL: "电子邮件", WEBHOOK: "系统对接", HAND: "当面或邮寄"}
_LETTERS = {"waiting": "等待发送", "sending": "正在发送", "sent": "已发出", "failed": "没有送到", "dropped": "不再需要"}


@dataclass(frozen=True, slots=True)
class Register:
    """The register of agencies, as the referral room and the desk need it."""

    present: Present

    def find(self, agency: str) -> Agency | None:
        """Return an agency by its id."""
        found = self.present().agencies.get(agency)
        return None if found is None else _as_agency(found)

    def listed(self) -> Sequence[Mapping[str, Any]]:
        """Return all agencies for a page, in the order of the register."""
        return [_shown(one) for one in self.present().agencies.values()]

    def proposed(self, entries: Sequence[Entry], region: str) -> Sequence[Mapping[str, Any]]:
        """Return the agencies that fit a consultation, the best first, each with the reason and what is to be checked first."""
        names: list[str] = []
        said: list[str] = []
        for entry in entries:
            names += entry.open.get("knowledge", ()) if entry.kind == "said" else ()
            names += [f"service:{entry.open['service']}"] if entry.kind == "requested" else ()
            names += [f"guide:{entry.open['guide']}", f"{entry.open['guide']}/{entry.open['leaf']}"] if entry.kind == "guided" else ()
            said += [str(entry.private["text"])] if entry.kind == "said" and entry.actor == "citizen" and entry.private else []
        knowledge = self.present()
        facts = gather(knowledge, dict.fromkeys(names), region=region, words="\n".join(said)[-_LONGEST_WORDS:])
        return [
            {**_shown(one.agency), "reason": one.reason, "before": one.before} for one in propose(knowledge.agencies, facts)
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """The desk's `Slips`."""

    referrals: Referrals
    deliveries: Deliveries
    letters: Letters
    codes: Codes
    register: Register
    journal: Journal
    database: Database
    office: str

    async def running(self) -> Sequence[Mapping[str, Any]]:
        """Return the slips that are still running, overdue ones first."""
        return [self._slip(slip) for slip in await self.referrals.open()]

    async def of(self, consultation: str) -> Sequence[Mapping[str, Any]]:
        """Return the slips of a consultation."""
        return [self._slip(slip) for slip in await self.referrals.of(consultation)]

    async def failed(self) -> Sequence[Mapping[str, Any]]:
        """Return the letters that did not arrive and are not tried again."""
        return [_letter(one) for one in await self.deliveries.failed()]

    async def one(self, number: str) -> Mapping[str, Any]:
        """Return a slip with its letters and where it may go next.

        Raises:
            CitizenError: (404) there is none.
        """
        slip = await self._find(number)
        letters = [_letter(one) for one in await self.deliveries.of(number)]
        link = self.letters.link(number) if slip.running else ""
        return {**self._slip(slip), "letters": letters, "next": [(one, STANDINGS[one]) for one in steps(slip.standing, STAFF)],
                "link": slip.running, "code": self.codes.code_of(number) if slip.running else "", "address": link}  # fmt: skip

    async def draft(self, consultation: str, agency: str) -> Mapping[str, Any]:
        """Return what a new slip may begin with.

        Raises:
            CitizenError: (404) there is no such consultation; the register has no such agency.
        """
        entries, region = await self._read(consultation)
        chosen = next((one for one in self.register.listed() if one["id"] == agency), None)
        found = self.register.find(agency)
        if agency and (chosen is None or found is None):
            raise CitizenError("机构名录里没有这个机构，请重新选择。", code="no_agency", field="agency")
        told = {"agency": chosen, "proposed": self.register.proposed(entries, region),
                "all": [(one["id"], f"{one['kind']}：{one['name']}") for one in self.register.listed()]}  # fmt: skip
        if found is None:
            return told
        phone = _phone_of(entries)
        # Of one that nobody has confirmed staff find out, and tell, who exactly it is.
        exact = found if found.confirmed else replace(found, name="（接收机构的准确名称）", contact="（它的联系方式）")
        notice = told_consent(exact, self.office, contact=bool(phone))
        topics = self.register.present().topics
        given = [name for one in entries if one.kind == "said" and one.actor == "bot" for name in one.open.get("knowledge", ())]
        asked = [topics[name].title for name in dict.fromkeys(reversed(given)) if name in topics][:2]
        facts = [f"咨询事项：{'、'.join(asked[::-1])}"] if asked else []
        facts += [f"{name}：{value}" for one in entries if one.kind == "guided" and one.private for name, value in one.private["facts"]]
        said = [str(one.private["text"]) for one in entries if one.kind == "said" and one.actor == "citizen" and one.private]
        return {**told, "ways": [(way, _WAYS[way]) for way in self.referrals.ways(found)], "notice": notice, "phone": phone,
                "phone_shown": mask(phone), "facts": "\n".join(dict.fromkeys(facts)),
                "wish": max(said[-5:], key=len, default="")[:500]}  # fmt: skip

    async def issue(self, consultation: str, given: Mapping[str, str], by: str) -> str:
        """Issue a slip from a form's fields and return its number.

        Raises:
            CitizenError: as `Referrals.issue`.
        """
        entries, _ = await self._read(consultation)
        contact = given.get("with_contact") == "yes"
        days = given.get("due_days", "")
        draft = Draft(
            agency=given.get("agency", ""), facts=tuple(_pair(line) for line in given.get("facts", "").splitlines() if line.strip()),
            evidence=tuple(given.get("evidence", "").splitlines()), wish=given.get("wish", ""), consent=given.get("consent") == "yes",
            how=given.get("how", ""), contact=_phone_of(entries) if contact else "", contact_consent=contact,
            agency_name=given.get("agency_name", ""), agency_contact=given.get("agency_contact", ""), way=given.get("way", HAND),
            due_days=int(days) if days.isdecimal() and len(days) < 4 else 0,
        )  # fmt: skip
        return (await self.referrals.issue(consultation, draft, by)).number

    async def move(self, number: str, standing: str, by: str, said: str) -> None:
        """Carry a slip on."""
        await self.referrals.move(number, standing, by, said)

    async def send_again(self, number: str) -> None:
        """Have a slip sent once more."""
        await self.referrals.send_again(number)

    async def paper(self, number: str) -> str:
        """Return a slip as a page for printing."""
        return page_of(self.letters.sheet(await self._find(number)))

    async def docx(self, number: str) -> bytes:
        """Return a slip as a document."""
        return document_of(self.letters.sheet(await self._find(number)))

    async def _find(self, number: str) -> Slip:
        slip = await self.referrals.look_up(number)
        if slip is None:
            raise CitizenError(f"没有转介单 {number}。", code="no_slip", status=404)
        return slip

    async def _read(self, consultation: str) -> tuple[list[Entry], str]:
        query = sa.select(consultations.c.region).where(consultations.c.number == consultation, consultations.c.channel != "desk")
        async with self.database.read() as connection:
            region = await connection.scalar(query)
            if region is None:
                raise CitizenError(f"没有咨询件 {consultation}。", code="no_consultation", status=404)
            return await self.journal.read(connection, consultation), str(region)

    def _slip(self, slip: Slip) -> dict[str, Any]:
        """Return a slip as the desk's pages show it; a list of running ones has no contents, so the name is the register's."""
        known = self.register.find(slip.agency)
        name = slip.agency_name or (known.name if known else slip.agency)
        level = "over" if slip.overdue else "fine" if slip.running else "soft"
        return {**asdict(slip), "agency_name": name, "running": slip.running, "words_of": STANDINGS[slip.standing],
                "way_words": _WAYS[slip.way], "owner": slip.owner.removeprefix("staff:"), "level": level}  # fmt: skip


def _letter(one: Delivery) -> dict[str, Any]:
    return {**asdict(one), "way_words": _WAYS[one.way], "standing_words": _LETTERS.get(one.standing, one.standing)}


def _pair(line: str) -> tuple[str, str]:
    name, mark, value = line.replace(":", "：", 1).partition("：")
    return (name, value) if mark else ("情况", line)


def _phone_of(entries: Sequence[Entry]) -> str:
    left = [entry.private for entry in entries if entry.kind == "contact_left" and entry.private]
    return str(left[-1]["phone"]) if left else ""


def carriers_of(settings: Settings, clock: Clock) -> Mapping[str, Carrier]:
    """Return the ways by which letters can go out, as far as they are set up.

    Raises:
        StopNow: the settings would send in the clear, or a file cannot be read.
    """
    found: dict[str, Carrier] = {}
    if settings.smtp_host:
        password = read_secret("SMTP_PASSWORD_FILE", settings.smtp_password_file) if settings.smtp_password_file else ""
        found[EMAIL] = Mail(SmtpSettings(
            settings.smtp_host, settings.smtp_port, settings.smtp_from, settings.smtp_user, password, settings.smtp_tls,
            settings.ca_file,
        ), clock)  # fmt: skip
    if settings.webhook_secrets_file:
        text = read_secret("WEBHOOK_SECRETS_FILE", settings.webhook_secrets_file)
        try:
            secrets = {str(name): str(value).encode() for name, value in json.loads(text).items()}
        except (ValueError, AttributeError) as error:
            raise StopNow("ZHIXUN_WEBHOOK_SECRETS_FILE 应是 {\"机构编号\": \"密钥\"} 这样的 JSON。") from error
        found[WEBHOOK] = Webhook(WebhookSettings(secrets, settings.webhook_private_hosts, settings.ca_file), clock)
    return found


def rules_of(settings: Settings, site: Site) -> Rules:
    """Return what the office has set for slips."""
    told = site.referral
    return Rules(site.office, told.prefix, settings.public_url, site.hours, told.follow_up_days, told.remind_days)


def _as_agency(found: Entered) -> Agency:
    contact = found.contact
    return Agency(
        found.id, found.name, found.kind, found.region, "，".join(contact.told), found.verified, contact.email, contact.webhook
    )


def _shown(found: Entered) -> dict[str, Any]:
    return {"id": found.id, "name": found.name, "kind": KINDS[found.kind], "region": found.region, "competence": found.competence,
            "status": found.status, "verified": found.verified, "checked": found.checked.isoformat() if found.checked else "",
            "contact": "，".join(found.contact.told), "preconditions": found.preconditions}  # fmt: skip
