"""The client and its command line against the ControlApi of the local cloud."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from client import Problem
from local.stack import Stack
from tests.generations import both_generations
from tests.machines import wait_until

pytestmark = both_generations

ROOT = Path(__file__).parents[2]
RECIPIENT = "+19195551236"


def test_the_client_sends_filters_and_reads_pages(cloud: Stack, owner_number: str) -> None:
    client, tag = cloud.api(), uuid.uuid4().hex
    texts = {"from": owner_number, "to": RECIPIENT, "tag": tag}
    sent = {client.call("sendMessage", texts | {"text": text})["messageId"] for text in ("one", "two")}
    delivered = {"number": owner_number, "tag": tag, "state": "delivered", "limit": 1}

    wait_until(lambda: {item["messageId"] for item in client.items("listMessages", delivered)} == sent)

    assert list(client.items("listMessages", delivered | {"direction": "in"})) == []


def test_a_repeated_request_sends_once(cloud: Stack, owner_number: str) -> None:
    message = {
        "from": owner_number,
        "to": RECIPIENT,
        "text": "once",
        "idempotency-key": uuid.uuid4().hex,
    }

    first, second = (cloud.api().call("sendMessage", message)["messageId"] for _ in range(2))

    assert first == second


def test_a_text_to_a_recipient_who_opted_out_is_a_problem(cloud: Stack, owner_number: str) -> None:
    client, recipient = cloud.api(), "+19195551237"
    pair = {"number": owner_number, "recipient": recipient}
    client.call("recordOptOut", pair | {"note": "by phone"})

    with pytest.raises(Problem) as raised:
        client.call("sendMessage", {"from": owner_number, "to": recipient, "text": "Hello"})

    assert (raised.value.status, raised.value.code) == (409, "opted_out")
    assert raised.value.request_id
    assert client.call("endOptOut", pair)["state"] == "in"


def test_the_command_line_sends_a_text(cloud: Stack, owner_number: str) -> None:
    environment = os.environ | {
        "BANDWIDTH_MESSAGING_URL": cloud.control_api,
        "AWS_ACCESS_KEY_ID": cloud.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
        "AWS_DEFAULT_REGION": cloud.region,
        "NO_PROXY": "127.0.0.1",
    }

    process = subprocess.run(
        [
            sys.executable, "-m", "client.command", "--region", cloud.region,
            "send", "--from", owner_number, "--to", RECIPIENT, "--text", "From the command line",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip

    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["state"] == "accepted"
