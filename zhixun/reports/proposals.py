"""What the figures suggest: trainings, talks, visits, help by outside bodies and corrections, each with what justifies it.

Clause 5.1.6 4) of the Xining specification: 定期分析咨询问题情况，针对具体情况安排培训、座谈、实地走访等活动，必要时联系专业服务机构.
They are proposals; people decide. The rules are the table `_RULES`; every threshold stands there with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from zhixun.messages import ENDED
from zhixun.names import INDICATORS
from zhixun.reports.changes import changes
from zhixun.reports.figures import Figures
from zhixun.reports.ports import Terms
from zhixun.reports.words import Cluster

__all__ = ["Proposal", "proposals"]

_TRAINING = 10
"""A course is worth while for about so many; as many asked."""
_TALK = 10
_TALK_SHARE = 0.15
"""An industry that is more than about one in seven of those whose industry is known stands out of twenty sections."""
_VISIT, _VISIT_TIMES = 10, 1.5
"""Where half as many more than elsewhere could not be helped by words alone, going there may."""
_AGENCY = 10
"""So many requests for one service that still run are more than a small team carries by itself in a span."""
_GAP = 3
"""What three people asked in vain is no chance."""
_LATE, _LATE_SHARE = 5, 0.2
_RATED, _POOR = 10, 3.5
"""Below that, more give three of five or less than give four or five; fewer than ten scores are anecdotes."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal: what kind of action, what about, the figures behind it, and the clause it follows."""

    kind: str
    what: str
    why: str
    clause: str


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the rules look at."""

    now: Figures
    before: Figures
    terms: Terms
    clusters: tuple[Cluster, ...]


def proposals(now: Figures, before: Figures, terms: Terms, clusters: Iterable[Cluster]) -> list[Proposal]:
    """Return what the figures of a span suggest, in the order of the rules."""
    ground = _Ground(now, before, terms, tuple(clusters))
    return [proposal for rule in _RULES for proposal in rule(ground)]


def _training(ground: _Ground) -> Iterator[Proposal]:
    now, before = ground.now, ground.before
    for one in changes(now.topics, now.total, before.topics, before.total, _TRAINING):
        if one.z > 0 and one.now >= _TRAINING:
            yield Proposal("培训", f"“{one.name}”专题培训", f"本期 {one.now} 件咨询问到，上期 {one.before} 件，升幅不是偶然（z={one.z:g}）",
                           "5.1.6 4)、5.1.10 2)")  # fmt: skip


def _talks(ground: _Ground) -> Iterator[Proposal]:
    known = sum(count for name, count in ground.now.industries.items() if name)
    for name, count in ground.now.industries.items():
        if name and count >= _TALK and count / known >= _TALK_SHARE:
            yield Proposal("座谈", f"与“{name}”的企业座谈", f"记录了行业的 {known} 件里有 {count} 件，占 {count / known:.0%}", "5.1.6 4)")


def _visits(ground: _Ground) -> Iterator[Proposal]:
    now = ground.now
    share = now.handed / now.total if now.total else 0
    for name, count in now.districts.items():
        handed = now.handed_by_district.get(name, 0)
        if name and count >= _VISIT and share and handed / count >= share * _VISIT_TIMES:
            yield Proposal("走访", f"走访{name}", f"{name} {count} 件里 {handed} 件要转人工（{handed / count:.0%}），全部咨询是 {share:.0%}",
                           "5.1.6 4)、5.2.3 2)")  # fmt: skip


def _agencies(ground: _Ground) -> Iterator[Proposal]:
    for service, standings in ground.now.requests.items():
        running = sum(count for standing, count in standings.items() if standing not in ENDED)
        if running >= _AGENCY:
            title = ground.terms.service(service)
            yield Proposal("联系专业机构", f"为“{title}”联系专业服务机构", f"本期收到 {sum(standings.values())} 件申请，{running} 件还没办完",
                           "5.1.6 4)")  # fmt: skip


def _gaps(ground: _Ground) -> Iterator[Proposal]:
    for one in ground.clusters:
        if one.count >= _GAP:
            yield Proposal("补充知识", f"补写答复：{one.text}", f"{one.count} 件咨询问到，没有经审核的答复", "6.3 4)")


def _late(ground: _Ground) -> Iterator[Proposal]:
    for kind, kept in ground.now.tasks.items():
        if kept.late >= _LATE and kept.late / kept.made >= _LATE_SHARE:
            title = ground.terms.task_kinds.get(kind, kind)
            yield Proposal("改进", f"“{title}”不按时，查明原因", f"本期 {kept.made} 项，{kept.late} 项超期", "7.2")


def _poor(ground: _Ground) -> Iterator[Proposal]:
    sides = {"bot": "智能助手", "staff": "工作人员", "": "（未注明对象）"}
    for one in ground.now.ratings:
        if one.count >= _RATED and one.mean is not None and one.mean < _POOR:
            yield Proposal("改进", f"{sides[one.subject]}的“{INDICATORS[one.indicator]}”，制定纠正措施和实施计划",
                           f"{one.count} 个评分，平均 {one.mean:g} 分，{one.low} 个是 1–2 分", "7.2")  # fmt: skip


_RULES: tuple[Callable[[_Ground], Iterator[Proposal]], ...] = (_training, _talks, _visits, _agencies, _gaps, _late, _poor)
