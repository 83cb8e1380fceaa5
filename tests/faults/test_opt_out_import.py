"""An operator imports many opt-outs, some of them invalid, and imports the file again."""

import os
import time
from collections.abc import Callable

import pytest

from local.stack import Stack
from tests import machines
from tests.machines import TEXT, start, unique, wait_for_end
from tests.workflows.test_opt_outs import HEADER, order_owner_number

ROWS = int(os.environ.get("OPT_OUT_ROWS", "1000"))
INVALID_EVERY = 100


def test_a_large_import_is_complete_and_repeatable(
    cloud: Stack, record_property: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "WAIT_TIMEOUT_SECONDS", max(machines.WAIT_TIMEOUT_SECONDS, ROWS // 20))
    owner = order_owner_number(cloud)
    key = f"imports/{unique('many')}.csv"
    numbers = [f"+1{9_192_000_000 + each}" if each % INVALID_EVERY else "12" for each in range(ROWS)]
    lines = [HEADER, *[f"{owner},{number},2026-02-03T04:05:06.000Z,stop," for number in numbers], ""]
    cloud.client("s3").put_object(Bucket=cloud.files_bucket, Key=key, Body="\n".join(lines).encode())
    invalid = numbers.count("12")
    seconds = []

    for recorded in (ROWS - invalid, 0):
        began = time.monotonic()
        execution = wait_for_end(cloud, start(cloud, "opt_outs", {"action": "IMPORT", "key": key}))
        seconds.append(time.monotonic() - began)
        assert execution.output is not None, execution.cause
        output = execution.output
        assert (output["rows"], output["recorded"]) == (ROWS, recorded)
        assert (output["unchanged"], output["invalid"]) == (ROWS - invalid - recorded, invalid)

    record_property(
        f"{ROWS:,} opt-outs imported", f"{seconds[0]:.0f} s, once more {seconds[1]:.0f} s, {invalid} invalid"
    )
    # The emulator cannot list 100,000 of them in time: it sorts them all for each page.
    for recipient in (numbers[1], numbers[-1]):
        response = cloud.call("POST", "/messages", {"from": owner, "to": recipient, "text": TEXT})
        assert response.status_code == 409, response.text
