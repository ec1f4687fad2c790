"""The journal, which refuses update and delete, and its projections."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.Text()


def upgrade() -> None:
    op.create_table(
        "journal",
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
    )
    op.create_table(
        "keys", sa.Column("consultation", sa.String(32), primary_key=True), sa.Column("wrapped", sa.LargeBinary, nullable=False)
    )
    op.create_table("meta", sa.Column("name", sa.String(32), primary_key=True), sa.Column("value", _TEXT, nullable=False))
    op.create_table("counters", sa.Column("day", sa.String(10), primary_key=True), sa.Column("last", sa.Integer, nullable=False))
    op.create_table(
        "leaves",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("day", sa.String(10), nullable=False, index=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("path", _TEXT, nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("through", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consultations",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("opened", sa.String(24), nullable=False),
        sa.Column("last", sa.String(24), nullable=False, index=True),
        sa.Column("closed", sa.String(24)),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("rating", _TEXT),
        sa.Column("callback", sa.Boolean, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
    )
    op.create_table(
        "inbox",
        sa.Column("consultation", sa.String(32), primary_key=True),
        sa.Column("message_id", sa.String(128), primary_key=True),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("consultation", sa.String(32), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("delivered", sa.String(24)),
    )
    op.create_table(
        "staff",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", _TEXT, nullable=False),
        sa.Column("one_time", sa.Boolean, nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
    )
    for table in ("journal", "leaves"):
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    # INSERT OR REPLACE would delete without asking the triggers above.
    for table, same in (
        ("journal", "id = NEW.id OR hash = NEW.hash OR (consultation = NEW.consultation AND seq = NEW.seq)"),
        ("leaves", "id = NEW.id OR path = NEW.path"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 - constants only
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
