"""A toll-free submission has the fields of Bandwidth's specification, as its Python client knows them."""

import json
from typing import Any, get_args

import pytest
from bandwidth import models as specified
from pydantic import BaseModel

from bandwidth_messaging.domain import submissions
from bandwidth_messaging.domain.validation import parse
from tests.contracts.project import ROOT

SAMPLE = json.loads(json.loads((ROOT / "events/control/verify_number.json").read_text())["body"])


def names(model: type[BaseModel]) -> set[str]:
    found = {field.alias or name for name, field in model.model_fields.items()}
    return found - {"additional_properties"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (submissions.Submission, specified.VerificationUpdateRequest),
        (submissions.BusinessAddress, specified.Address),
        (submissions.BusinessContact, specified.Contact),
        (submissions.OptInWorkflow, specified.OptInWorkflow),
    ],
)
def test_the_fields_are_those_of_the_specification(ours: type[BaseModel], theirs: type[BaseModel]) -> None:
    assert names(ours) == names(theirs)


@pytest.mark.parametrize(
    ("field", "theirs"),
    [
        ("business_entity_type", specified.BusinessEntityTypeEnum),
        ("business_registration_type", specified.BusinessRegistrationTypeEnum),
    ],
)
def test_the_values_are_those_of_the_specification(field: str, theirs: Any) -> None:
    annotation = submissions.Submission.model_fields[field].annotation
    ours = {value for part in (annotation, *get_args(annotation)) for value in get_args(part)}
    assert {value for value in ours if isinstance(value, str)} == {each.value for each in theirs}


def test_the_sample_is_valid_for_bandwidth() -> None:
    wire = parse(submissions.Submission, SAMPLE).to_wire()

    read = specified.VerificationRequest.from_dict(wire | {"phoneNumbers": ["+18885551212"]})

    assert read is not None
    assert read.additional_properties == {}
    assert wire == SAMPLE
