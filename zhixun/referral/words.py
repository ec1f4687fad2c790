"""What is said of slips: to citizens, to staff, to agencies, and on the paper itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from zhixun.clock import local_of
from zhixun.referral.sheet import Box, Section, Sheet
from zhixun.referral.standing import STANDINGS, WITH_WORDS

if TYPE_CHECKING:
    from zhixun.referral.ports import Agency
    from zhixun.referral.slip import Slip

__all__ = [
    "ERASED", "FORGOTTEN", "INTERRUPTED", "LETTERS", "NOT_AGAIN", "NOT_FOUND", "NO_ADDRESS", "NO_AGENCY", "NO_CONTACT",
    "NO_ROUTE", "QR_TOLD", "REMINDER", "SLIP", "SORRY", "TOO_LONG", "TOO_MANY", "WAYS_TOLD", "WITHDRAWAL",
    "body_of", "sheet_of", "told_closed", "told_consent", "told_consented", "told_day", "told_follow_up", "told_line", "told_slip",
    "told_standing", "told_time", "told_until", "wanted_words", "wrong_draft",
]  # fmt: skip

SLIP, REMINDER, WITHDRAWAL = "slip", "reminder", "withdrawal"
"""What a letter to an agency is."""
LETTERS: Mapping[str, str] = {SLIP: "转介单", REMINDER: "转介单催办", WITHDRAWAL: "转介单撤回通知"}
WAYS_TOLD: Mapping[str, str] = {"email": "电子邮件", "webhook": "系统推送", "hand": "当面或邮寄送达"}
QR_TOLD = "转介单答复链接的二维码"

NO_AGENCY = "机构名录里没有这个机构，请从名录中选择。"
NO_CONTACT = "名录里这个机构待核实、没有联系方式。取得同意前必须把接收方的名称和联系方式告知当事人，请核实后填写。"
ERASED = "这件咨询的个人信息已经按要求删除，不能再转介。"
TOO_MANY = "这件咨询开具的转介单已经很多了，请先办结或撤回。"
NO_ROUTE = "这张转介单是当面或邮寄送达的，请打印后再送一次。"
NOT_AGAIN = "对方已经签收，或者转介已经结束，不用再发。"
NOT_FOUND = "没有这张转介单，请核对编号和查询码。"
TOO_LONG = "一项最多 {most} 个字。"
SORRY = "服务出了问题，这一步可能没有记下。请稍后重新打开转介单查看，或者与开具单位联系。"

# What staff read of a letter that did not arrive; never anything of the citizen.
INTERRUPTED = "发送多次中断，不清楚对方是否收到，请打电话核实"
NO_ADDRESS = "名录里没有可用的、已核实的送达地址，或者本单位没有配置这种送达方式"
FORGOTTEN = "转介单的内容已经按要求删除"

_WRONG: Mapping[str, str] = {
    "consent": "当事人没有单独同意，不能把个人信息提供给其他机构。请先把告知内容念给或发给当事人，取得同意后再开具。",
    "how": "请写明当事人是怎样、何时同意的，例如“2026年11月21日电话中同意”（200 字以内）。",
    "facts": "请填写基本情况：1–30 项，每项不超过 2000 字。",
    "evidence": "证据材料最多 50 项，每项不超过 200 字。",
    "wish": "请填写当事人的诉求（2000 字以内）。",
    **dict.fromkeys(("contact", "agency_name", "agency_contact"), "机构名称和联系方式都不超过 200 字。"),
    "way": "送达方式应为电子邮件、系统推送或当面（邮寄）送达。",
    "due_days": "答复期限应为 1–90 天。",
}


def wrong_draft(field: str) -> str:
    """Return what is wrong with a field of a draft."""
    return _WRONG[field]


def wanted_words(standing: str) -> str:
    """Say that a standing needs words."""
    return f"请写明{WITH_WORDS[standing]}，当事人会看到。"


def told_closed(standing: str) -> str:
    """Say to an agency that its link is closed."""
    return f"这张转介单{STANDINGS[standing]}，链接已经关闭，不再显示内容，也不能再答复。如有疑问，请与开具单位联系。"


def told_time(stamped: str) -> str:
    """Return a UTC stamp as the clock on the wall."""
    local = local_of(stamped)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def told_day(day: str) -> str:
    """Return an ISO day in words."""
    when = date.fromisoformat(day)
    return f"{when.year}年{when.month}月{when.day}日"


def told_until(slip: Slip) -> str:
    """Say until when the agency should say whether it takes the matter."""
    return f"{told_day(slip.due)}（含当日）前答复是否受理"


def told_consent(agency: Agency, office: str, *, contact: bool) -> str:
    """Return what a citizen must be told before consenting (PIPL article 23).

    That is who receives it and how to reach them, for what, in what way, and which kinds of data.
    """
    kinds = "转介单上写的情况、证据材料清单和您的诉求" + ("，以及您的联系方式" if contact else "，不含您的联系方式")
    return (
        f"{office}准备把您的事项转介给{agency.name}（联系方式：{agency.contact}）。提供的信息：{kinds}。"
        f"用途：由对方判断是否受理，并办理您的事项。方式：通过书面或电子转介单提供，对方查阅、保存并据此办理。"
        f"是否同意由您决定，不同意不影响您继续咨询；同意后也可以随时要求撤回，我们会通知对方停止处理。"
    )


def told_consented(how: str, told: str) -> str:
    """Return what the paper says of the consent: how it was given, and what the citizen had been told before."""
    return f"当事人已单独同意。同意方式：{how}\n同意前已告知：{told}"


def told_standing(slip: Slip) -> str:
    """Say in some lines how a slip stands and what was said last with it."""
    lines = [
        f"转介单 {slip.number}：转给{slip.agency_name}",
        f"现在：{STANDINGS[slip.standing]}（{told_time(slip.changed)}）",
    ]
    if slip.words:
        lines.append(f"{WITH_WORDS.get(slip.standing, '说明')}：{slip.words}")
    if slip.unanswered:
        lines.append(f"请对方在{told_until(slip)}；是否受理由对方决定。")
    return "\n".join(lines)


def told_slip(slip: Slip) -> dict[str, Any]:
    """Return what the citizen may see of a slip beside the notices: how it stands, but not its contents."""
    return {
        "number": slip.number, "agency": slip.agency_name, "standing": slip.standing, "words": STANDINGS[slip.standing],
        "issued": slip.issued, "changed": slip.changed, "due": slip.due, "note": slip.words,
    }  # fmt: skip


def told_follow_up(slip: Slip) -> str:
    """Say what the citizen is to be asked about a slip that is done."""
    return f"回访：{slip.agency_name}办理转介单 {slip.number} 的情况，当事人是否满意。"


def told_line(slip: Slip) -> str:
    """Return a slip as one line of a list for staff."""
    marks = ("已逾期" if slip.overdue else "", f"已催办 {slip.reminders} 次" if slip.reminders else "", f"经办 {slip.owner}")
    due = f"限 {slip.due}" if slip.unanswered else ""
    parts = (slip.number, slip.agency_name, STANDINGS[slip.standing], due, WAYS_TOLD[slip.way], *marks)
    return "  ".join(part for part in parts if part)


def sheet_of(slip: Slip, office: str, link: str, code: str) -> Sheet:
    """Return what the slip says on paper."""
    reply = ["请先签收，再答复受理或者不予受理；受理的，办结后填写办理结果。各步答复会转告当事人。"]
    where = "扫描二维码或打开下面的链接" if link else "在开具单位的“转介单答复”页面上，或者书面"
    reply.append(f"答复方式：{where}，凭编号和查询码答复。查询码只供接收机构使用，请勿外传。")
    contact = slip.contact or "当事人未同意提供联系方式，需要联系时请通过开具单位。"
    return Sheet(
        title="知识产权公共服务转介单",
        number=slip.number,
        office=office,
        issued=slip.issued,
        head=(
            ("编号", slip.number),
            ("开具单位", office),
            ("开具时间", told_time(slip.issued)),
            ("转往机构", slip.agency_name),
            ("答复期限", f"请在{told_until(slip)}"),
            ("送达方式", WAYS_TOLD[slip.way]),
        ),
        sections=(
            Section("一、基本情况", rows=slip.facts),
            Section("二、证据材料清单", items=slip.evidence, lines=() if slip.evidence else ("无。",)),
            Section("三、当事人诉求", lines=tuple(slip.wish.split("\n"))),
            Section("四、联系方式", lines=(contact,)),
            Section("五、个人信息提供告知与同意", lines=tuple(slip.consent.split("\n"))),
            Section("六、答复", rows=(("编号", slip.number), ("查询码", code)), lines=(*reply, *((link,) if link else ()))),
        ),
        boxes=(
            Box("开具单位（盖章）", ("经办人：", "日期：　　　　年　　月　　日")),
            Box("接收机构（盖章）", ("接收人：", "日期：　　　　年　　月　　日")),
        ),
        note="本单仅用于所列转介事项。接收机构应当在告知的目的、方式和信息种类范围内处理个人信息"
        "（《中华人民共和国个人信息保护法》第二十三条）；收到撤回通知的，应当停止处理。",
        link=link,
    )  # fmt: skip


def body_of(what: str, slip: Slip, office: str, link: str, code: str) -> str:
    """Return the text of a letter to an agency; it tells nothing of the citizen."""
    where = f"请打开 {link} 查看并答复" if link else "请在开具单位的“转介单答复”页面上查看并答复"
    proof = f"编号：{slip.number}\n查询码：{code}"
    told = {
        SLIP: f"我单位经当事人单独同意，将一件知识产权事项转介给贵单位，转介单见附件。\n\n{where}，请在{told_until(slip)}。\n{proof}\n"
        "查询码只供贵单位使用，请勿转发给无关人员。",
        REMINDER: f"我单位 {told_time(slip.issued)} 开具的转介单还没有收到答复，期限是{told_day(slip.due)}。\n\n{where}。\n{proof}",
        WITHDRAWAL: f"转介单 {slip.number} 已经撤回。请停止处理其中的个人信息，不再办理这件事项；已经收到的转介单请退回或者销毁。",
    }[what]  # fmt: skip
    return f"{slip.agency_name}：\n\n{told}\n\n{office}\n（系统自动发送，请勿直接回复）\n"
