"""Receipts: what a holder learns, and that a stranger learns nothing."""

import pytest

from tests.archive.world import World
from zhixun.archive.sealed import file_path, receipt_code
from zhixun.codes import folded, same_code
from zhixun.errors import CitizenError
from zhixun.messages import Event


async def test_a_holder_sees_how_it_went_on(world: World) -> None:
    number, code = await world.consult("一", phone="13800000000")
    receipt = await world.receipts.check(number, code)
    assert (receipt.state, receipt.rated, receipt.callback, receipt.supplements, receipt.intact) == ("closed", False, "asked", 0, True)
    await world.rate(number)
    await world.add(number, Event("followed_up", "staff:1"))
    await world.sealer.seal(number)
    receipt = await world.receipts.check(number, code)
    assert (receipt.rated, receipt.callback, receipt.supplements, receipt.intact) == (True, "done", 2, True)
    assert receipt.closed >= receipt.opened
    assert not receipt.erased


async def test_a_code_may_be_typed_as_people_type(world: World) -> None:
    number, code = await world.consult("一")
    for typed in (code.lower(), code.replace("-", ""), code.replace("-", " "), f"  {code} ", code.replace("0", "o").replace("1", "l")):
        assert (await world.receipts.check(number, typed)).intact


def test_what_counts_as_the_same_code() -> None:
    code = receipt_code("00" * 32)
    assert code == "0000-0000-0000-0000"
    assert same_code("００００-oooo ＯＯＯＯ0000", code)
    assert not same_code("0000-0000-0000-000", code)
    assert not same_code("", code)
    assert not same_code("文", code)
    assert folded(" ａ-l文o. ") == "A10"


async def test_a_stranger_is_told_nothing(world: World) -> None:
    number, code = await world.consult("一")
    other, other_code = await world.consult("二")
    still_open = await world.open("三")
    answers = set()
    for wrong in ((number, other_code), (other, code), (number, ""), (number, "0000-0000-0000-0000"), (still_open, code),
                  ("ZX-20261119-000777-0", code), ("", ""), ("../../HEAD", "x")):  # fmt: skip
        with pytest.raises(CitizenError) as caught:
            await world.receipts.check(*wrong)
        answers.add((caught.value.message, caught.value.status, caught.value.code))
    assert len(answers) == 1
    assert answers.pop()[1] == 404


@pytest.mark.parametrize("index", [0, 1])
async def test_a_changed_file_shows(world: World, index: int) -> None:
    number, code = await world.consult("一")
    await world.rate(number)
    path = world.archive / file_path(number, index)
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"zhixun", b"ZHIXUN"))
    assert not (await world.receipts.check(number, code)).intact
    path.unlink()
    assert not (await world.receipts.check(number, code)).intact
    path.write_bytes(kept)
    assert (await world.receipts.check(number, code)).intact


async def test_a_changed_ledger_shows_too(world: World) -> None:
    number, code = await world.consult("一")
    async with world.database.write() as connection:
        await connection.exec_driver_sql("DROP TRIGGER leaves_no_update")
        await connection.exec_driver_sql("UPDATE leaves SET digest = ?", ("ab" * 32,))
    assert not (await world.receipts.check(number, code)).intact
