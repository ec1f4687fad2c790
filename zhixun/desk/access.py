"""Who may do what at the desk: the one table that every route names. A route that is not here does not open."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ACCESS", "ANYONE", "HALF", "STAFF", "TALK", "allowed"]

ANYONE = frozenset(("*",))
"""Without signing in."""
HALF = frozenset(("half",))
"""Whoever has given the right password, however far signing in has come."""
STAFF = frozenset(("clerk", "reviewer", "administrator", "auditor"))
TALK = _TALK = frozenset(("clerk", "reviewer", "administrator"))
"""Who serves citizens."""
_REVIEW = frozenset(("reviewer", "administrator"))
_CHECK = frozenset(("reviewer", "administrator", "auditor"))
_ADMIN = frozenset(("administrator",))
_AUDIT = frozenset(("auditor", "administrator"))

ACCESS: Mapping[tuple[str, str], frozenset[str]] = {
    # Signing in, and one's own account.
    ("GET", "/desk/login"): ANYONE,
    ("POST", "/desk/login"): ANYONE,
    ("POST", "/desk/logout"): HALF,
    ("POST", "/desk/here"): HALF,
    ("GET", "/desk/code"): HALF,
    ("POST", "/desk/code"): HALF,
    ("GET", "/desk/password"): HALF,
    ("POST", "/desk/password"): HALF,
    ("GET", "/desk/enrol"): HALF,
    ("POST", "/desk/enrol"): HALF,
    ("GET", "/desk/me"): STAFF,
    ("POST", "/desk/me/revoke"): STAFF,
    ("POST", "/desk/me/figures"): _TALK,
    # The queue and what one has in hand.
    ("GET", "/desk"): STAFF,
    ("GET", "/desk/queue"): STAFF,
    ("GET", "/desk/events"): STAFF,
    # A consultation.
    ("GET", "/desk/cases/{number}"): STAFF,
    ("GET", "/desk/cases/{number}/log"): STAFF,
    ("GET", "/desk/cases/{number}/side"): STAFF,
    ("GET", "/desk/cases/{number}/print"): STAFF,
    ("GET", "/desk/cases/{number}/replay"): _CHECK,
    ("GET", "/desk/cases/{number}/verify"): STAFF,
    ("POST", "/desk/cases/{number}/unmask"): STAFF,
    ("POST", "/desk/cases/{number}/claim"): _TALK,
    ("POST", "/desk/cases/{number}/beat"): _TALK,
    ("POST", "/desk/cases/{number}/typing"): _TALK,
    ("POST", "/desk/cases/{number}/say"): _TALK,
    ("POST", "/desk/cases/{number}/transfer"): _TALK,
    ("POST", "/desk/cases/{number}/put-back"): _TALK,
    ("POST", "/desk/cases/{number}/give-back"): _TALK,
    ("POST", "/desk/cases/{number}/close"): _TALK,
    ("POST", "/desk/cases/{number}/note"): _TALK,
    ("POST", "/desk/cases/{number}/label"): _TALK,
    ("POST", "/desk/cases/{number}/describe"): _TALK,
    ("POST", "/desk/cases/{number}/plan"): _TALK,
    ("POST", "/desk/cases/{number}/review"): _REVIEW,
    ("GET", "/desk/cases/{number}/rating"): _TALK,
    ("POST", "/desk/cases/{number}/rating"): _TALK,
    ("GET", "/desk/cases/{number}/correct"): _REVIEW,
    ("POST", "/desk/cases/{number}/correct"): _REVIEW,
    # What is set right after ratings and reviews; who may do which step stands in `corrective_steps.py`.
    ("GET", "/desk/correctives"): STAFF,
    ("GET", "/desk/correctives/{number}"): STAFF,
    ("POST", "/desk/correctives/{number}"): _TALK,
    # Knowledge while talking.
    ("GET", "/desk/knowledge"): STAFF,
    ("GET", "/desk/canned"): STAFF,
    ("POST", "/desk/canned"): _REVIEW,
    ("POST", "/desk/canned/{id}/remove"): _REVIEW,
    # Improving answers: what was not answered, drafts, and what is tried and live.
    ("GET", "/desk/improve"): STAFF,
    ("POST", "/desk/improve/settle"): _TALK,
    ("GET", "/desk/improve/drafts"): STAFF,
    ("GET", "/desk/improve/new"): _TALK,
    ("POST", "/desk/improve/new"): _TALK,
    ("POST", "/desk/improve/look"): _TALK,
    ("GET", "/desk/improve/drafts/{id}"): STAFF,
    ("POST", "/desk/improve/drafts/{id}"): _TALK,
    ("GET", "/desk/improve/drafts/{id}/texts/{seq}"): STAFF,
    ("POST", "/desk/improve/drafts/{id}/approve"): _REVIEW,
    ("POST", "/desk/improve/drafts/{id}/back"): _REVIEW,
    ("POST", "/desk/improve/drafts/{id}/drop"): _TALK,
    ("GET", "/desk/improve/expiring"): STAFF,
    ("GET", "/desk/improve/versions"): STAFF,
    ("POST", "/desk/improve/versions"): _REVIEW,
    ("GET", "/desk/improve/versions/{id}"): STAFF,
    ("GET", "/desk/improve/versions/{id}/progress"): STAFF,
    ("POST", "/desk/improve/versions/{id}/cancel"): _REVIEW,
    ("POST", "/desk/improve/versions/{id}/back"): _REVIEW,
    # What is asked on the telephone and at the counter.
    ("GET", "/desk/entry"): _TALK,
    ("POST", "/desk/entry"): _TALK,
    ("POST", "/desk/entry/found"): _TALK,
    ("POST", "/desk/entry/service"): _TALK,
    ("GET", "/desk/entry/{number}/receipt"): _TALK,
    # What is owed: call-backs and follow-ups, requests.
    ("GET", "/desk/tasks"): STAFF,
    ("POST", "/desk/tasks/print"): _TALK,
    ("POST", "/desk/tasks/{number}/{seq}"): _TALK,
    ("POST", "/desk/tasks/{number}/{seq}/contact"): _TALK,
    ("GET", "/desk/requests"): STAFF,
    ("GET", "/desk/requests/{number}"): STAFF,
    ("POST", "/desk/requests/{number}"): _TALK,
    ("POST", "/desk/requests/{number}/unmask"): STAFF,
    # The archive, and what is taken out of it.
    ("GET", "/desk/archive"): STAFF,
    ("GET", "/desk/archive/days"): STAFF,
    ("POST", "/desk/archive/views"): STAFF,
    ("POST", "/desk/archive/views/{id}"): STAFF,
    ("POST", "/desk/archive/export"): _CHECK,
    ("POST", "/desk/archive/package"): _CHECK,
    ("POST", "/desk/archive/label"): _REVIEW,
    # Reports of a span, and what is taken out of them.
    ("GET", "/desk/reports"): STAFF,
    ("GET", "/desk/reports/waiting"): STAFF,
    ("POST", "/desk/reports/export"): _CHECK,
    # Outside agencies.
    ("GET", "/desk/referrals"): STAFF,
    ("GET", "/desk/referrals/agencies"): STAFF,
    ("GET", "/desk/referrals/{number}"): STAFF,
    ("GET", "/desk/referrals/{number}/paper"): STAFF,
    ("GET", "/desk/referrals/{number}/docx"): STAFF,
    ("POST", "/desk/referrals/{number}"): _TALK,
    ("POST", "/desk/referrals/{number}/again"): _TALK,
    ("GET", "/desk/cases/{number}/refer"): _TALK,
    ("POST", "/desk/cases/{number}/refer"): _TALK,
    # Registers; who writes in which is told by the register.
    ("GET", "/desk/registers"): STAFF,
    ("GET", "/desk/record"): STAFF,
    ("GET", "/desk/registers/{name}"): STAFF,
    ("POST", "/desk/registers/{name}"): _TALK,
    ("GET", "/desk/registers/{name}/new"): _TALK,
    ("POST", "/desk/registers/{name}/join"): _TALK,
    ("GET", "/desk/registers/{name}/template"): STAFF,
    ("POST", "/desk/registers/{name}/export"): STAFF,
    ("GET", "/desk/registers/{name}/import"): _TALK,
    ("POST", "/desk/registers/{name}/import"): _TALK,
    ("POST", "/desk/registers/{name}/import/write"): _TALK,
    ("GET", "/desk/registers/{name}/{number}"): STAFF,
    ("POST", "/desk/registers/{name}/{number}"): _TALK,
    ("GET", "/desk/registers/{name}/{number}/edit"): _TALK,
    ("POST", "/desk/registers/{name}/{number}/unmask"): STAFF,
    ("POST", "/desk/registers/{name}/{number}/move"): _TALK,
    ("GET", "/desk/registers/{name}/{number}/files/{id}"): STAFF,
    ("POST", "/desk/registers/{name}/{number}/files"): _TALK,
    ("POST", "/desk/registers/{name}/{number}/noted"): _TALK,
    ("POST", "/desk/registers/{name}/{number}/push"): _TALK,
    ("POST", "/desk/registers/{name}/{number}/push-list"): STAFF,
    # The calendar; its feed is read by programs that cannot sign in, and its address is the proof.
    ("GET", "/desk/calendar"): STAFF,
    ("POST", "/desk/calendar/link"): STAFF,
    ("POST", "/desk/calendar/link/revoke"): STAFF,
    ("GET", "/desk/calendar/{token}.ics"): ANYONE,
    # Files of a consultation.
    ("GET", "/desk/cases/{number}/files/{id}"): STAFF,
    ("POST", "/desk/cases/{number}/files"): _TALK,
    # The duties of the official documents, and what serves them.
    ("GET", "/desk/coverage"): STAFF,
    ("GET", "/desk/coverage/docx"): _CHECK,
    ("GET", "/desk/coverage/checked"): STAFF,
    ("GET", "/desk/coverage/{name}"): STAFF,
    # Learning, and how staff answer.
    ("GET", "/desk/learning"): STAFF,
    ("POST", "/desk/learning"): _TALK,
    ("GET", "/desk/learning/figures"): _TALK,
    ("GET", "/desk/learning/{id}"): STAFF,
    ("POST", "/desk/learning/{id}"): _TALK,
    ("GET", "/desk/learning/{id}/certificate"): STAFF,
    # People: accounts, roster, the switch; and what all of them did.
    ("GET", "/desk/team"): _AUDIT,
    ("POST", "/desk/team"): _ADMIN,
    ("GET", "/desk/team/{name}"): _ADMIN,
    ("POST", "/desk/team/{name}"): _ADMIN,
    ("GET", "/desk/roster"): STAFF,
    ("POST", "/desk/roster"): _ADMIN,
    ("GET", "/desk/switch"): STAFF,
    ("POST", "/desk/switch"): _ADMIN,
    ("GET", "/desk/audit"): _AUDIT,
    ("GET", "/desk/audit/export"): _AUDIT,
}


def allowed(roles: frozenset[str], role: str) -> bool:
    """Tell whether somebody of `role` who has signed in wholly may go there."""
    return role in roles or bool(roles & (ANYONE | HALF))
