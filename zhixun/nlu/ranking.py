"""Which curated question is meant, and how sure that is. Plain numbers; no Rasa here.

Two BM25 views of the same questions are added up: by sight (the wordings with the answers' clauses, in characters) and by
sound (the wordings in pinyin), which forgives what people mistype by ear. Each view has one document per question; dialogue
acts are documents too. The confidence is a logistic function of one sign, how far the first place is ahead of the second:
richer sets of signs were tried and told right from wrong no better on questions from outside (docs/benchmarks.md). It is
fitted on wordings that were left out of the documents (five folds).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from zhixun.knowledge.guides.model import GUIDE, SERVICE
from zhixun.nlu.bm25 import Bm25, Vocabulary, count
from zhixun.nlu.text import Terms, clauses, grams, normalise, sounds

__all__ = ["WALKS", "About", "Candidate", "Document", "Held", "Ranked", "Ranking", "cross_validate"]

FOLDS = 5
LONG, MANY_CLAUSES = 30, 3
FACET = 0.03
OUTSIDE, REFERRAL = "out_of_scope", "referral"
PLACES = 3
WALKS = (GUIDE, SERVICE)
"""Before the ids of guides and of the forms of services: they are ranked apart from the questions."""
SIBLINGS = 2
"""A topic of fewer questions needs no menu."""
VIEWS: Mapping[str, float] = {"sight": 1.0, "sound": 1.5}
"""The views and their weights, chosen on questions that are not in the knowledge."""

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
    about: About | None = None
    """Of questions only."""


@dataclass(frozen=True, slots=True)
class About:
    """What a question is about, and which questions people ask next.

    Attributes:
        right: its main right; empty when it is about none or all.
        asked: its title without that right: what a question on another right would ask as well.
        outcome: `answered`, `referral` (only somebody else can say) or `out_of_scope` (of another field).
    """

    right: str
    topic: str
    asked: str
    rights: frozenset[str]
    next: frozenset[str]
    outcome: str = "answered"

    @property
    def ours(self) -> bool:
        """Whether it is of the field."""
        return self.outcome != OUTSIDE

    @property
    def refers(self) -> bool:
        """Whether its answer claims nothing and only names who can tell."""
        return self.outcome == REFERRAL


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
    known: float
    """The share of its grams that occur in any document: next to nothing for junk."""
    exact: bool = False
    guide: Candidate | None = None
    """The likeliest guide or form, which takes no place from the questions."""
    door: Candidate | None = None
    """The likeliest of the questions that only name who can tell, wherever it stands among all."""


@dataclass(frozen=True, slots=True)
class Held:
    """A wording that was ranked without being known: where it belongs, the first places, and how far ahead the first was."""

    id: str
    text: str
    places: tuple[str, ...]
    margin: float


@dataclass(frozen=True, slots=True)
class _View:
    """One way of looking at the documents."""

    vocabulary: Vocabulary
    bm25: Bm25

    @classmethod
    def of(cls, documents: Sequence[Sequence[Sequence[str]]]) -> _View:
        """Build the view from each document's texts, cut into grams."""
        vocabulary = Vocabulary.of([text for document in documents for text in document])
        return cls(vocabulary, Bm25.of(vocabulary.counts([count(document) for document in documents])))

    def scores(self, queries: Sequence[Sequence[str]]) -> _Matrix:
        """Return questions × documents."""
        if len(queries) == 1:
            return self.bm25.score(self.vocabulary.numbers(queries[0]))[None]
        return self.bm25.scores(self.vocabulary.asked(queries))


