"""Ratings of what staff did, kept apart from those of the program; and what is set right after ratings and reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("consultations", sa.Column("staff_rating", sa.Text))
    op.add_column("cases", sa.Column("staff_rating", sa.Float))
    op.create_table(
        "correctives",
        sa.Column("number", sa.String(32), primary_key=True),
        sa.Column("consultation", sa.String(32), nullable=False, index=True),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("cause", sa.Integer, nullable=False),
        sa.Column("standing", sa.String(16), nullable=False, index=True),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("carrier", sa.String(32), nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("opened", sa.String(24), nullable=False),
        sa.Column("changed", sa.String(24), nullable=False),
        sa.Column("rounds", sa.Integer, nullable=False),
    )
