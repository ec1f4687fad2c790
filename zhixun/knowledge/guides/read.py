"""Reads guides from their YAML form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zhixun.knowledge.figures import Figures
from zhixun.knowledge.guides.model import CHOICE, PERCENT, Band, Choice, Guide, Leaf, Next, Step, Way
from zhixun.knowledge.model import Basis

__all__ = ["read_basis", "read_guide", "read_step"]


def read_guide(raw: Mapping[str, Any], path: Path, figures: Figures) -> Guide:
    """Return the guide of one file that has passed its schema; its id is the file's name.

    Raises:
        FigureError: a recommendation names a figure that does not hold in its window.
    """
    steps = {name: read_step(name, step) for name, step in raw["steps"].items()}
    return Guide(
        id=path.stem,
        title=raw["title"],
        purpose=raw["purpose"],
        ip=tuple(raw["ip"]),
        topic=raw["topic"],
        wordings=tuple(str(words) for words in raw["wordings"]),
        start=raw.get("start", next(iter(steps))),
        steps=steps,
        leaves={name: tuple(_leaves(name, leaf, figures)) for name, leaf in raw["leaves"].items()},
        bands=tuple(Band(band["from"], band["leaf"]) for band in raw.get("bands", ())),
        covers=tuple(raw.get("covers", ())),
        file=path.name,
    )


def read_step(name: str, raw: Mapping[str, Any]) -> Step:
    """Return the step of a guide or the field of a form."""
    least, most = raw.get("between", (0, 0))
    return Step(
        id=name,
        ask=raw["ask"].strip(),
        about=raw["about"],
        kind=raw.get("kind", CHOICE),
        choices=tuple(_choice(choice_id, choice) for choice_id, choice in raw.get("choices", {}).items()),
        ways=_ways(raw.get("to")),
        help=raw.get("help", "").strip(),
        least=least,
        most=most,
        optional=raw.get("optional", False),
    )


def _choice(name: str, raw: Mapping[str, Any]) -> Choice:
    return Choice(
        id=name,
        title=raw["title"],
        words=tuple(str(word) for word in raw.get("words", ())),
        ways=_ways(raw.get("to")),
        points=raw.get("points", 0),
        advise=raw.get("advise", "").strip(),
        basis=read_basis(raw.get("basis", ())),
    )


def _ways(raw: str | list[Mapping[str, Any]] | None) -> tuple[Way, ...]:
    if raw is None:
        return ()
    if isinstance(raw, str):
        return (Way(raw),)
    return tuple(
        Way(way["go"], {step: (values,) if isinstance(values, str) else tuple(values) for step, values in way.get("when", {}).items()})
        for way in raw
    )


def read_basis(raw: Any) -> tuple[Basis, ...]:
    """Return the clauses of a list."""
    return tuple(Basis(basis["source"], basis["at"], basis["gist"].strip()) for basis in raw)


def _leaves(name: str, raw: Mapping[str, Any] | list[Mapping[str, Any]], figures: Figures) -> Iterator[Leaf]:
    """Yield a recommendation in each of its windows, its figures put in."""
    for one in raw if isinstance(raw, list) else [raw]:
        since, until = one.get("valid_from"), one.get("valid_until")
        used: list[str] = []
        written: list[str] = []

        def fill(text: str, window: Any = (since or one["checked"], until), used: list[str] = used, written: list[str] = written) -> str:
            # The score is put in when it is known.
            parts = [figures.fill(part, *window) for part in text.strip().split(PERCENT)]
            used.extend(source for part in parts for source in part.sources)
            written.extend(figure for part in parts for figure in part.figures)
            return PERCENT.join(part.text for part in parts)

        yield Leaf(
            id=name,
            basis=read_basis(one["basis"]),
            checked=one["checked"],
            next=tuple(Next(button["title"], button.get("say", button["title"])) for button in one.get("next", ())),
            reckon=one.get("reckon", ""),
            since=since,
            until=until,
            title=fill(one["title"]),
            text=fill(one["text"]),
            body=fill(one.get("body", "")),
            cost=fill(one.get("cost", "")),
            time=fill(one.get("time", "")),
            needs=tuple(map(fill, one.get("needs", ()))),
            materials=tuple(map(fill, one.get("materials", ()))),
            figures=tuple(dict.fromkeys(written)),
            figure_sources=tuple(dict.fromkeys(used)),
        )
