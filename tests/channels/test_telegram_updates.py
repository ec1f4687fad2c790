"""How updates are read: what a person says is found, and nothing that may stand in an update breaks the reading."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhixun.channels.telegram.updates import Heard, parse, read
from zhixun.doors import Incoming

PRIVATE = {"id": 5550001, "type": "private"}
ACCOUNT = "7123456789"


def _heard(message: dict[str, Any], kind: str = "message") -> list[Incoming]:
    heard = read({"update_id": 7, kind: {"chat": PRIVATE, "from": {"id": 5550001, "is_bot": False}, **message}}, ACCOUNT)
    return list(heard.batch) if heard else []


def _only(message: dict[str, Any], kind: str = "message") -> Incoming:
    (one,) = _heard(message, kind)
    return one


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{", b"\xff\xfe", b"{}", b'{"update_id": "1"}', b'{"update_id": true}', b'{"update_id": -1}',
        b'{"update_id": 1e3}', b'{"update_id": NaN}', b'{"update_id": 1, "x": Infinity}', b"[" * 100_000,
        b'{"update_id": ' + b"9" * 5000 + b"}", b'{"update_id": ' + b"9" * 30 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)  # fmt: skip
def test_what_is_no_update_is_told_apart(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(body)


def test_an_update_is_plain_data() -> None:
    assert parse('{"update_id": 7, "message": {"text": "商标"}}'.encode()) == {"update_id": 7, "message": {"text": "商标"}}


def test_who_says_what_is_found() -> None:
    assert _only({"text": "商标异议期多久"}) == Incoming("telegram", ACCOUNT, "5550001", "7", "商标异议期多久")


@pytest.mark.parametrize(
    ("message", "text", "form"),
    [
        ({"location": {"latitude": 36.6171, "longitude": 101.7782}}, "[位置] 纬度 36.61710，经度 101.77820", "location"),
        ({"location": {"latitude": 1, "longitude": 2}, "venue": {"location": {"latitude": 1, "longitude": 2}, "title": "政务中心",
                                                                  "address": "西川南路"}}, "[位置] 政务中心，西川南路", "location"),
        ({"contact": {"phone_number": "+8613897123456"}}, "13897123456", ""),
        ({"contact": {"phone_number": "8613897123456"}}, "13897123456", ""),
        ({"contact": {"phone_number": "138 9712-3456"}}, "13897123456", ""),
        ({"contact": {"phone_number": "+14155550100"}}, "+14155550100", ""),
        ({"document": {"file_id": "d", "file_name": "证书.pdf"}}, "[文件]", "file"),
        ({"photo": [{"file_id": "p"}]}, "[图片]", "file"),
        ({"video": {"file_id": "v"}, "caption": "看看"}, "看看", ""),
        ({"text": "半个字\ud83d"}, "半个字\ufffd", ""),
    ],
)  # fmt: skip
def test_what_is_said_in_other_forms_becomes_words(message: dict[str, Any], text: str, form: str) -> None:
    one = _only(message)
    assert (one.text, one.form) == (text, form)


def test_a_document_keeps_its_name() -> None:
    one = _only({"document": {"file_id": "d", "file_name": "证书.pdf"}})
    assert (one.media, one.name) == ("d", "证书.pdf")
    assert _only({"document": {"file_id": "d"}}).name == "文件"


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ({"sticker": {"file_id": "s"}}, "text_only"), ({"video": {"file_id": "v"}}, "text_only"), ({"dice": {"value": 3}}, "text_only"),
        ({"animation": {"file_id": "a"}, "document": {"file_id": "a"}}, "text_only"), ({"voice": {"file_id": "v"}}, "unheard"),
        ({"location": {"latitude": 10**400, "longitude": 1}}, "text_only"), ({"photo": []}, "text_only"), ({"text": "/"}, "text_only"),
        ({"something_of_next_year": {}}, "text_only"), ({"text": "/start"}, "greeting"), ({"text": "/help@bot me"}, "greeting"),
    ],
)  # fmt: skip
def test_what_has_no_words_is_answered_by_a_sentence(message: dict[str, Any], reply: str) -> None:
    one = _only(message)
    assert (one.text, one.reply, one.media) == ("", reply, "")


@pytest.mark.parametrize("what", ["pinned_message", "message_auto_delete_timer_changed", "write_access_allowed"])
def test_what_telegram_tells_of_the_chat_is_nobody_s_word(what: str) -> None:
    assert _heard({what: {}}) == []


@pytest.mark.parametrize("message", [{"location": {"latitude": 1, "longitude": 2}}, {"photo": [{"file_id": "p"}]}, {}])
def test_what_is_edited_without_words_is_nothing_new(message: dict[str, Any]) -> None:
    assert _heard(message, "edited_message") == []


def test_an_edited_caption_is_words() -> None:
    one = _only({"photo": [{"file_id": "p"}], "caption": "改过的话"}, "edited_message")
    assert (one.text, one.form, one.media) == ("改过的话", "edited", "")


@pytest.mark.parametrize("status", ["administrator", "left", "restricted", None, 5])
def test_only_blocking_and_unblocking_is_coming_and_going(status: object) -> None:
    update = {"update_id": 7, "my_chat_member": {"chat": PRIVATE, "new_chat_member": {"status": status}}}
    assert read(update, ACCOUNT) is None


def test_a_group_that_the_bot_is_thrown_out_of_is_nobody() -> None:
    change = {"chat": {"id": -7, "type": "group"}, "new_chat_member": {"status": "kicked"}}
    assert read({"update_id": 7, "my_chat_member": change}, ACCOUNT) is None


_NAMES = st.sampled_from([
    "update_id", "message", "edited_message", "callback_query", "my_chat_member", "chat", "from", "id", "type", "text", "caption",
    "photo", "document", "file_id", "file_name", "location", "venue", "latitude", "longitude", "title", "contact", "phone_number",
    "data", "reply_markup", "inline_keyboard", "callback_data", "new_chat_member", "status", "is_bot", "width",
])  # fmt: skip
_VALUES = st.sampled_from([PRIVATE, "private", "kicked", "member", 5550001, "/", "/start", "\ud800", 10**400, -1, 1.5])
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | _VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=60)
@given(st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member"]), st.dictionaries(_NAMES, _ANYTHING, max_size=8))
def test_nothing_that_stands_in_an_update_breaks_the_reading(kind: str, what: dict[str, Any]) -> None:
    for inside in (what, {**what, "chat": PRIVATE, "from": {"id": 5550001}, "message": {**what, "chat": PRIVATE}}):
        heard = read({"update_id": 7, kind: inside}, ACCOUNT)
        assert heard is None or isinstance(heard, Heard)
        for one in heard.batch if heard else ():
            assert one.peer == "5550001"
            # What is handed on can be written down.
            assert "\ud800" not in one.text + one.name + one.media
