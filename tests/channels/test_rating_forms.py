"""The pages on which a consultation is rated that was had by another door, and what the citizen API tells of ratings."""

from __future__ import annotations

import re

import pytest

from tests.channels.api import Api, api_of
from tests.support import Office
from zhixun.joined import rating_path
from zhixun.limits import FORMS
from zhixun.messages import Event
from zhixun.names import INDICATORS
from zhixun.requests.codes import Codes

FIVE = dict.fromkeys(INDICATORS, "4")
SCORES = dict.fromkeys(INDICATORS, 4)


def _path(number: str) -> str:
    return rating_path(Codes(bytes(32)), number)


async def _get(api: Api, path: str) -> tuple[int, str]:
    async with api.http.get(api.base + path) as response:
        return response.status, await response.text()


async def _post(api: Api, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
    async with api.http.post(api.base + path, data=fields, headers=headers) as response:
        return response.status, await response.text()


async def _ended(office: Office, *, staff: bool = False) -> str:
    number = await office.open()
    await office.turns.say(number, "异议期多久")
    if staff:
        await office.turns.say(number, "转人工")
        fence = await office.takeover.claim(number, "wang")
        await office.takeover.say(number, "wang", fence, "三个月。", once="1")
    await office.consultations.close(number)
    return number


async def _rated(office: Office, number: str) -> list[tuple[str, object]]:
    return [(one.open["subject"], one.open["scores"]) for one in await office.entries(number) if one.kind == "rated"]


async def test_staff_and_the_program_are_rated_one_after_the_other_and_then_the_page_is_done(api: Api) -> None:
    number = await _ended(api.office, staff=True)
    status, page = await _get(api, _path(number))
    assert (status, "给人工服务打分" in page, page.count('type="radio"')) == (200, True, 25)
    status, page = await _post(api, _path(number), {**FIVE, "subject": "staff", "words": "耐心<b>"})
    assert (status, "谢谢您的评价" in page, "给智能助手打分" in page) == (200, True, True)
    status, page = await _post(api, _path(number), {**FIVE, "subject": "bot"})
    assert (status, "评价完成" in page, "<form" in page) == (200, True, False)
    assert await _rated(api.office, number) == [("staff", SCORES), ("bot", SCORES)]
    assert "已经评价过" in (await _get(api, _path(number)))[1]
    again = await _post(api, _path(number), {**FIVE, "subject": "bot"})
    assert (again[0], len(await _rated(api.office, number))) == (200, 2)


async def test_what_is_missing_is_told_and_what_was_typed_is_kept(api: Api) -> None:
    number = await _ended(api.office)
    status, page = await _post(api, _path(number), {**FIVE, "attitude": "9", "subject": "bot", "words": "慢<i>"})
    assert status == 422
    assert 'href="#attitude">请给“服务态度”打分。' in page
    assert "慢&lt;i&gt;" in page
    assert page.count(" checked") == 4
    status, page = await _post(api, _path(number), {**FIVE, "subject": "bot", "words": "好" * 501})
    assert (status, "意见最多 500 个字" in page) == (422, True)
    assert await _rated(api.office, number) == []


async def test_a_wrong_code_opens_nothing_and_guessing_is_slowed_down(office: Office) -> None:
    number = await _ended(office)
    async with api_of(office, limits=True) as api:
        # The code of a request or slip opens no rating.
        other = Codes(bytes(32)).code_of(number)
        for path in (f"/r/{number}/AAAA-BBBB-CCCC", "/r/ZX-20261120-000009-9/AAAA-BBBB-CCCC", f"/r/{number}/{other}"):
            assert (await _get(api, path))[0] == 404
            assert (await _post(api, path, {**FIVE, "subject": "bot"}))[0] == 404
        while (await _get(api, f"/r/{number}/AAAA-BBBB-CCCC"))[0] == 404:
            pass
        assert (await _get(api, f"/r/{number}/AAAA-BBBB-CCCC"))[0] == 429
        assert (await _get(api, _path(number)))[0] == 200
        api.exhaust(FORMS)
        assert (await _post(api, _path(number), {**FIVE, "subject": "bot"}))[0] == 429
    assert await _rated(office, number) == []


async def test_another_site_cannot_rate(api: Api) -> None:
    number = await _ended(api.office)
    status, _ = await _post(api, _path(number), {**FIVE, "subject": "bot"}, **{"Sec-Fetch-Site": "cross-site"})
    assert (status, await _rated(api.office, number)) == (403, [])


async def test_whoever_asks_after_a_closed_consultation_is_offered_to_rate_it_once(api: Api) -> None:
    number = await _ended(api.office)
    code = await api.office.consultations.close(number)
    asked = {"number": number.lower(), "code": code}
    _, page = await _post(api, "/requests", asked)
    (path,) = re.findall(r'href="(/r/[^"]+)"', page)
    assert path == _path(number)
    assert (await _get(api, path))[0] == 200
    await api.office.ratings.rate(number, SCORES, "")
    assert "/r/" not in (await _post(api, "/requests", asked))[1]


async def test_what_is_still_open_is_not_offered_there(api: Api) -> None:
    number = await _ended(api.office)
    code = await api.office.consultations.close(number)
    assert "/r/" in (await _post(api, "/requests", {"number": number, "code": code}))[1]
    open_one = await api.office.open()
    await api.office.add(open_one, Event("noted", "staff:wang", {"mentions": []}, {"text": "x"}))
    assert (await _post(api, "/requests", {"number": open_one, "code": code}))[0] == 404


# --- The citizen API --------------------------------------------------------------------------------------------------------


async def test_closing_tells_what_can_be_rated_and_each_part_is_rated_once(api: Api) -> None:
    session, number = await api.open()
    office = api.office
    await office.turns.say(number, "异议期多久")
    await office.turns.say(number, "转人工")
    fence = await office.takeover.claim(number, "wang")
    await office.takeover.say(number, "wang", fence, "三个月。", once="1")
    assert (await api.call("POST", "/api/v1/close", {}, session=session)).body["to_rate"] == ["staff", "bot"]
    assert (await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session)).status == 200
    assert (await api.call("POST", "/api/v1/rating", {"scores": SCORES}, session=session)).status == 409
    assert (await api.call("POST", "/api/v1/close", {}, session=session)).body["to_rate"] == ["bot"]
    assert (await api.call("POST", "/api/v1/rating", {"scores": SCORES, "subject": "bot"}, session=session)).status == 200
    assert (await api.call("POST", "/api/v1/close", {}, session=session)).body["to_rate"] == []
    assert await _rated(office, number) == [("staff", SCORES), ("bot", SCORES)]


@pytest.mark.parametrize("subject", ["nobody", "staff", 5])
async def test_a_part_that_there_is_not_is_refused(api: Api, subject: object) -> None:
    session, number = await api.open()
    answer = await api.call("POST", "/api/v1/rating", {"scores": SCORES, "subject": subject}, session=session)
    assert (answer.status, await _rated(api.office, number)) == (400, [])


@pytest.mark.parametrize("missing", INDICATORS)
async def test_all_five_are_asked_for_there(api: Api, missing: str) -> None:
    session, number = await api.open()
    scores = {name: 4 for name in INDICATORS if name != missing}
    answer = await api.call("POST", "/api/v1/rating", {"scores": scores}, session=session)
    assert (answer.status, answer.body["error"]["field"]) == (400, f"scores.{missing}")
    assert await _rated(api.office, number) == []
