"""What the requests need of the catalogue: terms, titles, and the reading of a form that was filled in on a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from zhixun.errors import OurFault
from zhixun.knowledge.guides.fields import FieldError, read_value
from zhixun.knowledge.guides.model import CHOICE, SERVICE, Step
from zhixun.knowledge.guides.walk import summary
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.services.model import CONSENT, REVIEW, Service
from zhixun.knowledge.site import Site
from zhixun.messages import HIDDEN_PHONE, Terms

__all__ = ["Intake", "read_form"]

HONOUR, NO_HONOUR = "honour", "none"
"""The six kinds of enterprises of the Xining specification, 5.2.3, that go first."""
AGREED = "yes"
WHO = "who"
MISSING = "请填写这一项。"


class Intake:
    """Tells what holds for requests.

    Args:
        knowledge: with the catalogue. site: hours, and how soon somebody answers.
    """

    def __init__(self, knowledge: Knowledge, site: Site) -> None:
        self._services = knowledge.services
        self._site = site

    @property
    def confirmed(self) -> bool:
        """Whether the office stands by the times that are told."""
        return self._site.requests.confirmed and self._site.hours.confirmed

    def title(self, service: str) -> str:
        """Return what a service is called; its id when the catalogue has it no longer."""
        found = self._services.get(SERVICE + service)
        return found.title if found is not None else service

    def terms(self, service: str, values: Mapping[str, str], moment: datetime) -> Terms:
        """Return what holds for a request with these values, made at the local time `moment`.

        Raises:
            OurFault: there is no such service.
        """
        found = self._services.get(SERVICE + service)
        if found is None:
            raise OurFault(f"没有服务 {service}。")
        due = self._site.hours.after(moment, found.due_hours or self._site.requests.due_hours)
        facts = tuple(fact for fact in summary(found.form, values) if fact[0] != found.form.steps[REVIEW].about)
        return Terms(found.title, found.target, due, self.confirmed, facts, _priority(found, values), self._described(found, values))

    def _described(self, service: Service, values: Mapping[str, str]) -> dict[str, str]:
        """Return what the fields of a form tell of who asks; what was not asked is left out."""
        kind = self._site.described.kind_of(values.get(WHO, ""))
        told = {"user_kind": kind, **{name: _title(service, name, values.get(name, "")) for name in ("industry", "district")}}
        return {name: value for name, value in told.items() if value}

    def follow_up(self, service: str) -> tuple[int, str]:
        """Return after how many days the office asks again, and what; 0 when the catalogue has the service no longer."""
        found = self._services.get(SERVICE + service)
        return (found.follow_up.days, found.follow_up.ask) if found is not None else (0, "")


def read_form(service: Service, given: Mapping[str, str], today: date) -> tuple[dict[str, str], dict[str, str]]:
    """Read a form that was filled in on a page.

    Args:
        given: field to what was written or chosen there; fields that do not apply are passed over.

    Returns:
        The canonical values, ready to be sent, and what is wrong by field. Only without errors may it be sent.
    """
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    at = service.form.start
    while at != REVIEW:
        step = service.form.steps[at]
        try:
            values[at] = _read(step, given.get(at, "").strip(), today)
        except FieldError as error:
            errors[at] = str(error)
        # A field that is wrong decides nothing: what hangs on it is asked when it is right.
        ways = [way for way in step.ways if way.open_for(values)]
        at = ways[0].go
    return {**values, REVIEW: service.form.steps[REVIEW].choices[0].id}, errors


def _read(step: Step, given: str, today: date) -> str:
    if not given and step.optional:
        return ""
    if step.id == CONSENT and given != AGREED:
        raise FieldError("不同意登记就不能提交；可以改为直接提问或拨打12345。")
    if not given or (step.kind == CHOICE and step.choice(given) is None):
        raise FieldError(MISSING)
    if HIDDEN_PHONE in given:
        raise FieldError("请填写真实的号码。")
    return given if step.kind == CHOICE else read_value(step.kind, given, today, step.least, step.most)


def _priority(service: Service, values: Mapping[str, str]) -> str:
    value = values.get(HONOUR, NO_HONOUR)
    return _title(service, HONOUR, value) if value != NO_HONOUR else ""


def _title(service: Service, field: str, value: str) -> str:
    """Return what a choice of a field is called; empty when there is none."""
    choice = service.form.steps[field].choice(value) if field in service.form.steps else None
    return choice.title if choice is not None else ""
