"""What goes to an agency: its link, the slip on paper, and the letters that carry them."""

from __future__ import annotations

from zhixun.referral.outbox import Delivery
from zhixun.referral.paper import document_of
from zhixun.referral.ports import Codes, Letter, Rules
from zhixun.referral.sheet import Sheet
from zhixun.referral.slip import Slip
from zhixun.referral.standing import ISSUED, SENT, WITHDRAWN
from zhixun.referral.words import LETTERS, REMINDER, SLIP, WITHDRAWAL, body_of, sheet_of

__all__ = ["Letters", "wanted"]


class Letters:
    """Writes letters.

    Args:
        rules: what the office has set. codes: proves who holds a slip.
    """

    def __init__(self, rules: Rules, codes: Codes) -> None:
        self._rules = rules
        self._codes = codes

    def link(self, number: str) -> str:
        """Return the agency's link; the code stands behind the hash, so that it reaches no server's log. Empty without an address."""
        base = self._rules.public_url
        return f"{base}/referral#{number}/{self._codes.code_of(number)}" if base else ""

    def sheet(self, slip: Slip) -> Sheet:
        """Return what a slip says on paper."""
        return sheet_of(slip, self._rules.office, self.link(slip.number), self._codes.code_of(slip.number))

    def letter(self, slip: Slip, delivery: Delivery) -> Letter:
        """Write a letter; the same delivery always gives the same one. Only the slip itself tells of the citizen."""
        link, code, whole = self.link(slip.number), self._codes.code_of(slip.number), delivery.what == SLIP
        told = {"number": slip.number, "issued": slip.issued, "due": slip.due, "office": self._rules.office, "agency": slip.agency_name}
        asked = {"code": code, "link": link} if delivery.what != WITHDRAWAL else {}
        contents = {"facts": [list(fact) for fact in slip.facts], "evidence": list(slip.evidence), "wish": slip.wish,
                    "contact": slip.contact, "consent": slip.consent} if whole else {}  # fmt: skip
        name = f"{slip.number}/{delivery.what}/{delivery.id}"
        return Letter(
            id=name,
            subject=f"{LETTERS[delivery.what]} {slip.number}",
            text=body_of(delivery.what, slip, self._rules.office, link, code),
            file_name=f"{slip.number}.docx",
            attachment=document_of(self.sheet(slip)) if whole else b"",
            data={"what": delivery.what, "delivery": name, "slip": {**told, **asked, **contents}},
        )


def wanted(what: str, slip: Slip) -> bool:
    """Tell whether a letter still makes sense, now that it would go out."""
    return {SLIP: slip.standing in (ISSUED, SENT), REMINDER: slip.unanswered, WITHDRAWAL: slip.standing == WITHDRAWN}[what]
