"""Reads and writes the XML of callbacks: flat, small, and nothing that a reader of XML could be led astray by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from xml.parsers import expat

from zhixun.channels.tencent.crypto import Refused

__all__ = ["LARGEST", "read_xml", "write_xml"]

LARGEST = 64 * 1024
"""The largest body in bytes: a text of 2,048 bytes needs a tenth of it, encrypted."""
_DEEPEST = 6
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(body: bytes) -> dict[str, str]:
    """Return the texts of the elements right below the root, by name; the first of a name counts, and what lies deeper is left out.

    Raises:
        Refused: it is no XML, too large or too deep, not UTF-8, or declares types or entities of its own.
    """
    if len(body) > LARGEST:
        raise Refused("xml is too large")
    reader = _Reader()
    try:
        reader.parser.Parse(body)
        reader.parser.Parse(b"", True)  # noqa: FBT003 - expat takes it by position only
    except expat.ExpatError as error:
        raise Refused("body is no xml") from error
    return {name: text.strip() for name, text in reader.found.items()}


def write_xml(fields: Mapping[str, str | int]) -> bytes:
    """Return flat XML as the platform expects answers: words as CDATA, numbers plain; what XML cannot hold is left out."""
    parts = [f"<{name}>{value if isinstance(value, int) else _cdata(value)}</{name}>" for name, value in fields.items()]
    return f"<xml>{''.join(parts)}</xml>".encode()


def _cdata(text: str) -> str:
    # The end of a section cannot stand inside one; cut in two, it is harmless.
    return f"<![CDATA[{_NOT_XML.sub('', text).replace(']]>', ']]]]><![CDATA[>')}]]>"


class _Reader:
    """Collects the texts, and stops at whatever has no place in a callback."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._path: list[str] = []
        self._new = False
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse
        self.parser.ProcessingInstructionHandler = self._refuse

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise Refused("xml is too deep")
        if len(self._path) == 2:
            self._new = name not in self.found
            self.found.setdefault(name, "")

    def _end(self, name: str) -> None:
        self._path.pop()

    def _text(self, text: str) -> None:
        if len(self._path) == 2 and self._new:
            self.found[self._path[1]] += text

    @staticmethod
    def _refuse(*_: Any) -> NoReturn:
        raise Refused("xml declares what it must not")
