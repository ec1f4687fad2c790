"""Candidates and versions: one at a time, honest after a restart, and a way back."""

from __future__ import annotations

import pytest
import yaml

from tests.desk.staffroom import RecordingDaybook
from tests.support import Office
from zhixun.errors import CitizenError
from zhixun.improve.candidates import KEPT, Candidates, laid_over
from zhixun.improve.drafts import LIVE, Draft, Drafts, written

FILES = {"q-one.yml": written({"id": "q-one", "title": "一"})}


@pytest.fixture
def drafts(office: Office) -> Drafts:
    return Drafts(office.database, office.clock, RecordingDaybook())


@pytest.fixture
def candidates(office: Office, drafts: Drafts) -> Candidates:
    return Candidates(office.database, office.clock, drafts)


async def _live(candidates: Candidates, files: dict[str, str] = FILES) -> int:
    id = await candidates.begin(files, [], "li")
    await candidates.went_live(id)
    return id


async def test_one_at_a_time(candidates: Candidates) -> None:
    id = await candidates.begin(FILES, [1], "li")
    for standing in ("training", "starting", "testing", "switching"):
        await candidates.move(id, standing)
        with pytest.raises(CitizenError) as refused:
            await candidates.begin({}, [], "wang")
        assert refused.value.status == 409
    await candidates.move(id, "refused", {"reasons": ["变差"]})
    one = await candidates.one(id)
    assert (one.standing, one.runs, one.files, one.drafts) == ("refused", False, FILES, (1,))
    assert (one.report, bool(one.ended)) == ({"reasons": ["变差"]}, True)
    assert await candidates.begin({}, [], "wang") > id


async def test_what_was_running_when_the_service_ended_is_told_as_interrupted(candidates: Candidates) -> None:
    live = await _live(candidates)
    id = await candidates.begin({}, [], "li")
    await candidates.move(id, "training", model="m", knowledge="k")
    assert await candidates.interrupted() == 1
    assert ((await candidates.one(id)).standing, (await candidates.one(live)).standing) == ("interrupted", "live")
    assert await candidates.interrupted() == 0


async def test_the_newest_that_went_live_is_live_and_its_drafts_with_it(candidates: Candidates, drafts: Drafts) -> None:
    draft = await drafts.begin({"id": "q-one"}, "", [], "wang")
    first = await _live(candidates, {})
    id = await candidates.begin(FILES, [draft], "li")
    await candidates.went_live(id)
    live = await candidates.live()
    assert live is not None
    assert (live.id, live.files) == (id, FILES)
    assert [(one.id, one.standing) for one in await candidates.versions()] == [(id, "live"), (first, "past")]
    assert (await drafts.one(draft)).standing == LIVE


async def test_only_the_last_versions_can_be_gone_back_to(candidates: Candidates) -> None:
    ids = [await _live(candidates, {f"{number}.yml": ""}) for number in range(KEPT + 2)]
    refused = await candidates.begin({}, [], "li")
    await candidates.move(refused, "failed", {"why": "……"})
    assert [one.id for one in await candidates.versions()] == ids[::-1][:KEPT]
    assert (await candidates.newest(1))[0].id == refused


async def test_what_was_in_use_before_all_is_kept_once(candidates: Candidates) -> None:
    await candidates.keep_first({}, "model", "known")
    await candidates.keep_first({"x.yml": ""}, "other", "other")
    (one,) = await candidates.versions()
    assert (one.files, one.model, one.knowledge, one.standing, one.made_by) == ({}, "model", "known", "live", "")


async def test_one_that_there_is_not_is_told(candidates: Candidates) -> None:
    with pytest.raises(CitizenError) as refused:
        await candidates.one(9)
    assert refused.value.status == 404


async def _draft(drafts: Drafts, question: str, title: str) -> Draft:
    return await drafts.one(await drafts.begin({"id": question, "title": title}, "", [], "wang"))


async def test_a_draft_stands_in_a_file_of_its_own_and_in_no_other(drafts: Drafts) -> None:
    by_hand = written({"id": "q-one", "title": "旧"}) + written({"id": "q-two", "title": "二"})
    files = laid_over({"mine.yml": by_hand, "q-three.yml": written({"id": "q-four"})}, [
        await _draft(drafts, "q-one", "新"), await _draft(drafts, "q-three", "三"),
    ])  # fmt: skip
    read = {name: yaml.safe_load(text) for name, text in files.items()}
    assert read == {
        "mine.yml": [{"id": "q-two", "title": "二"}], "q-one.yml": [{"id": "q-one", "title": "新"}],
        "q-three.yml": [{"id": "q-four"}, {"id": "q-three", "title": "三"}],
    }  # fmt: skip


async def test_a_file_without_questions_goes(drafts: Drafts) -> None:
    assert set(laid_over({"old.yml": written({"id": "q-one"})}, [await _draft(drafts, "q-one", "新")])) == {"q-one.yml"}
    assert laid_over(FILES, []) == FILES
