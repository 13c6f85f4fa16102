"""Pictures: the kinds of fault found in the last one of each endpoint."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column(
        "media_facts", sa.Column("faults", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
