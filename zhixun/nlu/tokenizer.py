"""Rasa's jieba tokenizer, retrained whenever its dictionary changes.

The stock one fingerprints only the dictionary's path, so that an edited dictionary would silently not be used.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.jieba_tokenizer import JiebaTokenizer

__all__ = ["DictionaryTokenizer"]


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER], is_trainable=True)
class DictionaryTokenizer(JiebaTokenizer):
    """Cuts Chinese words with the field's own dictionary."""

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Return a digest of the dictionary files, which becomes part of the component's fingerprint."""
        folder = config.get("dictionary_path")
        if not folder:
            return None
        digest = hashlib.sha256()
        for path in sorted(Path(folder).glob("*")):
            digest.update(path.read_bytes())
        return digest.hexdigest()
