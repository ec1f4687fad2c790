"""What stands under a name stands there once, until it is put anew or taken away; with the transaction it comes and goes."""

from __future__ import annotations

import pytest

from tests.support import Office
from zhixun.remembered import forget, remember, remembered


async def _found(office: Office, *names: str) -> list[str | None]:
    async with office.database.read() as connection:
        return [await remembered(connection, name) for name in names]


async def test_what_is_put_anew_takes_the_place_of_what_stood_there(office: Office) -> None:
    assert await _found(office, "place") == [None]
    for value in ("7", "", "9"):
        async with office.database.write() as connection:
            await remember(connection, "place", value)
        assert await _found(office, "place") == [value]
    assert office.sql("SELECT count(*) FROM meta WHERE name = 'place'") == [(1,)]


async def test_only_what_is_named_is_taken_away(office: Office) -> None:
    async with office.database.write() as connection:
        for name in ("one", "two", "three"):
            await remember(connection, name, name)
        await forget(connection, "one", "three", "nothing")
    assert await _found(office, "one", "two", "three") == [None, "two", None]


async def test_what_was_not_written_in_the_end_is_not_remembered(office: Office) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        async with office.database.write() as connection:
            await remember(connection, "place", "7")
            raise RuntimeError("power cut")
    assert await _found(office, "place") == [None]
