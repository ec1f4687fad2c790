"""The tables that do not follow from the journal: secrets, what is on its way, and what is counted or drafted."""

from __future__ import annotations

import sqlalchemy as sa

from zhixun.tables import metadata

__all__ = [
    "agreements", "calendar_links", "candidates", "canned", "deliveries", "draft_texts", "drafts", "duty", "hook_deliveries",
    "partner_keys", "partners", "quizzes", "settled", "staff", "staff_sessions", "threads", "uses", "views",
]  # fmt: skip

threads = sa.Table(
    "threads", metadata,
    sa.Column("door", sa.String(16), primary_key=True),
    # Whom the door knows by an id of its own; only its keyed digest stands here.
    sa.Column("mark", sa.String(64), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    # How many messages the platform still lets through, and until when; null where it does not count.
    sa.Column("left", sa.Integer),
    sa.Column("until", sa.String(24), nullable=False, default=""),
)  # fmt: skip
staff = sa.Table(
    "staff", metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("shown", sa.String(32), nullable=False, default=""),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("teams", sa.Text, nullable=False, default=""),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("one_time", sa.Boolean, nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, default=True),
    sa.Column("totp", sa.Text, nullable=False, default=""),
    sa.Column("totp_step", sa.Integer, nullable=False, default=0),
    sa.Column("recovery", sa.Text, nullable=False, default=""),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("locked_until", sa.String(24), nullable=False, default=""),
)  # fmt: skip
staff_sessions = sa.Table(
    "staff_sessions", metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(32), nullable=False, index=True),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("stage", sa.String(16), nullable=False),
    sa.Column("agent", sa.String(120), nullable=False, default=""),
    sa.Column("address", sa.String(64), nullable=False, default=""),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("seen", sa.String(24), nullable=False),
)  # fmt: skip
duty = sa.Table(
    "duty", metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("name", sa.String(32), primary_key=True),
)  # fmt: skip
canned = sa.Table(
    "canned", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("team", sa.String(32), nullable=False, default=""),
    sa.Column("title", sa.String(64), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("changed_by", sa.String(32), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
)  # fmt: skip
views = sa.Table(
    "views", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(32), nullable=False, index=True),
    sa.Column("title", sa.String(64), nullable=False),
    sa.Column("query", sa.Text, nullable=False),
)  # fmt: skip
deliveries = sa.Table(
    "deliveries", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("slip", sa.String(32), nullable=False, index=True),
    sa.Column("way", sa.String(16), nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("next", sa.String(24), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("standing", sa.String(16), nullable=False, default="waiting"),
    sa.Column("error", sa.String(120), nullable=False, default=""),
)  # fmt: skip
# Other systems that speak for their users: what they are told at (the secret encrypted), and by which keys they are known.
partners = sa.Table(
    "partners", metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("hook", sa.Text, nullable=False, default=""),
    sa.Column("secret", sa.LargeBinary, nullable=False, default=b""),
)  # fmt: skip
partner_keys = sa.Table(
    "partner_keys", metadata,
    sa.Column("id", sa.String(12), primary_key=True),
    sa.Column("partner", sa.String(32), nullable=False, index=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("scopes", sa.String(64), nullable=False),
    sa.Column("per_minute", sa.Integer, nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    # The last day on which it is good, the day on which it was used last, and when it was revoked.
    sa.Column("until", sa.String(10), nullable=False),
    sa.Column("used", sa.String(10), nullable=False, default=""),
    sa.Column("revoked", sa.String(24), nullable=False, default=""),
)  # fmt: skip
hook_deliveries = sa.Table(
    "hook_deliveries", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("partner", sa.String(32), nullable=False),
    sa.Column("consultation", sa.String(32), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("next", sa.String(24), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("standing", sa.String(16), nullable=False, default="waiting", index=True),
    sa.Column("error", sa.String(120), nullable=False, default=""),
    sa.UniqueConstraint("consultation", "seq"),
)  # fmt: skip
# How often knowledge, services and the rest were used on a day (China), counted from the journal; see reports/usage.py.
uses = sa.Table(
    "uses", metadata,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
# Rounds of the quiz: what was asked as it was asked, and how it went; `day` (legal) is empty until it is handed in.
quizzes = sa.Table(
    "quizzes", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(32), nullable=False, index=True),
    sa.Column("seed", sa.String(16), nullable=False),
    sa.Column("version", sa.String(12), nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("needed", sa.Integer, nullable=False),
    sa.Column("answers", sa.Text, nullable=False, default=""),
    sa.Column("right", sa.Integer, nullable=False, default=0),
    sa.Column("day", sa.String(10), nullable=False, default=""),
    sqlite_autoincrement=True,
)  # fmt: skip
# Who lets administrators see their own figures; a row goes when they take it back.
agreements = sa.Table(
    "agreements", metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("since", sa.String(24), nullable=False),
)  # fmt: skip
# The secret addresses of calendars, each known by its hash.
calendar_links = sa.Table(
    "calendar_links", metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("staff", sa.String(32), nullable=False, index=True),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("used", sa.String(10), nullable=False, default=""),
)  # fmt: skip
# How answers are improved: drafts with every text they ever had, what was tried and went live, and turns that are dealt with.
drafts = sa.Table(
    "drafts", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("question", sa.String(64), nullable=False, index=True),
    sa.Column("standing", sa.String(12), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    # What was live when it was begun: its digest, empty when there was none.
    sa.Column("base", sa.String(64), nullable=False),
    # The turns that it is to answer, with blanks between.
    sa.Column("turns", sa.Text, nullable=False, default=""),
    sa.Column("approved_by", sa.String(32), nullable=False, default=""),
    sa.Column("approved", sa.String(24), nullable=False, default=""),
    sa.Column("why", sa.Text, nullable=False, default=""),
)  # fmt: skip
draft_texts = sa.Table(
    "draft_texts", metadata,
    sa.Column("draft", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("made_by", sa.String(32), nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
)  # fmt: skip
candidates = sa.Table(
    "candidates", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("made_by", sa.String(32), nullable=False),
    sa.Column("standing", sa.String(12), nullable=False, index=True),
    # All own answers with it, by file; the drafts that are new in it; the version that it goes back to, 0 when it is new.
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("drafts", sa.Text, nullable=False),
    sa.Column("back_to", sa.Integer, nullable=False, default=0),
    sa.Column("model", sa.String(64), nullable=False, default=""),
    sa.Column("knowledge", sa.String(12), nullable=False, default=""),
    sa.Column("report", sa.Text, nullable=False, default=""),
    sa.Column("ended", sa.String(24), nullable=False, default=""),
)  # fmt: skip
settled = sa.Table(
    "settled", metadata,
    sa.Column("turn", sa.String(40), primary_key=True),
    sa.Column("how", sa.String(12), nullable=False),
    sa.Column("made_by", sa.String(32), nullable=False),
    sa.Column("made", sa.String(24), nullable=False),
)  # fmt: skip
