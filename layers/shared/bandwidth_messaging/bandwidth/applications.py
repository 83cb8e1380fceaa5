"""Applications of the account API. An application has the callback URL of its messages."""

from dataclasses import dataclass
from typing import Final

from bandwidth_messaging.bandwidth import xml
from bandwidth_messaging.bandwidth.account_api import AccountApi, require_text
from bandwidth_messaging.bandwidth.credentials import BasicCredentials
from bandwidth_messaging.bandwidth.xml import E, Element

# Elements of the current specification come first: the older ones may hold an outdated URL.
_CALLBACK_URLS: Final = (("InboundCallbackUrl", "OutboundCallbackUrl"), ("MsgCallbackUrl",), ("CallbackUrl",))
MESSAGING_V2: Final = "Messaging-V2"
# Samples of the specification also have "Messaging". Older lists have no type.
_MESSAGING: Final = (MESSAGING_V2, "Messaging", None)


@dataclass(frozen=True)
class Application:
    """An application as the Dashboard lists it.

    `missing_callback_url` is the name of the missing element if only one of the two callback URLs exists.
    """

    application_id: str
    name: str
    callback_url: str | None
    service_type: str | None
    missing_callback_url: str | None = None

    @property
    def is_for_messaging(self) -> bool:
        """Return whether the service type is messaging."""
        return self.service_type in _MESSAGING


class Applications(AccountApi):
    """The account's applications."""

    def list_applications(self) -> list[Application]:
        """Return the account's applications. Their names are not unique."""
        root = self.get("/applications")
        return [
            _application(application_id, found)
            for found in root.iterfind(".//ApplicationList/Application")
            if (application_id := xml.text(found, "ApplicationId"))
        ]

    def find_application(self, application_id: str) -> Application | None:
        """Return one application, None if the account has none with this id."""
        root = self.find(f"/applications/{application_id}")
        found = None if root is None else root.find(".//Application")
        return None if found is None else _application(application_id, found)

    def list_application_locations(self, application_id: str) -> set[str]:
        """Return the ids of the locations that Bandwidth lists for an application.

        Bandwidth may return an empty list although locations use the application (a note in Bandwidth's
        command-line client). `Locations.find_assigned_application` is reliable.
        """
        root = self.find(f"/applications/{application_id}/associatedsippeers")
        return set() if root is None else set(xml.texts(root, ".//AssociatedSipPeer/PeerId"))

    def delete_application(self, application_id: str) -> bool:
        """Delete an application; return whether it existed. No location may use it (12107)."""
        return self.delete(f"/applications/{application_id}")

    def create_application(
        self, name: str, callback_url: str, credentials: BasicCredentials | None = None
    ) -> str:
        """Create an application and return its id (heading "Create application").

        Bandwidth calls `callback_url` for all message events, with `credentials` after a Basic challenge.
        """
        response = self.write(
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
        return require_text(response, ".//ApplicationId")


def _callback_url(application: Element) -> str | None:
    """Return the URL of messages and receipts. If there are two URLs, they are joined with " and "."""
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
        missing_callback_url=_missing_callback_url(found),
    )


def _missing_callback_url(application: Element) -> str | None:
    """Return the missing one of the two current elements, None if both or neither exist."""
    missing = [name for name in _CALLBACK_URLS[0] if not xml.text(application, name)]
    return missing[0] if len(missing) == 1 else None
