"""The input of a set-up: defaults, accepted notations, and a problem for each invalid field."""

from typing import Any

import pytest

from bandwidth_messaging.domain.problems import InvalidInput
from bandwidth_messaging.domain.releases import NumberRelease
from bandwidth_messaging.domain.setups import HostedMessagingSetup, MessagingV2Setup, Setup
from bandwidth_messaging.domain.validation import parse

NUMBERS = ["+19199918388", "+14158714245"]


def problems_of(model: type[Setup], given: Any) -> dict[str, str]:
    """Return the problem of each invalid field."""
    with pytest.raises(InvalidInput) as raised:
        parse(model, given)
    assert str(raised.value) == "; ".join(f"{field}: {detail}" for field, detail in raised.value.problems)
    return dict(raised.value.problems)


# Messaging 2.0


def problems(**given: Any) -> dict[str, str]:
    return problems_of(MessagingV2Setup, given)


def test_an_area_code_is_enough() -> None:
    setup = parse(MessagingV2Setup, {"areaCode": "910"})
    assert setup == MessagingV2Setup(
        area_code="910",
        quantity=1,
        application_name=None,
        location_name=None,
        is_default_peer=None,
        toll_free=True,
        short_code=True,
        site_id=None,
        deadline_hours=24,
        customer_order_id=None,
    )


def test_every_field_is_accepted() -> None:
    given = {
        "areaCode": "910",
        "quantity": 5000,
        "applicationName": "Demo Server",
        "locationName": "Bandwidth Messaging 2 test2",
        "isDefaultPeer": False,
        "tollFree": False,
        "shortCode": False,
        "siteId": "743",
        "deadlineHours": 0.5,
        "customerOrderId": "demo 2026-11",
        "replaceApplication": True,
        "partialAllowed": False,
        "backOrderRequested": True,
        "closeBackOrder": True,
        "campaignId": "CABC123",
        "messageClass": "F",
    }
    setup = parse(MessagingV2Setup, given)
    assert setup.model_dump(by_alias=True, exclude_none=True) == given


def test_area_code_and_site_may_be_typed_as_numbers() -> None:
    setup = parse(MessagingV2Setup, {"areaCode": 910, "siteId": 743})
    assert (setup.area_code, setup.site_id) == ("910", "743")


def test_an_empty_input_reports_each_possible_order_type() -> None:
    assert list(problems()) == ["areaCode"]
    assert problems()["areaCode"] == (
        "give this or one of: rateCenter, npaNxx, city, state, zip, lata, tollFreeVanity, "
        "tollFreeWildCardPattern, combined, telephoneNumbers"
    )


@pytest.mark.parametrize("given", [None, [], "910", 910])
def test_an_input_that_is_not_an_object_is_rejected(given: Any) -> None:
    with pytest.raises(InvalidInput, match="input: "):
        parse(MessagingV2Setup, given)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("areaCode", "91"),
        ("areaCode", "9100"),
        ("areaCode", "110"),
        ("areaCode", "91O"),
        ("areaCode", "910\n"),
        ("areaCode", True),
        ("areaCode", None),
        ("quantity", 0),
        ("quantity", -1),
        ("quantity", 5001),
        ("quantity", 1.5),
        ("quantity", "many"),
        ("applicationName", ""),
        ("applicationName", "x" * 51),
        ("locationName", ""),
        ("locationName", " "),
        ("locationName", "x" * 51),
        ("locationName", "no-dashes"),
        ("locationName", "no_underscores"),
        ("isDefaultPeer", "perhaps"),
        ("tollFree", "perhaps"),
        ("siteId", "site"),
        ("siteId", ""),
        ("siteId", "-1"),
        ("deadlineHours", 0),
        ("deadlineHours", -1),
        ("deadlineHours", 721),
        ("deadlineHours", float("inf")),
        ("deadlineHours", float("nan")),
        ("customerOrderId", ""),
        ("customerOrderId", "under_score"),
        ("customerOrderId", "x" * 41),
        ("areacode", "910"),
        ("surprise", 1),
    ],
)
def test_an_invalid_field_is_the_only_problem(field: str, value: Any) -> None:
    assert list(problems(**{"areaCode": "910", field: value})) == [field]


