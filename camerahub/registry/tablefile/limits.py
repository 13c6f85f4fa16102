"""Bounds on everything a table file can bring."""

from __future__ import annotations

MAX_ROWS = 2_000_000
MAX_CSV_BYTES = 1 << 30
MAX_XLSX_BYTES = 64 << 20
#: What the members of an .xlsx may unpack to, all together, and how much more than they are packed.
MAX_XLSX_UNPACKED = 512 << 20
MAX_XLSX_RATIO = 400
MAX_XLSX_MEMBERS = 2_000
#: calamine holds a dense sheet: a single cell far out would cost gigabytes.
MAX_XLSX_COLUMNS = 104
MAX_XLSX_ROWS = 199_999
MAX_CELL = 4_096
MAX_COLUMNS = 256
#: Unknown columns kept aside, and how much of each cell.
MAX_KEPT_COLUMNS = 50
MAX_KEPT_CELL = 500
#: Real templates have titles and hints above the header.
HEADER_WITHIN = 20
