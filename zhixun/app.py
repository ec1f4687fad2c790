"""Joins the rooms into one service. Nobody imports this module but the commands."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import shutil
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from actions.door import actions_application
from zhixun.archive.durable import write_once
from zhixun.archive.index import Index
from zhixun.archive.keys import load_secret
from zhixun.archive.search import Search
from zhixun.archive.verify import verify_case
from zhixun.archive.views import Views
from zhixun.archive.words import Words
from zhixun.channels.attachments import AttachmentDoor, give
from zhixun.channels.embed import EmbedPages
from zhixun.channels.faults import faults
from zhixun.channels.forms import FormPages
from zhixun.channels.origins import Origins
from zhixun.channels.pages import Pages, guard
from zhixun.channels.partners.door import PartnerDoor
from zhixun.channels.socket import SocketDoor
from zhixun.channels.web import WebDoor
from zhixun.channels.windows import Windows
from zhixun.conversation.engine import EngineClient
from zhixun.conversation.switchboard import Switchboard
from zhixun.conversation.turn import Turns
from zhixun.desk.events import Events
from zhixun.doorways import Doorways, doors_of
from zhixun.engines import Engines, free_port
from zhixun.errors import StopNow
from zhixun.figures import Counted, Figures
from zhixun.filing import Filed
from zhixun.front_desk import FrontDesk, Rooms
from zhixun.improving import candidates_of, join_improving
from zhixun.joined import Progress, RatingForms, Received
from zhixun.knowledge.clauses import Clauses
from zhixun.knowledge.load import load
from zhixun.knowledge.services.page import catalogue_page
from zhixun.knowledge.shelf import Shelf
from zhixun.knowledge.site import Site, load_site
from zhixun.limits import Limiter
from zhixun.names import told
from zhixun.partnered import Standing, join_partners
from zhixun.referral.pages import SlipPages
from zhixun.registers.pages import AttendancePages
from zhixun.releasing import lay_out
from zhixun.sending import Register, Sent
from zhixun.settings import Settings, read_secret
from zhixun.store import Archive, open_archive
from zhixun.talk import Talk, join_talk
from zhixun.training import train

__all__ = ["Service", "serve"]

_log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "channels" / "static"
MAX_BODY = 64 * 1024
IDLE_CHECK_SECONDS = 20
WITNESS_SECONDS = 1
# Half of what a citizen may have to wait for a truthful sentence: a turn writes behind another one's turn.
STORE_PATIENCE_SECONDS = 1.2
LEDGER_CHECK_SECONDS = 300
INDEX_SECONDS = 1
DELIVERY_SECONDS = 5
REMINDER_SECONDS = 600
DISK_LOW_BYTES = 200 * 1024 * 1024


class Service:
    """The running service: HTTP, the engine's actions, and the keepers of idle consultations and the ledger.

    Args:
        settings: from the environment.
        archive: the opened store.
        announce: told, in Chinese, what an operator should see on the screen.
    """

    def __init__(self, settings: Settings, archive: Archive, announce: Callable[[str], None]) -> None:
        self._settings = settings
        self._archive = archive
        self._announce = announce
        self._shelf = Shelf(load(settings.knowledge_dir, settings.own_dir))
        self._site: Site = load_site(settings.knowledge_dir)
        self._windows = Windows()
        self._events = Events(archive.database, self._windows.wake)
        self._words = Words(load_secret(settings.data_dir / "keys" / "index.key"))
        self._index = Index(archive.journal, archive.folder, lambda name: self._shelf().facets(name), self._words)
        self._partners = join_partners(settings, archive.database, archive.clock, archive.daybook)
        self._figures = Figures()
        self._switchboard = Switchboard()
        self._engines = Engines(settings.project_dir, settings.data_dir / "engine", self._shelf, self._switchboard)
        self._improving, self._release = join_improving(
            settings, archive, self._shelf, None if settings.engine_url else self._engines, self._site.region
        )  # fmt: skip
        self._carried: Callable[[str], None] = lambda _: None
        self._phase = "starting"

    async def run(self, until: asyncio.Event) -> None:
        """Serve until `until` is set, then stop in order."""
        _check_limits(self._settings)
        async with contextlib.AsyncExitStack() as stack:
            await self._join_engine(stack)
            stack.push_async_callback(self._release.close)
            talk = join_talk(self._settings, self._archive, self._switchboard, self._shelf, self._site, self._wake)
            await self._recover()
            doorways = Doorways(
                doors_of(self._settings, self._archive), self._archive, talk, self._wake, self._events.wake, self._site,
                self._settings.wechat_notice,
            )  # fmt: skip
            self._carried = doorways.outbox.wake
            application, desk = self._application(talk)
            application.add_routes(doorways.routes())
            keepers = (*desk.keepers(), *doorways.keepers(), *self._partners.keepers())
            password = await desk.prepare()
            await self._listen(stack, application, self._settings.http_host, self._settings.http_port)
            self._announce(f"公众页面 http://{self._settings.http_host}:{self._settings.http_port}/ （正在启动智能应答……）")
            if password:
                self._announce(f"工作台 http://{self._settings.http_host}:{self._settings.http_port}/desk")
                self._announce(f"首个管理员 admin 的一次性密码（只显示这一次）：{password}")
            async with doorways.running(), asyncio.TaskGroup() as tasks:
                # The dictionary is read in one go that nothing else can run beside: while the engine starts, not while people talk.
                tasks.create_task(asyncio.to_thread(self._words.marks, "预热"))
                background = [
                    tasks.create_task(self._start_engine(talk.turns)),
                    tasks.create_task(self._repeat(IDLE_CHECK_SECONDS, talk.consultations.close_idle)),
                    tasks.create_task(self._repeat(WITNESS_SECONDS, self._archive.ledger.witness)),
                    tasks.create_task(self._repeat(LEDGER_CHECK_SECONDS, self._keep_ledger)),
                    tasks.create_task(self._repeat(INDEX_SECONDS, self._index.catch_up)),
                    tasks.create_task(self._repeat(DELIVERY_SECONDS, talk.deliveries.carry_due)),
                    tasks.create_task(self._repeat(REMINDER_SECONDS, talk.referrals.remind_due)),
                    tasks.create_task(desk.watch()),
                    *(tasks.create_task(self._repeat(seconds, work)) for seconds, work in keepers),
                ]
                await until.wait()
                for task in background:
                    task.cancel()
            await self._archive.ledger.witness()

    def _wake(self, number: str) -> None:
        self._windows.wake(number)
        self._events.wake(number)
        self._carried(number)

    def _application(self, talk: Talk) -> tuple[web.Application, FrontDesk]:
        ratings = RatingForms(talk.ratings, self._archive.codes)
        progress = Progress(self._archive.receipts, talk.book, talk.referrals, ratings)
        knowledge, originals = self._shelf(), self._settings.data_dir / "sources"
        about = _site_page(self._site)
        origins = Origins(about, self._site.hosts, self._settings.public_url)
        limiter = Limiter(self._settings.limits)
        standing = Standing(self._archive.database, talk.book, talk.referrals)
        door = WebDoor(
            citizens=talk.consultations,
            ratings=talk.ratings,
            turns=Counted(talk.turns, self._figures),
            limiter=limiter,
            site=origins.page,
            clause=Clauses(self._shelf, self._archive.clock.today, originals).find,
            receipt=progress.of,
            regions=tuple(dict.fromkeys((self._site.region, *self._site.regions, *knowledge.glossary.places))),
            partners=PartnerDoor(self._partners.keys, limiter, standing.of),
            trusted_proxy=self._settings.trusted_proxy,
        )
        application = web.Application(middlewares=[faults, origins.gate], client_max_size=MAX_BODY)
        application.on_response_prepare.extend((guard, origins.answer))
        application.add_routes(door.routes())
        application.add_routes(AttachmentDoor(door, self._archive.attachments, self._wake).routes())
        application.router.add_get("/api/v1/ws", SocketDoor(door, self._windows, self._events.is_typing, self._events.wake).handle)
        forms = FormPages(
            site=about, services=catalogue_page(knowledge), limiter=door.limiter, address=door.address,
            receiver=Received(knowledge, self._site, self._archive.clock, talk.book), progress=progress.shown, ratings=ratings,
        )  # fmt: skip
        application.add_routes(forms.routes())
        widgets = self._settings.data_dir / "widgets"
        embed = EmbedPages(about, self._site.hosts, STATIC, widgets, self._settings.public_url, write_once)
        application.add_routes(embed.routes())
        application.add_routes(Pages(STATIC, self._readiness, self._figures.registry).routes())
        desk = self._desk(talk, door)
        application.add_routes(desk.routes())
        application.add_routes(AttendancePages(about, desk.registered.attendance, door.limiter, door.address).routes())
        slips = SlipPages(about, talk.referrals, talk.letters, door.limiter, door.address)
        application.add_routes(slips.routes())
        return application, desk

    def _desk(self, talk: Talk, door: WebDoor) -> FrontDesk:
        archive = self._archive

        async def intact(number: str) -> tuple[str, ...]:
            return await verify_case(archive.journal, archive.folder, number)

        register = Register(self._shelf)
        sent = Sent(
            talk.referrals, talk.deliveries, talk.letters, archive.codes, register, archive.journal, archive.database,
            self._site.office,
        )  # fmt: skip
        drafts = self._settings.data_dir / "drafts"
        # What a crash left there was on its way to somebody, in the clear.
        shutil.rmtree(drafts, ignore_errors=True)
        drafts.mkdir(mode=0o700, exist_ok=True)
        search, views = Search(archive.journal, self._words), Views(archive.database, archive.daybook)
        filed = Filed(archive.journal, archive.folder, archive.ledger.public_key, drafts, search, views, told)
        return FrontDesk(Rooms(
            settings=self._settings, database=archive.database, journal=archive.journal, clock=archive.clock, site=self._site,
            present=self._shelf, book=talk.book, switch=talk.switch, takeover=talk.takeover, understand=self._switchboard.understand,
            intact=intact, seal=talk.seal, wake=self._wake, limiter=door.limiter, address=door.address, events=self._events,
            daybook=archive.daybook, filed=filed, sent=sent, files=archive.attachments, give=give,
            ratings=talk.ratings, correctives=talk.correctives, codes=archive.codes,
            improving=self._improving,
        ))  # fmt: skip

    async def _readiness(self) -> tuple[bool, Mapping[str, Any]]:
        async with self._archive.database.read() as connection:
            head, _ = await self._archive.journal.head(connection)
        free, engine, knowledge = shutil.disk_usage(self._settings.data_dir).free, self._switchboard, self._shelf()
        self._figures.engine.set(engine.ready)
        self._figures.windows.set(len(self._windows))
        words = "已就绪" if engine.ready else "正在启动" if self._phase == "starting" else "正在恢复"
        parts = {
            "service": words,
            "database": {"entries": head},
            "engine": {"ready": engine.ready, "restarts": self._engines.restarts},
            "knowledge": {"version": knowledge.version, "questions": len(knowledge.questions)},
            "disk": {"free_bytes": free, "low": free < DISK_LOW_BYTES},
        }
        return engine.ready, parts

    async def _join_engine(self, stack: contextlib.AsyncExitStack) -> None:
        """Take the engine that somebody else runs, or open the action endpoint for those that are ours to start."""
        if not self._settings.engine_url:
            await stack.enter_async_context(self._engines)
            self._engines.actions_port = free_port()
            actions = actions_application(self._engines.actions_token, self._engines.served)
            await self._listen(stack, actions, "127.0.0.1", self._engines.actions_port)
            return
        if self._settings.engine_token_file is None:
            raise StopNow("设置了 ZHIXUN_ENGINE_URL，就要用 ZHIXUN_ENGINE_TOKEN_FILE 指明凭证文件。")
        token = read_secret("ENGINE_TOKEN_FILE", self._settings.engine_token_file)
        self._switchboard.put(await stack.enter_async_context(EngineClient(self._settings.engine_url, token)))

    async def _start_engine(self, turns: Turns) -> None:
        there = self._switchboard.client  # somebody else's, which is only asked after
        if there is None:
            settings = self._settings
            model = await train(
                settings.project_dir, lambda step: self._announce(f"训练模型：{step} 完成"), own=settings.own_dir,
                work=settings.data_dir / "improve",
            )  # fmt: skip
            self._engines.put(await self._engines.start(model, self._shelf()))
        while not self._switchboard.ready:
            if there is not None:
                await there.check()
            await asyncio.sleep(0.2)
        self._phase = "ready"
        self._announce(f"智能应答已就绪：http://{self._settings.http_host}:{self._settings.http_port}/")
        answered = await turns.finish_interrupted()
        if answered:
            self._announce(f"补答了上次中断时的 {answered} 条提问。")
        while there is not None:
            await there.check()
            await asyncio.sleep(1)

    async def _recover(self) -> None:
        """Finish what a crash interrupted: seal closed consultations, complete the ledger."""
        await self._archive.ledger.prepare()
        sealed = await self._archive.sealer.seal_pending()
        if sealed:
            self._announce(f"补封了 {sealed} 件上次未封存的咨询件。")
        await self._archive.attachments.sweep()
        await self._keep_ledger()

    async def _keep_ledger(self) -> None:
        # What could not be sealed when it was closed, as on a full disk, is sealed now.
        await self._archive.sealer.seal_pending()
        await self._archive.ledger.close_days(self._archive.clock.today())

    async def _repeat(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Exception as error:  # a keeper must outlive one failure; the next round tries again
                _log.error("%s failed: %s", getattr(work, "__name__", "keeper"), type(error).__name__)

    @staticmethod
    async def _listen(stack: contextlib.AsyncExitStack, application: web.Application, host: str, port: int) -> None:
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=3)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            words = f"地址 {host}:{port} 无法监听（{error.strerror}）。请改 ZHIXUN_HTTP_PORT，或停掉占用它的程序。"
            raise StopNow(words) from error


async def serve(settings: Settings, until: asyncio.Event, announce: Callable[[str], None]) -> None:
    """Open the store and serve until `until` is set."""
    async with open_archive(settings, STORE_PATIENCE_SECONDS) as archive:
        await lay_out(candidates_of(archive), settings.own_dir / "answers")
        await Service(settings, archive, announce).run(until)


def _site_page(site: Site) -> dict[str, Any]:
    return {
        "name": site.name,
        "office": site.office,
        "region": site.region,
        "regions": list(site.regions),
        "program": site.phrases["program"],
        "notice": site.phrases["notice"],
        "quick": [dict(button) for button in site.quick],
        "hours": site.hours_words(),
    }


def _check_limits(settings: Settings) -> None:
    """Refuse to run without limits where others than this machine can reach the service."""
    host = "127.0.0.1" if settings.http_host == "localhost" else settings.http_host
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not settings.limits and not loopback:
        raise StopNow("ZHIXUN_LIMITS=off 只能在本机回环地址上使用。请把 ZHIXUN_HTTP_HOST 设为 127.0.0.1。")
