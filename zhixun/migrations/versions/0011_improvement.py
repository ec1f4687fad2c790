"""How answers are improved: drafts with every text of theirs, candidates and versions, and turns that are dealt with."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("question", sa.String(64), nullable=False, index=True),
        sa.Column("standing", sa.String(12), nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("base", sa.String(64), nullable=False),
        sa.Column("turns", sa.Text, nullable=False),
        sa.Column("approved_by", sa.String(32), nullable=False),
        sa.Column("approved", sa.String(24), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
    )
    op.create_table(
        "draft_texts",
        sa.Column("draft", sa.Integer, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("made_by", sa.String(32), nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("made_by", sa.String(32), nullable=False),
        sa.Column("standing", sa.String(12), nullable=False, index=True),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("drafts", sa.Text, nullable=False),
        sa.Column("back_to", sa.Integer, nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("knowledge", sa.String(12), nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("ended", sa.String(24), nullable=False),
    )
    op.create_table(
        "settled",
        sa.Column("turn", sa.String(40), primary_key=True),
        sa.Column("how", sa.String(12), nullable=False),
        sa.Column("made_by", sa.String(32), nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
    )
