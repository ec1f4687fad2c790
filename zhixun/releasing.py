"""Brings approved drafts live: trains beside the service, puts the gate's questions to both models, and changes over between turns."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from zhixun.archive.durable import make_folder, remove, write_once
from zhixun.clock import new_token
from zhixun.conversation.engine import EngineClient
from zhixun.desk.ports import Daybook
from zhixun.engines import Engines, Running
from zhixun.errors import CitizenError, StopNow, TryLater, ZhixunError
from zhixun.improve.candidates import Candidate, Candidates, laid_over
from zhixun.improve.drafts import APPROVED, Draft, Drafts, digest_of, written
from zhixun.improve.gate import DRAFT, REVIEWED, Case, Outcome, outcome_of, put_to, verdict_of
from zhixun.improve.turns import LIVE, Turns
from zhixun.knowledge.check import check
from zhixun.knowledge.load import KnowledgeError, load, raw_question
from zhixun.knowledge.model import Knowledge
from zhixun.knowledge.regression import read_regression
from zhixun.knowledge.shelf import Present
from zhixun.settings import Settings
from zhixun.training import STEPS, prune, train

__all__ = ["Progress", "Release", "base_of", "lay_out"]

_log = logging.getLogger(__name__)

LONGEST_SECONDS = 900.0
"""After so long a candidate is given up; on two cores one takes less than three minutes."""
_REVIEWED = 200
_TOLD = 30
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_ENDS = {"cancelled": "candidate_cancelled", "refused": "candidate_refused", "failed": "candidate_failed"}
"""How the day book calls an end."""

_T = TypeVar("_T")


class _Refused(Exception):
    """A candidate may not go live; the report says why."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        super().__init__("refused")
        self.report = report


@dataclass(slots=True)
class Progress:
    """How far the work at a candidate has come: `done` of `total` in its present standing."""

    id: int = 0
    done: int = 0
    total: int = 0


