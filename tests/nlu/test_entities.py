"""Places are whole words; what only looks like one across two words is dropped."""

from __future__ import annotations

from typing import Any

import pytest
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.training_data.message import Message

from zhixun.nlu.entities import WholeWords


def _message(words: list[str], entities: list[tuple[str, int, int]]) -> Message:
    starts = [sum(map(len, words[:at])) for at in range(len(words))]
    tokens = [Token(word, start) for word, start in zip(words, starts, strict=True)]
    found = [{"entity": kind, "start": start, "end": end, "value": "".join(words)[start:end]} for kind, start, end in entities]
    return Message({"text": "".join(words), "text_tokens": tokens, "entities": found})


@pytest.mark.parametrize(
    ("words", "entity", "kept"),
    [
        (["西宁", "的", "企业"], ("place", 0, 2), True),
        (["浙江省", "的", "补贴"], ("place", 0, 2), True),
        (["在", "西宁市", "城中区"], ("place", 1, 4), True),
        (["内", "蒙古"], ("place", 0, 3), True),
        (["书", "中", "东拼西凑"], ("place", 1, 3), False),
        (["山东", "南部"], ("place", 1, 3), False),
        (["书", "中", "东拼西凑"], ("right", 1, 3), True),
    ],
)
def test_a_place_is_a_whole_word(words: list[str], entity: tuple[str, int, int], kept: bool) -> None:
    component = WholeWords({"entities": ["place"]})
    (message,) = component.process([_message(words, [entity])])
    found: list[dict[str, Any]] = message.get("entities")
    assert bool(found) is kept
