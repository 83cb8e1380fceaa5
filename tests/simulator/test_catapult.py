"""The simulated V1 API: applications, imported numbers, permissions and rate limits."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from simulator.server import RunningSimulator, serve
from tests.simulator.support import (
    CONFIG,
    DASHBOARD_CREDENTIALS,
    MESSAGING_CREDENTIALS,
    NUMBERS,
    QUICK,
    Client,
    Hosted,
    import_body,
    number_body,
    wait_until,
)

Host = Callable[..., Hosted]
USER = f"/v1/users/{CONFIG.user_id}"
APPLICATION = {
    "name": "MyFirstApp",
    "incomingMessageUrl": "http://example.com/messages.php",
    "callbackHttpMethod": "POST",
}


def error_fields(response: requests.Response) -> tuple[int, str, str]:
    """Return status, category and code of a V1 error."""
    body = response.json()
    assert body.keys() == {"category", "code", "message", "details"}
    return response.status_code, body["category"], body["code"]


def new_application(catapult: Client, **changes: Any) -> str:
    response = catapult.post("/applications/", json={**APPLICATION, **changes})
    assert response.status_code == 201, response.text
    return response.headers["Location"].rsplit("/", 1)[1]


@pytest.fixture(autouse=True)
def _no_secrets(control: Client) -> Iterator[None]:
    """Check after each test that the control API shows no password."""
    yield
    for path in ("/account", "/requests?bodies=1", "/messages", "/callbacks"):
        shown = control.get(path).text
        assert CONFIG.dashboard_password not in shown
        assert "open-sesame" not in shown


class TestAccess:
    @pytest.mark.parametrize("credentials", [None, DASHBOARD_CREDENTIALS])
    @pytest.mark.parametrize("path", ["/applications", "/phoneNumbers", "/messages"])
    def test_wrong_credentials_return_401(
        self, catapult: Client, credentials: tuple[str, str] | None, path: str
    ) -> None:
        with Client(catapult.base, credentials) as unauthorized:
            response = unauthorized.post(path, json={})
        assert error_fields(response) == (401, "authorization", "user-access-denied")

    def test_another_user_returns_401(self, bandwidth: RunningSimulator, catapult: Client) -> None:
        with Client(f"{bandwidth.catapult_url}/users/u-other", catapult.credentials) as client:
            response = client.get("/applications")
        assert error_fields(response) == (401, "authorization", "user-access-denied")

    def test_unknown_paths_return_404(self, catapult: Client) -> None:
        assert error_fields(catapult.get("/bridges")) == (404, "not-found", "resource-not-found")

    @pytest.mark.parametrize("body", ["", "{", "[]", '"x"'])
    def test_a_body_that_is_not_an_object_returns_400(self, catapult: Client, body: str) -> None:
        headers = {"Content-Type": "application/json"}
        for path in ("/applications", "/phoneNumbers"):
            response = catapult.post(path, data=body, headers=headers)
            assert error_fields(response) == (400, "bad-request", "validation-error")

    def test_a_body_without_the_json_content_type_returns_415(self, catapult: Client) -> None:
        response = catapult.post("/applications", data="{}", headers={"Content-Type": "text/plain"})
        assert error_fields(response)[0] == 415


class TestApplications:
    def test_the_documented_request_returns_the_documented_response(self, catapult: Client) -> None:
        response = catapult.post("/applications/", json=APPLICATION)
        assert (response.status_code, response.content) == (201, b"")
        assert re.fullmatch(rf"{USER}/applications/a-[a-z2-7]{{23}}", response.headers["Location"])

    def test_the_given_properties_are_returned(self, catapult: Client) -> None:
        properties = {
            **APPLICATION,
            "incomingMessageUrlCallbackTimeout": 5000,
            "incomingMessageFallbackUrl": "https://hook:open-sesame@example.com/fallback",
            "callbackHttpMethod": "GET",
        }
        application_id = new_application(catapult, **properties)

        shown = catapult.get(f"/applications/{application_id}")

        assert shown.status_code == 200
        assert shown.json() == {"id": application_id, "autoAnswer": True, **properties}

    @pytest.mark.parametrize(
        ("changes", "code", "words"),
        [
            ({"name": None}, "missing-property", "'name'"),
            ({"name": " "}, "blank-property", "'name'"),
            ({"incomingMessageUrl": None}, "missing-property", "'incomingMessageUrl'"),
            ({"incomingMessageUrl": ""}, "blank-property", "'incomingMessageUrl'"),
            ({"incomingMessageUrl": "example.com"}, "validation-error", "not a valid URL"),
            ({"incomingMessageFallbackUrl": "ftp://x"}, "validation-error", "not a valid URL"),
            (
                {"incomingMessageUrl": None, "incomingMessageFallbackUrl": "https://a.example"},
                "validation-error",
                "in order to have a fallback URL",
            ),
            ({"incomingMessageUrlCallbackTimeout": 10001}, "validation-error", "not surpass 10000"),
            ({"incomingMessageUrlCallbackTimeout": 0}, "validation-error", "greater than 0"),
            ({"incomingMessageUrlCallbackTimeout": "long"}, "validation-error", "Bad parameters"),
            ({"callbackHttpMethod": "PUT"}, "validation-error", "GET, POST"),
            ({"incomingMessageURL": "https://a.example"}, "validation-error", "incomingMessageURL"),
        ],
    )
    def test_invalid_properties_are_named(
        self, catapult: Client, changes: dict[str, Any], code: str, words: str
    ) -> None:
        response = catapult.post("/applications", json={**APPLICATION, **changes})
        assert error_fields(response) == (400, "bad-request", code)
        assert words in response.json()["message"]

    def test_names_are_not_unique_and_pages_have_a_next(self, catapult: Client) -> None:
        ids = [new_application(catapult) for _ in range(30)]
        first = catapult.get("/applications")
        assert [each["id"] for each in first.json()] == ids[:25]
        assert first.links["next"]["url"] == f"{catapult.base}/applications?page=1&size=25"

        second = catapult.get("/applications?page=1&size=25")

        assert [each["id"] for each in second.json()] == ids[25:]
        assert second.links == {}
        assert len(catapult.get("/applications?size=1000").json()) == 30
        assert catapult.get("/applications?page=7").json() == []
        for query in ("size=1001", "size=0", "page=-1"):
            assert error_fields(catapult.get(f"/applications?{query}"))[2] == "validation-error"

    def test_a_post_changes_only_the_given_properties(self, catapult: Client) -> None:
        application_id = new_application(catapult, incomingMessageFallbackUrl="https://a.example")
        path = f"/applications/{application_id}"
        assert catapult.post(path, json={"name": "Renamed"}).status_code == 200
        assert catapult.post(path, json={"incomingMessageFallbackUrl": ""}).status_code == 200

        shown = catapult.get(path).json()

        assert shown["name"] == "Renamed"
        assert shown["incomingMessageUrl"] == APPLICATION["incomingMessageUrl"]
        assert "incomingMessageFallbackUrl" not in shown
        assert error_fields(catapult.post(path, json={"name": ""}))[2] == "blank-property"
        assert catapult.get(path).json()["name"] == "Renamed"

    def test_a_deleted_application_does_not_exist(self, catapult: Client) -> None:
        path = f"/applications/{new_application(catapult)}"
        assert catapult.delete(path).status_code == 200

        for method in ("GET", "POST", "DELETE"):
            response = catapult.request(method, path, json={})
            assert error_fields(response) == (404, "not-found", "application-not-found")


class TestImportNumber:
    @pytest.fixture
    def application_id(self, dashboard: Client, catapult: Client) -> str:
        dashboard.xml("POST", "/externalTns", import_body())
        return new_application(catapult)

    def test_the_documented_request_returns_the_documented_response(
        self, catapult: Client, application_id: str
    ) -> None:
        response = catapult.post("/phoneNumbers", json=number_body("+14352154439", application_id))
        assert (response.status_code, response.content) == (201, b"")
        location = response.headers["Location"]
        assert re.fullmatch(rf"{re.escape(catapult.base)}/phoneNumbers/n-[a-z2-7]{{23}}", location)

    @pytest.mark.parametrize("by", ["%2B14352154439", "+14352154439", "id"])
    def test_a_number_is_returned_by_its_digits_and_by_its_id(
        self, catapult: Client, application_id: str, by: str
    ) -> None:
        response = catapult.post("/phoneNumbers", json=number_body("+14352154439", application_id))

        number_id = response.headers["Location"].rsplit("/", 1)[1]
        shown = catapult.get(f"/phoneNumbers/{number_id if by == 'id' else by}").json()
        assert shown.pop("createdTime").endswith("Z")
        assert shown == {
            "id": number_id,
            "application": f"{catapult.base}/applications/{application_id}",
            "number": "+14352154439",
            "nationalNumber": "(435) 215-4439",
            "name": "text messaging TN",
            "numberState": "enabled",
        }

    def test_an_existing_number_returns_409(self, catapult: Client, application_id: str) -> None:
        body = number_body("+14352154439", application_id)

        catapult.post("/phoneNumbers", json=body)

        assert error_fields(catapult.post("/phoneNumbers", json=body)) == (
            409,
            "conflict",
            "duplicate-number",
        )

    def test_a_number_that_is_not_external_returns_400(self, catapult: Client, application_id: str) -> None:
        response = catapult.post("/phoneNumbers", json=number_body("+14352150000", application_id))
        assert error_fields(response) == (400, "bad-request", "number-not-found")

    def test_an_unknown_application_returns_404(self, catapult: Client, application_id: str) -> None:
        response = catapult.post("/phoneNumbers", json=number_body("+14352154439", "a-other"))
        assert error_fields(response) == (404, "not-found", "application-not-found")

    @pytest.mark.parametrize(
        ("name", "value"), [("accountId", "1"), ("userName", "wileCoyote"), ("password", "open-sesame")]
    )
    def test_credentials_of_another_dashboard_return_401(
        self, catapult: Client, application_id: str, name: str, value: str
    ) -> None:
        body = number_body("+14352154439", application_id, **{name: value})
        response = catapult.post("/phoneNumbers", json=body)
        assert error_fields(response) == (401, "authorization", "user-access-denied")
        assert value not in response.json()["message"].split()

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"number": None}, "missing-property"),
            ({"number": ""}, "blank-property"),
            ({"number": "4352154439"}, "validation-error"),
            ({"number": "+1435"}, "validation-error"),
            ({"applicationId": None}, "missing-property"),
            ({"applicationId": ""}, "blank-property"),
            ({"provider": None}, "missing-property"),
            ({"provider": {}}, "missing-property"),
            ({"provider": {"providerName": "another", "properties": {}}}, "validation-error"),
            ({"provider": {"providerName": "bandwidth-dashboard"}}, "missing-property"),
            ({"provider": {"providerName": "bandwidth-dashboard", "properties": {}}}, "missing-property"),
        ],
    )
    def test_invalid_properties_are_named(
        self, catapult: Client, application_id: str, changes: dict[str, Any], code: str
    ) -> None:
        body = number_body("+14352154439", application_id)
        response = catapult.post("/phoneNumbers", json={**body, **changes})
        assert error_fields(response) == (400, "bad-request", code)

    def test_the_password_is_not_captured(
        self, catapult: Client, control: Client, application_id: str
    ) -> None:
        catapult.post("/phoneNumbers", json=number_body("+14352154439", application_id))
        [captured] = control.get("/requests?path=/phoneNumbers&bodies=1").json()["requests"]
        assert '"userName": "dashboard-user", "password": "[redacted]"' in captured["body"]


class TestNumbers:
    def number_path(self, hosted: Hosted, index: int = 0) -> str:
        return f"/phoneNumbers/{hosted.numbers[index].replace('+', '%2B')}"

    def test_a_number_can_move_to_another_application(self, catapult: Client, host: Host) -> None:
        path = self.number_path(host())
        other = new_application(catapult)
        assert catapult.post(path, json={"applicationId": other, "name": "moved"}).status_code == 200

        shown = catapult.get(path).json()
        assert (shown["application"].rsplit("/", 1)[1], shown["name"]) == (other, "moved")
        assert catapult.post(path, json={"applicationId": ""}).status_code == 200
        assert "application" not in catapult.get(path).json()

    def test_an_update_requires_existing_applications_and_properties(
        self, catapult: Client, host: Host
    ) -> None:
        path = self.number_path(host())
        response = catapult.post(path, json={"applicationId": "a-other"})
        assert error_fields(response)[2] == "application-not-found"
        assert error_fields(catapult.post(path, json={"applicationID": "x"}))[2] == "validation-error"

    def test_a_released_number_can_be_imported_again(self, catapult: Client, host: Host) -> None:
        hosted = host()
        path = self.number_path(hosted)
        number_id = catapult.get(path).json()["id"]
        assert catapult.delete(path).status_code == 200

        for gone in (path, f"/phoneNumbers/{number_id}"):
            for method in ("GET", "POST", "DELETE"):
                response = catapult.request(method, gone, json={})
                assert error_fields(response) == (404, "not-found", "number-not-found")
        [released] = catapult.get("/phoneNumbers?numberState=released").json()

        assert (released["id"], released["numberState"]) == (number_id, "released")

        body = number_body(hosted.numbers[0], hosted.application_id)
        assert catapult.post("/phoneNumbers", json=body).status_code == 201

    def test_the_list_is_filtered_and_paged(self, catapult: Client, host: Host) -> None:
        hosted = host(NUMBERS)
        other = new_application(catapult)

        catapult.post(self.number_path(hosted), json={"applicationId": other, "name": "moved"})

        def listed(query: str) -> list[str]:
            return [each["number"] for each in catapult.get(f"/phoneNumbers?{query}").json()]

        assert listed("") == hosted.numbers
        assert listed(f"applicationId={other}") == hosted.numbers[:1]
        assert listed(f"applicationId={hosted.application_id}") == hosted.numbers[1:]
        assert listed("name=moved") == hosted.numbers[:1]
        assert listed("page=1&size=3") == hosted.numbers[3:]
        assert listed("numberState=enabled&size=2") == hosted.numbers[:2]

    def test_the_last_of_5000_numbers_takes_no_longer_to_import_than_the_first(
        self, bandwidth: RunningSimulator, dashboard: Client
    ) -> None:
        many = [f"9195{each:06}" for each in range(5000)]
        dashboard.xml("POST", "/externalTns", import_body(numbers=many), 201)
        catapult = bandwidth.simulator.catapult

        application = catapult.create_application(APPLICATION)

        credentials = (CONFIG.account_id, CONFIG.dashboard_user, CONFIG.dashboard_password)
        seconds = []
        for part in (many[:2500], many[2500:]):
            started = time.process_time()
            for each in part:
                catapult.import_number(f"+1{each}", application.id, None, *credentials)
            seconds.append(time.process_time() - started)
        first, last = seconds
        assert last < 5 * first
        assert len(catapult.numbers()) == 5000


def test_the_account_endpoint_returns_catapult_resources(
    control: Client, catapult: Client, host: Host
) -> None:
    hosted = host(
        NUMBERS[:1],
        incomingMessageUrl="https://hook:open-sesame@example.com/v1",
        incomingMessageFallbackUrl="https://example.com/fallback",
        callbackHttpMethod="GET",
    )
    shown = control.get("/account").json()
    [order] = shown["external_orders"]

    assert order.pop("id")
    assert order == {
        "customer_order_id": "ICPA123ABC",
        "status": "COMPLETE",
        "action": "IMPORT",
        "quantity": 1,
        "failed_numbers": [],
    }
    assert shown["catapult_applications"] == [
        {
            "id": hosted.application_id,
            "name": "MyFirstApp",
            "callback_urls": ["https://[redacted]@example.com/v1", "https://example.com/fallback"],
            "has_credentials": True,
            "callback_http_method": "GET",
            "callback_timeout": 10000,
        }
    ]

    [number] = shown["phone_numbers"]

    assert number.pop("id").startswith("n-")
    assert number == {
        "number": hosted.numbers[0],
        "name": "text messaging TN",
        "application_id": hosted.application_id,
        "state": "enabled",
    }


class TestRateLimits:
    def test_the_limits_are_off_by_default(self, catapult: Client, control: Client) -> None:
        assert control.get("/pace").json() == {"burst": 800}
        statuses = {catapult.get("/applications").status_code for _ in range(20)}
        assert statuses == {200}

    def test_the_documented_limits_can_be_set(self) -> None:
        with serve(CONFIG, replace(QUICK, catapult_pace=True)) as running:
            with Client(running.control_url) as control:
                assert control.get("/pace").json() == {
                    "imports_per_minute": 100,
                    "burst": 800,
                    "messages_per_second": 1,
                    "requests_per_second": 1,
                }

            base = f"{running.catapult_url}/users/{CONFIG.user_id}"

            with Client(base, MESSAGING_CREDENTIALS) as catapult:
                assert [catapult.get("/applications").status_code for _ in range(2)] == [200, 429]
                # Reads of numbers are not limited.
                assert {catapult.get("/phoneNumbers").status_code for _ in range(5)} == {200}

    def test_imports_above_the_burst_are_limited(self, catapult: Client, control: Client) -> None:
        control.put("/pace", json={"imports_per_minute": 1, "burst": 3})
        asked = time.time() * 1000
        statuses = [catapult.post("/phoneNumbers", json={}).status_code for _ in range(4)]
        assert statuses == [400, 400, 400, 429]

        limited = catapult.post("/phoneNumbers", json={})
        reset = int(limited.headers["X-RateLimit-Reset"])

        assert 59_000 <= reset - asked <= 61_000
        assert limited.json() == {
            "category": "too-many-requests",
            "code": "rate-limit-reached",
            "details": [
                {"name": "rateLimitResetTime", "value": str(reset)},
                {"name": "requestMethod", "value": "POST"},
                {"name": "remoteAddress", "value": "127.0.0.1"},
                {"name": "requestPath", "value": f"users/{CONFIG.user_id}/phoneNumbers"},
            ],
        }
        assert control.delete("/pace").json() == {"burst": 800}
        assert catapult.post("/phoneNumbers", json={}).status_code == 400

    def test_an_import_succeeds_after_the_time_in_the_header(self, catapult: Client, control: Client) -> None:
        control.put("/pace", json={"imports_per_minute": 600, "burst": 1})

        def reset() -> str | None:
            return catapult.post("/phoneNumbers", json={}).headers.get("X-RateLimit-Reset")

        time.sleep(max(0.0, int(wait_until(reset)) / 1000 - time.time()))
        assert reset() is None

    def test_a_limited_import_changes_nothing(self, catapult: Client, control: Client, host: Host) -> None:
        hosted = host(NUMBERS[:1])

        control.put("/pace", json={"imports_per_minute": 1, "burst": 1})

        body = number_body("+14352154439", hosted.application_id)
        assert [catapult.post("/phoneNumbers", json=body).status_code for _ in range(2)] == [400, 429]
        assert len(control.get("/account").json()["phone_numbers"]) == 1

    @pytest.mark.parametrize("body", [{"burst": 0}, {"imports_per_minute": -1}, {"typo": 1}])
    def test_invalid_limits_return_422(self, control: Client, body: dict[str, int]) -> None:
        assert control.put("/pace", json=body).status_code == 422

    def test_reset_restores_the_configured_limits(self, control: Client) -> None:
        control.put("/pace", json={"imports_per_minute": 1, "burst": 1})
        control.post("/reset")
        assert control.get("/pace").json() == {"burst": 800}


class TestFaults:
    @pytest.mark.parametrize(
        ("path", "status", "category", "code"),
        [
            ("/applications", 429, "too-many-requests", "rate-limit-reached"),
            ("/messages", 429, "too-many-requests", "rate-limit-reached"),
            ("/messages", 403, "limit", "message-rate-limit"),
            ("/messages", 400, "bad-request", "message-delay-limit"),
        ],
    )
    def test_a_throttle_without_a_body_has_bandwidths_form(
        self, catapult: Client, control: Client, path: str, status: int, category: str, code: str
    ) -> None:
        control.post("/faults", json={"path": f"/v1/.*{path}", "answer": {"status": status}})
        response = catapult.post(path, json={})
        body = response.json()

        assert (response.status_code, body["category"], body["code"]) == (status, category, code)
        assert {each["name"] for each in body["details"]} >= {"requestMethod", "remoteAddress", "requestPath"}

        if status == 429:
            assert int(response.headers["X-RateLimit-Reset"]) > time.time() * 1000
            assert "message" not in body
