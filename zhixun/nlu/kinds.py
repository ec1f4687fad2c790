"""Whether a message wants a person, another body, or belongs to another field, where the ranking of questions cannot tell.

A multinomial logistic regression over character 1- to 3-grams (tf-idf) with four classes: `ours`, all wordings of the
field; `person`, things to be done or judged here, served papers, complaints; `theirs`, what only another body can tell or do;
`outside`, the rest of the world. The ranking knows what the field sounds like, but neither what everything else does nor
what is wanted of the field (docs/benchmarks.md).
"""

from __future__ import annotations

import json
import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from zhixun.nlu.bm25 import Vocabulary
from zhixun.nlu.text import clauses, normalise

__all__ = ["KINDS", "OURS", "OUTSIDE", "PERSON", "THEIRS", "TOLD", "Kinds", "read_examples"]

OURS, OUTSIDE, PERSON, THEIRS = KINDS = ("ours", "outside", "person", "theirs")
LONGEST = 3
SELDOM = 2
"""A gram must occur in so many texts to count."""
STRENGTH = 20.0
WEIGHTS: Mapping[str, float] = {OURS: 1.0, OUTSIDE: 2.0, PERSON: 2.0, THEIRS: 2.0}
"""The rare kinds count double, since there are ten times as many wordings of ours."""
WISHES = (PERSON, THEIRS)
"""What is wanted often stands in a clause at the end of a story that is all of the field."""
SHORTEST = 4
"""A last clause must have so many letters to be read by itself."""
TOLD = 0.7
"""Where the whole is so surely of the field, its last clause is not read by itself: it may say nothing without the rest."""
STEPS = 100
"""So many steps the fit takes: three times as many change nothing on questions from outside."""


class Kinds:
    """Tells the kind of a message.

    Args:
        vocabulary: the grams; `idf`: their weights; `weights`: kinds × grams; `bias`: one for each kind, in the order of `KINDS`.
    """

    def __init__(
        self, vocabulary: Vocabulary, idf: NDArray[np.float32], weights: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> None:
        self._vocabulary = vocabulary
        self._idf = idf
        self._weights = weights
        self._bias = bias

    @classmethod
    def fit(cls, examples: Mapping[str, Sequence[str]]) -> Kinds:
        """Fit on the texts of each kind."""
        texts = [(_grams(normalise(text)), kind) for kind in KINDS for text in examples[kind]]
        spread = Counter(gram for grams, _ in texts for gram in grams)
        vocabulary = Vocabulary(sorted(gram for gram, times in spread.items() if times >= SELDOM))
        idf = np.asarray([math.log((1 + len(texts)) / (1 + spread[gram])) + 1 for gram in vocabulary.grams], np.float32)
        matrix = _vectors(vocabulary, idf, [grams for grams, _ in texts])
        model = LogisticRegression(C=STRENGTH, max_iter=STEPS, class_weight=dict(WEIGHTS))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(matrix, [kind for _, kind in texts])
        order = [list(model.classes_).index(kind) for kind in KINDS]
        return cls(vocabulary, idf, model.coef_[order].astype(np.float32), model.intercept_[order].astype(np.float32))

    def of(self, text: str) -> dict[str, float]:
        """Return how likely a normalised text is of each kind; of a wish, how likely the text or its last clause is."""
        found = self._of(text)
        parts = [part for part in clauses(text) if len(part) >= SHORTEST]
        if len(parts) > 1 and found[OURS] < TOLD:
            last = self._of(parts[-1])
            found |= {kind: max(found[kind], last[kind]) for kind in WISHES}
        return found

    def _of(self, text: str) -> dict[str, float]:
        grams = _grams(text)
        # Few grams against tens of thousands: picking their columns is ten times as fast as a sparse product.
        numbers = self._vocabulary.numbers(list(grams))
        times = np.asarray([grams[self._vocabulary.grams[number]] for number in numbers], np.float32)
        vector = (1 + np.log(times)) * self._idf[numbers]
        scores = self._weights[:, numbers] @ (vector / max(float(np.linalg.norm(vector)), 1e-9)) + self._bias
        shares = np.exp(scores - scores.max())
        return dict(zip(KINDS, (shares / shares.sum()).tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write the fitted model as arrays and JSON; nothing in it can run code when read."""
        np.savez_compressed(folder / "kinds.npz", idf=self._idf, weights=self._weights.astype(np.float16), bias=self._bias)
        (folder / "kinds.json").write_text(json.dumps(self._vocabulary.grams, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Kinds:
        """Read what `save` wrote."""
        arrays = np.load(folder / "kinds.npz", allow_pickle=False)
        grams = json.loads((folder / "kinds.json").read_text("utf-8"))
        return cls(Vocabulary(grams), arrays["idf"], arrays["weights"].astype(np.float32), arrays["bias"])


def read_examples(folder: Path) -> dict[str, list[str]]:
    """Read the examples of each kind: `NAME.txt`, one message a line, and those of ours that look like it, `not-NAME.txt`."""
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind in (OUTSIDE, PERSON, THEIRS):
        found[kind] += (folder / f"{kind}.txt").read_text("utf-8").splitlines()
        found[OURS] += (folder / f"not-{kind}.txt").read_text("utf-8").splitlines()
    return found


def _grams(text: str) -> Counter[str]:
    return Counter(text[at : at + length] for length in range(1, LONGEST + 1) for at in range(len(text) - length + 1))


def _vectors(vocabulary: Vocabulary, idf: NDArray[np.float32], texts: Sequence[Mapping[str, int]]) -> sparse.csr_matrix:
    """Return unit vectors of (1 + ln count) × idf."""
    counts = vocabulary.counts([{gram: 1 + math.log(times) for gram, times in text.items()} for text in texts])
    weighted = counts.multiply(idf[np.newaxis, :]).tocsr()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scale: sparse.csr_matrix = sparse.diags(1 / np.maximum(lengths, 1e-9)) @ weighted
    return scale.tocsr()
