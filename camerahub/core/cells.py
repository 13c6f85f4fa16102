"""Words in the cells of a sheet stay words."""

from __future__ import annotations

_RICH = ("<r>", "</r>")


def as_words(cell: str) -> str:
    """``cell`` as xlsxwriter may be given it: what looks like its raw rich text would be written as XML; a blank in
    front, which import takes off again, makes it words."""
    return f" {cell}" if cell.startswith(_RICH[0]) and cell.endswith(_RICH[1]) else cell
