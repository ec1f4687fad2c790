"""The second factor: codes by the letter of RFC 6238, each for one use; recovery codes; and secrets that stand nowhere."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from tests.desk.staffroom import KEY, STEP, RecordingDaybook, StaffRoom, code_at
from zhixun.desk.lockout import Lockout
from zhixun.desk.second_factor import SecondFactor
from zhixun.desk.staff import FULL
from zhixun.errors import CitizenError, OurFault


@pytest.fixture
async def lina(room: StaffRoom) -> StaffRoom:
    await room.accounts.add("lina", "clerk", by="admin")
    room.daybook.notes.clear()
    return room


async def _refused(room: StaffRoom, code: str, name: str = "lina") -> CitizenError:
    with pytest.raises(CitizenError) as refused:
        await room.factor.check(name, code)
    assert refused.value.status == 401
    return refused.value


def test_the_code_of_the_tests_is_that_of_the_standard() -> None:
    # RFC 6238, appendix B: the last six of 94287082 and 07081804.
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert code_at(secret, datetime.fromtimestamp(59, UTC)) == "287082"
    assert code_at(secret, datetime.fromtimestamp(1111111109, UTC)) == "081804"


async def test_enrolling_gives_a_secret_an_address_and_a_picture(lina: StaffRoom) -> None:
    enrolment = await lina.factor.begin("lina")
    assert len(base64.b32decode(enrolment.secret.replace(" ", ""))) == 20
    address = urlsplit(enrolment.uri)
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/%E7%9F%A5%E8%AF%A2:lina")
    assert parse_qs(address.query) == {"secret": [enrolment.secret.replace(" ", "")], "issuer": ["知询"]}
    picture = ElementTree.fromstring(enrolment.picture)
    assert picture.tag == "svg"
    assert picture[0].text == "双因素验证二维码"
    assert "style" not in enrolment.picture


async def test_the_telephone_shows_whose_service_it_is(lina: StaffRoom) -> None:
    factor = SecondFactor(lina.database, lina.clock, lina.daybook, KEY, Lockout(), issuer="某市知识产权服务")
    assert parse_qs(urlsplit((await factor.begin("lina")).uri).query)["issuer"] == ["某市知识产权服务"]


async def test_it_counts_only_when_the_telephone_has_shown_a_code(lina: StaffRoom) -> None:
    secret = (await lina.factor.begin("lina")).secret
    assert not (await lina.accounts.find("lina")).second_factor
    await _refused(lina, code_at(secret, lina.clock.now()))
    wrong = code_at(secret, lina.clock.now() + 10 * STEP)
    with pytest.raises(CitizenError, match="手机时间") as refused:
        await lina.factor.confirm("lina", wrong)
    assert refused.value.field == "code"
    assert not (await lina.accounts.find("lina")).second_factor
    codes = await lina.factor.confirm("lina", code_at(secret, lina.clock.now()))
    assert (await lina.accounts.find("lina")).second_factor
    assert len(set(codes)) == 10
    assert await lina.factor.left("lina") == 10
    assert lina.daybook.notes[-1] == ("second_factor_on", "lina", {"name": "lina"})


async def test_beginning_again_makes_the_first_secret_worthless(lina: StaffRoom) -> None:
    first = (await lina.factor.begin("lina")).secret
    second = (await lina.factor.begin("lina")).secret
    with pytest.raises(CitizenError):
        await lina.factor.confirm("lina", code_at(first, lina.clock.now()))
    await lina.factor.confirm("lina", code_at(second, lina.clock.now()))


async def test_after_a_mistyped_code_the_same_picture_can_be_shown(lina: StaffRoom) -> None:
    begun = await lina.factor.begin("lina")
    with pytest.raises(CitizenError):
        await lina.factor.confirm("lina", "000000")
    assert await lina.factor.again("lina") == begun


async def test_one_that_is_on_is_neither_begun_nor_shown_again(lina: StaffRoom) -> None:
    secret, _ = await lina.enrol("lina")
    lina.clock.turn_by(STEP)
    code = code_at(secret, lina.clock.now())
    for again in (lina.factor.begin("lina"), lina.factor.again("lina"), lina.factor.confirm("lina", code)):
        with pytest.raises(CitizenError, match="已经开启") as refused:
            await again
        assert refused.value.status == 409


async def test_nothing_is_confirmed_or_shown_that_was_not_begun(lina: StaffRoom) -> None:
    for work in (lina.factor.confirm("lina", "123456"), lina.factor.again("lina")):
        with pytest.raises(CitizenError, match="二维码") as refused:
            await work
        assert refused.value.status == 409


async def test_who_is_not_there_has_none(lina: StaffRoom) -> None:
    work = (lina.factor.begin("nobody"), lina.factor.confirm("nobody", "1"), lina.factor.check("nobody", "1"),
            lina.factor.left("nobody"), lina.factor.remove("nobody", by="admin"))  # fmt: skip
    for each in work:
        with pytest.raises(CitizenError) as refused:
            await each
        assert refused.value.status == 404
    assert await lina.factor.left("lina") == 0


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_a_clock_may_be_one_step_off(lina: StaffRoom, steps: int, right: bool) -> None:
    secret, _ = await lina.enrol("lina")
    lina.clock.turn_by(10 * STEP)
    code = code_at(secret, lina.clock.now() + steps * STEP)
    if right:
        assert (await lina.factor.check("lina", code)).name == "lina"
    else:
        assert "验证码不对" in (await _refused(lina, code)).message


async def test_a_code_opens_once_and_none_before_it_any_more(lina: StaffRoom) -> None:
    secret, _ = await lina.enrol("lina")
    # The code of the enrolment is used up as well.
    await _refused(lina, code_at(secret, lina.clock.now()))
    lina.clock.turn_by(10 * STEP)
    await lina.factor.check("lina", code_at(secret, lina.clock.now()))
    await _refused(lina, code_at(secret, lina.clock.now()))
    await _refused(lina, code_at(secret, lina.clock.now() - STEP))
    lina.clock.turn_by(STEP)
    assert await lina.factor.check("lina", code_at(secret, lina.clock.now()))


async def test_of_two_who_come_with_one_code_at_once_one_goes_in(lina: StaffRoom) -> None:
    secret, codes = await lina.enrol("lina")
    lina.clock.turn_by(STEP)
    for code in (code_at(secret, lina.clock.now()), codes[0]):
        done = await asyncio.gather(*(lina.factor.check("lina", code) for _ in range(3)), return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["Account", "CitizenError", "CitizenError"]


async def test_codes_may_be_typed_as_people_type(lina: StaffRoom) -> None:
    secret, codes = await lina.enrol("lina")
    lina.clock.turn_by(STEP)
    code = code_at(secret, lina.clock.now())
    assert await lina.factor.check("lina", f" {code[:3]} {code[3:]}".translate({48 + digit: 0xFF10 + digit for digit in range(10)}))
    assert await lina.factor.check("lina", codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l"))


@pytest.mark.parametrize("code", ["", "0", "１２３", "二三四五六七", "\ud800", "0" * 10_000, "000000000000"])
async def test_what_is_no_code_opens_nothing(lina: StaffRoom, code: str) -> None:
    await lina.enrol("lina")
    await _refused(lina, code)


async def test_each_recovery_code_opens_once(lina: StaffRoom) -> None:
    _, codes = await lina.enrol("lina")
    lina.daybook.notes.clear()
    for left, code in zip(range(9, -1, -1), codes, strict=True):
        assert (await lina.factor.check("lina", code)).name == "lina"
        await _refused(lina, code)
        assert await lina.factor.left("lina") == left
        assert ("recovery_used", "lina", {"left": left}) in lina.daybook.notes
    assert lina.daybook.kinds.count("recovery_used") == 10
    assert lina.daybook.notes[1] == ("signed_in", "lina", {"factor": "recovery"})
    # None is left, and it is on all the same.
    assert (await lina.accounts.find("lina")).second_factor


async def test_codes_of_somebody_else_open_nothing(lina: StaffRoom) -> None:
    await lina.accounts.add("wang", "clerk", by="admin")
    await lina.enrol("lina")
    secret, codes = await lina.enrol("wang")
    lina.clock.turn_by(STEP)
    await _refused(lina, code_at(secret, lina.clock.now()))
    await _refused(lina, codes[0])


async def test_neither_secret_nor_recovery_code_stands_in_the_store(lina: StaffRoom) -> None:
    secret, codes = await lina.enrol("lina")
    on_disk = lina.bytes_on_disk()
    plain = secret.replace(" ", "")
    raw = base64.b32decode(plain)
    for hidden in (plain.encode(), raw, base64.b64encode(raw), raw.hex().encode(), *(code.encode() for code in codes)):
        assert hidden not in on_disk
    assert codes[0].replace("-", "").encode() not in on_disk


async def test_what_was_put_into_another_account_or_under_another_key_does_not_open(lina: StaffRoom) -> None:
    await lina.accounts.add("wang", "clerk", by="admin")
    secret, codes = await lina.enrol("lina")
    await lina.enrol("wang")
    lina.clock.turn_by(STEP)
    code = code_at(secret, lina.clock.now())
    other = SecondFactor(lina.database, lina.clock, RecordingDaybook(), bytes(32), Lockout())
    with pytest.raises(OurFault, match="lina"):
        await other.check("lina", code)
    with pytest.raises(CitizenError):
        await other.check("lina", codes[0])
    lina.sql("UPDATE staff SET (totp, recovery) = (SELECT totp, recovery FROM staff WHERE name = 'lina') WHERE name = 'wang'")
    with pytest.raises(OurFault, match="wang"):
        await lina.factor.check("wang", code)
    await _refused(lina, codes[0], "wang")


async def test_five_wrong_codes_lock_and_it_is_told_until_when(lina: StaffRoom) -> None:
    secret, codes = await lina.enrol("lina")
    lina.clock.turn_by(STEP)
    lina.daybook.notes.clear()
    refused = [await _refused(lina, "not it") for _ in range(5)]
    assert [each.code for each in refused] == ["wrong_code"] * 4 + ["locked"]
    assert "锁定到 11 月 20 日 10:15" in refused[-1].message
    assert lina.daybook.kinds == ["sign_in_failed"] * 5 + ["locked"]
    assert lina.daybook.notes[0] == ("sign_in_failed", "", {"name": "lina", "step": "code"})
    assert lina.daybook.notes[-1] == ("locked", "", {"name": "lina", "until": "2026-11-20T02:15:30.000Z"})
    # During the lock the right code is refused in the same words, and not used up.
    assert (await _refused(lina, codes[0])).message == refused[-1].message
    assert await lina.factor.left("lina") == 10
    lina.clock.turn_by(timedelta(minutes=15))
    assert (await lina.factor.check("lina", code_at(secret, lina.clock.now()))).locked_until == ""
    assert lina.sql("SELECT failures, locked_until FROM staff") == [(0, "")]


async def test_the_right_password_between_them_does_not_begin_the_count_anew(lina: StaffRoom) -> None:
    password = await lina.accounts.reset("lina", by="admin")
    await lina.enrol("lina")
    for _ in range(4):
        await _refused(lina, "000000")
        await lina.accounts.check_password("lina", password)
    assert (await _refused(lina, "000000")).code == "locked"


async def test_who_has_not_the_use_of_the_account_has_not_that_of_its_codes(lina: StaffRoom) -> None:
    _, codes = await lina.enrol("lina")
    await lina.accounts.change("lina", by="admin", active=False)
    await _refused(lina, codes[0])
    assert await lina.factor.left("lina") == 10


async def test_switching_it_on_ends_the_sessions_elsewhere(lina: StaffRoom) -> None:
    (here, _), (there, _) = [await lina.sessions.open("lina", FULL, "", "") for _ in range(2)]
    secret = (await lina.factor.begin("lina")).secret
    await lina.factor.confirm("lina", code_at(secret, lina.clock.now()), keep=(await lina.sessions.find(here)).session)
    assert await lina.sessions.find(here) is not None
    assert await lina.sessions.find(there) is None


async def test_an_administrator_switches_it_off_and_all_sessions_end(lina: StaffRoom) -> None:
    secret, codes = await lina.enrol("lina")
    token, _ = await lina.sessions.open("lina", FULL, "", "")
    await lina.factor.remove("lina", by="zhao")
    assert lina.daybook.notes[-1] == ("second_factor_off", "zhao", {"name": "lina"})
    assert not (await lina.accounts.find("lina")).second_factor
    assert await lina.sessions.find(token) is None
    lina.clock.turn_by(STEP)
    for code in (code_at(secret, lina.clock.now()), codes[0]):
        await _refused(lina, code)
    with pytest.raises(CitizenError, match="没有开启") as refused:
        await lina.factor.remove("lina", by="zhao")
    assert refused.value.status == 409
    await lina.enrol("lina")
    assert (await lina.accounts.find("lina")).second_factor
