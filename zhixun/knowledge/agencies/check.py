"""The lint of the register of agencies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from zhixun.knowledge.agencies.model import DISPUTES, KINDS, Agency, Fit
from zhixun.knowledge.figures import FIGURE
from zhixun.knowledge.guides.check import source_flaws
from zhixun.knowledge.guides.model import GUIDE, SERVICE, Leaf
from zhixun.knowledge.model import NATIONWIDE, Knowledge

__all__ = ["agency_flaws", "register_flaws"]

FILE = "agencies.yml"
_NUMBER = re.compile(r"(?<!\d)(?:0\d{2,3}-?\d{7,8}|1[3-9]\d{9}|[48]00-?\d{3}-?\d{4})(?!\d)|[\w.]+@[\w.]+")
_CALLED: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(words)
    for kind, words in {
        "court": "法院", "arbitration": "仲裁机构", "mediation": "人民调解|商事调解", "notary": "公证", "lawyers": "律师|法律援助|代理师",
        "patent_office": "代办处", "ip_office": "(?<!（)知识产权(?:局|、)|管理专利工作|商标局", "market_supervision": "市场监督管理",
        "copyright_bureau": "著作权.{0,4}主管|版权局|文化市场", "customs": "海关", "police": "公安",
        "agriculture_forestry": "农业农村|林业草原", "banks": "银行", "valuers": "评估机构|鉴定机构", "tisc": "TISC",
        "outlet": "维权援助工作站|公共服务机构",
    }.items()
}  # fmt: skip
"""How the guides call the kinds. Hotlines are left out: they stand for the body whose telephone they are."""


def agency_flaws(agency: Agency, knowledge: Knowledge) -> Iterator[str]:
    """Yield the flaws of one agency, in Chinese."""
    if agency.region not in knowledge.glossary.places:
        yield f"地区“{agency.region}”不在 glossary.yml 的 places 里"
    yield from _contact_flaws(agency)
    if not agency.basis:
        yield "没有依据（basis）"
    yield from source_flaws(agency.basis, knowledge)
    yield from _succession_flaws(agency, knowledge)
    told = " ".join(basis.gist for basis in agency.basis)
    reasons = (part for fit in agency.fits for part in (fit.why, *fit.before))
    words = " ".join([agency.competence, agency.how, *agency.preconditions, *reasons])
    yield from (f"数字“{figure}”不在依据的 gist 里" for figure in dict.fromkeys(FIGURE.findall(words)) if figure not in told)
    yield from (f"“{number}”要写在 contact 里，不写进说明" for number in _NUMBER.findall(words))
    for number, fit in enumerate(agency.fits, 1):
        yield from (f"for 第 {number} 条：{flaw}" for flaw in _fit_flaws(fit, knowledge))


def _contact_flaws(agency: Agency) -> Iterator[str]:
    """Nobody may be sent to an address, or told a number, that is not confirmed by somebody and told by a source."""
    told = " ".join(basis.gist for basis in agency.basis)
    if agency.verified and agency.checked is None:
        yield "已核实的要写明核对日期（checked）"
    if not agency.verified and (agency.contact.told or agency.contact.webhook):
        yield "待核实的不能有联系方式"
    yield from (f"联系方式“{value}”不在依据的 gist 里" for value in agency.contact.told if value not in told)


def _succession_flaws(agency: Agency, knowledge: Knowledge) -> Iterator[str]:
    """An agency has no window of its own: with a law that ends, the one that follows must be named as well."""
    cited = {basis.source for basis in agency.basis}
    for source in (knowledge.sources[name] for name in sorted(cited & knowledge.sources.keys())):
        if source.until and not source.replaced_by and agency.verified:
            yield f"来源 {source.id} 到 {source.until} 为止，不能证明现在的情况，应为待核实"
        if source.replaced_by and source.replaced_by not in cited:
            yield f"来源 {source.id} 到 {source.until} 为止，依据里还要有接替的 {source.replaced_by}"


def _fit_flaws(fit: Fit, knowledge: Knowledge) -> Iterator[str]:
    topics = {topic.topic for topic in knowledge.topics.values()}
    known = {
        "rights": knowledge.glossary.rights.keys(),
        "disputes": topics | set(DISPUTES),
        "topics": topics,
        "stages": knowledge.glossary.more.get("stages", {}).keys(),
        "services": {name.removeprefix(SERVICE) for name in knowledge.services},
        "questions": knowledge.questions.keys(),
        "leaves": {f"{guide.id}/{leaf}" for guide in knowledge.guides.values() for leaf in guide.leaves},
    }
    if not fit.width and not fit.otherwise:
        yield "没有写适用的条件"
    yield from (f"{name} 里的“{value}”不存在" for name, wanted in fit.wanted.items() for value in sorted(wanted - known[name]))


def register_flaws(knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the register as a whole; an empty one has no flaws."""
    agencies = knowledge.agencies.values()
    if not agencies:
        return
    missing = KINDS.keys() - {agency.kind for agency in agencies}
    yield from ((FILE, f"没有“{title}”（{kind}）") for kind, title in KINDS.items() if kind in missing)
    if not any(fit.otherwise and not fit.width and agency.region == NATIONWIDE for agency in agencies for fit in agency.fits):
        yield FILE, "要有一家全国的、不带条件的 otherwise，都不合适时就请人问它"
    linked: dict[str, set[str]] = {}
    for agency in agencies:
        for name in (name for fit in agency.fits for name in fit.wanted.get("leaves", ())):
            linked.setdefault(name, set()).add(agency.kind)
    for guide in sorted({name.partition("/")[0] for name in linked}):
        leaves = knowledge.guides[GUIDE + guide].leaves if GUIDE + guide in knowledge.guides else {}
        for leaf, windows in leaves.items():
            yield from ((f"{FILE}: {guide}/{leaf}", flaw) for flaw in _leaf_flaws(windows, linked.get(f"{guide}/{leaf}", set())))


def _leaf_flaws(windows: tuple[Leaf, ...], linked: set[str]) -> Iterator[str]:
    """A guide and the register must send people to the same kinds of agencies."""
    bodies = " ".join(leaf.body for leaf in windows)
    words = " ".join(part for leaf in windows for part in (leaf.title, leaf.text, leaf.body))
    for kind, called in _CALLED.items():
        if called.search(bodies) and kind not in linked:
            yield f"指引说找{KINDS[kind]}，名录里没有一家连到这个结论"
        if kind in linked and not called.search(words):
            yield f"名录把{KINDS[kind]}连到这个结论，指引没有提到"
