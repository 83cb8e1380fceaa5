"""Checks of the locations and applications that active numbers use. The doctor runs them."""

from typing import TYPE_CHECKING, Final

from bandwidth_messaging.services.diagnosis import Finding, ok, wrong

if TYPE_CHECKING:
    from bandwidth_messaging.bandwidth.applications import Application
    from bandwidth_messaging.bandwidth.catapult import Application as ClassicApplication
    from bandwidth_messaging.bandwidth.locations import Locations

_HTTP_PROTOCOL: Final = "HTTP"
_WITH_CREDENTIALS: Final = "with the user name and password in the stack's secret CallbackSecretArn"


def check_location(
    account: "Locations", site_id: str, location_id: str, *, exists: bool, expected_applications: set[str]
) -> Finding:
    """Check that a location exists, sends SMS and MMS over HTTP and has one of the expected applications."""
    where = f"sub-account {site_id}, location {location_id}"
    if not exists:
        return wrong(
            f"active numbers are recorded at {where}, but this location does not exist",
            "find the numbers in the Bandwidth App (Numbers) and move them to a location with messaging",
        )
    sms = account.find_sms(site_id, location_id)
    protocols = {
        "SMS": "" if sms is None else sms.protocol or _HTTP_PROTOCOL,
        "MMS": account.find_mms_protocol(site_id, location_id),
    }
    assigned = account.find_assigned_application(site_id, location_id)
    problems, fixes = [], []
    for feature, protocol in protocols.items():
        if protocol != _HTTP_PROTOCOL:
            problems.append(f"{feature} uses {protocol}" if protocol else f"{feature} is off")
            fixes.append(f"turn on {feature} with {_HTTP_PROTOCOL}")
    if assigned is None:
        problems.append("no application is assigned, so Bandwidth accepts messages and drops them silently")
    elif assigned not in expected_applications:
        expected = ", ".join(sorted(expected_applications))
        problems.append(f"application {assigned} is assigned, but the numbers send through {expected}")
    if assigned not in expected_applications:
        fixes.append(f"assign application {' or '.join(sorted(expected_applications))}")
    if problems:
        return wrong(f"{where}: {'; '.join(problems)}", f"in the Bandwidth App, {where}: {', '.join(fixes)}")
    return ok(f"{where}: SMS and MMS are on, application {assigned} is assigned")


def check_application(application_id: str, application: "Application | None", callback_url: str) -> Finding:
    """Check that an application exists, is for messaging and has the callback URL of the stack."""
    if application is None:
        return _report_missing_application(application_id)
    if not application.is_for_messaging:
        return wrong(
            f"the application has the service type {application.service_type}, not messaging",
            "an application cannot change its type: start a set-up with another applicationName",
        )
    if application.missing_callback_url:
        return wrong(
            f"the application has no {application.missing_callback_url}, so its callbacks do not reach this "
            "stack",
            f"in the Bandwidth App set the URL to {callback_url}, {_WITH_CREDENTIALS}",
        )
    return _compare_callback_url(application.callback_url, callback_url)


def check_classic_application(
    application_id: str, application: "ClassicApplication | None", callback_url: str
) -> Finding:
    """Check that a V1 application exists and has the callback URL of the stack."""
    if application is None:
        return _report_missing_application(application_id)
    return _compare_callback_url(application.incoming_message_url, callback_url)


def _report_missing_application(application_id: str) -> Finding:
    return wrong(
        f"active numbers send through application {application_id}, but this application does not exist",
        'docs/operations.md, "An application is gone", describes how to assign another application',
    )


def _compare_callback_url(url: str | None, expected: str) -> Finding:
    if url == expected:
        return ok(f"the callback URL is {expected}")
    return wrong(
        f"the callback URL is {url or 'empty'}, so incoming messages and receipts do not reach this stack",
        f"in the Bandwidth App set the callback URLs to {expected}, {_WITH_CREDENTIALS}",
    )
