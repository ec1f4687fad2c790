"""Who may do what at the desk: written out here once more by hand, compared with the table, with the routes, and at the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.desk.whole import whole_desk
from tests.support import Office
from zhixun.clock import stamp
from zhixun.database import staff
from zhixun.desk.access import ACCESS, ANYONE, HALF, allowed
from zhixun.desk.gate import COOKIE, Gate
from zhixun.desk.staff import ENROL, FULL, PASSWORD, RENEW, ROLES, Staff
from zhixun.desk.staff_sessions import StaffSessions
from zhixun.errors import OurFault
from zhixun.limits import Limiter

LETTERS = {"c": "clerk", "r": "reviewer", "a": "administrator", "u": "auditor"}
TABLE = """
anyone GET  /desk/login
anyone POST /desk/login
half   POST /desk/logout
half   POST /desk/here
half   GET  /desk/code
half   POST /desk/code
half   GET  /desk/password
half   POST /desk/password
half   GET  /desk/enrol
half   POST /desk/enrol
c r a u GET  /desk/me
c r a u POST /desk/me/revoke
c r a - POST /desk/me/figures

c r a u GET  /desk
c r a u GET  /desk/queue
c r a u GET  /desk/events

c r a u GET  /desk/cases/{number}
c r a u GET  /desk/cases/{number}/log
c r a u GET  /desk/cases/{number}/side
c r a u GET  /desk/cases/{number}/print
- r a u GET  /desk/cases/{number}/replay
c r a u GET  /desk/cases/{number}/verify
c r a u POST /desk/cases/{number}/unmask
c r a - POST /desk/cases/{number}/claim
c r a - POST /desk/cases/{number}/beat
c r a - POST /desk/cases/{number}/typing
c r a - POST /desk/cases/{number}/say
c r a - POST /desk/cases/{number}/transfer
c r a - POST /desk/cases/{number}/put-back
c r a - POST /desk/cases/{number}/give-back
c r a - POST /desk/cases/{number}/close
c r a - POST /desk/cases/{number}/note
c r a - POST /desk/cases/{number}/label
c r a - POST /desk/cases/{number}/plan
c r a - POST /desk/cases/{number}/describe
- r a - POST /desk/cases/{number}/review
c r a - GET  /desk/cases/{number}/rating
c r a - POST /desk/cases/{number}/rating
- r a - GET  /desk/cases/{number}/correct
- r a - POST /desk/cases/{number}/correct

c r a u GET  /desk/correctives
c r a u GET  /desk/correctives/{number}
c r a - POST /desk/correctives/{number}
c r a u GET  /desk/cases/{number}/files/{id}
c r a - POST /desk/cases/{number}/files
c r a - GET  /desk/cases/{number}/refer
c r a - POST /desk/cases/{number}/refer

c r a u GET  /desk/knowledge
c r a u GET  /desk/canned
- r a - POST /desk/canned
- r a - POST /desk/canned/{id}/remove

c r a - GET  /desk/entry
c r a - POST /desk/entry
c r a - POST /desk/entry/found
c r a - POST /desk/entry/service
c r a - GET  /desk/entry/{number}/receipt

c r a u GET  /desk/tasks
c r a - POST /desk/tasks/print
c r a - POST /desk/tasks/{number}/{seq}
c r a - POST /desk/tasks/{number}/{seq}/contact
c r a u GET  /desk/requests
c r a u GET  /desk/requests/{number}
c r a - POST /desk/requests/{number}
c r a u POST /desk/requests/{number}/unmask

c r a u GET  /desk/archive
c r a u GET  /desk/archive/days
c r a u POST /desk/archive/views
c r a u POST /desk/archive/views/{id}
c r a u GET  /desk/reports
c r a u GET  /desk/reports/waiting
- r a u POST /desk/reports/export
- r a u POST /desk/archive/export
- r a u POST /desk/archive/package
- r a - POST /desk/archive/label

