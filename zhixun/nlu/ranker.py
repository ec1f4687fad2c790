"""The knowledge ranker as a graph component: its ranking, with confidences, reaches the actions.

It also has the last word on the intent: `ask` where a curated question is meant, a dialogue act where one is,
`nlu_fallback` where neither is sure enough.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.load import fingerprint, load, read_glossary
from zhixun.knowledge.model import Glossary, Knowledge, Question
from zhixun.nlu.kinds import OURS, OUTSIDE, PERSON, THEIRS, Kinds, read_examples
from zhixun.nlu.ranking import REFERRAL, About, Document, Ranking
from zhixun.nlu.text import Terms, normalise
from zhixun.nlu.understanding import ACT, ASK, NOT_OURS, Limits, Understanding

__all__ = ["KnowledgeRanker", "documents_of", "terms_of"]

_KINDS = {NOT_OURS: OUTSIDE, REFERRAL: THEIRS}
"""Of which kind the wordings of a question are, by what its answer does."""
_PATTERN = "act_"
NO_RIGHT = "综合"
_LIMITS = {
    "act": "act_confidence", "answer": "answer_from", "unclear": "unclear_answer_from", "outside": "outside_until",
    "clear": "clear_from", "score": "score_from", "known": "known_from", "refer": "refer_from",
    "guide": "guide_from", "service": "service_from", "offer": "offer_from",
    "kind": "kind_from", "ahead": "kind_ahead",
}  # fmt: skip


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class KnowledgeRanker(GraphComponent):
    """Ranks curated questions and dialogue acts for each message.

    Config:
        knowledge: the knowledge folder, relative to the project; `own`: the deployment's own answers, laid over it.
        kinds: the folder of messages of other kinds.
        act_confidence: how sure an act must be to win over the questions.
        answer_from: from this confidence on, the first question is answered; below it, choices are offered.
        outside_until: words of other matters win over a ranking that is less sure than this.
        unclear_answer_from: the same for a bare subject without a question, and where the best score is below `clear_from`.
        refer_from: the same for a question whose answer only names who can tell.
        kind_from: from this probability on a message wants a person, another body, or is of another field, if that is also
            `kind_ahead` surer than the first question.
        guide_from: from this confidence on a guide is opened, from `service_from` on the form of a service; `offer_from`: from
            here on it is offered beside the answer.
        known_from: below this share of known grams a message is junk.
        score_from: a best score below this means that nothing in the knowledge resembles the message.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults of the config."""
        return {"knowledge": "knowledge", "own": "", "act_confidence": 0.4, "answer_from": 0.38,
                "unclear_answer_from": 0.55, "clear_from": 0.9, "outside_until": 0.9, "score_from": 0.35,
                "known_from": 0.5, "refer_from": 0.36, "guide_from": 0.5, "service_from": 0.6, "offer_from": 0.2,
                "kinds": "data/kinds", "kind_from": 0.5, "kind_ahead": 0.2}  # fmt: skip

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._understanding: Understanding | None = None

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> KnowledgeRanker:
        """Make an untrained component (Rasa's hook)."""
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Return the digest of all that is read, so that an edit of any file retrains this component."""
        folders = (config.get("knowledge") or "knowledge", config.get("own"), config.get("kinds") or "data/kinds")
        return "".join(fingerprint(Path(folder)) for folder in folders if folder)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the knowledge folder and the acts of the training data; writes the result to the model."""
        own = self._config["own"]
        knowledge = load(Path(self._config["knowledge"]), Path(own) if own else None)
        acts: dict[str, list[str]] = {}
        for example in training_data.intent_examples:
            if example.get(INTENT) != ASK:
                acts.setdefault(example.get(INTENT), []).append(example.get(TEXT))
        acts_documents = [Document(ACT + intent, tuple(words)) for intent, words in sorted(acts.items())]
        ranking = Ranking.fit([*documents_of(knowledge), *acts_documents], terms_of(knowledge.glossary))
        patterns = _patterns(training_data.regex_features)
        kinds = Kinds.fit(_examples(knowledge, acts, Path(self._config["kinds"])))
        self._understanding = Understanding(ranking, patterns, kinds, self._limits())
        with self._storage.write_to(self._resource) as folder:
            ranking.save(folder)
            kinds.save(folder)
            (folder / "patterns.txt").write_text("\n".join(f"{act}\t{p.pattern}" for act, p in patterns), "utf-8")
            glossary = Path(self._config["knowledge"]) / "glossary.yml"
            (folder / "glossary.yml").write_text(glossary.read_text("utf-8"), "utf-8")
        return self._resource

    @classmethod
    def load(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> KnowledgeRanker:  # fmt: skip
        """Read the trained component from the model (Rasa's hook)."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            ranking = Ranking.load(folder, terms_of(read_glossary(folder)))
            kinds = Kinds.load(folder)
            lines = (folder / "patterns.txt").read_text("utf-8").splitlines()
        ranking.rank("预热")  # loads the tables for simplifying and for sounds before the first citizen comes
        patterns = [(act, re.compile(pattern)) for act, pattern in (line.split("\t", 1) for line in lines)]
        component._understanding = Understanding(ranking, patterns, kinds, component._limits())
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Add `ranking` to each message and set its intent."""
        for message in messages:
            if message.get(TEXT):
                self._process(message)
        return messages

    def _process(self, message: Message) -> None:
        if self._understanding is None:
            raise RuntimeError("the ranker was asked before it was trained or loaded")
        last = str((message.get("metadata") or {}).get("last") or "")
        meaning = self._understanding.understand(message.get(TEXT), last)
        intent = {INTENT_NAME_KEY: meaning.intent, PREDICTED_CONFIDENCE_KEY: meaning.confidence}
        message.set(INTENT, intent, add_to_output=True)
        questions = [
            {"question": c.id, "confidence": round(c.confidence, 4), "score": round(c.score, 4)} for c in meaning.questions
        ]
        message.set("ranking", questions, add_to_output=True)
        told = {"rights": list(meaning.rights), "field": meaning.field, "zone": meaning.zone, "also": meaning.also,
                "subject": meaning.subject, "goes_on": meaning.goes_on, "guide": meaning.guide, "offer": meaning.offer}  # fmt: skip
        message.set("meaning", told, add_to_output=True)

    def _limits(self) -> Limits:
        return Limits(**{limit: float(self._config[key]) for limit, key in _LIMITS.items()})


def documents_of(knowledge: Knowledge) -> list[Document]:
    """Return the curated questions and the guides as the ranking's documents."""
    terms = terms_of(knowledge.glossary)

    def document(name: str, topic: Question | Guide) -> Document:
        right = "" if topic.ip[0] == NO_RIGHT else topic.ip[0]
        asked = terms.without_rights(normalise(topic.title))
        own = frozenset(topic.ip) - {NO_RIGHT}
        labels = (topic.title, topic.topic, *topic.ip)
        words = (topic.title, *topic.wordings)
        if isinstance(topic, Guide):
            return Document(name, words, own, labels, about=About(right, topic.topic, asked, own, frozenset()))
        about = About(right, topic.topic, asked, own, frozenset(topic.next), topic.answers[0].outcome)
        return Document(name, words, own, labels, tuple(answer.text for answer in topic.answers), about)

    return [document(name, topic) for name, topic in knowledge.topics.items()]


def _examples(knowledge: Knowledge, acts: Mapping[str, Sequence[str]], folder: Path) -> dict[str, list[str]]:
    """Return messages of each kind: the wordings, the acts, and those kept for this alone."""
    found = read_examples(folder)
    for topic in knowledge.topics.values():
        outcome = "" if isinstance(topic, Guide) else topic.answers[0].outcome
        found[_KINDS.get(outcome, OURS)] += topic.wordings
    found[OUTSIDE] += acts.get(NOT_OURS, ())
    found[PERSON] += (*acts.get("ask_person", ()), *acts.get("complaint", ()))
    return found


def terms_of(glossary: Glossary) -> Terms:
    """Return the glossary as the matcher uses it."""
    field, outside = ([word for words in glossary.more.get(table, {}).values() for word in words] for table in ("terms", "outside"))
    return Terms(glossary.more.get("synonyms", {}), glossary.rights, glossary.wider, field, outside)


def _patterns(features: list[dict[str, str]]) -> list[tuple[str, re.Pattern[str]]]:
    """Return the regexes named `act_<intent>` in the order of the training data."""
    return [
        (feature["name"].removeprefix(_PATTERN), re.compile(feature["pattern"]))
        for feature in features
        if feature["name"].startswith(_PATTERN)
    ]
