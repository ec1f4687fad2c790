"""The desk: who has a consultation, tasks, slips, attachments, the index of the archive, accounts and their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("consultations", sa.Column("operator", sa.String(32), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("fence", sa.Integer, nullable=False, server_default="0"))
    op.add_column("consultations", sa.Column("team", sa.String(32), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("reason", sa.String(32), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("handed", sa.String(24), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("assigned", sa.String(32), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("assigned_until", sa.String(24), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("answered", sa.String(24), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("spoke", sa.String(24), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("escalated", sa.String(64), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("outcome", sa.String(24), nullable=False, server_default=""))
    op.create_index("ix_consultations_operator", "consultations", ["operator"])
    op.add_column("staff", sa.Column("shown", sa.String(32), nullable=False, server_default=""))
    op.add_column("staff", sa.Column("teams", sa.Text, nullable=False, server_default=""))
    op.add_column("staff", sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("staff", sa.Column("totp", sa.Text, nullable=False, server_default=""))
    op.add_column("staff", sa.Column("totp_step", sa.Integer, nullable=False, server_default="0"))
    op.add_column("staff", sa.Column("recovery", sa.Text, nullable=False, server_default=""))
    op.add_column("staff", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("staff", sa.Column("locked_until", sa.String(24), nullable=False, server_default=""))
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(48), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("due", sa.String(24), nullable=False, index=True),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("standing", sa.String(8), nullable=False, index=True),
        sa.Column("result", sa.String(24), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("done", sa.String(24), nullable=False),
    )
    op.create_table(
        "slips",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("agency", sa.String(48), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("standing", sa.String(16), nullable=False, index=True),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("issued", sa.String(24), nullable=False),
        sa.Column("changed", sa.String(24), nullable=False),
        sa.Column("due", sa.String(24), nullable=False),
        sa.Column("reminded", sa.String(24), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("type", sa.String(80), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.String(32), nullable=False, unique=True),
        sa.Column("day", sa.String(10), nullable=False, index=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("rights", sa.Text, nullable=False),
        sa.Column("topics", sa.Text, nullable=False),
        sa.Column("knowledge", sa.Text, nullable=False),
        sa.Column("services", sa.Text, nullable=False),
        sa.Column("statuses", sa.Text, nullable=False),
        sa.Column("operators", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("marks", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(24), nullable=False),
        sa.Column("rating", sa.Float),
        sa.Column("confidence", sa.Float),
        sa.Column("referred", sa.Boolean, nullable=False),
        sa.Column("attached", sa.Boolean, nullable=False),
        sa.Column("noted", sa.Boolean, nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
        sa.Column("indexed", sa.Integer, nullable=False),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(32), nullable=False, index=True),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(120), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("seen", sa.String(24), nullable=False),
    )
    op.create_table(
        "duty",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(32), primary_key=True),
    )
    op.create_table(
        "canned",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("changed_by", sa.String(32), nullable=False),
        sa.Column("changed", sa.String(24), nullable=False),
    )
    op.create_table(
        "views",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(32), nullable=False, index=True),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("slip", sa.String(32), nullable=False, index=True),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("next", sa.String(24), nullable=False, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("standing", sa.String(16), nullable=False),
        sa.Column("error", sa.String(120), nullable=False),
    )
    # It keeps no words, only which marks stand in which case; the second table reads it the other way round.
    op.execute("CREATE VIRTUAL TABLE case_words USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii')")
    op.execute("CREATE VIRTUAL TABLE case_words_terms USING fts5vocab(case_words, instance)")
    # What staff did, newest first, without going through the whole journal.
    op.execute("CREATE INDEX journal_staff ON journal (id) WHERE actor LIKE 'staff:%'")
    # What is owed and who waits since when stands in the journal of an older store already: the next start derives it.
    op.execute("INSERT INTO meta (name, value) SELECT 'derive', '0004' WHERE EXISTS (SELECT 1 FROM consultations)")
