"""Promises 1 and 2 with people at the desk: over HTTP, at once, and through kill -9, a consultation has one owner and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.clerks import Clerk, always_open, next_event
from tests.ownership import Course, followed, stored
from tests.product import Citizen, Engine, Process, Product, Refused, call
from zhixun.archive.journal import Journal
from zhixun.archive.keys import Keyring
from zhixun.clock import Clock, new_token
from zhixun.database import Database
from zhixun.messages import Entry

pytestmark = pytest.mark.slow

ROUNDS = 4
ACKNOWLEDGED = (40, 120)
"""After so many acknowledgements the service is killed."""
CITIZENS = 5
WORDS = ("商标异议期是多久", "发明专利保护多少年", "你好", "转人工", "转人工", "人工服务", "取消排队", "我的材料都准备好了", "13897123456")
GONE = (OSError, http.client.HTTPException)
"""What is heard of a service that was killed."""


@pytest.fixture(scope="module")
def service(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("desk")
    product = Product(folder, LIMITS="off", PROJECT_DIR=always_open(folder / "project", lease_seconds=10), **engine.settings)
    try:
        yield product.start()
    finally:
        product.stop()


@pytest.fixture(scope="module")
def clerks(service: Product) -> tuple[Clerk, Clerk]:
    return Clerk.hired(service, "wang", "王芳"), Clerk.hired(service, "li", "李明")


def _course(service: Product, number: str) -> Course:
    return followed(number, stored(service.data / "zhixun.db", [number])[number])


# --- One owner over HTTP ----------------------------------------------------------------------------------------------------


def test_of_two_who_claim_at_once_one_has_it_and_the_other_is_told(service: Product, clerks: tuple[Clerk, Clerk]) -> None:
    won = Counter[str]()
    for _ in range(12):
        citizen = service.open()
        citizen.say("转人工")
        together = threading.Barrier(2)

        def claim(clerk: Clerk, number: str = citizen.number, together: threading.Barrier = together) -> tuple[int, str, str]:
            together.wait(20)
            return clerk.send("POST", f"/desk/cases/{number}/claim")

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(claim, clerks))
        assert sorted(status for status, _, _ in answers) == [303, 409]
        winner, loser = (answers if answers[0][0] == 303 else answers[::-1])
        assert winner[1] == f"/desk/cases/{citizen.number}"
        assert "刚刚已由同事接待" in loser[2]
        won[_course(service, citizen.number).holder] += 1
    assert sum(won.values()) == 12


def test_a_page_of_an_older_claim_can_do_nothing(service: Product, clerks: tuple[Clerk, Clerk]) -> None:
    wang, li = clerks
    citizen = service.open()
    citizen.say("转人工")
    assert wang.claim(citizen.number) == 303
    old = wang.fence(citizen.number)
    assert wang.act("transfer", citizen.number, old, to="person:li", reason="专业问题") == 303
    assert wang.claim(citizen.number) == 409, "it waits for the colleague"
    assert li.claim(citizen.number) == 303
    assert (li.act("say", citizen.number, old, text="您好"), wang.act("say", citizen.number, old, text="您好")) == (409, 409)
    fence = li.fence(citizen.number)
    assert int(fence) > int(old)
    once = new_token()
    assert [li.act("say", citizen.number, fence, text="您好，我是小李。", once=once) for _ in range(3)] == [303] * 3
    assert [text for who, text in citizen.texts() if who == "staff"] == ["您好，我是小李。"]
    assert li.act("close", citizen.number, fence, outcome="answered", words="已答复") == 303
    assert li.act("say", citizen.number, fence, text="还有一句") == 409
    with pytest.raises(Refused) as refused:
        citizen.say("还在吗")
    assert refused.value.code == "closed"
    assert _course(service, citizen.number).state == "closed"


def test_who_goes_away_is_replaced_and_who_stays_is_not(service: Product, clerks: tuple[Clerk, Clerk]) -> None:
    wang, li = clerks
    stays, goes = service.open(), service.open()
    for clerk, citizen in ((wang, stays), (li, goes)):
        citizen.say("转人工")
        assert clerk.claim(citizen.number) == 303
    fence = wang.fence(stays.number)

    def lapsed() -> bool:
        status, _, _ = wang.send("POST", f"/desk/cases/{stays.number}/beat?fence={fence}")
        assert status == 204
        return _course(service, goes.number).state == "queued"

    service.running.until(lapsed, "who went away is replaced", 40)
    assert "重新排队" in goes.texts()[-1][1]
    assert wang.claim(goes.number) == 303
    assert _course(service, stays.number).holder == "staff:wang"


# --- Sessions ---------------------------------------------------------------------------------------------------------------


def test_a_session_that_is_revoked_hears_and_does_nothing_from_then_on(service: Product, clerks: tuple[Clerk, Clerk]) -> None:
    here = clerks[0].another_browser()
    citizen = service.open()
    citizen.say("转人工")
    assert here.claim(citizen.number) == 303
    fence = here.fence(citizen.number)
    elsewhere = clerks[0].another_browser()
    with here.stream(citizen.number) as stream:
        assert next_event(stream) == "people"
        assert elsewhere.send("POST", "/desk/me/revoke")[0] == 303
        citizen.say("在吗")
        heard = [next_event(stream)]
        while heard[-1] not in ("ended", ""):
            heard.append(next_event(stream))
        assert heard[-1] == "ended"
        assert set(heard[:-1]) <= {"people"}, "nothing new was told any more"
        assert next_event(stream) == ""
    assert here.send("GET", "/desk")[:2] == (303, "/desk/login")
    assert here.act("say", citizen.number, fence, text="您好") == 303
    assert "staff" not in [who for who, _ in citizen.texts()]
    # The claim is the person's, not the session's.
    assert elsewhere.act("say", citizen.number, fence, text="换了一台电脑。") == 303
    assert citizen.texts()[-1] == ("staff", "换了一台电脑。")


# --- kill -9 ----------------------------------------------------------------------------------------------------------------


@dataclass
class Load:
    """Citizens who talk and staff who answer, until the service is killed under them."""

    product: Product
    chance: random.Random
    clerks: tuple[Clerk, ...]
    citizens: list[Citizen] = field(default_factory=list)
    heard: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """The messages of citizens that were acknowledged, by consultation: id and words."""
    asked: list[tuple[Citizen, str, str]] = field(default_factory=list)
    """The messages that were sent and not acknowledged."""
    spoken: list[tuple[str, str]] = field(default_factory=list)
    """What staff said and was acknowledged: consultation and words."""
    doubtful: list[tuple[Clerk, str, dict[str, str]]] = field(default_factory=list)
    """What staff said and was not acknowledged."""
    claimed: list[tuple[str, str, int]] = field(default_factory=list)
    """Claims as the pages showed them: consultation, who, fence."""
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _left: int = 0

    def until_killed(self, service: Process) -> None:
        """Run until the service is killed, after so many acknowledgements."""
        self._left = self.chance.randrange(*ACKNOWLEDGED)
        with ThreadPoolExecutor(CITIZENS + 2 * len(self.clerks)) as pool:
            seeds = iter(range(self.chance.randrange(2**32), 2**40))
            work = [pool.submit(self._talk, random.Random(next(seeds)), service) for _ in range(CITIZENS)]
            work += [pool.submit(self._serve, clerk, random.Random(next(seeds)), service) for clerk in self.clerks * 2]
            for each in work:
                each.result(120)
        assert service.popen.wait(20) == -signal.SIGKILL

    def _acknowledged(self, service: Process) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                service.send(signal.SIGKILL)

    def _talk(self, chance: random.Random, service: Process) -> None:
        try:
            while True:
                with contextlib.suppress(Refused):  # a machine that is busy with other things may have no room for one more
                    if chance.random() < 0.25 or not self.citizens:
                        self.citizens.append(self.product.open())
                citizen = chance.choice(self.citizens[-12:])
                if chance.random() < 0.04:
                    with contextlib.suppress(Refused):
                        citizen.close()
                else:
                    self._ask(citizen, new_token(), chance.choice(WORDS))
                self._acknowledged(service)
        except GONE:
            return

    def _ask(self, citizen: Citizen, message_id: str, words: str) -> None:
        try:
            citizen.say(words, message_id)
        except Refused as refused:
            if refused.code not in ("closed", "too_fast", "busy"):
                raise
            return  # told so, and nothing was done
        except GONE:
            self.asked.append((citizen, message_id, words))
            raise
        self.heard.setdefault(citizen.number, []).append((message_id, words))

    def _serve(self, clerk: Clerk, chance: random.Random, service: Process) -> None:
        try:
            while True:
                if self.citizens:
                    self._act(clerk, chance, chance.choice(self.citizens[-12:]).number)
                    self._acknowledged(service)
        except GONE:
            return

    def _act(self, clerk: Clerk, chance: random.Random, number: str) -> None:
        """Claim it, and do something with what the page says; both may have been lost to somebody else in between."""
        what = chance.choices(("say", "transfer", "put-back", "give-back", "close", "note", "beat"), (8, 3, 3, 3, 1, 1, 2))[0]
        status = clerk.claim(number)
        self.statuses["claim", status] += 1
        assert status in (303, 409, 503), status
        fence = clerk.fence(number) if status == 303 else ""
        if not fence:
            return
        self.claimed.append((number, clerk.name, int(fence)))
        other = next(one.name for one in self.clerks if one.name != clerk.name)
        fields = {
            "say": {"text": f"答复 {new_token()}", "once": new_token()}, "note": {"text": "备注"},
            "transfer": {"to": chance.choice((f"person:{other}", "team:维权援助")), "reason": "专业问题"},
            "close": {"outcome": "answered", "words": "已答复"},
        }.get(what, {})  # fmt: skip
        if what == "say":
            self._say(clerk, number, {"fence": fence, **fields})
            return
        where = f"/desk/cases/{number}/{what}" + (f"?fence={fence}" if what == "beat" else "")
        status, _, page = clerk.send("POST", where, {"fence": fence, **fields})
        self.statuses[what, status] += 1
        assert status in (204, 303, 409, 503), page

    def _say(self, clerk: Clerk, number: str, fields: dict[str, str]) -> None:
        try:
            status = clerk.send("POST", f"/desk/cases/{number}/say", fields)[0]
        except GONE:
            self.doubtful.append((clerk, number, fields))
            raise
        self.statuses["say", status] += 1
        assert status in (303, 409, 503), status
        if status == 303:
            self.spoken.append((number, fields["text"]))

    def try_again(self) -> None:
        """Send once more what was never acknowledged, as browsers and people do."""
        asked, self.asked = self.asked, []
        for one in asked:
            self._ask(*one)
        doubtful, self.doubtful = self.doubtful, []
        for one in doubtful:
            self._say(*one)


def test_kill_9_at_a_busy_desk_loses_nothing_and_leaves_one_owner(engine: Engine, deploy: Callable[..., Product], tmp_path: Path) -> None:
    product = deploy(LIMITS="off", PROJECT_DIR=always_open(tmp_path / "project", lease_seconds=10), **engine.settings).start()
    clerks = Clerk.hired(product, "wang"), Clerk.hired(product, "li")
    load = Load(product, random.Random(20261121), clerks)
    for _ in range(ROUNDS):
        load.until_killed(product.running)
        product.kill()
        product.start()
        load.try_again()
    _a_holder_goes_on_behind_a_kill(product, clerks[0])
    _everything_settles(product)
    entries = asyncio.run(_opened(product, sorted(stored(product.data / "zhixun.db"))))
    assert product.stop() == 0
    product.verified()
    courses = {number: followed(number, its) for number, its in entries.items()}
    for number, course in courses.items():
        # Only what was closed before its answer came may stay without one.
        assert not course.unfinished or course.state == "closed", number
    _nothing_is_lost(load, entries)
    moves = sum((course.moves for course in courses.values()), Counter())
    assert {("queued", "staff"), ("staff", "queued"), ("staff", "bot"), ("staff", "closed")} <= set(moves), moves
    assert load.statuses["claim", 409], "nobody was ever in anybody's way"
    assert len(load.spoken) > ROUNDS * 5, load.statuses


def _everything_settles(product: Product) -> None:
    """Wait until what waited at the kill is answered, and every holder who does not come back is replaced."""

    def settled() -> bool:
        courses = [followed(number, entries) for number, entries in stored(product.data / "zhixun.db").items()]
        waiting = [course for course in courses if course.state == "staff" or (course.unfinished and course.state != "closed")]
        return not waiting

    product.running.until(settled, "nobody holds what nobody looks after", 60)


async def _opened(product: Product, numbers: list[str]) -> dict[str, list[Entry]]:
    async with Database(f"sqlite:///{product.data / 'zhixun.db'}") as database:
        journal = Journal(database, Keyring(product.data / "keys"), Clock(), "sha256", "ZX")
        async with database.read() as connection:
            return {number: await journal.read(connection, number) for number in numbers}


def _nothing_is_lost(load: Load, entries: dict[str, list[Entry]]) -> None:
    """Everything that was acknowledged is there once, and what was tried again is not there twice."""
    said: dict[str, Counter[Any]] = {number: Counter() for number in entries}
    for number, its in entries.items():
        for entry in its:
            if entry.kind == "said" and entry.private and entry.actor.startswith("staff:"):
                said[number][entry.private["text"]] += 1
            elif entry.kind == "said" and "message_id" in entry.open:
                said[number][entry.open["message_id"]] += 1
    for number, its in load.heard.items():
        assert [said[number][message_id] for message_id, _ in its] == [1] * len(its)
    for number, text in load.spoken:
        assert said[number][text] == 1
    assert {count for counted in said.values() for count in counted.values()} == {1}
    for number, name, fence in load.claimed:
        entry = entries[number][fence - 1]
        assert (entry.seq, entry.kind, entry.actor) == (fence, "claimed", f"staff:{name}")


def _a_holder_goes_on_behind_a_kill(product: Product, wang: Clerk) -> None:
    """The claim is in the store: the same page goes on where it was."""
    citizen = product.open()
    citizen.say("转人工")
    assert wang.claim(citizen.number) == 303
    fence = wang.fence(citizen.number)
    product.kill()
    product.start()
    assert wang.fence(citizen.number) == fence
    assert wang.act("say", citizen.number, fence, text="刚才断线了，我还在。") == 303
    assert citizen.texts()[-1] == ("staff", "刚才断线了，我还在。")
    turn = citizen.say("好的")
    assert (turn["owner"], turn["replies"]) == ("staff", [])
    assert wang.act("close", citizen.number, fence, outcome="answered", words="已答复") == 303
    assert call(product.url, "POST", "/api/v1/receipts", citizen.close())["intact"]
