"""The record of a service. Its form is a guide: the same walk asks for the fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.model import Basis

__all__ = ["BASIC", "CONSENT", "GROUPS", "REFUSED", "REVIEW", "SENT", "SPECIAL", "FollowUp", "Service"]

BASIC, SPECIAL = "basic", "special"
GROUPS: Mapping[str, str] = {BASIC: "基础服务", SPECIAL: "特色服务"}
CONSENT, REVIEW = "consent", "review"
"""Steps that every form has: agreeing before personal data are asked for, and looking over before it is sent."""
SENT, REFUSED = "sent", "refused"
"""How a form ends."""


@dataclass(frozen=True, slots=True)
class FollowUp:
    """How the office asks again: so many days after a request is done, and what."""

    days: int
    ask: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the catalogue.

    Attributes:
        title: as the specification names it; what a citizen presses to apply is the title of the form.
        group: `basic` or `special`; `order`: its place there.
        force: 应 or 宜: whether the office must offer it or is advised to; 清单 when it is only named.
        who: whom it is for. free: what the documents say of its price.
        about: what the office does, in plain words.
        written: whether the specification says how it is carried out.
        target: the group of staff that the request goes to.
        due_hours: working hours until somebody answers; 0: the site's own rule.
        form: the fields, as a walk that ends in `sent` or `refused`.
    """

    id: str
    title: str
    group: str
    order: int
    force: str
    who: str
    free: str
    about: str
    written: bool
    basis: tuple[Basis, ...]
    target: str
    due_hours: int
    follow_up: FollowUp
    form: Guide
    file: str = ""

    @property
    def name(self) -> str:
        """The id as it stands beside ids of questions and guides."""
        return self.form.name

    @property
    def covers(self) -> tuple[str, ...]:
        """The rows of the documents that it serves."""
        return self.form.covers
