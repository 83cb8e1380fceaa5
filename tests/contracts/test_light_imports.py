"""Libraries that a function loads in Lambda's init phase and when the wiring builds its service."""

import json
import os
import subprocess
import sys
from dataclasses import MISSING, fields

import pytest

from bandwidth_messaging.runtime.settings import Settings
from tests.template import ROOT

HEAVY = ("lxml", "phonenumbers", "pydantic", "requests")
# The function that stores callbacks loads none of these, so that it starts as fast as a client of botocore.
NOT_FOR_CALLBACKS = ("aws_lambda_powertools", "boto3", "s3transfer")


SETTINGS = {"AWS_DEFAULT_REGION": "us-east-1"} | {
    field.name.upper(): "90" for field in fields(Settings) if field.default is MISSING
}
# Room, handler, the builder of its service, and the heavy libraries that both may load.
SERVICES = [
    ("messages", "receive_callback", "callback_intake", set[str]()),
    ("messages", "authorize_callback", "callback_authorization", set[str]()),
    ("messages", "publish_events", "event_publishing", set[str]()),
    ("messages", "send_keyword_reply", "keyword_replies", set[str]()),
    ("messages", "send_message", "message_acceptance", {"pydantic"}),
    ("messages", "deliver_message", "message_delivery", set[str]()),
    ("messages", "send_webhook", "webhook_delivery", set[str]()),
    ("setups", "receive_notification", "notifications", {"lxml", "requests"}),
]


def run(room: str, code: str) -> str:
    """Run the code in a fresh interpreter with Lambda's import paths and return what it prints."""
    path = os.pathsep.join(str(ROOT / folder) for folder in ("layers/shared", f"functions/{room}"))
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env={**SETTINGS, "PYTHONPATH": path, "PATH": os.environ.get("PATH", os.defpath)},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return finished.stdout.strip()


def loaded_by(room: str, code: str, libraries: tuple[str, ...] = HEAVY) -> set[str]:
    """Return the libraries, of those given, that a fresh interpreter loads when it runs the code."""
    modules = run(room, f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))")
    return set(json.loads(modules)) & set(libraries)


@pytest.mark.parametrize(("room", "name", "builder", "allowed"), SERVICES)
def test_a_handler_and_its_service_load_only_these_libraries(
    room: str, name: str, builder: str, allowed: set[str]
) -> None:
    code = f"import {name}; from bandwidth_messaging.runtime import wiring; wiring.{builder}()"

    assert loaded_by(room, code) <= allowed


@pytest.mark.parametrize(("room", "name", "builder"), [service[:3] for service in SERVICES])
def test_lambda_loads_the_service_of_a_handler_in_its_init_phase(room: str, name: str, builder: str) -> None:
    code = f"""
import {name}, sys
from bandwidth_messaging.runtime import wiring
loaded_in_init = set(sys.modules)
print(type(wiring.{builder}()).__module__ in loaded_in_init)
"""
    assert run(room, code) == "True"


def test_the_models_of_rcs_are_loaded_for_a_message_with_rcs_only() -> None:
    assert loaded_by("messages", "import send_message", ("bandwidth_messaging.domain.rcs",)) == set()


@pytest.mark.parametrize(
    "name", ["receive_callback", "authorize_callback", "publish_events", "send_keyword_reply"]
)
def test_a_function_that_bandwidth_or_a_stream_waits_for_loads_no_heavy_library(name: str) -> None:
    assert loaded_by("messages", f"import {name}") == set()


def test_authorizing_and_storing_a_callback_loads_no_heavy_library() -> None:
    code = """
import authorize_callback, receive_callback
from aws_lambda_powertools.utilities import parameters
from bandwidth_messaging.bandwidth import callbacks, credentials
from bandwidth_messaging.store import message_store, queues, receipts, schedule
"""
    assert loaded_by("messages", code) == set()


def test_storing_a_callback_loads_no_library_but_botocore() -> None:
    stores = "message_store, queues, receipts, schedule"
    code = f"import receive_callback; from bandwidth_messaging.store import {stores}"
    assert loaded_by("messages", code, HEAVY + NOT_FOR_CALLBACKS) == set()


def test_accepting_a_message_loads_no_client_of_bandwidth() -> None:
    assert loaded_by("messages", "import send_message") <= {"pydantic"}


def test_sending_a_message_loads_no_xml() -> None:
    code = "import deliver_message; from bandwidth_messaging.bandwidth import catapult, messaging"
    assert loaded_by("messages", code) <= {"requests"}


def test_sending_a_webhook_loads_only_requests() -> None:
    code = "import send_webhook; from bandwidth_messaging.network import webhook_client"
    assert loaded_by("messages", code) <= {"requests"}


def test_archiving_media_loads_only_requests() -> None:
    code = "import archive_media; from bandwidth_messaging.bandwidth import media_api"
    assert loaded_by("messages", code) <= {"requests"}


def test_a_stack_without_quiet_hours_loads_no_time_zones() -> None:
    code = """
import deliver_message, send_message
from bandwidth_messaging.runtime import wiring
wiring.message_acceptance(), wiring.message_delivery()
"""
    assert "bandwidth_messaging.domain.quiet_hours" not in run(
        "messages", f"{code}\nimport sys; print(sys.modules)"
    )


@pytest.mark.parametrize("name", ["create_application", "import_numbers", "release_numbers"])
def test_the_steps_of_catapult_load_no_xml(name: str) -> None:
    code = f"import {name}; from bandwidth_messaging.bandwidth import catapult"
    assert loaded_by("hosted_messaging", code) <= {"pydantic", "requests"}


@pytest.mark.parametrize(
    "name",
    [
        "browse",
        "change_pools",
        "describe",
        "manage_webhooks",
        "set_rate",
        "set_replies",
        "start_setup",
        "upload_media",
    ],
)
def test_the_functions_of_the_control_api_load_no_client_of_bandwidth(name: str) -> None:
    assert loaded_by("control", f"import {name}") <= {"pydantic"}


def test_verifying_a_number_loads_no_xml() -> None:
    code = "import verify_number; from bandwidth_messaging.bandwidth import registration_center"
    assert loaded_by("control", code) <= {"pydantic", "requests"}


def test_sending_a_message_loads_no_keyword_tables() -> None:
    used = "import deliver_message; from bandwidth_messaging.runtime import wiring; wiring.message_delivery()"

    assert loaded_by("messages", used, ("bandwidth_messaging.domain.keywords",)) == set()
