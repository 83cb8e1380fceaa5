"""Locations (sippeers) of the account API. Each number belongs to one, which enables SMS and MMS for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi, format_boolean
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.xml import E, Element
from bandwidth_messaging.domain.orders import Campaign
from bandwidth_messaging.domain.phone_numbers import from_ten_digits

HTTP: Final = "HTTP"
"""The only protocol of SMS and MMS that the messaging API uses."""
_REMOVE: Final = "REMOVE"
_NO_APPLICATION_ID: Final = "13628"
# DefaultOff lets tnoptions assign single numbers to a campaign. ON and DefaultOn assign all numbers to one.
_A2P: Final = "A2pLongCode"
_A2P_PER_NUMBER: Final = "DefaultOff"
_A2P_OPEN: Final = ("DefaultOn", "DefaultOff", "ON")
# With A2P enabled, the account requires a campaign id (13638) or a message class (13641) of the location.
_CAMPAIGN_REQUIRED: Final = ("13638", "13641")
_EXTERNAL_CAMPAIGN: Final = "13682"


@dataclass(frozen=True)
class Location:
    """A location (sippeer) as the Dashboard lists it."""

    location_id: str
    name: str
    is_default_peer: bool = False


@dataclass(frozen=True)
class Sms:
    """The SMS settings of a location: the elements of SipPeerSmsFeatureSettings by name, in their order.

    `proxy_peer_id` is the element of HttpSettings.
    """

    settings: Mapping[str, str]
    proxy_peer_id: str | None = None

    @property
    def protocol(self) -> str | None:
        """Return the protocol of messages, None if Bandwidth does not report it."""
        return self.settings.get("Protocol") or None

    def with_more(self, *, toll_free: bool, short_code: bool, campaigns: bool = False) -> "Sms":
        """Return the settings with more of them enabled, in zone 1 over HTTP. No setting is disabled.

        `campaigns` is whether numbers of the location can be assigned to a campaign.
        """
        asked = {"TollFree": toll_free, "ShortCode": short_code, "Zone1": True}
        added = {
            name: format_boolean(True)
            for name, on in asked.items()
            if on and self.settings.get(name, "").lower() != format_boolean(True)
        }
        if campaigns and self.settings.get(_A2P) not in _A2P_OPEN:
            added[_A2P] = _A2P_PER_NUMBER
        return replace(self, settings={**self.settings, **added, "Protocol": HTTP})

    def with_campaign(self, campaign: Campaign) -> "Sms":
        """Return the settings with the location's own campaign, at the position in Bandwidth's samples."""
        own = {"A2pMessageClass": campaign.message_class, "A2pCampaignId": campaign.campaign_id}
        settings: dict[str, str] = {}
        for name, value in self.settings.items():
            settings |= {name: value} | (own if name == _A2P else {})
        return replace(self, settings=settings)


class Locations(AccountApi):
    """The locations of the account's sites."""

    proxy_peer_id: str | None = "539692"
    mms_protocol_element = "protocol"

    def list_sites(self) -> dict[str, str]:
        """Return the names of the account's sites (sub-accounts) by id."""
        root = self.get("/sites")
        return {
            site_id: xml.text(found, "Name") or ""
            for found in root.iterfind(".//Site")
            if (site_id := xml.text(found, "Id"))
        }

    def list_locations(self, site_id: str) -> list[Location]:
        """Return the locations (sippeers) of a site. Their names are unique in the site."""
        root = self.get(f"/sites/{site_id}/sippeers")
        return [
            Location(
                location_id,
                xml.text(found, "PeerName") or "",
                is_default_peer=(xml.text(found, "IsDefaultPeer") or "").lower() == format_boolean(True),
            )
            for found in root.iterfind(".//SipPeer")
            if (location_id := xml.text(found, "PeerId"))
        ]

    def create_location(self, site_id: str, name: str, *, is_default_peer: bool) -> str:
        """Create a location and return its id, taken from the Location header (heading "Create location")."""
        response = self.write(
            "POST",
            f"/sites/{site_id}/sippeers",
            E.SipPeer(E.PeerName(name), E.IsDefaultPeer(format_boolean(is_default_peer))),
        )
        return response.created_id

    def delete_location(self, site_id: str, location_id: str) -> bool:
        """Delete a location; return whether it existed.

        It must have no numbers (13555), SMS (13613) or MMS (13622). A site's default is deleted last (13558).
        """
        return self.delete(f"/sites/{site_id}/sippeers/{location_id}")

    def list_location_numbers(self, site_id: str, location_id: str) -> dict[str, bool | None] | None:
        """Return the numbers (E.164) at a location, None if there is no such location.

        The values say whether SMS is enabled for the number, None if Bandwidth does not report it. The
        account's own numbers and hosted numbers are both listed.
        """
        numbers: dict[str, bool | None] | None = None
        for root in self.pages(f"/sites/{site_id}/sippeers/{location_id}/tns"):
            numbers = numbers or {}
            for found in root.iterfind(".//SipPeerTelephoneNumber"):
                if number := xml.text(found, "FullNumber"):
                    enabled = xml.text(found, "MessagingSettings/SmsEnabled")
                    numbers[from_ten_digits(number)] = (
                        None if enabled is None else enabled.lower() == format_boolean(True)
                    )
        return numbers

    def find_sms(self, site_id: str, location_id: str) -> Sms | None:
        """Return the SMS settings of a location, None if SMS is not enabled."""
        root = self._feature(site_id, location_id, "sms")
        found = root.find(".//SipPeerSmsFeatureSettings") if root is not None else None
        if root is None or found is None or not len(found):
            return None
        settings = {str(setting.tag): (setting.text or "").strip() for setting in found}
        return Sms(settings, xml.text(root, ".//HttpSettings/ProxyPeerId"))

    def find_mms_protocol(self, site_id: str, location_id: str) -> str | None:
        """Return the MMS protocol of a location, None if MMS is not enabled. Both spellings occur."""
        root = self._feature(site_id, location_id, "mms")
        if root is None:
            return None
        settings = ".//MmsSettings"
        return xml.text(root, f"{settings}/protocol") or xml.text(root, f"{settings}/Protocol")

    def _feature(self, site_id: str, location_id: str, feature: Literal["sms", "mms"]) -> Element | None:
        return self.find(f"{_messaging(site_id, location_id)}/features/{feature}")

    def enable_sms(
        self,
        site_id: str,
        location_id: str,
        *,
        toll_free: bool,
        short_code: bool,
        campaign: Campaign | None = None,
    ) -> None:
        """Enable SMS over HTTP in zone 1 (heading "Enable SMS on Location (sippeer)").

        With a `campaign` (current API only), `NumberOptions.set_campaign` can assign the location's numbers
        to it. Bandwidth rejects an external campaign as the location's own (13682), so that the location
        gets a campaign only if Bandwidth requires one (13638, 13641).
        """
        choices = {"TollFree": format_boolean(toll_free), "ShortCode": format_boolean(short_code)}
        a2p = {_A2P: _A2P_PER_NUMBER} if campaign else {}
        zones = {f"Zone{zone}": format_boolean(zone == 1) for zone in range(1, 6)}
        settings = {**choices, **a2p, "Protocol": HTTP, **zones}
        self._allow_campaign("POST", site_id, location_id, Sms(settings, self.proxy_peer_id), campaign)

    def change_sms(
        self, site_id: str, location_id: str, sms: Sms, *, campaign: Campaign | None = None
    ) -> None:
        """Replace the SMS settings of a location. Every setting is written, also the unchanged ones.

        `campaign` as in `enable_sms`.
        """
        self._allow_campaign("PUT", site_id, location_id, sms, campaign)

    def _allow_campaign(
        self, method: str, site_id: str, location_id: str, sms: Sms, campaign: Campaign | None
    ) -> None:
        try:
            self._write_sms(method, site_id, location_id, sms)
        except BandwidthRejected as error:
            if campaign is None or error.code not in _CAMPAIGN_REQUIRED:
                raise
            self._assign_campaign(method, site_id, location_id, sms.with_campaign(campaign), error.code)

    def _assign_campaign(
        self, method: str, site_id: str, location_id: str, sms: Sms, required_by: str
    ) -> None:
        try:
            self._write_sms(method, site_id, location_id, sms)
        except BandwidthRejected as error:
            if error.code != _EXTERNAL_CAMPAIGN:
                raise
            words = (
                f"{error.words} The account requires a campaign for the location ({required_by}), and the "
                "campaign is external. Use a campaign that is registered at Bandwidth, or ask Bandwidth's "
                "support to allow A2pLongCode DefaultOff without a campaign"
            )
            raise BandwidthRejected(
                "Enable SMS on Location", status=error.status, code=error.code, words=words
            ) from None

    def _write_sms(self, method: str, site_id: str, location_id: str, sms: Sms) -> None:
        self.write(
            method,
            f"{_messaging(site_id, location_id)}/features/sms",
            E.SipPeerSmsFeature(
                E.SipPeerSmsFeatureSettings(*(E(name, value) for name, value in sms.settings.items())),
                _http_settings(sms.proxy_peer_id),
            ),
        )

    def enable_mms(self, site_id: str, location_id: str) -> None:
        """Enable MMS over HTTP (heading "Enable MMS on Location (sippeer)"; `protocol` in lower case)."""
        self.write(
            "POST",
            f"{_messaging(site_id, location_id)}/features/mms",
            E.MmsFeature(
                E.MmsSettings(E(self.mms_protocol_element, HTTP)),
                E.Protocols(E.HTTP(_http_settings(self.proxy_peer_id))),
            ),
        )

    def disable_sms(self, site_id: str, location_id: str) -> bool:
        """Disable SMS; return whether it was enabled. MMS (13624) and numbers (13673) must go first."""
        return self.delete(f"{_messaging(site_id, location_id)}/features/sms")

    def disable_mms(self, site_id: str, location_id: str) -> bool:
        """Disable MMS at a location; return whether it was enabled."""
        return self.delete(f"{_messaging(site_id, location_id)}/features/mms")

    def detach_application(self, site_id: str, location_id: str) -> bool:
        """Remove the application from a location; return whether it had one.

        Bandwidth publishes two forms (F3): the word REMOVE as the whole settings (specification), or instead
        of the id (description of error 13628). The second form is sent if the location keeps its application
        after the first.
        """
        path = f"{_messaging(site_id, location_id)}/applicationSettings"
        if self.find_assigned_application(site_id, location_id) is None:
            return False
        try:
            self.write("PUT", path, E.ApplicationsSettings(_REMOVE))
        except BandwidthRejected as error:
            if error.code != _NO_APPLICATION_ID:
                raise
        if self.find_assigned_application(site_id, location_id) is not None:
            self.assign_application(site_id, location_id, _REMOVE)
            if self.find_assigned_application(site_id, location_id) is not None:
                raise BandwidthRejected(f"PUT {path}", words="the location keeps its application")
        return True

    def assign_application(self, site_id: str, location_id: str, application_id: str) -> None:
        """Assign the application to the location (heading "Assign Application to Location (sippeer)")."""
        self.write(
            "PUT",
            f"{_messaging(site_id, location_id)}/applicationSettings",
            E.ApplicationsSettings(E.HttpMessagingV2AppId(application_id)),
        )

    def find_assigned_application(self, site_id: str, location_id: str) -> str | None:
        """Return the id of the application that the location sends its messages to, None without one."""
        root = self.find(f"{_messaging(site_id, location_id)}/applicationSettings")
        return None if root is None else xml.text(root, ".//HttpMessagingV2AppId")


def _messaging(site_id: str, location_id: str) -> str:
    return f"/sites/{site_id}/sippeers/{location_id}/products/messaging"


def _http_settings(proxy_peer_id: str | None) -> Element:
    return E.HttpSettings(*([E.ProxyPeerId(proxy_peer_id)] if proxy_peer_id else []))
