"""Locations (sippeers) of the account API: the groups that numbers belong to, and what is on for them."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi, boolean
from bandwidth_messaging.bandwidth.errors import BandwidthRejected
from bandwidth_messaging.bandwidth.xml import E

_PROXY_PEER_ID: Final = "539692"


@dataclass(frozen=True)
class Location:
    """A location (sippeer) as the Dashboard lists it."""

    location_id: str
    name: str


class Locations(AccountApi):
    """The locations of the account's sites."""

    def locations(self, site_id: str) -> list[Location]:
        """Return the locations (sippeers) of a site; names are unique in it."""
        root = self.get(f"/sites/{site_id}/sippeers")
        return [
            Location(location_id, xml.text(found, "PeerName") or "")
            for found in root.iterfind(".//SipPeer")
            if (location_id := xml.text(found, "PeerId"))
        ]

    def create_location(self, site_id: str, name: str, *, is_default_peer: bool) -> str:
        """Create a location and return its id, taken from the Location header (heading "Create location")."""
        answer = self.write(
            "POST",
            f"/sites/{site_id}/sippeers",
            E.SipPeer(E.PeerName(name), E.IsDefaultPeer(boolean(is_default_peer))),
        )
        return answer.created_id

    def has_feature(self, site_id: str, location_id: str, feature: Literal["sms", "mms"]) -> bool:
        """Tell whether SMS or MMS is on at a location. A 404 means that it is not."""
        try:
            self.get(f"{_messaging(site_id, location_id)}/features/{feature}")
        except BandwidthRejected as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def enable_sms(self, site_id: str, location_id: str, *, toll_free: bool, short_code: bool) -> None:
        """Enable SMS over HTTP in zone 1 (heading "Enable SMS on Location (sippeer)")."""
        zones = (E(f"Zone{zone}", boolean(zone == 1)) for zone in range(1, 6))
        self.write(
            "POST",
            f"{_messaging(site_id, location_id)}/features/sms",
            E.SipPeerSmsFeature(
                E.SipPeerSmsFeatureSettings(
                    E.TollFree(boolean(toll_free)),
                    E.ShortCode(boolean(short_code)),
                    E.Protocol("HTTP"),
                    *zones,
                ),
                E.HttpSettings(E.ProxyPeerId(_PROXY_PEER_ID)),
            ),
        )

    def enable_mms(self, site_id: str, location_id: str) -> None:
        """Enable MMS over HTTP (heading "Enable MMS on Location (sippeer)"; `protocol` in lower case)."""
        self.write(
            "POST",
            f"{_messaging(site_id, location_id)}/features/mms",
            E.MmsFeature(
                E.MmsSettings(E.protocol("HTTP")),
                E.Protocols(E.HTTP(E.HttpSettings(E.ProxyPeerId(_PROXY_PEER_ID)))),
            ),
        )

    def assign_application(self, site_id: str, location_id: str, application_id: str) -> None:
        """Assign the application to the location (heading "Assign Application to Location (sippeer)")."""
        self.write(
            "PUT",
            f"{_messaging(site_id, location_id)}/applicationSettings",
            E.ApplicationsSettings(E.HttpMessagingV2AppId(application_id)),
        )

    def assigned_application(self, site_id: str, location_id: str) -> str | None:
        """Return the id of the application that the location sends its messages to, None without one."""
        root = self.get(f"{_messaging(site_id, location_id)}/applicationSettings")
        return xml.text(root, ".//HttpMessagingV2AppId")


def _messaging(site_id: str, location_id: str) -> str:
    return f"/sites/{site_id}/sippeers/{location_id}/products/messaging"
