"""Everything a change is checked with, but the tests: format, lint, spelling, types, import layers.

uv run python recipes/check.py
uv run python recipes/check.py --fix
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

CHECKS = {
    "format": ["ruff", "format", "--check", "."],
    "lint": ["ruff", "check", "."],
    "spelling": ["codespell"],
    "types": ["mypy"],
    "layers": ["lint-imports"],
}
FIXES = {"format": ["ruff", "format", "."], "lint": ["ruff", "check", "--fix", "."]}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fix", action="store_true", help="format and mend what can be mended first")
    args = parser.parse_args(argv)
    failed = []
    for name, command in CHECKS.items():
        if args.fix and name in FIXES:
            subprocess.run(FIXES[name], check=False)
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks pass")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
