"""Types of files by their content: real ones are known, and what is junk, disguised or harmful is refused."""

from __future__ import annotations

import io
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sample_files import DOCX, MAIN, SAMPLES, WITH_MACROS, doc, docx, jpeg, packed, pdf, png, webp
from zhixun.archive.file_types import EXTENSIONS, type_of
from zhixun.errors import CitizenError


def _type(data: bytes) -> str:
    return type_of(io.BytesIO(data))


def _refusal(data: bytes) -> str:
    with pytest.raises(CitizenError) as refused:
        _type(data)
    assert refused.value.message.endswith("。")
    return refused.value.code


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_type_is_known(kind: str) -> None:
    data, ending = SAMPLES[kind]
    assert _type(data) == kind
    assert EXTENSIONS[kind] == ending
    assert set(EXTENSIONS) == set(SAMPLES)


@pytest.mark.parametrize("form", [b"VP8 ", b"VP8L", b"VP8X"])
def test_each_form_of_webp_is_known(form: bytes) -> None:
    assert _type(webp(form)) == "image/webp"


@pytest.mark.parametrize(
    "data",
    [
        b"", b"x", b"MZ\x90\0" * 40, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 40, b"#!/bin/sh\n", b" " + pdf(), b"\xef\xbb\xbf" + pdf(), "知识产权".encode(),
        packed({"a.txt": b"x"}), packed({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b""}), packed({"word/document.xml": b""}),
        doc("Workbook"), doc("PowerPoint Document"), b"RIFF\x24\0\0\0WAVEfmt ",
    ],
)  # fmt: skip
def test_what_is_of_no_use_is_refused(data: bytes) -> None:
    assert _refusal(data) == "bad_type"


@pytest.mark.parametrize(
    "data",
    [
        png()[:20], png()[:8] + b"\0" * 30, jpeg()[:10], jpeg()[:2] + b"\xff" * 500, b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xda\0\x04",
        b"\xff\xd8" + b"\xff\xfe\0\2" * 1200, webp()[:-4], webp()[:14], webp(b"VP8 ").replace(b"\x9d\x01\x2a", b"\0\0\0"),
        pdf()[:100], docx()[:-30], docx()[:40], b"PK\x03\x04" + b"\0" * 100, png(0, 5), jpeg(5, 0),
    ],
    ids=range(16),
)  # fmt: skip
def test_what_is_cut_off_or_damaged_is_refused(data: bytes) -> None:
    assert _refusal(data) == "damaged"


@pytest.mark.parametrize("data", [png(8000, 8000), jpeg(60_000, 1000), webp(b"VP8X", 10_000, 10_000), webp(b"VP8L", 16_000, 4000)])
def test_a_picture_that_fills_the_memory_is_refused(data: bytes) -> None:
    assert _refusal(data) == "too_many_pixels"


@pytest.mark.parametrize("data", [png(8192, 6144), jpeg(8192, 6144), webp(b"VP8X", 8192, 6144)])
def test_what_large_cameras_make_is_taken(data: bytes) -> None:
    assert _type(data).startswith("image/")


@pytest.mark.parametrize(
    "data",
    [
        docx(kind=WITH_MACROS), docx(more={"word/vbaProject.bin": b"x"}), docx(more={"word/VBAPROJECT.BIN": b"x"}),
        docx(kind=MAIN + '"/><Override PartName="/word/m.bin" ContentType="application/vnd.ms-office.vbaProject'),
        doc("WordDocument", "Macros", "VBA", "_VBA_PROJECT"),
    ],
    ids=["type", "part", "capitals", "renamed", "doc"],
)  # fmt: skip
def test_macros_are_refused(data: bytes) -> None:
    assert _refusal(data) == "macros"


def test_passwords_are_refused() -> None:
    raw = bytearray(docx())
    for at in (raw.index(b"PK\x03\x04") + 6, raw.index(b"PK\x01\x02") + 8):
        raw[at] |= 1
    assert _refusal(bytes(raw)) == "locked"
    assert _refusal(doc("EncryptionInfo", "EncryptedPackage")) == "locked"


def test_a_bomb_is_refused_without_being_unpacked() -> None:
    bomb = docx(more={"word/media/image1.bmp": bytes(101 * 1024 * 1024)})
    assert len(bomb) < 200_000
    assert _refusal(bomb) == "unpacks_too_large"
    assert _refusal(docx(more={f"word/{index}.xml": b"" for index in range(2000)})) == "unpacks_too_large"


def test_a_bomb_that_lies_is_refused() -> None:
    """The list of parts tells a small size; what comes out would be larger."""
    raw = docx(more={"word/big.xml": bytes(3 * 1024 * 1024)})
    lie = raw.replace(struct.pack("<I", 3 * 1024 * 1024), struct.pack("<I", 10))
    assert lie != raw
    assert _refusal(lie) == "damaged"


def test_a_list_of_parts_that_fills_the_memory_is_refused_before_it_is_read() -> None:
    names = {f"word/{index:06d}{'x' * 200}": b"" for index in range(2200)}
    assert _refusal(docx(more=names)) == "damaged"


def test_a_part_packed_another_way_is_refused() -> None:
    out = io.BytesIO(docx())
    with zipfile.ZipFile(out, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/odd.xml", b"x" * 100)
    assert _refusal(out.getvalue()) == "damaged"


def test_two_files_in_one() -> None:
    """The first bytes decide: what stands behind a picture changes nothing, and nothing may stand before a document."""
    assert _type(png() + docx()) == "image/png"
    assert _type(jpeg() + b"<script>alert(1)</script>") == "image/jpeg"
    assert _refusal(b"%!" + docx()) == "bad_type"
    assert _refusal(packed({"other": b"x"}) + docx()) == "damaged"
    assert _refusal(docx() + pdf()) == "damaged"
    assert _type(b"%PDF-1.7\n" + docx() + b"%%EOF") == "application/pdf"


def test_two_parts_of_one_name_are_refused() -> None:
    raw = docx(more={"word/documenu.xml": b"<other/>"})
    assert _refusal(raw.replace(b"word/documenu.xml", b"word/document.xml")) == "damaged"


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_is_changed_nothing_but_a_refusal_comes(kind: str, data: st.DataObject) -> None:
    raw = bytearray(SAMPLES[kind][0])
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for changed in (bytes(raw), bytes(raw[:cut]), bytes(raw[:32]) + data.draw(st.binary(max_size=300))):
        with suppress(CitizenError):
            assert _type(changed) in EXTENSIONS


def test_the_name_of_the_longest_type_fits_its_column() -> None:
    from zhixun.database import attachments

    assert max(map(len, EXTENSIONS)) == len(DOCX) <= attachments.c.type.type.length
