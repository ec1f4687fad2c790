"""Registers: their records, and the secret addresses of calendars."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "records",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("register", sa.String(32), nullable=False, index=True),
        sa.Column("standing", sa.String(32), nullable=False),
        sa.Column("year", sa.String(12), nullable=False),
        sa.Column("dues", sa.Text, nullable=False),
        sa.Column("links", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("added", sa.String(24), nullable=False),
        sa.Column("changed", sa.String(24), nullable=False),
        sa.Column("ended", sa.String(24), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
    )
    op.create_table(
        "calendar_links",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("staff", sa.String(32), nullable=False, index=True),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("used", sa.String(10), nullable=False),
    )