TEXTS = ["applicationName", "locationName", "customerOrderId", "campaignId", "messageClass"]


@pytest.mark.parametrize("field", TEXTS)
def test_a_text_for_bandwidth_is_normalized(field: str) -> None:
    setup = parse(MessagingV2Setup, {"areaCode": "910", field: " sp  1 "})
    assert setup.model_dump(by_alias=True)[field] == "sp 1"


@pytest.mark.parametrize("field", TEXTS)
def test_a_blank_text_for_bandwidth_is_rejected(field: str) -> None:
    assert problems(areaCode="910", **{field: "   "}) == {field: "is blank"}


def test_white_space_around_a_text_does_not_count_for_its_length() -> None:
    setup = parse(MessagingV2Setup, {"areaCode": "910", "customerOrderId": f"  {'x' * 40}  "})
    assert setup.customer_order_id == "x" * 40


@pytest.mark.parametrize(
    "search",
    [
        {"rateCenter": " BISCUIT  BAY ", "state": "NC"},
        {"city": "BISCUIT BAY ", "state": "NC"},
        {"combined": {"city": "BISCUIT  BAY", "state": "NC"}},
        {"combined": {"rateCenter": "\tBISCUIT BAY", "state": "NC"}},
    ],
)
def test_the_texts_of_a_search_are_normalized(search: dict[str, Any]) -> None:
    assert "BISCUIT BAY" in parse(MessagingV2Setup, search).criteria().values()


def test_the_texts_of_an_import_are_normalized() -> None:
    address = {"houseNumber": " 1 ", "streetName": "Main  St", "city": " Raleigh", "county": "Wake "}
    subscriber = {"name": " Ada  Lovelace ", **address, "stateCode": "NC", "zip": "27606"}
    given = {"telephoneNumbers": NUMBERS, "subscriber": subscriber, "loaAuthorizingPerson": " Ada  L "}

    setup = parse(HostedMessagingSetup, given)

    assert setup.loa_authorizing_person == "Ada L"
    assert setup.subscriber is not None
    assert setup.subscriber.model_dump(exclude={"state_code", "zip"}) == {
        "name": "Ada Lovelace",
        "house_number": "1",
        "street_name": "Main St",
        "city": "Raleigh",
        "county": "Wake",
    }


@pytest.mark.parametrize("field", ["name", "houseNumber", "streetName", "city", "county"])
def test_a_blank_text_of_a_subscriber_is_rejected(field: str) -> None:
    address = {"houseNumber": "1", "streetName": "Main St", "city": "Raleigh", "county": "Wake"}
    subscriber = {"name": "Ada", **address, "stateCode": "NC", "zip": "27606"} | {field: "  "}
    given = {"telephoneNumbers": NUMBERS, "subscriber": subscriber}

    assert problems_of(HostedMessagingSetup, given) == {f"subscriber.{field}": "is blank"}


def test_the_customer_order_id_of_a_release_is_normalized() -> None:
    assert parse(NumberRelease, {"customerOrderId": " sp  1 "}).customer_order_id == "sp 1"
    with pytest.raises(InvalidInput, match="customerOrderId: is blank"):
        parse(NumberRelease, {"customerOrderId": " "})


def test_all_invalid_fields_are_reported() -> None:
    found = problems(areaCode="9", quantity=9999, locationName="no-dashes")

    assert list(found) == ["areaCode", "quantity", "locationName"]
    assert found["quantity"] == "input should be less than or equal to 5000"
    assert found["locationName"] == "may contain only letters, digits and spaces"


def test_an_unknown_field_is_reported_as_unknown() -> None:
    assert problems(areaCode="910", qantity=2) == {"qantity": "is not a field of this input"}


