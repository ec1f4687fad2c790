"""The pages that work without scripts: the catalogue, a form with its errors, what it leaves, and how a request stands."""

from __future__ import annotations

import asyncio
import html
import re

import pytest

from tests.channels.api import Api, api_of
from tests.support import Office, held_elsewhere, real_knowledge
from zhixun.limits import FORMS, RECEIPTS

GIVEN = {
    "who": "person", "target": "patent", "subject": "青稞饼干低温烘烤", "scope": "china", "purpose": "filing", "consent": "yes",
    "name": "王芳", "district": "east", "phone": "138 9712 3456",
}  # fmt: skip


async def _get(api: Api, path: str) -> tuple[int, str]:
    async with api.http.get(api.base + path) as response:
        assert response.content_type == "text/html"
        assert "form-action 'self'" in response.headers["Content-Security-Policy"]
        return response.status, await response.text()


async def _post(api: Api, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str]:
    async with api.http.post(api.base + path, data=fields, headers=headers) as response:
        return response.status, await response.text()


async def _once(api: Api, service: str) -> str:
    found = re.search('name="once" value="([^"]+)"', (await _get(api, f"/services/{service}"))[1])
    assert found is not None
    return found[1]


def _told(page: str) -> tuple[str, str]:
    number, code = re.findall('class="code">([^<]+)<', page)
    return number, code


async def test_the_catalogue_has_every_service_in_order(office: Office) -> None:
    async with api_of(office) as api:
        status, page = await _get(api, "/services")
    assert status == 200
    linked = re.findall('href="/services/([a-z-]+)"', page)
    assert linked == [service.id for service in real_knowledge().services.values()]
    assert page.index("基础服务") < page.index("特色服务")


@pytest.mark.parametrize("name", real_knowledge().services)
async def test_every_form_shows_its_fields(office: Office, name: str) -> None:
    service = real_knowledge().services[name]
    async with api_of(office) as api:
        status, page = await _get(api, f"/services/{service.id}")
    assert status == 200
    for step in service.form.steps.values():
        if step.id not in ("review", "consent"):
            assert html.escape(step.ask, quote=False) in html.unescape(page).replace("&", "&amp;"), step.id
            assert f'name="{step.id}"' in page


async def test_an_empty_form_names_every_field_that_is_wanted_and_makes_nothing(office: Office) -> None:
    async with api_of(office) as api:
        status, page = await _post(api, "/services/search", {"once": await _once(api, "search"), "name": "<b>王</b>"})
    assert status == 400
    wanted = set(re.findall('<a href="#([a-z]+)">', page))
    # Whoever does not say who asks is asked for nothing that only a unit has.
    assert wanted == {"who", "target", "subject", "scope", "purpose", "consent", "name", "district", "phone"}
    assert "<b>王" not in page
    assert "&lt;b&gt;王&lt;/b&gt;" in page
    assert await office.book.waiting() == []


async def test_a_form_makes_a_request_that_its_code_finds(office: Office) -> None:
    async with api_of(office) as api:
        fields = {**GIVEN, "once": await _once(api, "search")}
        status, page = await _post(api, "/services/search", fields)
        number, code = _told(page)
        again = _told((await _post(api, "/services/search", fields))[1])
        found = await _post(api, "/requests", {"number": number.lower(), "code": code.replace("-", "").lower()})
        wrong = await _post(api, "/requests", {"number": number, "code": "0000-0000-0000"})
        over_the_api = await api.call("POST", "/api/v1/receipts", {"number": number, "code": code})
    assert status == 200
    assert again == (number, code)
    assert "2026年11月24日 12:00" in page
    assert (found[0], "已收到，等待受理" in found[1]) == (200, True)
    assert (wrong[0], "已收到" in wrong[1]) == (404, False)
    assert over_the_api.body["requests"][0]["standing"] == "received"
    request = (await office.book.of((await office.book.waiting())[0].consultation))[0]
    assert dict(request.facts)["联系电话"] == "13897123456"


async def test_what_applies_to_others_is_not_kept(office: Office) -> None:
    async with api_of(office) as api:
        fields = {**GIVEN, "once": await _once(api, "search"), "unit": "某公司没填完", "code": "9"}
        status, _ = await _post(api, "/services/search", fields)
    assert status == 200
    request = (await office.book.of((await office.book.waiting())[0].consultation))[0]
    assert "单位名称" not in dict(request.facts)


