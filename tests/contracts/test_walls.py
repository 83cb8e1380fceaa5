"""The walls of the house: who may import what, and where some things are written at all."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.template import ROOT

LAYER = ROOT / "layers" / "shared" / "bandwidth_messaging"
PACKAGE = "bandwidth_messaging"


@dataclass(frozen=True)
class Import:
    """One imported module, or a name imported from one."""

    file: str
    module: str
    name: str | None

    @property
    def target(self) -> str:
        """What is imported, in full."""
        return f"{self.module}.{self.name}" if self.name else self.module


def sources(folder: Path) -> list[Path]:
    """Return the Python files of a folder."""
    found = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    assert found
    return found


def imports(folder: Path) -> Iterator[Import]:
    """Yield what the files of a folder import, also inside functions and for type checking only."""
    for path in sources(folder):
        file = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (Import(file, alias.name, None) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} imports relatively"
                assert node.module
                yield from (Import(file, node.module, alias.name) for alias in node.names)


def room_of(imported: Import) -> str | None:
    """Return the room of the layer that something is imported from."""
    parts = imported.target.split(".")
    return parts[1] if parts[0] == PACKAGE else None


def of_libraries(folder: Path, *libraries: str) -> set[str]:
    """Return the files that import one of the libraries."""
    return {found.file for found in imports(folder) if found.module.split(".")[0] in libraries}


# Services are to get their collaborators as arguments. Until they do, they reach these by themselves.
STILL_IMPORTED = {
    "services": {
        "bandwidth_messaging.runtime.metrics.count",
        "bandwidth_messaging.runtime.settings.settings",
        "bandwidth_messaging.runtime.wiring",
        "bandwidth_messaging.runtime.wiring.IncompleteSecret",
    },
}


@pytest.mark.parametrize(
    ("room", "may_import"),
    [
        ("domain", {"domain"}),
        ("bandwidth", {"bandwidth", "domain"}),
        ("store", {"store", "domain"}),
        ("services", {"services", "bandwidth", "store", "domain"}),
        ("api", {"api", "services", "bandwidth", "store", "domain"}),
        ("runtime", {"runtime", "api", "services", "bandwidth", "store", "domain"}),
    ],
)
def test_each_room_of_the_layer_imports_only_the_rooms_it_may(room: str, may_import: set[str]) -> None:
    wrong = [
        found
        for found in imports(LAYER / room)
        if room_of(found) not in {*may_import, None} and found.target not in STILL_IMPORTED.get(room, ())
    ]
    assert wrong == []


def test_the_layer_has_these_rooms_and_no_other() -> None:
    rooms = {path.relative_to(LAYER).parts[0] for path in sources(LAYER)}
    assert rooms == {"domain", "bandwidth", "store", "services", "api", "runtime"}


def test_the_layer_imports_neither_functions_nor_local_nor_tests() -> None:
    assert of_libraries(LAYER, "functions", "local", "tests") == set()


def test_nothing_imports_the_functions_but_tests() -> None:
    assert of_libraries(ROOT / "functions", "functions", "local", "tests") == set()
    assert of_libraries(ROOT / "local", "functions", "tests") == set()


# Of the outside a function knows the errors it answers to, what a callback says and what a message that was
# taken is, of the store the states of a number and its home, and what an item, a page and a quarantined
# callback are; it reaches either through the wiring.
KNOWN_TO_FUNCTIONS = {
    "bandwidth": {
        "bandwidth.errors",
        "bandwidth.callbacks",
        "bandwidth.credentials.BasicCredentials",
        "bandwidth.messaging.Taken",
    },
    "store": {
        "store.dynamodb.Item",
        "store.dynamodb.Page",
        "store.queues.Quarantined",
    },
}


def test_functions_import_runtime_and_domain_and_of_the_rest_only_types() -> None:
    for found in imports(ROOT / "functions"):
        room = room_of(found)
        if room in {None, "runtime", "api", "services", "domain"}:
            continue
        known = KNOWN_TO_FUNCTIONS[str(room)]
        assert {found.target.removeprefix(f"{PACKAGE}."), found.module.removeprefix(f"{PACKAGE}.")} & known, (
            found
        )


def test_lxml_is_imported_by_one_module() -> None:
    files = of_libraries(LAYER, "lxml") | of_libraries(ROOT / "functions", "lxml")
    assert files == {"layers/shared/bandwidth_messaging/bandwidth/xml.py"}


def test_http_is_spoken_under_bandwidth_only() -> None:
    rooms = {Path(file).parent for file in of_libraries(LAYER, "requests", "urllib3", "httpx", "socket")}
    assert rooms == {(LAYER / "bandwidth").relative_to(ROOT)}
    assert of_libraries(ROOT / "functions", "requests", "urllib3", "httpx", "socket") == set()


def test_aws_is_spoken_to_by_store_and_runtime_only() -> None:
    aws = (
        "boto3",
        "botocore",
        *(f"mypy_boto3_{name}" for name in ("dynamodb", "events", "s3", "sqs", "stepfunctions")),
    )
    rooms = {Path(file).parent.name for file in of_libraries(LAYER, *aws)}
    # Services still catch errors of AWS's client.
    assert rooms == {"store", "runtime", "services"}
    assert of_libraries(ROOT / "functions", *aws) == set()


def test_the_environment_is_read_by_the_settings_only() -> None:
    files = of_libraries(LAYER, "os") | of_libraries(ROOT / "functions", "os")
    assert files == {"layers/shared/bandwidth_messaging/runtime/settings.py"}


def test_the_libraries_of_the_domain_are_the_standard_ones_and_pydantic() -> None:
    assert of_libraries(LAYER / "domain", "aws_lambda_powertools", "boto3", "requests", "lxml") == set()


KEYS = ("NUMBER#", "ORDER#", "OPT_OUT#", "LEASE#")
KEY_ATTRIBUTES = {"pk", "sortKey"}
INDEXES = {"numbersByOrder", "numbersByState", "messagesByOwner"}


def written(path: Path) -> Iterator[str]:
    """Yield the texts of a file's code, docstrings left out."""
    tree = ast.parse(path.read_text())
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.value


def test_keys_of_the_tables_are_written_in_the_store_only() -> None:
    wrong = [
        (str(path.relative_to(ROOT)), text)
        for path in (*sources(LAYER), *sources(ROOT / "functions"))
        if path.parent != LAYER / "store"
        for text in written(path)
        if text.startswith(KEYS) or text in KEY_ATTRIBUTES | INDEXES
    ]
    assert wrong == []


def test_the_store_writes_them_so_that_this_looks_for_the_right_ones() -> None:
    texts = {text for path in sources(LAYER / "store") for text in written(path)}
    assert texts >= INDEXES | KEY_ATTRIBUTES | {"NUMBER#", "ORDER"}
