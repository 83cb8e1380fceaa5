"""The simulated account: its applications and locations, with Bandwidth's rules for them."""

import itertools
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulator.account.applications import MESSAGING, Application, check
from simulator.account.config import AccountConfig
from simulator.account.numbers import AccountNumber, AccountNumbers
from simulator.account.tokens import Tokens
from simulator.rejections import RejectedError

PROXY_PEER_ID = "539692"
MAX_PEER_NAME = 50


@dataclass
class SmsFeature:
    """`settings` are the elements of SipPeerSmsFeatureSettings by name, in the order of the response."""

    settings: dict[str, str]
    proxy_peer_id: str


@dataclass(frozen=True)
class Site:
    """A site (sub-account). The account has exactly one site from the start."""

    id: str
    name: str = "Simulated"


@dataclass
class Location:
    id: str
    site_id: str
    name: str
    is_default: bool
    sms: SmsFeature | None = None
    mms_proxy_peer_id: str | None = None
    application_id: str | None = None


@dataclass(frozen=True)
class Change:
    """A status change of an order. Numbers have ten digits."""

    order_type: str
    order_id: str
    customer_order_id: str | None
    status: str
    message: str
    completed: Sequence[str]
    failed: Sequence[str]
    modified: datetime


class Account:
    """All resources of the account except its orders. `lock` guards them and the orders."""

    def __init__(self, config: AccountConfig) -> None:
        self.config = config
        self.tokens = Tokens(config.client_id, config.client_secret, config.account_id)
        self.lock = threading.RLock()
        self.numbers = AccountNumbers()
        self._updaters: list[Callable[[], None]] = []
        self._listeners: list[Callable[[Change], None]] = []
        self._backorder_checks: list[Callable[[str], bool]] = []
        self._is_updating = False
        self._location_ids = itertools.count(500_101)
        self._applications: dict[str, Application] = {}
        self._locations: dict[str, Location] = {}

    def reset(self) -> None:
        with self.lock:
            self._applications.clear()
            self._locations.clear()
            self.numbers.clear()
        self.tokens.reset()

    def add_updater(self, updater: Callable[[], None]) -> None:
        """Call `updater`, which updates the orders of one kind, before every read of the account."""
        self._updaters.append(updater)

    def add_backorder_check(self, check_backorders: Callable[[str], bool]) -> None:
        """Register `check_backorders`: it returns whether a location (by id) has an open backorder."""
        self._backorder_checks.append(check_backorders)

    def add_listener(self, listener: Callable[[Change], None]) -> None:
        """Call `listener` with every status change of an order."""
        self._listeners.append(listener)

    def announce(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

    def update_orders(self) -> None:
        """Update every order to its status at the current time."""
        with self.lock:
            if self._is_updating:
                return
            self._is_updating = True
            try:
                for updater in self._updaters:
                    updater()
            finally:
                self._is_updating = False

    def number(self, number: str) -> AccountNumber | None:
        """Return a number in service by its ten digits or in E.164; None if it does not exist."""
        with self.lock:
            self.update_orders()
            return self.numbers.get(number)

    def aging(self) -> list[AccountNumber]:
        """Return the numbers that were released and not ordered again."""
        with self.lock:
            self.update_orders()
            return self.numbers.aging()

    def list_numbers(
        self, *, is_hosted: bool | None = None, location_id: str | None = None
    ) -> list[AccountNumber]:
        """Return the numbers in service: all, owned or hosted numbers, or those of a location."""
        with self.lock:
            self.update_orders()
            return self.numbers.find(is_hosted=is_hosted, location_id=location_id)

    def create_application(
        self,
        name: str,
        callback_url: str,
        callback_user: str | None = None,
        callback_password: str | None = None,
    ) -> Application:
        """Create an application in the classic form. Names are not unique."""
        application = Application(name, callback_url, callback_user, callback_password)
        self.add_application(application)
        return application

    def add_application(self, application: Application, *, has_service_type: bool = True) -> None:
        """Add an application or replace the one with its id. `has_service_type` is passed to the check."""
        with self.lock:
            before = self._applications.get(application.id)
            if before is not None and before.service_type != application.service_type:
                raise RejectedError(400, "12964", "ServiceType cannot be changed.")
            check(application, self.config.generation, has_service_type=has_service_type)
            self._applications[application.id] = application

    def applications(self) -> list[Application]:
        with self.lock:
            return list(self._applications.values())

    def application(self, application_id: str) -> Application:
        with self.lock:
            if found := self._applications.get(application_id):
                return found
        raise RejectedError(404, "1016", f"Application '{application_id}' does not exist.")

    def list_assigned_locations(self, application_id: str) -> list[Location]:
        """Return the locations that an application is assigned to."""
        with self.lock:
            return [each for each in self._locations.values() if each.application_id == application_id]

    def delete_application(self, application_id: str) -> None:
        with self.lock:
            application = self.application(application_id)
            used = [each.name for each in self.list_assigned_locations(application_id)]
            if used:
                words = f"Application '{application.name}' is still used by locations: {', '.join(used)}"
                raise RejectedError(400, "12107", words)
            del self._applications[application_id]

    def sites(self) -> list[Site]:
        return [Site(self.config.site_id)]

    def site(self, site_id: str) -> Site:
        if found := next((each for each in self.sites() if each.id == site_id), None):
            return found
        raise RejectedError(404, "12016", f"Site '{site_id}' does not exist.")

    def create_location(self, site_id: str, name: str, is_default: bool) -> Location:
        """Create a location. A site's first location must be its default. A new default replaces it."""
        self.site(site_id)
        if not name:
            raise RejectedError(400, "13500", "PeerName is required.")
        if len(name) > MAX_PEER_NAME:
            raise RejectedError(400, "13501", f"PeerName must not be longer than {MAX_PEER_NAME} characters.")
        # The error list allows only letters and digits, but the sample in the document has spaces.
        if not re.fullmatch(r"[A-Za-z0-9 ]+", name):
            raise RejectedError(400, "13502", "PeerName may contain letters and digits only.")
        with self.lock:
            others = [each for each in self._locations.values() if each.site_id == site_id]
            if any(each.name == name for each in others):
                raise RejectedError(409, "13524", f"PeerName '{name}' already exists in this site.")
            if not others and not is_default:
                raise RejectedError(400, "13522", "The first location of a site must be its default.")
            if is_default:
                for each in others:
                    each.is_default = False
            location = Location(str(next(self._location_ids)), site_id, name, is_default)
            self._locations[location.id] = location
        return location

    def locations(self, site_id: str | None = None) -> list[Location]:
        """Return the locations of one site, or of the whole account."""
        if site_id is not None:
            self.site(site_id)
        with self.lock:
            return [each for each in self._locations.values() if site_id in (None, each.site_id)]

    def location(self, site_id: str, location_id: str) -> Location:
        """Return a location of a site. Raises RejectedError (400, per specification) if it does not exist."""
        self.site(site_id)
        with self.lock:
            found = self._locations.get(location_id)
        if found is None or found.site_id != site_id:
            raise RejectedError(400, "13563", f"Location '{location_id}' does not exist.")
        return found

    def delete_location(self, location: Location) -> None:
        """Delete an empty location. The site's default can only be deleted last."""
        with self.lock:
            if self.list_numbers(location_id=location.id):
                raise RejectedError(400, "13555", "Telephone numbers are still on this location.")
            if any(has_backorder(location.id) for has_backorder in self._backorder_checks):
                raise RejectedError(400, "13681", "Backorders are still open on this location.")
            if location.mms_proxy_peer_id is not None:
                raise RejectedError(400, "13622", "MMS is still enabled on this location.")
            if location.sms is not None:
                raise RejectedError(400, "13613", "SMS is still enabled on this location.")
            if location.is_default and len(self.locations(location.site_id)) > 1:
                raise RejectedError(400, "13558", "The default location can only be deleted as the last one.")
            del self._locations[location.id]

    def find_location(self, location_id: str) -> Location | None:
        with self.lock:
            return self._locations.get(location_id)

    def choose_location(self, site_id: str | None, location_id: str | None) -> Location | None:
        """Return the location for an order's numbers: the named one, or the site's default if it exists."""
        if not site_id:
            raise RejectedError(400, "5022", "SiteId is a required field.")
        if site_id != self.config.site_id:
            raise RejectedError(400, "5016", "The SiteId submitted is invalid.")
        with self.lock:
            if not location_id:
                return next((each for each in self.locations(site_id) if each.is_default), None)
            if found := self._locations.get(location_id):
                return found
        raise RejectedError(400, "5023", "SIP peer submitted is invalid.")

    def enable_sms(self, location: Location, feature: SmsFeature) -> None:
        if feature.settings["Protocol"] != "HTTP":
            raise RejectedError(400, "13608", "Protocol and settings do not match: only HTTP is supported.")
        with self.lock:
            location.sms = feature

    def enable_mms(self, location: Location, protocol: str, proxy_peer_id: str) -> None:
        if protocol != "HTTP":
            raise RejectedError(400, "13608", "Protocol and settings do not match: only HTTP is supported.")
        with self.lock:
            if location.sms is None:
                raise RejectedError(400, "13623", "SMS must be enabled before MMS.")
            location.mms_proxy_peer_id = proxy_peer_id

    def disable_sms(self, location: Location) -> None:
        with self.lock:
            if location.sms is None:
                raise RejectedError(404, "13678", "SMS is not enabled on this location.")
            if location.mms_proxy_peer_id is not None:
                raise RejectedError(400, "13624", "MMS must be disabled before SMS.")
            if self.list_numbers(location_id=location.id):
                raise RejectedError(400, "13673", "Telephone numbers with messaging remain on this location.")
            location.sms = None

    def disable_mms(self, location: Location) -> None:
        with self.lock:
            if location.mms_proxy_peer_id is None:
                raise RejectedError(404, "1016", "MMS is not enabled on this location.")
            location.mms_proxy_peer_id = None

    def assign_application(self, location: Location, application_id: str) -> None:
        """Assign an application to a location. The word REMOVE detaches the assigned application."""
        if not application_id:
            raise RejectedError(400, "13628", "HttpMessagingV2AppId must be an application id or REMOVE.")
        with self.lock:
            if application_id.upper() == "REMOVE":
                location.application_id = None
                return
            if (application := self._applications.get(application_id)) is None:
                raise RejectedError(400, "13629", f"Application '{application_id}' does not exist.")
            if application.service_type != MESSAGING:
                raise RejectedError(
                    400, "13648", f"The ServiceType of '{application_id}' is not {MESSAGING}."
                )
            if location.sms is None:
                raise RejectedError(
                    400, "13645", "HTTP SMS must be enabled before an application is assigned."
                )
            location.application_id = application_id
