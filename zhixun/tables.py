"""The tables of the store: the journal, and what follows from it; `kept_tables.py` has what it does not tell."""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "attachments", "cases", "consultations", "correctives", "counters", "inbox", "journal", "keys", "leaves", "meta", "metadata",
    "outbox", "records", "requests", "sessions", "slips", "tasks",
]  # fmt: skip

metadata = sa.MetaData()

journal = sa.Table(
    "journal", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("consultation", sa.String(32), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("time", sa.String(24), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
    sa.UniqueConstraint("consultation", "seq"),
    sqlite_autoincrement=True,
)  # fmt: skip
keys = sa.Table(
    "keys", metadata,
    sa.Column("consultation", sa.String(32), primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)  # fmt: skip
meta = sa.Table("meta", metadata, sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", sa.Text, nullable=False))
counters = sa.Table(
    "counters", metadata, sa.Column("day", sa.String(10), primary_key=True), sa.Column("last", sa.Integer, nullable=False)
)
leaves = sa.Table(
    "leaves", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("day", sa.String(10), nullable=False, index=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("through", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip

# Projections: all below can be rebuilt from the journal, but for the sessions (a citizen then opens a new one).
consultations = sa.Table(
    "consultations", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("region", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("opened", sa.String(24), nullable=False),
    sa.Column("last", sa.String(24), nullable=False, index=True),
    sa.Column("closed", sa.String(24)),
    sa.Column("turns", sa.Integer, nullable=False, default=0),
    sa.Column("seq", sa.Integer, nullable=False, default=0),
    sa.Column("rating", sa.Text),
    sa.Column("callback", sa.Boolean, nullable=False, default=False),
    sa.Column("in_guide", sa.Boolean, nullable=False, default=False),
    sa.Column("wants", sa.String(16), nullable=False, default=""),
    # Who has it: the member of staff and the fence of the claim; since when, why and to whom it waits in the queue.
    sa.Column("operator", sa.String(32), nullable=False, default="", index=True),
    sa.Column("fence", sa.Integer, nullable=False, default=0),
    sa.Column("team", sa.String(32), nullable=False, default=""),
    sa.Column("reason", sa.String(32), nullable=False, default=""),
    sa.Column("handed", sa.String(24), nullable=False, default=""),
    sa.Column("assigned", sa.String(32), nullable=False, default=""),
    sa.Column("assigned_until", sa.String(24), nullable=False, default=""),
    # When staff answered first since it was handed over, and when they spoke last; which limits were told to be overrun.
    sa.Column("answered", sa.String(24), nullable=False, default=""),
    sa.Column("spoke", sa.String(24), nullable=False, default=""),
    sa.Column("escalated", sa.String(64), nullable=False, default=""),
    sa.Column("outcome", sa.String(24), nullable=False, default=""),
    # The scores of what staff did; those of the program stand in `rating`.
    sa.Column("staff_rating", sa.Text),
)  # fmt: skip
requests = sa.Table(
    "requests", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("service", sa.String(32), nullable=False),
    sa.Column("target", sa.String(16), nullable=False),
    sa.Column("standing", sa.String(16), nullable=False, index=True),
    sa.Column("received", sa.String(24), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
    sa.Column("due", sa.String(24), nullable=False, default=""),
    sa.Column("priority", sa.String(32), nullable=False, default=""),
    sa.Column("same_as", sa.String(32), nullable=False, default=""),
    sa.Column("owner", sa.String(32), nullable=False, default=""),
    sa.Column("follow_up", sa.String(10), nullable=False, default=""),
    sa.Column("mark", sa.String(64), nullable=False, default="", index=True),
)  # fmt: skip
tasks = sa.Table(
    "tasks", metadata,
    sa.Column("id", sa.String(48), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(40), nullable=False, default=""),
    sa.Column("due", sa.String(24), nullable=False, index=True),
    sa.Column("made", sa.String(24), nullable=False),
    sa.Column("owner", sa.String(32), nullable=False, default=""),
    sa.Column("standing", sa.String(8), nullable=False, default="open", index=True),
    sa.Column("result", sa.String(24), nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("done", sa.String(24), nullable=False, default=""),
)  # fmt: skip
slips = sa.Table(
    "slips", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("agency", sa.String(48), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("standing", sa.String(16), nullable=False, index=True),
    sa.Column("way", sa.String(16), nullable=False),
    sa.Column("issued", sa.String(24), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
    sa.Column("due", sa.String(24), nullable=False, default=""),
    sa.Column("reminded", sa.String(24), nullable=False, default=""),
    sa.Column("owner", sa.String(32), nullable=False, default=""),
)  # fmt: skip
attachments = sa.Table(
    "attachments", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("sender", sa.String(64), nullable=False),
    sa.Column("type", sa.String(80), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("erased", sa.Boolean, nullable=False, default=False),
)  # fmt: skip
# The index of the archive: one row for each consultation, and its words (table `case_words`, FTS5, made by the migration).
cases = sa.Table(
    "cases", metadata,
    # Where the journal opened it: newer ones have higher ids, and the index made anew has the same.
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("day", sa.String(10), nullable=False, index=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("region", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("turns", sa.Integer, nullable=False, default=0),
    # Lists are written `,one,two,`, so that one of them is found as `%,one,%`.
    sa.Column("rights", sa.Text, nullable=False, default=","),
    sa.Column("topics", sa.Text, nullable=False, default=","),
    sa.Column("knowledge", sa.Text, nullable=False, default=","),
    sa.Column("services", sa.Text, nullable=False, default=","),
    sa.Column("statuses", sa.Text, nullable=False, default=","),
    sa.Column("operators", sa.Text, nullable=False, default=","),
    sa.Column("labels", sa.Text, nullable=False, default=","),
    sa.Column("marks", sa.Text, nullable=False, default=","),
    sa.Column("stages", sa.Text, nullable=False, default=","),
    sa.Column("outcome", sa.String(24), nullable=False, default=""),
    # Who asks, as staff or a request told it: words of site.yml; empty is not recorded.
    sa.Column("user_kind", sa.String(32), nullable=False, default=""),
    sa.Column("industry", sa.String(64), nullable=False, default=""),
    sa.Column("district", sa.String(32), nullable=False, default=""),
    # When a person was first asked for, when staff first answered since then, when it ended (UTC stamps, empty for never).
    sa.Column("handed", sa.String(24), nullable=False, default=""),
    sa.Column("helped", sa.String(24), nullable=False, default=""),
    sa.Column("closed", sa.String(24), nullable=False, default=""),
    # The scores by whom they are about (`bot`, `staff`, empty: not told), as JSON.
    sa.Column("scores", sa.Text, nullable=False, default=""),
    sa.Column("rating", sa.Float),
    sa.Column("staff_rating", sa.Float),
    sa.Column("confidence", sa.Float),
    sa.Column("referred", sa.Boolean, nullable=False, default=False),
    sa.Column("attached", sa.Boolean, nullable=False, default=False),
    sa.Column("noted", sa.Boolean, nullable=False, default=False),
    sa.Column("erased", sa.Boolean, nullable=False, default=False),
    sa.Column("indexed", sa.Integer, nullable=False, default=0),
)  # fmt: skip
sessions = sa.Table(
    "sessions", metadata,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
)  # fmt: skip
inbox = sa.Table(
    "inbox", metadata,
    sa.Column("consultation", sa.String(32), primary_key=True),
    sa.Column("message_id", sa.String(128), primary_key=True, index=True),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
)  # fmt: skip
outbox = sa.Table(
    "outbox", metadata,
    sa.Column("consultation", sa.String(32), primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("delivered", sa.String(24)),
    # Of what a door has to carry: how it stands, when it is tried next, how often it was, how many parts have gone out, and why not.
    sa.Column("standing", sa.String(8), nullable=False, default="", index=True),
    sa.Column("due", sa.String(24), nullable=False, default=""),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("parts", sa.Integer, nullable=False, default=0),
    sa.Column("error", sa.String(120), nullable=False, default=""),
)  # fmt: skip
# What is set right after a low rating, a review, or by a decision of staff; it follows from the journal.
correctives = sa.Table(
    "correctives", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("consultation", sa.String(32), nullable=False, index=True),
    # Where it comes from, and the place of the entry that told of it.
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("cause", sa.Integer, nullable=False),
    sa.Column("standing", sa.String(16), nullable=False, index=True),
    # Who has it, and who said last that the measure was carried out: neither of them looks at the effect.
    sa.Column("owner", sa.String(32), nullable=False, default=""),
    sa.Column("carrier", sa.String(32), nullable=False, default=""),
    # The day by which the next step should be done.
    sa.Column("due", sa.String(10), nullable=False),
    sa.Column("opened", sa.String(24), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
    # How often it was opened again because the measure had no effect.
    sa.Column("rounds", sa.Integer, nullable=False, default=0),
)  # fmt: skip
# Registers: one row for each record, by what is open of it.
records = sa.Table(
    "records", metadata,
    sa.Column("number", sa.String(32), primary_key=True),
    sa.Column("register", sa.String(32), nullable=False, index=True),
    sa.Column("standing", sa.String(32), nullable=False),
    sa.Column("year", sa.String(12), nullable=False),
    # By field the days by which something is to be done, as JSON; the numbers that it names, each between blanks.
    sa.Column("dues", sa.Text, nullable=False),
    sa.Column("links", sa.Text, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("added", sa.String(24), nullable=False),
    sa.Column("changed", sa.String(24), nullable=False),
    sa.Column("ended", sa.String(24), nullable=False),
    sa.Column("by", sa.String(32), nullable=False),
    sa.Column("erased", sa.Boolean, nullable=False),
)  # fmt: skip
