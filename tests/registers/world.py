"""Registers over a real store: one with a field of every kind, beside those of the knowledge."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import ROOT, Office, office_in
from zhixun.archive.opened import open_rows
from zhixun.knowledge.registers import raw_registers
from zhixun.registers.book import Records
from zhixun.registers.model import Register
from zhixun.registers.read import read_registers
from zhixun.registers.values import Offered

RAW: Mapping[str, Any] = {
    "order": 1, "title": "样本台账", "about": "每一种字段都有一个的台账。", "clauses": [{"source": "xining-spec", "at": "5.1.5 1)"}],
    "heading": "name", "year": "began", "standing": "state", "second": {"standing": "已审定", "by": ["reviewer", "administrator"]},
    "fields": {
        "name": {"title": "名称", "kind": "text", "required": True, "takes": ["单位名称"]},
        "state": {"title": "状态", "kind": "choice", "options": ["草稿", "在用", "已审定", "终止"], "required": True},
        "words": {"title": "说明", "kind": "long"},
        "marks": {"title": "标签", "kind": "choices", "options": ["甲", "乙", "丙"]},
        "began": {"title": "开始日", "kind": "day", "takes": ["@today"]},
        "expires": {"title": "到期日", "kind": "day", "due": {"warn": 30, "until": "renewed", "ended": ["终止"]}},
        "renewed": {"title": "续展日", "kind": "day"},
        "count": {"title": "件数", "kind": "number"},
        "sum": {"title": "金额", "kind": "money"},
        "free": {"title": "是否免费", "kind": "flag"},
        "phone": {"title": "电话", "kind": "phone", "takes": ["联系电话"]},
        "clerk": {"title": "经办人", "kind": "person", "takes": ["@me"]},
        "body": {"title": "机构", "kind": "agency"},
        "papers": {"title": "材料", "kind": "files"},
        "about": {"title": "关联", "kind": "link", "takes": ["@link"]},
    },
}  # fmt: skip
PHONE = "13897123456"
FULL: Mapping[str, Any] = {
    "name": "昆仑青稞酒业", "state": "在用", "words": "=1+1\n第二行", "marks": ["甲", "丙"], "began": "2026-03-01", "expires": "2026-12-05",
    "count": "12", "sum": "1234.5", "free": "是", "phone": PHONE, "clerk": "clerk", "body": "court",
    "papers": [{"name": "证书.pdf", "digest": "a" * 64, "id": ""}],
}  # fmt: skip
OFFERED = Offered({"clerk": "王芳", "rev": "李审核", "admin": "张管理", "twin1": "同名", "twin2": "同名"}, {"court": "有管辖权的人民法院"})


@dataclass
class World:
    """An office with registers; everything is real but the clock."""

    office: Office
    records: Records
    sample: Register

    async def add(self, by: str = "clerk", role: str = "clerk", **values: Any) -> str:
        return await self.records.add(self.sample, {**FULL, **values}, by, role)

    async def read(self, number: str) -> Mapping[str, Any]:
        record = await self.records.find(number)
        assert record is not None
        assert record.values is not None
        return record.values


def sample() -> Register:
    """Return the register with a field of every kind."""
    return read_registers({"sample": RAW})["sample"]


@functools.cache
def all_registers() -> Mapping[str, Register]:
    """Return the registers of this repository and the sample, read once."""
    return read_registers({**raw_registers(ROOT / "knowledge"), "sample": RAW})


@asynccontextmanager
async def world_in(folder: Path) -> AsyncIterator[World]:
    """Open registers in `folder`."""
    registers = all_registers()

    async def offered() -> Offered:
        return OFFERED

    async with office_in(folder) as office:
        opened = functools.partial(open_rows, office.journal.keyring)
        records = Records(
            office.database, office.journal, office.clock, "西宁市", registers, offered, opened, seal=office.sealer.seal
        )  # fmt: skip
        yield World(office, records, registers["sample"])
