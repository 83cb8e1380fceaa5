"""Import and export of opt-outs as CSV files. The steps of the state machine opt_outs call it."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.opt_out_files import (
    Chunk,
    InvalidRow,
    Row,
    format_invalid_rows,
    format_rows,
    parse_row,
    plan_chunks,
    read_rows,
)
from bandwidth_messaging.domain.opt_outs import ALL_NUMBERS, OptOutSource
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.services.parallel import for_each
from bandwidth_messaging.store.files import FileUnreadable

if TYPE_CHECKING:
    from bandwidth_messaging.store.dynamodb import Item
    from bandwidth_messaging.store.files import Files
    from bandwidth_messaging.store.number_store import Numbers
    from bandwidth_messaging.store.opt_out_store import OptOuts

_PAGE_SIZE: Final = 1_000
_ROWS_PER_FILE: Final = 100_000
_MAX_INVALID_SHOWN: Final = 100_000
# A chunk of 5,000 rows then is 250,000 writes, in about eight of the function's fifteen minutes.
_MAX_NUMBERS_PER_ROW: Final = 50


class Imported(NamedTuple):
    """The result of a chunk: rows, recorded opt-outs, opt-outs that changed nothing, and invalid rows.

    `invalid_key` is the object with the invalid rows.
    """

    rows: int
    recorded: int
    unchanged: int
    invalid: int
    invalid_key: str | None


@dataclass(frozen=True)
class OptOutTransfer:
    """Imports and exports opt-outs. `stack_wide` is whether OptOutScope is `stack`."""

    files: "Files"
    opt_outs: "OptOuts"
    numbers: "Callable[[], Numbers]"
    stack_wide: bool

    def plan(self, key: str) -> tuple[str, list[Chunk]]:
        """Return the tag of a file's content, and its chunks. Raises InvalidInput for an unusable file."""
        try:
            file = self.files.open(key)
        except FileUnreadable:
            raise _unreadable(key) from None
        return file.etag, plan_chunks(file.lines)

    def import_chunk(self, key: str, chunk: Chunk, *, etag: str, at: str, name: str) -> Imported:
        """Record the opt-outs of a chunk. A second import changes nothing.

        A repeated attempt has the same result, because each statement names the row that it is from.

        `at` is the start of the import, and `name` its name. Raises InvalidInput if the file has changed.
        """
        try:
            content = self.files.read(key, etag=etag, start=chunk.start, end=chunk.end)
        except FileUnreadable:
            raise _unreadable(key) from None
        parsed = [parse_row(row, values, at=at) for row, values in read_rows(content, chunk.first_row)]
        rows = [row for row in parsed if isinstance(row, Row)]
        problems = [problem for row in parsed if not isinstance(row, Row) for problem in row]
        valid, unknown = self._known_numbers(rows)
        problems += unknown
        recorded: list[bool] = []
        for_each([*self._expand(valid)], lambda row: recorded.append(self._record(row, name)))
        invalid = len({problem.row for problem in problems})
        invalid_key = f"results/{name}/{chunk.first_row:08}.csv" if problems else None
        if invalid_key:
            self.files.put(invalid_key, format_invalid_rows(sorted(problems)))
        return Imported(len(parsed), sum(recorded), len(recorded) - sum(recorded), invalid, invalid_key)

    def collect_invalid(self, keys: list[str], *, name: str) -> str | None:
        """Write the invalid rows of all chunks to one file, at most the first 100,000. Return its key."""
        if not keys:
            return None
        key = f"results/{name}.csv"
        rows = chain.from_iterable(self._read_invalid(each) for each in keys)
        self.files.put(key, format_invalid_rows(islice(rows, _MAX_INVALID_SHOWN)))
        return key

    def export(self, key: str) -> tuple[int, list[str]]:
        """Write all current opt-outs to files of 100,000 rows. Return the number of rows, and the keys."""
        items = self._read_all()
        rows, keys = 0, list[str]()
        while (part := list(islice(items, _ROWS_PER_FILE))) or not keys:
            stem = key.removesuffix(".csv")
            name = key if not keys else f"{stem}-{len(keys) + 1:03}{key[len(stem) :]}"
            self.files.put(name, format_rows(part))
            keys.append(name)
            rows += len(part)
        return rows, keys

    def _known_numbers(self, rows: list[Row]) -> tuple[list[Row], list[InvalidRow]]:
        """Return the rows whose number the stack has, and a problem for each of the others."""
        wanted = sorted({row.number for row in rows if row.number})
        known = {item["number"] for item in self.numbers().get_all(wanted)} if wanted else set[str]()
        problems = [
            InvalidRow(row.position, "number", row.number, "is not a number of this stack.")
            for row in rows
            if row.number and row.number not in known
        ]
        return [row for row in rows if row.number is None or row.number in known], problems

    def _expand(self, rows: list[Row]) -> Iterator[Row]:
        """Yield the statements to record: with the scope of one number, one for each active number."""
        active = [] if self.stack_wide or all(row.number for row in rows) else self._active_numbers()
        if len(active) > _MAX_NUMBERS_PER_ROW:
            detail = (
                f"is empty, and the stack has {len(active)} active numbers. Give the number, or use "
                "OptOutScope=stack."
            )
            raise InvalidInput([FieldProblem("number", detail)])
        for row in rows:
            if row.number:
                yield row
            elif self.stack_wide:
                yield row._replace(number=ALL_NUMBERS)
            else:
                yield from (row._replace(number=number) for number in active)

    def _active_numbers(self) -> list[str]:
        return [item["number"] for item in self.numbers().list_all_by_state(NumberState.ACTIVE)]

    def _record(self, row: Row, name: str) -> bool:
        """Record a statement. Return whether it is the stored one.

        A statement without a time may be older than the stored one, so it replaces none.
        """
        return self.opt_outs.record_patiently(
            row.number or ALL_NUMBERS,
            row.recipient,
            keyword=row.keyword,
            at=row.since,
            source=OptOutSource.IMPORT,
            note=row.note,
            imported_row=f"{name}/{row.position}",
            only_new=not row.has_time,
        )

    def _read_invalid(self, key: str) -> Iterator[list[str]]:
        lines = (line.decode() for line in self.files.read_lines(key))
        return islice(csv.reader(lines), 1, None)

    def _read_all(self) -> "Iterator[Item]":
        start: Item | None = None
        while True:
            page = self.opt_outs.list_all(limit=_PAGE_SIZE, start=start)
            yield from page.items
            if (start := page.next_key) is None:
                return


def _unreadable(key: str) -> InvalidInput:
    detail = f'"{key}" is missing from the bucket (output FilesBucketName), has changed, or cannot be read.'
    return InvalidInput([FieldProblem("key", detail)])
