"""Gentle logins: what each device may count against us, and pauses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EMPTY = sa.text("''")
_TIMES = ("known_at", "tried_at", "proven_at", "refused_at", "refused_before", "suspect_at", "suspect_before")


def _guards() -> None:
    op.create_table(
        "guards",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("permit", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _TIMES),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("wait_until", sa.BigInteger(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guards")),
        sa.UniqueConstraint("address", "version", name=op.f("uq_guards_address_version")),
        sqlite_autoincrement=True,
    )


def _pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default=EMPTY, nullable=False),
        sa.CheckConstraint("scope IN ('all', 'area', 'vendor', 'platform')", name=op.f("ck_pauses_scope")),
        sa.CheckConstraint("to_at IS NULL OR to_at >= from_at", name=op.f("ck_pauses_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
        sqlite_autoincrement=True,
    )
    open_only = sa.text("to_at IS NULL")
    op.create_index(
        "ix_pauses_scope_value",
        "pauses",
        ["scope", "value"],
        unique=True,
        sqlite_where=open_only,
        postgresql_where=open_only,
    )


def upgrade() -> None:
    """Forward."""
    _guards()
    _pauses()
