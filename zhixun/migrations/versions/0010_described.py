"""The index of the archive tells who asked, at what stage, when staff helped, and how each side was rated."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("cases", sa.Column("stages", sa.Text, nullable=False, server_default=","))
    op.add_column("cases", sa.Column("user_kind", sa.String(32), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("industry", sa.String(64), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("district", sa.String(32), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("handed", sa.String(24), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("helped", sa.String(24), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("closed", sa.String(24), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("scores", sa.Text, nullable=False, server_default=""))
    # Its keeper empties an index whose place is not known, and fills it again from the journal.
    op.execute("DELETE FROM meta WHERE name = 'index'")
