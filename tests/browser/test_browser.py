"""The citizen's widget and the staff desk in Chromium against the real product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.browser.chromium import in_chromium
from tests.browser.office import closed_office, employ, open_office, project_in
from tests.product import OPEN, READY, free_port

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
STAFF = {
    "li": ("--shown", "李老师", "--team", "综合窗口"),
    "zhao": ("--shown", "赵老师", "--team", "维权援助"),
    "sun": ("--shown", "孙老师"),
    "new": ("--shown", "新同事"),
    "chen": ("--shown", "陈主任", "--role", "administrator"),
    "ma": ("--shown", "马老师", "--role", "auditor"),
    "bai": ("--shown", "白老师"),
    "gao": ("--shown", "高老师", "--role", "reviewer"),
}
STAFF_OF_CLOSED = {"zhou": ("--shown", "周老师")}


@pytest.fixture
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Give what the pages are told: the addresses of an open and of a closed office, and the passwords of the people there."""
    folder = tmp_path_factory.mktemp("offices")
    hosts_port = free_port()
    project = project_in(folder / "project", hosts_port)
    with ExitStack() as stack:
        at_work, day_off = open_office(folder / "open", project), closed_office(folder / "closed", project)
        for office in (at_work, day_off):
            stack.callback(office.stop)
            office.start(awaited="")
        for office in (at_work, day_off):
            office.running.wait_for(OPEN)
        passwords = employ(day_off, STAFF_OF_CLOSED) | employ(at_work, STAFF)
        at_work.running.wait_for(READY)
        yield {
            "ZHIXUN_URL": at_work.url, "ZHIXUN_CLOSED_URL": day_off.url, "ZHIXUN_STAFF": json.dumps(passwords),
            "ZHIXUN_HOSTS_PORT": str(hosts_port),
        }  # fmt: skip


def test_the_widget_and_the_desk_in_chromium(offices: dict[str, str], tmp_path: Path) -> None:
    in_chromium(sorted(HERE.glob("*.test.mjs")), offices, tmp_path)
