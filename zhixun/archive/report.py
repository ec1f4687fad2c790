"""What a verification found, under the four headings of Chinese e-archives (DA/T 70-2018): 真实性 完整性 可用性 安全性."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

__all__ = ["CHECKS", "Finding", "Report", "Sheet"]

CHECKS: dict[str, tuple[str, str]] = {
    "chain": ("真实性", "日志逐条摘要正确、首尾相连"),
    "file": ("真实性", "封存件与台账摘要一致"),
    "content": ("真实性", "封存件与日志逐字一致"),
    "root": ("真实性", "每日根值可重算、相连并有签名"),
    "witness": ("真实性", "见证签名有效，库与台账没有退到见证之前"),
    "receipt": ("真实性", "回执与封存件相符"),
    "rows": ("完整性", "日志行号连续"),
    "seq": ("完整性", "每件条目连续"),
    "number": ("完整性", "每日编号连续并与计数相符"),
    "sealed": ("完整性", "已结束的咨询均已封存"),
    "ledger": ("完整性", "台账文件与库逐行一致"),
    "index": ("完整性", "索引与日志一致"),
    "open": ("可用性", "私密内容可解密，或有删除登记"),
    "page": ("可用性", "阅览件齐全并与日志一致"),
    "trigger": ("安全性", "库内禁止改删的触发器完好"),
    "stray": ("安全性", "档案目录没有外来文件"),
    "permission": ("安全性", "密钥和阅览件只许应看的人读"),
    "identity": ("安全性", "封存件明文没有身份证号"),
}
"""Each check: its heading and what it makes sure of."""

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: which check, and a Chinese sentence that says what and where."""

    check: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """The result: how many things each check looked at, what it found, and what the reader should know besides."""

    counts: dict[str, int]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def found_by(self, check: str) -> tuple[str, ...]:
        """Return the sentences of one check."""
        return tuple(finding.text for finding in self.findings if finding.check == check)

    def text(self) -> str:
        """Write the report in Chinese."""
        lines = []
        for heading in dict.fromkeys(heading for heading, _ in CHECKS.values()):
            lines.append(f"【{heading}】")
            for check in (name for name, (its, _) in CHECKS.items() if its == heading):
                found = self.found_by(check)
                result = f"发现 {len(found)} 处问题" if found else "通过"
                lines.append(f"  {CHECKS[check][1]}：核对 {self.counts.get(check, 0)} 项，{result}")
                lines += [f"    ✗ {text}" for text in found[:_SHOWN]]
                if len(found) > _SHOWN:
                    lines.append(f"    … 另有 {len(found) - _SHOWN} 处")
        lines += [f"注：{note}" for note in self.notes]
        lines.append("结论：通过" if self.ok else f"结论：不通过，共 {len(self.findings)} 处问题")
        return "\n".join(lines) + "\n"


@dataclass(slots=True)
class Sheet:
    """What is written down while verifying."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, check: str, number: int = 1) -> None:
        """Note that `check` looked at `number` things."""
        self.counts[check] += number

    def find(self, check: str, text: str) -> None:
        """Note a finding."""
        self.findings.append(Finding(check, text))

    def report(self) -> Report:
        """Return the result."""
        unique = tuple(dict.fromkeys(self.findings))
        return Report({check: self.counts[check] for check in CHECKS}, unique, tuple(self.notes))
