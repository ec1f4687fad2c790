"""The doors: who writes on which platform, and what is on its way to them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "threads",
        sa.Column("door", sa.String(16), primary_key=True),
        sa.Column("mark", sa.String(64), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("left", sa.Integer),
        sa.Column("until", sa.String(24), nullable=False),
    )
    op.create_index("ix_inbox_message_id", "inbox", ["message_id"])
    op.add_column("outbox", sa.Column("standing", sa.String(8), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("due", sa.String(24), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("parts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("outbox", sa.Column("error", sa.String(120), nullable=False, server_default=""))
    op.create_index("ix_outbox_standing", "outbox", ["standing"])
