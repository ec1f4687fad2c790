"""Other systems: their keys, where they are told what happens, and what is on its way to them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "partners",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("hook", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "partner_keys",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("partner", sa.String(32), nullable=False, index=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("per_minute", sa.Integer, nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("until", sa.String(10), nullable=False),
        sa.Column("used", sa.String(10), nullable=False),
        sa.Column("revoked", sa.String(24), nullable=False),
    )
    op.create_table(
        "hook_deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("partner", sa.String(32), nullable=False),
        sa.Column("consultation", sa.String(32), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("made", sa.String(24), nullable=False),
        sa.Column("next", sa.String(24), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("standing", sa.String(16), nullable=False, index=True),
        sa.Column("error", sa.String(120), nullable=False),
        sa.UniqueConstraint("consultation", "seq"),
    )
