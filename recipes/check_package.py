"""Check what is published: build it, look into it, install it in an empty environment, run the quickstart there.

uv run python recipes/check_package.py
uv run python recipes/check_package.py --python 3.13 --tests

The environment is made by uv outside the repository, from `langchain-trm` and so from both wheels, in the locked
versions. It has no torch, and nothing may be fetched. What an installation costs is measured there and held to `MOST`.
With uv's cache on the same file system it costs no disk space. `--python` takes any interpreter that uv finds;
`--tests` also runs `TESTS` with it, on the installed package.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from recipes.build_package import ADDED, ROOT, build
from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging

PACKAGES = ("trm_agent", "langchain_trm")
OF_SOURCE = (
    *PACKAGES,
    "recipes",
    "tests",
    "docs",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "mkdocs.yml",
    "uv.lock",
)
OF_BUILD = ("PKG-INFO", ".gitignore")
LEFT_OUT = frozenset({"__pycache__", ".DS_Store"})
MOST_MB = 60
TRAINING = ("torch", "transformers", "sentence_transformers", "sklearn", "scipy", "onnx", "onnxscript")
"""What serving must do without."""
MOST = {
    "download, MB": 250.0,
    "installed, MB": 450.0,
    "import, CPU s": 3.0,
    "first answer, CPU s": 6.0,
    "memory after it, MB": 400.0,
}
"""Generous: machines differ."""
TEST_PACKAGES = (
    "langchain",
    "pytest",
    "pytest-asyncio",
    "pytest-socket",
    "pytest-timeout",
    "hypothesis",
    "langchain-tests",
)
TESTS = (
    "tests/test_package.py",
    "tests/trm_agent/test_errors.py",
    "tests/trm_agent/test_public_names.py",
    "tests/trm_agent/test_types.py",
    "tests/trm_agent/values",
    "tests/langchain_trm/test_langchain_standard.py",
)
IMPORT_ALL = """
import importlib, importlib.util, pathlib, pkgutil, sys
import langchain_trm, trm_agent
from langchain_trm import *
from trm_agent import *
assert ChatTRM and Router
missing = {}
training = set(sys.argv[1:])
assert not any(importlib.util.find_spec(name) for name in training)
for package in (trm_agent, langchain_trm):
    assert pathlib.Path(package.__file__).is_relative_to(sys.prefix), package.__file__
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            if (error.name or "").split(".")[0] in training:
                missing[module.name] = "train"
                continue
            assert "trm-agent[" in str(error), f"{module.name} names no extra: {error}"
            missing[module.name] = str(error).split("trm-agent[")[1].split("]")[0]
print(", ".join(f"{name} ({extra})" for name, extra in missing.items()) or "none")
"""
FIRST_ANSWER = """
import json, sys, time
import langchain_trm
imported = time.process_time()
from langchain_core.tools import tool
@tool
def find_bus(from_city: str, to_city: str) -> str:
    "Find a bus between two cities."
    return "09:40"
answer = langchain_trm.ChatTRM(tools=[find_bus]).invoke("I need a bus from Fresno to Anaheim")
answered = time.process_time()
assert answer.tool_calls[0]["args"] == {"from_city": "Fresno", "to_city": "Anaheim"}, answer
status = [line.split() for line in open("/proc/self/status")] if sys.platform == "linux" else []
print(json.dumps({
    "import, CPU s": imported,
    "first answer, CPU s": answered,
    "memory after it, MB": next((int(row[1]) / 1e3 for row in status if row[0] == "VmRSS:"), 0.0),
}))
"""
DOWNLOAD = """
import json, sys
from importlib.metadata import distributions
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
rank = {tag: i for i, tag in enumerate(sys_tags())}
offered = json.load(open("wheels.json"))
total = 0
for found in distributions():
    fitting = [
        (min(rank[tag] for tag in parse_wheel_filename(name)[3] if tag in rank), size)
        for name, size in offered.get(canonicalize_name(found.metadata["Name"]), {}).items()
        if any(tag in rank for tag in parse_wheel_filename(name)[3])
    ]
    total += min(fitting)[1] if fitting else 0
print(total)
"""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--python", default=f"{sys.version_info.major}.{sys.version_info.minor}", help="version or path (default: this)"
    )
    parser.add_argument("--tests", action="store_true", help="also run some of the tests on the installed package")
    args = parser.parse_args(argv)
    setup_logging()
    try:
        with tempfile.TemporaryDirectory() as folder:
            check(Path(folder), args.python, tests=args.tests)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    return 0


def check(folder: Path, version: str, *, tests: bool) -> None:
    """Do all of it.

    Args:
        folder: An empty one, outside the repository.
        version: Of Python, as uv understands it.
        tests: Whether `TESTS` are run too.

    Raises:
        DataError: Something does not hold; the message says what.
    """
    built = build(folder / "dist")
    for path in built:
        print(f"{path.stat().st_size / 1e6:6.2f} MB  {path.name}")
        if path.stat().st_size > MOST_MB * 1e6:
            raise DataError(f"{path.name}: larger than {MOST_MB} MB")
    wheels = {path.name.split("-")[0]: path for path in built if path.suffix == ".whl"}
    (source,) = (path for path in built if path.name.startswith("trm_agent") and path.suffix == ".gz")
    check_wheel(zipfile.ZipFile(wheels["trm_agent"]).namelist(), files_of(PACKAGES) | set(ADDED))
    with tarfile.open(source) as archive:
        check_source(archive.getnames(), files_of(OF_SOURCE) | set(ADDED))
    python = install(folder, version, wheels)
    print("modules that need an extra:", run([python, "-I", "-c", IMPORT_ALL, *TRAINING], folder).strip())
    shutil.copy(ROOT / "recipes" / "quickstart.py", folder)
    shown = run([python, "quickstart.py", "--threads", "1"], folder)
    if "reserve_restaurant" not in shown:
        raise DataError(f"the quickstart reserved no table:\n{shown}")
    print(shown)
    measure(python, folder, wheels["trm_agent"])
    if tests:
        add(python, TEST_PACKAGES, folder)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns(*LEFT_OUT))
        shutil.copy(ROOT / "pyproject.toml", folder)
        print(run([python, "-m", "pytest", "-p", "no:cacheprovider", *TESTS], folder).strip())
    print(run([python, "--version"], folder).strip(), "holds")


def files_of(names: Iterable[str]) -> set[str]:
    """Files and files of folders in the repository, as paths from its root; those that git ignores are left out."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *names], ROOT).splitlines()
    return {name for name in listed if (ROOT / name).is_file()}


