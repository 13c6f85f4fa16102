"""The tables of pictures: what is known of a camera's, and the evidence of their faults. Part of ``tables``."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, LargeBinary, Table, Text

from camerahub.registry.columns import BIG, METADATA, at, index, number, of_endpoint, ref, small, txt

#: What judging each endpoint's pictures has learned of it (``frames``' own bytes), kept so that a restart begins warm.
picture_pasts = Table(
    "picture_pasts",
    METADATA,
    of_endpoint(),
    at("at"),
    Column("data", LargeBinary, nullable=False),  # core.eyes.MAX_PAST at most
)

#: The last snapshot taken in place of each endpoint's stream, and whether it was new, kept so that a restart need not
#: ask twice. Never the picture.
snapshots = Table(
    "snapshots",
    METADATA,
    of_endpoint(),
    at("at"),
    Column("date", BigInteger, nullable=False),  # the camera's own, s since 1970, 0 = not said
    small("fresh"),  # core.stand_in.FRESHNESS
    Column("address", BigInteger, nullable=False),  # core.stand_in.mark_of
    Column("digest", LargeBinary, nullable=False),  # SHA-256
    at("judged_at"),  # when the last one that was new, and so judged, was taken; 0 = none
    Column(
        "refused_to", BIG, nullable=False
    ),  # the credential it refused over HTTP, 0 = none: not shown there again
)

#: Parts of a camera's picture that are not judged, or not shown either: bits as ``core.eyes`` says.
picture_masks = Table(
    "picture_masks",
    METADATA,
    Column("camera_id", BIG, ForeignKey("cameras.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, primary_key=True),
    at("at"),
    txt("who", None),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("kind IN ('ignored', 'private')", name="kind"),
)

#: A technician's 误报: at this camera this kind was none. Each lowers how far the kind is trusted there.
false_alarms = Table(
    "false_alarms",
    METADATA,
    number(),
    ref("camera_id", "cameras"),
    small("kind"),  # reason code
    at("at"),
    txt("who", None),
    txt("why", None),
    index("false_alarms", "camera_id", serves="eyes.orders: how far each kind is trusted at a camera"),
    sqlite_autoincrement=True,
)

#: Reduced JPEGs of faults and of their ends, sealed; gone after ``expires_at``. History outlives the camera: no key.
stills = Table(
    "stills",
    METADATA,
    number(),
    Column("camera_id", BIG, nullable=False),
    Column("endpoint_id", BIG, nullable=False),
    at("at"),
    small("reason"),
    at("expires_at"),
    Column("data", LargeBinary, nullable=False),  # registry.secrets: seal
    index("stills", "camera_id", serves="evidence of a camera"),
    index("stills", "expires_at", serves="stills.expire: what is to go"),
    sqlite_autoincrement=True,
)

#: Every look at a still, for ever.
still_reads = Table(
    "still_reads",
    METADATA,
    number(),
    at("at"),
    txt("who", None),
    Column("camera_id", BIG, nullable=False),
    Column("still_id", BIG, nullable=False),
    at("taken_at"),
    sqlite_autoincrement=True,
)
