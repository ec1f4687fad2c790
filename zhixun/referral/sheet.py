"""What a slip says on paper, from which the document and the page for printing are made alike."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Box", "Section", "Sheet"]


@dataclass(frozen=True, slots=True)
class Section:
    """A part under a heading: a table of names and values, numbered items, lines of text; any of them may be empty."""

    heading: str
    rows: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A place for a seal and signatures."""

    heading: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole paper.

    Attributes:
        issued: when (UTC stamp). link: stands as a QR code too; empty when there is none.
    """

    title: str
    number: str
    office: str
    issued: str
    head: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    boxes: tuple[Box, Box]
    note: str
    link: str
