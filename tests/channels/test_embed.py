"""Other sites and the widget: which pages may call, what each is told, and that a script once pasted stays as it was."""

from __future__ import annotations

import base64
import errno
import gzip
import hashlib
import json
import re
from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.api import REGIONS, Api, api_of
from tests.support import ROOT, Office
from zhixun.archive.durable import write_once
from zhixun.channels.embed import EmbedPages, policy, read_widget, snippet
from zhixun.channels.origins import Origins
from zhixun.doors import PARTNER_SESSION
from zhixun.knowledge.hosts import PAPERS, Colours, HostSite

CITY = "https://www.city.example"
LOWER = "http://127.0.0.1:8099"
BELOW = "https://*.lower.example"
QUICK = {"title": "商标怎么注册", "payload": "商标怎么注册"}
HOSTS = (
    HostSite("city", (CITY, LOWER), "专利问答", "青海省", (QUICK,), Colours("#9e1b1e", "#ffffff")),
    HostSite("lower", (BELOW, "https://lower.example:8443"), "", "", (), None),
)
ADDRESS = "https://ip.example.gov.cn"


@pytest.fixture
async def embedding(office: Office) -> AsyncIterator[Api]:
    """Serve with two registered sites."""
    async with api_of(office, hosts=HOSTS, public_url=ADDRESS) as served:
        yield served


def _from(origin: str) -> dict[str, str]:
    return {"Origin": origin}


async def test_a_page_of_a_registered_site_may_call_and_read(embedding: Api) -> None:
    for origin in (CITY, LOWER, "https://a.lower.example", "https://a-1.b.lower.example", "https://lower.example:8443"):
        asked = await embedding.call("OPTIONS", "/api/v1/messages", headers=_from(origin))
        answer = await embedding.call("POST", "/api/v1/sessions", {}, headers=_from(origin))
        assert (asked.status, answer.status) == (204, 201), origin
        for headers in (asked.headers, answer.headers):
            assert headers["Access-Control-Allow-Origin"] == origin
            assert "Origin" in headers["Vary"]
            assert "Access-Control-Allow-Credentials" not in headers
        assert {"Authorization", "Content-Type", "X-File-Name"} <= set(asked.headers["Access-Control-Allow-Headers"].split(", "))
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


async def test_of_a_consultation_is_kept_on_whose_site_it_was_begun(embedding: Api) -> None:
    begun = {}
    for origin in (CITY, "https://a.lower.example", "", ADDRESS):
        headers = _from(origin) if origin else {}
        opened = await embedding.call("POST", "/api/v1/sessions", {"channel": "web", "consent": True}, headers=headers)
        begun[origin] = (await embedding.office.entries(opened.body["consultation"]))[0].open.get("site")
        assert not opened.body["session"].startswith(PARTNER_SESSION)
    assert begun == {CITY: "city", "https://a.lower.example": "lower", "": None, ADDRESS: None}


STRANGERS = [
    "https://elsewhere.example", "null", "http://www.city.example", "https://www.city.example:8443", "https://city.example",
    "https://www.city.example.evil.example", "https://lower.example", "https://.lower.example", "https://evil.example/.lower.example",
    "https://evil.example?.lower.example", "https://evil.example#.lower.example", "https://user@a.lower.example",
    "https://notlower.example", "http://a.lower.example", "https://A.lower.example:1", "file://", "", " ",
    "https://www.city.example/", "https://www.city.example, https://elsewhere.example",
]  # fmt: skip


async def test_any_other_page_is_refused_in_chinese_and_can_read_nothing(embedding: Api) -> None:
    before = await _entries(embedding)
    calls = (("POST", "/api/v1/sessions"), ("GET", "/api/v1/site"), ("GET", "/api/v1/ws"), ("OPTIONS", "/api/v1/sessions"))
    for origin, (method, path) in product(STRANGERS, calls):
        answer = await embedding.call(method, path, headers=_from(origin))
        assert not [name for name in answer.headers if name.startswith("Access-Control-")], origin
        assert "Origin" in answer.headers["Vary"]
        if method != "OPTIONS":
            assert (answer.status, answer.body["error"]["code"]) == (403, "origin"), origin
            assert "没有登记" in answer.body["error"]["message"]
    assert await _entries(embedding) == before


