"""The lint of the knowledge: every flaw is found before a citizen can meet it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise

from zhixun.knowledge.agencies.check import agency_flaws, register_flaws
from zhixun.knowledge.figures import FIGURE
from zhixun.knowledge.guides.check import guide_flaws
from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.hosts import LEAST_CONTRAST
from zhixun.knowledge.model import Answer, Knowledge, Question
from zhixun.knowledge.quiz import CLAUSES
from zhixun.knowledge.services.check import catalogue_flaws, service_flaws
from zhixun.knowledge.site import Site
from zhixun.messages import PERSON

__all__ = ["FAR_FUTURE", "Flaw", "check", "check_site", "plain"]

BUBBLE_BYTES = 600
BUBBLES = 4
WORDINGS = 20
NATURAL, NATURAL_LENGTH = 8, range(12, 26)
"""So many wordings must be of the length of a spoken sentence: they carry most of the matching."""
FAR_FUTURE = date.max

Flaw = tuple[str, str]
"""Where the flaw is (`file: question`) and what it is, in Chinese."""


def plain(words: str) -> str:
    """Return `words` as the matcher sees them: NFKC, lower case, only letters and digits."""
    folded = unicodedata.normalize("NFKC", words).lower()
    return "".join(char for char in folded if char.isalnum())


def check(knowledge: Knowledge) -> list[Flaw]:
    """Return all flaws of `knowledge`; an empty list means that it may be served."""
    flaws: list[Flaw] = []
    for question in knowledge.questions.values():
        place = f"{question.file}: {question.id}"
        flaws += [(place, flaw) for flaw in _question_flaws(question, knowledge)]
        for answer in question.answers:
            where = f"{place} [{answer.region} {answer.since or ''}]"
            flaws += [(where, flaw) for flaw in _answer_flaws(answer, knowledge)]
    known = {plain(words) for question in knowledge.topics.values() for words in (question.title, *question.wordings)} | {plain(PERSON)}
    for guide in knowledge.guides.values():
        flaws += [(f"guides/{guide.file}", flaw) for flaw in guide_flaws(guide, knowledge, lambda words: plain(words) in known)]
    for service in knowledge.services.values():
        flaws += [(f"services/{service.file}", flaw) for flaw in service_flaws(service, knowledge)]
    for agency in knowledge.agencies.values():
        flaws += [(f"agencies.yml: {agency.id}", flaw) for flaw in agency_flaws(agency, knowledge)]
    more = (_shared_wordings, _outside_words, _source_flaws, _figure_flaws, _menu_flaws, _glossary_flaws, register_flaws)
    return [*flaws, *(flaw for find in more for flaw in find(knowledge))]


def _question_flaws(question: Question, knowledge: Knowledge) -> Iterator[str]:
    if len(question.wordings) < WORDINGS:
        yield f"只有 {len(question.wordings)} 种问法，至少要 {WORDINGS} 种"
    natural = sum(len(words) in NATURAL_LENGTH for words in question.wordings)
    if natural < NATURAL:
        yield f"12–25 个字的问法只有 {natural} 种，至少要 {NATURAL} 种"
    yield from (f"权利“{ip}”不在 glossary.yml 的 rights 里" for ip in question.ip if ip not in knowledge.glossary.rights)
    yield from (f"next 指向不存在的问题或指引 {target}" for target in question.next if target not in knowledge.topics)
    if question.id in question.next:
        yield "next 指向自己"
    for region in sorted({answer.region for answer in question.answers}):
        answers = sorted((a for a in question.answers if a.region == region), key=lambda a: a.since or date.min)
        for first, second in pairwise(answers):
            if (first.until or FAR_FUTURE) >= (second.since or date.min):
                yield f"{region} 的两个答复有效期重叠：{first.since} 与 {second.since}"
            if not second.brief:
                yield f"{region} 自 {second.since} 起的答复缺 brief（接替前一答复时必填）"


def _answer_flaws(answer: Answer, knowledge: Knowledge) -> Iterator[str]:
    if answer.region not in knowledge.glossary.places:
        yield f"地区“{answer.region}”不在 glossary.yml 的 places 里"
    if answer.since and answer.until and answer.since > answer.until:
        yield "有效期的起止颠倒"
    yield from (f"第 {number} 段超过 {BUBBLE_BYTES} 字节（{len(bubble.encode())}）"
                for number, bubble in enumerate(answer.bubbles, 1) if len(bubble.encode()) > BUBBLE_BYTES)
    if len(answer.bubbles) > BUBBLES:
        yield f"有 {len(answer.bubbles)} 段，最多 {BUBBLES} 段"
    yield from (f"事实“{fact}”不在正文里" for fact in answer.facts if fact not in answer.text)
    listed = {figure for fact in answer.facts for figure in FIGURE.findall(fact)}
    yield from (f"数字“{figure}”没有列入 facts" for figure in dict.fromkeys(FIGURE.findall(answer.text))
                if figure not in listed)
    yield from _basis_flaws(answer, knowledge)


def _basis_flaws(answer: Answer, knowledge: Knowledge) -> Iterator[str]:
    if not answer.basis:
        if answer.outcome == "answered":
            yield "没有依据（basis）"
        return
    known = [knowledge.sources[basis.source] for basis in answer.basis if basis.source in knowledge.sources]
    yield from (f"未知来源 {basis.source}" for basis in answer.basis if basis.source not in knowledge.sources)
    cited = {basis.source for basis in answer.basis}
    yield from (f"正文用了出自 {source} 的数值，basis 里没有它" for source in answer.figure_sources if source not in cited)
    if known and answer.outcome == "answered" and all(source.verified == "U" for source in known):
        yield "只依据未核实的来源，不能作为事实答复"
    # A rule that ended before the answer begins, or begins after it ends, cannot carry it.
    for source in known:
        ended = source.until and source.until < (answer.since or date.min)
        if ended or (source.since and answer.until and source.since > answer.until):
            yield f"来源 {source.id} 在答复的有效期内不施行"
        if source.replaced_by and source.until and (answer.until or FAR_FUTURE) > source.until:
            yield f"来源 {source.id} 到 {source.until} 为止，答复须在此日结束并另写接替的答复"


def _shared_wordings(knowledge: Knowledge) -> Iterator[Flaw]:
    owner: dict[str, str] = {}
    for name, topic in knowledge.topics.items():
        for words in (topic.title, *topic.wordings):
            first = owner.setdefault(plain(words), name)
            if first != name:
                yield f"{topic.file}: {name}", f"问法“{words}”也属于 {first}"


def _outside_words(knowledge: Knowledge) -> Iterator[Flaw]:
    """Words of other matters decide against an answer, so none may occur in what people ask of the field."""
    outside = {plain(word): word for words in knowledge.glossary.more.get("outside", {}).values() for word in words}
    pattern = re.compile("|".join(map(re.escape, outside)) or r"(?!)")
    for name, topic in knowledge.topics.items():
        if isinstance(topic, Guide) or topic.answers[0].outcome != "out_of_scope":
            found = {match[0] for words in (topic.title, *topic.wordings) for match in pattern.finditer(plain(words))}
            yield from ((f"{topic.file}: {name}", f"问法里有 glossary.yml outside 的词“{outside[word]}”") for word in sorted(found))


def check_site(knowledge: Knowledge, site: Site) -> list[Flaw]:
    """Return where the knowledge and the deployment do not fit together.

    A button that the office offers must never be guessed at, so it has to be the very wording of a question (or ask for a
    person); every service goes to a group of staff that there is; a right that no question is about would never lead to its
    group; and other sites carry what their visitors can read.
    """
    known = {plain(words) for topic in knowledge.topics.values() for words in (topic.title, *topic.wordings)}
    offered = [("site.yml: quick", site.quick), *((f"site.yml: sites: {host.id}", host.quick) for host in site.hosts)]
    buttons = [
        (place, f"按钮“{button['payload']}”不是任何问题的问法，请加进对应问题的 wordings")
        for place, buttons in offered
        for button in buttons
        if plain(button["payload"]) not in known | {plain(PERSON)}
    ]
    rights = [
        (f"site.yml: teams › {team.name}", f"rights 里的“{right}”不在 glossary.yml 的 rights 里")
        for team in site.teams
        for right in team.rights
        if right not in knowledge.glossary.rights
    ]
    fields = {CLAUSES, *knowledge.glossary.rights}
    weights = [("site.yml: learning › weights", f"没有“{field}”这个出题范围") for field in site.learning.weights if field not in fields]
    return [*buttons, *rights, *weights, *_host_flaws(knowledge, site), *catalogue_flaws(knowledge, site.requests.groups)]


def _host_flaws(knowledge: Knowledge, site: Site) -> Iterator[Flaw]:
    """Yield where another site's widget could not be read, or would ask for a region that there is not."""
    regions = {"", site.region, *site.regions, *knowledge.glossary.places}
    for host in site.hosts:
        place = f"site.yml: sites: {host.id}"
        if host.region not in regions:
            yield place, f"地区“{host.region}”不在 regions 里，也不在 glossary.yml 的 places 里"
        if host.colours is not None and host.colours.contrast < LEAST_CONTRAST:
            yield place, (
                f"文字 {host.colours.text} 在底色 {host.colours.main} 上看不清：对比度 {host.colours.contrast:.2f}，"
                f"至少要 {LEAST_CONTRAST}（WCAG AA）"
            )


