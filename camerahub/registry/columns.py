"""What the tables of the register are made of: names of constraints, kinds of columns.

Times are int64 µs since 1970 UTC; text is empty rather than NULL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, SmallInteger, Text, text

NAMING = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}
METADATA = MetaData(naming_convention=NAMING)

#: AUTOINCREMENT in SQLite needs INTEGER, which is 64 bits there.
BIG = BigInteger().with_variant(Integer(), "sqlite")


def number() -> Column[Any]:
    """The surrogate key ``id``, never used again."""
    return Column("id", BIG, primary_key=True, autoincrement=True)


def ref(name: str, target: str, *, null: bool = False) -> Column[Any]:
    """The id of a row of table ``target``."""
    return Column(name, BIG, ForeignKey(f"{target}.id"), nullable=null)


def at(name: str, *, null: bool = False) -> Column[Any]:
    """An instant, µs since 1970 UTC."""
    return Column(name, BigInteger, nullable=null)


def txt(name: str, default: str | None = "") -> Column[Any]:
    """Text that is empty rather than NULL; ``default=None`` for text that must be given."""
    return Column(
        name, Text, nullable=False, server_default=None if default is None else text(f"'{default}'")
    )


def small(name: str) -> Column[Any]:
    """A code of a table in ``core``, under 32768."""
    return Column(name, SmallInteger, nullable=False)


def index(table: str, *columns: str, serves: str, where: str | None = None, unique: bool = False) -> Index:
    """An index; ``serves`` says which question it answers, ``where`` which rows are in it."""
    name = f"ix_{table}_{'_'.join(columns)}"
    clause = None if where is None else text(where)
    return Index(
        name, *columns, unique=unique, info={"serves": serves}, sqlite_where=clause, postgresql_where=clause
    )


def of_endpoint() -> Column[Any]:
    """The key of a table with one row an endpoint."""
    return Column("endpoint_id", BIG, ForeignKey("endpoints.id"), primary_key=True, autoincrement=False)
