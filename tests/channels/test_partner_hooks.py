"""What partners are told: of their own consultations alone, without anybody's words, in order, until it is taken, and never lost."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.channels.partnership import HOTLINE, PORTAL, key_of, partners_of
from tests.doubles.receiver import Receiver, receiving
from tests.support import Crash, Office, office_in, until
from zhixun.channels.partners.hooks import Hooks
from zhixun.channels.partners.posts import Posts
from zhixun.errors import CitizenError, OurFault
from zhixun.messages import Event
from zhixun.partnered import Partners
from zhixun.retries import AGAIN, CLAIM
from zhixun.signing import NotSent, SignedPost

TELL = [
    Event("handed_off", "zhixun", {"state": "queued", "reason": "asked"}),
    Event("claimed", "staff:lina", {"state": "staff", "operator": "lina"}),
    Event("said", "staff:lina", {"turn": 0, "kind": "staff"}, {"text": "王芳您好"}),
    Event("transferred", "staff:lina", {"state": "queued", "to": "wang", "team": ""}, {"reason": "不归我管"}),
    Event("returned", "staff:lina", {"state": "bot", "reason": "given_back"}),
    Event("rated", "citizen", {"scores": {"attitude": 5}}, {"words": "王芳很满意"}),
]
SILENT = [
    Event("said", "citizen", {"turn": 1}, {"text": "我是王芳"}),
    Event("said", "bot", {"turn": 1, "kind": "answer"}, {"text": "答"}),
    Event("noted", "staff:lina", {}, {"text": "王芳"}),
]


async def _own(office: Office, partner: str = PORTAL) -> str:
    """Open a consultation as a partner does."""
    return (await office.consultations.open("partner", "西宁市", consent=True, through={"partner": partner, "key": "0"}))[1]


async def _told(office: Office, url: str, *names: str) -> tuple[Partners, bytes]:
    """Have partners told at `url`, from now on; returns the secret of the last."""
    partners, secret = partners_of(office), ""
    for name in names or (PORTAL,):
        await key_of(office, name)
        secret = await partners.hooks.set(name, url)
    await partners.news.catch_up()
    return partners, secret.encode()


async def _deliver(partners: Partners) -> int:
    await partners.news.catch_up()
    return await partners.posts.carry_due()


async def test_what_happens_is_told_in_order_and_without_words(office: Office) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        partners, receiver.secret = await _told(office, url)
        number = await _own(office)
        await office.add(number, *SILENT, *TELL)
        await office.consultations.close(number)
        await _deliver(partners)
        assert await _deliver(partners) == 0
    assert receiver.violations == []
    assert [(body["event"], body.get("state")) for body in receiver.bodies] == [
        ("handed_off", "queued"), ("claimed", "staff"), ("staff_said", None), ("transferred", "queued"), ("returned", "bot"),
        ("rated", None), ("closed", "closed"),
    ]  # fmt: skip
    entries = {entry.seq: entry for entry in await office.entries(number)}
    for (headers, _), body in zip(receiver.got, receiver.bodies, strict=True):
        assert set(body) <= {"event", "consultation", "seq", "time", "state"}
        assert (body["consultation"], body["time"]) == (number, entries[body["seq"]].time)
        assert headers["X-Zhixun-Delivery"] == f"{number}/{body['seq']}"
    assert not [word for word in ("王芳", "lina", "wang") if word.encode() in b"".join(body for _, body in receiver.got)]


async def test_requests_and_slips_are_told_by_number_and_standing(office: Office) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        partners, receiver.secret = await _told(office, url)
        number = await _own(office)
        moved = {"request": "FW-1", "standing": "done", "owner": "lina"}
        await office.add(number, Event("request_moved", "staff:lina", moved, {"note": "王芳"}))
        await office.add(number, Event("slip_moved", "staff:lina", {"slip": "ZJ-1", "standing": "sent"}, {"words": "王芳"}))
        await _deliver(partners)
    told = [{name: body[name] for name in body if name not in ("consultation", "seq", "time")} for body in receiver.bodies]
    assert told == [
        {"event": "request_moved", "request": "FW-1", "standing": "done"}, {"event": "slip_moved", "slip": "ZJ-1", "standing": "sent"},
    ]  # fmt: skip


async def test_a_partner_is_told_of_its_own_alone(office: Office) -> None:
    one, other = Receiver(), Receiver()
    async with receiving(one) as here, receiving(other) as there:
        partners, one.secret = await _told(office, here)
        await key_of(office, HOTLINE)
        other.secret = (await partners.hooks.set(HOTLINE, there)).encode()
        for number in (await office.open(), mine := await _own(office), his := await _own(office, HOTLINE)):
            await office.add(number, TELL[0])
        await _deliver(partners)
    assert ([body["consultation"] for body in one.bodies], [body["consultation"] for body in other.bodies]) == ([mine], [his])
    assert one.violations + other.violations == []


async def test_what_happened_before_it_was_asked_for_is_not_told(office: Office) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        number = await _own(office)
        await office.add(number, TELL[0])
        partners, _ = await _told(office, url)
        await office.add(number, TELL[1])
        await _deliver(partners)
    assert [body["event"] for body in receiver.bodies] == ["claimed"]


async def test_what_is_not_taken_comes_again_later_and_first(office: Office) -> None:
    receiver = Receiver([503, 500])
    async with receiving(receiver) as url:
        partners, receiver.secret = await _told(office, url)
        number = await _own(office)
        await office.add(number, *TELL[:3])
        for wait in AGAIN[:2]:
            assert await _deliver(partners) == 1
            assert await _deliver(partners) == 0
            office.clock.turn_by(wait)
        assert await _deliver(partners) == 3
    assert [body["event"] for body in receiver.bodies] == ["handed_off"] * 3 + ["claimed", "staff_said"]
    ids = [headers["X-Zhixun-Delivery"] for headers, _ in receiver.got]
    assert len(set(ids[:3])) == 1
    # The proof is made anew each time, so that a receiver can refuse what is old.
    assert len({headers["X-Zhixun-Signature"] for headers, _ in receiver.got[:3]}) == 3
    assert receiver.violations == []


async def test_what_is_given_up_lets_the_rest_through_and_is_counted(office: Office) -> None:
    receiver = Receiver([500] * (len(AGAIN) + 1))
    async with receiving(receiver) as url:
        partners, _ = await _told(office, url)
        await office.add(await _own(office), *TELL[:2])
        for wait in (*AGAIN, timedelta(0)):
            assert await _deliver(partners) == 1
            office.clock.turn_by(wait)
        assert await _deliver(partners) == 1
    assert receiver.bodies[-1]["event"] == "claimed"
    assert await partners.posts.failed() == {PORTAL: 1}
    assert office.sql("SELECT standing, error FROM hook_deliveries ORDER BY seq")[0] == ("failed", "对方系统没有接受（HTTP 500）")


async def test_a_partner_that_hangs_keeps_nobody_else_waiting(office: Office) -> None:
    slow, quick = Receiver([0]), Receiver()
    async with receiving(slow) as there, receiving(quick) as here:
        partners, _ = await _told(office, there)
        await key_of(office, HOTLINE)
        await partners.hooks.set(HOTLINE, here)
        for partner in (PORTAL, HOTLINE):
            await office.add(await _own(office, partner), TELL[0])
        carrying = asyncio.create_task(_deliver(partners))
        await until(lambda: slow.got and quick.got)
        assert not carrying.done()
        slow.gate.set()
        assert await carrying == 2
    assert (len(slow.got), len(quick.got)) == (1, 1)


async def test_a_fault_with_one_partner_does_not_cut_off_the_others(office: Office) -> None:
    class Faulty(SignedPost):
        async def send(self, address: str, *what: object) -> None:
            if address.endswith("/faulty"):
                raise RuntimeError
            await super().send(address, *what)

    receiver = Receiver([0])
    async with receiving(receiver) as url:
        partners, _ = await _told(office, url, HOTLINE)
        await key_of(office)
        await partners.hooks.set(PORTAL, "http://127.0.0.1:9/faulty")
        for partner in (PORTAL, HOTLINE):
            await office.add(await _own(office, partner), TELL[0])
        await partners.news.catch_up()
        post = Faulty(frozenset({"127.0.0.1"}), partners.posts._post._trust, office.clock)
        carrying = asyncio.create_task(Posts(office.database, office.clock, partners.hooks, post).carry_due())
        await until(lambda: receiver.got)
        receiver.gate.set()
        with pytest.raises(RuntimeError):
            await carrying
    assert office.sql("SELECT partner, standing FROM hook_deliveries ORDER BY standing") == [(HOTLINE, "done"), (PORTAL, "sending")]


async def test_a_crash_while_sending_loses_nothing_and_tells_the_same_id(office: Office) -> None:
    receiver = Receiver()

    class Dying(SignedPost):
        async def send(self, *what: object) -> None:
            await super().send(*what)
            raise Crash

    async with receiving(receiver) as url:
        partners, _ = await _told(office, url)
        await office.add(await _own(office), *TELL[:2])
        await partners.news.catch_up()
        post = Dying(frozenset({"127.0.0.1"}), partners.posts._post._trust, office.clock)
        dying = Posts(office.database, office.clock, partners.hooks, post)
        with pytest.raises(Crash):
            await dying.carry_due()
        # While the claim holds, whoever made it may still be sending; and what came after it waits too.
        assert await _deliver(partners) == 0
        office.clock.turn_by(CLAIM)
        assert await _deliver(partners) == 2
    assert [body["event"] for body in receiver.bodies] == ["handed_off", "handed_off", "claimed"]
    assert receiver.got[0][0]["X-Zhixun-Delivery"] == receiver.got[1][0]["X-Zhixun-Delivery"]


async def test_whoever_dies_at_every_attempt_gives_up_at_last(office: Office) -> None:
    async with receiving(Receiver()) as url:
        partners, _ = await _told(office, url)
        await office.add(await _own(office), TELL[0])
        await partners.news.catch_up()
        for _ in range(len(AGAIN) + 1):
            assert await partners.posts._claim(PORTAL)
            office.clock.turn_by(CLAIM)
        assert await _deliver(partners) == 0
    assert "中断" in str(office.sql("SELECT error FROM hook_deliveries WHERE standing = 'failed'")[0][0])


async def test_two_keepers_tell_once(office: Office) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        partners, _ = await _told(office, url)
        await office.add(await _own(office), *TELL)
        other = partners_of(office)
        read = await partners.news._read()
        assert await other.news.catch_up() == len(TELL)
        assert await partners.news._write(read) == 0
        claimed = await partners.posts._claim(PORTAL)
        assert await other.posts.carry_due() == 0
        assert claimed
        assert await partners.posts._carry(*claimed)
        await other.posts.carry_due()
    assert [body["event"] for body in receiver.bodies] == [
        {"said": "staff_said"}.get(event.kind, event.kind) for event in TELL
    ]  # fmt: skip


async def test_the_place_is_kept_over_a_restart_and_between_portions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhixun.channels.partners.news._PORTION", 4)
    monkeypatch.setattr("zhixun.channels.partners.news._BEHIND", 3)
    async with office_in(tmp_path) as office:
        partners, _ = await _told(office, "http://127.0.0.1:9/")
        number = await _own(office)
        for _ in range(3):
            await office.add(number, *SILENT, *TELL[:3])
        assert await partners.news.catch_up() == 9
        await office.add(number, *SILENT)
        # What concerns nobody moves the place too, though not each time.
        assert await partners_of(office).news.catch_up() == 0
        through = json.loads(str(office.sql("SELECT value FROM meta WHERE name = 'hooks'")[0][0]))["through"]
        assert (through, await partners_of(office).news.catch_up()) == (office.sql("SELECT max(id) FROM journal")[0][0], 0)
        assert len(office.sql("SELECT seq FROM hook_deliveries")) == 9


@pytest.mark.parametrize("way", ["revoke", "unhook", "expire"])
async def test_nothing_is_told_any_more_once_that_has_ended(office: Office, way: str) -> None:
    receiver = Receiver([500])
    async with receiving(receiver) as url:
        partners, _ = await _told(office, url)
        number = await _own(office)
        await office.add(number, *TELL[:2])
        assert await _deliver(partners) == 1
        if way == "revoke":
            await partners_of(office).keys.revoke(PORTAL)
        elif way == "unhook":
            await partners_of(office).hooks.remove(PORTAL)
        office.clock.turn_by(timedelta(days=31) if way == "expire" else AGAIN[0])
        await office.add(number, TELL[2])
        assert await _deliver(partners) == 0
    assert len(receiver.got) == 1
    assert {row[0] for row in office.sql("SELECT standing FROM hook_deliveries")} == {"dropped"}


async def test_a_key_that_is_not_for_it_is_not_told(office: Office) -> None:
    receiver = Receiver()
    async with receiving(receiver) as url:
        partners = partners_of(office)
        await key_of(office, scopes=["consult", "status"])
        await partners.hooks.set(PORTAL, url)
        await partners.news.catch_up()
        await office.add(await _own(office), TELL[0])
        assert await _deliver(partners) == 0
        with pytest.raises(CitizenError, match="没有登记接收地址"):
            await partners.hooks.ping(PORTAL)
    assert receiver.got == []


async def test_the_secret_is_kept_sealed_and_bound_to_the_partner(office: Office) -> None:
    partners, secret = await _told(office, "http://127.0.0.1:9/", PORTAL, HOTLINE)
    assert secret not in office.bytes_on_disk()
    async with office.database.write() as connection:
        hook = await partners.hooks.find(connection, HOTLINE)
        assert (hook.url, hook.secret) == ("http://127.0.0.1:9/", secret)
        assert secret.decode() not in repr(hook)
        await connection.exec_driver_sql("UPDATE partners SET secret = (SELECT secret FROM partners WHERE name = ?)", (HOTLINE,))
        with pytest.raises(OurFault, match="打不开"):
            await partners.hooks.find(connection, PORTAL)


async def test_a_lost_key_file_is_said_and_stops_nobody(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    partners, _ = await _told(office, "http://127.0.0.1:9/")
    await office.add(await _own(office), TELL[0])
    await partners.news.catch_up()
    post = partners.posts._post
    hooks = Hooks(office.database, office.clock, partners.hooks._daybook, bytes([1] * 32), post)
    assert await Posts(office.database, office.clock, hooks, post).carry_due() == 0
    assert "partners.key" in caplog.text
    assert office.sql("SELECT standing FROM hook_deliveries") == [("waiting",)]


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://portal.example/", "不是 https"), ("https://10.0.0.8/", "内网"), ("x", "不是 https"),
     (f"https://portal.example/{'x' * 500}", "最多 500")],
    ids=range(4),
)  # fmt: skip
async def test_an_address_that_would_not_be_called_is_not_taken(office: Office, url: str, words: str) -> None:
    partners = partners_of(office)
    await key_of(office)
    with pytest.raises(CitizenError, match=words) as told:
        await partners.hooks.set(PORTAL, url)
    assert (told.value.field, await partners.hooks.addresses()) == ("url", {PORTAL: ""})


async def test_a_new_address_draws_a_new_secret_and_takes_what_waits(office: Office) -> None:
    old, new = Receiver([500]), Receiver()
    async with receiving(old) as there, receiving(new) as here:
        partners, first = await _told(office, there)
        await office.add(await _own(office), TELL[0])
        await _deliver(partners)
        new.secret = (await partners.hooks.set(PORTAL, here)).encode()
        office.clock.turn_by(AGAIN[0])
        await _deliver(partners)
    assert (len(new.got), new.violations, new.secret == first) == (1, [], False)


async def test_a_ping_shows_whether_it_works(office: Office) -> None:
    receiver = Receiver([200, 404])
    async with receiving(receiver) as url:
        partners, receiver.secret = await _told(office, url)
        await partners.hooks.ping(PORTAL)
        with pytest.raises(NotSent, match="404"):
            await partners.hooks.ping(PORTAL)
    assert (receiver.bodies[0]["event"], receiver.violations) == ("ping", [])


async def test_unknown_partners_have_no_address(office: Office) -> None:
    hooks = partners_of(office).hooks
    for work in (hooks.set(PORTAL, "https://portal.example/"), hooks.remove(PORTAL), hooks.ping(PORTAL)):
        with pytest.raises(CitizenError) as told:
            await work
        assert told.value.status == 404


async def test_what_is_over_is_cleared_away_after_a_month(office: Office) -> None:
    async with receiving(Receiver()) as url:
        partners, _ = await _told(office, url)
        number = await _own(office)
        await office.add(number, TELL[0])
        await _deliver(partners)
        office.clock.turn_by(timedelta(days=29))
        await key_of(office)
        for days, kept in ((0, 2), (2, 2)):
            office.clock.turn_by(timedelta(days=days))
            await office.add(number, TELL[1])
            await _deliver(partners)
            assert len(office.sql("SELECT seq FROM hook_deliveries")) == kept