async def _entries(api: Api) -> int:
    async with api.office.database.read() as connection:
        entries, _ = await api.office.journal.head(connection)
    return entries


async def test_a_socket_is_opened_for_registered_pages_alone(embedding: Api) -> None:
    session, _ = await embedding.open()
    for origin in (CITY, "https://a.lower.example", embedding.base, ADDRESS):
        async with embedding.http.ws_connect(f"{embedding.base}/api/v1/ws", headers=_from(origin)) as socket:
            await socket.send_json({"session": session, "after": 0})
            assert json.loads((await socket.receive(timeout=10)).data)["type"] == "entries"
    for origin in ("https://elsewhere.example", "null"):
        with pytest.raises(WSServerHandshakeError) as refused:
            await embedding.http.ws_connect(f"{embedding.base}/api/v1/ws", headers=_from(origin))
        assert refused.value.status == 403


async def test_the_service_s_own_pages_and_programs_without_a_page_are_always_admitted(embedding: Api) -> None:
    for headers in ({}, _from(embedding.base), _from(ADDRESS), {"Origin": "https://behind.example", "Host": "behind.example"}):
        answer = await embedding.call("POST", "/api/v1/sessions", {}, headers=headers)
        assert answer.status == 201
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_without_registered_sites_only_the_own_page_is_admitted(api: Api) -> None:
    assert (await api.call("GET", "/api/v1/site", headers=_from(api.base))).status == 200
    assert (await api.call("GET", "/api/v1/site", headers=_from(CITY))).status == 403


async def test_a_page_is_told_the_title_colours_region_and_buttons_of_its_site(embedding: Api) -> None:
    own = (await embedding.call("GET", "/api/v1/site")).body
    assert own["regions"] == list(REGIONS)
    assert not {"title", "colours"} & set(own)
    by_origin = (await embedding.call("GET", "/api/v1/site", headers=_from(CITY))).body
    assert by_origin == {
        **own, "title": "专利问答", "region": "青海省", "regions": ["青海省"], "quick": [QUICK],
        "colours": Colours("#9e1b1e", "#ffffff").palette(),
    }  # fmt: skip
    by_name = (await embedding.call("GET", "/api/v1/site?site=city", headers=_from(CITY))).body
    # Looking how a site's widget will be needs no page of that site.
    assert by_name == by_origin == (await embedding.call("GET", "/api/v1/site?site=city")).body
    assert (await embedding.call("GET", "/api/v1/site?site=lower", headers=_from("https://a.lower.example"))).body == own


@pytest.mark.parametrize(("site", "status", "code"), [("lower", 403, "wrong_site"), ("nobody", 404, "no_site"), ("%00", 404, "no_site")])
async def test_a_page_cannot_take_another_site_s_name(embedding: Api, site: str, status: int, code: str) -> None:
    answer = await embedding.call("GET", f"/api/v1/site?site={site}", headers=_from(CITY))
    assert (answer.status, answer.body["error"]["code"], answer.body["error"]["field"]) == (status, code, "site")


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=33), max_size=40))
def test_nothing_but_names_stands_for_the_star(name: str) -> None:
    origins = Origins({}, HOSTS)
    origin = f"https://{name}.lower.example"
    plain = bool(re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name)) and all(part.strip("-") for part in name.split("."))
    request = make_mocked_request("GET", "/api/v1/site", headers={"Origin": origin, "Host": "here.example"})
    assert (origins._host_of(origin) is not None) == plain
    assert origins._foreign(request) == origin


async def test_a_version_of_the_script_stays_as_it_was_when_the_next_one_comes(embedding: Api) -> None:
    static, kept = embedding.office.folder / "static", embedding.office.folder / "widgets"
    old = read_widget(static)
    assert old is not None
    before = await _script(embedding, old.file)
    (static / "widget.js").write_text("export default 2")
    EmbedPages({}, HOSTS, static, kept, ADDRESS, write_once)
    new = read_widget(static)
    assert new is not None
    assert new.file != old.file
    assert await _script(embedding, old.file) == before
    body, headers = await _script(embedding, new.file)
    assert (before[0], body) == (b"export {}", b"export default 2")
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Content-Type"].startswith("text/javascript")
    assert new.integrity == "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
    assert gzip.decompress((kept / f"{new.file}.gz").read_bytes()) == body
    async with embedding.http.get(f"{embedding.base}/widget.js") as newest:
        assert (newest.headers["Cache-Control"], newest.headers["Access-Control-Allow-Origin"]) == ("no-cache", "*")


