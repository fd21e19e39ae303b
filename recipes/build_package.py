"""Build what is published: wheel and source of `trm-agent`, and of `langchain-trm`, a name that installs the same.

uv run python recipes/build_package.py --output dist

The wheel serves without torch and without a download: beside the graphs, which are in the repository, it carries the
weights and the tokenizer of the default encoder (46 MB, 16 bits a weight). They are made here from the installed copy
of the model, in a copy of the tree, so that the repository never holds them. The source carries them too.

`langchain-trm` holds no file of its own. It depends on `trm-agent` of the same version and passes its extras on. Its
`pyproject.toml` is made here, from the one of `trm-agent`: neither a version nor an extra is written down twice.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trm_agent.encoder.graph import ABOUT, TOKENIZER, WEIGHTS
from trm_agent.encoder.sentence import DEFAULT_ENCODER, DEFAULT_SHA256, find_encoder
from trm_agent.encoder.stored import PACKAGED, assemble_default
from trm_agent.errors import DataError, EncoderError, TRMError
from trm_agent.log import logger, setup_logging

ROOT = Path(__file__).resolve().parents[1]
SECOND_NAME = "langchain-trm"
ADDED = tuple((PACKAGED / name).relative_to(ROOT).as_posix() for name in (WEIGHTS, TOKENIZER, ABOUT))
"""What a build adds to the files that git knows."""
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
        EncoderError: There is no copy of the default encoder.
    """
    output = output.resolve()
    if output.is_dir() and any(output.glob("*.whl")):
        raise DataError(f"{output}: holds a wheel already; name an empty folder")
    with tempfile.TemporaryDirectory() as folder:
        copy_tree(Path(folder))
        _run(["uv", "build", "--quiet", "--out-dir", str(output), folder])
    with tempfile.TemporaryDirectory() as folder:
        text, readme = second_name(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])
        Path(folder, "pyproject.toml").write_text(text, encoding="utf-8")
        Path(folder, "README.md").write_text(readme, encoding="utf-8")
        _run(["uv", "build", "--quiet", "--out-dir", str(output), folder])
    return sorted(path for path in output.iterdir() if path.name.endswith((".whl", ".tar.gz")))


def copy_tree(folder: Path) -> None:
    """Copy the files that git knows, or would take in, and add the default encoder.

    Raises:
        EncoderError: There is no copy of the default encoder, or it is another.
    """
    listed = _run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard"])
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    path, fingerprint = find_encoder(DEFAULT_ENCODER)
    if fingerprint != DEFAULT_SHA256:
        raise EncoderError(f"{path}: expected weights with sha256 {DEFAULT_SHA256}, got {fingerprint}")
    assemble_default(Path(path), folder / PACKAGED.relative_to(ROOT))


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


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DataError(f"{' '.join(command)}: failed with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
