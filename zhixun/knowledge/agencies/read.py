"""Reads the register of agencies from its YAML form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from zhixun.knowledge.agencies.model import Agency, Contact, Fit
from zhixun.knowledge.guides.read import read_basis
from zhixun.knowledge.model import NATIONWIDE, Glossary

__all__ = ["read_agencies"]

_NAMES = ("rights", "disputes", "topics", "stages", "services", "questions", "leaves")


def read_agencies(raw: Mapping[str, Any], glossary: Glossary) -> dict[str, Agency]:
    """Return the agencies of a register that has passed its schema, by id, in the order of the file.

    Args:
        glossary: what lies within what: a rule for 专利 is one for 发明, an agency for 青海省 is one for 西宁市.
    """
    return {name: _agency(name, one, raw["disputes"], glossary) for name, one in raw["agencies"].items()}


def _agency(name: str, raw: Mapping[str, Any], disputes: Mapping[str, list[str]], glossary: Glossary) -> Agency:
    region = raw["region"]
    return Agency(
        id=name,
        kind=raw["kind"],
        name=raw["name"],
        region=region,
        regions=frozenset() if region == NATIONWIDE else frozenset(_within([region], glossary.wider)),
        competence=raw["competence"].strip(),
        fits=tuple(_fit(fit, disputes, glossary) for fit in raw["for"]),
        preconditions=tuple(raw.get("preconditions", ())),
        how=raw["how"].strip(),
        basis=read_basis(raw.get("basis", ())),
        status=raw["status"],
        contact=Contact(**{key: str(value) for key, value in raw.get("contact", {}).items()}),
        checked=raw.get("checked"),
    )


def _fit(raw: Mapping[str, Any], disputes: Mapping[str, list[str]], glossary: Glossary) -> Fit:
    wanted = {name: frozenset(raw[name]) for name in _NAMES if name in raw}
    if "rights" in wanted:
        wanted["rights"] = frozenset(_within(wanted["rights"], glossary.wider))
    if "disputes" in wanted:
        wanted["disputes"] |= {topic for name in wanted["disputes"] for topic in disputes[name]}
    return Fit(raw["why"], raw["rank"], wanted, tuple(raw.get("words", ())), tuple(raw.get("before", ())), raw.get("otherwise", False))


def _within(terms: Iterable[str], wider: Mapping[str, str]) -> Iterator[str]:
    """Yield the terms and everything that is narrower."""
    for term in terms:
        yield term
        yield from _within([narrow for narrow, wide in wider.items() if wide == term], wider)
