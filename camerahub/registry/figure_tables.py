"""The tables of figures that stand: exemptions, published runs, marks, and what others claim. Part of ``tables``."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)

from camerahub.registry.columns import BIG, METADATA
from camerahub.registry.columns import at as _at
from camerahub.registry.columns import index as _index
from camerahub.registry.columns import number as _id
from camerahub.registry.columns import ref as _ref
from camerahub.registry.columns import small as _small
from camerahub.registry.columns import txt as _txt

#: Approved windows (报备) in which cameras leave the adjusted rate. ``area`` and ``network`` mean whoever belongs to
#: them at each instant; ``camera`` and ``device`` the cameras listed when it was asked for. Nothing is deleted or
#: changed but for who decided and who ended it.
exemptions = Table(
    "exemptions",
    METADATA,
    _id(),
    _txt("scope", None),
    _ref("area_id", "areas", null=True),
    _ref("device_id", "devices", null=True),
    _txt("network"),
    _at("from_at"),
    _at("to_at"),
    _txt("reason", None),  # core.exemptions.REASONS
    _txt("note"),
    _txt("applicant", None),
    _at("applied_at"),
    _txt("approver"),  # who decided, for or against
    _at("approved_at", null=True),
    _at("rejected_at", null=True),
    _at("revoked_at", null=True),
    _txt("revoked_by"),
    _txt("attachment"),  # name of the copy in the home folder
    _txt("attachment_sha256"),
    Column("attachment_bytes", BigInteger, nullable=False, server_default=text("0")),
    _at("recorded_at"),
    CheckConstraint("to_at > from_at", name="order"),
    CheckConstraint("scope IN ('camera', 'area', 'device', 'network')", name="scope"),
    CheckConstraint("(scope = 'area') = (area_id IS NOT NULL)", name="area"),
    CheckConstraint("(scope = 'network') = (network <> '')", name="network"),
    CheckConstraint("approved_at IS NULL OR rejected_at IS NULL", name="one_answer"),
    CheckConstraint("approver <> applicant OR approver = ''", name="two_people"),
    _index("exemptions", "from_at", serves="exempt.windows: approved windows around an instant"),
    sqlite_autoincrement=True,
)

exemption_cameras = Table(
    "exemption_cameras",
    METADATA,
    Column(
        "exemption_id",
        BIG,
        ForeignKey("exemptions.id"),
        primary_key=True,
        autoincrement=False,
        nullable=False,
    ),
    Column("camera_id", BIG, ForeignKey("cameras.id"), primary_key=True, autoincrement=False, nullable=False),
    _index("exemption_cameras", "camera_id", serves="exemptions of a camera"),
    sqlite_with_rowid=False,
)

rate_runs = Table(
    "rate_runs",
    METADATA,
    _id(),
    _at("as_of"),
    _small("rule"),
    _txt("kind", None),
    _small("facet"),
    _at("from_at"),
    _at("to_at"),
    _txt("scope"),
    _txt("numbers", None),
    _txt("input_hash", None),
    _at("recorded_at"),
    _txt("stage"),  # preliminary final
    _txt("who"),
    _index("rate_runs", "as_of", serves="published figures of a day"),
    _index("rate_runs", "from_at", serves="runs.of_period: what was published of a period"),
    sqlite_autoincrement=True,
)

#: Answers of all cameras at the beginning of a month, so that a figure need not read the flips of years. Made of flips
#: alone and can be made again; ``recorded_at``: flips recorded later are not in it.
answer_marks = Table(
    "answer_marks",
    METADATA,
    Column("facet", SmallInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    _at("recorded_at"),
    Column("data", LargeBinary, nullable=False),  # past.MARK_DTYPE, compressed
)

#: What somebody else says of cameras, a list at a time. Never merged with what was seen.
claim_lists = Table(
    "claim_lists",
    METADATA,
    _id(),
    _txt("source", None),
    _txt("kind", None),  # platform upper
    _at("said_at"),  # the instant the list speaks of
    _at("recorded_at"),
    _txt("who", None),
    _txt("file", None),
    _txt("sha256"),
    _ref("area_id", "areas", null=True),  # an offline list speaks of all cameras of this area; NULL = of all
    Column("rows", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    CheckConstraint("kind IN ('platform', 'upper')", name="kind"),
    _index("claim_lists", "source", "said_at", serves="claims.newest: the last list of a source"),
    sqlite_autoincrement=True,
)

claims = Table(
    "claims",
    METADATA,
    Column(
        "list_id", BIG, ForeignKey("claim_lists.id"), primary_key=True, autoincrement=False, nullable=False
    ),
    Column("code", Text, primary_key=True, nullable=False),
    _ref("camera_id", "cameras", null=True),  # NULL: nobody we know
    _small("state"),  # core.transitions.Answer
    _txt("said"),  # the word of the file
    _at("since_at", null=True),  # since when, as it says
    _index("claims", "camera_id", serves="what others say of a camera"),
    sqlite_with_rowid=False,
)