def test_problems_do_not_contain_the_values() -> None:
    assert "a private word" not in str(problems(areaCode="a private word", siteId="a private word"))


# What tells an order from every other


V2 = {"areaCode": "910", "quantity": 2, "siteId": "743", "locationName": "first"}


def test_the_digest_of_an_area_code_order_does_not_change() -> None:
    known = "b65de0bdc8415dd57c9b9e0bc07699a5da9169b083de0fb1b377df03aaba8523"
    assert parse(MessagingV2Setup, V2).digest() == known


@pytest.mark.parametrize(
    "changes",
    [
        {"areaCode": "919"},
        {"areaCode": None, "zip": "27606"},
        {"quantity": 3},
        {"siteId": "744"},
        {"locationName": "second"},
        {"locationName": None, "locationId": "500"},
        {"partialAllowed": False},
        {"backOrderRequested": True},
    ],
)
def test_another_order_of_numbers_has_another_digest(changes: dict[str, Any]) -> None:
    assert parse(MessagingV2Setup, V2 | changes).digest() != parse(MessagingV2Setup, V2).digest()


@pytest.mark.parametrize("changes", [{"deadlineHours": 1}, {"customerOrderId": "demo"}, {"tollFree": False}])
def test_the_digest_of_an_order_does_not_depend_on_the_deadline(changes: dict[str, Any]) -> None:
    assert parse(MessagingV2Setup, V2 | changes).digest() == parse(MessagingV2Setup, V2).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "REMOVE"},
        {"telephoneNumbers": NUMBERS[:1]},
        {"siteId": "743"},
        {"sipPeerId": "303716"},
    ],
)
def test_another_import_has_another_digest(changes: dict[str, Any]) -> None:
    assert hosted(**changes).digest() != hosted().digest()


def test_the_same_import_has_the_same_digest_however_its_numbers_are_written() -> None:
    written = ["(919) 991-8388", "4158714245"]
    assert hosted(telephoneNumbers=written, deadlineHours=1).digest() == hosted().digest()


# Hosted Messaging


def hosted(**given: Any) -> HostedMessagingSetup:
    return parse(HostedMessagingSetup, {"telephoneNumbers": NUMBERS} | given)


def hosted_problems(**given: Any) -> dict[str, str]:
    return problems_of(HostedMessagingSetup, {"telephoneNumbers": NUMBERS} | given)


def test_telephone_numbers_are_enough() -> None:
    assert hosted() == HostedMessagingSetup(
        telephone_numbers=NUMBERS,
        action="IMPORT",
        sip_peer_id=None,
        application_id=None,
        callback_http_method="POST",
        application_name=None,
        site_id=None,
        deadline_hours=24,
        customer_order_id=None,
    )


SUBSCRIBER = {
    "name": "Example Inc.",
    "houseNumber": "900",
    "streetName": "Main Street",
    "city": "Raleigh",
    "stateCode": "NC",
    "zip": "27606",
    "county": "Wake",
}


def test_every_field_of_a_hosted_set_up_is_accepted() -> None:
    given = {
        "telephoneNumbers": NUMBERS,
        "action": "REMOVE",
        "sipPeerId": "303716",
        "applicationId": "a-yr3jpxasdfh5xh5e35saoi",
        "callbackHttpMethod": "GET",
        "applicationName": "MyFirstApp",
        "siteId": "743",
        "deadlineHours": 168,
        "customerOrderId": "ICPA123ABC",
        "subscriber": SUBSCRIBER,
        "loaAuthorizingPerson": "Ada Example",
        "loaType": "CARRIER",
        "letterOfAuthorization": {"bucket": "letters-of-example", "key": "2026/example.pdf"},
        "dryRun": True,
        "replaceApplication": True,
    }
    setup = parse(HostedMessagingSetup, given)
    assert setup.model_dump(by_alias=True, exclude_none=True) == given


def test_site_and_location_may_be_typed_as_numbers() -> None:
    setup = hosted(siteId=743, sipPeerId=303716)
    assert (setup.site_id, setup.sip_peer_id) == ("743", "303716")


