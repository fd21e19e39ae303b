"""The network in onnxruntime says what it says in torch."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.trm_agent.model_doubles import MESSAGES, TOOLS
from trm_agent.checkpoint import Checkpoint, export_graphs, load_checkpoint
from trm_agent.errors import CheckpointError
from trm_agent.model.graphs import GRAPHS, graphs_fit
from trm_agent.model.halting import Halting
from trm_agent.router import Router
from trm_agent.testing import HashingEncoder, tiny_model
from trm_agent.types import Decision

pytestmark = pytest.mark.slow
HISTORIES = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint with its graphs; the layers that begin at zero say something, too."""
    encoder = HashingEncoder()
    model = tiny_model(encoder.width, seed=3)
    generator = np.random.default_rng(0)
    for parameter in model.parameters():
        noise = generator.standard_normal(tuple(parameter.shape)).astype(np.float32)
        parameter.data += 0.1 * parameter.data.new_tensor(noise)
    path = tmp_path_factory.mktemp("graphs")
    Checkpoint(model.eval(), encoder.name, encoder.fingerprint).save(path)
    export_graphs(path)
    return path


@pytest.fixture(scope="module")
def by_torch(folder: Path) -> Router:
    return Router.from_pretrained(folder, encoder=HashingEncoder(), backend="torch")


@pytest.fixture(scope="module")
def by_graphs(folder: Path) -> Router:
    router = Router.from_pretrained(folder, encoder=HashingEncoder())
    assert router.graphs is not None, "auto takes graphs that are there"
    return router


WORDS = ["a", "bus", "to", "Anaheim", "from", "Fresno", "please", "book", "two", "seats", "on", "May", "3rd"]
WORDS += ["no", "make", "it", "nine", "14:30", "AB-12", "thanks", "hotel"]


def histories(count: int) -> list[list[dict[str, Any]]]:
    rng = random.Random(1)
    out = []
    for _ in range(count):
        history: list[dict[str, Any]] = []
        for turn in range(rng.randint(1, 9)):
            said = " ".join(rng.choices(WORDS, k=rng.randint(0 if turn else 1, 14)))
            history.append({"role": "assistant" if turn % 2 else "user", "content": said})
        if history[-1]["role"] == "assistant":
            history.append({"role": "user", "content": rng.choice(WORDS)})
        out.append(history)
    return [*out, [message.to_json() for message in MESSAGES]]


def offers() -> list[list[Any]]:
    return [list(TOOLS), list(TOOLS)[:1], [{"name": "stop"}], []]


def assert_same(left: Sequence[Decision], right: Sequence[Decision]) -> None:
    for one, other in zip(left, right, strict=True):
        assert (one.decision, one.tool, one.arguments, one.missing) == (
            other.decision,
            other.tool,
            other.arguments,
            other.missing,
        )
        assert one.slots == other.slots
        assert one.supervision_steps == other.supervision_steps
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
        assert one.probabilities["tool_call"] == pytest.approx(other.probabilities["tool_call"], abs=1e-4)
        assert one.answer_state is not None
        assert other.answer_state is not None
        np.testing.assert_allclose(one.answer_state, other.answer_state, atol=1e-3)


@pytest.mark.parametrize("offer", range(4))
def test_decisions_are_the_same(by_torch: Router, by_graphs: Router, offer: int) -> None:
    tools = offers()[offer]
    told = histories(HISTORIES // 4)
    expected = [by_torch.bind(tools, ()).decide(history) for history in told]
    assert_same([by_graphs.bind(tools, ()).decide(history) for history in told], expected)
    assert_same(by_graphs.bind(tools, ()).decide_batch(told), expected)


def test_a_state_saves_work_and_changes_nothing(by_graphs: Router) -> None:
    bound = by_graphs.bind(offers()[0], ())
    for history in histories(20):
        state = bound.decide(history[:1]).state
        assert_same([bound.decide(history, state=state)], [bound.decide(history)])


@pytest.mark.parametrize("halting", [Halting(), Halting(threshold=0.3), Halting(unchanged=True)])
def test_more_steps_and_halting_are_the_same(by_torch: Router, by_graphs: Router, halting: Halting) -> None:
    told = histories(12)
    pair = [router.with_steps(4, halting).bind(offers()[0], ()) for router in (by_torch, by_graphs)]
    assert_same(pair[1].decide_batch(told), pair[0].decide_batch(told))


def test_graphs_of_other_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    about = json.loads((tmp_path / "graphs.json").read_text())
    (tmp_path / "graphs.json").write_text(json.dumps(about | {"weights_sha256": "0" * 64}))
    with pytest.raises(CheckpointError, match=r"the graphs were made from weights 000000000000….*export_graphs"):
        Router.from_pretrained(tmp_path, encoder=HashingEncoder())
    assert Router.from_pretrained(tmp_path, encoder=HashingEncoder(), backend="torch").graphs is None
    (tmp_path / "graphs.json").write_text(json.dumps(about))
    (tmp_path / GRAPHS[0]).write_bytes(b"altered")
    with pytest.raises(CheckpointError, match="altered"):
        Router.from_pretrained(tmp_path, encoder=HashingEncoder(), backend="onnx")


def test_saving_other_weights_drops_the_graphs(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    checkpoint = load_checkpoint(tmp_path)
    checkpoint.save(tmp_path)
    assert graphs_fit(tmp_path, checkpoint.weights_sha256), "the same weights keep their graphs"
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width, seed=5), encoder.name, encoder.fingerprint).save(tmp_path)
    assert not graphs_fit(tmp_path, load_checkpoint(tmp_path).weights_sha256)


def test_without_graphs_onnx_says_how_to_make_them(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width), encoder.name, encoder.fingerprint).save(tmp_path)
    with pytest.raises(CheckpointError, match="make them with recipes/export_graphs"):
        Router.from_pretrained(tmp_path, encoder=encoder, backend="onnx")
    with pytest.raises(ValueError, match="auto, onnx or torch, got 'tpu'"):
        Router.from_pretrained(tmp_path, encoder=encoder, backend="tpu")  # type: ignore[arg-type]


def test_a_control_has_no_graphs(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width, plain=True), encoder.name, encoder.fingerprint).save(tmp_path)
    with pytest.raises(CheckpointError, match="has no graphs; serve it with torch"):
        export_graphs(tmp_path)
