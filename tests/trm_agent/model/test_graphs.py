"""The network in onnxruntime says what it says in torch."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trm_agent.model_doubles import MESSAGES, TOOLS
from trm_agent.checkpoint import Checkpoint, export_graphs, load_checkpoint, shipped_weights
from trm_agent.data.digest import file_sha256
from trm_agent.errors import CheckpointError, EncoderError
from trm_agent.model.export import still_true
from trm_agent.model.graph_files import GRAPHS, architecture, graphs_fit, read_about
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
    with pytest.raises(CheckpointError, match=r"the graphs were made for weights 000000000000….*export_graphs"):
        Router.from_pretrained(tmp_path, encoder=HashingEncoder())
    assert Router.from_pretrained(tmp_path, encoder=HashingEncoder(), backend="torch").graphs is None
    (tmp_path / "graphs.json").write_text(json.dumps(about))
    (tmp_path / GRAPHS[0]).write_bytes(b"altered")
    with pytest.raises(CheckpointError, match="altered"):
        Router.from_pretrained(tmp_path, encoder=HashingEncoder(), backend="onnx")


def test_saving_other_weights_keeps_graphs_that_answer_by_them(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    checkpoint = load_checkpoint(tmp_path)
    checkpoint.save(tmp_path)
    assert graphs_fit(tmp_path, checkpoint.model.config, checkpoint.weights_sha256)
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width, seed=5), encoder.name, encoder.fingerprint).save(tmp_path)
    saved = load_checkpoint(tmp_path)
    assert saved.weights_sha256 != checkpoint.weights_sha256
    assert graphs_fit(tmp_path, saved.model.config, saved.weights_sha256)
    pair = [Router.from_pretrained(tmp_path, encoder=encoder, backend=backend) for backend in ("onnx", "torch")]
    by_new_graphs, by_new_torch = (router.bind(offers()[0], ()).decide_batch(histories(8)) for router in pair)
    assert_same(by_new_graphs, by_new_torch)


def test_saving_another_network_drops_the_graphs(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width, plain=True), encoder.name, encoder.fingerprint).save(tmp_path)
    assert not list(tmp_path.glob("*.onnx"))
    assert not (tmp_path / "graphs.json").exists()


def test_a_router_on_graphs_is_saved_with_them(by_graphs: Router, folder: Path, tmp_path: Path) -> None:
    by_graphs.save_pretrained(tmp_path)
    names = {"model.safetensors", "graphs.json", *GRAPHS}
    assert {name: file_sha256(tmp_path / name) for name in names} == {
        name: file_sha256(folder / name) for name in names
    }


def test_graphs_hold_no_weights(folder: Path) -> None:
    from onnx import TensorProto, load

    parameters = dict(tiny_model(HashingEncoder().width).named_parameters())
    asked = read_about(folder)["weights"]
    for graph in GRAPHS:
        initialisers = load(folder / graph, load_external_data=False).graph.initializer
        outside = {entry.name for entry in initialisers if entry.data_location == TensorProto.EXTERNAL}
        assert outside == set(asked[graph])
        assert outside <= parameters.keys()
    assert set().union(*asked.values()) == parameters.keys(), "every weight is read by one of the graphs"


def test_the_shipped_graphs_say_what_the_source_says() -> None:
    folder = shipped_weights()
    config = load_checkpoint(folder).model.config
    assert read_about(folder)["architecture"] == architecture(config)
    digests = tuple(file_sha256(folder / name) for name in GRAPHS)
    before = torch.get_rng_state()
    assert still_true(folder, config, digests), "run recipes/export_graphs.py and commit what it writes"
    assert torch.equal(torch.get_rng_state(), before), "a training run that saves draws as if it had not"
    assert sum((folder / name).stat().st_size for name in GRAPHS) < 500_000


def test_graphs_of_other_source_are_not_taken(folder: Path, tmp_path: Path) -> None:
    config = load_checkpoint(folder).model.config
    for name in (*GRAPHS, "graphs.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    graph = (tmp_path / "body.onnx").read_bytes()
    (tmp_path / "body.onnx").write_bytes((tmp_path / "step.onnx").read_bytes())
    assert not still_true(tmp_path, config, ("of", "other", "files"))
    (tmp_path / "body.onnx").write_bytes(graph)
    assert still_true(tmp_path, config, ("as", "they", "were"))


def test_without_graphs_and_torch_it_is_said_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width, plain=True), encoder.name, encoder.fingerprint).save(tmp_path)
    assert Router.from_pretrained(tmp_path, encoder=encoder).graphs is None, "torch serves what has no graphs"
    with pytest.raises(CheckpointError, match="has no graphs; serve it with torch"):
        Router.from_pretrained(tmp_path, encoder=encoder, backend="onnx")
    monkeypatch.setattr("trm_agent.checkpoint.has_torch", lambda: False)
    with pytest.raises(CheckpointError, match=r"has no graphs, and torch is not installed.*export_graphs.*`train`"):
        Router.from_pretrained(tmp_path, encoder=encoder)
    with pytest.raises(ValueError, match="auto, onnx or torch, got 'tpu'"):
        Router.from_pretrained(tmp_path, encoder=encoder, backend="tpu")  # type: ignore[arg-type]


def test_without_torch_another_encoder_needs_a_graph(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_agent.checkpoint.has_torch", lambda: False)
    with pytest.raises(EncoderError, match=r"'hashing-32' has no graph here, and torch is not installed.*--encoder"):
        Router.from_pretrained(folder)


def test_a_control_has_no_graphs(tmp_path: Path) -> None:
    encoder = HashingEncoder()
    Checkpoint(tiny_model(encoder.width, plain=True), encoder.name, encoder.fingerprint).save(tmp_path)
    with pytest.raises(CheckpointError, match="has no graphs; serve it with torch"):
        export_graphs(tmp_path)
