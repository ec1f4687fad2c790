"""The knowledge ranker as a graph component: its ranking, with confidences, reaches the actions.

It also has the last word on the intent: `ask` where a curated question is meant, a dialogue act where one is,
`nlu_fallback` where neither is sure enough.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from zhixun.knowledge.load import fingerprint, load, read_glossary
from zhixun.knowledge.model import Glossary, Knowledge
from zhixun.nlu.ranking import Document, Ranked, Ranking
from zhixun.nlu.text import Terms, normalise

__all__ = ["ASK", "FALLBACK", "KnowledgeRanker", "documents_of", "terms_of"]

ASK, FALLBACK = "ask", "nlu_fallback"
SOUNDS_LIKE = 0.8
BARE = 8
_ASKING = re.compile("怎么|咋|如何|多久|多长|多少|几|吗|么|什么|啥|哪|谁|能|可以|可不|要|是否|不|有没|为|呢|费|期|条件|材料|流程|区别")
_ACT = "act:"
_PATTERN = "act_"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class KnowledgeRanker(GraphComponent):
    """Ranks curated questions and dialogue acts for each message.

    Config:
        knowledge: the knowledge folder, relative to the project.
        act_confidence: how sure an act must be to win over the questions.
        classifier_confidence: how sure the linear intent model must be of an act to overrule an unsure ranking.
        answer_from: from this confidence on, the first question is answered; below it, choices are offered.
        subject_answer_from: the same for a bare subject without a question.
        score_from: a best score below this means that nothing in the knowledge resembles the message.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Return the defaults of the config."""
        return {"knowledge": "knowledge", "act_confidence": 0.4, "classifier_confidence": 0.7,
                "answer_from": 0.43, "subject_answer_from": 0.7, "score_from": 0.35}  # fmt: skip

    def __init__(self, config: dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._ranking: Ranking | None = None
        self._patterns: list[tuple[str, re.Pattern[str]]] = []

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: ModelStorage, resource: Resource, execution_context: ExecutionContext
    ) -> KnowledgeRanker:
        """Make an untrained component (Rasa's hook)."""
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Return the knowledge's digest, so that an edit of any file retrains this component."""
        return fingerprint(Path(config.get("knowledge") or "knowledge"))

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the knowledge folder and the acts of the training data; writes the result to the model."""
        knowledge = load(Path(self._config["knowledge"]))
        acts: dict[str, list[str]] = {}
        for example in training_data.intent_examples:
            if example.get(INTENT) != ASK:
                acts.setdefault(example.get(INTENT), []).append(example.get(TEXT))
        acts_documents = [Document(_ACT + intent, tuple(words)) for intent, words in sorted(acts.items())]
        self._ranking = Ranking.fit([*documents_of(knowledge), *acts_documents], terms_of(knowledge.glossary))
        self._patterns = _patterns(training_data.regex_features)
        with self._storage.write_to(self._resource) as folder:
            self._ranking.save(folder)
            (folder / "patterns.txt").write_text("\n".join(f"{act}\t{p.pattern}" for act, p in self._patterns), "utf-8")
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
            component._ranking = Ranking.load(folder, terms_of(read_glossary(folder)))
            lines = (folder / "patterns.txt").read_text("utf-8").splitlines()
            component._ranking.rank("预热")  # loads the tables for simplifying and for sounds before the first citizen comes
            component._patterns = [(act, re.compile(pattern)) for act, pattern in (line.split("\t", 1) for line in lines)]
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Add `ranking` to each message and set its intent."""
        for message in messages:
            if message.get(TEXT):
                self._process(message)
        return messages

    def _process(self, message: Message) -> None:
        if self._ranking is None:
            raise RuntimeError("the ranker was asked before it was trained or loaded")
        text = normalise(message.get(TEXT))
        ranked = self._ranking.rank(text)
        linear = message.get(INTENT) or {}
        intent, confidence = self._decide(text, ranked, linear)
        # Whether it sounds like a question of the field at all, though none of the curated ones may be meant.
        likely = linear.get(INTENT_NAME_KEY) == ASK and float(linear[PREDICTED_CONFIDENCE_KEY]) >= SOUNDS_LIKE
        field = bool(ranked.terms) or likely
        message.set(INTENT, {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: confidence}, add_to_output=True)
        questions = [
            {"question": c.id, "confidence": round(c.confidence, 4), "score": round(c.score, 4)}
            for c in ranked.candidates
            if not c.id.startswith(_ACT)
        ]
        message.set("ranking", questions, add_to_output=True)
        zone = self._zone(text, questions[0] if questions else None)
        message.set("named", {"rights": list(ranked.rights), "field": field, "zone": zone}, add_to_output=True)

    def _zone(self, text: str, best: dict[str, Any] | None) -> str:
        """Return `answer`, `clarify` or `unknown`."""
        if best is None or best["score"] < self._config["score_from"]:
            return "unknown"
        # A bare subject ("商标注册") asks for no fact in particular, so it takes more to answer one.
        bare = len(text) <= BARE and not _ASKING.search(text)
        wanted = self._config["subject_answer_from" if bare else "answer_from"]
        return "answer" if best["confidence"] >= wanted else "clarify"

    def _decide(self, text: str, ranked: Ranked, linear: dict[str, Any]) -> tuple[str, float]:
        best = ranked.candidates[0]
        if ranked.exact and not best.id.startswith(_ACT):
            return ASK, 1.0
        for act, pattern in self._patterns:
            if pattern.search(text):
                return act, 1.0
        if best.id.startswith(_ACT) and best.confidence >= self._config["act_confidence"]:
            return best.id.removeprefix(_ACT), best.confidence
        name, sure = linear.get(INTENT_NAME_KEY), float(linear.get(PREDICTED_CONFIDENCE_KEY) or 0)
        unsure = best.id.startswith(_ACT) or best.confidence < self._config["answer_from"]
        if unsure and name not in (None, ASK) and sure >= self._config["classifier_confidence"]:
            return str(name), sure
        return (FALLBACK if unsure else ASK), best.confidence


def documents_of(knowledge: Knowledge) -> list[Document]:
    """Return the curated questions as the ranking's documents."""
    return [
        Document(
            question.id,
            (question.title, *question.wordings),
            frozenset(question.ip) - {"综合"},
            (question.title, question.topic, *question.ip),
            tuple(answer.text for answer in question.answers),
        )
        for question in knowledge.questions.values()
    ]


def terms_of(glossary: Glossary) -> Terms:
    """Return the glossary as the matcher uses it."""
    field = [term for terms in glossary.more.get("terms", {}).values() for term in terms]
    return Terms(glossary.more.get("synonyms", {}), glossary.rights, glossary.wider, field)


def _patterns(features: list[dict[str, str]]) -> list[tuple[str, re.Pattern[str]]]:
    """Return the regexes named `act_<intent>` in the order of the training data."""
    return [
        (feature["name"].removeprefix(_PATTERN), re.compile(feature["pattern"]))
        for feature in features
        if feature["name"].startswith(_PATTERN)
    ]
