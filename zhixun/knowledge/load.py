"""Reads `knowledge/` from disk into frozen records."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import yaml

from zhixun.knowledge.agencies.model import Agency
from zhixun.knowledge.agencies.read import read_agencies
from zhixun.knowledge.figures import FigureError, Figures, read_figures
from zhixun.knowledge.guides.model import Guide
from zhixun.knowledge.guides.read import read_guide
from zhixun.knowledge.model import Answer, Basis, Glossary, Knowledge, Question, Source
from zhixun.knowledge.services.model import Service
from zhixun.knowledge.services.read import ServiceError, read_service

__all__ = [
    "LEARNED", "OWN", "KnowledgeError", "fingerprint", "held_against", "load", "load_figures", "one_question", "raw_question", "read_file",
    "read_glossary",
]  # fmt: skip

OWN = "本单位/"
"""Before the file names of questions that the deployment itself has written."""
LEARNED = ("answers/*.yml", "guides/*.yml", "services/*.yml", "agencies.yml", "deadlines.yml", "fees.yml", "fields.yml", "glossary.yml",
           "menus.yml", "sources.yml")  # fmt: skip
"""The files that `load` reads. The others (hours, registers, dates …) are no part of what a model learns: to change them trains nothing."""
_SCHEMAS = Path(__file__).with_name("schema.yml")


def _mapping_without_doubles(loader: Any, node: yaml.MappingNode, deep: bool = False) -> Any:
    """Refuse a key that stands twice in one mapping: YAML would silently keep the last."""
    keys = [key.value for key, _ in node.value]
    double = next((key for key, count in Counter(keys).items() if count > 1), None)
    if double is not None:
        raise yaml.constructor.ConstructorError(None, None, f"键 {double} 在同一处写了两次", node.start_mark)
    return yaml.constructor.SafeConstructor.construct_mapping(loader, node, deep)


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Yaml: Any = type("_Yaml", (_Loader,), {"construct_mapping": _mapping_without_doubles})


class KnowledgeError(Exception):
    """A file of `knowledge/` cannot be read or does not have the documented form."""


def load(folder: Path, own: Path | None = None) -> Knowledge:
    """Load everything below `folder`.

    Args:
        own: the deployment's own folder, whose `answers/*.yml` are laid over those of `folder`: the same id replaces, a new one adds.

    Raises:
        KnowledgeError: a file is not YAML, breaks the schema, or two questions of one folder share an id.
    """
    sources = {i: _source(i, raw) for i, raw in read_file(folder / "sources.yml", "sources").items()}
    figures = load_figures(folder)
    questions = _by_id(_questions(folder, figures))
    if own is not None:
        questions |= _by_id(_questions(own, figures, OWN))
    glossary = read_glossary(folder)
    return Knowledge(
        MappingProxyType(questions),
        MappingProxyType({guide.name: guide for guide in _guides(folder, figures)}),
        MappingProxyType({service.name: service for service in sorted(_services(folder), key=lambda one: (one.group, one.order))}),
        MappingProxyType(sources),
        glossary,
        figures,
        {right: tuple(questions) for right, questions in read_file(folder / "menus.yml", "menus").items()},
        _version(folder, own),
        MappingProxyType(_agencies(folder, glossary)),
    )


def load_figures(folder: Path) -> Figures:
    """Read `fees.yml` and `deadlines.yml` of `folder`."""
    files = {"fee": "fees.yml", "term": "deadlines.yml"}
    return Figures({kind: read_figures(read_file(folder / name, "figures") or {}) for kind, name in files.items()})


def _by_id(questions: Iterable[Question]) -> dict[str, Question]:
    found: dict[str, Question] = {}
    for question in questions:
        if question.id in found:
            raise KnowledgeError(f"{question.file}: 问题编号 {question.id} 与 {found[question.id].file} 重复")
        found[question.id] = question
    return found


def _questions(folder: Path, figures: Figures, place: str = "") -> Iterator[Question]:
    """Yield every question of `folder`/answers in the order of files and lines; `place` stands before the names of the files."""
    for path in sorted((folder / "answers").glob("*.yml")):
        for raw in read_file(path, "questions", place) or ():
            yield one_question(raw, f"{place}{path.name}", figures)


def one_question(raw: Mapping[str, Any], file: str, figures: Figures) -> Question:
    """Return a question as it stands in YAML, fees and deadlines put in.

    Raises:
        KnowledgeError: it names a fee or deadline that there is not, or that changes within the answer's window.
    """
    try:
        return _question(raw, file, figures)
    except FigureError as error:
        raise KnowledgeError(f"{file}: {raw['id']}：{error}") from error


def raw_question(question: Question, folder: Path, own: Path) -> dict[str, Any]:
    """Return a question of the loaded knowledge as its file has it, with the names of fees and deadlines instead of their values.

    Raises:
        KnowledgeError: the file cannot be read, or has the question no longer.
    """
    path = (own if question.file.startswith(OWN) else folder) / "answers" / question.file.removeprefix(OWN)
    found = next((raw for raw in read_file(path, "questions") or () if raw["id"] == question.id), None)
    if found is None:
        raise KnowledgeError(f"{question.file}: 没有问题 {question.id}")
    return dict(found)


def _guides(folder: Path, figures: Figures) -> Iterator[Guide]:
    """Yield the guide of every file of `folder`/guides."""
    for path in sorted((folder / "guides").glob("*.yml")):
        raw = read_file(path, "guide")
        try:
            yield read_guide(raw, path, figures)
        except FigureError as error:
            raise KnowledgeError(f"guides/{path.name}：{error}") from error


def _services(folder: Path) -> Iterator[Service]:
    """Yield the service of every file of `folder`/services."""
    paths = sorted((folder / "services").glob("*.yml"))
    shared = read_file(folder / "fields.yml", "fields") if paths else {}
    for path in paths:
        try:
            yield read_service(read_file(path, "service"), path, shared)
        except ServiceError as error:
            raise KnowledgeError(f"services/{path.name}：{error}") from error


def _agencies(folder: Path, glossary: Glossary) -> dict[str, Agency]:
    """Read `agencies.yml` of `folder`; knowledge that refers nobody says so there."""
    return read_agencies(read_file(folder / "agencies.yml", "agencies"), glossary)


def read_glossary(folder: Path) -> Glossary:
    """Read `glossary.yml` of `folder`."""
    raw: Mapping[str, Any] = read_file(folder / "glossary.yml", "glossary")
    lists = {
        name: {term: tuple(sayings) for term, sayings in table.items()} for name, table in raw.items() if name != "wider"
    }
    return Glossary(lists.pop("rights"), dict(raw["wider"]), lists.pop("places"), lists)


def _version(folder: Path, own: Path | None) -> str:
    """Return the first 12 characters of the digest of all that was read; without own answers it is that of `folder` alone."""
    shipped = fingerprint(folder)
    if own is None or not any((own / "answers").glob("*.yml")):
        return shipped[:12]
    return hashlib.sha256(f"{shipped}{fingerprint(own / 'answers')}".encode()).hexdigest()[:12]


def fingerprint(folder: Path) -> str:
    """Return a digest (64 hex characters) that changes whenever a file of `folder` changes."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".yml", ".txt")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def read_file(path: Path, kind: str, place: str = "") -> Any:
    """Read a YAML file and hold it against the schema named `kind`; `place` stands before its name where a flaw is told.

    Raises:
        KnowledgeError: it is missing, not YAML, or does not have the documented form.
    """
    name = f"{place}{path.name}"
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{name}: 无法读取：{error}") from error
    return _parsed(text, kind, name)


