"""Figures that stand: exemptions with scope, decision and attachment; published runs with their stage; marks from which
a month is counted; and what others claim of cameras."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EMPTY = sa.text("''")
LATE = sa.text("recorded_at > at + 86400000000")


def _text(name: str, *, needed: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), server_default=None if needed else EMPTY, nullable=False)


def _at(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _ref(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, BIG, nullable=null)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def _exemptions() -> None:
    op.create_table(
        "exemptions",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        _text("scope", needed=True),
        _ref("area_id", null=True),
        _ref("device_id", null=True),
        _text("network"),
        _at("from_at"),
        _at("to_at"),
        _text("reason", needed=True),
        _text("note"),
        _text("applicant", needed=True),
        _at("applied_at"),
        _text("approver"),
        *(_at(name, null=True) for name in ("approved_at", "rejected_at", "revoked_at")),
        *(_text(name) for name in ("revoked_by", "attachment", "attachment_sha256")),
        sa.Column("attachment_bytes", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        _at("recorded_at"),
        _check("exemptions", "order", "to_at > from_at"),
        _check("exemptions", "scope", "scope IN ('camera', 'area', 'device', 'network')"),
        _check("exemptions", "area", "(scope = 'area') = (area_id IS NOT NULL)"),
        _check("exemptions", "network", "(scope = 'network') = (network <> '')"),
        _check("exemptions", "one_answer", "approved_at IS NULL OR rejected_at IS NULL"),
        _check("exemptions", "two_people", "approver <> applicant OR approver = ''"),
        _foreign("exemptions", "area_id", "areas"),
        _foreign("exemptions", "device_id", "devices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemptions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exemptions_from_at", "exemptions", ["from_at"])
    op.create_table(
        "exemption_cameras",
        sa.Column("exemption_id", BIG, autoincrement=False, nullable=False),
        sa.Column("camera_id", BIG, autoincrement=False, nullable=False),
        _foreign("exemption_cameras", "exemption_id", "exemptions"),
        _foreign("exemption_cameras", "camera_id", "cameras"),
        sa.PrimaryKeyConstraint("exemption_id", "camera_id", name=op.f("pk_exemption_cameras")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_exemption_cameras_camera_id", "exemption_cameras", ["camera_id"])


def _keep_exemptions() -> None:
    """Rows of migration 1, which knew a camera or an area only."""
    connection = op.get_bind()
    old = [dict(row) for row in connection.execute(sa.text("SELECT * FROM exemptions")).mappings()]
    op.drop_table("exemptions")
    _exemptions()
    table = sa.Table("exemptions", sa.MetaData(), autoload_with=connection)
    listed = sa.Table("exemption_cameras", sa.MetaData(), autoload_with=connection)
    for row in old:
        camera = row.pop("camera_id")
        connection.execute(sa.insert(table).values(scope="area" if camera is None else "camera", **row))
        if camera is not None:
            connection.execute(sa.insert(listed).values(exemption_id=row["id"], camera_id=camera))
    if old and connection.dialect.name == "postgresql":
        last = max(row["id"] for row in old)
        connection.execute(
            sa.text("SELECT setval(pg_get_serial_sequence('exemptions', 'id'), :last)"), {"last": last}
        )


def _claims() -> None:
    op.create_table(
        "claim_lists",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        _text("source", needed=True),
        _text("kind", needed=True),
        _at("said_at"),
        _at("recorded_at"),
        _text("who", needed=True),
        _text("file", needed=True),
        _text("sha256"),
        _ref("area_id", null=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        _check("claim_lists", "kind", "kind IN ('platform', 'upper')"),
        _foreign("claim_lists", "area_id", "areas"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_lists")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_claim_lists_source_said_at", "claim_lists", ["source", "said_at"])
    op.create_table(
        "claims",
        sa.Column("list_id", BIG, autoincrement=False, nullable=False),
        _text("code", needed=True),
        _ref("camera_id", null=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        _text("said"),
        _at("since_at", null=True),
        _foreign("claims", "list_id", "claim_lists"),
        _foreign("claims", "camera_id", "cameras"),
        sa.PrimaryKeyConstraint("list_id", "code", name=op.f("pk_claims")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_claims_camera_id", "claims", ["camera_id"])


def upgrade() -> None:
    """Forward."""
    _keep_exemptions()
    op.add_column("rate_runs", _text("stage"))
    op.add_column("rate_runs", _text("who"))
    op.create_index("ix_rate_runs_from_at", "rate_runs", ["from_at"])
    op.create_table(
        "answer_marks",
        sa.Column("facet", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        _at("recorded_at"),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("facet", "at", name=op.f("pk_answer_marks")),
    )
    op.create_index(
        "ix_flips_recorded_at", "flips", ["recorded_at"], sqlite_where=LATE, postgresql_where=LATE
    )
    _claims()
