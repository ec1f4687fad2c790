"""What is searched for: read, checked, and written back the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhixun.archive.query import LAST_PAGE, NAMES, ORDERS, Query
from zhixun.errors import CitizenError
from zhixun.names import MARKS, STATES, STATUS_NAMES

_TEXT = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=50)
_SCORE = st.floats(1, 5).map(lambda value: f"{value:.2f}")
_FLAG = st.sampled_from(["0", "1", ""])
GIVEN = st.fixed_dictionaries({}, optional={
    **dict.fromkeys(("words", "channel", "region", "right", "topic", "service", "operator", "outcome", "label"), _TEXT),
    **dict.fromkeys(("referred", "low_confidence", "unanswered", "attached", "noted", "erased"), _FLAG),
    "number": st.from_regex(r"[0-9A-Za-z-]{1,32}", fullmatch=True), "since": st.dates(max_value=date(2026, 1, 1)).map(str),
    "until": st.dates(min_value=date(2026, 1, 1)).map(str), "rating_from": st.just("1"), "rating_to": _SCORE,
    "state": st.sampled_from(list(STATES)), "mark": st.sampled_from(list(MARKS)), "status": st.sampled_from(list(STATUS_NAMES)),
    "order": st.sampled_from(list(ORDERS)), "page": st.integers(1, LAST_PAGE).map(str),
})  # fmt: skip


@given(GIVEN)
def test_what_was_read_is_written_back_the_same(told: dict[str, str]) -> None:
    query = Query.read(told)
    assert Query.read(query.write()) == query
    assert all(query.write().values())


def test_every_field_has_a_name_in_chinese_and_is_read() -> None:
    assert set(NAMES) == set(Query.__slots__)
    assert Query.read(dict.fromkeys(NAMES, " ")) == Query() == Query.read({})
    assert Query().write() == {}


def test_fields_are_read_as_what_they_are() -> None:
    query = Query.read({
        "words": " 商标　异议 ", "number": "zx-2026１121", "since": "2026-11-01", "until": "2026-11-21", "rating_from": "2.5",
        "referred": "1", "attached": "0", "page": "7", "order": "oldest",
    })  # fmt: skip
    assert (query.words, query.number, query.since, query.until) == ("商标　异议", "ZX-20261121", date(2026, 11, 1), date(2026, 11, 21))
    assert (query.rating_from, query.referred, query.attached, query.noted) == (2.5, True, False, None)
    assert (query.page, query.order) == (7, "oldest")
    assert query.write()["attached"] == "0"


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("words", "长" * 101, "最多 100 个字"), ("label", "a\x00b", "看不见"), ("operator", "\ud800", "看不见"),
        ("number", "ZX 1", "字母、数字"), ("number", "'--", "字母、数字"), ("since", "2026-13-01", "2026-11-21"),
        ("until", "昨天", "2026-11-21"),
        ("rating_from", "0", "1 到 5"), ("rating_to", "5.1", "1 到 5"), ("rating_to", "nan", "1 到 5"), ("referred", "yes", "1（是）"),
        ("state", "open", "可选的范围"), ("status", "x", "可选的范围"), ("mark", "good", "可选的范围"), ("order", "id; DROP", "可选的范围"),
        ("page", "0", "1 到 500"), ("page", "501", "1 到 500"), ("page", "-1", "1 到 500"), ("page", "٣", "1 到 500"),
        ("colour", "red", "没有“colour”"),
    ],
)  # fmt: skip
def test_what_is_refused(field: str, text: str, words: str) -> None:
    with pytest.raises(CitizenError, match=words) as told:
        Query.read({field: text})
    assert (told.value.field, told.value.status) == (field, 400)


def test_ends_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(CitizenError, match="不能晚于"):
        Query.read({"since": "2026-11-21", "until": "2026-11-20"})
    with pytest.raises(CitizenError, match="不能高于"):
        Query.read({"rating_from": "4", "rating_to": "3"})
