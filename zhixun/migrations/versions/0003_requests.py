"""Requests for services, and what a consultation waits for: a number to call back that must not reach the engine."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("consultations", sa.Column("wants", sa.String(16), nullable=False, server_default=""))
    op.create_table(
        "requests",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("service", sa.String(32), nullable=False),
        sa.Column("target", sa.String(16), nullable=False),
        sa.Column("standing", sa.String(16), nullable=False, index=True),
        sa.Column("received", sa.String(24), nullable=False),
        sa.Column("changed", sa.String(24), nullable=False),
        sa.Column("due", sa.String(24), nullable=False),
        sa.Column("priority", sa.String(32), nullable=False),
        sa.Column("same_as", sa.String(32), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("follow_up", sa.String(10), nullable=False),
        sa.Column("mark", sa.String(64), nullable=False, index=True),
    )