def _source_flaws(knowledge: Knowledge) -> Iterator[Flaw]:
    for source in knowledge.sources.values():
        place = f"sources.yml: {source.id}"
        if source.region not in knowledge.glossary.places:
            yield place, f"地区“{source.region}”不在 glossary.yml 的 places 里"
        if source.replaced_by and source.replaced_by not in knowledge.sources:
            yield place, f"replaced_by 指向不存在的来源 {source.replaced_by}"


def _figure_flaws(knowledge: Knowledge) -> Iterator[Flaw]:
    for kind, table in knowledge.figures.tables.items():
        for figure in table.values():
            place = f"{'fees' if kind == 'fee' else 'deadlines'}.yml: {figure.id}"
            if figure.right not in knowledge.glossary.rights:
                yield place, f"权利“{figure.right}”不在 glossary.yml 的 rights 里"
            for value in figure.values:
                source = knowledge.sources.get(value.source)
                if source is None:
                    yield place, f"未知来源 {value.source}"
                elif source.verified == "U":
                    yield place, f"来源 {source.id} 未经核实，不能作为数值的依据"
            for first, second in pairwise(sorted(figure.values, key=lambda value: value.since or date.min)):
                if (first.until or FAR_FUTURE) >= (second.since or date.min):
                    yield place, f"两个数值的有效期重叠：{first.words} 与 {second.words}"


def _menu_flaws(knowledge: Knowledge) -> Iterator[Flaw]:
    for right, menu in knowledge.menus.items():
        if right not in knowledge.glossary.rights:
            yield "menus.yml", f"“{right}”不在 glossary.yml 的 rights 里"
        yield from ((f"menus.yml: {right}", f"不存在的问题 {name}") for name in menu if name not in knowledge.questions)
    sayable = [right for right, sayings in knowledge.glossary.rights.items() if sayings]
    yield from (("menus.yml", f"缺“{right}”的菜单") for right in sayable if right not in knowledge.menus)


def _glossary_flaws(knowledge: Knowledge) -> Iterator[Flaw]:
    glossary = knowledge.glossary
    place = "glossary.yml: wider"
    for narrow, wider in glossary.wider.items():
        table = glossary.rights if narrow in glossary.rights else glossary.places
        yield from ((place, f"“{term}”不是 rights 或 places 里的词") for term in (narrow, wider) if term not in table)
        if _turns_back(narrow, glossary.wider):
            yield place, f"“{narrow}”绕回了自己"


def _turns_back(term: str, wider: Mapping[str, str]) -> bool:
    seen = {term}
    while (term := wider.get(term, "")) and term not in seen:
        seen.add(term)
    return bool(term)
