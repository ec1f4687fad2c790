"""The stories of the month before: what citizens asked, what the program and the staff did, and what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from zhixun.archive.erase import erase
from zhixun.demo_files import pdf, png
from zhixun.demo_stage import Case, Stage, Story, pick
from zhixun.desk.casework import AGAIN, Task
from zhixun.knowledge.guides.model import CHOICE, Guide
from zhixun.knowledge.services.model import Service
from zhixun.messages import PERSON
from zhixun.referral.slip import Draft

__all__ = ["CLERKS", "answered", "past"]

CLERKS = ("clerk1", "clerk2")
_Told = Mapping[str, Any]
_COMMON = 8
"""So many of the industries, which stand in the order of GB/T 4754, occur in the demonstration."""


def past(stage: Stage) -> list[Story]:
    """Return all that happened but for the consultations that the program answered alone."""
    words = stage.words
    guides = [one for one in stage.knowledge.guides.values() if all(step.kind == CHOICE for step in one.steps.values())]
    services = list(stage.knowledge.services.values())
    return [
        *(_handed(stage, at, told) for at, told in enumerate(words["handed"])),
        *(_applied(stage, at, services[at % len(services)], told) for at, told in enumerate(words["requests"]) if services),
        *(_unanswered(stage, at, text, "utter_unknown") for at, text in enumerate(words["unknown"])),
        *(_unanswered(stage, at + 9, text, "utter_out_of_scope") for at, text in enumerate([*words["outside"], *words["secrets"]])),
        *(_guided(stage, at, guide) for at, guide in enumerate(guides[:8])),
        *(_unsure(stage, at) for at in range(8)),
        *(_left(stage, at) for at in range(3)),
        *(_read(stage, days) for days in (24, 17, 10, 3)),
        _again(stage), _failed(stage), _paused(stage), _erased(stage),
    ]  # fmt: skip


async def answered(stage: Stage, at: int, begins: datetime) -> Story:
    """Somebody asks the program one or a few questions, and leaves."""
    yield begins
    case = await stage.open("answered", at)
    question = stage.question("", "answered", at)
    for turn in range(pick((1, 1, 2, 2, 3, 4), "turns", at)):
        yield stage.after(0.6)
        await case.asks(question, pick((0.98, 0.95, 0.93, 0.9, 0.86, 0.81), at, turn), as_button=turn > 0)
        question = pick(stage.understood.near(question) or [question], at, turn)
    async for moment in _ends(case, at):
        yield moment


async def _unsure(stage: Stage, at: int) -> Story:
    """The program asks which question is meant, or gives the likeliest answer."""
    yield stage.moments.at(27 - 3 * at, 0.1 + at / 10)
    case, question = await stage.open("unsure", at), stage.question("", "unsure", at)
    yield stage.after(0.5)
    if at % 2:
        await case.says(pick(question.wordings, at), stage.understood.which(question, 0.42))
        yield stage.after(0.3)
        await case.says("1", stage.understood.answer(question, case.region, 0.99))
    else:
        await case.asks(question, 0.44 + at / 50)
    async for moment in _ends(case, at):
        yield moment


async def _unanswered(stage: Stage, at: int, text: str, phrase: str) -> Story:
    """There is no approved answer, something else is asked than what is ours, or a secret is sent."""
    yield stage.moments.at(28 - 26 * at // 14, 0.2 + at / 20)
    case = await stage.open("unanswered", at)
    yield stage.after(0.7)
    await case.says(text, stage.understood.phrase(phrase, 0.31))
    if at % 2:
        yield stage.after(1)
        await case.asks(stage.question("", "unanswered", at))
    async for moment in _ends(case, at, "poor"):
        yield moment


async def _guided(stage: Stage, at: int, guide: Guide) -> Story:
    """Somebody is led through a guide."""
    yield stage.moments.at(29 - 3 * at, 0.35 + at / 20)
    case = await stage.open("guided", at)
    async for moment in case.walks(guide, stage.filled(guide, at)):
        yield moment
    async for moment in _ends(case, at):
        yield moment


async def _failed(stage: Stage) -> Story:
    """The engine fails for one message, and answers the next."""
    yield stage.moments.at(19, 0.8)
    case, question = await stage.open("failed"), stage.question("外观设计", "failed")
    yield stage.after(0.5)
    await case.says(question.wordings[0], stage.understood.failure())
    yield stage.after(2)
    await case.asks(question)
    yield stage.after(1)
    await case.ended()


async def _ends(case: Case, at: int, ratings: str = "ratings") -> AsyncIterator[datetime]:
    """End it by the citizen, or by silence; most of those who end it rate."""
    stage = case.stage
    if at % 4 == 0:
        yield stage.after(stage.idle.total_seconds() / 60 + 1)
        await stage.talk.consultations.close_idle()
        stage.closed.append(case.number)
        return
    if at % 3 == 1:
        yield stage.after(0.5)
        await case.says(pick(stage.words["thanks"], at), stage.understood.phrase("utter_thanks"))
    yield stage.after(0.5)
    # What is rated before the end stands in the sealed file itself, what is rated behind it in a supplement.
    if at % 5 in (0, 2):
        await case.rated(at, as_=ratings)
    await case.ended()
    if at % 5 in (3, 4):
        yield stage.after(0.5)
        await case.rated(at, as_=ratings)


async def _handed(stage: Stage, at: int, told: _Told) -> Story:
    """Staff answer; some consultations change hands, are referred or followed up, and some citizens fall silent."""
    yield stage.moments.at(told.get("days", 29 - 26 * at // 17), 0.15 + at % 7 / 10)
    case, by = await stage.open("handed", at), CLERKS[at % 2]
    if "as" in told:
        stage.note(told["as"], case.number)
    yield stage.after(0.6)
    async for moment in _asked_for(case, at, told):
        yield moment
    yield stage.after(pick((0.7, 1.5, 2.4, 4, 6.5), "wait", at))
    fence = await case.claimed(by)
    if "to" in told:
        yield stage.after(0.5)
        await case.passed_on(by, fence, told["to"], told.get("why", ""))
        by = next(clerk for clerk in CLERKS if clerk != by) if told["to"] not in CLERKS else told["to"]
        yield stage.after(2)
        fence = await case.claimed(by)
    async for moment in _talked(case, at, by, fence, told):
        yield moment
    slip = await _referred(case, at, by, told["slip"]) if "slip" in told else ""
    plan = told.get("plan", {})
    due = stage.days_on(plan.get("days", 0), 0.5)
    if plan:
        await stage.casework.plan(case.number, by, plan["kind"], f"{due:%Y-%m-%d}", plan["words"], owner=by)
    yield stage.after(1)
    await case.ended(by, fence, told["outcome"], told["close"])
    if not told.get("silent") and at % 2:
        yield stage.after(1)
        await case.rated("handed", at, as_="poor" if told.get("reason") == "complaint" else "ratings")
    async for moment in _carried(stage, slip, by, told["slip"]["steps"] if slip else ()):
        yield moment
    async for moment in _tried(stage, case.number, by, due, plan.get("results", ())):
        yield moment


async def _asked_for(case: Case, at: int, told: _Told) -> AsyncIterator[datetime]:
    """Let the citizen come to staff: by a complaint, for want of an answer, or after one."""
    understood = case.stage.understood
    if told.get("reason") == "complaint":
        await case.says(told["says"], understood.complaint())
        return
    if "says" in told:
        await case.says(told["says"], understood.phrase("utter_unknown", 0.3))
    else:
        await case.asks(case.stage.question(told["right"], "handed", at))
    yield case.stage.after(0.8)
    await case.says(PERSON)


async def _talked(case: Case, at: int, by: str, fence: int, told: _Told) -> AsyncIterator[datetime]:
    """Let staff and citizen talk, and staff keep notes and labels."""
    stage, words = case.stage, case.stage.words
    asked = stage.question(told.get("right", ""), "handed", at)
    further = pick(stage.understood.near(asked) or [asked], at)
    yield stage.after(0.5)
    await case.told(by, fence, pick(words["greetings"], at))
    if told.get("file"):
        yield stage.after(1)
        await case.sends(words["pictures"], png())
    if not told.get("silent"):
        yield stage.after(1.5)
        await case.says(pick(words["more"] if "answer" in told else further.wordings, at))
    yield stage.after(2)
    await case.told(by, fence, told.get("answer") or pick(words["asides"], at), None if "answer" in told else further)
    if told.get("file"):
        await case.sends(words["letters"], pdf(), f"staff:{by}")
    if told.get("note"):
        await stage.casework.note(case.number, by, told["note"], told.get("mentions", ()))
    if told.get("labels"):
        await stage.casework.label(case.number, by, told["labels"], ())
    if at % 3:
        # Not everybody says it, and nobody is asked twice.
        offered = stage.site.described.offered
        chosen = {name: pick(values[:_COMMON], name, at) for name, values in offered.items()}
        await stage.casework.describe(case.number, by, chosen, offered)
    if "slip" in told:
        await case.told(by, fence, words["referral"])
    yield stage.after(25 if told.get("silent") else 2)
    if not told.get("silent"):
        await case.says(words["agreed"] if "slip" in told else pick(words["thanks"], at))


async def _referred(case: Case, at: int, by: str, told: _Told) -> str:
    """Issue a slip to an agency of a kind; returns its number, empty when the register has none."""
    stage = case.stage
    agency = next((one for one in stage.knowledge.agencies.values() if one.kind == told["kind"] and not one.verified), None)
    if agency is None:
        return ""
    facts = (("当事人", pick(stage.words["units"], at)), ("情况", told["wish"]))
    draft = Draft(
        agency=agency.id, facts=facts, evidence=tuple(told["evidence"]), wish=told["wish"], consent=True, how="咨询中文字同意",
        agency_name=f"{agency.name}（演示）", agency_contact="演示数据，不是真实的联系方式",
    )  # fmt: skip
    return (await stage.talk.referrals.issue(case.number, draft, f"staff:{by}")).number


async def _carried(stage: Stage, slip: str, by: str, steps: Sequence[Sequence[str]]) -> AsyncIterator[datetime]:
    """Carry a slip on, by staff or by the agency itself."""
    for standing, who, *words in steps:
        yield stage.days_on(1, 0.4)
        if who == "agency":
            await stage.talk.referrals.answer(slip, stage.archive.codes.code_of(slip), standing, *words)
        else:
            await stage.talk.referrals.move(slip, standing, f"staff:{by}", *words)


async def _tried(stage: Stage, number: str, by: str, due: datetime, results: Sequence[Sequence[str]]) -> AsyncIterator[datetime]:
    """Follow up on the day, and again some days later where nothing came of it; what is due after the end is still open then."""
    for result, words in results:
        if due > stage.moments.end:
            return
        yield due
        task, due = await _task_of(stage, number), stage.days_on(2, 0.5)
        again = f"{due:%Y-%m-%d}" if result in AGAIN else ""
        await stage.casework.follow_up(number, int(task.id.rpartition("/")[2]), by, result, words, again)


async def _task_of(stage: Stage, number: str) -> Task:
    return next(one for one in await stage.casework.tasks(number) if one.standing == "open")


async def _applied(stage: Stage, at: int, service: Service, told: _Told) -> Story:
    """Somebody applies for a service, in the talk or on the page, and staff carry it on."""
    yield stage.moments.at(told.get("days", 25 - 2 * at), 0.25 + at / 30)
    values, book, by = stage.filled(service.form, at), stage.talk.book, CLERKS[at % 2]
    if told.get("chat"):
        case = await stage.open("applied", at)
        async for moment in case.walks(service.form, values):
            yield moment
        number, request = case.number, (await book.of(case.number))[0].number
        for text in (f"撤回申请 {request}", f"确认撤回申请 {request}") if told.get("withdrawn") else ():
            yield stage.after(0.5)
            await case.says(text)
        yield stage.after(1)
        await case.ended()
    else:
        # The page reads what was filled in; it is right, or the demonstration is wrong.
        given, _ = stage.received.read(service.form.id, values)
        sent = await stage.received.submit(service.form.id, given, f"demo-{at}")
        number, request = str(sent["consultation"]), str(sent["number"])
    stage.note(service.id, request)
    for standing in told["steps"]:
        yield stage.days_on(1, 0.2 + at / 20)
        note = told["note"] if standing in ("returned", "declined") else ""
        await book.move(request, standing, f"staff:{by}", note=note, owner=by)
    if "followed" in told:
        due = stage.moments.on(datetime.fromisoformat((await _task_of(stage, number)).due).date(), 0.6)
        async for moment in _tried(stage, number, by, due, [told["followed"]]):
            yield moment


async def _again(stage: Stage) -> Story:
    """Staff give it back, the program goes on, and a person is asked for a second time."""
    yield stage.moments.at(12, 0.3)
    case, question = await stage.open("again"), stage.question("专利", "again")
    for by in CLERKS:
        yield stage.after(0.8)
        await case.asks(question)
        yield stage.after(0.5)
        await case.says(PERSON)
        yield stage.after(1.5)
        fence = await case.claimed(by)
        yield stage.after(1)
        await case.told(by, fence, pick(stage.words["asides"], by), question)
        yield stage.after(1)
        if by == CLERKS[0]:
            await stage.talk.takeover.give_back(case.number, by, fence)
            question = pick(stage.understood.near(question) or [question], "again")
        else:
            await case.ended(by, fence, "answered", "第二次转人工，补充说明了例外情形。")


async def _left(stage: Stage, at: int) -> Story:
    """A message is left out of hours, and answered on the next working day."""
    yield stage.moments.clock(20 - 7 * at, 20, 10 + at)
    case, by = await stage.open("left", at), CLERKS[at % 2]
    async for moment in case.leaves_message("left", at):
        yield moment
    yield stage.days_on(1, 0.1)
    await stage.archive.daybook.note("unmasked", by, {"about": case.number}, {"why": "回电答复"})
    fence = await case.claimed(by)
    yield stage.after(4)
    await case.told(by, fence, stage.words["called"], stage.question("", "left", at))
    yield stage.after(2)
    await case.ended(by, fence, "answered", "已回电答复，对方没有其他问题。")


async def _paused(stage: Stage) -> Story:
    """The program is switched off for a quarter of an hour at noon; who asks then is answered by staff."""
    yield stage.moments.clock(15, 12, 30)
    switch, note = stage.talk.switch, stage.archive.daybook.note
    await switch.pause("知识内容更新")
    await note("bot_paused", "admin", {"reason": switch.reason})
    case, question, by = await stage.open("paused"), stage.question("商标", "paused"), CLERKS[0]
    yield stage.after(2)
    await case.says(question.wordings[0])
    yield stage.after(13)
    await switch.resume()
    await note("bot_resumed", "admin", {})
    yield stage.days_on(0, 0.55)
    fence = await case.claimed(by)
    yield stage.after(1)
    await case.told(by, fence, pick(stage.words["asides"], "paused"), question)
    yield stage.after(1)
    await case.ended(by, fence, "answered", "暂停期间的提问，已人工答复。")


async def _erased(stage: Stage) -> Story:
    """A citizen has the own data deleted."""
    yield stage.moments.at(9, 0.2)
    case, archive = await stage.open("erased"), stage.archive
    yield stage.after(1)
    await case.asks(stage.question("著作权", "erased"))
    yield stage.after(1)
    await stage.talk.consultations.close(case.number)
    yield stage.days_on(3, 0.5)
    forget = [archive.attachments.forget]
    await erase(archive.journal, archive.sealer, case.number, "咨询人凭回执要求删除", by="staff:admin", elsewhere=forget)


async def _read(stage: Stage, days: int) -> Story:
    """The reviewer reads five consultations; the administrator reads one of them a second time."""
    yield stage.moments.at(days, 0.7)
    note, second = stage.archive.daybook.note, stage.words["second"]
    fresh = stage.closed[-9:-4]
    del stage.closed[:-4]
    for at, number in enumerate(fresh):
        await note("looked", "reviewer", {"about": number})
        review = pick(stage.words["reviews"], days, at)
        await stage.casework.review(number, "reviewer", review["mark"], review["words"])
        yield stage.after(6)
    if fresh:
        yield stage.days_on(1, 0.6)
        await note("looked", "admin", {"about": fresh[0]})
        await stage.casework.review(fresh[0], "admin", second["mark"], second["words"])
