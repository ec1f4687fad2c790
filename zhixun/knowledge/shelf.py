"""The one place that holds the present knowledge: whoever needs it asks anew, and nobody keeps a copy for long."""

from __future__ import annotations

from collections.abc import Callable

from zhixun.knowledge.model import Knowledge

__all__ = ["Present", "Shelf"]

Present = Callable[[], Knowledge]
"""Gives the knowledge that holds now; what belongs together asks once."""


class Shelf:
    """Holds the present knowledge; calling it gives that.

    Only questions and their answers ever change while the service runs (`DATA_DIR/knowledge`); guides, services, agencies and the
    glossary are the shipped ones until the next start, so that whoever needs nothing else may read them once.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._present = knowledge

    def __call__(self) -> Knowledge:
        """Return what holds now."""
        return self._present

    def put(self, knowledge: Knowledge) -> None:
        """Let `knowledge` hold from now on."""
        self._present = knowledge
