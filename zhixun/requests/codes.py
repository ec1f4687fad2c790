"""What proves that somebody made a request, and what shows that two requests are of the same people."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from zhixun.codes import same_code, spell

__all__ = ["Codes"]

_LETTERS = 12
_WHOM = ("code", "phone")
"""The fields that tell who asks; the first that is filled in decides."""


class Codes:
    """Derives codes and marks with a secret, so that neither has to be kept.

    Args:
        secret: 32 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def code_of(self, number: str) -> str:
        """Return the code that is given with a request: 60 bits."""
        return spell(self._digest("code", number), _LETTERS)

    def is_code(self, number: str, given: str) -> bool:
        """Tell whether `given` is the code of a request, as far as people copy codes rightly."""
        return same_code(given, self.code_of(number))

    def mark_of(self, service: str, values: Mapping[str, str]) -> str:
        """Return what two requests of the same firm or phone for the same service have in common; it tells neither."""
        whom = next((f"{name}:{values[name]}" for name in _WHOM if values.get(name)), "")
        return self._digest("mark", f"{service}/{whom}").hex() if whom else ""

    def _digest(self, purpose: str, text: str) -> bytes:
        return hmac.new(self._secret, f"{purpose}\0{text}".encode(), hashlib.sha256).digest()
