"""Ratings by the five indicators (Xining specification, 服务评价): what the program did and what staff did are rated apart, each once.

A window has a form for it. By the other doors one message asks, with the receipt: a touch or a single digit is the general score
(服务满意度), five digits are all indicators. What was not given is missing in the journal, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from zhixun.clock import Clock
from zhixun.conversation.order import Order
from zhixun.conversation.ports import Phrases
from zhixun.conversation.redact import clean
from zhixun.database import Database, consultations, journal
from zhixun.errors import CitizenError
from zhixun.messages import Button, Event, Reply
from zhixun.names import INDICATORS, SCALE, SUBJECTS
from zhixun.outgoing import tell
from zhixun.ports import Journal, Seal, Watch

__all__ = ["BY_STAFF", "COLUMNS", "HEARD_FOR", "Ratings", "buttons_for", "read_rating"]

COLUMNS: Mapping[str, str] = {"staff": "staff_rating", "bot": "rating"}
"""Where the scores of each subject stand in the table `consultations`."""
HEARD_FOR = timedelta(hours=48)
"""For so long after the end an answer by a door is taken for a rating; so long platforms still let words through."""
BY_STAFF = ("phone", "counter")
"""The channels at which staff alone hear and speak, and write down what they are told."""
_NOT_TALKED = ("form", "desk")
_GENERAL = "satisfaction"
_WORDS = 500
_FIVE = re.compile(r"(?a)[1-5](?:[ ,、;.]*[1-5]){4}")
_ONE = re.compile(r"(?a)([1-5])分?")
_HOTLINE = "12345"
"""The number of the government's hotline, of which people ask; nobody rates like that."""
_BETWEEN = "："
_AGAIN = "rated_again"


def read_rating(text: str) -> tuple[str, dict[str, int]] | None:
    """Return what words say of a rating: the subject, empty when they do not tell, and the scores; None when they are no rating.

    Five digits from 1 to 5 are the indicators in their order; one digit, or what a score is called, is the general one.
    """
    said = unicodedata.normalize("NFKC", text).strip(" \n。.!！")
    if _FIVE.fullmatch(said) and said != _HOTLINE:
        return "", dict(zip(INDICATORS, map(int, re.findall("[1-5]", said)), strict=True))
    if one := _ONE.fullmatch(said):
        return "", {_GENERAL: int(one[1])}
    # NFKC has made the colon of a button's words a narrow one.
    shown, between, word = said.rpartition(unicodedata.normalize("NFKC", _BETWEEN))
    subject = next((name for name, title in SUBJECTS.items() if title == shown), "")
    if word not in SCALE or (between and not subject):
        return None
    return subject, {_GENERAL: SCALE.index(word) + 1}


def buttons_for(subject: str) -> tuple[Button, ...]:
    """Return the choices of a general score, the lowest first: their numbers are the scores."""
    return tuple(Button(word, f"{SUBJECTS[subject]}{_BETWEEN}{word}") for word in SCALE)


