"""The doctor: checks the deployment against the real account, and changes nothing there or here."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from functools import cached_property, partial
from typing import Any, Final, NamedTuple

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.diagnosis import Credentials, Diagnosis, Finding, ok, unknown, wrong
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.store.numbers import ACTIVE

_CLASSIC_ENDS: Final = date(2026, 12, 2)
_SECRET_FIELDS: Final = ("dashboardUser", "dashboardPassword", "messagingToken", "messagingSecret")
_USER: Final = "a dashboardUser and a dashboardPassword"
_APPLICATIONS: Final = Credentials(_USER, "HTTP Application Management")
_LOCATIONS: Final = Credentials(_USER, "Configuration")
_MESSAGES: Final = Credentials("a messagingToken and a messagingSecret", "Messaging")
_SERVICE_TYPE: Final = "Messaging-V2"
_PAGE: Final = 1000
# Four requests each at most; many more would outlast the function.
_MOST_LOCATIONS: Final = 50

_ACCOUNT_CHECK: Final = "account credentials"
_MESSAGING_CHECK: Final = "messaging credentials"
_CHALLENGE_CHECK: Final = "callback challenge"


class _Home(NamedTuple):
    """What an active number sends through."""

    api: str
    site_id: str
    location_id: str | None
    application_id: str | None


class _Deployment:
    """What several checks look at, each asked for once."""

    def __init__(self) -> None:
        self.homes: Counter[_Home] = Counter()
        self._locations: dict[str, set[str]] = {}

    @cached_property
    def applications(self) -> dict[str, Any]:
        return {each.application_id: each for each in wiring.dashboard().applications()}

    @cached_property
    def v1_applications(self) -> dict[str, Any]:
        return {each.application_id: each for each in wiring.catapult().applications()}

    def locations(self, site_id: str) -> set[str]:
        """Return the ids of a site's locations."""
        if site_id not in self._locations:
            self._locations[site_id] = {each.location_id for each in wiring.dashboard().locations(site_id)}
        return self._locations[site_id]

    @property
    def places(self) -> list[tuple[str, str]]:
        """Site and location of the V2 numbers, those with most numbers first."""
        places: Counter[tuple[str, str]] = Counter()
        for home, count in self.homes.items():
            if home.api == "v2" and home.location_id:
                places[home.site_id, home.location_id] += count
        return [place for place, _ in places.most_common()]

    def application_ids(self, api: str, location_id: str | None = None) -> set[str]:
        """Return the applications that the numbers of an API, or of a location, send through."""
        return {
            home.application_id
            for home in self.homes
            if home.application_id and home.api == api and location_id in {None, home.location_id}
        }


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return `healthy`, a `summary`, and the `checks`: each what was found, and how to mend it.

    `event` is not looked at.
    """
    deployment, diagnosis = _Deployment(), Diagnosis()
    diagnosis.check("secret", _secret)
    works = diagnosis.check(_ACCOUNT_CHECK, partial(_account, deployment), _APPLICATIONS)
    diagnosis.check("generation", partial(_generation, works))
    diagnosis.check(_MESSAGING_CHECK, partial(_messaging, deployment), _MESSAGES)
    diagnosis.check("site", partial(_site, deployment), _LOCATIONS, needs=_ACCOUNT_CHECK)
    diagnosis.check("numbers", partial(_numbers, deployment))
    _check_homes(diagnosis, deployment)
    _check_callbacks(diagnosis, with_v1=bool(deployment.application_ids("v1")))
    report = diagnosis.report()
    logger.info("diagnosed", summary=report["summary"])
    return report


# Credentials


def _secret() -> Finding:
    name = settings().bandwidth_secret
    try:
        secret = json.loads(wiring.bandwidth_secret())
    except ValueError:
        secret = None
    if not isinstance(secret, dict):
        form = ", ".join(f'"{field}": "..."' for field in _SECRET_FIELDS)
        return wrong(f"the secret {name} is not a JSON object", f"write it as {{{form}}}")
    problems = [f"{field} {problem}" for field in _SECRET_FIELDS if (problem := _problem(secret.get(field)))]
    if problems:
        return wrong(
            f"in the secret {name}: {'; '.join(problems)}",
            "put the bare values into it; the functions read it again within five minutes",
        )
    return ok(f"the secret {name} has {', '.join(_SECRET_FIELDS)}")


def _problem(value: Any) -> str | None:
    """Return what is wrong with a value of the secret, never the value."""
    if value is None:
        return "is missing"
    if not isinstance(value, str):
        return "is not text"
    if not value.strip(".\u2026 "):
        return "is empty"
    if value != value.strip():
        return "has a space or a line break at an end"
    if value[0] == value[-1] and value[0] in "\"'":
        return "is in quotes of its own"
    return None


def _account(deployment: _Deployment) -> Finding:
    return ok(f"account {settings().bandwidth_account_id}, applications: {len(deployment.applications)}")


def _generation(works: bool) -> Finding:
    days = (_CLASSIC_ENDS - _today()).days
    mend = 'move to the current generation: docs/operations.md, "From classic to current"'
    if days < 0 and not works:
        return wrong(f"classic, whose users Bandwidth ended on {_CLASSIC_ENDS}", mend)
    when = f"on {_CLASSIC_ENDS}, in {days} days" if days >= 0 else f"from {_CLASSIC_ENDS} on"
    return ok(f"classic, whose users Bandwidth ends {when}", mend)


def _today() -> date:
    return datetime.now(UTC).date()


def _messaging(deployment: _Deployment) -> Finding:
    return ok(
        f"V1 takes them (applications: {len(deployment.v1_applications)}); V2 goes by the same, and has no "
        "request that would be harmless to try"
    )


# What the numbers go through


def _site(deployment: _Deployment) -> Finding:
    site_id = settings().bandwidth_site_id
    try:
        count = len(deployment.locations(site_id))
    except BandwidthRejected as error:
        return wrong(
            f"account {settings().bandwidth_account_id} has no site {site_id}: {error.words}",
            "give the stack's BandwidthSiteId the id of a sub-account of this account",
        )
    return ok(f"site {site_id}, locations: {count}")


def _numbers(deployment: _Deployment) -> Finding:
    start = None
    while True:
        page = wiring.numbers().in_state(ACTIVE, limit=_PAGE, start=start)
        for item in page.items:
            home = _Home(item["api"], item["siteId"], item.get("locationId"), item.get("applicationId"))
            deployment.homes[home] += 1
        start = page.next_key
        if start is None:
            break
    if not deployment.homes:
        return ok("none is active yet; what they go through is checked once a set-up has brought some")
    return ok(f"active: {deployment.homes.total()}, at {len(deployment.places)} locations")


def _check_homes(diagnosis: Diagnosis, deployment: _Deployment) -> None:
    places = deployment.places
    for site_id, location_id in places[:_MOST_LOCATIONS]:
        look = partial(_location, deployment, site_id, location_id)
        diagnosis.check(f"location {location_id}", look, _LOCATIONS, needs=_ACCOUNT_CHECK)
    if more := places[_MOST_LOCATIONS:]:
        diagnosis.check(
            "more locations",
            lambda: unknown(f"{len(more)} with fewer numbers were not looked at", "see the Bandwidth App"),
        )
    for application_id in sorted(deployment.application_ids("v2")):
        look = partial(_application, deployment, application_id)
        diagnosis.check(f"application {application_id}", look, _APPLICATIONS, needs=_ACCOUNT_CHECK)
    for application_id in sorted(deployment.application_ids("v1")):
        look = partial(_v1_application, deployment, application_id)
        diagnosis.check(f"V1 application {application_id}", look, _MESSAGES, needs=_MESSAGING_CHECK)


def _location(deployment: _Deployment, site_id: str, location_id: str) -> Finding:
    where = f"sub-account {site_id}, location {location_id}"
    if location_id not in deployment.locations(site_id):
        return wrong(
            f"our numbers are recorded at {where}, and Bandwidth has no such location",
            "find where the numbers are (Bandwidth App: Numbers), and move them to a location that texts",
        )
    dashboard, problems, mends = wiring.dashboard(), [], []
    features = {
        "SMS": dashboard.sms(site_id, location_id),
        "MMS": dashboard.mms_protocol(site_id, location_id),
    }
    for feature, found in features.items():
        if found is None:
            problems.append(f"{feature} is off")
            mends.append(f"switch {feature} on")
    assigned = dashboard.assigned_application(site_id, location_id)
    expected = deployment.application_ids("v2", location_id)
    if assigned is None:
        problems.append("no application is assigned, so Bandwidth takes texts and drops them without a word")
        mends.append(f"assign application {' or '.join(sorted(expected))}")
    elif assigned not in expected:
        problems.append(f"application {assigned} is assigned, our numbers send through {', '.join(expected)}")
        mends.append(f"assign application {' or '.join(sorted(expected))}")
    if problems:
        return wrong(f"{where}: {'; '.join(problems)}", f"in the Bandwidth App, {where}: {', '.join(mends)}")
    return ok(f"{where}: SMS and MMS are on, application {assigned} is assigned")


def _application(deployment: _Deployment, application_id: str) -> Finding:
    application, ours = deployment.applications.get(application_id), settings().callback_url
    if application is None:
        return _no_application(application_id)
    if application.service_type not in {None, _SERVICE_TYPE}:
        return wrong(
            f"its service type is {application.service_type}, not {_SERVICE_TYPE}",
            "it cannot be changed: start a set-up with another applicationName",
        )
    return _calls_back(application.callback_url, ours)


def _v1_application(deployment: _Deployment, application_id: str) -> Finding:
    application = deployment.v1_applications.get(application_id)
    if application is None:
        return _no_application(application_id)
    return _calls_back(application.incoming_message_url, _v1_of(settings().callback_url))


def _no_application(application_id: str) -> Finding:
    return wrong(
        f"our numbers send through application {application_id}, and Bandwidth has no such application",
        "start a set-up, which makes one and assigns it; the numbers then need its id (docs/operations.md)",
    )


def _calls_back(url: str | None, ours: str) -> Finding:
    if url != ours:
        return wrong(
            f"it calls back {url or 'nobody'}, not this stack: replies and receipts do not arrive here",
            f"in the Bandwidth App set its callback URL to {ours}, with the user and password of the stack's "
            "secret CallbackSecretArn",
        )
    return ok(f"it calls back {ours}")


# Callbacks


def _check_callbacks(diagnosis: Diagnosis, *, with_v1: bool) -> None:
    url = settings().callback_probe_url
    diagnosis.check(_CHALLENGE_CHECK, partial(_challenge, url))
    diagnosis.check("callback credentials", partial(_callback_credentials, url), needs=_CHALLENGE_CHECK)
    if with_v1:
        # What V1 sends is one event, so nothing harmless could be sent with credentials.
        diagnosis.check("V1 callback challenge", partial(_challenge, _v1_of(url)))


def _challenge(url: str) -> Finding:
    knock = wiring.callback_door(url).knock()
    if knock.is_challenge:
        return ok(f"{url} asks for credentials, as Bandwidth needs to be asked")
    if knock.status is None:
        return wrong(
            f"{url} cannot be reached: {knock.words}",
            "see that the stack's CallbackApi is deployed (stage live), and what its URL is now",
        )
    without = "" if knock.challenge else " and no challenge (WWW-Authenticate: Basic)"
    return wrong(
        f"{url} answers {knock.status}{without} to a request without credentials, where Bandwidth needs 401 "
        "and a Basic challenge; it sends no credentials then, and the event is lost",
        "deploy the stack again; if API Gateway was changed by hand, undo that",
    )


def _callback_credentials(url: str) -> Finding:
    knock = wiring.callback_door(url).knock(wiring.callback_credentials())
    if knock.is_taken:
        return ok(f"{url} takes a callback that has them")
    if knock.status in {401, 403}:
        return wrong(
            f"{url} answers {knock.status} to the credentials of the stack's own secret",
            "if that secret was changed just now, run this again in five minutes; else deploy again",
        )
    return wrong(
        f"{url} answers {knock.status or knock.words} to a callback, so Bandwidth repeats it for a day",
        "the logs of the functions receive_callback and authorize_callback say why",
    )


def _v1_of(url: str) -> str:
    return f"{url.removesuffix('/v2')}/v1"
