"""Signing in over HTTP: each step opens the next alone, and nothing else opens before the last."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pyotp
import pytest
import pytest_asyncio

from tests.desk.pages.desk import Answer
from tests.desk.whole import Whole, whole_desk
from tests.support import Office
from zhixun.desk.gate import COOKIE

NEW = "一句好记的话胜过符号"
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@pytest_asyncio.fixture
async def whole(office: Office) -> AsyncIterator[Whole]:
    async with whole_desk(office) as opened:
        yield opened


def _cookie(answer: Answer) -> str:
    found = re.search(f"{COOKIE}=([^;]+)", answer.headers.get("Set-Cookie", ""))
    assert found, answer.text[:300]
    return found[1]


async def _sign_in(whole: Whole, name: str, password: str, *, to: str = "") -> Answer:
    return await whole.send("POST", f"/desk/login{to}", fields={"name": name, "password": password})


async def _post(whole: Whole, path: str, token: str, **fields: str) -> Answer:
    form = await whole.send("GET", path, token=token)
    (csrf, *_) = _CSRF.findall(form.text)
    return await whole.send("POST", path, token=token, fields={**fields, "csrf": csrf})


async def test_a_clerk_chooses_a_password_and_is_in(whole: Whole) -> None:
    first = await whole.desk.accounts.add("wang", "clerk", by="", shown="王芳")
    entered = await _sign_in(whole, "wang", first)
    assert (entered.status, entered.to) == (303, "/desk")
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= set(entered.headers["Set-Cookie"].split("; "))
    token = _cookie(entered)
    for path in ("/desk", "/desk/archive", "/desk/me"):
        assert (await whole.send("GET", path, token=token)).to == "/desk/password"
    differs = await _post(whole, "/desk/password", token, old=first, new=NEW, again="另外一句")
    assert "两次输入的新密码不一样" in differs.words
    weak = await _post(whole, "/desk/password", token, old=first, new="wang123456", again="wang123456")
    assert weak.status == 400
    done = await _post(whole, "/desk/password", token, old=first, new=NEW, again=NEW)
    assert (done.status, done.to) == (303, "/desk")
    assert (await whole.send("GET", "/desk", token=token)).to == "/desk/login", "the token of the step before opens nothing"
    page = await whole.send("GET", "/desk", token=_cookie(done))
    assert page.status == 200
    assert "王芳" in page.text


async def test_who_must_have_a_second_factor_sets_it_up_first(whole: Whole) -> None:
    first = await whole.desk.accounts.add("zhang", "auditor", by="")
    done = await _post(whole, "/desk/password", _cookie(await _sign_in(whole, "zhang", first)), old=first, new=NEW, again=NEW)
    token = _cookie(done)
    assert (await whole.send("GET", "/desk/audit", token=token)).to == "/desk/enrol"
    page = await whole.send("GET", "/desk/enrol", token=token)
    assert "<svg" in page.text
    secret = re.search(r"((?:[A-Z2-7]{4} ?){8})", page.words)
    assert secret
    wrong = await _post(whole, "/desk/enrol", token, code="000000")
    assert "验证码不对" in wrong.words
    assert secret[1].strip() in wrong.words, "a mistyped code does not want the picture scanned again"
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(whole.office.clock.now())
    enrolled = await _post(whole, "/desk/enrol", token, code=code)
    assert enrolled.words.count("-") >= 10
    assert (await whole.send("GET", "/desk/audit", token=_cookie(enrolled))).status == 200


async def test_the_password_is_no_way_around_the_code(whole: Whole) -> None:
    first = await whole.desk.accounts.add("li", "clerk", by="")
    await whole.desk.accounts.set_password("li", first, NEW)
    factor = whole.desk.accounts.second_factor
    totp = pyotp.TOTP((await factor.begin("li")).secret.replace(" ", ""))
    await factor.confirm("li", totp.at(whole.office.clock.now()))
    token = _cookie(await _sign_in(whole, "li", NEW))
    for path in ("/desk", "/desk/password", "/desk/enrol", "/desk/me"):
        assert (await whole.send("GET", path, token=token)).to == "/desk/code", path
    (csrf, *_) = _CSRF.findall((await whole.send("GET", "/desk/code", token=token)).text)
    around = {"old": NEW, "new": "完全不同的另一句话", "again": "完全不同的另一句话", "csrf": csrf}
    assert (await whole.send("POST", "/desk/password", token=token, fields=around)).to == "/desk/code"
    refused = await _post(whole, "/desk/code", token, code="123456")
    assert refused.status == 401
    assert (await whole.send("GET", "/desk", token=token)).to == "/desk/code"


async def test_what_is_wrong_is_not_told_apart(whole: Whole) -> None:
    first = await whole.desk.accounts.add("wang", "clerk", by="")
    wrong, nobody = await _sign_in(whole, "wang", f"{first}x"), await _sign_in(whole, "nobody", first)
    assert (wrong.status, nobody.status) == (401, 401)
    assert wrong.words.replace("wang", "") == nobody.words.replace("nobody", "")


async def test_who_guesses_from_outside_locks_nobody_out_of_the_office(whole: Whole) -> None:
    first = await whole.desk.accounts.add("wang", "clerk", by="")

    async def enter(password: str, address: str) -> int:
        fields = {"name": "wang", "password": password}
        return (await whole.send("POST", "/desk/login", fields=fields, headers={"From": address})).status

    assert [await enter("wrong", "192.0.2.1") for _ in range(5)] == [401] * 5
    assert [await enter(first, address) for address in ("192.0.2.1", "203.0.113.9")] == [401, 303]


async def test_where_somebody_signed_in_with_a_code_guesses_from_elsewhere_slow_nothing(whole: Whole) -> None:
    first = await whole.desk.accounts.add("li", "clerk", by="")
    factor, home = whole.desk.accounts.second_factor, {"From": "203.0.113.9"}
    totp = pyotp.TOTP((await factor.begin("li")).secret.replace(" ", ""))
    await factor.confirm("li", totp.at(whole.office.clock.now()))
    entry = {"name": "li", "password": first}
    token = _cookie(await whole.send("POST", "/desk/login", fields=entry, headers=home))
    (csrf, *_) = _CSRF.findall((await whole.send("GET", "/desk/code", token=token)).text)
    whole.office.clock.turn_by(timedelta(seconds=30))
    code = {"code": totp.at(whole.office.clock.now()), "csrf": csrf}
    assert (await whole.send("POST", "/desk/code", token=token, fields=code, headers=home)).status == 303
    for number in range(20):
        wrong = {**entry, "password": "wrong"}
        assert (await whole.send("POST", "/desk/login", fields=wrong, headers={"From": f"192.0.2.{number}"})).status == 401
    known, new = [(await whole.send("POST", "/desk/login", fields=entry, headers=told)).status for told in (home, {"From": "198.51.100.1"})]
    assert (known, new) == (303, 401)


@pytest.mark.parametrize("to", ["https://evil.example/desk", "//evil.example", "/desk@evil.example", "javascript:alert(1)"])
async def test_signing_in_leads_nowhere_else(whole: Whole, to: str) -> None:
    first = await whole.desk.accounts.add("wang", "clerk", by="")
    assert (await _sign_in(whole, "wang", first, to=f"?next={to}")).to == "/desk"
    inside = await _sign_in(whole, "wang", first, to="?next=/desk/tasks?tab=mine")
    assert inside.to == "/desk/tasks?tab=mine"


async def test_other_sites_cannot_sign_somebody_in(whole: Whole) -> None:
    first = await whole.desk.accounts.add("wang", "clerk", by="")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        answer = await whole.send("POST", "/desk/login", fields={"name": "wang", "password": first}, headers=headers)
        assert (answer.status, "Set-Cookie" in answer.headers) == (403, False), headers


async def test_signing_in_anew_ends_what_the_browser_still_carries(whole: Whole) -> None:
    first = await whole.desk.accounts.add("wang", "clerk", by="")
    here, elsewhere = await whole.enter("clerk", "li"), await whole.enter("clerk", "zhao")
    entry = {"name": "wang", "password": first}
    wrong = await whole.send("POST", "/desk/login", token=here.token, fields={**entry, "password": "wrong"})
    assert wrong.status == 401
    assert (await here.get("/desk")).status == 200, "nobody has proved to be somebody else"
    entered = await whole.send("POST", "/desk/login", token=here.token, fields=entry)
    assert (await here.get("/desk")).to == "/desk/login"
    assert (await elsewhere.get("/desk")).status == 200
    assert (await whole.send("GET", "/desk", token=_cookie(entered))).to == "/desk/password"


async def test_a_session_that_was_revoked_ends_at_once(whole: Whole) -> None:
    here = await whole.enter("clerk", "wang")
    there = await whole.send("GET", "/desk", token=here.token)
    assert there.status == 200
    await whole.desk.accounts.change("wang", by="", active=False)
    assert (await here.get("/desk")).to == "/desk/login"
    assert (await here.get("/desk/queue", HX_Request="true")).status == 401
