"""The structure of the code: imports between rooms, libraries, keys of the tables, length of handlers."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contracts.project import FUNCTIONS, Function
from tests.template import ROOT

LAYER = ROOT / "layers" / "shared" / "bandwidth_messaging"
PACKAGE = "bandwidth_messaging"
# Imports point down: each room may import itself and the rooms that it lists.
ROOMS = {
    "domain": set[str](),
    # HTTP with a deadline, and the client of the user's webhooks, which are not Bandwidth's.
    "network": {"domain"},
    "bandwidth": {"domain", "network"},
    "store": {"domain"},
    "services": {"domain", "network", "bandwidth", "store"},
    "api": {"domain", "network", "bandwidth", "store", "services"},
    "runtime": {"domain", "network", "bandwidth", "store", "services", "api"},
}
MAX_HANDLER_LINES = 40
AWS_LIBRARIES = ("boto3", "botocore", "mypy_boto3_")


@dataclass(frozen=True)
class Import:
    """One imported module, or a name imported from one."""

    file: str
    module: str
    name: str | None
    is_type_only: bool

    @property
    def target(self) -> str:
        """The full name of the import."""
        return f"{self.module}.{self.name}" if self.name else self.module

    @property
    def room(self) -> str | None:
        """The room of the layer that is imported from."""
        parts = self.target.split(".")
        return parts[1] if parts[0] == PACKAGE else None


def list_sources(folder: Path) -> list[Path]:
    """Return the Python files of a folder."""
    files = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    assert files
    return files


def is_type_checking(node: ast.AST) -> bool:
    """Return whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def list_imports(folder: Path) -> Iterator[Import]:
    """Yield the imports of the files of a folder, including those in functions and those for types only."""
    for path in list_sources(folder):
        file, tree = str(path.relative_to(ROOT)), ast.parse(path.read_text())
        type_only = {id(each) for node in ast.walk(tree) if is_type_checking(node) for each in ast.walk(node)}
        for node in ast.walk(tree):
            is_type_only = id(node) in type_only
            if isinstance(node, ast.Import):
                yield from (Import(file, alias.name, None, is_type_only) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} has a relative import"
                assert node.module
                yield from (Import(file, node.module, alias.name, is_type_only) for alias in node.names)


def files_importing(folder: Path, *libraries: str) -> set[str]:
    """Return the files of a folder that import one of the libraries."""
    return {each.file for each in list_imports(folder) if each.module.split(".")[0] in libraries}


# Rooms


def test_the_layer_has_exactly_the_rooms_of_the_layout() -> None:
    assert {path.relative_to(LAYER).parts[0] for path in list_sources(LAYER)} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_itself_and_rooms_below(room: str) -> None:
    forbidden = [each for each in list_imports(LAYER / room) if each.room not in {*ROOMS[room], room, None}]
    assert forbidden == []


def test_only_functions_and_the_runtime_import_the_builders_of_clients_and_services() -> None:
    builders = {f"{PACKAGE}.runtime.{name}" for name in ("bandwidth_clients", "stores", "wiring")}
    forbidden = [
        each
        for folder in (LAYER, ROOT / "local", ROOT / "simulator")
        for each in list_imports(folder)
        if each.target in builders and "/runtime/" not in each.file
    ]
    assert forbidden == []


def test_the_layer_imports_no_other_package_of_the_repository() -> None:
    assert files_importing(LAYER, "functions", "local", "simulator", "tests") == set()


def test_only_tests_import_functions() -> None:
    assert files_importing(ROOT / "functions", "functions", "local", "simulator", "tests") == set()
    assert files_importing(ROOT / "local", "functions", "tests") == set()
    assert files_importing(ROOT / "simulator", PACKAGE, "functions", "local", "tests") == set()


def test_functions_import_only_types_of_clients_and_stores() -> None:
    forbidden = [
        each
        for each in list_imports(ROOT / "functions")
        if each.room in {"bandwidth", "store"}
        and not each.is_type_only
        and each.module != f"{PACKAGE}.bandwidth.errors"
    ]
    assert forbidden == []


def test_no_two_modules_of_the_layer_share_a_file_name() -> None:
    counts = Counter(path.name for path in list_sources(LAYER))
    assert [name for name, count in counts.items() if count > 1] == []


# Libraries


