"""Entities that stand across words are none: in 书中东拼西凑 nobody speaks of 中东."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_END, ENTITY_ATTRIBUTE_START, ENTITY_ATTRIBUTE_TYPE, TEXT_TOKENS
from rasa.shared.nlu.training_data.message import Message

__all__ = ["WholeWords"]


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR], is_trainable=False)
class WholeWords(GraphComponent):
    """Drops entities that cut through words, as the tokenizer found them.

    Config:
        entities: the kinds that must be whole words; all others are left alone.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults of the config."""
        return {"entities": []}

    def __init__(self, config: dict[str, Any]) -> None:
        self._kinds = frozenset(config["entities"])

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> WholeWords:
        """Make the component (Rasa's hook)."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Drop entities in place."""
        for message in messages:
            tokens = [(token.start, token.end) for token in message.get(TEXT_TOKENS) or []]
            kept = [
                entity
                for entity in message.get(ENTITIES) or []
                if entity[ENTITY_ATTRIBUTE_TYPE] not in self._kinds
                or _whole(entity[ENTITY_ATTRIBUTE_START], entity[ENTITY_ATTRIBUTE_END], tokens)
            ]
            message.set(ENTITIES, kept, add_to_output=True)
        return messages


def _whole(start: int, end: int, tokens: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a span begins where a word does and ends where one does, or within that first word (浙江 of 浙江省)."""
    begins = any(first == start for first, _ in tokens)
    return begins and any(last == end or (first == start and last > end) for first, last in tokens)
