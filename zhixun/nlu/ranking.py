"""Which curated question is meant, and how sure that is. Plain numbers; no Rasa here.

One BM25 document per question (all its wordings, its title, its answers' clauses, its right and topic) over character
1–2-grams carries the ranking; dialogue acts are documents too. A cosine to the nearest single wording gives a second
opinion. The confidence is a logistic regression over signs of agreement, fitted on wordings that were left out of the
documents (five folds), so that it tells how often such a ranking is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from zhixun.nlu.bm25 import Bm25, Vocabulary, count
from zhixun.nlu.text import Terms, clauses, grams, normalise

__all__ = ["Candidate", "Document", "Ranked", "Ranking"]

FOLDS = 5
LONG, MANY_CLAUSES = 30, 3
FACET = 0.06
_Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of one question or dialogue act (`act:greet`)."""

    id: str
    wordings: tuple[str, ...]
    rights: frozenset[str] = frozenset()
    labels: tuple[str, ...] = ()
    """Right, topic, title: counted twice."""
    phrases: tuple[str, ...] = ()
    """Clauses of the answers: counted once."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A question or act and the share of like cases in which it was right."""

    id: str
    confidence: float
    score: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """The ranking of one message, best first, with what was recognised on the way."""

    candidates: tuple[Candidate, ...]
    rights: tuple[str, ...]
    terms: int
    exact: bool = False


@dataclass
class Ranking:
    """A fitted ranking."""

    terms: Terms
    ids: list[str]
    rights: list[frozenset[str]]
    vocabulary: Vocabulary
    bm25: Bm25
    near: sparse.csr_matrix
    """Unit rows, one per wording, weighted by idf."""
    owner: NDArray[np.int32]
    """Of each wording, the document."""
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(FEATURES) + 1))
    wordings: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fit(cls, documents: Sequence[Document], terms: Terms, *, calibrate: bool = True) -> Ranking:
        """Build the documents and fit the confidence; a few seconds for 500 questions."""
        prepared = [_Prepared.of(document, terms) for document in documents]
        ranking = cls._build(prepared, terms, leave_out=None)
        ranking.wordings = {
            "".join(clauses(normalise(words))): document.id for document in reversed(documents) for words in document.wordings
        }
        if calibrate:
            ranking.weights = _calibrate(prepared, terms)
        return ranking

    @classmethod
    def _build(cls, prepared: Sequence[_Prepared], terms: Terms, leave_out: int | None) -> Ranking:
        kept = [[w for at, w in enumerate(p.wordings) if at % FOLDS != leave_out] for p in prepared]
        vocabulary = Vocabulary.of([w for words in kept for w in words] + [p.more for p in prepared])
        counts = vocabulary.counts([count([*words, p.more]) for words, p in zip(kept, prepared, strict=True)])
        bm25 = Bm25.of(counts)
        flat = [w for words in kept for w in words]
        owner = np.repeat(np.arange(len(kept), dtype=np.int32), [len(words) for words in kept])
        near = vocabulary.asked(flat).multiply(bm25.idf[None, :]).tocsr()
        return cls(terms, [p.id for p in prepared], [p.rights for p in prepared], vocabulary, bm25, _unit(near), owner)

    def rank(self, text: str, top: int = 8) -> Ranked:
        """Rank all questions and acts for one message."""
        clean = normalise(text)
        rights, found = self.terms.rights_in(clean), self.terms.count(clean)
        exact = self.wordings.get("".join(clauses(clean)))
        scores, near = self._scores([_query(clean, self.terms)], [rights])
        features = self._features(scores, near, [rights], [found])
        order = np.argsort(-scores[0], kind="stable")[:top]
        sure = _logistic(features, self.weights)[0]
        # What the first place does not get is shared by the others in the proportion of their scores.
        rest = scores[0][order[1:]]
        share = (1 - sure) * rest / max(rest.sum(), 1e-6)
        values = [sure, *share]
        candidates = [Candidate(self.ids[at], float(v), float(scores[0][at])) for at, v in zip(order, values, strict=True)]
        if exact is not None:
            others = [Candidate(c.id, 0.0, c.score) for c in candidates if c.id != exact]
            candidates = [Candidate(exact, 1.0, float(scores[0][self.ids.index(exact)])), *others]
        return Ranked(tuple(candidates), tuple(sorted(rights)), found, exact is not None)

    def _scores(
        self, queries: Sequence[_Query], rights: Sequence[frozenset[str]]
    ) -> tuple[_Matrix, _Matrix]:
        """Return the ranking scores and the cosine of the nearest wording, both questions × documents."""
        full = self.vocabulary.asked([q.full for q in queries])
        scores = self.bm25.scores(full)
        for row, query in enumerate(queries):
            if query.focus is not None:
                focus = self.bm25.scores(self.vocabulary.asked([query.focus]))[0]
                scores[row] = (scores[row] + focus) / 2
        near = np.asarray((_unit(full.multiply(self.bm25.idf[None, :]).tocsr()) @ self.near.T).todense(), np.float32)
        best = np.zeros_like(scores)
        np.maximum.at(best.T, self.owner, near.T)
        for row, asked in enumerate(rights):
            if asked:
                scores[row] += FACET * np.fromiter((_agree(asked, own) for own in self.rights), np.float32, len(self.rights))
        return scores + 0.15 * best, best

    def _features(
        self, scores: _Matrix, near: _Matrix, rights: Sequence[frozenset[str]], terms: Sequence[int]
    ) -> NDArray[np.float64]:
        order = np.argsort(-scores, axis=1)[:, :3]
        rows = np.arange(len(scores))
        first, second, third = (scores[rows, order[:, place]] for place in range(3))
        nearest = near.max(axis=1)
        of_first = near[rows, order[:, 0]]
        others = near.copy()
        others[rows, order[:, 0]] = 0
        agree = of_first >= nearest - 1e-6
        act = np.fromiter((self.ids[at].startswith("act:") for at in order[:, 0]), bool)
        facet = np.fromiter(
            (_agree(asked, self.rights[at]) if asked else 0 for asked, at in zip(rights, order[:, 0], strict=True)), float
        )
        gate = np.fromiter((min(n, 3) for n in terms), float)
        return np.column_stack([
            first, first - second, second - third, of_first, of_first - others.max(axis=1), agree, facet, gate > 0, gate, act,
        ]).astype(float)  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write the fitted ranking as arrays and JSON; nothing in it can run code when read."""
        sparse.save_npz(folder / "bm25.npz", self.bm25.weights)
        sparse.save_npz(folder / "near.npz", self.near)
        np.savez(folder / "arrays.npz", idf=self.bm25.idf, owner=self.owner, weights=self.weights)
        about = {"ids": self.ids, "rights": [sorted(r) for r in self.rights], "grams": self.vocabulary.grams,
                 "wordings": self.wordings}  # fmt: skip
        (folder / "ranking.json").write_text(json.dumps(about, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path, terms: Terms) -> Ranking:
        """Read what `save` wrote."""
        about = json.loads((folder / "ranking.json").read_text("utf-8"))
        arrays = np.load(folder / "arrays.npz", allow_pickle=False)
        return cls(
            terms, about["ids"], [frozenset(r) for r in about["rights"]], Vocabulary(about["grams"]),
            Bm25(sparse.load_npz(folder / "bm25.npz"), arrays["idf"]), sparse.load_npz(folder / "near.npz"),
            arrays["owner"], arrays["weights"], about["wordings"],
        )  # fmt: skip


FEATURES = ("first", "margin", "second_margin", "near", "near_margin", "agree", "facet", "gate", "terms", "act")


@dataclass(frozen=True, slots=True)
class _Query:
    """A message as grams: all of it, and for long stories the clauses that speak of the field and the last two."""

    full: list[str]
    focus: list[str] | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document as grams."""

    id: str
    rights: frozenset[str]
    wordings: list[list[str]]
    texts: list[str]
    more: list[str]

    @classmethod
    def of(cls, document: Document, terms: Terms) -> _Prepared:
        def cut(text: str) -> list[str]:
            return grams(clauses(terms.official(normalise(text))))

        phrases = [gram for phrase in document.phrases for gram in cut(phrase)]
        labels = [gram for label in document.labels for gram in cut(label)]
        texts = [normalise(words) for words in document.wordings]
        return cls(document.id, document.rights, [cut(w) for w in document.wordings], texts, phrases + 2 * labels)


