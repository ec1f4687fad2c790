"""What a search found as a table: one row for each case, for spreadsheets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from zhixun.archive.export import RATED, SHEETS, Cell, draft_of, local_time, rating_cells
from zhixun.archive.journal import Journal
from zhixun.archive.search import Case
from zhixun.errors import CitizenError
from zhixun.masking import mask
from zhixun.messages import Entry
from zhixun.names import told

__all__ = ["COLUMNS", "Names", "export_cases"]

Names = Callable[[str, str], str]
"""Says in Chinese what a code of a field (`channel`, `state`, `service`, `knowledge` …) is called."""
COLUMNS = (
    "编号", "渠道", "地区", "状态", "开始时间", "结束时间", "轮次", "权利类型", "主题", "知识条目", "服务事项", "答复状态", "经办人",
    "标签", "质检结论", "处理结果", "咨询人", "行业", "区县", "最低把握", "已转办", "有附件", "有备注", "已删除", "人工服务：平均评分",
    "智能助手：平均评分", *RATED, "首次提问", "联系电话",
)  # fmt: skip
_WIDE = ("首次提问", *(name for name in RATED if name.endswith("评价意见")))


async def export_cases(
    journal: Journal, cases: Sequence[Case], form: str, out: Path, *, names: Names = told, clear: bool = False
) -> None:
    """Write cases to `out`, which is readable by its owner alone, and whole or not there.

    Args:
        form: `csv` or `xlsx`.
        clear: personal numbers and mail addresses are shown; for those who may see them.

    Raises:
        CitizenError: the format is unknown.
    """
    if form not in SHEETS:
        raise CitizenError(f"导出格式只有 {'、'.join(SHEETS)}。", code="bad_format", field="format")
    with draft_of(out) as draft, SHEETS[form](draft, COLUMNS, _WIDE) as write:
        for case in cases:
            async with journal.database.read() as connection:
                entries = await journal.read(connection, case.number)
            line = _line(case, entries, names)
            write(line if clear else [mask(cell) if isinstance(cell, str) else cell for cell in line])


def _line(case: Case, entries: Sequence[Entry], names: Names) -> list[Cell]:
    def all_of(field: str, codes: Sequence[str]) -> str:
        return "；".join(names(field, code) for code in codes if code)

    opened = next((entry.time for entry in entries if entry.kind == "opened"), None)
    closed = next((entry.time for entry in entries if entry.kind == "closed"), None)
    flags = ("是" if flag else "" for flag in (case.referred, case.attached, case.noted, case.erased))
    return [
        case.number, all_of("channel", [case.channel]), case.region, all_of("state", [case.state]), local_time(opened), local_time(closed),
        case.turns, all_of("right", case.rights), all_of("topic", case.topics), all_of("knowledge", case.knowledge),
        all_of("service", case.services), all_of("status", case.statuses), all_of("operator", case.operators), all_of("label", case.labels),
        all_of("mark", case.marks), all_of("outcome", [case.outcome]), case.user_kind, case.industry, case.district,
        _figure(case.confidence), *flags,
        _figure(case.staff_rating), _figure(case.rating), *rating_cells(entries),
        _words(entries, "said", "text"), _words(entries, "contact_left", "phone"),
    ]  # fmt: skip


def _figure(value: float | None) -> Cell:
    return "" if value is None else value


def _words(entries: Sequence[Entry], kind: str, name: str) -> str:
    """Return the first words of the citizen in an entry of this kind."""
    said = (entry.private for entry in entries if entry.kind == kind and entry.actor == "citizen" and entry.private)
    return next((str(private.get(name, "")) for private in said), "")
