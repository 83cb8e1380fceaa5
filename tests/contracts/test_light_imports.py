"""What a function loads when Lambda starts it: the doors nothing heavy, and each only what it calls."""

import json
import os
import subprocess
import sys

import pytest

from tests.template import ROOT

HEAVY = ("lxml", "phonenumbers", "pydantic", "requests")
# What a callback is stored without, so that its function starts no later than boto3's bare client is there.
IDLE = ("aws_lambda_powertools", "boto3", "s3transfer")


def loaded_by(room: str, code: str, libraries: tuple[str, ...] = HEAVY) -> set[str]:
    """Return which of the libraries a fresh interpreter has loaded after it ran the code as Lambda would."""
    path = os.pathsep.join(str(ROOT / folder) for folder in ("layers/shared", f"functions/{room}"))
    told = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"],
        env={"PYTHONPATH": path, "PATH": os.environ.get("PATH", os.defpath)},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(json.loads(told.stdout)) & set(libraries)


@pytest.mark.parametrize("name", ["receive_callback", "authorize_callback", "publish_events"])
def test_what_bandwidth_and_the_streams_wait_for_loads_nothing_heavy(name: str) -> None:
    assert loaded_by("messages", f"import {name}") == set()


def test_checking_and_storing_a_callback_loads_nothing_heavy_either() -> None:
    used = """
import authorize_callback, receive_callback
from aws_lambda_powertools.utilities import parameters
from bandwidth_messaging.bandwidth import callbacks, credentials
from bandwidth_messaging.store import message_store, queues
"""
    assert loaded_by("messages", used) == set()


def test_storing_a_callback_loads_no_library_but_botocore() -> None:
    used = "import receive_callback; from bandwidth_messaging.store import message_store, queues"
    assert loaded_by("messages", used, HEAVY + IDLE) == set()


def test_accepting_a_message_loads_no_client_of_bandwidth() -> None:
    assert loaded_by("messages", "import send_message") <= {"pydantic"}


def test_sending_a_message_loads_no_xml() -> None:
    used = "import deliver_message; from bandwidth_messaging.bandwidth import catapult, messaging"
    assert loaded_by("messages", used) <= {"requests"}


def test_archiving_media_loads_what_fetches_them_and_no_more() -> None:
    used = "import archive_media; from bandwidth_messaging.bandwidth import media_api"
    assert loaded_by("messages", used) <= {"requests"}


@pytest.mark.parametrize("name", ["create_application", "import_numbers", "release_numbers"])
def test_the_steps_that_catapult_does_load_no_xml(name: str) -> None:
    used = f"import {name}; from bandwidth_messaging.bandwidth import catapult"
    assert loaded_by("hosted_messaging", used) <= {"pydantic", "requests"}


@pytest.mark.parametrize("name", ["browse", "describe", "start_setup"])
def test_the_doors_of_the_control_api_load_no_client_of_bandwidth(name: str) -> None:
    assert loaded_by("control", f"import {name}") <= {"pydantic"}
