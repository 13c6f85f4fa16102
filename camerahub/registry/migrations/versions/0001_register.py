"""The register: areas, cameras and their roads, states, flips, evidence, settings."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EMPTY = sa.text("''")


def _only(clause: sa.TextClause) -> dict[str, Any]:
    return {"sqlite_where": clause, "postgresql_where": clause}


def _areas() -> None:
    op.create_table(
        "areas",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("tree", sa.Text(), server_default=sa.text("'civil'"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("tree IN ('civil', 'police')", name=op.f("ck_areas_tree")),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("tree", "code", name=op.f("uq_areas_tree_code")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_areas_parent_id", "areas", ["parent_id"])


def _camera_days() -> None:
    op.create_table(
        "camera_days",
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("facet", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("camera_id", BIG, autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", "facet", "camera_id", name=op.f("pk_camera_days")),
        sqlite_with_rowid=False,
    )


def _credentials() -> None:
    op.create_table(
        "credentials",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("username", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("proven_at", sa.BigInteger(), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_credentials_fingerprint")),
        sqlite_autoincrement=True,
    )


def _evidence_log() -> None:
    op.create_table(
        "evidence_log",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("worker_id", BIG, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_log")),
        sqlite_autoincrement=True,
    )


def _flips() -> None:
    op.create_table(
        "flips",
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("camera_id", BIG, autoincrement=False, nullable=False),
        sa.Column("worker_id", BIG, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", BIG, nullable=False),
        sa.Column("facet", sa.SmallInteger(), nullable=False),
        sa.Column("old", sa.SmallInteger(), nullable=False),
        sa.Column("new", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("rule", sa.SmallInteger(), nullable=False),
        sa.Column("prev_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("at", "camera_id", "worker_id", "epoch", "seq", "n", name=op.f("pk_flips")),
        sqlite_with_rowid=False,
    )


def _gaps() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("to_at IS NULL OR to_at >= from_at", name=op.f("ck_gaps_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_gaps_from_at", "gaps", ["from_at"])


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("profile", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sqlite_autoincrement=True,
    )


def _rate_runs() -> None:
    op.create_table(
        "rate_runs",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("facet", sa.SmallInteger(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("numbers", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_runs")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rate_runs_as_of", "rate_runs", ["as_of"])


def _settings() -> None:
    op.create_table(
        "settings",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_settings")),
    )


def _workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
        sa.UniqueConstraint("name", name=op.f("uq_workers_name")),
        sqlite_autoincrement=True,
    )


def _cameras() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("unit_id", BIG, nullable=True),
        sa.Column("network", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("source", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("site", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("pole", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("crs", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("raw_lon", sa.Float(), nullable=True),
        sa.Column("raw_lat", sa.Float(), nullable=True),
        sa.Column("vendor", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("model", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("point_class", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("maintainer", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("installed_on", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("device", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("switch", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("onu", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("power", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("keyboard_no", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("extra", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'repair', 'planned', 'stopped', 'dismantled')",
            name=op.f("ck_cameras_status"),
        ),
        sa.CheckConstraint("lat BETWEEN -90 AND 90", name=op.f("ck_cameras_lat")),
        sa.CheckConstraint("lon BETWEEN -180 AND 180", name=op.f("ck_cameras_lon")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_cameras_area_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["areas.id"], name=op.f("fk_cameras_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
        sa.UniqueConstraint("code", name=op.f("uq_cameras_code")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_cameras_area_id", "cameras", ["area_id"])
    op.create_index(
        "ix_cameras_keyboard_no",
        "cameras",
        ["keyboard_no"],
        **_only(sa.text("keyboard_no <> ''")),
    )


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("import_id", BIG, nullable=True),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_changes_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_import_id", "changes", ["import_id"])
    op.create_index("ix_changes_key", "changes", ["key"])


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("parent_id", BIG, nullable=True),
        sa.Column("host", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("port", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("vendor", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("model", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_devices_area_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["devices.id"], name=op.f("fk_devices_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("code", name=op.f("uq_devices_code")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_devices_parent_id", "devices", ["parent_id"])


def _watermarks() -> None:
    op.create_table(
        "watermarks",
        sa.Column("worker_id", BIG, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["worker_id"], ["workers.id"], name=op.f("fk_watermarks_worker_id")),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_watermarks")),
        sqlite_with_rowid=False,
    )


def _camera_states() -> None:
    op.create_table(
        "camera_states",
        sa.Column("camera_id", BIG, autoincrement=False, nullable=False),
        sa.Column("facet", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("flip_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_camera_states_camera_id")),
        sa.PrimaryKeyConstraint("camera_id", "facet", name=op.f("pk_camera_states")),
        sqlite_with_rowid=False,
    )


def _endpoints() -> None:
    op.create_table(
        "endpoints",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("camera_id", BIG, nullable=False),
        sa.Column("device_id", BIG, nullable=True),
        sa.Column("kind", sa.Text(), server_default=sa.text("'rtsp'"), nullable=False),
        sa.Column("stream", sa.Text(), server_default=sa.text("'main'"), nullable=False),
        sa.Column("road", sa.Text(), server_default=sa.text("'direct'"), nullable=False),
        sa.Column("scheme", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("host", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("port", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("path", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("channel", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("credential_id", BIG, nullable=True),
        sa.Column("probed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('rtsp', 'onvif', 'snapshot', 'gb28181')", name=op.f("ck_endpoints_kind")
        ),
        sa.CheckConstraint("port BETWEEN 0 AND 65535", name=op.f("ck_endpoints_port")),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_endpoints_camera_id")),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["credentials.id"], name=op.f("fk_endpoints_credential_id")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_endpoints_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endpoints")),
        sa.UniqueConstraint(
            "camera_id", "kind", "stream", "road", name=op.f("uq_endpoints_camera_id_kind_stream_road")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_endpoints_credential_id", "endpoints", ["credential_id"])
    op.create_index(
        "ix_endpoints_host",
        "endpoints",
        ["host"],
        **_only(sa.text("host <> ''")),
    )


def _exemptions() -> None:
    op.create_table(
        "exemptions",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("camera_id", BIG, nullable=True),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("to_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("applicant", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("approver", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("approver <> applicant OR approver = ''", name=op.f("ck_exemptions_two_people")),
        sa.CheckConstraint("(camera_id IS NULL) <> (area_id IS NULL)", name=op.f("ck_exemptions_subject")),
        sa.CheckConstraint("to_at > from_at", name=op.f("ck_exemptions_order")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_exemptions_area_id")),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_exemptions_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemptions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exemptions_from_at", "exemptions", ["from_at"])


def _memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("camera_id", BIG, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("area_id", BIG, nullable=False),
        sa.Column("network", sa.Text(), server_default=EMPTY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expected", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_memberships_order")),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_memberships_area_id")),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_memberships_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_memberships_camera_id",
        "memberships",
        ["camera_id"],
        unique=True,
        **_only(sa.text("valid_to IS NULL")),
    )
    op.create_index("ix_memberships_camera_id_valid_from", "memberships", ["camera_id", "valid_from"])


def _sightings() -> None:
    op.create_table(
        "sightings",
        sa.Column("facet", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("log_id", BIG, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("facet", name=op.f("pk_sightings")),
    )


def _states() -> None:
    op.create_table(
        "states",
        sa.Column("endpoint_id", BIG, autoincrement=False, nullable=False),
        sa.Column("facet", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("history", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("doubt", sa.SmallInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("observed_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("log_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name=op.f("fk_states_endpoint_id")),
        sa.PrimaryKeyConstraint("endpoint_id", "facet", name=op.f("pk_states")),
        sqlite_with_rowid=False,
    )


def upgrade() -> None:
    """Forward."""
    _areas()
    _camera_days()
    _credentials()
    _evidence_log()
    _flips()
    _gaps()
    _imports()
    _rate_runs()
    _settings()
    _sightings()
    _workers()
    _cameras()
    _changes()
    _devices()
    _watermarks()
    _camera_states()
    _endpoints()
    _exemptions()
    _memberships()
    _states()
    if op.get_context().dialect.name == "postgresql":
        # blobs that are compact already: compressing them would cost more than writing them
        for table in ("evidence_log", "sightings"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN data SET STORAGE EXTERNAL")