c r a u GET  /desk/referrals
c r a u GET  /desk/referrals/agencies
c r a u GET  /desk/referrals/{number}
c r a u GET  /desk/referrals/{number}/paper
c r a u GET  /desk/referrals/{number}/docx
c r a - POST /desk/referrals/{number}
c r a - POST /desk/referrals/{number}/again

c r a u GET  /desk/coverage
- r a u GET  /desk/coverage/docx
c r a u GET  /desk/coverage/checked
c r a u GET  /desk/coverage/{name}

c r a u GET  /desk/learning
c r a - POST /desk/learning
c r a - GET  /desk/learning/figures
c r a u GET  /desk/learning/{id}
c r a - POST /desk/learning/{id}
c r a u GET  /desk/learning/{id}/certificate

c r a u GET  /desk/registers
c r a u GET  /desk/record
c r a u GET  /desk/registers/{name}
c r a - POST /desk/registers/{name}
c r a - GET  /desk/registers/{name}/new
c r a - POST /desk/registers/{name}/join
c r a u GET  /desk/registers/{name}/template
c r a u POST /desk/registers/{name}/export
c r a - GET  /desk/registers/{name}/import
c r a - POST /desk/registers/{name}/import
c r a - POST /desk/registers/{name}/import/write
c r a u GET  /desk/registers/{name}/{number}
c r a - POST /desk/registers/{name}/{number}
c r a - GET  /desk/registers/{name}/{number}/edit
c r a u POST /desk/registers/{name}/{number}/unmask
c r a - POST /desk/registers/{name}/{number}/move
c r a u GET  /desk/registers/{name}/{number}/files/{id}
c r a - POST /desk/registers/{name}/{number}/files
c r a - POST /desk/registers/{name}/{number}/noted
c r a - POST /desk/registers/{name}/{number}/push
c r a u POST /desk/registers/{name}/{number}/push-list
c r a u GET  /desk/calendar
c r a u POST /desk/calendar/link
c r a u POST /desk/calendar/link/revoke
anyone GET  /desk/calendar/{token}.ics

c r a u GET  /desk/improve
c r a - POST /desk/improve/settle
c r a u GET  /desk/improve/drafts
c r a - GET  /desk/improve/new
c r a - POST /desk/improve/new
c r a - POST /desk/improve/look
c r a u GET  /desk/improve/drafts/{id}
c r a - POST /desk/improve/drafts/{id}
c r a u GET  /desk/improve/drafts/{id}/texts/{seq}
- r a - POST /desk/improve/drafts/{id}/approve
- r a - POST /desk/improve/drafts/{id}/back
c r a - POST /desk/improve/drafts/{id}/drop
c r a u GET  /desk/improve/expiring
c r a u GET  /desk/improve/versions
- r a - POST /desk/improve/versions
c r a u GET  /desk/improve/versions/{id}
c r a u GET  /desk/improve/versions/{id}/progress
- r a - POST /desk/improve/versions/{id}/cancel
- r a - POST /desk/improve/versions/{id}/back

