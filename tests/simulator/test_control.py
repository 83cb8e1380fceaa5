"""The control API: faults, captured requests, account, reset and the command."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import requests

from simulator.account.config import AccountConfig
from tests.simulator.support import CONFIG, TIMEOUT, Client, Setup, new_location, order_body

CURRENT_FIELDS = ("client_id", "client_secret", "generation")
APPLICATION = (
    "<Application><AppName>Alerts</AppName><CallbackUrl>https://a.example</CallbackUrl></Application>"
)


class TestFaults:
    def test_an_answer_fault_responds_before_processing(self, dashboard: Client, control: Client) -> None:
        planned = {"status": 500, "headers": {"Content-Type": "application/xml"}, "body": "<Oops/>"}
        fault = control.post("/faults", json={"method": "POST", "path": "/applications$", "answer": planned})
        assert fault.status_code == 201

        response = dashboard.post("/applications", data=APPLICATION)

        assert (response.status_code, response.text) == (500, "<Oops/>")
        assert response.headers["Content-Type"] == "application/xml"
        assert control.get("/account").json()["applications"] == []
        assert dashboard.post("/applications", data=APPLICATION).status_code == 201

    def test_a_429_fault_of_the_dashboard_has_bandwidths_form(
        self, dashboard: Client, control: Client
    ) -> None:
        control.post("/faults", json={"path": "/orders", "answer": {"status": 429}})

        response = dashboard.get("/orders")
        assert (response.status_code, response.content) == (429, b"")
        assert response.headers["Connection"] == "close"
        assert 0 <= int(response.headers["X-RateLimit-Reset"]) - time.time() + 1 <= 3

    def test_a_429_fault_of_messaging_has_bandwidths_form(self, messaging: Client, control: Client) -> None:
        control.post("/faults", json={"path": "/messages", "answer": {"status": 429}})
        response = messaging.post("/messages", json={})
        assert (response.status_code, response.json()["type"]) == (429, "max-message-queue-size-exceeded")
        assert "Retry-After" not in response.headers

    def test_a_request_with_a_lost_response_is_processed(self, dashboard: Client, control: Client) -> None:
        control.post("/faults", json={"method": "POST", "path": "/applications", "lose_answer": True})
        with pytest.raises(requests.ConnectionError):
            dashboard.post("/applications", data=APPLICATION)
        [application] = control.get("/account").json()["applications"]

        assert application["name"] == "Alerts"

        [captured] = control.get("/requests").json()["requests"]
        assert captured["status"] is None

    def test_a_request_with_a_late_response_is_processed(self, dashboard: Client, control: Client) -> None:
        control.post("/faults", json={"method": "POST", "path": "/applications", "delay": 0.5})
        with pytest.raises(requests.ReadTimeout):
            dashboard.post("/applications", data=APPLICATION, timeout=0.2)
        assert len(control.get("/account").json()["applications"]) == 1

    def test_the_response_of_a_processed_request_can_be_replaced(
        self, dashboard: Client, control: Client
    ) -> None:
        wrong = {"status": 202, "headers": {"X-Wrong": "yes"}, "body": "garbled"}
        control.post("/faults", json={"method": "POST", "path": "/applications$", "replace_answer": wrong})
        response = dashboard.post("/applications", data=APPLICATION)
        assert (response.status_code, response.text, response.headers["X-Wrong"]) == (202, "garbled", "yes")

        [application] = control.get("/account").json()["applications"]
        assert application["name"] == "Alerts"

    def test_a_response_can_be_sent_byte_by_byte(self, dashboard: Client, control: Client) -> None:
        control.post("/faults", json={"path": "/applications$", "drip": 0.0001})
        dripped, whole = dashboard.get("/applications"), dashboard.get("/applications")
        assert dripped.text == whole.text

    def test_a_fault_applies_to_the_given_count_of_matching_requests(
        self, dashboard: Client, control: Client
    ) -> None:
        location_id = new_location(dashboard).rsplit("/", 1)[1]
        fault = {"path": "/orders$", "match": "run-2", "times": 2, "answer": {"status": 503}}
        control.post("/faults", json=fault)

        def order(customer_order_id: str) -> int:
            extra = f"<CustomerOrderId>{customer_order_id}</CustomerOrderId>"
            return dashboard.post("/orders", data=order_body(location_id, extra)).status_code

        assert [order("run-1"), order("run-2"), order("run-1"), order("run-2"), order("run-2")] == [
            201,
            503,
            201,
            503,
            201,
        ]
        assert dashboard.get("/sites").status_code == 200

    def test_a_fault_with_a_chance_applies_until_removed(self, dashboard: Client, control: Client) -> None:
        fault = {"path": "/sites", "chance": 1, "answer": {"status": 503}}
        fault_id = control.post("/faults", json=fault).json()["id"]
        assert {dashboard.get("/sites").status_code for _ in range(3)} == {503}

        [shown] = control.get("/faults").json()["faults"]
        assert (shown["chance"], shown["struck"]) == (1, 3)
        assert "times" not in shown

        control.delete(f"/faults/{fault_id}")
        assert dashboard.get("/sites").status_code == 200

    def test_a_fault_with_a_chance_applies_at_most_times_requests(
        self, dashboard: Client, control: Client
    ) -> None:
        control.post("/faults", json={"path": ".", "chance": 1, "times": 2, "answer": {"status": 503}})
        assert [dashboard.get("/sites").status_code for _ in range(3)] == [503, 503, 200]
        assert control.get("/faults").json() == {"faults": []}

    def test_the_same_seed_selects_the_same_requests(self, dashboard: Client, control: Client) -> None:
        def run(seed: int) -> list[int]:
            fault = {"path": "/sites", "chance": 0.3, "seed": seed, "answer": {"status": 503}}
            fault_id = control.post("/faults", json=fault).json()["id"]
            statuses = [dashboard.get("/sites").status_code for _ in range(40)]
            control.delete(f"/faults/{fault_id}")
            return statuses

        first = run(7)
        assert 3 <= first.count(503) <= 25
        assert run(7) == first
        assert run(8) != first

    @pytest.mark.parametrize(
        ("kind", "error"),
        [({"lose_answer": True}, requests.ConnectionError), ({"delay": 0.6}, requests.ReadTimeout)],
    )
    def test_lost_and_late_responses_can_have_a_chance(
        self, dashboard: Client, control: Client, kind: dict[str, object], error: type[Exception]
    ) -> None:
        control.post("/faults", json={"path": "/applications", "chance": 1, **kind})

        for _ in range(2):
            with pytest.raises(error):
                dashboard.post("/applications", data=APPLICATION, timeout=0.2 if "delay" in kind else TIMEOUT)

        assert len(control.get("/account").json()["applications"]) == 2

    def test_a_late_response_is_not_captured_after_a_reset(self, dashboard: Client, control: Client) -> None:
        control.post("/faults", json={"path": "/applications", "delay": 0.3})
        with pytest.raises(requests.ReadTimeout):
            dashboard.get("/applications", timeout=0.1)

        control.post("/reset")

        time.sleep(0.3)
        assert control.get("/requests").json() == {"requests": []}

    def test_only_the_first_applicable_fault_applies(self, dashboard: Client, control: Client) -> None:
        missing = {"path": "/sites", "chance": 0.000001, "seed": 1, "answer": {"status": 500}}
        applied = {"path": "/sites", "chance": 1, "times": 1, "answer": {"status": 503}}
        waiting = {"path": "/sites", "answer": {"status": 502}}

        for each in (missing, applied, waiting):
            control.post("/faults", json=each)

        assert [dashboard.get("/sites").status_code for _ in range(3)] == [503, 502, 200]

    def test_faults_can_be_listed_and_removed(self, control: Client) -> None:
        ids = [
            control.post("/faults", json={"path": "x", "times": each, "answer": {"status": 500}}).json()["id"]
            for each in (1, 2)
        ]

        assert [each["times"] for each in control.get("/faults").json()["faults"]] == [1, 2]
        assert control.delete(f"/faults/{ids[0]}").status_code == 200
        assert [each["id"] for each in control.get("/faults").json()["faults"]] == ids[1:]
        assert control.delete(f"/faults/{ids[0]}").status_code == 404
        assert control.delete("/faults").status_code == 200
        assert control.get("/faults").json() == {"faults": []}

    def test_faults_never_apply_to_the_control_api(self, control: Client) -> None:
        control.post("/faults", json={"path": ".*", "answer": {"status": 500}})
        assert control.get("/health").status_code == 200


class TestCapture:
    def test_requests_are_captured_with_digest_and_size(self, dashboard: Client, control: Client) -> None:
        dashboard.post("/applications?a=b", data=APPLICATION)

        [captured] = control.get("/requests?path=/applications").json()["requests"]
        assert captured["method"] == "POST"
        assert captured["path"] == f"/api/accounts/{CONFIG.account_id}/applications"
        assert captured["query"] == "a=b"
        assert captured["status"] == 201
        assert captured["size"] == len(APPLICATION)
        assert len(captured["sha256"]) == 64
        assert "body" not in captured

    def test_captured_requests_are_filtered_by_path_and_method(
        self, dashboard: Client, control: Client
    ) -> None:
        dashboard.get("/applications")
        dashboard.get("/orders")
        assert len(control.get("/requests?path=orders").json()["requests"]) == 1
        assert control.get("/requests?method=POST").json()["requests"] == []

    def test_captured_xml_has_no_secrets(self, dashboard: Client, control: Client) -> None:
        secret = APPLICATION.replace("https://", "https://me:open-sesame@").replace(
            "</Application>",
            "<CallbackCreds><UserId>hook</UserId><Password>open-sesame</Password></CallbackCreds></Application>",
        )
        dashboard.post("/applications", data=secret)
        dashboard.post("/applications", data=secret[:-3])
        response = control.get("/requests?bodies=1")

        assert "open-sesame" not in response.text
        assert "uthorization" not in response.text

        whole, broken = response.json()["requests"]
        assert "<UserId>hook</UserId><Password>[redacted]</Password>" in whole["body"]
        assert broken["body"] is None

    def test_captured_json_has_no_message_texts(self, messaging: Client, control: Client) -> None:
        messaging.post("/messages", json={"text": "private"})
        response = control.get("/requests?bodies=1")
        assert "private" not in response.text
        assert response.json()["requests"][0]["body"] == '{"text": "[redacted]"}'


class TestInput:
    @pytest.mark.parametrize(
        ("method", "path", "body", "error"),
        [
            ("PUT", "/orders/run-1", {"fate": "LUCKY"}, "fate: Input should be"),
            ("PUT", "/orders/run-1", {}, "fate: Field required"),
            ("PUT", "/area-codes/910", {"fate": "FAILED", "typo": 1}, "typo: Extra inputs"),
            ("PUT", "/orders/run-1", {"fate": "FAILED", "errors": []}, "errors: "),
            ("PUT", "/orders/run-1", {"fate": "PARTIAL", "failed_numbers": ["x"]}, "failed_numbers.0: "),
            ("PUT", "/orders/run-1", {"fate": "PARTIAL", "shape": "round"}, "shape: "),
            ("PUT", "/outcomes/nobody", {}, "'nobody' is not a telephone number"),
            ("PUT", "/outcomes/9195550142", {"types": ["message-read"]}, "types.0: "),
            ("POST", "/inbound", {"from": "x!", "to": "9195550142"}, "from: "),
            ("POST", "/inbound", "hello", "body: "),
            ("POST", "/faults", {"path": "("}, "path: "),
            ("POST", "/faults", {"path": "/"}, "body: Value error, set exactly one of"),
            (
                "POST",
                "/faults",
                {"path": "/", "delay": 1, "lose_answer": True},
                "body: Value error, set exactly",
            ),
            ("POST", "/faults", {"path": "/", "delay": 1, "chance": 0}, "chance: "),
            ("POST", "/faults", {"path": "/", "delay": 1, "chance": 1.1}, "chance: "),
            ("POST", "/faults", {"path": "/", "delay": 1, "seed": 1}, "body: Value error, seed requires"),
        ],
    )
    def test_invalid_input_returns_422_with_an_error(
        self, control: Client, method: str, path: str, body: object, error: str
    ) -> None:
        response = control.request(method, path, json=body)
        assert response.status_code == 422
        assert response.json()["error"].startswith(error)

    def test_unknown_paths_return_404(self, control: Client) -> None:
        response = control.get("/nothing")
        assert response.status_code == 404
        assert response.json() == {"error": "404 Not Found: GET /_simulator/nothing"}


def test_the_account_endpoint_returns_all_resources(
    control: Client, set_up: Callable[..., Setup], dashboard: Client
) -> None:
    setup: Setup = set_up(credentials=("hook", "open-sesame"))
    shown = control.get("/account").json()

    order_id = dashboard.xml("GET", "/orders?page=1&size=300").findtext(
        "ListOrderIdUserIdDate/OrderIdUserIdDate/orderId"
    )

    callback_url = shown["applications"][0]["callback_url"]
    assert shown == {
        "account_id": CONFIG.account_id,
        "site_id": CONFIG.site_id,
        "user_id": CONFIG.user_id,
        "applications": [
            {
                "id": setup.application_id,
                "name": "Alerts",
                "service_type": "Messaging-V2",
                "callback_url": callback_url,
                "outbound_url": callback_url,
                "callback_types": None,
                "has_credentials": True,
            }
        ],
        "locations": [
            {
                "id": setup.location_id,
                "site_id": "701",
                "name": "Bandwidth Messaging 2 test2",
                "is_default": True,
                "sms": True,
                "mms": True,
                "application_id": setup.application_id,
            }
        ],
        "orders": [
            {
                "id": order_id,
                "customer_order_id": None,
                "status": "COMPLETE",
                "order_type": "AreaCodeSearchAndOrderType",
                "area_code": "910",
                "quantity": 2,
                "location_id": setup.location_id,
                "numbers": setup.numbers,
            }
        ],
        "numbers": [{"number": each, "location_id": setup.location_id} for each in setup.numbers],
        "subscriptions": [],
        "disconnects": [],
        "external_orders": [],
        "external_numbers": [],
        "imports": [],
        "removals": [],
        "number_options": [],
        "campaigns": [],
        "toll_free_verifications": [],
        "catapult_applications": [],
        "phone_numbers": [],
    }


def test_reset_deletes_everything_but_the_numbers_already_taken(
    control: Client, dashboard: Client, set_up: Callable[..., Setup]
) -> None:
    before: Setup = set_up()
    control.put("/area-codes/910", json={"fate": "FAILED"})
    control.post("/faults", json={"path": ".*", "answer": {"status": 500}})
    assert control.post("/reset").status_code == 200

    shown = control.get("/account").json()
    assert [shown[each] for each in ("applications", "locations", "orders", "numbers")] == [[], [], [], []]
    assert control.get("/requests").json() == {"requests": []}

    after: Setup = set_up()
    assert not set(before.numbers) & set(after.numbers)


class TestCommand:
    def test_the_command_starts_the_simulator_and_prints_its_url(self, tmp_path: Path) -> None:
        config = tmp_path / "account.json"
        config.write_text(json.dumps(asdict(CONFIG)))
        command = [sys.executable, "-m", "simulator", "--port", "0", "--config", str(config)]
        options = [
            "--callback-route",
            "amazonaws.com=http://127.0.0.1:4566",
            "--receipt-types",
            "message-failed",
            "--external-tns-shape",
            "later",
            "--message-location",
            "alternate",
            "--catapult-pace",
            "on",
            "--needs-letter",
            "off",
            "--enforce-registration",
            "on",
        ]
        root = Path(__file__).parents[2]
        with subprocess.Popen([*command, *options], cwd=root, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                url = process.stdout.readline().split()[-1]
                assert requests.get(f"{url}/_simulator/health", timeout=TIMEOUT).json()["status"] == "ok"
                pace = requests.get(f"{url}/_simulator/pace", timeout=TIMEOUT).json()
                assert (pace["imports_per_minute"], pace["burst"]) == (100, 800)
            finally:
                process.terminate()

    @pytest.mark.parametrize(
        ("content", "error"),
        [
            ("[]", "expected an object"),
            ('{"account_id": "1"}', "missing or unknown: dashboard_password"),
            (json.dumps({**asdict(CONFIG), "site_id": 701}), "must be a string: site_id"),
            (json.dumps({**asdict(CONFIG), "typo": "x"}), "missing or unknown: typo"),
            (json.dumps({**asdict(CONFIG), "generation": "next"}), "generation must be one of classic"),
            ("{", "Expecting"),
        ],
    )
    def test_an_invalid_configuration_prints_an_error(self, tmp_path: Path, content: str, error: str) -> None:
        config = tmp_path / "account.json"
        config.write_text(content)
        with pytest.raises(ValueError, match=error):
            AccountConfig.read(config)

    def test_a_configuration_without_oauth2_is_accepted(self, tmp_path: Path) -> None:
        config = tmp_path / "account.json"
        classic = {name: value for name, value in asdict(CONFIG).items() if name not in CURRENT_FIELDS}
        config.write_text(json.dumps(classic))
        assert AccountConfig.read(config) == CONFIG

    def test_the_representation_of_a_configuration_has_no_secret(self) -> None:
        assert CONFIG.dashboard_password not in repr(CONFIG)
        assert CONFIG.messaging_secret not in repr(CONFIG)
