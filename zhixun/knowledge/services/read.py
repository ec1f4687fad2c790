"""Reads services from their YAML form and makes the walk of each one's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from zhixun.knowledge.guides.model import SERVICE, Choice, Guide, Step, Way
from zhixun.knowledge.guides.read import read_basis, read_step
from zhixun.knowledge.services.model import CONSENT, REFUSED, REVIEW, SENT, FollowUp, Service

__all__ = ["ServiceError", "read_service"]

FIRST = "who"
CONTACT = (CONSENT, "name", "unit", "code", "district", "phone")
_SEND = Choice(
    "send", "提交",
    ("确认提交", "提交申请", "确认", "没问题", "可以提交", "都对", "对", "对的", "是", "是的", "好的", "好", "行", "正确", "无误"),
    (Way(SENT),),
)  # fmt: skip
_REVIEW = Step(
    REVIEW, "请核对，没有问题就提交：", "核对", choices=(_SEND,), help="看看上面写的对不对。要改哪一项，直接说，例如“改联系电话”。",
    exact=True,
)


class ServiceError(Exception):
    """A service names a field that there is not, or puts a condition on one that is not asked before."""


def read_service(raw: Mapping[str, Any], path: Path, shared: Mapping[str, Any]) -> Service:
    """Return the service of one file that has passed its schema; its id is the file's name.

    Args:
        shared: the fields of `fields.yml`.

    Raises:
        ServiceError: its fields do not fit together.
    """
    form = Guide(
        id=path.stem, title=raw["apply"], purpose=raw["about"].strip(), ip=tuple(raw["ip"]), topic=raw["topic"],
        wordings=tuple(str(words) for words in raw["wordings"]), start=FIRST, steps=_steps(dict(_fields(raw["fields"], shared))),
        leaves={}, covers=tuple(raw.get("covers", ())), file=path.name, kind=SERVICE,
    )  # fmt: skip
    return Service(
        id=path.stem,
        title=raw["title"],
        group=raw["group"],
        order=raw["order"],
        force=raw["force"],
        who=raw["who"],
        free=raw["free"],
        about=raw["about"].strip(),
        written=raw.get("written", True),
        basis=read_basis(raw["basis"]),
        target=raw["target"],
        due_hours=raw.get("due_hours", 0),
        follow_up=FollowUp(raw["follow_up"]["days"], raw["follow_up"]["ask"]),
        form=form,
        file=path.name,
    )


def _fields(own: Sequence[str | Mapping[str, Any]], shared: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield all fields of a form in order: who asks, what the service wants to know, and whom to answer."""
    for field in (FIRST, *own, *CONTACT):
        if not isinstance(field, str):
            yield from field.items()
        elif field in shared:
            yield field, shared[field]
        else:
            raise ServiceError(f"fields.yml 里没有字段 {field}")


def _steps(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Step]:
    """Chain the fields: each leads to the next one whose condition holds."""
    names = list(fields)
    steps: dict[str, Step] = {}
    for place, (name, raw) in enumerate(fields.items()):
        unknown = [asked for asked in raw.get("when", {}) if asked not in names[:place]]
        if unknown:
            raise ServiceError(f"字段 {name} 的条件 {unknown[0]} 在它之前没有问")
        ways = tuple(_ways_on(fields, names[place + 1 :]))
        steps[name] = replace(read_step(name, {key: value for key, value in raw.items() if key != "when"}), ways=ways)
    refused = (Way(REFUSED),)
    consent = steps[CONSENT]
    choices = tuple(replace(choice, ways=refused) if choice.id == "no" else choice for choice in consent.choices)
    return {**steps, CONSENT: replace(consent, choices=choices, exact=True), REVIEW: _REVIEW}


def _ways_on(fields: Mapping[str, Mapping[str, Any]], rest: Sequence[str]) -> Iterator[Way]:
    for name in rest:
        when = {asked: tuple(values) for asked, values in fields[name].get("when", {}).items()}
        yield Way(name, when)
        if not when:
            return
    yield Way(REVIEW)
