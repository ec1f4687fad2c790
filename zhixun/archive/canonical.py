"""One way to write a value as bytes, and the digests over them.

Every hash has a prefix of one byte that says what it is of, so that a leaf can never pass for a node or an event
(RFC 6962, section 2.1).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["EVENT", "FILE", "LEAF", "NODE", "ROOT", "canonical", "digest", "event_hash"]

LEAF, NODE, EVENT, FILE, ROOT = b"\x00", b"\x01", b"\x02", b"\x03", b"\x04"


def canonical(value: Any) -> bytes:
    """Write `value` as JSON with sorted keys and no blanks, in UTF-8."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest(algorithm: str, kind: bytes, data: bytes) -> str:
    """Return the hex digest of `data` as a thing of `kind`; `algorithm` is `sha256` or `sm3`."""
    return hashlib.new(algorithm, kind + data).hexdigest()


def event_hash(algorithm: str, event: Mapping[str, Any]) -> str:
    """Return the hash of a journal entry: over all of its fields but `hash`, `prev` included."""
    return digest(algorithm, EVENT, canonical({name: value for name, value in event.items() if name != "hash"}))
