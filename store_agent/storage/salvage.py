"""Reading what is left of a damaged ledger, before a fresh one takes its place.

SQLite's own `.recover` is part of its shell and in none of the Python wheels. So rows are read in
the order of their key; where a page cannot be read, reading goes on behind it. What lies on whole
pages comes back, and what does not is named. Nothing helps when page 1 is gone: the salt and the
schema stand there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from store_agent.storage.connection import Connection, Parameters, Row, marks
from store_agent.storage.failures import classify

PAGE = 256  # rows at a time; fewer the closer the damage is
GAPS = 64  # damaged places passed in one table; then the rest of it is given up
FROM_THE_END = 20_000  # rows read backwards, where nothing is known of the beginning
KEY_CHARS = 40  # of a text key that matter when it is halved
ASCII = 128
LAST_ROWID = 2**63 - 1
# Of the ledger's own tables: a new epoch has another identity; its lots are void and its holds have
# ended; what the platform was asked for is asked again.
NOT_CARRIED = frozenset({"meta", "lots", "reservations", "holds", "wanted", "_sqlite_migrations"})


class DamagedFile:
    """The readable rows of one damaged file. `torn` collects the tables with a part that is not."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        """`connect` opens the file for reading; raises the driver's error if not even that works.

        After a page that cannot be decrypted a connection reads nothing more: there is a new one
        for each.
        """
        self._connect = connect
        self._connection = connect()
        self.torn: set[str] = set()

    def columns(self, table: str) -> tuple[str, ...]:
        """Its columns, none when there is no such table."""
        return tuple(row[1] for row in self.try_(f"PRAGMA table_info({table})") or ())

    def try_(self, sql: str, params: Parameters = ()) -> list[Row] | None:
        """The rows of one statement, None when it meets a damaged page."""
        try:
            return self._connection.execute(sql, params).fetchall()
        except Exception as error:
            if classify(error) is None:
                raise
            self._connection.close()
            self._connection = self._connect()
            return None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def rows(self, table: str, columns: tuple[str, ...]) -> Iterator[Row]:
        """What can be read, in the order of the key."""
        reader = _Reader(self, table, columns, _key_of(self, table))
        yield from reader.rows()
        if reader.is_torn:
            self.torn.add(table)


def carry_over(old: DamagedFile, tx: Connection, *, besides: frozenset[str]) -> int:
    """Copy every table that `old` and the fresh ledger share, but for `besides`; rows copied."""
    found = tx.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    tables = {row[0] for row in found if not row[0].startswith("sqlite_")}
    return sum(_copy(old, tx, table) for table in sorted(tables - NOT_CARRIED - besides))


def _copy(old: DamagedFile, tx: Connection, table: str) -> int:
    ours = tx.execute(f"PRAGMA table_info({table})").fetchall()
    columns = tuple(row[1] for row in ours if row[1] in old.columns(table))
    if not columns:
        return 0
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks(columns)})"  # noqa: S608  names of our own schema
    count = 0
    for row in old.rows(table, columns):
        tx.execute(insert, row)
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class _Key:
    """How a table is ordered. Places behind a damage are searched in the last column."""

    columns: tuple[str, ...]
    is_number: bool = False  # the last column; else it is text

    @property
    def last(self) -> int:
        return LAST_ROWID if self.is_number else ASCII**KEY_CHARS - 1

    def number(self, value: Any) -> int:
        """Where `value` stands among all keys there could be."""
        if self.is_number:
            return int(value)
        codes = [min(ord(char), ASCII - 1) for char in str(value)[:KEY_CHARS]]
        codes += [0] * (KEY_CHARS - len(codes))
        return sum(code * ASCII ** (KEY_CHARS - 1 - n) for n, code in enumerate(codes))

    def value(self, number: int) -> Any:
        """The inverse of `number`."""
        if self.is_number:
            return number
        digits = (number // ASCII ** (KEY_CHARS - 1 - n) % ASCII for n in range(KEY_CHARS))
        return "".join(map(chr, digits)).rstrip("\0")


def _key_of(file: DamagedFile, table: str) -> _Key:
    sql = "SELECT wr FROM pragma_table_list WHERE name = ?"
    is_without_rowid = (file.try_(sql, (table,)) or [(0,)])[0][0]
    if not is_without_rowid:
        return _Key(("rowid",), is_number=True)
    columns = file.try_(f"PRAGMA table_info({table})") or ()
    primary = sorted((row[5], row[1], row[2]) for row in columns if row[5])
    is_number = bool(primary) and primary[-1][2] == "INTEGER"
    return _Key(tuple(name for _, name, _ in primary), is_number)


class _Reader:
    """Reads one table from its start, and goes on behind each damage."""

    def __init__(self, file: DamagedFile, table: str, columns: tuple[str, ...], key: _Key) -> None:
        self._file = file
        self._key = key
        listed = ", ".join(key.columns)
        self._width = len(key.columns)
        self._select = f"SELECT {listed}, {', '.join(columns)} FROM {table}"  # noqa: S608  our own
        self._compared = f"({listed})" if self._width > 1 else listed
        self._marks = f"({marks(key.columns)})" if self._width > 1 else "?"
        self._order = ", ".join(f"{name} {{0}}" for name in key.columns)
        self.is_torn = False

    def rows(self) -> Iterator[Row]:
        last: Row | None = None
        for _ in range(GAPS):
            while page := self._page(last):
                yield from (row[self._width :] for row in page)
                last = page[-1][: self._width]
            if page is not None:
                return
            self.is_torn = True
            if last is None and self._width > 1:  # nobody knows where to search
                yield from self._from_the_end()
                return
            last = self._behind(last)
            if last is None:
                return

    def _page(self, last: Row | None, sign: str = ">") -> list[Row] | None:
        """The rows behind `last` (before it for "<"); None when not even one can be read."""
        limit = PAGE
        direction = "ASC" if sign == ">" else "DESC"
        while limit:
            page = self._try(self._where(sign, last) + self._by(direction, limit), last or ())
            if page is not None:
                return page
            limit //= 4
        return None

    def _behind(self, last: Row | None) -> Row | None:
        """The nearest key behind the damage from which reading works; None when there is none."""
        prefix = last[:-1] if last else ()
        start = self._key.number(last[-1]) if last else self._first()
        bad, step = start, 1
        while not self._is_readable(prefix, bad + step):
            bad, step = bad + step, step * 2
            if bad + step > self._key.last:
                return None
        good = bad + step
        while good - bad > 1:
            middle = (bad + good) // 2
            is_good = self._is_readable(prefix, middle)
            bad, good = (bad, middle) if is_good else (middle, good)
        return (*prefix, self._key.value(good))

    def _first(self) -> int:
        return -1 if self._key.is_number else 0

    def _is_readable(self, prefix: Row, number: int) -> bool:
        last = (*prefix, self._key.value(number))
        return self._try(self._where(">", last) + self._by("ASC", 1), last) is not None

    def _from_the_end(self) -> Iterator[Row]:
        found: list[Row] = []
        first: Row | None = None
        while len(found) < FROM_THE_END and (page := self._page(first, "<")):
            found += page
            first = page[-1][: self._width]
        yield from (row[self._width :] for row in reversed(found))

    def _where(self, sign: str, bound: Row | None) -> str:
        return "" if bound is None else f" WHERE {self._compared} {sign} {self._marks}"

    def _by(self, direction: str, limit: int) -> str:
        return f" ORDER BY {self._order.format(direction)} LIMIT {limit}"

    def _try(self, rest: str, params: Parameters) -> list[Row] | None:
        return self._file.try_(self._select + rest, params)
