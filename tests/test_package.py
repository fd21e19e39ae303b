"""What an installed package owes its users: types, a version, and every public name."""

from __future__ import annotations

from importlib.metadata import version
from importlib.resources import files

import pytest


@pytest.mark.parametrize("package", ["trm_agent", "langchain_trm"])
def test_a_package_is_typed_and_knows_its_version(package: str) -> None:
    module = __import__(package)
    assert files(package).joinpath("py.typed").is_file()
    assert module.__version__ == version("trm-agent")


@pytest.mark.parametrize("package", ["trm_agent", "langchain_trm"])
def test_everything_public_can_be_imported_at_once(package: str) -> None:
    names: dict[str, object] = {}
    exec(f"from {package} import *", names)
    assert set(__import__(package).__all__) <= names.keys()