@dataclass
class Release:
    """Does one candidate at a time.

    Args:
        engines: that are ours to start; None when somebody else runs the engine.
        region: in which the gate's questions are asked.
    """

    settings: Settings
    present: Present
    engines: Engines | None
    drafts: Drafts
    candidates: Candidates
    turns: Turns
    daybook: Daybook
    region: str
    progress: Progress = field(default_factory=Progress)
    _task: asyncio.Task[None] | None = None
    _by_hand: str = ""

    async def start(self, by: str) -> int:
        """Begin a candidate of all approved drafts; returns its id.

        Raises:
            CitizenError: (409) nothing is approved, something is being worked on, or the engine is not ours.
        """
        self._possible()
        chosen = await self.drafts.list(APPROVED)
        if not chosen:
            raise CitizenError("没有审批过的草稿可以上线。", code="nothing", status=409)
        await self._keep_first()
        files = laid_over(_read_files(self._own), chosen)
        id = await self.candidates.begin(files, [draft.id for draft in chosen], by)
        await self.daybook.note("candidate_made", by, {"candidate": id, "count": len(chosen), "questions": [one.question for one in chosen]})
        self._work(id, by)
        return id

    async def roll_back(self, version: int, by: str) -> int:
        """Go back to a version that was live; returns the id under which that is done.

        Raises:
            CitizenError: (404) there is no such version any more; (409) it is in use, or something is being worked on.
        """
        self._possible()
        chosen = next((one for one in await self.candidates.versions() if one.id == version), None)
        if chosen is None:
            raise CitizenError("没有这个版本，或者太久以前，已不能退回。", code="no_candidate", status=404)
        if chosen.standing == "live":
            raise CitizenError("现在用的就是这个版本。", code="live", status=409)
        id = await self.candidates.begin(chosen.files, (), by, back_to=chosen.id)
        await self.daybook.note("rolled_back", by, {"candidate": id, "version": chosen.id})
        self._work(id, by)
        return id

    async def cancel(self, id: int, by: str) -> None:
        """Stop working at a candidate.

        Raises:
            CitizenError: (409) it is not being worked on, or is just going live.
        """
        one = await self.candidates.one(id)
        if not one.runs or self._task is None or self.progress.id != id:
            raise CitizenError("这个版本已经结束，没有什么可以取消。", code="ended", status=409)
        if one.standing == "switching":
            raise CitizenError("正在切换，来不及取消；上线后可以退回。", code="switching", status=409)
        self._by_hand = by
        self._task.cancel()
        await asyncio.wait({self._task})

    async def close(self) -> None:
        """End with the service; what was being worked on is told as interrupted at the next start."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    @property
    def possible(self) -> bool:
        """Whether this service runs its engine itself."""
        return self.engines is not None

    @property
    def _own(self) -> Path:
        return self.settings.own_dir / "answers"

    @property
    def _work_dir(self) -> Path:
        return self.settings.data_dir / "improve"

    def _possible(self) -> None:
        if self.engines is None or self.engines.front is None:
            words = "智能应答还没有就绪，请稍后再试。" if self.possible else "智能应答由别处运行，不能在这里训练和上线。"
            raise CitizenError(words, code="no_engine", status=409)

    async def _keep_first(self) -> None:
        assert self.engines is not None and self.engines.front is not None  # noqa: S101, PT018 - `_possible` has seen to it
        front = self.engines.front
        await self.candidates.keep_first(_read_files(self._own), front.model.name, front.knowledge.version)

    def _work(self, id: int, by: str) -> None:
        self.progress, self._by_hand = Progress(id), ""
        self._task = asyncio.create_task(self._to_an_end(id, by))

    async def _to_an_end(self, id: int, by: str) -> None:
        """Do the work, and write down how it ended."""
        try:
            one = await self.candidates.one(id)
            chosen = [await self.drafts.one(draft) for draft in one.drafts]
            async with asyncio.timeout(LONGEST_SECONDS):
                running = await self._tested(one, chosen)
            # From here on it must not be cut short: citizens are being answered by one or the other.
            await asyncio.shield(self._change(one, chosen, running, by))
        except asyncio.CancelledError:
            if not self._by_hand:
                raise
            await self._ended(id, "cancelled", {}, self._by_hand)
        except _Refused as refused:
            await self._ended(id, "refused", refused.report, by)
        except (ZhixunError, KnowledgeError, OSError, TimeoutError) as error:
            words = "超过时限，已停下。" if isinstance(error, TimeoutError) else str(getattr(error, "message", error))
            _log.error("candidate %d failed: %s", id, type(error).__name__)
            await self._ended(id, "failed", {"why": words}, by)
        await self._prune()

    async def _ended(self, id: int, standing: str, report: Mapping[str, Any], by: str) -> None:
        await _surely(lambda: self.candidates.move(id, standing, report))
        await _surely(lambda: self.daybook.note(_ENDS[standing], by, {"candidate": id}))

    async def _tested(self, one: Candidate, chosen: Sequence[Draft]) -> Running:
        """Return the engine of a candidate that may go live, beside the one that answers."""
        assert self.engines is not None  # noqa: S101 - nothing is begun without
        folder = self._work_dir / "candidate"
        knowledge = await asyncio.to_thread(self._prepared, one, chosen, folder)
        await self._move(one, "training", STEPS)
        model = await train(self.settings.project_dir, self._step, own=folder, work=self._work_dir, aside=True)
        await self._move(one, "starting", model=model.name, knowledge=knowledge.version)
        running = await self.engines.start(model, knowledge)
        try:
            if not await self.engines.ready(running):
                raise StopNow("新的应答程序没有启动成功，继续使用原来的。")
            if not one.back_to:
                await self._pass(one, chosen, running)
            await self._move(one, "switching")
        except BaseException:
            await self.engines.stop(running)
            raise
        return running

    async def _change(self, one: Candidate, chosen: Sequence[Draft], running: Running, by: str) -> None:
        assert self.engines is not None  # noqa: S101 - as above

        async def agreed() -> None:
            await _surely(lambda: self.candidates.went_live(one.id))
            try:
                await asyncio.to_thread(_write_files, self._own, one.files)
                await _surely(lambda: self._tell(one, chosen, by))
            except (ZhixunError, OSError) as error:  # it is live; files that are missing the next start writes
                _log.error("not all of version %d could be written down: %s", one.id, type(error).__name__)

        await self.engines.change(running, agreed)

    async def _tell(self, one: Candidate, chosen: Sequence[Draft], by: str) -> None:
        """Write down what came of it for drafts and turns."""
        assert self.engines is not None and self.engines.front is not None  # noqa: S101, PT018 - it has just been put there
        front = self.engines.front
        told = {"candidate": one.id, "model": front.model.name, "version": front.knowledge.version}
        await self.daybook.note("candidate_live", by, told)
        if one.back_to:
            taken = [id for newer in await self.candidates.newest(100) if one.back_to < newer.id < one.id for id in newer.drafts]
            for draft in await self.drafts.reopen(taken, f"已退回到版本 {one.back_to}"):
                await self.turns.unsettle(draft.turns)
            # Going back to a version that was itself gone back from brings its drafts live again.
            again = [draft for draft in await self.drafts.list() if draft.text.text == one.files.get(f"{draft.question}.yml")]
            await self.drafts.live_again([draft.id for draft in again])
        elif keys := [key for draft in chosen for key in draft.turns]:
            await self.turns.settle(keys, LIVE, by)

    async def _prune(self) -> None:
        """Let go models that nobody goes back to; the one in front stays, since its engine may have to be started again."""
        front = self.engines.front if self.engines is not None else None
        if front is not None:
            kept = {version.model for version in await _surely(self.candidates.versions)} | {front.model.name}
            await asyncio.to_thread(prune, self._work_dir / "models", kept)

    def _prepared(self, one: Candidate, chosen: Sequence[Draft], folder: Path) -> Knowledge:
        """Lay the files out and read them; raises what is wrong with them."""
        present = self.present()
        for draft in chosen:
            if base_of(present, draft.question, self.settings) != draft.base:
                raise StopNow(f"问题 {draft.question} 在起草以后已经改过，请打开草稿重新核对。")
        _write_files(folder / "answers", one.files)
        knowledge = load(self.settings.knowledge_dir, folder)
        if flaws := sorted(set(check(knowledge)) - set(check(present))):
            raise _Refused({"flaws": [list(flaw) for flaw in flaws[:_TOLD]]})
        return knowledge

    async def _pass(self, one: Candidate, chosen: Sequence[Draft], running: Running) -> None:
        """Put the questions to both models; raises `_Refused` unless the candidate may go live."""
        assert self.engines is not None and self.engines.front is not None  # noqa: S101, PT018 - as above
        cases = await self._cases(chosen, running.knowledge)
        await self._move(one, "testing", 2 * len(cases))
        front = self.engines.front
        before = await put_to(cases, self._asks(front.client, front.knowledge), self._count(0))
        after = await put_to(cases, self._asks(running.client, running.knowledge), self._count(len(cases)))
        verdict = verdict_of(cases, before, after)
        if not verdict.passed:
            raise _Refused(verdict.as_json())
        await _surely(lambda: self.candidates.move(one.id, "testing", verdict.as_json()))

    async def _cases(self, chosen: Sequence[Draft], knowledge: Knowledge) -> list[Case]:
        known = set(knowledge.topics)
        kept = await asyncio.to_thread(read_regression, self.settings.knowledge_dir, self.settings.own_dir)
        asked = [Case(one.text, one.expect, one.status, one.protected) for one in kept if not one.expect or known & set(one.expect)]
        right = [Case(text, given, origin=REVIEWED, shown=f"咨询件 {key}") for key, text, given in await self.turns.correct(_REVIEWED)]
        own = [Case(str(words), (draft.question,), origin=DRAFT) for draft in chosen for words in draft.raw["wordings"]]
        return [*asked, *right, *own]

    def _asks(self, client: EngineClient, knowledge: Knowledge) -> Callable[[str], Any]:
        names = {topic.title: name for name, topic in knowledge.topics.items()}

        async def ask(text: str) -> Outcome:
            # Nobody's consultation: what it leaves in the engines' memory goes at once.
            sender = f"gate-{new_token()}"
            try:
                with contextlib.suppress(TryLater):
                    return outcome_of(await client.ask(sender, text, self.region), lambda words: names.get(words, ""))
                return outcome_of(await client.ask(sender, text, self.region, again=True), lambda words: names.get(words, ""))
            except TryLater:
                return Outcome("degraded")
            finally:
                await client.forget(sender)

        return ask

    async def _move(self, one: Candidate, standing: str, total: int = 0, *, model: str = "", knowledge: str = "") -> None:
        known = {"model": model, "knowledge": knowledge} if model else {}
        await _surely(lambda: self.candidates.move(one.id, standing, None, **known))
        self.progress = Progress(one.id, 0, total)

    def _step(self, _component: str) -> None:
        self.progress.done += 1

    def _count(self, before: int) -> Callable[[int], None]:
        def count(done: int) -> None:
            self.progress.done = before + done

        return count


async def _surely(act: Callable[[], Awaitable[_T]]) -> _T:
    """Do something in the store; when others hold it, which citizens' turns may for a moment, try again."""
    for pause in _PAUSES:
        try:
            return await act()
        except TryLater:
            await asyncio.sleep(pause)
    return await act()


async def lay_out(candidates: Candidates, folder: Path) -> None:
    """Before the knowledge is read: let the folder of own answers hold what was live, whatever a crash has left there.

    Files that nobody has ever brought live by the desk were written by hand; they become a version of their own.
    """
    await candidates.interrupted()
    live = await candidates.live()
    there = await asyncio.to_thread(_read_files, folder)
    if live is None or there == live.files:
        return
    if there in [one.files for one in await candidates.versions()]:
        await asyncio.to_thread(_write_files, folder, live.files)
        return
    await candidates.went_live(await candidates.begin(there, (), ""))


def base_of(knowledge: Knowledge, question: str, settings: Settings) -> str:
    """Return the digest of a question as its file has it now; empty when there is none."""
    found = knowledge.questions.get(question)
    return "" if found is None else digest_of(written(raw_question(found, settings.knowledge_dir, settings.own_dir)))


def _read_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.yml"))}


def _write_files(folder: Path, files: Mapping[str, str]) -> None:
    make_folder(folder)
    for path in folder.glob("*.yml"):
        if path.name not in files:
            remove(path)
    for name, text in files.items():
        if not (folder / name).exists() or (folder / name).read_text("utf-8") != text:
            write_once(folder / name, text.encode())
