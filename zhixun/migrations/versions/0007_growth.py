"""How often knowledge and services are used, quizzes of staff, and who lets administrators see their figures."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "uses",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quizzes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(32), nullable=False, index=True),
        sa.Column("seed", sa.String(16), nullable=False),
        sa.Column("version", sa.String(12), nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("sheet", sa.Text, nullable=False),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("answers", sa.Text, nullable=False),
        sa.Column("right", sa.Integer, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sqlite_autoincrement=True,
    )
    # One round at a time: who gave it up could otherwise draw until an easy one comes.
    op.execute("CREATE UNIQUE INDEX quizzes_open ON quizzes (name) WHERE day = ''")
    op.create_table(
        "agreements",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("since", sa.String(24), nullable=False),
    )
