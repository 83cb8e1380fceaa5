"""Current hosted messaging: orders that import numbers of other carriers, and orders that remove them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from simulator.account.account import Account, Location
from simulator.account.importability import Importability
from simulator.account.number_list_orders import (
    MAX_NUMBERS,
    NumbersError,
    NumbersOrder,
    NumbersOrders,
    check_customer_order_id,
    check_numbers,
)
from simulator.account.numbers import AccountNumber
from simulator.account.order_outcomes import OrderOutcomeError
from simulator.account.orders import OrderBook
from simulator.rejections import MultipleRejectionsError, RejectedError

MAX_SUBSCRIBER_NAME = 45
ADDRESS = {"HouseNumber": "7108", "StreetName": "7109", "City": "7110", "StateCode": "7111", "Zip": "7112"}
USUAL_IMPORT_ERROR = OrderOutcomeError(code=19010, description="The number cannot be provisioned.")
USUAL_REMOVAL_ERROR = OrderOutcomeError(code=25040, description="Unable to remove telephone numbers.")
NOT_IMPORTED = "Telephone number hasn't been previously imported."


@dataclass(frozen=True)
class Letter:
    """A letter of authorization. The simulator stores the size, not the content."""

    filename: str
    content_type: str
    size: int


@dataclass(kw_only=True)
class ImportOrder(NumbersOrder):
    """`location_id` is from the request. `target` is the location of the imported numbers."""

    site_id: str
    location_id: str | None
    target: Location
    subscriber: etree._Element | None
    loa_authorizing_person: str
    loa_type: str
    letters: list[Letter] = field(default_factory=list)


@dataclass(frozen=True)
class ImportRequest:
    """The fields of an order request. None means an absent element. Numbers have ten digits."""

    numbers: Sequence[str]
    site_id: str | None
    location_id: str | None
    customer_order_id: str | None
    subscriber: etree._Element | None
    loa_authorizing_person: str | None
    loa_type: str | None


class Imports(NumbersOrders[ImportOrder]):
    """The import orders. They are PROCESSING first, then reach their outcome.

    With `needs_letter`, an order with LoaType SUBSCRIBER stays PROCESSING until a letter is uploaded.
    """

    order_type = "importtnorders"
    interim_statuses = ("PROCESSING",)
    usual_error = USUAL_IMPORT_ERROR

    def __init__(
        self,
        account: Account,
        number_orders: OrderBook,
        importability: Importability,
        order_seconds: float,
        *,
        needs_letter: bool,
    ) -> None:
        super().__init__(account, number_orders, order_seconds)
        self._importability = importability
        self._default_needs_letter = needs_letter
        self.needs_letter = needs_letter

    def reset(self) -> None:
        super().reset()
        self.needs_letter = self._default_needs_letter

    def check(
        self, numbers: Sequence[str], site_id: str | None, location_id: str | None
    ) -> list[NumbersError]:
        """Return the errors of numbers that cannot be imported (guide on hosted messaging).

        The location is optional. Raises MultipleRejectionsError with every error of the request.
        """
        errors = self._check_numbers(numbers)
        if site_id or location_id:
            self._find_target(site_id, location_id, errors)
        if errors:
            raise MultipleRejectionsError(errors)
        self._account.update_orders()
        return self._importability.errors(numbers)

    def place(self, request: ImportRequest) -> ImportOrder:
        """Place an order. Raises MultipleRejectionsError with every error of the request."""
        loa_type = request.loa_type or "SUBSCRIBER"
        errors = self._check_numbers(request.numbers)
        target = self._find_target(request.site_id, request.location_id, errors)
        if loa_type not in ("CARRIER", "SUBSCRIBER"):
            words = "LoaType is absent or invalid. Possible values: carrier, subscriber"
            errors.append(RejectedError(400, "25110", words))
        elif loa_type == "SUBSCRIBER" or request.subscriber is not None:
            errors += _check_subscriber(request.subscriber)
        if not request.loa_authorizing_person:
            errors.append(RejectedError(400, "7115", "The LOA authorizing person is required"))
        try:
            check_customer_order_id(request.customer_order_id)
        except RejectedError as rejected:
            errors.append(rejected)
        if errors or target is None:
            raise MultipleRejectionsError(errors)
        order = ImportOrder(
            customer_order_id=request.customer_order_id or None,
            status="PROCESSING",
            numbers=tuple(request.numbers),
            site_id=target.site_id,
            location_id=request.location_id or None,
            target=target,
            subscriber=request.subscriber,
            loa_authorizing_person=request.loa_authorizing_person or "",
            loa_type=loa_type,
        )
        self._orders.add(order)
        return order

    def add_letter(self, order_id: str, content_type: str, size: int) -> Letter:
        """Add a letter to an order."""
        with self._account.lock:
            order = self.get(order_id)
            suffix = content_type.rpartition("/")[2]
            letter = Letter(f"{order.id}-{len(order.letters) + 1}.{suffix}", content_type, size)
            order.letters.append(letter)
            return letter

    def _is_held(self, order: ImportOrder) -> bool:
        return self.needs_letter and order.loa_type == "SUBSCRIBER" and not order.letters

    def _find_impossible(self, order: ImportOrder) -> list[NumbersError]:
        return self._importability.errors(order.numbers)

    def _apply(self, order: ImportOrder) -> None:
        self._account.numbers.add(
            *(
                AccountNumber(
                    each, order.site_id, order.target.id, hosted_by="importTnOrders", order_id=order.id
                )
                for each in order.done
            )
        )

    def _find_target(
        self, site_id: str | None, location_id: str | None, errors: list[RejectedError]
    ) -> Location | None:
        """Return the location of the numbers. Adds errors to `errors` and returns None if it is invalid."""
        if site_id != self._account.config.site_id:
            errors.append(RejectedError(400, "7309", "The site id was not supplied or is invalid."))
            return None
        try:
            location = self._account.choose_location(site_id, location_id)
        except RejectedError:
            errors.append(RejectedError(400, "7312", "The sippeer id is invalid."))
            return None
        if location is None:
            words = "The site id submitted does not have a default SIP peer associated to it."
            errors.append(RejectedError(400, "7310", words))
        return location

    @staticmethod
    def _check_numbers(numbers: Sequence[str]) -> list[RejectedError]:
        if len(numbers) > MAX_NUMBERS:
            words = f"The number of telephone numbers provided exceeds the maximum {MAX_NUMBERS}"
            return [RejectedError(400, "7314", words)]
        try:
            check_numbers(numbers, absent="7316")
        except RejectedError as rejected:
            code = {"1022": "7201", "5072": "7360"}.get(rejected.code or "", rejected.code)
            return [RejectedError(400, code, rejected.description)]
        return []


class Removals(NumbersOrders[NumbersOrder]):
    """Orders that remove imported numbers. They are PROCESSING first, then reach their outcome."""

    order_type = "removeImportedTnOrders"
    interim_statuses = ("PROCESSING",)
    usual_error = USUAL_REMOVAL_ERROR
    # The specification has a 400 here, not a 404.
    unknown_order = (400, None, "The resource does not exist")

    def place(self, numbers: Sequence[str], customer_order_id: str | None) -> NumbersOrder:
        """Place an order for numbers (ten digits). Raises RejectedError with the code of the first error."""
        check_customer_order_id(customer_order_id)
        check_numbers(numbers, absent="5073")
        order = NumbersOrder(
            customer_order_id=customer_order_id or None, status="PROCESSING", numbers=tuple(numbers)
        )
        self._orders.add(order)
        return order

    def _find_impossible(self, order: NumbersOrder) -> list[NumbersError]:
        hosted = {each.number for each in self._account.numbers.find(is_hosted=True)}
        return [NumbersError(5158, NOT_IMPORTED, [each for each in order.numbers if each not in hosted])]

    def _apply(self, order: NumbersOrder) -> None:
        for number in order.done:
            self._account.numbers.remove(number)


def _check_subscriber(subscriber: etree._Element | None) -> list[RejectedError]:
    if subscriber is None:
        return [RejectedError(400, "7104", "Subscriber information is required")]
    name = (subscriber.findtext("Name") or "").strip()
    errors = []
    if not name:
        errors.append(RejectedError(400, "7105", "The subscriber name is required"))
    if len(name) > MAX_SUBSCRIBER_NAME:
        words = f"The Subscriber Name is too long. Maximum length is {MAX_SUBSCRIBER_NAME} characters."
        errors.append(RejectedError(400, "25131", words))
    if subscriber.find("ServiceAddress") is None:
        return [*errors, RejectedError(400, "7107", "The service address is required")]
    return errors + [
        RejectedError(400, code, f"The service address {name} is required")
        for name, code in ADDRESS.items()
        if not (subscriber.findtext(f"ServiceAddress/{name}") or "").strip()
    ]
