"""Applications of the account API: what messages are called back through."""

from dataclasses import dataclass
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi, required
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.xml import E, Element

# Today's elements first: beside them the older ones may stay as they were (wire: today versus the seeds).
_CALLBACK_URLS: Final = (("InboundCallbackUrl", "OutboundCallbackUrl"), ("MsgCallbackUrl",), ("CallbackUrl",))
MESSAGING_V2: Final = "Messaging-V2"
# Samples of the specification also have the second; older lists name no type.
_MESSAGING: Final = (MESSAGING_V2, "Messaging", None)


@dataclass(frozen=True)
class Application:
    """An application as the Dashboard lists it; `lacks` names one of today's callback URLs."""

    application_id: str
    name: str
    callback_url: str | None
    service_type: str | None
    lacks: str | None = None

    @property
    def is_for_messaging(self) -> bool:
        """Return whether the service type is messaging."""
        return self.service_type in _MESSAGING


class Applications(AccountApi):
    """The account's applications."""

    def applications(self) -> list[Application]:
        """Return the account's applications; names are not unique there."""
        root = self.get("/applications")
        return [
            _application(application_id, found)
            for found in root.iterfind(".//ApplicationList/Application")
            if (application_id := xml.text(found, "ApplicationId"))
        ]

    def application(self, application_id: str) -> Application | None:
        """Return one application, None if the account has none with this id."""
        root = self.find(f"/applications/{application_id}")
        found = None if root is None else root.find(".//Application")
        return None if found is None else _application(application_id, found)

    def list_application_locations(self, application_id: str) -> set[str]:
        """Return the ids of the locations that an application serves, as far as the account tells.

        The answer has been seen empty although there were some (wire): the location itself knows best.
        """
        root = self.find(f"/applications/{application_id}/associatedsippeers")
        return set() if root is None else set(xml.texts(root, ".//AssociatedSipPeer/PeerId"))

    def delete_application(self, application_id: str) -> bool:
        """Delete an application; return whether it was still there. Locations must not use it (12107)."""
        return self.delete(f"/applications/{application_id}")

    def create_application(
        self, name: str, callback_url: str, credentials: BasicCredentials | None = None
    ) -> str:
        """Create an application and return its id (heading "Create application").

        `callback_url` receives all message events, asked for with `credentials` after a Basic challenge.
        """
        answer = self.write(
            "POST",
            "/applications",
            E.Application(
                E.AppName(name),
                E.CallbackUrl(callback_url),
                E.CallbackCreds(E.UserId(credentials.username), E.Password(credentials.password))
                if credentials
                else E.CallbackCreds(),
            ),
        )
        return required(answer, ".//ApplicationId")


def _callback_url(application: Element) -> str | None:
    """Return where messages and receipts go; if they go to different places, both in one text."""
    for names in _CALLBACK_URLS:
        urls = dict.fromkeys(url for name in names if (url := xml.text(application, name)))
        if urls:
            return " and ".join(urls)
    return None


def _application(application_id: str, found: Element) -> Application:
    return Application(
        application_id=application_id,
        name=xml.text(found, "AppName") or "",
        callback_url=_callback_url(found),
        service_type=xml.text(found, "ServiceType"),
        lacks=_lacks(found),
    )


def _lacks(application: Element) -> str | None:
    """Return which of today's two elements is missing beside the other, None if neither or none is."""
    missing = [name for name in _CALLBACK_URLS[0] if not xml.text(application, name)]
    return missing[0] if len(missing) == 1 else None
