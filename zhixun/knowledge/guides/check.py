"""The proof of the guides: every path ends in a recommendation with a basis, and no choice is dead.

The steps and their ways form a graph. When it has no circle, every way leads somewhere, and the last way of each choice is
open to everyone, then whatever is chosen leads to an end; that is checked, not tried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from zhixun.knowledge.figures import FIGURE
from zhixun.knowledge.guides.model import CHOICE, SCORE, Guide, Leaf, Step, Way
from zhixun.knowledge.guides.reckon import RECKONERS
from zhixun.knowledge.model import Basis, Knowledge

__all__ = ["guide_flaws", "source_flaws", "step_flaws"]

WORDINGS = 15


def guide_flaws(guide: Guide, knowledge: Knowledge, can_say: Callable[[str], bool]) -> Iterator[str]:
    """Yield the flaws of a guide, in Chinese.

    Args:
        can_say: whether a button may say these words, because they are surely understood.
    """
    if len(guide.wordings) < WORDINGS:
        yield f"只有 {len(guide.wordings)} 种问法，至少要 {WORDINGS} 种"
    yield from (f"权利“{ip}”不在 glossary.yml 的 rights 里" for ip in guide.ip if ip not in knowledge.glossary.rights)
    yield from _way_flaws(guide)
    for step in guide.steps.values():
        yield from (f"步骤 {step.id}：{flaw}" for flaw in step_flaws(step))
        for choice in step.choices:
            yield from (f"步骤 {step.id} 的选项 {choice.id}：{flaw}" for flaw in source_flaws(choice.basis, knowledge))
    for name, leaves in guide.leaves.items():
        yield from (f"结论 {name}：{flaw}" for flaw in _window_flaws(leaves))
        for leaf in leaves:
            yield from (f"结论 {name}：{flaw}" for flaw in _leaf_flaws(leaf, knowledge, can_say))


def _way_flaws(guide: Guide) -> Iterator[str]:
    both = guide.steps.keys() & guide.leaves.keys()
    yield from (f"{name} 既是步骤又是结论" for name in sorted(both))
    if guide.start not in guide.steps:
        yield f"start 指向不存在的步骤 {guide.start}"
        return
    targets = {*guide.steps, *guide.leaves, *([SCORE] if guide.bands else [])}
    for step in guide.steps.values():
        yield from _dead_ends(step, targets)
    graph = {step.id: {way.go for way in _all_ways(step)} for step in guide.steps.values()}
    if guide.bands:
        graph[SCORE] = {band.leaf for band in guide.bands}
        if min(band.least for band in guide.bands) != 0:
            yield "bands 没有从 0 分开始"
        yield from (f"bands 指向不存在的结论 {band.leaf}" for band in guide.bands if band.leaf not in guide.leaves)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        yield f"步骤成环：{'→'.join(error.args[1])}"
        return
    reached = _reach(graph, guide.start)
    yield from (f"走不到 {name}" for name in sorted((guide.steps.keys() | guide.leaves.keys()) - reached))
    for step in guide.steps.values():
        for way in _all_ways(step):
            yield from (f"步骤 {step.id} 的条件：{flaw}" for flaw in _condition_flaws(guide, graph, step, way))


def _all_ways(step: Step) -> list[Way]:
    return [*step.ways, *(way for choice in step.choices for way in choice.ways)]


def _dead_ends(step: Step, targets: set[str]) -> Iterator[str]:
    own = {f" 的选项 {choice.id}": choice.ways or step.ways for choice in step.choices} or {"": step.ways}
    for choice, ways in own.items():
        place = f"步骤 {step.id}{choice}"
        if not ways:
            yield f"{place} 没有去向（to）"
        elif ways[-1].when:
            yield f"{place} 的最后一个去向带条件，有人会走不下去"
        yield from (f"{place} 指向不存在的 {way.go}" for way in ways if way.go not in targets)


def _condition_flaws(guide: Guide, graph: dict[str, set[str]], step: Step, way: Way) -> Iterator[str]:
    for name, values in way.when.items():
        asked = guide.steps.get(name)
        if asked is None or asked.kind != CHOICE:
            yield f"{name} 不是选择步骤"
            continue
        if name != step.id and step.id not in _reach(graph, name):
            yield f"走到这里之前不会问 {name}"
        yield from (f"{name} 没有选项 {value}" for value in values if asked.choice(value) is None)


def _reach(graph: dict[str, set[str]], start: str) -> set[str]:
    reached, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += graph.get(name, ())
    return reached


def step_flaws(step: Step) -> Iterator[str]:
    """Yield the flaws of a step by itself."""
    if (step.kind == CHOICE) != bool(step.choices):
        yield "选择步骤要有 choices，填写步骤不能有"
    owner: dict[str, str] = {}
    for choice in step.choices:
        for word in (choice.title, *choice.words):
            first = owner.setdefault(word, choice.id)
            if first != choice.id:
                yield f"“{word}”同时属于选项 {first} 和 {choice.id}"


def _window_flaws(leaves: tuple[Leaf, ...]) -> Iterator[str]:
    ordered = sorted(leaves, key=lambda leaf: leaf.since or date.min)
    for first, second in pairwise(ordered):
        if first.until is None or second.since is None or (second.since - first.until).days != 1:
            yield "各有效期要首尾相接"
    if ordered[0].since is not None or ordered[-1].until is not None:
        yield "有效期没有盖住所有日子：第一个不写 valid_from，最后一个不写 valid_until"


def _leaf_flaws(leaf: Leaf, knowledge: Knowledge, can_say: Callable[[str], bool]) -> Iterator[str]:
    yield from source_flaws(leaf.basis, knowledge)
    if leaf.reckon and leaf.reckon not in RECKONERS:
        yield f"没有“{leaf.reckon}”这个计算器"
    texts = (leaf.title, leaf.text, leaf.body, leaf.cost, leaf.time, *leaf.needs, *leaf.materials)
    told = " ".join((*leaf.figures, *(basis.gist for basis in leaf.basis)))
    found = dict.fromkeys(figure for text in texts for figure in FIGURE.findall(text))
    yield from (f"数字“{figure}”既不出自 fees.yml、deadlines.yml，也不在依据的 gist 里" for figure in found if figure not in told)
    cited = {basis.source for basis in leaf.basis}
    yield from (f"用了出自 {source} 的数值，basis 里没有它" for source in leaf.figure_sources if source not in cited)
    yield from (f"按钮“{button.say}”不是任何问题或指引的问法" for button in leaf.next if not can_say(button.say))
    for basis in leaf.basis:
        source = knowledge.sources.get(basis.source)
        if source is None:
            continue
        ended = source.until and source.until < (leaf.since or date.min)
        if ended or (source.since and leaf.until and source.since > leaf.until):
            yield f"来源 {source.id} 在有效期内不施行"
        if source.replaced_by and source.until and (leaf.until or date.max) > source.until:
            yield f"来源 {source.id} 到 {source.until} 为止，须分有效期写"


def source_flaws(clauses: tuple[Basis, ...], knowledge: Knowledge) -> Iterator[str]:
    """Yield the clauses that rest on nothing known."""
    yield from (f"未知来源 {basis.source}" for basis in clauses if basis.source not in knowledge.sources)
    known = [knowledge.sources[basis.source] for basis in clauses if basis.source in knowledge.sources]
    if known and all(source.verified == "U" for source in known):
        yield "只依据未核实的来源"