def test_numbers_are_normalized_without_repetitions_in_their_order() -> None:
    written = ["(919) 991-8388", "1 415 871 4245", "919.991.8388", "+14158714245", "4352154439"]

    setup = hosted(telephoneNumbers=written)

    assert setup.telephone_numbers == [*NUMBERS, "+14352154439"]
    assert setup.requested == 3


def many(count: int) -> list[str]:
    return [f"+1919{2_000_000 + each}" for each in range(count)]


def test_5000_numbers_with_repetitions_are_one_order() -> None:
    assert hosted(telephoneNumbers=many(5000) + many(5000)).requested == 5000


@pytest.mark.parametrize(("count", "parts"), [(5001, 2), (10_000, 2), (10_001, 3)])
def test_more_numbers_are_rejected_with_the_number_of_parts(count: int, parts: int) -> None:
    assert hosted_problems(telephoneNumbers=many(count)) == {
        "telephoneNumbers": f"are {count}. One order takes up to 5000: start {parts} set-ups"
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("telephoneNumbers", []),
        ("telephoneNumbers", None),
        ("telephoneNumbers", "+19199918388"),
        ("action", "import"),
        ("action", "DELETE"),
        ("sipPeerId", "peer"),
        ("sipPeerId", ""),
        ("applicationId", ""),
        ("applicationId", "a b"),
        ("applicationId", "../phoneNumbers"),
        ("applicationId", "a-1\n"),
        ("applicationId", 7),
        ("callbackHttpMethod", "PUT"),
        ("applicationName", "x" * 51),
        ("siteId", "site"),
        ("deadlineHours", 721),
        ("customerOrderId", "under_score"),
        ("areaCode", "910"),
        ("password", "hunter2"),
    ],
)
def test_an_invalid_field_of_a_hosted_set_up_is_the_only_problem(field: str, value: Any) -> None:
    assert list(hosted_problems(**{field: value})) == [field]


def test_an_invalid_number_is_reported_with_its_index() -> None:
    found = hosted_problems(telephoneNumbers=["home", NUMBERS[0], "911", 9199918388, None])
    assert list(found) == [f"telephoneNumbers[{place}]" for place in (0, 2, 3, 4)]


def test_foreign_numbers_are_reported_with_index_and_last_four_digits() -> None:
    abroad = ["+442071838750", *NUMBERS, "+4930901820"]
    assert hosted_problems(telephoneNumbers=abroad) == {
        "telephoneNumbers[0]": "the number ending in 8750 is not a number of North America (+1)",
        f"telephoneNumbers[{len(abroad) - 1}]": (
            "the number ending in 1820 is not a number of North America (+1)"
        ),
    }


def test_null_is_the_same_as_an_absent_field() -> None:
    optional = {"action": None, "callbackHttpMethod": None, "dryRun": None, "subscriber": None}
    assert hosted(**optional) == hosted()
    assert hosted(**optional).model_fields_set == {"telephone_numbers"}
    given = {"quantity": None, "shortCode": None, "combined": None, "telephoneNumbers": None, "site_id": None}

    setup = parse(MessagingV2Setup, given | {"areaCode": "910"})

    assert setup == parse(MessagingV2Setup, {"areaCode": "910"})
    assert setup.model_fields_set == {"area_code"}


# What each generation of Bandwidth's API supports


def problems_with(setup: HostedMessagingSetup | MessagingV2Setup, generation: Any) -> dict[str, str]:
    return {problem.field: problem.detail for problem in setup.problems_with(generation)}


AUTHORITY = {"subscriber": SUBSCRIBER, "loaAuthorizingPerson": "Ada Example"}
CURRENT_ONLY: list[dict[str, Any]] = [
    {"letterOfAuthorization": {"bucket": "letters", "key": "a.pdf"}},
    {"locationName": "Demo"},
    {"dryRun": True},
    {"replaceApplication": True},
]


