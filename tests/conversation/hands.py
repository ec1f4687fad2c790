"""What the tests of taking over share: a consultation that waits, its row as it stands, and the desk after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.support import IDLE, IN_GUIDE, LEASE, Office
from zhixun.conversation.consultation import Consultations
from zhixun.conversation.takeover import Takeover
from zhixun.errors import CitizenError
from zhixun.messages import Entry
from zhixun.ports import Seal

PATIENCE = timedelta(minutes=15)


async def waiting(office: Office) -> str:
    """Open a consultation and ask for a person; returns its number."""
    number = await office.open()
    await office.turns.say(number, "转人工")
    return number


def row(office: Office, number: str) -> dict[str, Any]:
    """Return a consultation's row as another process would see it."""
    with closing(sqlite3.connect(office.folder / "zhixun.db")) as other:
        other.row_factory = sqlite3.Row
        return dict(other.execute("SELECT * FROM consultations WHERE number = ?", (number,)).fetchone())


async def last(office: Office, number: str, kind: str) -> Entry:
    """Return the newest entry of a kind."""
    return [entry for entry in await office.entries(number) if entry.kind == kind][-1]


async def restart(office: Office, seal: Seal | None = None) -> None:
    """Do what a start does with the conversation's memory: all of it is lost, and prepared anew from the store."""
    seal = seal or office.sealer.seal
    office.turns = office.restarted()
    office.consultations = Consultations(
        office.database, office.journal, office.site, office.clock, office.turns.order, seal=seal, wake=office.woken.append,
        quick=office.site.quick, idle=IDLE, in_guide=IN_GUIDE,
    )  # fmt: skip
    office.takeover = Takeover(
        office.database, office.journal, office.site, office.clock, office.turns.order, seal=seal, wake=office.woken.append,
        lease=LEASE, patience=PATIENCE, now=lambda: office.ticks[-1],
    )  # fmt: skip
    await office.sealer.seal_pending()
    await office.takeover.prepare()


@contextmanager
def refused(code: str, status: int) -> Iterator[None]:
    """Demand that what is done within is refused, with these."""
    with pytest.raises(CitizenError) as error:
        yield
    assert (error.value.code, error.value.status) == (code, status), error.value.message
