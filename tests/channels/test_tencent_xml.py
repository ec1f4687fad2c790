"""The XML of callbacks: what is read, what is refused, and what is written."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.channels.tencent.crypto import Refused
from zhixun.channels.tencent.xml import LARGEST, read_xml, write_xml


def test_the_texts_below_the_root_are_read() -> None:
    body = """<?xml version="1.0" encoding="UTF-8"?>
        <xml><ToUserName><![CDATA[gh_x]]></ToUserName>
        <CreateTime>1700000000</CreateTime><Content><![CDATA[一 < 二 & "三" ]]]]><![CDATA[> 完]]></Content><Empty/></xml>"""
    expected = {"ToUserName": "gh_x", "CreateTime": "1700000000", "Content": '一 < 二 & "三" ]]> 完', "Empty": ""}
    assert read_xml(body.encode()) == expected


def test_what_lies_deeper_is_left_out_and_the_first_of_a_name_counts() -> None:
    body = b"<xml><A>1</A><List><Count>2</Count><item><A>3</A></item></List><A>4</A></xml>"
    assert read_xml(body) == {"A": "1", "List": ""}


_ENTITY = '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><Content>&b;</Content></xml>'
_FILE = '<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/hostname">]><xml><Content>&x;</Content></xml>'


@pytest.mark.parametrize(
    "body",
    [
        _ENTITY, _FILE, "<!DOCTYPE xml><xml/>", '<!DOCTYPE xml SYSTEM "http://x/y.dtd"><xml/>', "<xml><?php echo 1 ?></xml>",
        "<xml><A>1</xml>", "<xml>", "", "plain", "{}", "<xml/><xml/>", "<a>" * 7 + "</a>" * 7, "<xml>&unknown;</xml>",
        "<xml>" + "x" * LARGEST + "</xml>",
    ],
    ids=["bomb", "file", "doctype", "dtd", "instruction", "unclosed", "cut", "empty", "text", "json", "two", "deep", "entity", "large"],
)  # fmt: skip
def test_what_has_no_place_in_a_callback_is_refused(body: str) -> None:
    with pytest.raises(Refused):
        read_xml(body.encode())


@pytest.mark.parametrize("body", [b"<xml><A>\xff\xfe</A></xml>", "<xml><A>测试</A></xml>".encode("gb18030"), b"<xml>\0</xml>"])
def test_other_encodings_are_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_xml(body)


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_whatever_is_said_is_written_so_that_it_can_be_read(text: str) -> None:
    written = write_xml({"Content": text, "CreateTime": 5})
    there = "".join(letter for letter in text if letter in "\t\n\r" or " " <= letter not in "\ufffe\uffff")
    read = ElementTree.fromstring(written.decode())
    # A reader of XML makes one line break of two.
    assert (read.findtext("Content") or "") == there.replace("\r\n", "\n").replace("\r", "\n")
    assert read.findtext("CreateTime") == "5"
