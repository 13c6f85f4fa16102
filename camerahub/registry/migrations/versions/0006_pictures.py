"""Pictures: faults found, pasts, masks, 误报, and the stills that prove a fault."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, BIG, nullable=False)


def _at(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _id() -> sa.Column[int]:
    return sa.Column("id", BIG, autoincrement=True, nullable=False)


def upgrade() -> None:
    """Forward."""
    op.add_column(
        "media_facts", sa.Column("faults", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    _what_is_known()
    _stills()


def _what_is_known() -> None:
    op.create_table(
        "picture_pasts",
        sa.Column("endpoint_id", BIG, autoincrement=False, nullable=False),
        _at("at"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name=op.f("fk_picture_pasts_endpoint_id")),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_picture_pasts")),
    )
    op.create_table(
        "picture_masks",
        sa.Column("camera_id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        _at("at"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('ignored', 'private')", name=op.f("ck_picture_masks_kind")),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_picture_masks_camera_id")),
        sa.PrimaryKeyConstraint("camera_id", "kind", name=op.f("pk_picture_masks")),
    )
    op.create_table(
        "false_alarms",
        _id(),
        _big("camera_id"),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        _at("at"),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_false_alarms_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_false_alarms")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_false_alarms_camera_id", "false_alarms", ["camera_id"])


def _stills() -> None:
    op.create_table(
        "stills",
        _id(),
        _big("camera_id"),
        _big("endpoint_id"),
        _at("at"),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        _at("expires_at"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stills")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stills_camera_id", "stills", ["camera_id"])
    op.create_index("ix_stills_expires_at", "stills", ["expires_at"])
    op.create_table(
        "still_reads",
        _id(),
        _at("at"),
        sa.Column("who", sa.Text(), nullable=False),
        _big("camera_id"),
        _big("still_id"),
        _at("taken_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_still_reads")),
        sqlite_autoincrement=True,
    )