@dataclass
class Ranking:
    """A fitted ranking."""

    terms: Terms
    ids: list[str]
    rights: list[frozenset[str]]
    views: dict[str, _View]
    slope: float = 1.0
    intercept: float = 0.0
    wordings: dict[str, str] = field(default_factory=dict)
    about: dict[str, About] = field(default_factory=dict)

    @classmethod
    def fit(cls, documents: Sequence[Document], terms: Terms, *, calibrate: bool = True) -> Ranking:
        """Build the views and fit the confidence; some seconds for 500 questions."""
        prepared = [_Prepared.of(document, terms) for document in documents]
        ranking = cls._build(prepared, terms, leave_out=None)
        ranking.wordings = {
            "".join(clauses(normalise(words))): document.id for document in reversed(documents) for words in document.wordings
        }
        ranking.about = {document.id: document.about for document in documents if document.about}
        if calibrate:
            ranking.slope, ranking.intercept = _calibrate(prepared, terms)
        return ranking

    @classmethod
    def _build(cls, prepared: Sequence[_Prepared], terms: Terms, leave_out: int | None) -> Ranking:
        def kept(texts: list[list[str]]) -> list[list[str]]:
            return [text for at, text in enumerate(texts) if at % FOLDS != leave_out]

        views = {
            "sight": _View.of([[*kept(p.wordings), p.more] for p in prepared]),
            "sound": _View.of([kept(p.sounds) for p in prepared]),
        }
        return cls(terms, [p.id for p in prepared], [p.rights for p in prepared], views)

    @cached_property
    def _walks(self) -> NDArray[np.intp]:
        """Where the guides and forms stand among the documents; the questions and acts are all the others."""
        return np.flatnonzero([name.startswith(WALKS) for name in self.ids])

    @cached_property
    def _questions(self) -> NDArray[np.intp]:
        return np.setdiff1d(np.arange(len(self.ids)), self._walks)

    @cached_property
    def _doors(self) -> NDArray[np.intp]:
        return np.flatnonzero([name in self.about and self.about[name].refers for name in self.ids])

    @property
    def subjects(self) -> Mapping[str, str]:
        """The rights (and what people call them) and the topics of one right, each to its official word."""
        by_topic: dict[str, list[str]] = {}
        for about in self.about.values():
            by_topic.setdefault(about.topic, []).append(about.right)
        topics = {normalise(topic): topic for topic, rights in by_topic.items() if len(rights) >= SIBLINGS and len(set(rights)) == 1}
        return {**topics, **self.terms.rights}

    def near(self, question: str) -> frozenset[str]:
        """Return the questions that go on from one: those it leads to, and those on the same right."""
        own = self.about[question]
        same = {other for other, about in self.about.items() if own.rights & about.rights or about.topic == own.topic}
        return (own.next | frozenset(same)) - {question}

    def rank(self, text: str, top: int = 8) -> Ranked:
        """Rank all questions and acts for one message."""
        clean = normalise(text)
        query = _Query.of(clean, self.terms)
        exact = self.wordings.get("".join(clauses(clean)))
        scores = self._score([query])
        order = self._questions[np.argsort(-scores[0][self._questions], kind="stable")[:top]]
        margin = scores[0][order[0]] - scores[0][order[1]]
        sure = self.sure(float(margin))
        # What the first place does not get is shared by the others in the proportion of their scores.
        rest = scores[0][order[1:]]
        values = [sure, *((1 - sure) * rest / max(rest.sum(), 1e-6))]
        candidates = [Candidate(self.ids[at], float(v), float(scores[0][at])) for at, v in zip(order, values, strict=True)]
        if exact is not None and not exact.startswith(WALKS):
            others = [Candidate(c.id, 0.0, c.score) for c in candidates if c.id != exact]
            candidates = [Candidate(exact, 1.0, float(scores[0][self.ids.index(exact)])), *others]
        sight = query.grams["sight"]
        best = float(scores[0][order[0]])
        guide = self._guide(scores[0], best, exact)
        door = self._first(scores[0], self._doors, best)
        known = len(self.views["sight"].vocabulary.numbers(sight)) / max(1, len(set(sight)))
        return Ranked(tuple(candidates), tuple(sorted(query.rights)), query.found, known, exact is not None, guide, door)

    def _guide(self, scores: NDArray[np.float32], best: float, exact: str | None) -> Candidate | None:
        """Return the likeliest guide or form and how sure it is against the best question; it takes nothing from the questions."""
        if exact is not None and exact.startswith(WALKS):
            return Candidate(exact, 1.0, float(scores[self.ids.index(exact)]))
        return self._first(scores, self._walks, best)

    def _first(self, scores: NDArray[np.float32], among: NDArray[np.intp], best: float) -> Candidate | None:
        """Return the likeliest of some documents and how sure it is against the best question; None when there are none."""
        if not len(among):
            return None
        first = int(among[np.argmax(scores[among])])
        return Candidate(self.ids[first], self.sure(float(scores[first]) - best), float(scores[first]))

    def sure(self, margin: float) -> float:
        """Return the share of like cases in which a first place that was `margin` ahead of the second was right."""
        return float(1 / (1 + np.exp(-(self.slope * margin + self.intercept))))

    def _score(self, queries: Sequence[_Query]) -> _Matrix:
        """Return the scores, questions × documents."""
        parts = {name: view.scores([query.grams[name] for query in queries]) for name, view in self.views.items()}
        for row, query in enumerate(queries):
            for name, focus in query.focus.items():
                parts[name][row] = (parts[name][row] + self.views[name].scores([focus])[0]) / 2
        total: _Matrix = np.sum([weight * parts[name] for name, weight in VIEWS.items()], axis=0) / sum(VIEWS.values())
        agree = [[_agree(query.rights, own) for own in self.rights] for query in queries]
        facets = np.asarray(agree, np.float32).reshape(total.shape)
        scores: _Matrix = (total + FACET * facets).astype(np.float32)
        return scores

    def save(self, folder: Path) -> None:
        """Write the fitted ranking as arrays and JSON; nothing in it can run code when read."""
        for name, view in self.views.items():
            sparse.save_npz(folder / f"{name}.npz", view.bm25.weights)
        np.savez(folder / "arrays.npz", **{name: view.bm25.idf for name, view in self.views.items()})
        questions = {
            name: [one.right, one.topic, one.asked, sorted(one.rights), sorted(one.next), one.outcome] for name, one in self.about.items()
        }
        about = {"ids": self.ids, "rights": [sorted(own) for own in self.rights], "wordings": self.wordings,
                 "slope": self.slope, "intercept": self.intercept, "about": questions,
                 "grams": {name: view.vocabulary.grams for name, view in self.views.items()}}  # fmt: skip
        (folder / "ranking.json").write_text(json.dumps(about, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path, terms: Terms) -> Ranking:
        """Read what `save` wrote."""
        about = json.loads((folder / "ranking.json").read_text("utf-8"))
        arrays = np.load(folder / "arrays.npz", allow_pickle=False)
        views = {
            name: _View(Vocabulary(grams), Bm25(sparse.load_npz(folder / f"{name}.npz"), arrays[name]))
            for name, grams in about["grams"].items()
        }
        rights = [frozenset(own) for own in about["rights"]]
        questions = {name: About(right, topic, asked, frozenset(own), frozenset(after), outcome)
                     for name, (right, topic, asked, own, after, outcome) in about["about"].items()}  # fmt: skip
        return cls(terms, about["ids"], rights, views, about["slope"], about["intercept"], about["wordings"], questions)


@dataclass(frozen=True, slots=True)
class _Query:
    """A message as grams for each view; for long stories also the clauses that speak of the field and the last two."""

    grams: dict[str, list[str]]
    focus: dict[str, list[str]]
    rights: frozenset[str]
    found: int

    @classmethod
    def of(cls, clean: str, terms: Terms) -> _Query:
        parts = clauses(terms.official(clean))
        focus: dict[str, list[str]] = {}
        if len(clean) > LONG and len(parts) >= MANY_CLAUSES:
            chosen = [part for at, part in enumerate(parts) if at >= len(parts) - 2 or terms.count(part)]
            focus = _views(chosen) if len(chosen) < len(parts) else {}
        return cls(_views(parts), focus, terms.rights_in(clean), terms.count(clean))


def _views(parts: list[str]) -> dict[str, list[str]]:
    """Return clauses as grams for each view."""
    return {"sight": grams(parts), "sound": sounds(parts)}


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document as grams."""

    id: str
    rights: frozenset[str]
    texts: list[str]
    wordings: list[list[str]]
    sounds: list[list[str]]
    more: list[str]

    @classmethod
    def of(cls, document: Document, terms: Terms) -> _Prepared:
        def cut(text: str) -> list[str]:
            return clauses(terms.official(normalise(text)))

        more = [gram for phrase in document.phrases for gram in grams(cut(phrase))]
        more += 2 * [gram for label in document.labels for gram in grams(cut(label))]
        texts = [normalise(words) for words in document.wordings]
        parts = [cut(words) for words in document.wordings]
        return cls(document.id, document.rights, texts, [grams(p) for p in parts], [sounds(p) for p in parts], more)


def _agree(asked: frozenset[str], own: frozenset[str]) -> int:
    """Return 1 when a document is about a right that was named, -1 when about others only, 0 when about none."""
    if not own or not asked:
        return 0
    return 1 if asked & own else -1


def cross_validate(documents: Sequence[Document], terms: Terms) -> list[Held]:
    """Rank every wording by a ranking that was built without it (five folds)."""
    return _held_out([_Prepared.of(document, terms) for document in documents], terms)


def _held_out(prepared: Sequence[_Prepared], terms: Terms) -> list[Held]:
    found = []
    for fold in range(FOLDS):
        ranking = Ranking._build(prepared, terms, leave_out=fold)
        held = [(p.id, text) for p in prepared for n, text in enumerate(p.texts) if n % FOLDS == fold]
        scores = ranking._score([_Query.of(text, terms) for _, text in held])
        order = np.argsort(-scores, axis=1, kind="stable")[:, :PLACES]
        for (name, text), row, places in zip(held, scores, order, strict=True):
            margin = float(row[places[0]] - row[places[1]])
            found.append(Held(name, text, tuple(ranking.ids[at] for at in places), margin))
    return found


def _calibrate(prepared: Sequence[_Prepared], terms: Terms) -> tuple[float, float]:
    """Fit the confidence on wordings that were left out of the documents."""
    held = _held_out(prepared, terms)
    margins, right = [[one.margin] for one in held], [one.id == one.places[0] for one in held]
    model = LogisticRegression(C=100.0).fit(margins, right)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
