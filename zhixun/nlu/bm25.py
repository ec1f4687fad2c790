"""Okapi BM25 over one document per question (Robertson & Zaragoza, 2009), as one sparse matrix product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Bm25", "Vocabulary"]

# Chosen by cross-validation on the wordings; b hardly matters.
K1, B = 2.0, 0.6


class Vocabulary:
    """Numbers for grams."""

    def __init__(self, grams: Sequence[str]) -> None:
        self.grams = list(grams)
        self._index = {gram: at for at, gram in enumerate(self.grams)}

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> Vocabulary:
        """Return the vocabulary of all grams in `texts`."""
        return cls(sorted({gram for text in texts for gram in text}))

    def __len__(self) -> int:
        return len(self.grams)

    def counts(self, texts: Sequence[Mapping[str, float]]) -> sparse.csr_matrix:
        """Return the matrix texts × grams of the given counts; unknown grams are left out."""
        rows, columns, values = [], [], []
        for row, text in enumerate(texts):
            for gram, value in text.items():
                column = self._index.get(gram)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
                    values.append(value)
        shape = (len(texts), len(self.grams))
        return sparse.csr_matrix((np.asarray(values, np.float32), (rows, columns)), shape)

    def asked(self, texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
        """Return the matrix texts × grams of what occurs (1) in each question."""
        return self.counts([dict.fromkeys(text, 1.0) for text in texts])

    def numbers(self, text: Sequence[str]) -> NDArray[np.int32]:
        """Return the numbers of the known grams that occur in one question."""
        found = (self._index.get(gram, -1) for gram in dict.fromkeys(text))
        return np.fromiter((number for number in found if number >= 0), np.int32)


class Bm25:
    """Weights of grams in documents.

    Attributes:
        weights: grams × documents; a question's score of a document is the sum over its grams.
        idf: of each gram.
    """

    def __init__(self, weights: sparse.csc_matrix, idf: NDArray[np.float32]) -> None:
        self.weights = weights
        self.idf = idf

    @classmethod
    def of(cls, counts: sparse.csr_matrix) -> Bm25:
        """Fit on a matrix documents × grams."""
        documents = counts.shape[0]
        spread = np.asarray((counts > 0).sum(axis=0)).ravel()
        idf = np.log(1 + (documents - spread + 0.5) / (spread + 0.5)).astype(np.float32)
        length = np.asarray(counts.sum(axis=1)).ravel()
        norm = K1 * (1 - B + B * length / max(length.mean(), 1e-9))
        weights = counts.tocoo(copy=True)
        weights.data = idf[weights.col] * weights.data * (K1 + 1) / (weights.data + norm[weights.row])
        return cls(weights.tocsc().T.tocsr(), idf)

    def scores(self, asked: sparse.csr_matrix) -> NDArray[np.float32]:
        """Return the matrix questions × documents of scores over the sum of the question's idf, about 0–2.5."""
        known = np.asarray(asked @ self.idf).ravel()
        scores = np.asarray((asked @ self.weights).todense())
        shares: NDArray[np.float32] = (scores / np.maximum(known, 1e-6)[:, None]).astype(np.float32)
        return shares

    def score(self, grams: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the same as `scores` for one question, given the numbers of its grams, without building matrices."""
        begin, end = self.weights.indptr[grams], self.weights.indptr[grams + 1]
        spans = [slice(first, last) for first, last in zip(begin, end, strict=True)]
        documents = np.concatenate([self.weights.indices[span] for span in spans] or [np.zeros(0, np.int32)])
        weights = np.concatenate([self.weights.data[span] for span in spans] or [np.zeros(0, np.float32)])
        total = np.bincount(documents, weights, minlength=self.weights.shape[1])
        score: NDArray[np.float32] = (total / max(float(self.idf[grams].sum()), 1e-6)).astype(np.float32)
        return score


def count(parts: Sequence[Sequence[str]]) -> Counter[str]:
    """Return how often each gram occurs in several texts together."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total
