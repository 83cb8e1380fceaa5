"""A client that openapi-python-client generates from docs/openapi.json, used as docs/api.md shows."""

import importlib
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.stack import Stack
from tests.generations import only_current
from tests.machines import wait_until

pytestmark = only_current

ROOT = Path(__file__).parents[2]
PACKAGE = "bandwidth_messaging_client"
RECIPIENT = "+19195551238"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the client and return the folder of its package."""
    folder = tmp_path_factory.mktemp("generated")
    command = [sys.executable, "-m", "openapi_python_client", "generate"]
    arguments = ["--path", str(ROOT / "docs" / "openapi.json"), "--fail-on-warning"]
    # The hooks after the generation only format the code.
    (folder / "config.yaml").write_text("post_hooks: []")
    process = subprocess.run(
        [*command, *arguments, "--config", "config.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return folder / "bandwidth-messaging-client"


@pytest.fixture
def example(
    generated: Path, cloud: Stack, owner_number: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Run the example of docs/api.md against the local cloud, and return its variables."""
    monkeypatch.syspath_prepend(str(generated))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cloud.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cloud.secret_access_key)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    (code,) = (
        block
        for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
        if PACKAGE in block
    )
    for ours, theirs in (
        ("https://….execute-api.us-east-1.amazonaws.com/live", cloud.control_api),
        ("us-east-1", cloud.region),
        ("+19195551212", owner_number),
        ("+19195551234", RECIPIENT),
        ("order-1234-shipped", uuid.uuid4().hex),
    ):
        assert ours in code
        code = code.replace(ours, theirs)
    variables: dict[str, Any] = {"__name__": "example"}
    exec(code, variables)  # noqa: S102 - the documentation's own code
    return variables


def load(name: str) -> Any:
    """Return a module of the generated package."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def test_the_documented_example_sends_a_text(example: dict[str, Any]) -> None:
    client, message = example["client"], example["message"]
    get_message, message_state = load("api.messages.get_message"), load("models").MessageState

    assert message.state == message_state.ACCEPTED

    def read() -> Any:
        return get_message.sync(message.message_id, client=client)

    wait_until(lambda: read().state == message_state.DELIVERED)


def test_lists_are_filtered_and_read_by_pages(example: dict[str, Any], owner_number: str) -> None:
    client, models, tag = example["client"], load("models"), uuid.uuid4().hex
    sent = set()
    for text in ("one", "two", "three"):
        body = models.NewMessage(from_=owner_number, to=RECIPIENT, text=text, tag=tag)
        sent.add(load("api.messages.send_message").sync(client=client, body=body).message_id)

    def list_delivered() -> list[Any]:
        pages, cursor = [], None
        while True:
            page = load("api.messages.list_messages").sync(
                client=client,
                number=owner_number,
                tag=tag,
                state=models.MessageState.DELIVERED,
                limit=1,
                cursor=cursor,
            )
            pages.append(page)
            cursor = page.cursor
            if cursor is None:
                return pages

    wait_until(lambda: {item.message_id for page in list_delivered() for item in page.items} == sent)

    assert all(len(page.items) <= 1 for page in list_delivered())


def test_a_409_is_a_typed_problem(example: dict[str, Any], owner_number: str) -> None:
    client, models, recipient = example["client"], load("models"), "+19195551239"
    load("api.opt_outs.record_opt_out").sync(
        owner_number, recipient, client=client, body=models.NewOptOut(note="by phone")
    )

    body = models.NewMessage(from_=owner_number, to=recipient, text="Hello")
    response = load("api.messages.send_message").sync_detailed(client=client, body=body)

    assert response.status_code == 409
    assert isinstance(response.parsed, models.Problem)
    assert response.parsed.code == "opted_out"
