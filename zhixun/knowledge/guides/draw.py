"""Draws a guide as an SVG tree for reviewers: steps with their choices, recommendations, from left to right."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from zhixun.knowledge.guides.model import SCORE, Guide, Step

__all__ = ["draw"]

WIDTH, GAP_X, GAP_Y, LINE, PAD = 260, 110, 26, 19, 10
CELLS = 34
"""Half-width cells in a line of a box."""
_STYLE = (
    "text{font:13px 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#1a1a1a}.way{fill:none;stroke:#767676}"
    ".step{fill:#eef4fb;stroke:#0b5cad}.leaf{fill:#f0f7ee;stroke:#2c6e1f}.score{fill:#fff6e5;stroke:#8a5a00}"
)


@dataclass(frozen=True, slots=True)
class _Box:
    """A step, the score, or a recommendation: its words, and its ways, each with the line it leaves from."""

    kind: str
    lines: tuple[str, ...]
    ways: tuple[tuple[int, str], ...] = ()

    @property
    def height(self) -> int:
        return 2 * PAD + len(self.lines) * LINE


def draw(guide: Guide) -> str:
    """Return the SVG of a guide: boxes in columns by their distance from the start, a way from each choice."""
    boxes = {step.id: _box("step", step.ask, list(_rows(guide, step))) for step in guide.steps.values()}
    if guide.bands:
        boxes[SCORE] = _box("score", "按得分", [(f"{band.least} 分起", band.leaf) for band in guide.bands])
    boxes |= {name: _box("leaf", leaves[0].title, []) for name, leaves in guide.leaves.items()}
    places = _places(_columns(guide.start, boxes), boxes)
    width = max(x for x, _ in places.values()) + WIDTH + PAD
    height = max(y + boxes[name].height for name, (_, y) in places.items()) + PAD
    body = [*_ways(places, boxes), *(_drawn(boxes[name], *place) for name, place in places.items())]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(guide.title)}">\n<title>{escape(guide.title)}</title>\n<style>{_STYLE}</style>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _box(kind: str, title: str, rows: Sequence[tuple[str, str]]) -> _Box:
    lines, ways = _wrap(title), []
    for label, go in rows:
        ways.append((len(lines), go))
        lines += _wrap(f"▸ {label}") if label else []
    return _Box(kind, tuple(lines), tuple((min(line, len(lines) - 1), go) for line, go in ways))


def _rows(guide: Guide, step: Step) -> Iterator[tuple[str, str]]:
    """Yield each choice with where it leads; a way with conditions is a row of its own."""
    own = [(choice.title, choice.ways or step.ways) for choice in step.choices] or [("", step.ways)]
    for title, ways in own:
        for way in ways:
            yield " ".join(part for part in (title, _conditions(guide, way.when)) if part), way.go


def _conditions(guide: Guide, when: Mapping[str, Sequence[str]]) -> str:
    told = []
    for name, values in when.items():
        choices = [choice.title for value in values if (choice := guide.steps[name].choice(value)) is not None]
        told.append(f"{guide.steps[name].about}是{'或'.join(choices)}")
    return f"（{'，'.join(told)}）" if told else ""


def _columns(start: str, boxes: Mapping[str, _Box]) -> dict[str, int]:
    """Return the column of each box: the longest way from the start."""
    columns, waiting = {start: 0}, [start]
    while waiting:
        name = waiting.pop(0)
        for _, go in boxes[name].ways:
            if columns.get(go, 0) <= columns[name]:
                columns[go] = columns[name] + 1
                waiting.append(go)
    return columns


def _places(columns: Mapping[str, int], boxes: Mapping[str, _Box]) -> dict[str, tuple[int, int]]:
    below: dict[int, int] = {}
    places: dict[str, tuple[int, int]] = {}
    for name, column in columns.items():
        y = below.get(column, PAD)
        places[name] = (PAD + column * (WIDTH + GAP_X), y)
        below[column] = y + boxes[name].height + GAP_Y
    return places


def _ways(places: Mapping[str, tuple[int, int]], boxes: Mapping[str, _Box]) -> Iterator[str]:
    for name, (x, y) in places.items():
        for line, go in boxes[name].ways:
            x1, y1 = x + WIDTH, y + PAD + line * LINE + LINE // 2
            x2, y2 = places[go][0], places[go][1] + boxes[go].height // 2
            middle = x2 - GAP_X // 2
            yield f'<path class="way" d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"/>'


def _drawn(box: _Box, x: int, y: int) -> str:
    text = "".join(
        f'<text x="{x + PAD}" y="{y + PAD + 13 + row * LINE}">{escape(line)}</text>' for row, line in enumerate(box.lines)
    )
    return f'<rect class="{box.kind}" x="{x}" y="{y}" width="{WIDTH}" height="{box.height}" rx="6"/>{text}'


def _wrap(text: str) -> list[str]:
    """Part a text into lines of so many half-width cells."""
    lines, used = [""], 0
    for char in text:
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if used + wide > CELLS:
            lines.append("")
            used = 0
        lines[-1] += char
        used += wide
    return lines
