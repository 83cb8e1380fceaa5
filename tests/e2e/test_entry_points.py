"""The ways to start a set-up: POST /setups, the SAM CLI and the demo. Also the public API page."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from local import demo
from local.stack import Stack
from tests.generations import both_generations
from tests.machines import get, wait_until
from tests.openapi import openapi_document, schema_errors

ROOT = Path(__file__).parents[2]


@both_generations
def test_a_set_up_started_through_the_api_can_be_followed_to_its_end(cloud: Stack) -> None:
    body, key = {"areaCode": "704", "quantity": 1}, {"Idempotency-Key": uuid.uuid4().hex}

    response = cloud.call("POST", "/setups/messaging-v2", body, key)

    assert response.status_code == 202, response.text
    path = f"/orders/{response.json()['customerOrderId']}"
    order: dict[str, Any] = {}

    def has_ended() -> bool:
        order.update(get(cloud, path))
        # The last step completes the order first, and then records its own end.
        return order["state"] in {"completed", "failed"} and all(
            step["state"] != "running" for step in order["steps"]
        )

    wait_until(has_ended, lambda: str(order))
    assert (order["state"], order["completed"]) == ("completed", 1)
    assert order["steps"][0]["name"] == "Check Account"
    assert all(step["state"] == "succeeded" for step in order["steps"])

    again = cloud.call("POST", "/setups/messaging-v2", body, key)

    assert (again.status_code, again.json()) == (202, response.json())


def test_an_invalid_input_is_rejected_by_the_endpoint(cloud: Stack) -> None:
    response = cloud.call("POST", "/setups/messaging-v2", {"areaCode": "91", "quantity": 0, "colour": "red"})
    assert response.status_code == 422
    assert {error["field"] for error in response.json()["errors"]} == {"areaCode", "quantity", "colour"}


def test_path_parameters_are_decoded_once(cloud: Stack) -> None:
    """The emulator passes percent-encoded paths, as AWS does. If it decoded them, the second returned 404."""
    assert cloud.call("GET", "/orders/no%20such%20order").status_code == 404
    assert cloud.call("GET", "/orders/no%2520such%2520order").status_code == 422


def test_the_api_description_page_is_public(cloud: Stack) -> None:
    page = requests.get(cloud.api_page, timeout=30)

    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "/messages/{messageId}" in page.text

    document = requests.get(urljoin(cloud.api_page, "openapi.json"), timeout=30)

    servers = [{"url": cloud.control_api, "description": "This stack"}]
    assert document.json() == openapi_document() | {"servers": servers}


@pytest.mark.parametrize("path", ["/numbers", "/nowhere"])
def test_a_request_without_a_signature_is_a_problem_of_api_gateway(cloud: Stack, path: str) -> None:
    response = requests.get(f"{cloud.control_api}{path}", timeout=30)

    assert response.status_code == 403
    assert response.headers["Content-Type"] == "application/problem+json"
    assert schema_errors({"$ref": "#/components/schemas/Problem"}, response.json()) == []
    assert response.json()["code"] == "missing_signature"
    assert response.json()["requestId"] == response.headers["x-amzn-RequestId"]


def test_sam_remote_invoke_runs_the_machine_with_the_sample_event(cloud: Stack) -> None:
    name = f"remote-invoke-{uuid.uuid4().hex[:8]}"

    process = subprocess.run(
        [
            str(Path(sys.executable).with_name("sam")),
            "remote", "invoke", "MessagingV2",
            "--stack-name", cloud.stack_name,
            "--parameter", f"name={name}",
            "--event-file", "events/executions/messaging_v2.json",
            "--region", cloud.region,
        ],
        cwd=ROOT,
        env=os.environ
        | {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": cloud.access_key_id,
            "AWS_SECRET_ACCESS_KEY": cloud.secret_access_key,
            "SAM_CLI_TELEMETRY": "0",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip

    assert process.returncode == 0, process.stderr
    output = json.loads(process.stdout[process.stdout.index("{") :])
    assert (output["customerOrderId"], output["state"]) == (name, "completed")
    for number in output["numbers"]:
        assert get(cloud, f"/numbers/{number}")["state"] == "active"


@both_generations
def test_the_demo_runs_to_completion(cloud: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    demo.run(cloud)
    output = capsys.readouterr().out
    for line in (
        "> Create application",
        "> Numbers Ready",
        "delivered",
        "<- received",
        "> Plan Only",
        "> Release Done",
        "Try next",
    ):
        assert line in output
