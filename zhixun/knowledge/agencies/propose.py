"""Finds the agencies that are right for a matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zhixun.knowledge.agencies.model import Agency, Facts, Fit
from zhixun.knowledge.guides.model import SERVICE
from zhixun.knowledge.model import Knowledge

__all__ = ["MOST", "Proposal", "gather", "propose"]

MOST = 6
_NO_RIGHT = "综合"


@dataclass(frozen=True, slots=True)
class Proposal:
    """An agency that is right for a matter.

    Attributes:
        reason: why, in Chinese. before: what must be checked before it is referred there.
        shown: the facts and words that speak for it.
    """

    agency: Agency
    reason: str
    before: tuple[str, ...]
    shown: frozenset[str]


def propose(agencies: Mapping[str, Agency], facts: Facts) -> list[Proposal]:
    """Return the agencies that are right for a matter, best first; the same facts always give the same list.

    A second agency of one kind is only proposed when it is right for something that the first one is not. When nothing
    fits, the rules marked `otherwise` name whom to ask.
    """
    found = [
        (agency, fit, shown)
        for agency in agencies.values()
        if agency.serves(facts.region)
        for fit in agency.fits
        if (shown := fit.shown(facts)) is not None
    ]
    chosen: dict[str, Proposal] = {}
    covered: dict[str, frozenset[str]] = {}
    usual = [one for one in found if not one[1].otherwise]
    for agency, fit, shown in sorted(usual or found, key=lambda one: _order(one[0], one[1])):
        known = covered.get(agency.kind)
        if agency.id not in chosen and (known is None or not shown <= known):
            before = tuple(dict.fromkeys((*fit.before, *agency.preconditions)))
            chosen[agency.id] = Proposal(agency, fit.why, before, shown)
        if agency.id in chosen:
            covered[agency.kind] = (known or frozenset()) | shown
    return list(chosen.values())[:MOST]


def _order(agency: Agency, fit: Fit) -> tuple[int, int, bool, int]:
    """Put first where the matter belongs, then the rule that knows it better, then the agency that is nearer."""
    return fit.rank, -fit.width, not agency.regions, len(agency.regions)


def gather(
    knowledge: Knowledge, names: Iterable[str], *, region: str, rights: Iterable[str] = (), disputes: Iterable[str] = (), words: str = ""
) -> Facts:
    """Return the facts of a consultation.

    Args:
        names: what was given in it: ids of questions, of guides and services with their prefix, and of leaves of
            guides (`dispute-route/sue-patent`). Names that the knowledge has no longer are passed over.
        region: where the citizen is. rights, disputes: what is known besides, e.g. from a form.
        words: what the citizen said. They tell the kind of dispute only when no question does: somebody who is accused
            speaks of copying, too.
    """
    given = list(names)
    topics = {knowledge.topics[name].topic for name in given if name in knowledge.topics}
    # A guide is about many rights; only a question tells which one the citizen has in mind.
    asked = {right for name in given if name in knowledge.questions for right in knowledge.questions[name].ip}
    sayings = {} if topics else knowledge.glossary.more.get("disputes", {})
    said = {kind for kind, ways in sayings.items() if any(way in words for way in ways)}
    return Facts(
        region=region,
        rights=frozenset(asked | set(rights)) - {_NO_RIGHT},
        disputes=frozenset(disputes) | said,
        topics=frozenset(topics),
        services=frozenset(name.removeprefix(SERVICE) for name in given if name in knowledge.services),
        questions=frozenset(name for name in given if name in knowledge.questions),
        leaves=frozenset(name for name in given if "/" in name),
        words=words,
    )
