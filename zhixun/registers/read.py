"""Reads a register from its YAML form, which has passed its schema, and finds what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from zhixun.registers.model import (
    CHOICE,
    CHOICES,
    DAY,
    FILES,
    FLAG,
    NUMBER,
    TEXT,
    Clause,
    Due,
    Field,
    Push,
    Register,
    Rule,
    Second,
)

__all__ = ["read_registers", "register_flaws"]

_ROLES = ("clerk", "reviewer", "administrator")
_ASKED = ("@me", "@today", "@link")


def read_registers(raw: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Register]:
    """Return the registers by id, in their order.

    Args:
        raw: by id what each file holds.
    """
    read = (_register(name, one) for name, one in raw.items())
    return MappingProxyType({one.id: one for one in sorted(read, key=lambda one: (raw[one.id]["order"], one.id))})


def register_flaws(
    registers: Mapping[str, Register], clauses: Mapping[str, Collection[str]], rows: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, each with its file.

    Args:
        clauses: the clauses that each source has. rows: the ids of `coverage.yml`.
    """
    for one in registers.values():
        place = f"registers/{one.id}.yml"
        yield from ((place, flaw) for flaw in _flaws(one))
        yield from ((place, f"push {flaw}") for flaw in (_push_flaws(one.push, one, registers.get(one.push.to)) if one.push else ()))
        for clause in (*one.clauses, *(Clause(one.clauses[0].source, rule.at) for rule in one.rules)):
            if clause.source not in clauses:
                yield place, f"未知来源 {clause.source}"
            elif clause.at not in clauses[clause.source]:
                yield place, f"来源 {clause.source} 没有条款 {clause.at}"
        yield from ((place, f"covers 里的 {row} 不在 coverage.yml 里") for row in one.covers if row not in rows)
    for title, count in Counter(one.title for one in registers.values()).items():
        if count > 1:
            yield "registers", f"有 {count} 个台账都叫“{title}”"


def _flaws(one: Register) -> Iterator[str]:
    fields = one.fields
    yield from (f"两个字段都叫“{title}”" for title, count in Counter(f.title for f in one.columns).items() if count > 1)
    heading = fields.get(one.heading)
    if heading is None or heading.kind != TEXT or not heading.required:
        yield f"heading“{one.heading}”应是一个必填的短文字字段"
    if one.year and (one.year not in fields or fields[one.year].kind not in (DAY, NUMBER)):
        yield f"year“{one.year}”应是一个日期或数字字段"
    if one.standing and (one.standing not in fields or fields[one.standing].kind != CHOICE):
        yield f"standing“{one.standing}”应是一个单选字段"
    elif one.second and one.second.standing not in one.standings:
        yield f"second 的状态“{one.second.standing}”不在 {one.standing or 'standing'} 的选项里"
    for field in one.columns:
        yield from (f"字段 {field.id}：{flaw}" for flaw in _field_flaws(field, one))
    yield from (flaw for rule in one.rules for flaw in _rule_flaws(rule, one))


def _rule_flaws(rule: Rule, one: Register) -> Iterator[str]:
    unknown = [name for name in (rule.field, rule.before) if name and name not in one.fields]
    yield from (f"规则“{rule.say}”：没有字段 {name}" for name in unknown)
    options = () if unknown else one.fields[rule.field].options
    values = {*rule.least, *rule.every, *rule.among} - set(options) | set(rule.during) - set(one.standings)
    yield from (f"规则“{rule.say}”：没有选项 {value}" for value in sorted(values) if not unknown)


def _push_flaws(push: Push, one: Register, to: Register | None) -> Iterator[str]:
    if push.when not in one.standings:
        yield f"的 when“{push.when}”不是一种状态"
    if push.since and (push.since not in one.fields or one.fields[push.since].kind != DAY):
        yield f"的 since“{push.since}”应是一个日期字段"
    if to is None:
        yield f"的 to“{push.to}”不是一本台账"
        return
    if push.standing not in to.standings:
        yield f"的 standing“{push.standing}”不是“{to.title}”的一种状态"
    if push.consent not in to.fields or to.fields[push.consent].kind != FLAG:
        yield f"的 consent“{push.consent}”应是“{to.title}”的一个是否字段"
    for name, field in (("channel", push.channel), ("place", push.place), ("topics", push.topics)):
        if field and (field not in to.fields or to.fields[field].kind not in (CHOICE, CHOICES)):
            yield f"的 {name}“{field}”应是“{to.title}”的一个单选或多选字段"


def _field_flaws(field: Field, one: Register) -> Iterator[str]:
    if (field.kind in (CHOICE, CHOICES)) != bool(field.options):
        yield "有 options 的应是单选或多选，反之也是"
    if any("；" in option for option in field.options):
        yield "选项里不能有“；”，导出时用它隔开"
    if field.required and field.kind == FILES:
        yield "文件在登记以后才能添加，不能必填"
    yield from (f"takes 里没有“{name}”这种取法" for name in field.takes if name.startswith("@") and name not in _ASKED)
    due = field.due
    if due is None:
        return
    if field.kind != DAY:
        yield "只有日期字段可以有 due"
    if due.until and due.until not in one.fields:
        yield f"due 的 until“{due.until}”不是字段"
    yield from (f"due 的 ended“{name}”不是一种状态" for name in due.ended if name not in one.standings)


def _register(name: str, raw: Mapping[str, Any]) -> Register:
    fields = {field: _field(field, each) for field, each in raw["fields"].items()}
    second = raw.get("second")
    return Register(
        id=name,
        title=raw["title"],
        about=raw["about"].strip(),
        clauses=tuple(Clause(one["source"], str(one["at"])) for one in raw["clauses"]),
        covers=tuple(raw.get("covers", ())),
        write=tuple(raw.get("write", _ROLES)),
        heading=raw["heading"],
        fields=MappingProxyType(fields),
        year=raw.get("year", ""),
        standing=raw.get("standing", ""),
        second=Second(second["standing"], tuple(second["by"])) if second else None,
        rules=tuple(_rule(one) for one in raw.get("rules", ())),
        attendance=raw.get("attendance", False),
        draft=raw.get("draft", False),
        offer=raw.get("offer", ""),
        push=Push(**raw["push"]) if "push" in raw else None,
    )


def _field(name: str, raw: Mapping[str, Any]) -> Field:
    due = raw.get("due")
    return Field(
        id=name,
        title=raw["title"],
        kind=raw["kind"],
        required=raw.get("required", False),
        options=_texts(raw.get("options", ())),
        most=raw.get("most", 0),
        help=raw.get("help", ""),
        due=Due(due["warn"], due.get("until", ""), _texts(due.get("ended", ()))) if due else None,
        takes=_texts(raw.get("takes", ())),
    )


def _rule(raw: Mapping[str, Any]) -> Rule:
    return Rule(
        raw["say"], str(raw["at"]), raw["field"], raw.get("least", {}), _texts(raw.get("every", ())), _texts(raw.get("among", ())),
        raw.get("before", ""), _texts(raw.get("during", ())),
    )  # fmt: skip


def _texts(raw: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(one) for one in raw)
