"""The tables of the register: one definition for SQLite and PostgreSQL.

What is here is dear to change later, so it is the schema of migration 1 and nothing reads or writes here.
Times are int64 µs since 1970 UTC; days are integers ``yyyymmdd`` in the configured zone. Every index says in
``info["serves"]`` which question it answers. Must not know: who asks, and any URL or engine.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    event,
    text,
)

from camerahub.registry.columns import BIG
from camerahub.registry.columns import METADATA as METADATA
from camerahub.registry.columns import at as _at
from camerahub.registry.columns import index as _index
from camerahub.registry.columns import number as _id
from camerahub.registry.columns import of_endpoint as _of_endpoint
from camerahub.registry.columns import ref as _ref
from camerahub.registry.columns import small as _small
from camerahub.registry.columns import txt as _txt
from camerahub.registry.figure_tables import answer_marks as answer_marks
from camerahub.registry.figure_tables import claim_lists as claim_lists
from camerahub.registry.figure_tables import claims as claims
from camerahub.registry.figure_tables import exemption_cameras as exemption_cameras
from camerahub.registry.figure_tables import exemptions as exemptions
from camerahub.registry.figure_tables import rate_runs as rate_runs
from camerahub.registry.picture_tables import false_alarms as false_alarms
from camerahub.registry.picture_tables import picture_masks as picture_masks
from camerahub.registry.picture_tables import picture_pasts as picture_pasts
from camerahub.registry.picture_tables import snapshots as snapshots
from camerahub.registry.picture_tables import still_reads as still_reads
from camerahub.registry.picture_tables import stills as stills

#: Newest migration this program knows; the revision ids of migrations/versions count upwards.
SCHEMA_REVISION = "0009"

#: Standing of a camera in the register -> (does it count in the denominator, Chinese, English).
STATUSES: dict[str, tuple[bool, str, str]] = {
    "active": (True, "在用", "in use"),
    "repair": (True, "维修", "under repair"),
    "planned": (False, "在建", "being built"),
    "stopped": (False, "停用", "out of use"),
    "dismantled": (False, "拆除", "dismantled"),
}
TREES = ("civil", "police")
ENDPOINT_KINDS = ("rtsp", "onvif", "snapshot", "gb28181")
STREAMS = ("main", "sub")
ROADS = ("direct", "via")


areas = Table(
    "areas",
    METADATA,
    _id(),
    _txt("tree", "civil"),
    _txt("code", None),
    _txt("name", None),
    _txt("level", None),
    _ref("parent_id", "areas", null=True),
    _at("created_at"),
    _at("retired_at", null=True),
    UniqueConstraint("tree", "code"),
    CheckConstraint("tree IN ('civil', 'police')", name="tree"),
    _index("areas", "parent_id", serves="queries.area_subtree: children of an area"),
    sqlite_autoincrement=True,
)

devices = Table(
    "devices",
    METADATA,
    _id(),
    _txt("code", None),
    _txt("name"),
    _txt("kind", None),  # ipc nvr platform switch onu power pole
    _ref("parent_id", "devices", null=True),
    _txt("host"),
    Column("port", Integer, nullable=False, server_default=text("0")),
    _txt("vendor"),
    _txt("model"),
    _ref("area_id", "areas", null=True),
    _at("created_at"),
    _at("retired_at", null=True),
    UniqueConstraint("code"),
    _index("devices", "parent_id", serves="what hangs on a device (causes of mass outages)"),
    sqlite_autoincrement=True,
)

cameras = Table(
    "cameras",
    METADATA,
    _id(),
    _txt("code", None),
    _txt("name", None),
    _ref("area_id", "areas"),
    _ref("unit_id", "areas", null=True),
    _txt("network"),
    _txt("source"),
    _txt("site"),
    _txt("pole"),
    Column("lon", Float),
    Column("lat", Float),
    _txt("crs"),
    Column("raw_lon", Float),
    Column("raw_lat", Float),
    _txt("vendor"),
    _txt("model"),
    _txt("point_class"),
    _txt("maintainer"),
    _txt("installed_on"),
    _txt("status", "active"),
    _txt("device"),
    _txt("switch"),
    _txt("onu"),
    _txt("power"),
    _txt("keyboard_no"),
    _txt("extra", "{}"),
    _at("created_at"),
    _at("changed_at"),
    UniqueConstraint("code"),
    CheckConstraint("lon BETWEEN -180 AND 180", name="lon"),
    CheckConstraint("lat BETWEEN -90 AND 90", name="lat"),
    CheckConstraint("status IN ('active', 'repair', 'planned', 'stopped', 'dismantled')", name="status"),
    _index("cameras", "area_id", serves="queries.cameras: cameras of an area subtree"),
    _index("cameras", "keyboard_no", serves="queries.camera: by 键盘编号", where="keyboard_no <> ''"),
    sqlite_autoincrement=True,
)

credentials = Table(
    "credentials",
    METADATA,
    _id(),
    _txt("username"),
    _txt("secret", None),  # v1:kid:nonce:ciphertext, associated data = this id
    _txt("fingerprint", None),  # keyed hash of (username, password)
    _txt("algorithm"),  # what the far side last asked for: basic, md5, sha-256
    _at("created_at"),
    _at("proven_at", null=True),
    _at("refused_at", null=True),
    UniqueConstraint("fingerprint"),
    sqlite_autoincrement=True,
)

endpoints = Table(
    "endpoints",
    METADATA,
    _id(),
    _ref("camera_id", "cameras"),
    _ref("device_id", "devices", null=True),
    _txt("kind", "rtsp"),
    _txt("stream", "main"),
    _txt("road", "direct"),
    _txt("scheme"),
    _txt("host"),
    Column("port", Integer, nullable=False, server_default=text("0")),
    _txt("path"),  # with its query, never with credentials
    _txt("channel"),
    _ref("credential_id", "credentials", null=True),
    # one probed endpoint a road: the answer of a camera must not depend on how many streams it has
    Column("probed", Boolean(create_constraint=False), nullable=False),
    _at("created_at"),
    _at("retired_at", null=True),
    UniqueConstraint("camera_id", "kind", "stream", "road"),
    CheckConstraint("kind IN ('rtsp', 'onvif', 'snapshot', 'gb28181')", name="kind"),
    CheckConstraint("port BETWEEN 0 AND 65535", name="port"),
    _index("endpoints", "host", serves="who shares a device address (seats, doctor)", where="host <> ''"),
    _index("endpoints", "credential_id", serves="devices of a credential group (credentials check)"),
    sqlite_autoincrement=True,
)

#: What the last conversation about media learned of each endpoint: cheap evidence, and which stream to ask first.
media_facts = Table(
    "media_facts",
    METADATA,
    Column("endpoint_id", BIG, ForeignKey("endpoints.id"), primary_key=True, autoincrement=False),
    _at("at"),
    _small("stream"),  # core.result.STREAM_NAMES
    _small("codec"),  # core.result.CODEC_NAMES
    Column("received", BigInteger, nullable=False),
    Column("key_bytes", BigInteger, nullable=False),
    Column("bit_rate", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("faults", Integer, nullable=False, server_default=text("0")),  # bit k: core.result.FAULT_KINDS[k]
)


#: What the device behind each ONVIF endpoint said it is; what it said before stands in ``changes``.
onvif_identities = Table(
    "onvif_identities",
    METADATA,
    _of_endpoint(),
    _txt("maker"),
    _txt("model"),
    _txt("firmware"),
    _txt("serial"),
    _txt("hardware"),
    _at("enrolled_at"),  # when it was last asked and answered
    _at("changed_at"),  # when it first said this
)

onvif_clocks = Table(
    "onvif_clocks",
    METADATA,
    _of_endpoint(),
    _at("at"),
    _small("finding"),  # core.offers.CLOCKS
    _small("hours"),  # of a wrong zone
    Column("offset_ms", BigInteger, nullable=False),  # camera minus ours; 0 where it told none
)

#: The last time an endpoint was to be enrolled and was not, until it is: a refused login is not tried again within a
#: day, and others get their turn first.
onvif_failures = Table(
    "onvif_failures",
    METADATA,
    _of_endpoint(),
    _txt("version", None),  # fingerprint of the login it refused, "" when it was something else
    _at("at"),
)

memberships = Table(
    "memberships",
    METADATA,
    _id(),
    _ref("camera_id", "cameras"),
    _at("valid_from"),
    _at("valid_to", null=True),
    _ref("area_id", "areas"),
    _txt("network"),
    _txt("status", None),
    Column("expected", Boolean(create_constraint=False), nullable=False),
    _at("recorded_at"),
    CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="order"),
    _index("memberships", "camera_id", "valid_from", serves="membership history of a camera"),
    _index(
        "memberships",
        "camera_id",
        serves="queries.expected: who counts now; at most one open row a camera",
        where="valid_to IS NULL",
        unique=True,
    ),
    sqlite_autoincrement=True,
)

states = Table(
    "states",
    METADATA,
    Column("endpoint_id", BIG, ForeignKey("endpoints.id"), primary_key=True, autoincrement=False),
    Column("facet", SmallInteger, primary_key=True, autoincrement=False),
    _small("state"),
    _small("history"),
    _small("reason"),
    _small("doubt"),
    _at("since"),
    # both as of log_id; a younger row of sightings and then of the evidence log hold the rest
    _at("observed_at"),
    _at("seen_at"),
    Column("log_id", BIG, nullable=False),
    sqlite_with_rowid=False,
)

#: When endpoints were last looked at, as of ``log_id``, of all of them in one blob: these times change for the whole
#: fleet at every look, and as rows would cost more than everything else a checkpoint does.
sightings = Table(
    "sightings",
    METADATA,
    Column("facet", SmallInteger, primary_key=True, autoincrement=False),
    Column("log_id", BIG, nullable=False),
    Column("data", LargeBinary, nullable=False),  # N x evidence.SIGHTING_DTYPE
)

camera_states = Table(
    "camera_states",
    METADATA,
    Column("camera_id", BIG, ForeignKey("cameras.id"), primary_key=True, autoincrement=False),
    Column("facet", SmallInteger, primary_key=True, autoincrement=False),
    _small("state"),
    _small("reason"),
    _at("since"),
    # when the flip stored last took place, 0 = none: its ``prev_at`` leads on to the ones before
    _at("flip_at"),
    sqlite_with_rowid=False,
)

workers = Table(
    "workers",
    METADATA,
    _id(),
    _txt("name", None),
    _at("created_at"),
    UniqueConstraint("name"),
    sqlite_autoincrement=True,
)

watermarks = Table(
    "watermarks",
    METADATA,
    Column("worker_id", BIG, ForeignKey("workers.id"), primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    _at("at"),
    sqlite_with_rowid=False,
)

#: No foreign keys: history outlives what it speaks of. The key starts with time, so rows append in time order and
#: a month can become a partition; the rest of the key names the batch, so a flip cannot be stored twice. There is no
#: index by camera, which would touch a page of its own for every flip and grow dearer all day: the flips of a camera
#: are a chain through (at, camera), from ``camera_states.flip_at`` by ``prev_at`` back to the first.
flips = Table(
    "flips",
    METADATA,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("camera_id", BIG, primary_key=True, autoincrement=False),
    Column("worker_id", BIG, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    _at("recorded_at"),
    Column("endpoint_id", BIG, nullable=False),  # 0: derived answer of the camera
    _small("facet"),
    _small("old"),
    _small("new"),
    _small("reason"),
    _small("rule"),
    # of the flip of this camera and facet that was stored before; 0 = none, and for flips of endpoints
    _at("prev_at"),
    _index(
        "flips",
        "recorded_at",
        serves="past: flips of which a mark made a day after them does not know",
        where="recorded_at > at + 86400000000",
    ),
    sqlite_with_rowid=False,
)

#: Results that came late: begun before the last definite one of their endpoint. They never touch states or flips; who
#: publishes a figure again folds them in by ``at``. Keyed as flips are, for the same reasons.
corrections = Table(
    "corrections",
    METADATA,
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("endpoint_id", BIG, primary_key=True, autoincrement=False),
    Column("worker_id", BIG, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    _at("recorded_at"),
    Column("camera_id", BIG, nullable=False),
    _small("probe"),
    _small("outcome"),
    _small("reason"),
    _small("stage"),
    Column("status", Integer, nullable=False),
    Column("duration_us", BigInteger, nullable=False),
    _small("rule"),
    sqlite_with_rowid=False,
)

evidence_log = Table(
    "evidence_log",
    METADATA,
    _id(),
    Column("worker_id", BIG, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    _at("at"),
    Column("n", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)


@event.listens_for(evidence_log, "after_create")
@event.listens_for(sightings, "after_create")
def _plain_storage(table: Table, connection: Connection, **_options: object) -> None:
    # the blobs are compact already: compressing them would cost more than writing them
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ALTER COLUMN data SET STORAGE EXTERNAL")


camera_days = Table(
    "camera_days",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("facet", SmallInteger, primary_key=True, autoincrement=False),
    Column("camera_id", BIG, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),  # 24 x evidence.HOUR_DTYPE
    sqlite_with_rowid=False,
)

gaps = Table(
    "gaps",
    METADATA,
    _id(),
    _txt("worker", None),
    _txt("scope"),
    _at("from_at"),
    _at("to_at", null=True),
    _txt("reason", None),
    _at("recorded_at"),
    CheckConstraint("to_at IS NULL OR to_at >= from_at", name="order"),
    _index("gaps", "from_at", serves="queries.gaps: when nobody looked within [from, to)"),
    sqlite_autoincrement=True,
)

imports = Table(
    "imports",
    METADATA,
    _id(),
    _at("at"),
    _txt("who", None),
    _txt("file", None),
    _txt("sha256"),
    _txt("profile"),
    Column("rows", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    METADATA,
    _id(),
    _at("at"),
    _txt("who", None),
    _ref("import_id", "imports", null=True),
    _txt("entity", None),  # area camera endpoint onvif pause exemption rates claims
    _txt("key", None),  # its code
    _txt("field", None),
    Column("old", Text),
    Column("new", Text),
    _index("changes", "key", serves="who changed what of a camera"),
    _index("changes", "import_id", serves="what one import changed"),
    sqlite_autoincrement=True,
)

#: One row a login (guard key): address, user, version of the password. Outlives endpoints and credentials: what a
#: device counts against us does not end with a row of ours. Times 0 = never.
guards = Table(
    "guards",
    METADATA,
    _id(),
    _txt("address", None),
    _txt("username"),
    _txt("version", None),  # fingerprint of the credential
    _small("state"),
    Column("permit", BigInteger, nullable=False),  # stored before a login is made; 0 = none is under way
    _at("known_at"),
    _at("tried_at"),
    _at("proven_at"),
    _at("refused_at"),
    _at("refused_before"),
    _at("suspect_at"),
    _at("suspect_before"),
    _at("locked_until"),
    Column("waits", Integer, nullable=False),
    _at("wait_until"),
    Column("retries", Integer, nullable=False),
    _at("asked_at"),
    Column("tries", Integer, nullable=False),
    UniqueConstraint("address", "version"),
    sqlite_autoincrement=True,
)

pauses = Table(
    "pauses",
    METADATA,
    _id(),
    _txt("scope", None),  # all area vendor platform
    _txt("value"),
    _at("from_at"),
    _txt("who", None),
    _txt("reason"),
    _at("to_at", null=True),
    _txt("ended_by"),
    CheckConstraint("scope IN ('all', 'area', 'vendor', 'platform')", name="scope"),
    CheckConstraint("to_at IS NULL OR to_at >= from_at", name="order"),
    _index(
        "pauses", "scope", "value", serves="at most one pause a scope", where="to_at IS NULL", unique=True
    ),
    sqlite_autoincrement=True,
)

settings = Table(
    "settings",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
