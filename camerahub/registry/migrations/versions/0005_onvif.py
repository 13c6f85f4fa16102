"""What ONVIF told: identity and clock of each endpoint, and what it refused."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EMPTY = sa.text("''")


def _of_endpoints(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("endpoint_id", BIG, autoincrement=False, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name=op.f(f"fk_{name}_endpoint_id")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f(f"pk_{name}")),
    )


def upgrade() -> None:
    """Forward."""
    words = ("maker", "model", "firmware", "serial", "hardware")
    _of_endpoints(
        "onvif_identities",
        *(sa.Column(name, sa.Text(), server_default=EMPTY, nullable=False) for name in words),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )
    _of_endpoints(
        "onvif_clocks",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("finding", sa.SmallInteger(), nullable=False),
        sa.Column("hours", sa.SmallInteger(), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
    )
    _of_endpoints(
        "onvif_failures",
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
