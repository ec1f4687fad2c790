"""Opening the store: one that an older Zhixun wrote owes what it owed before."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config

from tests.support import NIGHT, ROOT, HandClock, office_in
from zhixun.database import migrate
from zhixun.settings import read_settings
from zhixun.store import open_archive

_BEFORE_THE_DESK = "0003"


def _asked(store: Path, question: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(store) as connection:
        found = list(connection.execute(question))
    connection.close()
    return found


def test_only_a_store_with_consultations_is_derived_anew(tmp_path: Path) -> None:
    for name, rows in (("empty", 0), ("used", 1)):
        store = tmp_path / f"{name}.db"
        config = Config()
        config.set_main_option("script_location", str(ROOT / "zhixun" / "migrations"))
        config.attributes["url"] = f"sqlite:///{store}"
        command.upgrade(config, _BEFORE_THE_DESK)
        for _ in range(rows):
            _asked(store, "INSERT INTO consultations (number, channel, region, state, opened, last, turns, seq, callback, in_guide, wants)"
                          " VALUES ('ZX-20261101-000001-7', 'api', '西宁市', 'message_left', '', '', 1, 3, 1, 0, '')")  # fmt: skip
        migrate(f"sqlite:///{store}")
        assert _asked(store, "SELECT value FROM meta WHERE name = 'derive'") == [("0004",)] * rows


async def test_a_call_back_promised_before_the_upgrade_is_still_owed(tmp_path: Path) -> None:
    async with office_in(tmp_path, HandClock(NIGHT)) as office:
        number = await office.open()
        await office.turns.say(number, "转人工")
    store = tmp_path / "zhixun.db"
    expected = (_asked(store, "SELECT * FROM tasks"), _asked(store, "SELECT * FROM consultations"))
    assert expected[0]
    # As the migration leaves a store that was written before it.
    for change in ("DELETE FROM tasks", "UPDATE consultations SET handed = '', reason = ''", "INSERT INTO meta VALUES ('derive', '0004')"):
        _asked(store, change)
    async with open_archive(read_settings({"ZHIXUN_DATA_DIR": str(tmp_path), "ZHIXUN_DATABASE_URL": f"sqlite:///{store}"})):
        pass
    assert (_asked(store, "SELECT * FROM tasks"), _asked(store, "SELECT * FROM consultations")) == expected
    assert _asked(store, "SELECT * FROM meta WHERE name = 'derive'") == []
