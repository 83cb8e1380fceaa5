"""Import and export of opt-outs as CSV files: the state machine opt_outs, its steps and their cost."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from bandwidth_messaging.domain import opt_out_files
from bandwidth_messaging.domain.numbers import Home
from bandwidth_messaging.runtime import settings as settings_module
from bandwidth_messaging.runtime import stores
from bandwidth_messaging.services.opt_out_transfer import OptOutTransfer
from bandwidth_messaging.store import opt_out_store
from tests.functions.conftest import Stack
from tests.in_process_machines import Ended, Machines, install_machines

OURS, OTHER_OURS, FOREIGN = "+19195551212", "+19195551215", "+19195551299"
THEIRS, OTHERS = "+19195551213", "+19195551214"
HOME = Home(api="v2", customer_order_id="order-1", site_id="743")
AT, LATER = "2026-02-03T04:05:06.000Z", "2026-02-03T04:05:07.000Z"
HEADER = "number,recipient,since,keyword,note"
KEY = "imports/opt-outs.csv"


@pytest.fixture
def machines(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Machines:
    for number in (OURS, OTHER_OURS):
        stores.numbers().activate(number, HOME, AT)
    return install_machines(monkeypatch)


@pytest.fixture
def upload(stack: Stack) -> Callable[..., None]:
    def put(*lines: str, key: str = KEY) -> None:
        stack.s3.put_object(Bucket="files", Key=key, Body="\r\n".join([*lines, ""]).encode())

    return put


@pytest.fixture
def download(stack: Stack) -> Callable[[str], list[list[str]]]:
    def get(key: str) -> list[list[str]]:
        content = stack.s3.get_object(Bucket="files", Key=key)["Body"].read().decode()
        return [*csv.reader(io.StringIO(content, newline=""))]

    return get


def run_import(machines: Machines, key: str = KEY) -> Any:
    ended = machines.run("opt_outs", {"action": "IMPORT", "key": key})
    assert (ended.status, ended.cause) == ("SUCCEEDED", None)
    return ended.output


def current() -> dict[tuple[str, str], Any]:
    items = stores.opt_outs().list_all(limit=1000).items
    return {(item["ours"], item["theirs"]): item for item in items}


def rows(count: int) -> list[str]:
    return [f"{OURS},+1919{2_000_000 + each}," for each in range(count)]


# Import


def test_an_import_records_every_row(machines: Machines, upload: Any) -> None:
    upload(
        HEADER,
        f"{OURS},{THEIRS},2026-02-03T05:05:06+01:00,stop,",
        f'(919) 555-1215,{OTHERS},,,"Called, and wrote\r\na letter"',
    )

    output = run_import(machines)

    assert output == {"rows": 2, "recorded": 2, "unchanged": 0, "invalid": 0, "invalidKey": None}
    first, second = current()[OURS, THEIRS], current()[OTHER_OURS, OTHERS]
    assert (first["since"], first["keyword"], first["source"]) == (AT, "stop", "import")
    assert (second["keyword"], second["note"]) == ("import", "Called, and wrote\r\na letter")
    assert second["since"] > AT


def test_a_second_import_changes_nothing(machines: Machines, upload: Any, stack: Stack) -> None:
    upload(HEADER, f"{OURS},{THEIRS},{AT},stop,")
    run_import(machines)
    before = stack.dynamodb.scan(TableName=stores.opt_outs()._table.name)["Items"]

    output = run_import(machines)

    assert (output["recorded"], output["unchanged"]) == (0, 1)
    assert stack.dynamodb.scan(TableName=stores.opt_outs()._table.name)["Items"] == before


def test_an_imported_opt_out_loses_against_a_later_start(machines: Machines, upload: Any) -> None:
    stores.opt_outs().record(OURS, THEIRS, opted_out=False, keyword="start", at=LATER)
    upload(HEADER, f"{OURS},{THEIRS},{AT},stop,")

    assert run_import(machines)["unchanged"] == 1
    assert current() == {}


@pytest.mark.parametrize(
    ("opted_out", "word", "current_keywords"), [(False, "start", []), (True, "stop", ["stop"])]
)
def test_a_row_without_a_time_replaces_no_stored_statement(
    opted_out: bool, word: str, current_keywords: list[str], machines: Machines, upload: Any
) -> None:
    stores.opt_outs().record(OURS, THEIRS, opted_out=opted_out, keyword=word, at=AT)
    upload(HEADER, f"{OURS},{THEIRS},,,")

    output = run_import(machines)

    assert (output["recorded"], output["unchanged"]) == (0, 1)
    assert [item["keyword"] for item in current().values()] == current_keywords


def test_a_file_may_start_with_a_byte_order_mark(machines: Machines, upload: Any) -> None:
    quoted = ",".join(f'"{name}"' for name in HEADER.split(","))
    upload(f"\ufeff{quoted}", f"{OURS},{THEIRS},{AT},,")

    assert run_import(machines)["recorded"] == 1


def test_a_row_without_a_number_counts_for_every_active_number(machines: Machines, upload: Any) -> None:
    stores.numbers().expect(FOREIGN, HOME, AT)
    upload(HEADER, f",{THEIRS},{AT},,")

    assert run_import(machines)["recorded"] == 2
    assert current().keys() == {(OURS, THEIRS), (OTHER_OURS, THEIRS)}


def test_a_row_without_a_number_needs_few_active_numbers(
    machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bandwidth_messaging.services.opt_out_transfer._MAX_NUMBERS_PER_ROW", 1)
    upload(HEADER, f",{THEIRS},{AT},,")

    ended = machines.run("opt_outs", {"action": "IMPORT", "key": KEY})

    assert (ended.error, current()) == ("InvalidInput", {})
    assert str(ended.cause).startswith("number: is empty, and the stack has 2 active numbers.")


@pytest.mark.parametrize("number", ["", OURS])
def test_with_the_scope_stack_a_row_counts_for_all_numbers(
    number: str, machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPT_OUT_SCOPE", "stack")
    settings_module.settings.cache_clear()
    stores.opt_outs.cache_clear()
    upload(HEADER, f"{number},{THEIRS},{AT},,")

    assert run_import(machines)["recorded"] == 1
    assert current().keys() == {("*", THEIRS)}


def test_invalid_rows_are_listed_in_a_file_and_the_others_are_recorded(
    machines: Machines, upload: Any, download: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_files, "ROWS_PER_CHUNK", 3)
    upload(
        HEADER,
        f"{OURS},{THEIRS},{AT},stop,",
        f"{OURS},12,yesterday,,",
        "",
        f"{FOREIGN},{THEIRS},{AT},,",
        f"{OURS},,2999-01-01T00:00:00Z,,",
        f"{OURS},{OTHERS},2999-01-01T00:00:00Z,,",
        f"{OURS},{OTHERS}",
        f"{OURS},{OTHERS},{AT},,",
    )

    output = run_import(machines)

    assert (output["rows"], output["recorded"], output["invalid"]) == (7, 2, 5)
    header, *invalid = download(output["invalidKey"])
    assert header == ["row", "field", "value", "problem"]
    assert [row[:3] for row in invalid] == [
        ["3", "recipient", "12"],
        ["3", "since", "yesterday"],
        ["5", "number", FOREIGN],
        ["6", "recipient", ""],
        ["7", "since", "2999-01-01T00:00:00Z"],
        ["8", "row", f"{OURS},{OTHERS}"],
    ]
    assert invalid[1][3] == '"yesterday" is not a time. Use RFC 3339 (2026-01-31T12:00:00Z).'


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_chunks_end_between_rows_also_if_a_note_has_line_breaks(
    ending: str, machines: Machines, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opt_out_files, "ROWS_PER_CHUNK", 2)
    lines = [f'{row},,"é{ending}{number}"' for number, row in enumerate(rows(7))]
    content = "\ufeff" + ending.join([HEADER, *lines])
    stack.s3.put_object(Bucket="files", Key=KEY, Body=content.encode())

    assert run_import(machines)["recorded"] == 7
    assert {item["note"] for item in current().values()} == {f"é{ending}{each}" for each in range(7)}


def test_a_file_with_only_a_header_has_no_rows(machines: Machines, upload: Any) -> None:
    upload(HEADER)

    assert run_import(machines)["rows"] == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"phone,date\r\n", f"key: the first row must be {HEADER}. It has 2 other columns."),
        (b"", f"key: the first row must be {HEADER}. It has 0 other columns."),
        (f"{HEADER}\r\n".encode() + b"\xff\r\n", "key: row 2 is not UTF-8."),
        (f'{HEADER}\r\n"a"b,\r\n'.encode(), "key: row 2 is not CSV:"),
        (None, f'key: "{KEY}" is missing from the bucket'),
    ],
)
def test_a_file_that_cannot_be_imported_fails_with_the_reason(
    content: bytes | None, problem: str, machines: Machines, stack: Stack
) -> None:
    if content is not None:
        stack.s3.put_object(Bucket="files", Key=KEY, Body=content)

    ended = machines.run("opt_outs", {"action": "IMPORT", "key": KEY})

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert ended.cause is not None
    assert ended.cause.startswith(problem)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"action": "DELETE", "key": KEY}, "action"), ({"action": "IMPORT"}, "key"), ([], "input")],
)
def test_an_invalid_input_fails_with_the_field(given: Any, field: str, machines: Machines) -> None:
    ended = machines.run("opt_outs", given)

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert ended.cause is not None
    assert ended.cause.startswith(f"{field}: ")


def test_a_file_that_changes_during_the_import_fails_it(
    machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(HEADER, *[f"{row},," for row in rows(2)])
    plan = opt_out_files.plan_chunks

    def plan_and_change(lines: Any) -> Any:
        chunks = plan(lines)
        upload(HEADER, *[f"{row},changed," for row in rows(2)])
        return chunks

    monkeypatch.setattr("bandwidth_messaging.services.opt_out_transfer.plan_chunks", plan_and_change)

    ended = machines.run("opt_outs", {"action": "IMPORT", "key": KEY})

    assert (ended.status, ended.error) == ("FAILED", "InvalidInput")
    assert "has changed" in str(ended.cause)
    assert current() == {}


def test_a_throttled_write_is_repeated(
    machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(opt_out_store, "sleep", pauses.append)
    opt_outs, throttled = stores.opt_outs(), [True] * 3
    record = opt_outs.record

    def record_or_throttle(*arguments: Any, **fields: Any) -> Any:
        if throttled:
            throttled.pop()
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
        return record(*arguments, **fields)

    monkeypatch.setattr(opt_outs, "record", record_or_throttle)
    upload(HEADER, f"{OURS},{THEIRS},{AT},,")

    assert run_import(machines)["recorded"] == 1
    assert len(pauses) == 3


def test_a_write_whose_response_is_lost_counts_once(
    machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opt_outs, lost = stores.opt_outs(), [True]
    record = opt_outs.record

    def record_and_lose_the_first_response(*arguments: Any, **fields: Any) -> Any:
        attempt = record(*arguments, **fields)
        if lost:
            lost.pop()
            # botocore repeats a request without a response.
            return record(*arguments, **fields)
        return attempt

    monkeypatch.setattr(opt_outs, "record", record_and_lose_the_first_response)
    upload(HEADER, f"{OURS},{THEIRS},{AT},,", f"{OURS},{OTHERS},,,")

    output = run_import(machines)

    assert (output["recorded"], output["unchanged"]) == (2, 0)


def test_a_repeated_attempt_of_a_chunk_has_the_same_result(
    machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_chunk = OptOutTransfer.import_chunk

    def import_twice(*arguments: Any, **fields: Any) -> Any:
        import_chunk(*arguments, **fields)
        return import_chunk(*arguments, **fields)

    monkeypatch.setattr(OptOutTransfer, "import_chunk", import_twice)
    upload(HEADER, f"{OURS},{THEIRS},{AT},,", f"{OURS},{THEIRS},{AT},,", f"{OURS},{OTHERS},,,")

    output = run_import(machines)

    assert (output["recorded"], output["unchanged"]) == (2, 1)


# Export


def run_export(machines: Machines, key: str = "exports/all.csv") -> Any:
    ended: Ended = machines.run("opt_outs", {"action": "EXPORT", "key": key})
    assert (ended.status, ended.cause) == ("SUCCEEDED", None)
    return ended.output


def test_an_export_writes_the_current_opt_outs(machines: Machines, upload: Any, download: Any) -> None:
    upload(HEADER, f'{OURS},{THEIRS},{AT},stop,"a, note"', f"{OURS},{OTHERS},{AT},stop,")
    run_import(machines)
    stores.opt_outs().record(OURS, OTHERS, opted_out=False, keyword="start", at=LATER)

    assert run_export(machines) == {"rows": 1, "keys": ["exports/all.csv"]}
    assert download("exports/all.csv") == [HEADER.split(","), [OURS, THEIRS, AT, "stop", "a, note"]]


def test_an_export_leaves_out_what_an_opt_in_to_all_numbers_has_ended(
    machines: Machines, download: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores.opt_outs().record(OURS, THEIRS, opted_out=True, keyword="stop", at=AT)
    monkeypatch.setenv("OPT_OUT_SCOPE", "stack")
    settings_module.settings.cache_clear()
    stores.opt_outs.cache_clear()
    stores.opt_outs().record(OURS, THEIRS, opted_out=False, keyword="start", at=LATER)

    assert run_export(machines)["rows"] == 0
    assert download("exports/all.csv") == [HEADER.split(",")]


def test_the_import_of_an_export_changes_nothing(machines: Machines, upload: Any) -> None:
    upload(HEADER, *[f"{row},," for row in rows(3)])
    run_import(machines)
    run_export(machines)

    output = run_import(machines, "exports/all.csv")

    assert (output["rows"], output["unchanged"], output["invalid"]) == (3, 3, 0)


def test_an_export_of_nothing_has_a_header(machines: Machines, download: Any) -> None:
    assert run_export(machines)["rows"] == 0
    assert download("exports/all.csv") == [HEADER.split(",")]


def test_a_large_export_has_several_files(
    machines: Machines, upload: Any, download: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bandwidth_messaging.services.opt_out_transfer._ROWS_PER_FILE", 2)
    upload(HEADER, *[f"{row},," for row in rows(5)])
    run_import(machines)

    output = run_export(machines)

    assert output == {
        "rows": 5,
        "keys": ["exports/all.csv", "exports/all-002.csv", "exports/all-003.csv"],
    }
    assert [len(download(key)) for key in output["keys"]] == [3, 3, 2]


# Cost

# us-east-1, on demand: a million write units, and a million events on a bus of its own.
WRITE_DOLLARS, EVENT_DOLLARS = 0.625, 1.0


def test_the_calls_of_1000_rows(
    machines: Machines, upload: Any, monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    """An opt-out up to 1 KB is a write of the table and a write of the index. A rejected write is one."""
    calls: Counter[str] = Counter()
    make_api_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def count(client: Any, operation: str, parameters: Any) -> Any:
        calls[operation] += 1
        return make_api_call(client, operation, parameters)

    upload(HEADER, *[f"{row},," for row in rows(1000)])
    monkeypatch.setattr(BaseClient, "_make_api_call", count)

    assert run_import(machines)["recorded"] == 1000

    assert calls == {"GetObject": 2, "BatchGetItem": 1, "UpdateItem": 1000}
    new = (2 * calls["UpdateItem"] * WRITE_DOLLARS + 1000 * EVENT_DOLLARS) / 1_000_000
    repeated = calls["UpdateItem"] * WRITE_DOLLARS / 1_000_000
    record_property(
        "1,000 rows of opt-outs imported", f"{dict(calls)}, ${new:.5f} new, ${repeated:.6f} repeated"
    )