@pytest.mark.parametrize("given", CURRENT_ONLY, ids=lambda given: next(iter(given)))
def test_the_classic_api_rejects_fields_of_the_current_api(given: dict[str, Any]) -> None:
    (field,) = given
    assert problems_with(hosted(**given), "classic") == {
        field: "is not supported by the classic API. Omit it, or deploy with BandwidthApi=current"
    }


def test_the_classic_api_requires_no_field_of_the_current_api() -> None:
    assert problems_with(hosted(applicationId="a-1", callbackHttpMethod="GET"), "classic") == {}


def test_authority_fields_are_accepted_where_they_are_not_required() -> None:
    assert problems_with(hosted(**AUTHORITY, loaType="CARRIER"), "classic") == {}
    assert problems_with(hosted(**AUTHORITY, action="REMOVE"), "current") == {}


def test_a_current_import_requires_subscriber_and_authorizing_person() -> None:
    missing = "is required for an import"
    assert problems_with(hosted(), "current") == {"subscriber": missing, "loaAuthorizingPerson": missing}
    assert problems_with(hosted(**AUTHORITY), "current") == {}


def test_a_dry_run_requires_no_authority() -> None:
    assert problems_with(hosted(dryRun=True), "current") == {}


@pytest.mark.parametrize("given", CURRENT_ONLY, ids=lambda given: next(iter(given)))
def test_a_current_removal_rejects_import_fields(given: dict[str, Any]) -> None:
    (field,) = given
    assert problems_with(hosted(action="REMOVE", **given), "current") == {
        field: "applies to Action IMPORT only. Omit it"
    }
    assert problems_with(hosted(action="REMOVE"), "current") == {}


@pytest.mark.parametrize("given", [{"applicationId": "a-1"}, {"callbackHttpMethod": "GET"}])
def test_the_current_api_rejects_classic_fields(given: dict[str, Any]) -> None:
    (field,) = given
    assert list(problems_with(hosted(**AUTHORITY, **given), "current")) == [field]


def test_a_campaign_requires_the_current_api() -> None:
    setup = parse(MessagingV2Setup, {"areaCode": "910", "campaignId": "CABC123"})

    assert (setup.campaign_id, setup.message_class) == ("CABC123", "M")
    assert list(problems_with(setup, "classic")) == ["campaignId"]
    assert problems_with(setup, "current") == {}
    assert problems_with(parse(MessagingV2Setup, {"areaCode": "910"}), "classic") == {}


def test_a_location_has_either_an_id_or_a_name() -> None:
    assert hosted_problems(sipPeerId="303716", locationName="Demo") == {
        "locationName": "give either this or sipPeerId, not both"
    }


@pytest.mark.parametrize(
    ("key", "content_type"),
    [
        ("letter.pdf", "application/pdf"),
        ("2026/Letter of Example.PDF", "application/pdf"),
        ("a.b.jpeg", "image/jpeg"),
        ("letter.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_the_type_of_a_letter_follows_its_extension(key: str, content_type: str) -> None:
    letter = hosted(letterOfAuthorization={"bucket": "letters", "key": key}).letter_of_authorization
    assert letter is not None
    assert letter.content_type == content_type


@pytest.mark.parametrize("key", ["letter", "letter.exe", "letter.pdf.zip", "pdf/", ""])
def test_a_letter_of_another_type_is_rejected(key: str) -> None:
    problems_found = hosted_problems(letterOfAuthorization={"bucket": "letters", "key": key})
    assert list(problems_found) == ["letterOfAuthorization.key"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 46),
        ("name", ""),
        ("houseNumber", ""),
        ("city", "Ra\x00leigh"),
        ("stateCode", "nc"),
        ("stateCode", "North Carolina"),
        ("zip", "2760"),
        ("colour", "red"),
    ],
)
def test_an_invalid_field_of_the_subscriber_is_reported(field: str, value: str) -> None:
    assert list(hosted_problems(subscriber=SUBSCRIBER | {field: value})) == [f"subscriber.{field}"]
