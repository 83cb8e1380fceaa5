"""The tables of the document: each row has a test."""

import re

from tests.contracts.hosted_messaging_document import (
    test_application,
    test_import_request,
    test_number_import,
    test_order_status,
)
from tests.documents.examples import tables


def snake_case(name: str) -> str:
    """Return a name of the document in snake case: site_id of SiteId, received of RECEIVED."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def test_every_row_of_the_documents_tables_has_a_test_of_its_name() -> None:
    classes = (
        test_import_request.TestParametersOfAnImportRequest,
        test_order_status.TestStatuses,
        test_application.TestParametersOfAnApplication,
        test_number_import.TestParametersOfAnImport,
    )

    tested = [[name for name in vars(each) if name.startswith("test_")] for each in classes]

    assert tested == [[f"test_{snake_case(row)}" for row in table] for table in tables("hosted_messaging")]
