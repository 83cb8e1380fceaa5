"""The doctor: checks the deployment against the real Bandwidth account. Changes nothing on either side."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from bandwidth_messaging.bandwidth.errors import BandwidthRejected, BandwidthUnauthorized
from bandwidth_messaging.domain.numbers import NumberState
from bandwidth_messaging.domain.registration import RegistrationKind, RegistrationState, classify_number
from bandwidth_messaging.domain.times import now, to_rfc3339
from bandwidth_messaging.services.callback_check import check_challenge, check_credentials
from bandwidth_messaging.services.diagnosis import (
    AwsFailure,
    Credentials,
    Diagnosis,
    Finding,
    Report,
    check_secret,
    ok,
    unknown,
    wrong,
)
from bandwidth_messaging.services.resource_checks import (
    check_application,
    check_classic_application,
    check_location,
)

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.applications import Application
    from bandwidth_messaging.bandwidth.callback_probe import CallbackProbe
    from bandwidth_messaging.bandwidth.catapult import Application as ClassicApplication
    from bandwidth_messaging.bandwidth.catapult import Catapult
    from bandwidth_messaging.bandwidth.credentials import BasicCredentials
    from bandwidth_messaging.bandwidth.dashboard import Dashboard
    from bandwidth_messaging.bandwidth.messaging import Messaging
    from bandwidth_messaging.bandwidth.registration_center import Registrations
    from bandwidth_messaging.domain.registration import Registration
    from bandwidth_messaging.store.number_store import Numbers

logger = logging.getLogger(__name__)

CLASSIC_END: Final = date(2026, 12, 2)
"""The day on which Bandwidth disables the users of the classic generation."""

_DASHBOARD_USER: Final = ("dashboardUser", "dashboardPassword")
_MESSAGING_TOKEN: Final = ("messagingToken", "messagingSecret")
_CLIENT: Final = ("clientId", "clientSecret")
# Names of roles in the Bandwidth App. Only a set-up needs Ordering, so no read detects its absence.
_ORDERING_ROLE: Final = "Ordering"
_LOCATIONS_ROLE: Final = "Configuration"
_APPLICATIONS_ROLE: Final = "HTTP Application Management"
_MESSAGING_ROLE: Final = "Messaging"
_REGISTRATION_ROLE: Final = "Campaign Management, or TFV for toll-free numbers"
# A reserved number: a search for its messages finds none.
_UNUSED_NUMBER: Final = "+15005550100"
_PAGE_SIZE: Final = 1000
_MAX_SITES_SHOWN: Final = 10
_MAX_NUMBERS_SHOWN: Final = 5
_VERIFY: Final = (
    "carriers reject texts of these numbers: submit them with PUT /numbers/{number}/toll-free-verification"
)
_REGISTRATION_SECONDS: Final = 20
# Each location costs up to four requests; more locations would exceed the function's timeout.
_MAX_LOCATIONS: Final = 50

_ACCOUNT_CHECK: Final = "account credentials"
_MESSAGING_CHECK: Final = "messaging credentials"
_CHALLENGE_CHECK: Final = "callback challenge"


def list_secret_fields(*, is_current: bool) -> tuple[str, ...]:
    """Return the fields of the secret with Bandwidth's credentials."""
    return _CLIENT if is_current else (*_DASHBOARD_USER, *_MESSAGING_TOKEN)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The settings of the stack that the doctor checks.

    `callback_url_*` are the URLs that applications must have; the doctor itself calls `probe_url_*`.
    """

    is_current: bool
    secret_name: str
    account_id: str
    site_id: str
    callback_url_v1: str
    callback_url_v2: str
    probe_url_v1: str
    probe_url_v2: str


@dataclass(frozen=True, kw_only=True)
class Doctor:
    """Runs all checks. The callables return clients with the current credentials."""

    deployment: Deployment
    numbers: "Numbers"
    dashboard: "Callable[[], Dashboard]"
    catapult: "Callable[[], Catapult]"
    messaging: "Callable[[], Messaging]"
    registrations: "Callable[[float], Registrations]"
    probe: "Callable[[str], CallbackProbe]"
    read_secret: Callable[[], str]
    token_claims: Callable[[], dict[str, list[str]]]
    callback_credentials: "Callable[[], BasicCredentials]"
    classify_aws_error: Callable[[Exception], AwsFailure | None]

    def examine(self) -> Report:
        """Return the report: `healthy`, `summary` and `checks`, each with what it found and how to fix it."""
        report = _Examination(self, Diagnosis(self.classify_aws_error)).run()
        logger.info("deployment checked", extra={"summary": report["summary"]})
        return report


class _Home(NamedTuple):
    """What active numbers send through."""

    api: str
    site_id: str
    location_id: str | None
    application_id: str | None


@dataclass
class _Examination:
    """One run of all checks. Data that several checks need is requested once."""

    doctor: Doctor
    diagnosis: Diagnosis
    homes: Counter[_Home] = field(default_factory=Counter)
    toll_free: "dict[str, Registration | None]" = field(default_factory=dict)
    locations: dict[str, set[str]] = field(default_factory=dict)

    def run(self) -> Report:
        check, is_current = self.diagnosis.check, self.deployment.is_current
        account, messaging = (_CLIENT, _CLIENT) if is_current else (_DASHBOARD_USER, _MESSAGING_TOKEN)
        check("secret", self._check_secret)
        is_account_ok = check(_ACCOUNT_CHECK, self._check_account, Credentials(account, _APPLICATIONS_ROLE))
        check("generation", partial(self._check_generation, is_account_ok))
        if is_current:
            check("roles", self._check_roles, needs=_ACCOUNT_CHECK)
        check(_MESSAGING_CHECK, self._check_messaging, Credentials(messaging, _MESSAGING_ROLE))
        check("site", self._check_site, Credentials(account, _LOCATIONS_ROLE), needs=_ACCOUNT_CHECK)
        check("numbers", self._check_numbers)
        self._check_locations(Credentials(account, _LOCATIONS_ROLE))
        self._check_applications(Credentials(account, _APPLICATIONS_ROLE))
        if is_current:
            credentials = Credentials(account, _REGISTRATION_ROLE)
            check("registration", self._check_registration, credentials, needs=_ACCOUNT_CHECK)
        self._check_callbacks()
        return self.diagnosis.report()

    @property
    def deployment(self) -> Deployment:
        return self.doctor.deployment

    # Credentials

    def _check_secret(self) -> Finding:
        fields = list_secret_fields(is_current=self.deployment.is_current)
        return check_secret(self.deployment.secret_name, self.doctor.read_secret(), fields)

    def _check_account(self) -> Finding:
        return ok(f"account {self.deployment.account_id}, applications: {len(self._applications)}")

    def _check_generation(self, is_account_ok: bool) -> Finding:
        if self.deployment.is_current:
            return ok("current")
        days = (CLASSIC_END - _today()).days
        fix = 'switch to the current generation: docs/operations.md, "From classic to current"'
        if days >= 0:
            return ok(f"classic; Bandwidth disables its users on {CLASSIC_END}, in {days} days", fix)
        if is_account_ok:
            return ok(f"classic; Bandwidth disables its users from {CLASSIC_END} on", fix)
        return wrong(f"classic; Bandwidth disabled its users on {CLASSIC_END}", fix)

    def _check_roles(self) -> Finding:
        claims, account_id = self.doctor.token_claims(), self.deployment.account_id
        accounts, roles = claims.get("accounts"), claims.get("roles")
        if accounts and account_id not in accounts:
            return wrong(
                f"the credentials have access to account {', '.join(accounts)}, not to {account_id}",
                "give the credentials access to this account in the Bandwidth App, or correct "
                "BandwidthAccountId",
            )
        if roles is None:
            return ok("the token does not list roles; the following checks show missing ones")
        required = (_ORDERING_ROLE, _LOCATIONS_ROLE, _APPLICATIONS_ROLE)
        if missing := " and ".join(role for role in required if role not in roles):
            return wrong(
                f"the credentials lack {missing}; their roles are {', '.join(roles)}",
                f"in the Bandwidth App (Account, API Credentials) give the credentials the role {missing}",
            )
        return ok(", ".join(roles))

    def _check_messaging(self) -> Finding:
        if not self.deployment.is_current:
            return ok(
                f"V1 accepts the credentials (applications: {len(self._classic_applications)}); V2 uses the "
                "same credentials and has no request that could test them without side effects"
            )
        since = datetime.now(UTC) - timedelta(minutes=1)
        self.doctor.messaging().find_sent(
            _UNUSED_NUMBER, _UNUSED_NUMBER, since=to_rfc3339(since.isoformat()), until=now()
        )
        return ok("the credentials may search messages; only a real message shows whether they may send")

    # Site, numbers, locations and applications

    def _check_site(self) -> Finding:
        site_id = self.deployment.site_id
        try:
            count = len(self._list_locations(site_id))
        except BandwidthRejected as error:
            if not error.is_absent:
                raise
            sites = [
                f"{other_id} ({name})" for other_id, name in self.doctor.dashboard().list_sites().items()
            ]
            more = ", …" if len(sites) > _MAX_SITES_SHOWN else ""
            return wrong(
                f"account {self.deployment.account_id} has no site {site_id}; its sites are "
                f"{', '.join(sites[:_MAX_SITES_SHOWN]) or 'none'}{more}",
                "set BandwidthSiteId to the id of a site (sub-account) of this account",
            )
        return ok(f"site {site_id}, locations: {count}")

    def _check_numbers(self) -> Finding:
        start = None
        while True:
            page = self.doctor.numbers.list_by_state(NumberState.ACTIVE, limit=_PAGE_SIZE, start=start)
            for item in page.items:
                if classify_number(item["number"]) == RegistrationKind.TOLL_FREE:
                    self.toll_free[item["number"]] = item.get("registration")
                home = _Home(item["api"], item["siteId"], item.get("locationId"), item.get("applicationId"))
                self.homes[home] += 1
            start = page.next_key
            if start is None:
                break
        if not self.homes:
            return ok("no active numbers yet; run the doctor again after the first set-up")
        return ok(f"active: {self.homes.total()}, at {len(self._places)} locations")

    def _check_locations(self, credentials: Credentials) -> None:
        for site_id, location_id in self._places[:_MAX_LOCATIONS]:
            run = partial(self._check_location, site_id, location_id)
            self.diagnosis.check(f"location {location_id}", run, credentials, needs=_ACCOUNT_CHECK)
        if more := len(self._places[_MAX_LOCATIONS:]):
            finding = unknown(
                f"{more} locations with fewer numbers were not checked",
                "check these locations in the Bandwidth App",
            )
            self.diagnosis.check("more locations", lambda: finding)

    def _check_location(self, site_id: str, location_id: str) -> Finding:
        return check_location(
            self.doctor.dashboard(),
            site_id,
            location_id,
            exists=location_id in self._list_locations(site_id),
            expected_applications=self._application_ids("v2", location_id),
        )

    def _check_applications(self, credentials: Credentials) -> None:
        for application_id in sorted(self._application_ids("v2")):
            run = partial(self._check_application, application_id)
            self.diagnosis.check(f"application {application_id}", run, credentials, needs=_ACCOUNT_CHECK)
        for application_id in sorted(self._application_ids("v1")):
            run = partial(self._check_classic_application, application_id)
            classic = Credentials(_MESSAGING_TOKEN, _MESSAGING_ROLE)
            self.diagnosis.check(f"V1 application {application_id}", run, classic)

    def _check_application(self, application_id: str) -> Finding:
        application = self._applications.get(application_id)
        return check_application(application_id, application, self.deployment.callback_url_v2)

    def _check_classic_application(self, application_id: str) -> Finding:
        application = self._classic_applications.get(application_id)
        return check_classic_application(application_id, application, self.deployment.callback_url_v1)

    # Registration and callbacks

    def _check_registration(self) -> Finding:
        registrations = self.doctor.registrations(_REGISTRATION_SECONDS)
        try:
            campaigns = registrations.list_campaigns()
            if self.toll_free:
                registrations.get_verification(next(reversed(self.toll_free)))
        except BandwidthUnauthorized as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return ok(
                f"Bandwidth denies these credentials access to registrations ({error.words}); messages are "
                "sent anyway, and those that carriers reject become failed",
                "if the account registers numbers at Bandwidth, give the credentials the role "
                f"{_REGISTRATION_ROLE}, or ask Bandwidth's support to enable the Registration Center",
            )
        registered = sum(status == "REGISTERED" for status in campaigns.values())
        found = f"10DLC campaigns: {len(campaigns)}, registered: {registered}"
        if not self.toll_free:
            return ok(found)
        found += f"; toll-free numbers: {len(self.toll_free)}"
        rejected = [
            f"…{number[-4:]} ({known.get('reason')})"
            for number, known in self.toll_free.items()
            if known is not None and known["state"] == RegistrationState.UNREGISTERED
        ]
        if not rejected:
            return ok(found)
        shown = ", ".join(rejected[:_MAX_NUMBERS_SHOWN])
        more = ", …" if len(rejected) > _MAX_NUMBERS_SHOWN else ""
        return ok(f"{found}, not verified: {len(rejected)}: {shown}{more}", _VERIFY)

    def _check_callbacks(self) -> None:
        check, probe, url = self.diagnosis.check, self.doctor.probe, self.deployment.probe_url_v2
        check(_CHALLENGE_CHECK, lambda: check_challenge(url, probe(url)))
        check(
            "callback credentials",
            lambda: check_credentials(url, probe(url), self.doctor.callback_credentials()),
            needs=_CHALLENGE_CHECK,
        )
        if self._application_ids("v1"):
            # A V1 callback is always one event, so a callback with credentials would be stored.
            url_v1 = self.deployment.probe_url_v1
            check("V1 callback challenge", lambda: check_challenge(url_v1, probe(url_v1)))

    # Shared data

    @cached_property
    def _applications(self) -> "dict[str, Application]":
        applications = self.doctor.dashboard().list_applications()
        return {application.application_id: application for application in applications}

    @cached_property
    def _classic_applications(self) -> "dict[str, ClassicApplication]":
        applications = self.doctor.catapult().list_applications()
        return {application.application_id: application for application in applications}

    def _list_locations(self, site_id: str) -> set[str]:
        """Return the ids of the locations of a site."""
        if site_id not in self.locations:
            listed = self.doctor.dashboard().list_locations(site_id)
            self.locations[site_id] = {location.location_id for location in listed}
        return self.locations[site_id]

    @property
    def _places(self) -> list[tuple[str, str]]:
        """The site and location of V2 numbers, places with the most numbers first."""
        places: Counter[tuple[str, str]] = Counter()
        for home, count in self.homes.items():
            if home.api == "v2" and home.location_id:
                places[home.site_id, home.location_id] += count
        return [place for place, _ in places.most_common()]

    def _application_ids(self, api: str, location_id: str | None = None) -> set[str]:
        """Return the applications of the numbers of an API, at one location or at all."""
        return {
            home.application_id
            for home in self.homes
            if home.application_id and home.api == api and location_id in {None, home.location_id}
        }


def _today() -> date:
    return datetime.now(UTC).date()
