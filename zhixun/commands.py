"""The commands. Exit codes: 0 well, 1 flaws were found, 2 wrong use, 3 refused to go on."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import shutil
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from zhixun.clock import Clock
from zhixun.embed_command import add_embed, run_embed
from zhixun.errors import StopNow, ZhixunError
from zhixun.key_commands import add_key, run_key
from zhixun.knowledge.check import check, check_site
from zhixun.knowledge.coverage import coverage, coverage_flaws, read_rows, serving
from zhixun.knowledge.dates import date_flaws, read_dates
from zhixun.knowledge.guides.draw import draw
from zhixun.knowledge.guides.model import GUIDE
from zhixun.knowledge.load import KnowledgeError, load
from zhixun.knowledge.registers import clauses_of, raw_registers
from zhixun.knowledge.regression import read_regression, regression_flaws
from zhixun.knowledge.site import load_site
from zhixun.registers.read import read_registers, register_flaws
from zhixun.report_command import add_report, run_report
from zhixun.requests.standing import STANDINGS
from zhixun.requests.words import masked, told_line
from zhixun.settings import Settings, read_settings
from zhixun.user_commands import add_user, run_user

if TYPE_CHECKING:  # the app brings the engine's libraries, which most commands do not need

    from zhixun.requests.request import Request
    from zhixun.store import Archive

__all__ = ["main"]

_T = TypeVar("_T")

WELL, FLAWED, REFUSED = 0, 1, 3


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    given = _parser().parse_args(arguments)
    try:
        settings = read_settings()
        code: int = given.run(settings, given)
        return code
    except (ZhixunError, KnowledgeError) as error:
        print(error.message if isinstance(error, ZhixunError) else error, file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zhixun", description="知询：知识产权公共服务咨询系统")
    commands = parser.add_subparsers(required=True, metavar="命令")

    def add(name: str, words: str, run: Callable[[Settings, argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(run=run)
        return command

    add("serve", "启动服务（需要时先训练模型）", _serve)
    add("train", "训练模型（内容没有变化时不重复训练）", _train).add_argument("--force", action="store_true", help="强制重新训练")
    command = add("check", "检查 knowledge/ 和本单位 knowledge/answers 的内容", _check)
    command.add_argument("part", nargs="?", default="", help="只看文件名或问题编号含有这几个字的")
    command = add("guide", "列出指引，或者把一个指引画成图（SVG）供审阅", _guide)
    command.add_argument("name", nargs="?", default="", help="指引的编号；不写就列出全部")
    command.add_argument("--draw", metavar="文件", type=Path, help="画成 SVG 图，写到这个文件")
    add("ask", "向正在运行的服务提一个问题", _ask).add_argument("text", help="问题")
    _add_request(add("request", "列出没办完的服务申请，查看一件，或者改变它的办理状态", _request))
    command = add("verify", "核查档案的真实性、完整性、可用性、安全性", _verify)
    command.add_argument("--receipt", nargs=2, action="append", default=[], metavar=("编号", "校验码"), help="一并核对的回执")
    command.add_argument("--head", type=Path, help="异地保存的 HEAD.json，用来发现整体回滚")
    add("checker", "导出独立核查程序（只需 Python 标准库）", _checker).add_argument("out", type=Path, help="写到哪个文件")
    command = add("export", "导出咨询记录", _export)
    command.add_argument("out", type=Path, help="输出文件，按扩展名决定格式：.json .csv .xlsx")
    command.add_argument("--since", type=date.fromisoformat, help="起始日（含），如 2026-11-01")
    command.add_argument("--until", type=date.fromisoformat, help="截止日（含）")
    command = add("erase", "删除一件已结束咨询的个人信息（不可恢复）", _erase)
    command.add_argument("number", help="咨询件编号")
    command.add_argument("--reason", required=True, help="删除原因（会永久留存，不要写个人信息）")
    add_report(add("report", "打印条款承担情况，或者写出一段时间的咨询分析报告", run_report))
    command = add("channels", "检查公众号、企业微信、Telegram 的接入设置，或者设置公众号菜单", _channels)
    words = "check 连一次平台检查设置，说明哪里不对、怎么改；menu 把公众号的自定义菜单设成 site.yml 的 wechat_menu"
    command.add_argument("what", choices=("check", "menu"), help=words)
    add("rebuild", "由流水和封存文件重建索引", _rebuild)
    add_user(add("user", "管理工作人员账号", run_user))
    add_embed(add("embed", "打印其他网站嵌入咨询窗口要粘贴的代码", run_embed))
    add_key(add("key", "管理其他系统的接入密钥和通知地址", run_key))
    add("demo", "在新的、空的数据目录里放入一个月的演示数据，供试用工作台（人和单位都是编的）", _demo)
    command = add("sources", "导入官方文件原文，使依据能打开原条文", _sources)
    command.add_argument("source", help="sources.yml 里的编号")
    command.add_argument("file", type=Path, help="UTF-8 纯文本")
    return parser


def _add_request(command: argparse.ArgumentParser) -> None:
    command.add_argument("number", nargs="?", default="", help="申请编号；不写就列出全部没办完的")
    command.add_argument("--to", choices=STANDINGS, help="改为：" + "，".join(f"{name} {words}" for name, words in STANDINGS.items()))
    command.add_argument("--by", default="admin", help="谁办的")
    command.add_argument("--owner", default="", help="由谁负责")
    command.add_argument("--note", default="", help="写给申请人的说明；退回补充和不予办理时必填")
    command.add_argument("--contacts", action="store_true", help="查看时显示完整的填写内容和电话")


def _serve(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.app import serve

    async def run() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        await serve(settings, stopped, lambda words: print(words, flush=True))

    try:
        asyncio.run(run())
    except* ZhixunError as group:
        raise group.exceptions[0] from None
    return WELL


def _channels(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.door_commands import check_doors, set_wechat_menu, told_findings

    if given.what == "menu":
        print(f"公众号菜单已设置：{asyncio.run(set_wechat_menu(settings))} 个一级菜单。几分钟后生效；取消关注再关注，马上能看到。")
        return WELL
    found = asyncio.run(check_doors(settings))
    print("\n".join(told_findings(found)))
    return WELL if all(finding.ok for findings in found.values() for finding in findings) else FLAWED


def _train(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.training import STEPS, train

    with tqdm(total=STEPS, desc="训练", unit="步", leave=False) as bar:
        model = asyncio.run(train(
            settings.project_dir, lambda _: bar.update(), force=given.force, own=settings.own_dir, work=settings.data_dir / "improve",
        ))  # fmt: skip
    print(f"模型已就绪：models/{model.name}")
    return WELL


def _check(settings: Settings, given: argparse.Namespace) -> int:
    knowledge = load(settings.knowledge_dir, settings.own_dir)
    registers = read_registers(raw_registers(settings.knowledge_dir))
    covered = coverage(read_rows(settings.knowledge_dir), knowledge, serving(registers.values()))
    flaws = check(knowledge) + check_site(knowledge, load_site(settings.knowledge_dir))
    flaws += regression_flaws(read_regression(settings.knowledge_dir, settings.own_dir), knowledge)
    flaws += coverage_flaws(covered, knowledge, settings.project_dir)
    flaws += date_flaws(read_dates(settings.knowledge_dir), knowledge.sources)
    rows = [one.row for one in covered]
    flaws += register_flaws(registers, clauses_of(rows, knowledge), {row.id for row in rows})
    flaws = [flaw for flaw in flaws if given.part in flaw[0]]
    for place, words in flaws:
        print(f"{place}: {words}")
    held = {
        "个问题": knowledge.questions, "个指引": knowledge.guides, "项服务": knowledge.services, "份来源": knowledge.sources,
        "本台账": registers,
    }  # fmt: skip
    print("，".join([*(f"{len(each)} {what}" for what, each in held.items()), f"{len(flaws)} 处毛病"]))
    return FLAWED if flaws else WELL


def _guide(settings: Settings, given: argparse.Namespace) -> int:
    guides = load(settings.knowledge_dir).guides
    if not given.name:
        for guide in guides.values():
            ends = "计算器" if any(leaf.reckon for leaves in guide.leaves.values() for leaf in leaves) else f"{len(guide.leaves)} 个结论"
            print(f"{guide.id:<24} {len(guide.steps):>2} 步 {ends:>6}  {guide.title}")
        return WELL
    chosen = guides.get(GUIDE + given.name)
    if chosen is None:
        raise StopNow(f"没有“{given.name}”这个指引；不带编号运行 zhixun guide 可以列出全部。")
    if given.draw is None:
        raise StopNow("请用 --draw 文件.svg 说明图写到哪里。")
    given.draw.write_text(draw(chosen), "utf-8")
    print(given.draw)
    return WELL


def _ask(settings: Settings, given: argparse.Namespace) -> int:
    base = f"http://{settings.http_host}:{settings.http_port}/api/v1"

    def post(path: str, body: object, session: str = "") -> dict[str, object]:
        head = {"Content-Type": "application/json", **({"Authorization": f"Bearer {session}"} if session else {})}
        request = urllib.request.Request(base + path, json.dumps(body).encode(), head)  # noqa: S310 - as below
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - http stands in the address
            answer: dict[str, object] = json.load(response)
            return answer

    try:
        session = str(post("/sessions", {"channel": "api"})["session"])
        turn = post("/messages", {"text": given.text}, session)
        post("/close", {}, session)
    except urllib.error.HTTPError as error:
        raise StopNow(json.load(error)["error"]["message"]) from error
    except OSError as error:
        raise StopNow(f"连不上服务 {base}，请先运行 zhixun serve。") from error
    replies = turn["replies"]
    assert isinstance(replies, list)  # noqa: S101 - the API's own form
    for reply in replies:
        print(reply["text"])
        for basis in reply["basis"]:
            print(f"  依据：《{basis['title']}》{basis['locator']}")
        if reply["buttons"]:
            print("  可以接着问：" + " / ".join(button["title"] for button in reply["buttons"]))
    print(f"[{turn['status']}] {turn['consultation']}")
    return WELL


def _request(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.joined import request_book

    async def work(archive: Archive) -> list[Request]:
        book = request_book(
            archive.database, archive.journal, archive.codes, archive.clock, load(settings.knowledge_dir),
            load_site(settings.knowledge_dir), seal=archive.sealer.seal, wake=lambda _: None,
        )  # fmt: skip
        if not given.number:
            return await book.waiting()
        if given.to:
            return [await book.move(given.number, given.to, given.by, note=given.note, owner=given.owner)]
        found = await book.look_up(given.number)
        return [found] if found is not None else []

    found = _with_archive(settings, work)
    if given.number and not found:
        raise StopNow(f"没有申请 {given.number}；不带编号运行 zhixun request 可以列出没办完的。")
    for request in found:
        print(told_line(request, Clock(settings.today).now()))
    if not given.number:
        print(f"共 {len(found)} 件没办完")
        return WELL
    if found[0].follow_up:
        print(f"  回访要问：{found[0].follow_ask}")
    for name, value in found[0].facts:
        print(f"  {name}：{value if given.contacts else masked(value)}")
    return WELL


def _verify(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.archive.keys import load_signer
    from zhixun.archive.verify import verify

    keys = settings.data_dir / "keys"
    report = _with_archive(
        settings,
        lambda a: verify(a.journal, a.folder, load_signer(keys).public_key(), keys=keys, head=given.head, progress=True,
                         receipts=[(number, code) for number, code in given.receipt]),
    )  # fmt: skip
    print(report.text())
    return WELL if report.ok else FLAWED


def _checker(settings: Settings, given: argparse.Namespace) -> int:
    shutil.copyfile(Path(__file__).parent / "archive" / "checker.py", given.out)
    print(f"已写出 {given.out}。用法：python {given.out} 档案目录")
    return WELL


def _export(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.archive.export import export

    form = given.out.suffix.removeprefix(".").lower()
    if form not in ("json", "csv", "xlsx"):
        raise StopNow("输出文件的扩展名应为 .json、.csv 或 .xlsx。")
    count = _with_archive(settings, lambda a: export(a.journal, form, given.since, given.until, given.out, progress=True))
    print(f"已导出 {count} 件咨询到 {given.out}")
    return WELL


def _erase(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.archive.erase import erase

    _with_archive(settings, lambda a: erase(a.journal, a.sealer, given.number, given.reason, elsewhere=[a.attachments.forget]))
    print(f"{given.number} 的内容已不可读，编号、时间和存证保留。")
    return WELL


def _rebuild(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.archive.index import Index
    from zhixun.archive.keys import load_secret, load_signer
    from zhixun.archive.rebuild import rebuild, restore
    from zhixun.archive.words import Words

    facets, keys = load(settings.knowledge_dir, settings.own_dir).facets, settings.data_dir / "keys"

    async def work(archive: Archive) -> str:
        async with archive.database.read() as connection:
            entries, _ = await archive.journal.head(connection)
        if entries or not any(archive.folder.glob("*/*/*/*.json")):
            text = (await rebuild(archive.journal, archive.folder, archive.sealer)).text()
        else:
            # The store is lost and sealed files are there: what they hold is all that can come back.
            text = (await restore(archive.journal, archive.folder, load_signer(keys).public_key())).text()
        # The service fills it by and by; who rebuilds wants to see that all of it can be found again.
        index = Index(archive.journal, archive.folder, facets, Words(load_secret(keys / "index.key")))
        while await index.catch_up():
            pass
        return f"{text}已重建检索：{await index.size()} 件咨询可以检索。\n"

    print(_with_archive(settings, work), end="")
    return WELL


def _demo(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.demo import fill

    knowledge = load(settings.knowledge_dir)
    with tqdm(desc="演示数据", unit="件", leave=False) as bar:

        def told(total: int) -> None:
            bar.total = total
            bar.update()

        members = asyncio.run(fill(settings, knowledge, Clock(settings.today).local(), told))
    for one in members:
        print(f"{one.name:<10} 一次性密码（只显示这一次）：{one.password}  {one.shown}")
    print(f"演示数据已放入 {settings.data_dir}。用同样的 ZHIXUN_DATA_DIR 运行 zhixun serve，再打开 /desk 登录。")
    return WELL


def _sources(settings: Settings, given: argparse.Namespace) -> int:
    from zhixun.archive.durable import write_once
    from zhixun.knowledge.clauses import import_source

    found = import_source(load(settings.knowledge_dir, settings.own_dir), given.source, given.file, settings.data_dir / "sources", write_once)
    print(f"已导入 {given.source}，共 {found} 条。重新启动服务后生效。")
    return WELL


def _with_archive(settings: Settings, work: Callable[[Archive], Awaitable[_T]]) -> _T:
    """Open the store, do one piece of work, close it."""
    from zhixun.store import with_archive

    return with_archive(settings, work)
