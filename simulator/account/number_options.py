"""Orders that set options of numbers: messaging on or off, and the campaign."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from simulator.account.account import Account
from simulator.account.number_list_orders import (
    NumbersError,
    NumbersOrder,
    NumbersOrders,
    check_customer_order_id,
    check_numbers,
)
from simulator.account.numbers import AccountNumber, NumberOptions
from simulator.account.order_outcomes import OrderOutcomeError
from simulator.account.orders import OrderBook
from simulator.account.registrations import REGISTERED, Registrations, is_toll_free
from simulator.rejections import RejectedError

ACTIONS = ("asSpecified", "systemDefault", "off", "delete", "unchanged")
PERMISSIVE = ("DefaultOn", "DefaultOff")
USUAL_ERROR = OrderOutcomeError(code=5003, description="Provisioning Failure")
ALREADY_ON = "SMS is already Enabled or number is in processing."


@dataclass(frozen=True)
class OptionGroup:
    """The requested options of a group of numbers (ten digits). None means an absent element. `action` is the
    Action of the A2pSettings.
    """

    numbers: Sequence[str]
    sms: str | None
    action: str | None = None
    message_class: str | None = None
    campaign_id: str | None = None


@dataclass(kw_only=True)
class OptionsOrder(NumbersOrder):
    """`warned` are the numbers that had the ordered options already."""

    groups: Sequence[OptionGroup]
    warned: list[str] = field(default_factory=list)


class NumberOptionsOrders(NumbersOrders[OptionsOrder]):
    """The orders are RECEIVED in the first half of the wait, PROCESSING in the second, then final."""

    order_type = "tnoptions"
    interim_statuses = ("RECEIVED", "PROCESSING")
    usual_error = USUAL_ERROR
    unknown_order = (404, "5035", "TnOption order {} not found.")

    def __init__(
        self,
        account: Account,
        number_orders: OrderBook,
        registrations: Registrations,
        order_seconds: float,
    ) -> None:
        super().__init__(account, number_orders, order_seconds)
        self._registrations = registrations

    def place(self, groups: Sequence[OptionGroup], customer_order_id: str | None) -> OptionsOrder:
        """Place an order. Raises RejectedError with the code of the first error."""
        check_customer_order_id(customer_order_id)
        numbers = [number for group in groups for number in group.numbers]
        check_numbers(numbers, absent="5073")
        for group in groups:
            _check_group(group)
        order = OptionsOrder(
            customer_order_id=customer_order_id or None,
            status="RECEIVED",
            numbers=tuple(numbers),
            groups=tuple(groups),
        )
        self._orders.add(order)
        return order

    def _find_impossible(self, order: OptionsOrder) -> list[NumbersError]:
        found: dict[tuple[int, str], list[str]] = {}
        for group in order.groups:
            for number in group.numbers:
                if reason := self._check_number(group, self._account.numbers.get(number)):
                    found.setdefault(reason, []).append(number)
        return [NumbersError(code, words, numbers) for (code, words), numbers in found.items()]

    def _check_number(self, group: OptionGroup, number: AccountNumber | None) -> tuple[int, str] | None:
        """Return code and description of the error (error list) if a number cannot have its options."""
        if number is None:
            return 5076, "Number does not belong to this account."
        if group.action in (None, "unchanged"):
            return None
        if number.is_hosted:
            return 5128, "Only SMS attribute can be changed for External telephone number(s)."
        if is_toll_free(number.number):
            off = (5135, "You cannot set Action as 'OFF' for tollfree tns")
            return off if group.action == "off" else None
        return self._check_location(group, number) or self._check_campaign(group)

    def _check_location(self, group: OptionGroup, number: AccountNumber) -> tuple[int, str] | None:
        location = self._account.find_location(number.location_id or "")
        long_code = location.sms.settings.get("A2pLongCode") if location and location.sms else None
        if long_code == "ON":
            words = "A2P settings cannot be modified on the TN when the location is enabled for A2P."
            return 5217, words
        if group.action == "systemDefault" and long_code is None:
            return 5136, "Please configure A2P on SipPeer before setting 'systemDefault' as Action"
        if group.action == "asSpecified" and long_code not in PERMISSIVE:
            words = "requires permissive A2P Long Code value ('DefaultOn' or 'DefaultOff')"
            return 5133, f"A2P provisioning for Long Code telephone numbers {words} on the Sip peer"
        return None

    def _check_campaign(self, group: OptionGroup) -> tuple[int, str] | None:
        campaign = self._registrations.campaign(group.campaign_id or "")
        if group.action != "asSpecified" or (campaign is not None and campaign.status == REGISTERED):
            return None
        return 12220, f"Campaign {group.campaign_id} was rejected."

    def _apply(self, order: OptionsOrder) -> None:
        for group in order.groups:
            for number in group.numbers:
                found = self._account.numbers.get(number)
                if found is None or number in order.failed:
                    continue
                if group.sms == "on" and found.options.sms:
                    order.warned.append(number)
                self._account.numbers.add(replace(found, options=_changed(found.options, group)))


def _changed(options: NumberOptions, group: OptionGroup) -> NumberOptions:
    if group.sms is not None:
        options = replace(options, sms=group.sms == "on")
    match group.action:
        case "asSpecified":
            return NumberOptions(options.sms, "asSpecified", group.message_class, group.campaign_id)
        case "off":
            return NumberOptions(options.sms, "off")
        case "systemDefault" | "delete":
            return NumberOptions(options.sms)
    return options


def _check_group(group: OptionGroup) -> None:
    if group.sms not in (None, "on", "off"):
        raise RejectedError(400, "5113", f"Sms '{group.sms}' is invalid. Valid values are: on, off")
    if group.sms is None and group.action is None:
        raise RejectedError(400, "5115", "At least one of the TN option attributes must be applied.")
    if group.action is None:
        return
    if group.action not in ACTIONS:
        raise RejectedError(400, "5138", f"Action value is invalid. Valid values are: {', '.join(ACTIONS)}.")
    if group.action == "asSpecified" and group.sms == "off":
        raise RejectedError(400, "5132", "SMS attribute should be 'ON' for provisioning A2P")
    if group.action != "asSpecified" and (group.campaign_id or group.message_class):
        words = "are incompatible with such 'Action' values: 'off, systemDefault, unchanged'"
        raise RejectedError(400, "5134", f"CampaignId and MessageClass {words}")
    if group.action == "asSpecified" and not group.campaign_id:
        raise RejectedError(400, "1003", "CampaignId is required")