def _parsed(text: str, kind: str, name: str) -> Any:
    try:
        data = yaml.load(text, _Yaml)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        raise KnowledgeError(f"{name}: 无法读取：{error}") from error
    return held_against(data, kind, name)


def held_against(data: Any, kind: str, name: str) -> Any:
    """Return `data` when it has the form that the schema named `kind` asks for; `name` is what the file is called.

    Raises:
        KnowledgeError: it has another form.
    """
    flaw = jsonschema.exceptions.best_match(_validators()[kind].iter_errors(data))
    if flaw is not None:
        raise KnowledgeError(f"{name}: {_where(data, flaw)}：{flaw.message}")
    return data


@cache
def _validators() -> Mapping[str, Any]:
    schemas = yaml.load(_SCHEMAS.read_text("utf-8"), _Yaml)  # noqa: S506 - a safe loader
    # A date with a time of day would not compare with the others.
    checker = jsonschema.Draft7Validator.TYPE_CHECKER.redefine("date", lambda _, value: type(value) is date)
    extend: Any = jsonschema.validators.extend
    validator = extend(jsonschema.Draft7Validator, type_checker=checker)
    return {name: validator(schema) for name, schema in schemas.items()}


def _where(data: Any, flaw: Any) -> str:
    """Say where in the file the flaw is, by the question's id where there is one."""
    path = list(flaw.absolute_path)
    if path and isinstance(data, list) and isinstance(data[path[0]], Mapping):
        path[0] = data[path[0]].get("id", path[0])
    return " › ".join(map(str, path)) or "整个文件"


def _source(source_id: str, raw: Mapping[str, Any]) -> Source:
    return Source(
        id=source_id,
        title=raw["title"],
        issuer=raw["issuer"],
        region=raw["region"],
        verified=raw["verified"],
        number=str(raw.get("number", "")),
        since=raw.get("from"),
        until=raw.get("until"),
        replaced_by=raw.get("replaced_by", ""),
    )


def _question(raw: Mapping[str, Any], file: str, figures: Figures) -> Question:
    return Question(
        id=raw["id"],
        title=raw["title"],
        ip=tuple(raw["ip"]),
        topic=raw["topic"],
        wordings=tuple(str(words) for words in raw["wordings"]),
        answers=tuple(_answer(answer, figures) for answer in raw["answers"]),
        next=tuple(raw.get("next", ())),
        covers=tuple(raw.get("covers", ())),
        local=raw.get("local", False),
        file=file,
    )


def _answer(raw: Mapping[str, Any], figures: Figures) -> Answer:
    since, until = raw.get("valid_from"), raw.get("valid_until")
    # An answer without a beginning is good from the day somebody compared it with its sources.
    window = since or raw["checked"], until
    text = figures.fill(raw["text"].strip(), *window)
    brief = figures.fill(raw.get("brief", ""), *window)
    return Answer(
        region=raw["region"],
        text=text.text,
        facts=tuple(dict.fromkeys([*(str(fact) for fact in raw.get("facts", ())), *text.figures])),
        basis=tuple(Basis(b["source"], b["at"], figures.fill(b["gist"].strip(), *window).text) for b in raw.get("basis", ())),
        checked=raw["checked"],
        since=since,
        until=until,
        brief=brief.text,
        outcome=raw.get("outcome", "answered"),
        figure_sources=text.sources,
    )
