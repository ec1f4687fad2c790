"""One way to write a value, and digests that cannot be mistaken for one another."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.archive.canonical import EVENT, FILE, LEAF, NODE, ROOT, canonical, digest, event_hash

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
# A lone half of a surrogate pair is no character and has no UTF-8.
CHARACTERS = st.characters(exclude_categories=("Cs",))


def _is_text(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@given(VALUES.filter(_is_text))
def test_it_reads_back_and_is_stable(value: object) -> None:
    written = canonical(value)
    assert json.loads(written) == value
    assert canonical(json.loads(written)) == written


@given(st.dictionaries(st.text(CHARACTERS), st.integers()), st.randoms())
def test_the_order_of_members_does_not_matter(value: dict[str, int], chance: object) -> None:
    names = list(value)
    chance.shuffle(names)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert canonical({name: value[name] for name in names}) == canonical(value)


def test_chinese_stays_readable() -> None:
    assert canonical({"文": "商标", "a": [1, 2]}) == '{"a":[1,2],"文":"商标"}'.encode()


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))


def test_kinds_never_meet() -> None:
    assert len({digest("sha256", kind, b"x") for kind in (LEAF, NODE, EVENT, FILE, ROOT)}) == 5
    assert digest("sha256", FILE, b"x") == hashlib.sha256(b"\x03x").hexdigest()


def test_sm3() -> None:
    """The example of GB/T 32905-2016, A.1: SM3("abc")."""
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest("sm3", b"", b"abc") == expected


def test_the_hash_of_an_event_covers_all_but_itself() -> None:
    event = {"seq": 1, "prev": "0" * 64, "kind": "said", "hash": "x"}
    assert event_hash("sha256", event) == event_hash("sha256", {**event, "hash": "y"})
    assert event_hash("sha256", event) != event_hash("sha256", {**event, "prev": "1" * 64})