class Ratings:
    """Asks for ratings and keeps them.

    Args:
        seal: seals what was added to a closed consultation. watch: is told of each rating in its transaction.
        link: the address of the full form of a consultation; empty when the public pages have none.
    """

    def __init__(
        self, database: Database, journal: Journal, site: Phrases, clock: Clock, order: Order, *,
        seal: Seal, watch: Watch, link: Callable[[str], str],
    ) -> None:  # fmt: skip
        self._database = database
        self._journal = journal
        self._site = site
        self._clock = clock
        self._order = order
        self._seal = seal
        self._watch = watch
        self._link = link

    async def rate(
        self, number: str, scores: Mapping[str, int], words: str, subject: str = "", *, by: str = "citizen", whole: bool = True
    ) -> None:
        """Keep a rating; after closing it becomes a supplement to the sealed file.

        Args:
            subject: one of `SUBJECTS`; empty for staff where they spoke, else for the program.
            by: who wrote it down. whole: whether all five indicators must be there.

        Raises:
            CitizenError: (400) an indicator is missing or outside 1–5, the words are too long, or there is no such part to be
                rated; (404) there is no such consultation; (409) that part is rated already.
        """
        _check(scores, words, whole=whole)
        async with self._order.turn(number):
            async with self._database.write() as connection:
                row = await self._row(connection, number)
                await self._keep(connection, row, subject, scores, words, by)
            if row["state"] == "closed":
                await self._seal(number)

    async def to_rate(self, number: str) -> tuple[str, ...]:
        """Return what can still be rated in a consultation, that of staff first where they spoke.

        Raises:
            CitizenError: (404) there is no such consultation.
        """
        async with self._database.read() as connection:
            return await self._left(connection, await self._row(connection, number))

    async def channel(self, number: str) -> str:
        """Return by which door a consultation came.

        Raises:
            CitizenError: (404) there is no such consultation.
        """
        async with self._database.read() as connection:
            return str((await self._row(connection, number))["channel"])

    async def ask(self, connection: AsyncConnection, number: str) -> Reply | None:
        """Return the question that goes out with the receipt of a closed consultation; None when nothing is to be asked any more."""
        row = await self._row(connection, number)
        subjects = await self._subjects(connection, row)
        return self._asked(number, subjects[0]) if subjects and not row[COLUMNS[subjects[0]]] else None

    async def buttons(self, connection: AsyncConnection, number: str) -> tuple[Button, ...]:
        """Return the choices that `ask` offered."""
        subjects = await self._subjects(connection, await self._row(connection, number))
        return buttons_for(subjects[0]) if subjects else ()

    async def hear(self, connection: AsyncConnection, number: str, text: str, key: str) -> bool:
        """Take what somebody writes by a door after the end of their consultation, if it is clearly a rating; tells whether it was.

        Args:
            key: the message's id, by which it is known again.
        """
        given, row = read_rating(text), await self._row(connection, number)
        if given is None or row["state"] != "closed" or self._clock.now() > datetime.fromisoformat(row["closed"]) + HEARD_FOR:
            return False
        if not await self._subjects(connection, row):
            return False
        subject, scores = given
        left = await self._left(connection, row)
        subject = subject or next(iter(left), "")
        if subject not in left:
            await self._told_again(connection, number, key)
            return True
        await self._keep(connection, row, subject, scores, "", "citizen", message_id=key)
        others = [one for one in left if one != subject]
        thanks = Reply(self._site.phrases["rating_thanks"], kind="notice")
        if others:
            asked = self._asked(number, others[0])
            thanks = Reply(f"{thanks.text}\n\n{asked.text}", buttons=asked.buttons, kind="notice")
        await tell(connection, self._journal, number, thanks, afterwards=True)
        return True

    def _asked(self, number: str, subject: str) -> Reply:
        phrases, link = self._site.phrases, self._link(number)
        asked = phrases["rating_ask"].format(subject=SUBJECTS[subject], names="、".join(INDICATORS.values()))
        return Reply(asked + (phrases["rating_link"].format(link=link) if link else ""), buttons=buttons_for(subject), kind="notice")

    async def _told_again(self, connection: AsyncConnection, number: str, key: str) -> None:
        """Say once that it was rated; whoever goes on touching buttons is not answered again and again."""
        entries = await self._journal.read(connection, number)
        if not any(entry.open.get("kind") == _AGAIN for entry in entries):
            told = Reply(self._site.phrases["rating_again"], kind=_AGAIN)
            await tell(connection, self._journal, number, told, afterwards=True, message_id=key)

    async def _keep(
        self, connection: AsyncConnection, row: sa.RowMapping, subject: str, scores: Mapping[str, int], words: str, by: str, **told: str
    ) -> None:
        may = await self._subjects(connection, row)
        subject = subject or next(iter(may), "")
        if subject not in may:
            raise CitizenError("这次咨询里没有可以这样评价的服务。", code="bad_subject", field="subject")
        if row[COLUMNS[subject]]:
            raise CitizenError("您已经评价过本次咨询，谢谢。", code="rated", status=409)
        said = {"words": clean(words).text} if words.strip() else None
        event = Event("rated", by, {"scores": dict(scores), "subject": subject, **told}, said)
        for entry in await self._journal.append(connection, row["number"], [event]):
            await self._watch(connection, entry)

    async def _left(self, connection: AsyncConnection, row: sa.RowMapping) -> tuple[str, ...]:
        return tuple(one for one in await self._subjects(connection, row) if not row[COLUMNS[one]])

    async def _subjects(self, connection: AsyncConnection, row: sa.RowMapping) -> tuple[str, ...]:
        """Return whose part there is to be rated: of staff when they spoke or called, of the program when it answered or nobody spoke.

        What comes first does not change any more once the consultation is closed.
        """
        status = sa.func.json_extract(journal.c.body, "$.open.status")
        told = sa.or_(journal.c.kind == "followed_up", sa.and_(journal.c.kind == "parsed", status != "handoff"))
        query = sa.select(journal.c.kind).where(journal.c.consultation == row["number"], told).distinct()
        kinds = set((await connection.scalars(query)).all())
        staff = bool(row["spoke"]) or "followed_up" in kinds or row["channel"] in BY_STAFF
        # Nobody has served yet who only sent a form; a file of the desk's own is nobody's consultation.
        bot = row["channel"] not in (*BY_STAFF, *_NOT_TALKED) and ("parsed" in kinds or not row["spoke"])
        subjects = (("staff", staff), ("bot", bot)) if row["spoke"] else (("bot", bot), ("staff", staff))
        return tuple(name for name, served in subjects if served)

    @staticmethod
    async def _row(connection: AsyncConnection, number: str) -> sa.RowMapping:
        row = (await connection.execute(sa.select(consultations).where(consultations.c.number == number))).mappings().first()
        if row is None:
            raise CitizenError(f"没有咨询件 {number}。", code="no_consultation", status=404)
        return row


def _check(scores: Mapping[str, int], words: str, *, whole: bool) -> None:
    unknown = set(scores) - set(INDICATORS)
    if unknown:
        raise CitizenError(f"没有这项指标：{'、'.join(sorted(unknown))}。", code="bad_score", field="scores")
    for name in INDICATORS if whole or not scores else scores:
        score = scores.get(name)
        if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= len(SCALE):
            asked = "请给五项指标各打 1–5 分。" if whole else "请至少给一项指标打 1–5 分。"
            raise CitizenError(asked, code="bad_score", field=f"scores.{name}")
    if len(words) > _WORDS:
        raise CitizenError(f"意见最多 {_WORDS} 个字。", code="too_long", field="words")