def _query(clean: str, terms: Terms) -> _Query:
    parts = clauses(terms.official(clean))
    full = grams(parts)
    if len(clean) <= LONG or len(parts) < MANY_CLAUSES:
        return _Query(full, None)
    focus = [part for at, part in enumerate(parts) if at >= len(parts) - 2 or terms.count(part)]
    return _Query(full, grams(focus) if len(focus) < len(parts) else None)


def _agree(asked: frozenset[str], own: frozenset[str]) -> int:
    """Return 1 when a document is about a right that was named, -1 when about others only, 0 when about none."""
    if not own:
        return 0
    return 1 if asked & own else -1


def _unit(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(length, 1e-6)).dot(rows).astype(np.float32).tocsr()


def _logistic(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = 1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1])))
    return values


def _calibrate(prepared: Sequence[_Prepared], terms: Terms) -> NDArray[np.float64]:
    """Fit the confidence on wordings that were left out of the documents."""
    features, right = [], []
    for fold in range(FOLDS):
        ranking = Ranking._build(prepared, terms, leave_out=fold)
        held = [(at, text) for at, p in enumerate(prepared) for n, text in enumerate(p.texts) if n % FOLDS == fold]
        queries = [_query(text, terms) for _, text in held]
        rights = [terms.rights_in(text) for _, text in held]
        found = [terms.count(text) for _, text in held]
        scores, near = ranking._scores(queries, rights)
        features.append(ranking._features(scores, near, rights, found))
        right.append(scores.argmax(axis=1) == np.asarray([at for at, _ in held]))
    x, y = np.vstack(features), np.concatenate(right)
    model = LogisticRegression(C=10.0, max_iter=1000).fit(x, y)
    return np.append(model.coef_[0], model.intercept_[0])
