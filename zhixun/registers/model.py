"""What a register is: its fields and its rules, as a file of the knowledge tells them. All records are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "AGENCY", "CHOICE", "CHOICES", "DAY", "FILES", "FLAG", "KINDS", "LINK", "LONG", "MONEY", "NUMBER", "PERSON", "PHONE", "TEXT",
    "Clause", "Due", "Field", "Push", "Register", "Rule", "Second", "Values",
]  # fmt: skip

TEXT, LONG, CHOICE, CHOICES, DAY, NUMBER, MONEY = "text", "long", "choice", "choices", "day", "number", "money"
FLAG, PHONE, PERSON, AGENCY, FILES, LINK = "flag", "phone", "person", "agency", "files", "link"
KINDS: Mapping[str, str] = {
    TEXT: "短文字", LONG: "长文字", CHOICE: "单选", CHOICES: "多选", DAY: "日期", NUMBER: "数字", MONEY: "金额（元）", FLAG: "是否",
    PHONE: "电话", PERSON: "工作人员", AGENCY: "机构", FILES: "文件", LINK: "关联编号",
}  # fmt: skip
"""Every kind of field and how it is called."""

Values = Mapping[str, Any]
"""What a record holds, by field: a text; of `choices` and `link` a list of texts; of `files` a list of `{name, digest, id}`.

What is empty is not there. A number and a sum of money (元) are their digits, a day is ISO, a flag is `是` or `否`, a person a login
name, an agency its id.
"""


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause that asks for the register: id of a source and the place in it."""

    source: str
    at: str


@dataclass(frozen=True, slots=True)
class Due:
    """When a day is a date by which something must be done.

    Attributes:
        warn: so many days before, it is warned of.
        until: the field that ends it when it is filled in; empty: none does.
        ended: standings in which nothing is due any more.
    """

    warn: int
    until: str = ""
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        kind: of `KINDS`. options: of a choice, in order.
        most: the longest text in characters, or the largest number; 0: the kind's own limit.
        takes: names of facts of a consultation or request that fill it in; `@me`, `@today` and `@link` are what they say.
    """

    id: str
    title: str
    kind: str
    required: bool = False
    options: tuple[str, ...] = ()
    most: int = 0
    help: str = ""
    due: Due | None = None
    takes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Second:
    """A standing that only somebody else may set than who wrote the record; `by` are the roles that may."""

    standing: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """To whom the records of a register are pushed, and when.

    Attributes:
        to: the register of subscribers. consent: its flag that must say yes. standing: the standing in it that counts.
        channel: its choice of ways. place, topics: its choices by which subscribers are told apart; empty: they are not.
        when: the standing that a record must have. since: its day before which none can have been; empty: there is none.
    """

    to: str
    consent: str
    standing: str
    channel: str
    when: str
    place: str = ""
    topics: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must hold over the records of a register, and what to say when it does not.

    Attributes:
        say: what the clause asks, in Chinese. at: the clause.
        field: the field that is looked at.
        least: of the values of a choice so many records; one of them is enough. every: values of which each must occur.
        among: the values that are allowed; empty: it must only be filled in.
        before: the day field that `field` must not come after. during: the standings of the records that count; empty: all.
    """

    say: str
    at: str
    field: str
    least: Mapping[str, int]
    every: tuple[str, ...]
    among: tuple[str, ...]
    before: str
    during: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """A register.

    Attributes:
        clauses: what asks for it. covers: rows of `coverage.yml` that it serves.
        write: the roles that write in it. heading: the field that names a record.
        year, standing: the fields by which it is filtered; empty: the year of entering, or none.
        rules: what is watched over all its records. attendance: whether people sign in to a record with their telephone.
        draft: whether a record can be drafted from a consultation with its personal data taken out.
        offer: what of the knowledge a first sheet can be filled with, by the name of a source of rows; empty: nothing.
        push: to whom its records are pushed; None: to nobody.
    """

    id: str
    title: str
    about: str
    clauses: tuple[Clause, ...]
    covers: tuple[str, ...]
    write: tuple[str, ...]
    heading: str
    fields: Mapping[str, Field]
    year: str = ""
    standing: str = ""
    second: Second | None = None
    rules: tuple[Rule, ...] = ()
    attendance: bool = False
    draft: bool = False
    offer: str = ""
    push: Push | None = None

    @property
    def columns(self) -> tuple[Field, ...]:
        """The fields in their order."""
        return tuple(self.fields.values())

    @property
    def standings(self) -> tuple[str, ...]:
        """The standings that a record can have."""
        return self.fields[self.standing].options if self.standing else ()
