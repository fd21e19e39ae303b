"""What is published holds every file it needs and no other, under both names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from recipes.build_package import ADDED, ROOT, copy_tree, second_name
from recipes.build_package import main as build_main
from recipes.check_package import OF_SOURCE, PACKAGES, TRAINING, check_source, check_wheel, files_of, install, run
from trm_agent.encoder.graph import GraphEncoder
from trm_agent.errors import DataError

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOO_LARGE_FOR_ALL = {"ray"}
"""Extras of a single recipe that most who work on the project never run."""
FILES = {"trm_agent/__init__.py", "trm_agent/py.typed"}


def test_weights_types_and_word_lists_belong_to_the_wheel_and_recipes_do_not() -> None:
    expected = files_of(PACKAGES)
    assert {"trm_agent/weights/model.safetensors", "trm_agent/py.typed", "trm_agent/text/languages/en.json"} <= expected
    assert {"langchain_trm/py.typed", "trm_agent/evaluation/page.html"} <= expected
    assert not any(name.startswith(("recipes/", "tests/")) for name in expected)
    assert {"recipes/check_package.py", "tests/conftest.py", "pyproject.toml"} <= files_of(OF_SOURCE)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["trm_agent/__init__.py"], "the wheel lacks trm_agent/py.typed"),
        ([*sorted(FILES), "tests/conftest.py"], "the wheel holds what nobody needs: tests/conftest.py"),
    ],
)
def test_a_wheel_with_a_file_too_few_or_too_many_is_refused(names: list[str], message: str) -> None:
    check_wheel([*sorted(FILES), "trm_agent-0.1.0.dist-info/METADATA"], FILES)
    with pytest.raises(DataError, match=f"^{message}$"):
        check_wheel(names, FILES)


def test_what_is_built_holds_the_default_encoder_beside_what_git_knows(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert set(ADDED) <= found
    assert {"pyproject.toml", "trm_agent/weights/body.onnx", "trm_agent/encoder/minilm/LICENSE"} <= found
    assert not any((ROOT / name).exists() for name in ADDED), "the repository never holds them"
    text = "I need a bus from Fresno to Anaheim"
    (read,) = GraphEncoder((tmp_path / ADDED[0]).parent).encode([text])
    assert read.tokens.shape == (len(read.spans), 384)


def test_training_packages_are_no_base_dependency() -> None:
    base = {re.split(r"[<>=\[ ]", wanted)[0].replace("-", "_") for wanted in PROJECT["project"]["dependencies"]}
    assert not base.intersection({*TRAINING, "scikit_learn"})
    assert {"torch>=2.11", "sentence-transformers>=5.1"} <= set(PROJECT["project"]["optional-dependencies"]["train"])


def test_a_source_is_looked_at_below_its_folder() -> None:
    inside = [f"trm_agent-0.1.0/{name}" for name in sorted(FILES)]
    check_source([*inside, "trm_agent-0.1.0/PKG-INFO"], FILES)
    with pytest.raises(DataError, match=r"^the source holds what nobody needs: data/a\.jsonl$"):
        check_source([*inside, "trm_agent-0.1.0/data/a.jsonl"], FILES)


def test_the_second_name_installs_the_same_version_with_the_same_extras() -> None:
    project = PROJECT["project"]
    text, readme = second_name(project)
    other = tomllib.loads(text)["project"]
    assert other["name"] == "langchain-trm"
    assert other["dependencies"] == [f"trm-agent=={project['version']}"]
    assert other["optional-dependencies"] == {
        extra: [f"trm-agent[{extra}]=={project['version']}"] for extra in project["optional-dependencies"]
    }
    assert {key: other[key] for key in ("license", "requires-python", "classifiers", "keywords")} == {
        key: project[key] for key in ("license", "requires-python", "classifiers", "keywords")
    }
    assert "from langchain_trm import ChatTRM" in readme


def test_developers_have_the_extras() -> None:
    extras = ",".join(sorted(set(PROJECT["project"]["optional-dependencies"]) - TOO_LARGE_FOR_ALL))
    assert f"trm-agent[{extras}]" in PROJECT["dependency-groups"]["dev"]


def test_a_folder_with_another_build_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "old.whl").touch()
    assert build_main(["--output", str(tmp_path)]) == 1
    assert f"{tmp_path}: holds a wheel already; name an empty folder" in caplog.text


def test_a_command_that_fails_is_named_with_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^uv pip no-such-command: failed with 2\n(.|\n)*no-such-command"):
        run(["uv", "pip", "no-such-command"], tmp_path)


def test_a_python_that_nobody_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^uv venv .* --python no-such-python .*: failed with \d+\n.*no-such-python"):
        install(tmp_path, "no-such-python", {})