def check_wheel(names: Sequence[str], expected: set[str]) -> None:
    """The wheel holds every file of the two packages, its metadata, and nothing else.

    Raises:
        DataError: It does not.
    """
    _equal("the wheel", {name for name in names if ".dist-info" not in PurePosixPath(name).parts[0]}, expected)


def check_source(names: Sequence[str], expected: set[str]) -> None:
    """The source holds what the repository holds in `OF_SOURCE`, its metadata, and nothing else.

    Raises:
        DataError: It does not.
    """
    inside = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in names}
    _equal("the source", inside - set(OF_BUILD), expected)


def install(folder: Path, version: str, wheels: dict[str, Path]) -> str:
    """Make an empty environment, install the wheels in the locked versions, and return its interpreter.

    Raises:
        DataError: There is no such Python, or something cannot be installed.
    """
    environment = folder / "environment"
    run(["uv", "venv", "--quiet", "--no-project", "--python", version, str(environment)], folder)
    python = str(environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    locked = [
        "uv",
        "export",
        "--quiet",
        "--locked",
        "--all-extras",
        "--no-emit-project",
        "--no-hashes",
        "--no-annotate",
    ]
    (folder / "locked.txt").write_text(run(locked, ROOT), encoding="utf-8")
    second = f"langchain-trm @ {wheels['langchain_trm'].as_uri()}"
    add(python, [second, f"trm-agent @ {wheels['trm_agent'].as_uri()}"], folder)
    return python


def measure(python: str, folder: Path, wheel: Path) -> dict[str, float]:
    """What an installation costs; printed, and held to `MOST`.

    Args:
        python: Interpreter of the environment, in which the package ran before.
        folder: With the environment.
        wheel: That was installed.

    Raises:
        DataError: A figure is too large, or an import loads what only training needs.
    """
    imports = run([python, "-X", "importtime", "-c", "import langchain_trm"], folder, errors=True)
    loaded = {line.split("|")[-1].strip().split(".")[0] for line in imports.splitlines()}
    if "langchain_trm" not in loaded or loaded.intersection(TRAINING):
        raise DataError(f"import langchain_trm loads {sorted(loaded.intersection(TRAINING)) or 'nothing'}")
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    offered = {
        package["name"]: {Path(one["url"]).name: one["size"] for one in package.get("wheels", ())} for package in lock
    }
    (folder / "wheels.json").write_text(json.dumps(offered), encoding="utf-8")
    fetched = int(run([python, "-c", DOWNLOAD], folder)) + wheel.stat().st_size
    inside = sum(path.stat().st_size for path in (folder / "environment").rglob("*") if path.is_file())
    figures = {"download, MB": fetched / 1e6, "installed, MB": inside / 1e6}
    figures |= json.loads(run([python, "-c", FIRST_ANSWER], folder))
    for name, value in figures.items():
        print(f"{value:8.2f}  {name}")
    if large := [name for name, value in figures.items() if value > MOST[name]]:
        raise DataError(f"too large: {'; '.join(f'{name}: at most {MOST[name]:g}' for name in large)}")
    return figures


def add(python: str, wanted: Sequence[str], folder: Path) -> None:
    """Install into the environment of an interpreter, in the locked versions that `folder` holds.

    Raises:
        DataError: Something cannot be installed.
    """
    install_to = ["uv", "pip", "install", "--quiet", "--python", python, "--constraints", "locked.txt"]
    run([*install_to, *wanted], folder)


def run(command: Sequence[str], folder: Path, *, errors: bool = False) -> str:
    """Run a command with nothing of this environment, and return what it printed, or what it printed as errors.

    Raises:
        DataError: It failed; the message holds what it printed.
    """
    hidden = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"}
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    env |= {
        "HF_HUB_OFFLINE": "1",
        "TRM_CACHE": str(folder / "cache"),
        "UV_LINK_MODE": env.get("UV_LINK_MODE", "hardlink"),
    }
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(f"{' '.join(command)[:300]}: failed with {done.returncode}\n{done.stdout}{done.stderr}".strip())
    return done.stderr if errors else done.stdout


def _equal(where: str, found: set[str], expected: set[str]) -> None:
    if missing := sorted(expected - found):
        raise DataError(f"{where} lacks {', '.join(missing)}")
    if more := sorted(found - expected):
        raise DataError(f"{where} holds what nobody needs: {', '.join(more)}")


if __name__ == "__main__":
    sys.exit(main())