async def _script(api: Api, file: str) -> tuple[bytes, dict[str, str]]:
    async with api.http.get(f"{api.base}/{file}", headers=_from("https://elsewhere.example")) as response:
        assert response.status == 200
        told = ("Cache-Control", "Access-Control-Allow-Origin", "Content-Type")
        return await response.read(), {name: response.headers[name] for name in told}


@pytest.mark.parametrize(
    "path", ["/widget-0123456789abcdef.js", "/widget-..%2f..%2fzhixun.js", "/widget-.js", "/widget-0123456789abcdef.js.gz"]
)
async def test_a_version_that_never_was_is_not_found(embedding: Api, path: str) -> None:
    async with embedding.http.get(embedding.base + path) as response:
        assert response.status == 404


async def test_the_page_shows_each_site_the_lines_to_paste(embedding: Api) -> None:
    widget = read_widget(embedding.office.folder / "static")
    assert widget is not None
    async with embedding.http.get(f"{embedding.base}/embed") as response:
        page = await response.text()
        assert response.status == 200
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    for host in HOSTS:
        assert snippet(ADDRESS, host, widget).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;") in page
        assert all(origin in page for origin in host.origins)
    assert policy(ADDRESS) in page


def _full(path: Path, data: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


async def test_a_full_disk_takes_the_lines_away_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "widget.js").write_bytes(b"x")
    pages = EmbedPages({"name": "知询", "office": "某市"}, HOSTS, tmp_path, tmp_path / "kept", ADDRESS, _full)
    text = (await pages._page(make_mocked_request("GET", "/embed"))).text
    assert text is not None
    assert "没能存进数据目录" in text
    assert "integrity=" not in text


@pytest.mark.parametrize(("hosts", "built", "words"), [((), True, "现在没有登记的网站"), (HOSTS, False, "页面文件尚未生成")])
async def test_the_page_says_why_there_is_nothing_to_paste(
    office: Office, hosts: tuple[HostSite, ...], built: bool, words: str
) -> None:
    async with api_of(office, hosts=hosts) as api:
        if not built:
            empty = EmbedPages({"name": "知询", "office": "某市"}, hosts, office.folder / "nothing", office.folder / "kept", "", write_once)
            text = (await empty._page(make_mocked_request("GET", "/embed", headers={"Host": "here.example"}))).text
        else:
            async with api.http.get(f"{api.base}/embed") as response:
                text = await response.text()
        assert text is not None
        assert words in text
        assert "<code" not in text


def test_the_lines_name_script_hash_site_and_a_link_for_who_sees_no_window(tmp_path: Path) -> None:
    (tmp_path / "widget.js").write_bytes(b"x")
    widget = read_widget(tmp_path)
    assert widget is not None
    script, element = snippet(ADDRESS, HOSTS[0], widget).split("\n")
    assert re.fullmatch(
        rf'<script src="{ADDRESS}/widget-[0-9a-f]{{16}}\.js" integrity="sha384-[A-Za-z0-9+/]{{64}}" crossorigin="anonymous" defer></script>',
        script,
    )
    assert element == f'<zhixun-chat data-site="city"><a href="{ADDRESS}/">在线咨询</a></zhixun-chat>'
    assert ' server="https://a.example/ip">' in snippet("https://a.example/ip", HOSTS[0], widget)
    assert policy("https://a.example/ip") == "script-src https://a.example; connect-src https://a.example wss://a.example"


def test_the_papers_that_colours_are_held_against_are_those_of_the_widget() -> None:
    css = (ROOT / "web" / "src" / "widget.css").read_text("utf-8")
    light, dark = (css.split(".root {")[part] for part in (1, 2))
    for rules, papers in ((light, PAPERS["light"]), (dark, PAPERS["dark"])):
        found = {name: re.search(rf"--{name}: (#[0-9a-f]+)", rules) for name in ("paper", "ground", "wash")}
        told = [match[1] if match else "" for match in found.values()]
        assert [f"#{''.join(2 * digit for digit in colour[1:])}" if len(colour) == 4 else colour for colour in told] == list(papers)