- - a u GET  /desk/team
- - a - POST /desk/team
- - a - GET  /desk/team/{name}
- - a - POST /desk/team/{name}
c r a u GET  /desk/roster
- - a - POST /desk/roster
c r a u GET  /desk/switch
- - a - POST /desk/switch
- - a u GET  /desk/audit
- - a u GET  /desk/audit/export
"""
"""A route a line; before it, who may: clerk, reviewer, administrator, auditor, or whoever has come so far."""


def _read() -> dict[tuple[str, str], frozenset[str]]:
    found = {}
    for line in filter(None, TABLE.splitlines()):
        *who, method, path = line.split()
        found[method, path] = frozenset(who) - {"-"}
    return found


WANTED = _read()
EVERYBODY = frozenset(LETTERS)
# What changes nothing but one's own account or saved views, or only takes along what may be read; each of it stands in the day book.
AUDITORS_POSTS = {"/desk/me/revoke", "/desk/cases/{number}/unmask", "/desk/requests/{number}/unmask", "/desk/archive/views",
                  "/desk/archive/views/{id}", "/desk/archive/export", "/desk/archive/package",
                  "/desk/registers/{name}/export", "/desk/registers/{name}/{number}/push-list", "/desk/registers/{name}/{number}/unmask",
                  "/desk/calendar/link", "/desk/calendar/link/revoke", "/desk/reports/export"}  # fmt: skip



def test_the_table_is_the_one_written_here() -> None:
    assert set(ACCESS) == set(WANTED)
    for route, who in WANTED.items():
        named = {"anyone": ANYONE, "half": HALF}.get(next(iter(who)))
        assert ACCESS[route] == (named or {LETTERS[letter] for letter in who}), route


def test_the_roles_are_these() -> None:
    assert set(LETTERS.values()) == set(ROLES)


def test_an_auditor_reads_and_changes_nothing_of_anybody() -> None:
    assert {path for (method, path), who in WANTED.items() if method != "GET" and "u" in who} == AUDITORS_POSTS


def test_more_responsibility_never_takes_a_right_away() -> None:
    """A reviewer may what a clerk may, and an administrator what a reviewer may."""
    for route, who in WANTED.items():
        assert "c" not in who or "r" in who, route
        assert "r" not in who or "a" in who, route


@pytest.mark.parametrize("role", LETTERS.values())
def test_what_is_for_all_is_for_each(role: str) -> None:
    assert allowed(ANYONE, role)
    assert allowed(HALF, role)
    assert allowed(frozenset((role,)), role)
    assert not allowed(frozenset(LETTERS.values()) - {role}, role)
    assert not allowed(frozenset(), role)


async def test_every_route_has_its_row_and_every_row_its_route(office: Office) -> None:
    async with whole_desk(office) as whole:
        routes = [(route.method, route.path) for route in whole.desk.routes()]
    assert len(routes) == len(set(routes))
    assert set(routes) == set(ACCESS)


async def _answer(request: web.Request, who: Staff) -> web.Response:
    return web.Response(text=f"{who.name} {who.role}")


async def test_a_route_without_a_row_does_not_open(office: Office) -> None:
    async with whole_desk(office) as whole:
        gate = Gate(StaffSessions(office.database, office.clock), whole.desk._view, Limiter(on=False), lambda _: "127.0.0.1")
    for method, path in (("GET", "/desk/new"), ("DELETE", "/desk"), ("POST", "/desk/queue"), ("GET", "/desk/login/")):
        with pytest.raises(OurFault, match="不在权限表里"):
            gate.guard([("GET", "/desk", _answer), (method, path, _answer)])


class Door:
    """The gate before handlers that answer anybody who gets through, and people of all kinds before it."""

    def __init__(self, client: TestClient[web.Request, web.Application], sessions: dict[str, tuple[str, str]]) -> None:
        self._client = client
        self._sessions = sessions

    async def knock(self, who: str, method: str, path: str, *, csrf: str | None = None, **headers: str) -> tuple[int, str]:
        """Return the status, and where it leads on to or what is answered."""
        token, own = self._sessions.get(who, ("", ""))
        told = {"Cookie": f"{COOKIE}={token}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        fields = {"csrf": own if csrf is None else csrf} if method != "GET" else None
        where = path.format(number="ZX-20261120-000001-7", id="1", name="wang", seq="1", token="x")
        async with self._client.request(method, where, headers=told, data=fields, allow_redirects=False) as response:
            return response.status, response.headers.get("Location") or await response.text()


@asynccontextmanager
async def _door(office: Office) -> AsyncIterator[Door]:
    keeper = StaffSessions(office.database, office.clock)
    people = [*((role, role, FULL) for role in ROLES), *((stage, "administrator", stage) for stage in (PASSWORD, RENEW, ENROL))]
    sessions = {}
    for name, role, stage in people:
        row = {"name": name, "role": role, "password": "", "one_time": False, "made": stamp(office.clock.now())}
        async with office.database.write() as connection:
            await connection.execute(staff.insert().values(**row))
        sessions[name] = await keeper.open(name, stage, "", "")
    async with whole_desk(office) as whole:
        gate = Gate(keeper, whole.desk._view, Limiter(on=False), lambda _: "127.0.0.1")
        application = web.Application()
        application.add_routes(gate.guard([(method, path, _answer) for method, path in ACCESS]))
        async with TestClient(TestServer(application)) as client:
            yield Door(client, sessions)


async def test_at_the_gate_each_role_gets_where_it_may_and_nowhere_else(office: Office) -> None:
    async with _door(office) as door:
        for (method, path), who in WANTED.items():
            for letter, role in LETTERS.items():
                status, told = await door.knock(role, method, path)
                if letter in who or who & {"anyone", "half"}:
                    assert (status, told) == (200, f"{role} {role}"), (role, method, path)
                else:
                    assert status == 403, (role, method, path)
                    assert "您的角色不能做这一步" in told


async def test_at_the_gate_nobody_gets_in_who_has_not_signed_in_wholly(office: Office) -> None:
    """And each step of signing in leads to the next one alone: who owes a code cannot set a password instead."""
    leads = {"nobody": "/desk/login", PASSWORD: "/desk/code", RENEW: "/desk/password", ENROL: "/desk/enrol"}
    async with _door(office) as door:
        for (method, path), who in WANTED.items():
            for one, to in leads.items():
                status, told = await door.knock(one, method, path)
                if "anyone" in who or ("half" in who and one != "nobody" and path in ("/desk/logout", "/desk/here", to)):
                    assert status == 200, (one, method, path)
                else:
                    assert (status, told) == (303, to), (one, method, path)


async def test_what_does_not_come_from_our_own_pages_is_not_done(office: Office) -> None:
    async with _door(office) as door:
        for (method, path), who in WANTED.items():
            if method != "GET":
                assert (await door.knock("administrator", method, path, Origin="https://evil.example"))[0] == 403, path
                assert "anyone" in who or (await door.knock("administrator", method, path, csrf="guessed"))[0] == 403, path
        act = "POST", "/desk/switch"
        for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}, {"Origin": "null"}):
            assert (await door.knock("administrator", *act, **headers))[0] == 403, headers
        assert (await door.knock("administrator", *act, csrf=""))[0] == 403
        assert (await door.knock("administrator", *act, Sec_Fetch_Site="same-origin"))[0] == 200


async def test_a_script_is_answered_by_a_sentence_and_not_by_a_page(office: Office) -> None:
    async with _door(office) as door:
        assert await door.knock("nobody", "GET", "/desk/queue", HX_Request="true") == (
            401, '{"error": {"message": "\\u767b\\u5f55\\u5df2\\u5931\\u6548\\uff0c\\u8bf7\\u91cd\\u65b0\\u767b\\u5f55\\u3002"}}'
        )  # fmt: skip
        status, told = await door.knock("auditor", "POST", "/desk/cases/{number}/claim", HX_Request="true")
        assert (status, told[:10]) == (403, '{"error": ')


async def test_a_session_that_was_ended_or_an_account_that_was_closed_opens_nothing(office: Office) -> None:
    async with _door(office) as door:
        await StaffSessions(office.database, office.clock).revoke("clerk")
        office.sql("UPDATE staff SET active = 0 WHERE name = 'auditor'")
        office.sql("UPDATE staff SET role = 'clerk' WHERE name = 'administrator'")
        assert await door.knock("clerk", "GET", "/desk") == (303, "/desk/login")
        assert await door.knock("auditor", "GET", "/desk") == (303, "/desk/login")
        assert (await door.knock("administrator", "GET", "/desk/team"))[0] == 403
