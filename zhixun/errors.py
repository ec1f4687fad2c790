"""One tree of errors, in four branches by who can mend them.

ZhixunError
├── CitizenError      the citizen can fix it; carries an HTTP status and a Chinese sentence
├── TryLater          nothing is wrong with the request; the same again may work
├── OurFault          ours to fix; the citizen hears a truthful general sentence
└── StopNow           going on would harm: refuse to start, or stop
"""

from __future__ import annotations

__all__ = ["CitizenError", "OurFault", "StopNow", "TryLater", "ZhixunError"]


class ZhixunError(Exception):
    """Any error that Zhixun raises on purpose.

    Args:
        message: a Chinese sentence that says what to do, fit for the person who reads it.
        code: a stable English word for programs.
        field: the input that is wrong, where there is one.
    """

    status = 500
    code = "internal"

    def __init__(self, message: str, *, code: str = "", status: int = 0, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.field = field


class CitizenError(ZhixunError):
    """The sender can mend the request."""

    status = 400
    code = "invalid"


class TryLater(ZhixunError):
    """A part is busy, limited or starting; the same request may work soon."""

    status = 503
    code = "unavailable"


class OurFault(ZhixunError):
    """Something of ours failed; what was said is kept as far as the sentence says so."""


class StopNow(ZhixunError):
    """A setting, a file or the store is in a state in which serving would do harm."""
