"""The doctor: checks the deployment against the real account, and changes nothing there or here."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from aws_lambda_powertools.utilities.typing import LambdaContext

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnauthorized
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.registration import kind_of
from bandwidth_messaging.domain.times import now, rfc3339
from bandwidth_messaging.runtime import wiring
from bandwidth_messaging.runtime.logging import logger
from bandwidth_messaging.runtime.settings import settings
from bandwidth_messaging.services import callback_check
from bandwidth_messaging.services.diagnosis import (
    Credentials,
    Diagnosis,
    Finding,
    ok,
    problem_with,
    unknown,
    wrong,
)

_CLASSIC_ENDS: Final = date(2026, 12, 2)
_USER: Final = ("dashboardUser", "dashboardPassword")
_TOKEN: Final = ("messagingToken", "messagingSecret")
_CLIENT: Final = ("clientId", "clientSecret")
# As the Bandwidth App calls them. Without the first of them a read succeeds and a set-up does not.
_TO_ORDER, _TO_LOCATE, _TO_CALL_BACK = "Ordering", "Configuration", "HTTP Application Management"
_TO_SEND, _TO_REGISTER = "Messaging", "Campaign Management, or TFV for toll-free numbers"
# No number has these digits, so there is nothing to be found.
_NOBODY: Final = "+15005550100"
_PAGE: Final = 1000
_SITES_SHOWN: Final = 10
_REGISTRATION_SECONDS: Final = 20
# Four requests each at most; many more would outlast the function.
_MOST_LOCATIONS: Final = 50

_WITH_CREDENTIALS: Final = "with the user and password of the stack's secret CallbackSecretArn"
_HTTP: Final = "HTTP"
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
        self.toll_free: str | None = None
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
    deployment, diagnosis, is_current = _Deployment(), Diagnosis(), wiring.is_current()
    account, messaging = (_CLIENT, _CLIENT) if is_current else (_USER, _TOKEN)
    diagnosis.check("secret", partial(_secret, dict.fromkeys((*account, *messaging))))
    look = partial(_account, deployment)
    works = diagnosis.check(_ACCOUNT_CHECK, look, Credentials(account, _TO_CALL_BACK))
    diagnosis.check("generation", partial(_generation, works))
    if is_current:
        diagnosis.check("roles", _roles, needs=_ACCOUNT_CHECK)
        diagnosis.check(_MESSAGING_CHECK, _messaging, Credentials(messaging, _TO_SEND))
    else:
        look = partial(_v1_messaging, deployment)
        diagnosis.check(_MESSAGING_CHECK, look, Credentials(messaging, _TO_SEND))
    look = partial(_site, deployment)
    diagnosis.check("site", look, Credentials(account, _TO_LOCATE), needs=_ACCOUNT_CHECK)
    diagnosis.check("numbers", partial(_numbers, deployment))
    _check_homes(diagnosis, deployment, account)
    if is_current:
        look = partial(_registration, deployment)
        diagnosis.check("registration", look, Credentials(account, _TO_REGISTER), needs=_ACCOUNT_CHECK)
    _check_callbacks(diagnosis, with_v1=bool(deployment.application_ids("v1")))
    report = diagnosis.report()
    logger.info("diagnosed", extra={"summary": report["summary"]})
    return report


# Credentials


def _secret(fields: Iterable[str]) -> Finding:
    name = settings().bandwidth_secret
    try:
        secret = json.loads(wiring.bandwidth_secret())
    except ValueError:
        secret = None
    if not isinstance(secret, dict):
        form = ", ".join(f'"{field}": "..."' for field in fields)
        return wrong(f"the secret {name} is not a JSON object", f"write it as {{{form}}}")
    problems = [f"{field} {problem}" for field in fields if (problem := problem_with(secret.get(field)))]
    if problems:
        return wrong(
            f"in the secret {name}: {'; '.join(problems)}",
            "put the bare values into it; the functions read it again within five minutes",
        )
    return ok(f"the secret {name} has {', '.join(fields)}")


def _account(deployment: _Deployment) -> Finding:
    return ok(f"account {settings().bandwidth_account_id}, applications: {len(deployment.applications)}")


def _generation(works: bool) -> Finding:
    if wiring.is_current():
        return ok("current")
    days = (_CLASSIC_ENDS - _today()).days
    mend = 'move to the current generation: docs/operations.md, "From classic to current"'
    if days < 0 and not works:
        return wrong(f"classic, whose users Bandwidth ended on {_CLASSIC_ENDS}", mend)
    when = f"on {_CLASSIC_ENDS}, in {days} days" if days >= 0 else f"from {_CLASSIC_ENDS} on"
    return ok(f"classic, whose users Bandwidth ends {when}", mend)


def _today() -> date:
    return datetime.now(UTC).date()


def _roles() -> Finding:
    claims, account_id = wiring.token_claims(), settings().bandwidth_account_id
    accounts, roles = claims.get("accounts"), claims.get("roles")
    if accounts and account_id not in accounts:
        return wrong(
            f"the credentials are for account {', '.join(accounts)}, not for {account_id}",
            "give the credentials this account in the Bandwidth App, or the stack another BandwidthAccountId",
        )
    if roles is None:
        return ok("the token does not say which there are; what follows shows it")
    if missing := [role for role in (_TO_ORDER, _TO_LOCATE, _TO_CALL_BACK) if role not in roles]:
        return wrong(
            f"the credentials lack {' and '.join(missing)}; they have {', '.join(roles)}",
            f"in the Bandwidth App (Account, API Credentials) give them {' and '.join(missing)}",
        )
    return ok(", ".join(roles))


def _messaging() -> Finding:
    since = datetime.now(UTC) - timedelta(minutes=1)
    wiring.messaging().find_sent(_NOBODY, _NOBODY, since=rfc3339(since.isoformat()), until=now())
    return ok("they may look for messages; whether they may send, only sending tells")


def _v1_messaging(deployment: _Deployment) -> Finding:
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
        if not error.is_absent:
            raise
        there = [f"{each} ({name})" for each, name in wiring.dashboard().sites().items()]
        return wrong(
            f"account {settings().bandwidth_account_id} has no site {site_id}; it has "
            f"{', '.join(there[:_SITES_SHOWN]) or 'none'}{', …' * (len(there) > _SITES_SHOWN)}",
            "give the stack's BandwidthSiteId the id of a sub-account of this account",
        )
    return ok(f"site {site_id}, locations: {count}")


def _numbers(deployment: _Deployment) -> Finding:
    start = None
    while True:
        page = wiring.numbers().list_by_state(NumberState.ACTIVE, limit=_PAGE, start=start)
        for item in page.items:
            if kind_of(item["number"]) == "toll_free":
                deployment.toll_free = item["number"]
            home = _Home(item["api"], item["siteId"], item.get("locationId"), item.get("applicationId"))
            deployment.homes[home] += 1
        start = page.next_key
        if start is None:
            break
    if not deployment.homes:
        return ok("none is active yet; what they go through is checked once a set-up has brought some")
    return ok(f"active: {deployment.homes.total()}, at {len(deployment.places)} locations")


def _check_homes(diagnosis: Diagnosis, deployment: _Deployment, account: tuple[str, ...]) -> None:
    places, to_call_back = deployment.places, Credentials(account, _TO_CALL_BACK)
    for site_id, location_id in places[:_MOST_LOCATIONS]:
        look = partial(_location, deployment, site_id, location_id)
        to_locate = Credentials(account, _TO_LOCATE)
        diagnosis.check(f"location {location_id}", look, to_locate, needs=_ACCOUNT_CHECK)
    if more := places[_MOST_LOCATIONS:]:
        diagnosis.check(
            "more locations",
            lambda: unknown(f"{len(more)} with fewer numbers were not looked at", "see the Bandwidth App"),
        )
    for application_id in sorted(deployment.application_ids("v2")):
        look = partial(_application, deployment, application_id)
        diagnosis.check(f"application {application_id}", look, to_call_back, needs=_ACCOUNT_CHECK)
    for application_id in sorted(deployment.application_ids("v1")):
        look = partial(_v1_application, deployment, application_id)
        diagnosis.check(f"V1 application {application_id}", look, Credentials(_TOKEN, _TO_SEND))


def _location(deployment: _Deployment, site_id: str, location_id: str) -> Finding:
    where = f"sub-account {site_id}, location {location_id}"
    if location_id not in deployment.locations(site_id):
        return wrong(
            f"our numbers are recorded at {where}, and Bandwidth has no such location",
            "find where the numbers are (Bandwidth App: Numbers), and move them to a location that texts",
        )
    dashboard, problems, mends = wiring.dashboard(), [], []
    sms = dashboard.sms(site_id, location_id)
    protocols = {
        "SMS": "" if sms is None else sms.protocol or _HTTP,
        "MMS": dashboard.mms_protocol(site_id, location_id),
    }
    for feature, protocol in protocols.items():
        if protocol != _HTTP:
            problems.append(f"{feature} goes through {protocol}" if protocol else f"{feature} is off")
            mends.append(f"switch {feature} on, through {_HTTP}")
    assigned = wiring.dashboard().assigned_application(site_id, location_id)
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
    application = deployment.applications.get(application_id)
    if application is None:
        return _no_application(application_id)
    if not application.is_for_messaging:
        return wrong(
            f"it is for {application.service_type}, not for messages",
            "that cannot be changed: start a set-up with another applicationName",
        )
    if application.lacks:
        return wrong(
            f"it has no {application.lacks}: what belongs there, messages or receipts, does not arrive here",
            f"in the Bandwidth App set it to {settings().callback_url}, {_WITH_CREDENTIALS}",
        )
    return _calls_back(application.callback_url, settings().callback_url)


def _v1_application(deployment: _Deployment, application_id: str) -> Finding:
    application = deployment.v1_applications.get(application_id)
    if application is None:
        return _no_application(application_id)
    return _calls_back(application.incoming_message_url, _v1_of(settings().callback_url))


def _no_application(application_id: str) -> Finding:
    return wrong(
        f"our numbers send through application {application_id}, and Bandwidth has no such application",
        'docs/operations.md, "An application is gone", says how to give them another',
    )


def _calls_back(url: str | None, ours: str) -> Finding:
    if url != ours:
        return wrong(
            f"it calls back {url or 'nobody'}, not this stack: replies and receipts do not arrive here",
            f"in the Bandwidth App set its callback URLs to {ours}, {_WITH_CREDENTIALS}",
        )
    return ok(f"it calls back {ours}")


def _registration(deployment: _Deployment) -> Finding:
    registrations = wiring.registrations(seconds=_REGISTRATION_SECONDS)
    try:
        campaigns = registrations.campaigns()
        if deployment.toll_free:
            registrations.verification(deployment.toll_free)
    except BandwidthUnauthorized as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return ok(
            f"Bandwidth does not show it to these credentials ({error.words}); texts go out all the same, "
            "and those that carriers refuse come back failed",
            f"if the account registers at Bandwidth, give the credentials the role {_TO_REGISTER}, or ask "
            "its support for the Registration Center",
        )
    registered = sum(status == "REGISTERED" for status in campaigns.values())
    return ok(f"10DLC campaigns: {len(campaigns)}, registered: {registered}")


# Callbacks


def _check_callbacks(diagnosis: Diagnosis, *, with_v1: bool) -> None:
    url = settings().callback_probe_url
    diagnosis.check(_CHALLENGE_CHECK, partial(callback_check.challenge, url))
    diagnosis.check("callback credentials", partial(callback_check.credentials, url), needs=_CHALLENGE_CHECK)
    if with_v1:
        # What V1 sends is one event, so nothing harmless could be sent with credentials.
        diagnosis.check("V1 callback challenge", partial(callback_check.challenge, _v1_of(url)))


def _v1_of(url: str) -> str:
    return f"{url.removesuffix('/v2')}/v1"
