"""Puts figures into the words of a report: which tables there are, in which order, and what must be known to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from zhixun.reports.changes import ENOUGH, LEAST, Change, changes, enough
from zhixun.reports.figures import Figures, Kept
from zhixun.reports.ports import Terms
from zhixun.reports.proposals import proposals
from zhixun.reports.read import BY_DAY
from zhixun.reports.sheet import Cell, Report, Section, Table
from zhixun.reports.spans import Span
from zhixun.reports.staffed import rating_tables, time_tables
from zhixun.reports.words import SHARED, Words

__all__ = ["UNRECORDED", "Ground", "compose"]

UNRECORDED = "未记录"
_TOP = 20
_STANDING = "后面几列是制表时的办理状态。"
_Counts = Mapping[str, int]
_CHANGED = ("项目", "本期", "上期", "变化", "把握（z）")


@dataclass(frozen=True, slots=True)
class Ground:
    """What a report is made of.

    Attributes:
        year: the figures of the same days of the year before; None when there are none.
        words: None while they are still being looked through. made: when, local. confirmed: whether the office stands by hours and limits.
    """

    span: Span
    now: Figures
    before: Figures
    year: Figures | None
    words: Words | None
    terms: Terms
    made: datetime
    confirmed: bool


def compose(ground: Ground) -> Report:
    """Return the report."""
    now = ground.now
    sections = tuple(make(ground) for make in (_whole, _who, _what, _answers, _staff, _services, _said, _next))
    return Report(
        title="知识产权咨询分析报告", office=ground.terms.office, span=ground.span.title, compared=_compared(ground), made=ground.made,
        tiles=_tiles(ground), sections=sections, notes=_notes(ground), empty=not (now.total or now.requests or now.slips or now.tasks),
    )  # fmt: skip


def _compared(ground: Ground) -> str:
    before = ground.span.before()
    year = f"；去年同期：{_days(ground.span.year_before())}" if ground.year is not None else ""
    return f"本期：{_days(ground.span)}；上期：{_days(before)}{year}"


def _days(span: Span) -> str:
    return f"{span.first}—{span.last}"


def _tiles(ground: Ground) -> list[tuple[str, str, str]]:
    now, before = ground.now, ground.before
    answered = now.statuses.get("answered", 0)
    rated = next((one for one in sorted(now.ratings, key=lambda one: -one.count) if one.indicator == "satisfaction"), None)
    mean = f"{rated.mean:g}" if rated and rated.mean is not None else "—"
    return [
        ("咨询", f"{now.total:,}", f"上期 {before.total:,}，{_signed(now.total - before.total)}"),
        ("有经审核的答复", _share(answered, now.total), f"{answered:,} 件"),
        ("转人工", _share(now.handed, now.total), f"{now.handed:,} 件"),
        ("首次人工答复", _minutes(now.first.middle), f"中位数，{now.first.count} 件，按工作时间"),
        ("服务满意度", mean, f"{rated.count if rated else 0} 个评分，满分 5"),
        ("服务申请", f"{sum(now.asked_for.values()):,}", f"上期 {sum(before.asked_for.values()):,}"),
    ]


def _whole(ground: Ground) -> Section:
    rows: list[tuple[str, Callable[[Figures], int]]] = [
        ("咨询件", lambda one: one.total), ("其中已结束", lambda one: one.closed), ("咨询人说话（轮次）", lambda one: one.turns),
        ("转人工", lambda one: one.handed), ("其中人工答复了", lambda one: one.helped),
        ("服务申请", lambda one: sum(one.asked_for.values())), ("转介单", lambda one: sum(map(_sum, one.slips.values()))),
        ("按请求删除了内容", lambda one: one.erased),
    ]  # fmt: skip
    told = [(title, count(ground.now), *_past(ground, count)) for title, count in rows]
    trend = tuple((day, count) for day, count in ground.now.trend.items())
    return Section("whole", "一、总体情况", (), (
        Table("whole", "总体", ("项目", "本期", *_past_columns(ground)), tuple(told)),
        Table("trend", "咨询件的走势", ("日期" if ground.span.days <= BY_DAY else "月份", "咨询件"), trend, chart="line"),
    ))  # fmt: skip


def _who(ground: Ground) -> Section:
    now, terms = ground.now, ground.terms
    groups = [_grouped(one.user_kinds, terms.groups) if one is not None else None for one in (now, ground.before, ground.year)]
    unknown = now.user_kinds.get("", 0)
    lines = (f"咨询人的类别、行业、区县由工作人员登记或取自服务申请表，不强求；本期 {unknown:,} 件没有记录类别。",)
    return Section("who", "二、谁来咨询", lines, (
        _table(ground, "channels", "入口", lambda one: one.channels, lambda code: terms.told("channel", code), chart="bars"),
        _compared_table(ground, "groups", "服务对象（规范第1章的两类）", groups, str),
        _table(ground, "user_kinds", "咨询人", lambda one: one.user_kinds, str, chart="bars"),
        _table(ground, "industries", "行业", lambda one: one.industries, str, top=_TOP, chart="bars",
               note="登记的用国民经济行业门类（GB/T 4754）；取自申请表的用表上的行业领域。"),
        _table(ground, "districts", "区县", lambda one: one.districts, str, chart="bars"),
        _table(ground, "regions", "问的是哪里的规定", lambda one: one.regions, str),
    ))  # fmt: skip


def _grouped(kinds: _Counts, groups: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for kind, count in kinds.items():
        group = groups.get(kind, "") if kind else ""
        found[group] = found.get(group, 0) + count
    return found


def _what(ground: Ground) -> Section:
    now, before, terms = ground.now, ground.before, ground.terms
    several = "一件咨询可以涉及几项，合计会大于咨询件数。"
    found = [*_changed(now.topics, before.topics, ground, "主题 "), *_changed(now.rights, before.rights, ground, "权利 "),
             *_changed(now.knowledge, before.knowledge, ground, "", terms.title)]  # fmt: skip
    found.sort(key=lambda one: -abs(one.z))
    judged = (f"只列不像偶然的变化：两期各有 {ENOUGH} 件以上，该项有一期在 {LEAST} 件以上，按占比的对数优势比（收缩估计）|z|≥2.58。",)
    few = () if enough(now.total, before.total) else (f"两期里有一期不足 {ENOUGH} 件，不判断升降。",)
    return Section("what", "三、问什么", (*few,), (
        _table(ground, "rights", "权利", lambda one: one.rights, str, note=several, chart="bars"),
        _table(ground, "stages", "环节", lambda one: one.stages, str, note=several),
        _table(ground, "topics", "主题（前 20）", lambda one: one.topics, str, top=_TOP, note=several, chart="bars"),
        _table(ground, "knowledge", "问得最多的知识（前 20）", lambda one: one.knowledge, terms.title, top=_TOP, note=several),
        _changes("risen", "明显上升的", [one for one in found if one.z > 0], judged[0]),
        _changes("fallen", "明显下降的", [one for one in found if one.z < 0], judged[0]),
    ))  # fmt: skip


def _changed(now: _Counts, before: _Counts, ground: Ground, kind: str, told: Callable[[str], str] = str) -> list[Change]:
    found = changes(now, ground.now.total, before, ground.before.total)
    return [Change(kind + told(one.name), one.now, one.before, one.z) for one in found]


def _changes(name: str, title: str, found: Sequence[Change], note: str) -> Table:
    rows = tuple((one.name, one.now, one.before, one.now - one.before, one.z) for one in found[:_TOP])
    return Table(name, title, _CHANGED, rows, note, wide=frozenset((0,)))


def _answers(ground: Ground) -> Section:
    told = ground.terms.told
    note = "按咨询件数：其中至少有一轮是这样答的；一件可以计入几项。"
    return Section("answers", "四、答复情况", (), (
        _table(ground, "statuses", "智能助手怎样答的", lambda one: one.statuses, lambda code: told("status", code), note=note, chart="bars"),
        _table(ground, "outcomes", "工作人员结束的，办理结果", lambda one: {name: count for name, count in one.outcomes.items() if name},
               lambda code: told("outcome", code)),
    ))  # fmt: skip


def _staff(ground: Ground) -> Section:
    unsure = () if ground.confirmed else ("工作时间和时限是示例设置，还没有经本单位核定。",)
    lines = ("时长都按工作时间（午休、周末、节假日不计，调休上班日计）。", *unsure)
    tables = (*time_tables(ground.now, ground.before, ground.year), *rating_tables(ground.now.ratings))
    return Section("staff", "五、人工答复和评价", lines, tables)


def _services(ground: Ground) -> Section:
    terms, now = ground.terms, ground.now
    known = dict.fromkeys((*terms.services, *now.asked_for, *ground.before.asked_for))
    standings = [one for one in terms.request_standings if any(one in counts for counts in now.requests.values())]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (terms.service(service), now.asked_for.get(service, 0), ground.before.asked_for.get(service, 0),
         *(now.requests.get(service, {}).get(standing, 0) for standing in standings))
        for service in known if now.asked_for.get(service) or ground.before.asked_for.get(service)
    )  # fmt: skip
    columns = ("服务事项", "本期", "上期", *(terms.request_standings[one] for one in standings))
    return Section("services", "六、服务申请、转办、回电与回访", (), (
        Table("requests", "服务申请（按规范的次序）", columns, rows, _STANDING, "bars", wide=frozenset((0,))), _slips(ground), _tasks(ground),
    ))  # fmt: skip


def _slips(ground: Ground) -> Table:
    terms, now = ground.terms, ground.now
    standings = [one for one in terms.slip_standings if any(one in counts for counts in now.slips.values())]
    agencies = sorted(now.slips.items(), key=lambda one: -_sum(one[1]))
    rows: list[tuple[Cell, ...]] = [
        (terms.agency(agency), _sum(counts), *(counts.get(one, 0) for one in standings)) for agency, counts in agencies
    ]  # fmt: skip
    columns = ("机构", "转介单", *(terms.slip_standings[one] for one in standings))
    return Table("slips", "转办", columns, tuple(rows), _STANDING, wide=frozenset((0,)))


def _tasks(ground: Ground) -> Table:
    rows = tuple((ground.terms.task_kinds.get(kind, kind), *_promise(kept)) for kind, kept in ground.now.tasks.items())
    note = "按期：在答应的时间以前办结；超期：过了时间才办或者还没办；改过日期的按最后一次。"
    return Table("tasks", "回电与回访", ("种类", "本期答应的", "按期", "超期", "还没到期"), rows, note)


def _promise(kept: Kept) -> tuple[int, int, int, int]:
    return kept.made, kept.kept, kept.late, kept.waiting


def _said(ground: Ground) -> Section:
    words = ground.words
    if words is None:
        return Section("said", "七、没有答复的问题和新词", ("咨询人的原话正在整理，这一节稍后才有。",), ())
    lines = (
        f"看过 {words.read:,} 件咨询里的原话，其中 {words.unanswered:,} 句没有经审核的答复。",
        f"只列两件以上咨询都问到的，另有 {words.hidden:,} 句没有列出。",
        f"人名、号码、单位名称，以及不足 {SHARED} 件咨询说过的生僻字词都隐去（…）。",
    )
    return Section("said", "七、没有答复的问题和新词", lines, (
        Table("clusters", "没有答复的问题", ("问题", "咨询件"), tuple((one.text, one.count) for one in words.clusters), wide=frozenset((0,))),
        Table("new_words", "新词", ("词", "本期", "上期", "变化", "把握（z）"),
              tuple((one.name, one.now, one.before, one.now - one.before, one.z) for one in words.words),
              "知识库里没有、比上期明显说得多的词。"),
    ))  # fmt: skip


def _next(ground: Ground) -> Section:
    found = proposals(ground.now, ground.before, ground.terms, ground.words.clusters if ground.words else ())
    lines = ("下面由统计规则推出，供安排工作时参考，由本单位决定。" if found else "按统计规则，本期没有要特别安排的。",)
    rows = tuple((one.kind, one.what, one.why, one.clause) for one in found)
    table = Table("proposals", "建议", ("种类", "内容", "依据的数字", "规范条款"), rows, wide=frozenset((1, 2)))
    return Section("next", "八、建议安排的培训、座谈、走访和改进", lines, (table,))


def _notes(ground: Ground) -> tuple[str, ...]:
    made = ground.made
    return (
        "咨询按开始的日期（北京时间）计入；同一人的几次咨询分别计。申请、转介单、回电与回访按提出的日期计，状态是制表时的。",
        "“转人工”包括工作人员主动接入的；电话和窗口当场答复的不算。",
        "数字取自档案的检索表，与封存的咨询档案逐件对得上；删除了个人内容的咨询仍计入件数。",
        f"制表：{made.year}年{made.month}月{made.day}日 {made:%H:%M}。",
    )  # fmt: skip


def _table(
    ground: Ground, name: str, title: str, of: Callable[[Figures], _Counts], told: Callable[[str], str], *,
    top: int = 0, note: str = "", chart: str = "",
) -> Table:  # fmt: skip
    counts = [of(one) if one is not None else None for one in (ground.now, ground.before, ground.year)]
    return _compared_table(ground, name, title, counts, told, top=top, note=note, chart=chart)


def _compared_table(
    ground: Ground, name: str, title: str, counts: Sequence[_Counts | None], told: Callable[[str], str], *,
    top: int = 0, note: str = "", chart: str = "",
) -> Table:  # fmt: skip
    """Return counts as a table, the most first and what was not recorded last."""
    now, before, year = (one or {} for one in counts)
    names = sorted({**now, **before}, key=lambda one: (one == "", -now.get(one, 0), -before.get(one, 0), one))
    rows = []
    for one in names[: top or None]:
        past: tuple[Cell, ...] = (before.get(one, 0), now.get(one, 0) - before.get(one, 0))
        last = (year.get(one, 0),) if ground.year is not None else ()
        rows.append((told(one) if one else UNRECORDED, now.get(one, 0), _part(now.get(one, 0), ground.now.total), *past, *last))
    return Table(name, title, ("项目", "本期", "占比", *_past_columns(ground)), tuple(rows), note, chart, wide=frozenset((0,)))


def _past_columns(ground: Ground) -> tuple[str, ...]:
    return ("上期", "增减", *(("去年同期",) if ground.year is not None else ()))


def _past(ground: Ground, count: Callable[[Figures], int]) -> Iterable[Cell]:
    yield count(ground.before)
    yield count(ground.now) - count(ground.before)
    if ground.year is not None:
        yield count(ground.year)


def _part(count: int, total: int) -> float | None:
    return round(count / total, 4) if total else None


def _share(count: int, total: int) -> str:
    return f"{count / total:.0%}" if total else "—"


def _sum(counts: _Counts) -> int:
    return sum(counts.values())


def _signed(number: int) -> str:
    return f"{number:+,}" if number else "持平"


def _minutes(minutes: float | None) -> str:
    return "—" if minutes is None else f"{minutes:g} 分钟"
