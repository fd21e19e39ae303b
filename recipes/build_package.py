"""Build what is published: wheel and source of `trm-agent`, and of `langchain-trm`, a name that installs the same.

uv run python recipes/build_package.py --output dist

`langchain-trm` holds no file of its own. It depends on `trm-agent` of the same version and passes its extras on. Its
`pyproject.toml` is made here, from the one of `trm-agent`: neither a version nor an extra is written down twice.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trm_agent.errors import DataError, TRMError
from trm_agent.log import logger, setup_logging

ROOT = Path(__file__).parents[1]
SECOND_NAME = "langchain-trm"
SAME = ("version", "license", "requires-python", "keywords", "classifiers")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for the two wheels and the two sources")
    args = parser.parse_args(argv)
    setup_logging()
    try:
        built = build(args.output)
    except TRMError as error:
        logger.error("%s", error)
        return 1
    for path in built:
        print(f"{path.stat().st_size / 1e6:6.2f} MB  {path}")
    return 0


def build(output: Path) -> list[Path]:
    """Build the four files.

    Raises:
        DataError: A build failed, or the folder holds files of another build.
    """
    output = output.resolve()
    if output.is_dir() and any(output.glob("*.whl")):
        raise DataError(f"{output}: holds a wheel already; name an empty folder")
    _run(["uv", "build", "--quiet", "--out-dir", str(output), str(ROOT)])
    with tempfile.TemporaryDirectory() as folder:
        text, readme = second_name(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        Path(folder, "README.md").write_text(readme, encoding="utf-8")
        _run(["uv", "build", "--quiet", "--out-dir", str(output), folder])
    return sorted(path for path in output.iterdir() if path.name.endswith((".whl", ".tar.gz")))


def second_name(project: Mapping[str, Any]) -> tuple[str, str]:
    """`pyproject.toml` and readme of `langchain-trm`.

    Args:
        project: The table `project` of `trm-agent`.
    """
    name, version = project["name"], project["version"]
    extras = sorted(project["optional-dependencies"])
    lines = [
        "[build-system]",
        'requires = ["hatchling>=1.27"]',
        'build-backend = "hatchling.build"',
        "",
        "[project]",
        f"name = {_toml(SECOND_NAME)}",
        f"description = {_toml(f'Another name for {name}: ' + project['description'])}",
        'readme = "README.md"',
        *(f"{key} = {_toml(project[key])}" for key in SAME),
        f"dependencies = {_toml([f'{name}=={version}'])}",
        "",
        "[project.optional-dependencies]",
        *(f"{extra} = {_toml([f'{name}[{extra}]=={version}'])}" for extra in extras),
        "",
        "[tool.hatch.build.targets.wheel]",
        "bypass-selection = true",
        "",
    ]
    readme = (
        f"# {SECOND_NAME}\n\nAnother name for `{name}`. It installs `{name}` {version}, which holds the import "
        f"packages `langchain_trm` and `trm_agent`, and has the same extras: {', '.join(extras)}.\n\n"
        "```python\nfrom langchain_trm import ChatTRM\n```\n"
    )
    return "\n".join(lines), readme


def _toml(value: str | list[str]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(f"{' '.join(command)}: failed with {done.returncode}: {done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
