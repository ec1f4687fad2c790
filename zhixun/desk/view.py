"""Draws the desk's pages: one Jinja environment that escapes everything, and what every page is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from zhixun.clock import local_of
from zhixun.desk.access import ACCESS, allowed
from zhixun.desk.staff import FULL, ROLES, Staff
from zhixun.drawn import environment_of
from zhixun.masking import mask
from zhixun.names import told

__all__ = ["View", "local", "when"]

_NAVIGATION = (
    ("/desk", "接待", "queue", "q"), ("/desk/entry", "登记", "pencil", "e"), ("/desk/tasks", "回电与回访", "phone", "t"),
    ("/desk/requests", "服务申请", "form", "r"),
    ("/desk/referrals", "转办", "slip", "z"), ("/desk/correctives", "整改", "flag", "c"),
    ("/desk/archive", "档案", "archive", "a"), ("/desk/registers", "台账", "register", "b"), ("/desk/calendar", "日历", "calendar", "d"),
    ("/desk/improve", "改进", "check", "i"), ("/desk/reports", "分析报告", "report", ""),
    ("/desk/canned", "常用语", "note", ""), ("/desk/coverage", "规范对照", "checks", ""), ("/desk/learning", "学习", "book", ""),
    ("/desk/roster", "值班", "clock", ""), ("/desk/team", "人员", "people", ""), ("/desk/audit", "操作记录", "shield", ""),
    ("/desk/switch", "应答开关", "pause", ""),
)  # fmt: skip
"""Address, title, icon and key of the main pages."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class View:
    """Renders templates.

    Args:
        site: name and office.
        banner: what everybody at the desk must know right now; empty when nothing.
        counts: what waits behind a main page, by its address.
        idle_seconds: after how long without a sign of life a session ends.
    """

    site: Mapping[str, Any]
    environment: jinja2.Environment
    banner: Callable[[], str]
    counts: Callable[[], Mapping[str, int]]
    idle_seconds: int

    @classmethod
    def of(
        cls, site: Mapping[str, Any], banner: Callable[[], str], counts: Callable[[], Mapping[str, int]], idle_seconds: int
    ) -> View:
        """Make the view over the desk's own templates."""
        environment = environment_of(Path(__file__).parent / "templates")
        environment.filters |= {"when": when, "local": local, "mask": mask, "pair": lambda value: (value, value)}
        environment.globals |= {"told": told, "writable": _nothing}
        return cls(site, environment, banner, counts, idle_seconds)

    def page(self, template: str, request: web.Request, staff: Staff | None, *, status: int = 200, **what: Any) -> web.Response:
        """Draw a whole page."""
        shown = {"name": staff.name, "shown": staff.shown, "role": staff.role, "role_shown": ROLES[staff.role],
                 "csrf": staff.csrf, "full": staff.stage == FULL} if staff else None  # fmt: skip
        done = request.query.get("done", "")
        text = self.environment.get_template(template).render(
            site=self.site, staff=shown, nav=self._navigation(request, staff), banner=self.banner() if staff else "",
            flash=what.pop("flash", None) or _TOLD.get(done), idle_seconds=self.idle_seconds, **what,
        )  # fmt: skip
        return self._answer(text, status)

    def part(self, template: str, staff: Staff, *, status: int = 200, headers: Mapping[str, str] | None = None, **what: Any) -> web.Response:
        """Draw a part of a page, for htmx."""
        shown = {"name": staff.name, "csrf": staff.csrf, "role": staff.role}
        response = self._answer(self.environment.get_template(template).render(staff=shown, **what), status)
        response.headers.update(headers or {})
        return response

    def _navigation(self, request: web.Request, staff: Staff | None) -> list[dict[str, Any]]:
        if staff is None or staff.stage != FULL:
            return []
        at, counts = request.path.rstrip("/"), self.counts()
        return [
            {"href": href, "title": title, "icon": icon, "key": key, "count": counts.get(href),
             "current": at == href or (href != "/desk" and at.startswith(href + "/"))}
            for href, title, icon, key in _NAVIGATION
            if ("GET", href) in ACCESS and allowed(ACCESS["GET", href], staff.role)
        ]  # fmt: skip

    @staticmethod
    def _answer(text: str, status: int) -> web.Response:
        # Without any referrer browsers would not say which site a form comes from.
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store", "Vary": "HX-Request", "Referrer-Policy": "same-origin"}
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)


_TOLD = {
    name: (text, "good")
    for name, text in {
        "signed_out": "您已退出。", "password": "密码已更改，其他地方的登录都已失效。", "enrolled": "动态验证码已启用。",
        "closed": "咨询已结束并封存。", "transferred": "已转交。", "put_back": "已放回排队。", "given_back": "已交还智能助手。",
        "noted": "备注已保存。", "labelled": "标签已更新。", "described": "咨询人情况已保存。", "reviewed": "质检意见已保存。",
        "planned": "回访任务已建立。", "followed_up": "结果已记录。", "rated": "评价已记入档案。", "corrective": "整改已提出。",
        "carried_on": "整改单已更新。",
        "moved": "申请状态已更新。咨询还开着的，申请人会在对话里看到；已结束的，凭编号和查询码可以查到。",
        "entered": "已登记。", "imported": "已导入。", "saved": "已保存。", "removed": "已删除。",
        "paused": "智能应答已暂停，新的提问会转人工。", "resumed": "智能应答已恢复。", "revoked": "已让所选登录失效。",
        "shown": "已同意管理员查看您的办件情况，随时可以撤回。", "hidden": "已撤回。从现在起，管理员看不到您的办件情况。",
        "settled": "已标记，不再列出。", "drafted": "草稿已保存，等另一位同事审批。", "approved": "已审批，可以上线。",
        "sent_back": "已退回起草人修改。", "dropped": "草稿已放弃，写过的内容仍保留。", "cancelled": "已取消，继续使用原来的版本。",
        "copied": "已照搬到第二周还没有人的工作日。", "nothing": "没有可照搬的：第二周的工作日都有人，或者第一周没有安排。",
    }.items()
}  # fmt: skip
"""What is said above the page that an act leads to, by the word in its address."""


def _nothing(role: str) -> tuple[tuple[str, str], ...]:
    """Return the registers that somebody of a role writes in, where there are none."""
    return ()


def local(stamped: str) -> str:
    """Return a UTC stamp as date and time on the wall: `2026-11-21 14:05`."""
    return f"{local_of(stamped):%Y-%m-%d %H:%M}" if stamped else ""


def when(stamped: str) -> str:
    """Return the time of day of a UTC stamp: `14:05`."""
    return f"{local_of(stamped):%H:%M}" if stamped else ""

