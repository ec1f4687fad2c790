"""The records of a slip: as staff draw it up, and as it stands."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from zhixun.errors import CitizenError
from zhixun.referral.standing import FINAL, UNANSWERED
from zhixun.referral.words import wrong_draft

__all__ = ["EMAIL", "HAND", "LONGEST_WORDS", "WAYS", "WEBHOOK", "Draft", "Slip", "checked", "plain"]

EMAIL, WEBHOOK, HAND = "email", "webhook", "hand"
WAYS = (EMAIL, WEBHOOK, HAND)
LONGEST_WORDS = 2000
_MOST_FACTS, _MOST_EVIDENCE, _MOST_DAYS = 30, 50, 90
_LONGEST_LINE = 200


@dataclass(frozen=True, slots=True)
class Draft:
    """A slip as staff draw it up.

    Attributes:
        agency: id of the agency. facts: name and value of each. evidence: one line each. wish: what the citizen wants.
        contact: how the agency may reach the citizen; kept only with `contact_consent`.
        consent: whether the citizen agreed, after being told, that this agency gets this. how: in what way and when.
        agency_name, agency_contact: of an agency that the register has not confirmed: who it is and how it is reached, as staff
            found out. For a confirmed one the register's words are taken.
        way: email, webhook or hand. due_days: so many days the agency has to say whether it takes the matter.
    """

    agency: str
    facts: tuple[tuple[str, str], ...]
    evidence: tuple[str, ...]
    wish: str
    consent: bool
    how: str
    contact: str = ""
    contact_consent: bool = False
    agency_name: str = ""
    agency_contact: str = ""
    way: str = HAND
    due_days: int = 7


@dataclass(frozen=True, slots=True)
class Slip:
    """A slip as it stands.

    Attributes:
        issued, changed, reminded: times (UTC stamps). due: the last day (ISO) for the agency to say whether it takes the matter.
        owner: who issued it. overdue: whether that day has passed without an answer. reminders: how many went out.
        agency_name … consent: what the paper says; empty when it was erased, or when the link of the agency is closed.
        words: what was said last with the standing. once: marks the agency's last answer, so that it counts once.
    """

    number: str
    consultation: str
    agency: str
    kind: str
    standing: str
    way: str
    issued: str
    changed: str
    due: str
    reminded: str
    owner: str
    overdue: bool = False
    reminders: int = 0
    agency_name: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    evidence: tuple[str, ...] = ()
    wish: str = ""
    contact: str = ""
    consent: str = ""
    words: str = ""
    once: str = ""

    @property
    def running(self) -> bool:
        """Whether something is still to be done."""
        return self.standing not in FINAL

    @property
    def unanswered(self) -> bool:
        """Whether the agency has not yet said if it takes the matter."""
        return self.standing in UNANSWERED

    def bare(self) -> Slip:
        """Return the slip without what it tells of the citizen."""
        return replace(self, facts=(), evidence=(), wish="", contact="", consent="")


def checked(draft: Draft) -> Draft:
    """Return the draft as it is kept: nothing that paper cannot show, no empty lines, no contact without consent to it.

    Raises:
        CitizenError: the citizen did not agree, or something is missing or too long; it names the field.
    """
    facts = tuple((plain(name), plain(value)) for name, value in draft.facts)
    kept = replace(
        draft,
        facts=tuple(fact for fact in facts if all(fact)),
        evidence=tuple(line for line in map(plain, draft.evidence) if line),
        wish=plain(draft.wish),
        how=plain(draft.how),
        contact=plain(draft.contact) if draft.contact_consent else "",
        agency_name=plain(draft.agency_name),
        agency_contact=plain(draft.agency_contact),
    )
    fits = {
        # PIPL article 23: giving personal data to another handler takes the person's separate consent.
        "consent": kept.consent,
        "how": 0 < len(kept.how) <= _LONGEST_LINE,
        "facts": 0 < len(kept.facts) <= _MOST_FACTS
        and all(len(name) <= _LONGEST_LINE and len(value) <= LONGEST_WORDS for name, value in kept.facts),
        "evidence": len(kept.evidence) <= _MOST_EVIDENCE and all(len(line) <= _LONGEST_LINE for line in kept.evidence),
        "wish": 0 < len(kept.wish) <= LONGEST_WORDS,
        **{name: len(getattr(kept, name)) <= _LONGEST_LINE for name in ("contact", "agency_name", "agency_contact")},
        "way": kept.way in WAYS,
        "due_days": 0 < kept.due_days <= _MOST_DAYS,
    }
    wrong = next((field for field, right in fits.items() if not right), None)
    if wrong is not None:
        raise CitizenError(wrong_draft(wrong), code="no_consent" if wrong == "consent" else "bad_field", field=wrong)
    return kept


def plain(text: str) -> str:
    """Return a text without what cannot be stored or printed: control characters, halves of characters, non-characters."""
    told = text.replace("\r\n", "\n").replace("\r", "\n").replace("\v", "\n")
    return "".join(char for char in told if char in "\n\t" or _is_printable(char)).strip()


def _is_printable(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs") and ord(char) & 0xFFFE != 0xFFFE
