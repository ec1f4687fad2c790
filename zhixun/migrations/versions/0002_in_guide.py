"""Whether a consultation stands in the middle of a guide, and so rests longer before it is closed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("consultations", sa.Column("in_guide", sa.Boolean, nullable=False, server_default=sa.false()))
