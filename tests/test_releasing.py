"""What is laid out before the knowledge is read, and what a service without an engine of its own refuses. (The rest is proven by
tests/improve/test_to_live.py, on the running product.)"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk.staffroom import RecordingDaybook
from tests.support import Office, real_knowledge
from zhixun.errors import CitizenError
from zhixun.improve.candidates import Candidates
from zhixun.improve.drafts import Drafts, digest_of
from zhixun.releasing import base_of, lay_out
from zhixun.settings import read_settings

FIRST, SECOND = {"one.yml": "[]\n"}, {"one.yml": "[]\n", "two.yml": "# 二\n[]\n"}


@pytest.fixture
def candidates(office: Office) -> Candidates:
    return Candidates(office.database, office.clock, Drafts(office.database, office.clock, RecordingDaybook()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "knowledge" / "answers").mkdir(parents=True)
    return tmp_path / "knowledge" / "answers"


def _put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def _there(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in folder.glob("*.yml")}


async def _live(candidates: Candidates, files: dict[str, str]) -> int:
    id = await candidates.begin(files, [], "li")
    await candidates.went_live(id)
    return id


async def test_nothing_ever_went_live_leaves_the_folder_alone(candidates: Candidates, folder: Path) -> None:
    _put(folder, FIRST)
    await lay_out(candidates, folder)
    assert (_there(folder), await candidates.versions()) == (FIRST, [])


async def test_a_crash_between_the_store_and_the_files_is_made_good(candidates: Candidates, folder: Path) -> None:
    await _live(candidates, FIRST)
    await _live(candidates, SECOND)
    _put(folder, FIRST)
    await lay_out(candidates, folder)
    assert _there(folder) == SECOND
    await _live(candidates, FIRST)
    await lay_out(candidates, folder)
    assert _there(folder) == FIRST, "what does not belong to the version is taken away"
    assert len(await candidates.versions()) == 3


async def test_files_that_were_written_by_hand_are_not_lost(candidates: Candidates, folder: Path) -> None:
    await _live(candidates, FIRST)
    _put(folder, {**FIRST, "hand.yml": "# 手写\n[]\n"})
    await lay_out(candidates, folder)
    live = await candidates.live()
    assert live is not None
    assert (live.files, live.made_by) == ({**FIRST, "hand.yml": "# 手写\n[]\n"}, "")
    assert _there(folder) == live.files


async def test_what_was_running_is_told_as_interrupted_and_what_was_live_comes_up(candidates: Candidates, folder: Path) -> None:
    await _live(candidates, FIRST)
    id = await candidates.begin(SECOND, [], "li")
    await candidates.move(id, "switching")
    _put(folder, FIRST)
    await lay_out(candidates, folder)
    assert (await candidates.one(id)).standing == "interrupted"
    assert _there(folder) == FIRST


def test_the_base_of_a_draft_is_the_question_as_it_is_live(tmp_path: Path) -> None:
    settings = read_settings({"ZHIXUN_DATA_DIR": str(tmp_path)})
    base = base_of(real_knowledge(), "tm-opposition-period", settings)
    assert len(base) == len(digest_of(""))
    assert base != base_of(real_knowledge(), "patent-term", settings)
    assert base_of(real_knowledge(), "nowhere", settings) == ""


async def test_without_an_engine_of_its_own_nothing_is_begun(office: Office, tmp_path: Path) -> None:
    from zhixun.improve.turns import Turns
    from zhixun.releasing import Release

    daybook = RecordingDaybook()
    drafts = Drafts(office.database, office.clock, daybook)
    turns = Turns(office.database, office.clock, daybook, None)  # type: ignore[arg-type]
    settings = read_settings({"ZHIXUN_DATA_DIR": str(tmp_path)})
    candidates = Candidates(office.database, office.clock, drafts)
    release = Release(settings, real_knowledge, None, drafts, candidates, turns, daybook, "西宁市")
    assert not release.possible
    for act in (release.start("li"), release.roll_back(1, "li")):
        with pytest.raises(CitizenError) as refused:
            await act
        assert refused.value.code == "no_engine"
    id = await candidates.begin({}, [], "li")
    with pytest.raises(CitizenError) as refused:
        await release.cancel(id, "li")
    assert refused.value.status == 409
    await release.close()
