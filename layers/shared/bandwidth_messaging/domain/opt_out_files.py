"""CSV files of opt-outs: their rows, and the chunks in which the state machine opt_outs imports them."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, Field

from bandwidth_messaging.domain.opt_outs import ALL_NUMBERS
from bandwidth_messaging.domain.problems import FieldProblem, InvalidInput
from bandwidth_messaging.domain.times import to_rfc3339
from bandwidth_messaging.domain.transfers import MAX_KEY_CHARACTERS, TransferAction
from bandwidth_messaging.domain.validation import CamelModel, NormalizedText, PhoneNumber, Text, parse

COLUMNS: Final = ("number", "recipient", "since", "keyword", "note")
MAX_ROWS: Final = 2_000_000
ROWS_PER_CHUNK: Final = 5_000
# A function holds a chunk in memory.
_BYTES_PER_CHUNK: Final = 4_000_000
# An execution has at most 25,000 events. A chunk takes seven.
_MAX_CHUNKS: Final = 1_000
_IMPORT_KEYWORD: Final = "import"


class Transfer(CamelModel):
    """The input of the state machine opt_outs. `key` is the object to read, or the one to write."""

    action: TransferAction
    key: NormalizedText = Field(max_length=MAX_KEY_CHARACTERS)


class Chunk(CamelModel):
    """Some rows of a file: the bytes from `start` to before `end`. The header is row 1."""

    first_row: int
    start: int
    end: int


class Row(NamedTuple):
    """A valid row, and its number in the file. Without a number the opt-out is from all numbers.

    `has_time` is whether the row has a `since`. Otherwise `since` is the start of the import.
    """

    position: int
    number: str | None
    recipient: str
    since: str
    keyword: str
    note: str | None
    has_time: bool


class InvalidRow(NamedTuple):
    """A field of a row that is invalid, and why."""

    row: int
    field: str
    value: str
    problem: str


def plan_chunks(lines: Iterable[bytes]) -> list[Chunk]:
    """Divide a file, read line by line with line ends, into chunks of whole rows.

    Raises InvalidInput if the file is not CSV in UTF-8 with the header COLUMNS, or has too many rows.
    """
    position = 0

    def decode() -> Iterator[str]:
        nonlocal position
        for line in lines:
            # Excel starts a file with a byte order mark.
            encoding = "utf-8" if position else "utf-8-sig"
            position += len(line)
            yield line.decode(encoding)

    chunks: list[Chunk] = []
    row = 0
    try:
        rows = csv.reader(decode(), strict=True)
        _check_header(next(rows, []))
        row, first, start = 1, 2, position
        for row, _ in enumerate(rows, start=2):
            if row - first + 1 >= ROWS_PER_CHUNK or position - start >= _BYTES_PER_CHUNK:
                chunks.append(Chunk(first_row=first, start=start, end=position))
                first, start = row + 1, position
    except UnicodeDecodeError:
        raise _invalid_file(f"row {row + 1} is not UTF-8. Save the file as CSV in UTF-8.") from None
    except csv.Error as error:
        raise _invalid_file(f"row {row + 1} is not CSV: {error}.") from None
    if position > start:
        chunks.append(Chunk(first_row=first, start=start, end=position))
    if row - 1 > MAX_ROWS or len(chunks) > _MAX_CHUNKS:
        raise _invalid_file(f"the file has {row - 1:,} rows or is too large. Divide the file.")
    return chunks


def read_rows(content: bytes, first_row: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a chunk with their numbers. Empty lines are skipped."""
    for row, values in enumerate(csv.reader(io.StringIO(content.decode(), newline="")), start=first_row):
        if values:
            yield row, values


def parse_row(row: int, values: list[str], *, at: str) -> Row | list[InvalidRow]:
    """Return a valid row, or its problems. `at` (RFC 3339) replaces a missing `since`, and is the latest."""
    if len(values) != len(COLUMNS):
        problem = f"has {len(values)} columns. The columns are {','.join(COLUMNS)}."
        return [InvalidRow(row, "row", ",".join(values), problem)]
    given = dict(zip(COLUMNS, (value.strip() for value in values), strict=True))
    try:
        fields = parse(_Fields, {name: value or None for name, value in given.items()})
    except InvalidInput as error:
        return [
            InvalidRow(row, problem.field, given[problem.field], problem.detail) for problem in error.problems
        ]
    if fields.since and fields.since > at:
        return [InvalidRow(row, "since", given["since"], "is after the start of the import.")]
    return Row(
        position=row,
        number=fields.number,
        recipient=fields.recipient,
        since=fields.since or at,
        keyword=fields.keyword or _IMPORT_KEYWORD,
        note=fields.note,
        has_time=fields.since is not None,
    )


def format_rows(items: Iterable[Mapping[str, Any]]) -> bytes:
    """Return opt-outs as a file that can be imported again."""
    return _format(
        COLUMNS,
        (
            (
                "" if item["ours"] == ALL_NUMBERS else item["ours"],
                item["theirs"],
                item["since"],
                item["keyword"],
                item.get("note", ""),
            )
            for item in items
        ),
    )


def format_invalid_rows(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return the result file of an import: a line for each invalid field."""
    return _format(InvalidRow._fields, rows)


def _format(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()


def _check_header(header: list[str]) -> None:
    if tuple(name.strip().lower() for name in header) != COLUMNS:
        # The row can be one of people's numbers, which errors do not show.
        raise _invalid_file(f"the first row must be {','.join(COLUMNS)}. It has {len(header)} other columns.")


def _invalid_file(detail: str) -> InvalidInput:
    return InvalidInput([FieldProblem("key", detail)])


def _parse_time(written: str) -> str:
    try:
        return to_rfc3339(written)
    except (ValueError, OverflowError):
        message = f'"{written[:40]}" is not a time. Use RFC 3339 (2026-01-31T12:00:00Z).'
        raise ValueError(message) from None


class _Fields(CamelModel):
    number: PhoneNumber | None = None
    recipient: PhoneNumber
    since: Annotated[str, AfterValidator(_parse_time)] | None = None
    keyword: Annotated[NormalizedText, Field(max_length=100)] | None = None
    note: Annotated[Text, Field(max_length=1000)] | None = None
