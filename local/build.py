"""Builds functions and layer for a deployment: `make build` runs ``python -m local.build``."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from samcli.yamlhelper import yaml_parse

from local.saved_configuration import DEFAULT_FILE, ConfigurationError, parse_choice, read_configuration

ROOT: Final = Path(__file__).resolve().parent.parent
BUILD_DIRECTORY: Final = ROOT / ".aws-sam" / "build"
SAM: Final = Path(sys.executable).with_name("sam")

# Values of e_machine in the ELF header (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html).
_PROCESSORS: Final = {62: "x86_64", 183: "arm64"}
# Place names and carriers of phonenumbers: half of the layer's source.
_NEVER_IMPORTED: Final = r"phonenumbers/(geodata|carrierdata)/"
_SHARED_OBJECT: Final = re.compile(r"\.so(\.\d+)*$")


class BuildError(Exception):
    """The build failed or cannot be used. The message is for the user."""


def main() -> None:
    """Build for the Architecture of a saved configuration, and exit with 1 if that is not possible."""
    file, environment = parse_choice(main.__doc__)
    try:
        check_python()
        architecture = find_architecture(file, environment)
        print(f"Building for {architecture}", flush=True)
        _sam_build(architecture, file, environment)
        compile_bytecode(BUILD_DIRECTORY)
    except (BuildError, ConfigurationError) as error:
        sys.exit(f"Error: {error}")


def read_template() -> dict[str, Any]:
    """Return template.yaml as Python objects."""
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return template


def find_architecture(file: Path, environment: str) -> str:
    """Return the Architecture of a saved configuration, or the template's default without one.

    Only the default file may be absent: a build for tests needs no configuration. Raises ConfigurationError.
    """
    default: str = read_template()["Parameters"]["Architecture"]["Default"]
    if file == DEFAULT_FILE and not file.exists():
        return default
    return read_configuration(file, environment).parameters.get("Architecture", default)


def check_python() -> None:
    """Raise BuildError if this Python is not the version of the functions' runtime.

    Python ignores bytecode of another minor version, so the functions would compile it at each cold start.
    """
    runtime = read_template()["Globals"]["Function"]["Runtime"]
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if here != runtime:
        raise BuildError(
            f"The build runs with {here}, and the functions with {runtime}. Run make clean, and then make"
            f" install with {runtime} on the PATH."
        )


def compile_bytecode(directory: Path) -> None:
    """Compile the Python files below a directory, so that functions need not do it at each cold start.

    Lambda's file system is read-only, so a function cannot keep what it compiles. SAM's archives have no file
    times, so Python must not compare them with the source: the hash is unchecked. Paths in the bytecode are
    relative to the directory; they do not depend on the machine.
    """
    command = [sys.executable, "-m", "compileall", "-q", "-f", "-j", "0", "-x", _NEVER_IMPORTED]
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(directory)]
    if subprocess.run([*command, *options, str(directory)], check=False).returncode:
        raise BuildError(f"A file in {directory} cannot be compiled. The lines above name it.")


def list_foreign_libraries(directory: Path, architecture: str) -> list[str]:
    """Return the compiled libraries below a directory that are not for an architecture, with what they are.

    Raises BuildError if there is none at all: lxml and pydantic_core need theirs.
    """
    libraries = sorted(path for path in directory.rglob("*.so*") if _SHARED_OBJECT.search(path.name))
    if not libraries:
        raise BuildError(f"{directory} has no compiled library (.so), and the layer needs some.")
    processors = {path: read_processor(path) for path in libraries}
    return [
        f"{path.relative_to(directory)} ({processor})"
        for path, processor in processors.items()
        if processor != architecture
    ]


def read_processor(library: Path) -> str:
    """Return the processor of a compiled library: arm64, x86_64, or a description of anything else."""
    with library.open("rb") as file:
        header = file.read(20)
    if len(header) < 20 or header[:4] != b"\x7fELF":  # noqa: PLR2004
        return "not for Linux"
    # Byte 5 is the byte order: 1 is little-endian.
    (machine,) = struct.unpack_from("<H" if header[5] == 1 else ">H", header, 18)
    return _PROCESSORS.get(machine, f"ELF machine {machine}")


def _sam_build(architecture: str, file: Path, environment: str) -> None:
    # sam searches the PATH for the interpreter of the runtime.
    path = f"{SAM.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    command = [
        str(SAM),
        "build",
        "--cached",
        "--parallel",
        "--parameter-overrides",
        f"Architecture={architecture}",
    ]
    if file.exists():
        command += ["--config-file", str(file.resolve()), "--config-env", environment]
    if subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode:
        raise BuildError("sam build failed. The lines above say why.")


if __name__ == "__main__":
    main()
