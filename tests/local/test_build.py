"""The build for a deployment: architecture, bytecode, compiled libraries."""

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from local import build
from local.build import BuildError, compile_bytecode, find_architecture, list_foreign_libraries
from local.saved_configuration import ConfigurationError

X86_64, ARM64, RISC_V = 62, 183, 243


def elf(machine: int, order: str = "<") -> bytes:
    """Return the start of an ELF file: identification, type and machine."""
    identification = b"\x7fELF" + bytes([2, 1 if order == "<" else 2, 1]) + bytes(9)
    return identification + struct.pack(f"{order}HH", 3, machine) + bytes(44)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "layer" / "fast.cpython-313-aarch64-linux-gnu.so"


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "processor"),
    [
        (elf(ARM64), "arm64"),
        (elf(X86_64), "x86_64"),
        (elf(X86_64, ">"), "x86_64"),
        (elf(RISC_V), "ELF machine 243"),
        (b"\xcf\xfa\xed\xfe" + bytes(60), "not for Linux"),
        (b"\x7fELF", "not for Linux"),
    ],
)
def test_the_header_of_a_library_names_its_processor(library: Path, content: bytes, processor: str) -> None:
    write(library, content)

    assert build.read_processor(library) == processor


@pytest.mark.parametrize(
    ("machine", "architecture", "foreign"),
    [(ARM64, "x86_64", "arm64"), (X86_64, "arm64", "x86_64")],
)
def test_libraries_of_another_processor_are_listed(
    tmp_path: Path, library: Path, machine: int, architecture: str, foreign: str
) -> None:
    write(library, elf(machine))
    write(tmp_path / "layer" / "libxml2.so.2.9", elf(machine))

    assert list_foreign_libraries(tmp_path, architecture) == [
        f"layer/{library.name} ({foreign})",
        f"layer/libxml2.so.2.9 ({foreign})",
    ]


def test_libraries_of_the_architecture_are_not_listed(tmp_path: Path, library: Path) -> None:
    write(library, elf(ARM64))
    write(tmp_path / "layer" / "notes.so.txt", b"text")

    assert list_foreign_libraries(tmp_path, "arm64") == []


def test_a_build_without_any_library_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no compiled library"):
        list_foreign_libraries(tmp_path, "arm64")


def test_bytecode_is_used_although_the_file_times_differ(tmp_path: Path) -> None:
    module = tmp_path / "answer.py"
    module.write_text("print('compiled')\n")

    compile_bytecode(tmp_path)

    # Another size and time: bytecode that Python compares with its source would be ignored.
    module.write_text("print('the source')\n")
    ran = subprocess.run(
        [sys.executable, "-c", "import answer"], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert ran.stdout == "compiled\n"


def test_bytecode_does_not_depend_on_the_directory(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(
            tmp_path / name / "layer" / "module.py",
            b"NAMES = {'a', 'b', 'c'}\n\ndef f(): return 'd' in NAMES\n",
        )
        compile_bytecode(tmp_path / name)

    first, second = (file.read_bytes() for file in sorted(tmp_path.rglob("*.pyc")))

    assert first == second
    assert str(tmp_path).encode() not in first


def test_place_names_that_no_function_imports_stay_uncompiled(tmp_path: Path) -> None:
    for name in ("geodata", "carrierdata", "data"):
        write(tmp_path / "layer" / "phonenumbers" / name / "region.py", b"REGION = 1\n")

    compile_bytecode(tmp_path)

    assert [file.parent.parent.name for file in tmp_path.rglob("*.pyc")] == ["data"]


def test_a_file_that_cannot_be_compiled_fails_the_build(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "broken.py").write_text("def\n")

    with pytest.raises(BuildError, match="cannot be compiled"):
        compile_bytecode(tmp_path)
    assert "broken.py" in "".join(capfd.readouterr())


def test_another_python_than_the_runtime_cannot_build(monkeypatch: pytest.MonkeyPatch) -> None:
    build.check_python()

    class OtherVersion:
        major, minor = 3, 12

    monkeypatch.setattr(sys, "version_info", OtherVersion)
    with pytest.raises(BuildError, match=re.escape("python3.12, and the functions with python3.13")):
        build.check_python()


def test_the_architecture_is_that_of_the_saved_configuration(tmp_path: Path) -> None:
    file = tmp_path / "samconfig.bandwidth-messaging.toml"
    file.write_text(
        'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = "Architecture=\\"x86_64\\""\n'
    )

    assert find_architecture(file, "default") == "x86_64"


def test_without_a_configuration_the_architecture_is_the_default_of_the_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_architecture(Path("samconfig.bandwidth-messaging.toml"), "default") == "arm64"


def test_a_configuration_that_was_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("samconfig.prod.toml does not exist")):
        find_architecture(tmp_path / "samconfig.prod.toml", "default")
