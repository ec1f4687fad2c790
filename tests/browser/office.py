"""An office for the browser: one that is open whatever the clock says, one that is closed, and the people at their desks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from tests.product import PROJECT, TODAY, Product, trained
from zhixun.clock import new_token

CLOSED_DAY = "2026-11-14"
_LEASE_SECONDS = 10
_CITY: dict[str, object] = {
    "title": "城市门户 知识产权问答", "region": "青海省", "colours": {"main": "#7a1f5c", "text": "#fff7d6"},
    "quick": [{"title": "城市商标注册", "payload": "商标怎么注册"}],
}  # fmt: skip
_ALL_DAY = ["00:00-24:00"]
_FIRST = "首个管理员 admin 的一次性密码（只显示这一次）："
_LINKED = ("actions", "config.yml", "data", "domain.yml", "models", "requirements.lock", "zhixun")


def project_in(folder: Path, hosts_port: int) -> Path:
    """Make a project that differs from ours in its hours, its lease and its sites alone, none of which a model learns; returns its folder.

    It is open all day and every day of every year but on `CLOSED_DAY`. Pages of the site "city" are served on `hosts_port`.
    """
    knowledge = folder / "knowledge"
    knowledge.mkdir(parents=True)
    trained()
    for path in [*(PROJECT / name for name in _LINKED), *(PROJECT / "knowledge").iterdir()]:
        (folder / path.relative_to(PROJECT)).symlink_to(path)
    site = _taken(knowledge / "site.yml")
    site["hours"] |= {"week": dict.fromkeys(range(1, 8), _ALL_DAY), "days": {yaml.safe_load(CLOSED_DAY): []}}
    site["desk"]["lease_seconds"] = _LEASE_SECONDS
    site["sites"] = [{"id": "city", "origins": [f"http://city.localhost:{hosts_port}"], **_CITY}]
    _put(knowledge / "site.yml", site)
    known = _taken(knowledge / "calendar.yml")
    plain = {"source": "（测试）", "verified": "V*", "holidays": {}, "workdays": []}
    _put(knowledge / "calendar.yml", {year: known.get(year, plain) for year in range(2026, 2100)})
    return folder


def open_office(folder: Path, project: Path) -> Product:
    """Return a product of the open office, not started."""
    return Product(folder, LIMITS="off", TODAY=TODAY, PROJECT_DIR=str(project))


def closed_office(folder: Path, project: Path) -> Product:
    """Return a product of the office on its day off, not started; without an engine, which nobody there needs."""
    folder.mkdir(parents=True)
    token = folder / "token"
    token.write_text(new_token())
    return Product(
        folder, LIMITS="off", TODAY=CLOSED_DAY, PROJECT_DIR=str(project), ENGINE_URL="http://127.0.0.1:9", ENGINE_TOKEN_FILE=str(token)
    )


def employ(product: Product, people: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Make accounts beside the running service, as an operator does; returns everybody's one-time password, admin's too."""

    def add(name: str) -> str:
        done = product.command("user", "add", name, *people[name])
        assert done.returncode == 0, done.stderr
        return _last(done.stdout)

    first = _last(product.running.wait_for(_FIRST))
    with ThreadPoolExecutor() as pool:
        return {"admin": first, **dict(zip(people, pool.map(add, people), strict=True))}


def _last(line: str) -> str:
    return line.strip().rpartition("：")[2]


def _taken(path: Path) -> dict[str, object]:
    """Read a linked file and take the link away."""
    text = path.read_text("utf-8")
    path.unlink()
    told: dict[str, object] = yaml.safe_load(text)
    return told


def _put(path: Path, told: Mapping[object, object]) -> None:
    path.write_text(yaml.safe_dump(dict(told), allow_unicode=True), "utf-8")