async def test_secrets_in_free_text_are_not_kept(office: Office) -> None:
    async with api_of(office) as api:
        fields = {**GIVEN, "once": await _once(api, "search"), "subject": "我的身份证11010519491231002X，查青稞饼干"}
        await _post(api, "/services/search", fields)
    request = (await office.book.of((await office.book.waiting())[0].consultation))[0]
    assert "11010519491231002X" not in str(request.facts)
    assert "已隐去" in dict(request.facts)["检索内容"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("phone", "123", "手机号码"), ("name", "王芳123", "姓名"), ("subject", "短", "至少"), ("who", "ghost", "请填写"),
     ("consent", "no", "不同意")],
)  # fmt: skip
async def test_a_wrong_value_is_told_beside_its_field_and_the_rest_is_kept(office: Office, field: str, value: str, words: str) -> None:
    async with api_of(office) as api:
        status, page = await _post(api, "/services/search", {**GIVEN, "once": await _once(api, "search"), field: value})
    assert status == 400
    assert re.findall('<a href="#([a-z]+)">', page) == [field]
    assert words in page.split(f'id="error-{field}"')[1][:200]
    assert "138 9712 3456" in page or field == "phone"


async def test_a_firm_is_asked_for_its_name_and_a_right_code(office: Office) -> None:
    async with api_of(office) as api:
        firm = {**GIVEN, "once": await _once(api, "search"), "who": "small", "code": "91350100M000100Y44"}
        status, page = await _post(api, "/services/search", firm)
        assert (status, set(re.findall('<a href="#([a-z]+)">', page))) == (400, {"unit", "code"})
        firm |= {"unit": "西宁某某科技有限公司", "code": "91350100m000100y43"}
        assert (await _post(api, "/services/search", firm))[0] == 200


async def test_strangers_pages_unknown_services_and_junk_are_refused_in_words(office: Office) -> None:
    async with api_of(office) as api:
        assert (await _post(api, "/services/search", GIVEN, **{"Sec-Fetch-Site": "cross-site"}))[0] == 403
        for path in ("/services/ghost", "/services/..%2f", "/services/SEARCH"):
            status, page = await _get(api, path)
            assert status == 404
            assert "没有这项服务" in page
        status, page = await _post(api, "/services/search", {**GIVEN, "subject": "长" * 2001})
        assert (status, "最多 2000 个字" in page) == (400, True)
        async with api.http.post(api.base + "/services/search", data=b"\xff\xfe=\x00&who=%ff%fe") as response:
            assert response.status == 400
        async with api.http.post(api.base + "/services/search", json={"who": "person"}) as response:
            assert response.status == 400
    assert await office.book.waiting() == []


async def test_too_many_are_refused_and_nothing_that_was_written_is_lost(office: Office) -> None:
    async with api_of(office, limits=True) as api:
        fields = {**GIVEN, "once": await _once(api, "search")}
        api.exhaust(FORMS)
        status, page = await _post(api, "/services/search", fields)
        assert (status, "青稞饼干低温烘烤" in page, "再提交一次" in page) == (429, True, True)
        api.exhaust(RECEIPTS)
        assert (await _post(api, "/requests", {"number": "x", "code": "y"}))[0] == 429
    assert await office.book.waiting() == []


async def test_a_busy_store_keeps_what_was_written_in_the_page(office: Office) -> None:
    async with api_of(office) as api:
        fields = {**GIVEN, "once": await _once(api, "search")}
        office.database._patience = 0.05
        async with held_elsewhere(office.folder):
            status, page = await _post(api, "/services/search", fields)
        assert (status, "青稞饼干低温烘烤" in page) == (503, True)
        assert (await _post(api, "/services/search", fields))[0] == 200


async def test_the_same_form_sent_twice_at_once_makes_one_request(office: Office) -> None:
    async with api_of(office) as api:
        fields = {**GIVEN, "once": await _once(api, "search")}
        pages = await asyncio.gather(*(_post(api, "/services/search", fields) for _ in range(5)))
    assert len({_told(page) for _, page in pages}) == 1
    assert len(await office.book.waiting()) == 1


async def test_a_receipt_shows_the_requests_of_its_consultation(office: Office) -> None:
    async with api_of(office) as api:
        fields = {**GIVEN, "once": await _once(api, "search")}
        page = (await _post(api, "/services/search", fields))[1]
        consultation, receipt = re.search(r"(ZX-[\d-]+) 封存，回执码 ([A-Z0-9-]+)", page).groups()
        number, _ = _told(page)
        await office.book.move(number, "accepted", "li", owner="li")
        status, shown = await _post(api, "/requests", {"number": consultation, "code": receipt})
    assert (status, "已受理" in shown, number in shown) == (200, True, True)
