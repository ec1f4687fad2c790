"""Search over a large archive: makes consultations, lets the index read them, and times searches of all kinds.

    python -m bench.archive [--cases 100000] [--folder FOLDER] [--write]

The journal is real: its rows are chained and sealed by the product's own functions, only written many at once, and the index
reads them with `catch_up` as it does in the service. The tables that no search looks at are left empty.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from tqdm import tqdm

from bench.product import PROJECT, report
from zhixun.archive.canonical import canonical, event_hash
from zhixun.archive.case_words import forget_words, purge
from zhixun.archive.index import Index
from zhixun.archive.journal import GENESIS, Journal
from zhixun.archive.keys import Keyring, seal
from zhixun.archive.query import LAST_PAGE, Query
from zhixun.archive.search import Search
from zhixun.archive.words import Words
from zhixun.clock import Clock, stamp
from zhixun.database import Database, journal, migrate
from zhixun.knowledge.load import load
from zhixun.knowledge.model import Knowledge
from zhixun.messages import Event
from zhixun.names import MARKS, OUTCOMES
from zhixun.numbers import make_number

BAR_MS = 200
DAYS = 700
LAST_DAY = date(2026, 11, 20)
AT_ONCE = 500
ROUNDS = 3
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉力宁海燕志红梅春晓东雪莲卓玛才让措吉扎西多央金旦增"
FIRMS = ("科技", "商贸", "农牧", "食品", "文化传媒", "生物", "建材", "矿业", "枸杞", "牦牛乳业", "藏毯", "新能源", "盐化", "中药材")
CHANNELS = ("web", "web", "web", "wechat", "wecom", "api", "form")
REGIONS = ("西宁市", "西宁市", "西宁市", "海东市", "海南州", "玉树州", "青海省")
STAFF = ("zhang", "li", "wang", "ma", "sun", "caidan", "han", "yang")
LABELS = ("重点", "企业", "投诉", "高校", "复访", "涉外", "批量", "疑难")
INDICATORS = ("professionalism", "attitude", "content", "quality", "satisfaction")


@dataclass
class Maker:
    """Makes consultations of people who ask what the knowledge answers."""

    rng: random.Random
    knowledge: Knowledge

    def __post_init__(self) -> None:
        self.questions = list(self.knowledge.questions.values())
        self.services = [name.removeprefix("service:") for name in self.knowledge.services]

    def person(self) -> str:
        return self.rng.choice(SURNAMES) + "".join(self.rng.choices(GIVEN, k=self.rng.randint(1, 2)))

    def firm(self) -> str:
        return f"西宁{''.join(self.rng.choices(GIVEN, k=2))}{self.rng.choice(FIRMS)}有限公司"

    def consultation(self) -> Iterator[Event]:
        rng = self.rng
        yield Event("opened", "zhixun", {"channel": rng.choice(CHANNELS), "region": rng.choice(REGIONS), "consent": True})
        yield Event("said", "bot", {"turn": 0, "kind": "greeting"}, {"text": "您好，我是知识产权咨询助手，请问有什么可以帮您？"})
        turns = rng.choice((1, 1, 1, 2, 2, 4))
        for turn in range(1, turns + 1):
            yield from self.turn(turn)
        if rng.random() < 0.15:
            yield from self.by_staff(f"staff:{rng.choice(STAFF)}")
        if rng.random() < 0.06:
            yield self.request()
        if rng.random() < 0.05:
            told = {"id": f"{rng.getrandbits(64):x}", "type": "application/pdf", "size": 9, "digest": ""}
            yield Event("attached", "citizen", told, {"name": "附件.pdf"})
        if rng.random() < 0.9:
            yield Event("closed", "idle", {"state": "closed", "reason": "idle", "outcome": rng.choice(("", "", *OUTCOMES))})
        if rng.random() < 0.2:
            scores = dict.fromkeys(INDICATORS, rng.choice((1, 3, 4, 5, 5)))
            yield Event("rated", "citizen", {"scores": scores}, {"words": rng.choice(("很好", "有点慢", "回答清楚", "没有解决"))})
        if rng.random() < 0.1:
            yield Event("reviewed", f"staff:{rng.choice(STAFF)}", {"mark": rng.choice(list(MARKS)), "second": False}, {"words": "已核"})

    def turn(self, turn: int) -> Iterator[Event]:
        rng, question = self.rng, self.rng.choice(self.questions)
        about = rng.choice(("", "", f"，我是{self.person()}", f"，我们是{self.firm()}", f"，去年{rng.randint(1, 12)}月的事"))
        status = rng.choices(("answered", "clarify", "unknown", "out_of_scope", "small_talk"), (80, 8, 6, 4, 2))[0]
        told = {"turn": turn, "hidden": [], "message_id": f"m{rng.getrandbits(64):x}"}
        yield Event("said", "citizen", told, {"text": rng.choice(question.wordings) + about})
        ranking = [{"question": question.id, "confidence": 0.9, "score": 0.9}]
        yield Event("parsed", "engine", {"turn": turn, "status": status, "intent": "ask", "confidence": round(rng.uniform(0.4, 1), 4),
                                         "ranking": ranking, "entities": [], "model": "m", "in_guide": False})  # fmt: skip
        answer = rng.choice(question.answers).text if status == "answered" else "这个问题还没有经过审核的答复，可以转给工作人员。"
        told = {"turn": turn, "status": status, "kind": "answer", "knowledge": [question.id] if status == "answered" else []}
        yield Event("said", "bot", told, {"text": answer, "basis": [], "buttons": []})

    def by_staff(self, who: str) -> Iterator[Event]:
        rng = self.rng
        yield Event("handed_off", "citizen", {"state": "queued", "reason": "asked", "team": "desk"})
        yield Event("claimed", who, {"state": "staff", "operator": who.removeprefix("staff:")})
        words = f"{self.person()}您好，{rng.choice(rng.choice(self.questions).answers).text[:80]}"
        yield Event("said", who, {"turn": 0, "kind": "staff", "fence": 1, "knowledge": []}, {"text": words, "basis": [], "buttons": []})
        yield Event("labelled", who, {"add": [rng.choice(LABELS)], "remove": []})
        if rng.random() < 0.4:
            words = f"已与{self.firm()}电话核实，{rng.choice(('待补材料', '转维权援助', '已解释'))}"
            yield Event("noted", who, {"mentions": []}, {"text": words})
        if rng.random() < 0.2:
            told = {"slip": f"ZB-{rng.randint(1, 99999)}", "agency": "court", "kind": "civil", "way": "mail", "standing": "issued", "due": ""}
            yield Event("referred", who, told, {"words": "请接收"})

    def request(self) -> Event:
        told = {"request": f"FW-20261121-{self.rng.randint(1, 999999):06d}-01-1", "service": self.rng.choice(self.services),
                "target": "desk", "standing": "received", "due": "", "priority": ""}  # fmt: skip
        facts = [["单位", self.firm()], ["联系人", self.person()]]
        return Event("requested", "citizen", told, {"title": "服务申请", "facts": facts, "values": {}})


class Stopwatch:
    """Takes times, by the clock on the wall and by what this process computed: on a shared machine they differ."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.computed: list[float] = []

    def start(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        self.wall.append((time.perf_counter() - self._began[0]) * 1e3)
        self.computed.append((time.process_time() - self._began[1]) * 1e3)

    def __str__(self) -> str:
        return f"{spread(self.wall)} (computing {spread(self.computed)})"


class Timed(Database):
    """The store; takes the time for which each writing kept the others out."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.held = Stopwatch()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        async with super().write() as connection:
            self.held.start()
            yield connection
        self.held.stop()


async def fill(book: Journal, maker: Maker, count: int) -> int:
    """Write the consultations; returns how many entries."""
    prev, total = GENESIS, 0
    for start in tqdm(range(0, count, AT_ONCE), desc="making", unit="×500"):
        rows: list[dict[str, Any]] = []
        async with book.database.write() as connection:
            for place in range(start, min(start + AT_ONCE, count)):
                day = LAST_DAY - timedelta(days=DAYS - 1 - place * DAYS // count)
                number = make_number("ZX", day, place % 900_000 + 1)
                await book.keyring.create(connection, number)
                key = await book.keyring.find(connection, number)
                moment = stamp(datetime(day.year, day.month, day.day, 2, tzinfo=UTC))
                for seq, event in enumerate(maker.consultation(), 1):
                    body: dict[str, Any] = {"open": dict(event.open)}
                    if event.private is not None and key is not None:
                        body["sealed"] = seal(key, f"{number}/{seq}", event.private)
                    told = {"time": moment, "kind": event.kind, "actor": event.actor, "body": body, "prev": prev}
                    row = {"consultation": number, "seq": seq, **told}
                    prev = event_hash(book.algorithm, row)
                    rows.append({**row, "body": canonical(body).decode(), "hash": prev})
            await connection.execute(journal.insert(), rows)
        total += len(rows)
    return total


def searches(number: str) -> dict[str, Query]:
    """Return the searches by name."""
    given: dict[str, dict[str, str]] = {
        "newest": {}, "oldest": {"order": "oldest"}, "last page": {"page": str(LAST_PAGE)},
        "rare words": {"words": "藏毯有限公司 卓玛"}, "a name": {"words": "才让"}, "a word": {"words": "布图设计"},
        "common word": {"words": "商标"}, "most common word": {"words": "知识产权"}, "two words": {"words": "商标 异议"},
        "four words": {"words": "专利 年费 减缴 西宁"}, "a question": {"words": "外观设计专利保护期限是多久"},
        "no such word": {"words": "量子纠缠"}, "number": {"number": number}, "part of a number": {"number": "000123"},
        "days": {"since": "2026-06-01", "until": "2026-06-30"}, "channel": {"channel": "wechat"}, "region": {"region": "玉树州"},
        "right": {"right": "商标"}, "topic": {"topic": "费用"}, "service": {"service": "priority"}, "status": {"status": "unknown"},
        "operator": {"operator": "caidan"}, "outcome": {"outcome": "visit"}, "low rating": {"rating_to": "2", "order": "rating"},
        "referred": {"referred": "1"}, "unsure": {"low_confidence": "1", "order": "confidence"},
        "label and mark": {"label": "疑难", "mark": "wrong"}, "nothing at all": {"label": "没有"}, "longest": {"order": "turns"},
        "common word, rare filter": {"words": "知识产权", "label": "涉外", "mark": "wrong"},
        "word and filters": {"words": "专利", "since": "2026-06-01", "region": "西宁市", "status": "unknown", "channel": "web"},
        "word, last page": {"words": "知识产权", "page": str(LAST_PAGE)}, "word by confidence": {"words": "专利", "order": "confidence"},
    }  # fmt: skip
    return {name: Query.read(fields) for name, fields in given.items()}


def spread(times: list[float]) -> str:
    times = sorted(times)
    p50, p95 = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95))
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {times[-1]:.0f} ms"


async def measure(folder: Path, count: int) -> str:
    """Make, index, search and purge; returns the report."""
    url = f"sqlite:///{folder}/zhixun.db"
    migrate(url)
    knowledge = load(PROJECT / "knowledge")
    topics = {name: (question.ip[0], question.topic) for name, question in knowledge.questions.items()}
    async with Timed(url) as database:
        book, words = Journal(database, Keyring(folder / "keys"), Clock(), "sha256", "ZX"), Words(bytes(32))
        await book.prepare()
        began = time.perf_counter()
        entries = await fill(book, Maker(random.Random(7), knowledge), count)
        made = time.perf_counter() - began
        search = Search(book, words)
        database.held = Stopwatch()
        began = time.perf_counter()
        await Index(book, folder / "archive", lambda name: topics.get(name, ("", "")), words).catch_up()
        read = time.perf_counter() - began
        size = (folder / "zhixun.db").stat().st_size / 1e6
        lines = [f"{count} consultations, {entries} entries, made in {made:.0f} s, store {size:.0f} MB",
                 f"indexed in {read:.0f} s ({entries / read:.0f} entries/s); writers waited {database.held}"]  # fmt: skip
        lines += await time_searches(search, make_number("ZX", LAST_DAY, count))
        began = time.perf_counter()
        await search.values()
        lines.append(f"what the filters offer: {(time.perf_counter() - began) * 1e3:.0f} ms")
        lines.append(await time_purge(database, make_number("ZX", LAST_DAY - timedelta(days=DAYS - 1), 1)))
    return "\n".join(lines)


async def time_searches(search: Search, number: str) -> list[str]:
    every = Stopwatch()
    found: dict[str, str] = {}
    asked = searches(number)
    for _ in range(ROUNDS):
        for name, query in asked.items():
            every.start()
            page = await search.find(query)
            every.stop()
            found[name] = f"{page.total}{'+' if page.more else ''}"
    lines = [f"  {name:26} {total:>7} found  {max(every.wall[place :: len(asked)]):4.0f} ms"
             for place, (name, total) in enumerate(found.items())]  # fmt: skip
    return [*lines, f"{len(asked)} searches, {ROUNDS} times each: {every}; bar {BAR_MS} ms"]


async def time_purge(database: Timed, number: str) -> str:
    async with database.write() as connection:
        await forget_words(connection, number)
    database.held = Stopwatch()
    began = time.perf_counter()
    await purge(database)
    return f"the words of one case purged in {time.perf_counter() - began:.1f} s; writers waited {database.held}"


if __name__ == "__main__":
    report("archive", measure, __doc__, 100_000)
