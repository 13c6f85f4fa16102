"""Corrections: results that came too late to touch the live states, kept apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = (("at", sa.BigInteger()), ("endpoint_id", BIG), ("worker_id", BIG))
BATCH = (("epoch", sa.BigInteger()), ("seq", sa.BigInteger()), ("n", sa.Integer()))
CODES = ("probe", "outcome", "reason", "stage")


def upgrade() -> None:
    """Forward."""
    key = [sa.Column(name, kind, autoincrement=False, nullable=False) for name, kind in KEY + BATCH]
    op.create_table(
        "corrections",
        *key,
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("camera_id", BIG, nullable=False),
        *(sa.Column(name, sa.SmallInteger(), nullable=False) for name in CODES),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("duration_us", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*(column.name for column in key), name=op.f("pk_corrections")),
        sqlite_with_rowid=False,
    )
