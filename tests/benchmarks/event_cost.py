"""Print, as JSON, the CPU seconds of a callback through the handler and of its write alone.

test_receive_callback.py runs this script in a separate interpreter. botocore builds each request, and a
canned response replaces the network.
"""

import io
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse

from bandwidth_messaging.runtime import stores
from functions.messages import receive_callback

ROUNDS, CALLS = 40, 50
STORED = {"messageId": {"S": "1562"}, "state": {"S": "delivered"}, "rank": {"N": "5"}, "version": {"N": "3"}}


class _Raw(io.BytesIO):
    def stream(self, *_: Any) -> Any:
        yield self.read()


def _respond_with(body: Any) -> Callable[..., AWSResponse]:
    content = json.dumps(body).encode()
    headers = {"content-type": "application/x-amz-json-1.0"}
    return lambda request, **_: AWSResponse(request.url, 200, headers, _Raw(content))  # type: ignore[arg-type]


def main() -> None:
    """Measure each callback on stdin and its write, alternately."""
    client: Any = stores._dynamodb()
    client.meta.events.register("before-send.dynamodb.PutItem", _respond_with({}))
    client.meta.events.register("before-send.dynamodb.UpdateItem", _respond_with({"Attributes": STORED}))
    report = os.fdopen(os.dup(1), "w")
    sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - discards the log
    cost = {name: _compare(client, event) for name, event in json.load(sys.stdin).items()}
    json.dump(cost, report)
    report.close()


def _compare(client: Any, event: Any) -> dict[str, float]:
    writes: list[tuple[str, Any]] = []

    def record(params: Any, model: Any, **_: Any) -> None:
        writes.append((model.name, params))

    client.meta.events.register("provide-client-params.dynamodb", record)
    receive_callback.handler(event, None)  # type: ignore[arg-type]
    client.meta.events.unregister("provide-client-params.dynamodb", record)
    ((operation, request),) = writes
    write = {"PutItem": client.put_item, "UpdateItem": client.update_item}[operation]
    actions: dict[str, Callable[[], Any]] = {
        "write": lambda: write(**request),
        "handler": lambda: receive_callback.handler(event, None),  # type: ignore[arg-type]
    }
    rounds: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(ROUNDS):
        for name, action in actions.items():
            start = time.process_time()
            for _ in range(CALLS):
                action()
            rounds[name].append((time.process_time() - start) / CALLS)
    # The fastest round is the one that other work on the machine disturbed least.
    return {name: min(seconds) for name, seconds in rounds.items()}


if __name__ == "__main__":
    main()