def test_one_module_imports_lxml() -> None:
    files = files_importing(LAYER, "lxml") | files_importing(ROOT / "functions", "lxml")
    assert files == {"layers/shared/bandwidth_messaging/bandwidth/xml.py"}


def test_only_the_rooms_of_network_and_bandwidth_import_http_clients() -> None:
    http = ("requests", "urllib3", "httpx", "socket")
    rooms = {Path(file).parent for file in files_importing(LAYER, *http)}
    assert rooms == {(LAYER / name).relative_to(ROOT) for name in ("bandwidth", "network")}
    assert files_importing(ROOT / "functions", *http) == set()


def test_only_store_and_runtime_import_aws_clients() -> None:
    def aws_files(folder: Path) -> set[str]:
        return {each.file for each in list_imports(folder) if each.module.startswith(AWS_LIBRARIES)}

    assert {Path(file).parent.name for file in aws_files(LAYER)} == {"store", "runtime"}
    assert aws_files(ROOT / "functions") == set()


def test_only_the_settings_read_the_environment() -> None:
    files = files_importing(LAYER, "os") | files_importing(ROOT / "functions", "os")
    assert files == {"layers/shared/bandwidth_messaging/runtime/settings.py"}


def test_the_domain_imports_the_standard_library_pydantic_and_phonenumbers_only() -> None:
    libraries = {each.module.split(".")[0] for each in list_imports(LAYER / "domain")}
    assert libraries - sys.stdlib_module_names == {PACKAGE, "phonenumbers", "pydantic", "pydantic_core"}


# Handlers


def list_code_lines(path: Path) -> set[int]:
    """Return the lines of a module's code: without imports, docstrings, comments, and fields of classes."""
    tree, lines = ast.parse(path.read_text()), set[int]()
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases:
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            lines |= {line for method in methods for line in lines_of(method)}
        elif not (is_type_checking(node) or isinstance(node, ast.Import | ast.ImportFrom)):
            lines |= lines_of(node)
    for docstring in ast.walk(tree):
        if isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant):
            lines -= lines_of(docstring)
    source = path.read_text().splitlines()
    return {line for line in lines if source[line - 1].partition("#")[0].strip()}


def lines_of(node: ast.stmt) -> set[int]:
    """Return the numbers of the lines of a statement, with its decorators."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    start = min([node.lineno, *(each.lineno for each in decorators)])
    return set(range(start, (node.end_lineno or node.lineno) + 1))


def test_methods_of_models_count_and_fields_do_not(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "class Request(Model):\n    field: str\n\n    def home(self) -> str:\n        return 'x'\n"
    )

    assert list_code_lines(module) == {4, 5}


@pytest.mark.parametrize("function", FUNCTIONS, ids=str)
def test_a_handler_module_has_at_most_40_lines_of_code(function: Function) -> None:
    assert len(list_code_lines(function.path)) <= MAX_HANDLER_LINES


# Keys of the tables

KEYS = ("NUMBER#", "ORDER#", "OPT_OUT#", "LEASE#", "WEBHOOK#")
KEY_ATTRIBUTES = {"pk", "sortKey"}
INDEXES = {"numbersByOrder", "numbersByState", "ordersByKind", "messagesByOwner"}


def list_strings(path: Path) -> Iterator[str]:
    """Yield the string constants of a file without docstrings."""
    tree = ast.parse(path.read_text())
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.value


def test_only_the_store_contains_keys_and_indexes_of_the_tables() -> None:
    forbidden = [
        (str(path.relative_to(ROOT)), text)
        for path in (*list_sources(LAYER), *list_sources(ROOT / "functions"))
        if path.parent != LAYER / "store"
        for text in list_strings(path)
        if text.startswith(KEYS) or text in KEY_ATTRIBUTES | INDEXES
    ]
    assert forbidden == []


def test_the_store_contains_the_keys_and_indexes_of_the_test_above() -> None:
    texts = {text for path in list_sources(LAYER / "store") for text in list_strings(path)}
    assert texts >= INDEXES | KEY_ATTRIBUTES | {"NUMBER#", "ORDER"}


# Errors of fields


def test_a_field_with_a_pattern_has_a_rule_in_words() -> None:
    """A pattern of pydantic's own would be the text of the error. Shape has both."""
    patterns = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (*list_sources(LAYER), *list_sources(ROOT / "functions"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and any(keyword.arg == "pattern" for keyword in node.keywords)
    ]
    assert patterns == []
