"""The records of the register of agencies. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from zhixun.knowledge.model import NATIONWIDE, Basis

__all__ = ["DISPUTES", "KINDS", "UNVERIFIED", "VERIFIED", "Agency", "Contact", "Facts", "Fit"]

KINDS: Mapping[str, str] = {
    "court": "人民法院", "arbitration": "仲裁机构", "mediation": "调解组织", "notary": "公证机构", "lawyers": "律师、代理机构",
    "patent_office": "专利代办处", "ip_office": "知识产权局", "market_supervision": "市场监督管理部门", "copyright_bureau": "版权部门",
    "customs": "海关", "police": "公安机关", "agriculture_forestry": "农业农村、林业草原部门", "banks": "银行等金融机构",
    "valuers": "评估、鉴定机构", "tisc": "技术与创新支持中心（TISC）", "outlet": "公共服务网点", "hotline": "热线",
}  # fmt: skip
DISPUTES = ("侵权纠纷", "被控侵权", "合同纠纷", "权属纠纷")
VERIFIED, UNVERIFIED = "已核实", "待核实"
"""Whether somebody has confirmed that this is the body, and how one gets there. A page shows the word as it is."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How an agency is reached. What nobody has confirmed stays empty."""

    phone: str = ""
    address: str = ""
    email: str = ""
    site: str = ""
    webhook: str = ""

    @property
    def told(self) -> tuple[str, ...]:
        """What a citizen may be told; the webhook is for machines alone."""
        return tuple(value for value in (self.phone, self.address, self.email, self.site) if value)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a matter when an agency is looked for.

    Attributes:
        region: where the citizen is, of glossary.yml `places`.
        rights: of glossary.yml; disputes: of `DISPUTES`; stages: of glossary.yml.
        topics: of the questions and guides that were given. services: ids of the catalogue. questions: ids.
        leaves: where guides ended, as `dispute-route/sue-patent`.
        words: what was said; looked through for the words that a rule names.
    """

    region: str = NATIONWIDE
    rights: frozenset[str] = frozenset()
    disputes: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    questions: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    words: str = ""

    def about(self, name: str) -> frozenset[str]:
        """Return the facts of one name, as a rule calls them; a dispute also shows by its topics."""
        return {
            "rights": self.rights, "disputes": self.disputes | self.topics, "topics": self.topics, "stages": self.stages,
            "services": self.services, "questions": self.questions, "leaves": self.leaves,
        }[name]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fit:
    """One rule of what an agency is right for.

    Attributes:
        why: the reason that is told. rank: 1 where the matter belongs, higher for what helps besides.
        wanted: name of facts to the values of which one must be known; all names must be met.
        words: of which one must have been said; empty: none is needed.
        before: what has to be checked first in this case.
        otherwise: whether the rule only counts when no other rule of any agency fits.
    """

    why: str
    rank: int
    wanted: Mapping[str, frozenset[str]]
    words: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    otherwise: bool = False

    @property
    def width(self) -> int:
        """How many conditions it has: a rule with more of them knows the matter better."""
        return len(self.wanted) + bool(self.words)

    def shown(self, facts: Facts) -> frozenset[str] | None:
        """Return the facts and words that make the rule fit; None when it does not."""
        met = [wanted & facts.about(name) for name, wanted in self.wanted.items()]
        if self.words:
            met.append(frozenset(word for word in self.words if word in facts.words))
        return frozenset().union(*met) if all(met) else None


@dataclass(frozen=True, slots=True)
class Agency:
    """A body outside the office that a matter can be referred to.

    Attributes:
        kind: of `KINDS`. name: the body's own, or what the law calls it where the very body is not confirmed.
        region: where it is right for people; regions: the same with what lies in it, empty when it is right everywhere.
        competence: what it does, in plain words. how: how one gets there and what to take.
        fits: what it is right for. preconditions: what must be checked in every case.
        status: `VERIFIED` or `UNVERIFIED`. checked: the day somebody last compared the entry with its sources.
    """

    id: str
    kind: str
    name: str
    region: str
    regions: frozenset[str]
    competence: str
    fits: tuple[Fit, ...]
    preconditions: tuple[str, ...]
    how: str
    basis: tuple[Basis, ...]
    status: str
    contact: Contact = Contact()
    checked: date | None = None

    @property
    def kind_title(self) -> str:
        """What its kind is called."""
        return KINDS[self.kind]

    @property
    def verified(self) -> bool:
        """Whether a page may tell its contact without a caution."""
        return self.status == VERIFIED

    def serves(self, region: str) -> bool:
        """Tell whether it is right for people of `region`."""
        return not self.regions or region in self.regions
