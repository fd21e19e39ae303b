"""The network in onnxruntime: what `model.export` wrote, run without torch.

    reader.onnx   tokens → read tokens          body.onnx   rows, and the first supervision step
    step.onnx     any further supervision step

One conversation at a time (B is 1), all its N decision points together. Halting, the best spans and the answer state
are computed in numpy, as `model.halting`, `model.predict` and `responses.head` do with tensors.
W tokens · U of them new · K tools · S slots · C choices · L rows · D width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trm_agent.encoder.sessions import open_session, runtime_values
from trm_agent.model.config import ModelConfig
from trm_agent.model.graph_files import BODY, READER, STEP, read_about
from trm_agent.model.reader_cache import ReadTokens

NEVER = -1e4
SPAN_CANDIDATES = 10
ANSWER = ("decision", "tool", "op", "start", "end", "choice", "halt", "calls", "outlook", "pieces", "acts")
"""What the heads say, in the order of the graphs' outputs; see `answers.Answer`."""
FED_BACK = ("decision", "tool", "op", "start", "end", "choice")
BODY_INPUTS = (
    *("read", "token_mask", "token_message", "message_vectors", "roles", "tool_vectors", "tool_features", "tool_mask"),
    *("slot_vectors", "slot_features", "slot_mask", "required", "optional", "choice_vectors", "choice_slot"),
    *("choice_mask", "visible", "tool_flags", "slot_flags", "choice_flags", "slot_likeness", "tool_likeness"),
    *("label_tokens", "label_mask"),
)
STEP_INPUTS = (
    *("read", "token_mask", "token_message", "tool_features", "tool_mask", "slot_mask", "required", "optional"),
    *("choice_slot", "choice_mask", "visible", "tool_flags", "choice_flags", "slot_likeness", "x", "choices", "y", "z"),
    *FED_BACK,
)
STEP_OUTPUTS = (*ANSWER, "y", "z")
"""Of a further step; in the graph "new_" goes before their names, because some are inputs, too."""
Arrays = Mapping[str, np.ndarray]


def open_graphs(
    folder: Path, weights: Mapping[str, np.ndarray], threads: int | None = None, *, optimized: bool = True
) -> dict[str, Any]:
    """A session of each graph of a folder.

    Raises:
        KeyError: The graphs ask for a weight that is not there.
    """
    names, values = read_about(folder)["weights"], runtime_values(weights)
    return {
        graph: open_session(folder / graph, threads, names=asked, weights=values, optimized=optimized)
        for graph, asked in names.items()
    }


class GraphReader:
    """The token reader, for `ReadingMemory`.

    Args:
        session: Of its graph.
        config: Sizes of the network.
    """

    def __init__(self, session: Any, config: ModelConfig) -> None:
        self._session = session
        self._heads, self._width, self._layers = config.heads, config.width // config.heads, config.reader_layers

    def read(self, batch: Arrays, before: ReadTokens | None = None) -> ReadTokens:
        """Read all tokens of one conversation, or only those after the ones read before."""
        known = 0 if before is None else before.hidden.shape[1]
        owner, new = batch["token_message"], batch["token_message"][:, known:]
        since = 0 if before is None else max(0, int(new.min()) - 1)
        W = owner.shape[1]
        attend = (owner[:, None, :] <= new[:, :, None]) & batch["token_mask"][:, None, :]
        cosine, sine = _rotary(W, self._width)
        held = np.zeros((self._layers, 2, self._heads, 0, self._width), np.float32)
        if before is not None:
            held = np.stack([np.concatenate(layer) for layer in before.layers])
        feed = {
            "tokens": batch["tokens"][:, known:],
            "shapes": batch["shapes"][:, known:],
            "message_vectors": batch["message_vectors"][:, since:],
            "roles": batch["roles"][:, since:],
            "owner": new - since,
            "attend": attend[:, None] | np.eye(W, dtype=bool)[known:],
            "cosine": cosine[known:],
            "sine": sine[known:],
            "known": held,
        }
        hidden, layers = self._session.run(["hidden", "layers"], feed)
        if before is not None:
            hidden = np.concatenate([before.hidden, hidden], axis=1)
        return ReadTokens(hidden, tuple((layer[0][None], layer[1][None]) for layer in layers))


class Graphs:
    """A checkpoint's network, ready to answer.

    Args:
        folder: With the graphs.
        config: Sizes of the network.
        weights: Its parameters, float32.
        threads: CPU threads of one call.
    """

    def __init__(
        self, folder: Path, config: ModelConfig, weights: Mapping[str, np.ndarray], threads: int | None = None
    ) -> None:
        self.config = config
        sessions = open_graphs(folder, weights, threads)
        self.reader = GraphReader(sessions[READER], config)
        self._body, self._step = sessions[BODY], sessions[STEP]

    def answers(self, batch: Arrays, read: np.ndarray, steps: int) -> Iterator[dict[str, np.ndarray]]:
        """The answer after each supervision step, see `answers.Answer`.

        Args:
            batch: Of one conversation, see `features.collate_arrays`.
            read: What the reader makes of it, [1, W, D].
            steps: Supervision steps.
        """
        held = {**batch, "read": read}
        names = [*ANSWER, "length", "x", "choices", "y", "z"]
        answer = dict(zip(names, self._body.run(names, {name: held[name] for name in BODY_INPUTS}), strict=True))
        yield answer
        outputs = [f"new_{name}" for name in STEP_OUTPUTS]
        for _ in range(steps - 1):
            held |= answer
            fresh = self._step.run(outputs, {name: held[name] for name in STEP_INPUTS})
            answer = answer | dict(zip(STEP_OUTPUTS, fresh, strict=True))
            yield answer


def last_answer(
    answers: Iterator[dict[str, np.ndarray]], batch: Arrays, threshold: float | None, unchanged: bool
) -> tuple[dict[str, np.ndarray], list[int]]:
    """Every point's last answer, and its supervision steps; see `Halting.last`."""
    if threshold is None and not unchanged:
        every = list(answers)
        return every[-1], [len(every)] * len(batch["visible"])
    kept = next(answers)
    running = np.ones(len(batch["visible"]), bool)
    steps = np.ones(len(running), np.int64)
    answer, before = kept, _outline(kept, batch) if unchanged else None
    if threshold is not None:
        running &= _sigmoid(answer["halt"]) < threshold
    while running.any() and (answer := next(answers, {})):
        steps += running
        kept = {name: _where(name, running, value, kept[name]) for name, value in answer.items()}
        if threshold is not None:
            running &= _sigmoid(answer["halt"]) < threshold
        if unchanged:
            now = _outline(answer, batch)
            running &= (now != before).any(-1)
            before = now
    return kept, steps.tolist()


def read_answer(answer: Mapping[str, np.ndarray], batch: Arrays, span_tokens: int) -> dict[str, np.ndarray]:
    """Logits → probabilities, the best spans of every slot, and the answer state; see `predict.read_answer`."""
    choice = np.where(_choice_of(batch), answer["choice"][:, None], np.float32(NEVER))
    return {
        "decision": _softmax(answer["decision"]),
        "tool": _softmax(answer["tool"]),
        "op": _softmax(answer["op"]),
        "choice": _softmax(choice),
        "halt": _sigmoid(answer["halt"]),
        "calls": _softmax(answer["calls"]),
        "acts": _softmax(answer["acts"]) if answer["acts"].shape[-1] else answer["acts"],
        "answer_state": _answer_state(answer, batch),
        **_spans(answer, batch, span_tokens),
    }


def _spans(answer: Mapping[str, np.ndarray], batch: Arrays, size: int) -> dict[str, np.ndarray]:
    """The best legal spans of every slot: probability, start, length − 1; [N, S, 10] each."""
    N, S, _ = answer["start"].shape
    at, extra = _legal_spans(batch, size)
    owner, weights, length = batch["token_message"][0], answer["pieces"], answer["length"]
    piece_at, piece_extra, kind = batch["pieces"][0].T
    real = (kind >= 0) & (piece_extra < size)
    marked, kinds = _rows_of(piece_at[real] * size + piece_extra[real], at * size + extra, kind[real])
    out: dict[str, np.ndarray] = {
        "span": np.zeros((N, S, SPAN_CANDIDATES), np.float32),
        "start": np.zeros((N, S, SPAN_CANDIDATES), np.int64),
        "length": np.zeros((N, S, SPAN_CANDIDATES), np.int64),
    }
    for n in range(N):
        scores = answer["start"][n][:, at] + answer["end"][n][:, at + extra] + length[extra]
        if weights.shape[-1]:
            np.add.at(scores.T, marked, weights[n][:, kinds].T)
        seen = np.flatnonzero(owner[at] < batch["visible"][n])
        if not len(seen):
            continue
        joint = _softmax(scores[:, seen])
        count = min(SPAN_CANDIDATES, len(seen))
        best = np.argpartition(-joint, count - 1, axis=-1)[:, :count]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(joint, best, -1), axis=-1, kind="stable"), -1)
        out["span"][n, :, :count] = np.take_along_axis(joint, best, -1)
        out["start"][n, :, :count], out["length"][n, :, :count] = at[seen][best], extra[seen][best]
    return out


def _rows_of(wanted: np.ndarray, spans: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where wanted numbers stand among those of the spans, in order, and their kinds; what is not there is left out."""
    row = np.searchsorted(spans, wanted)
    there = row < len(spans)
    there[there] = spans[row[there]] == wanted[there]
    return row[there], kinds[there]


def _legal_spans(batch: Arrays, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Start and length − 1 of the spans of whole words inside one message, in order."""
    owner, real = batch["token_message"][0], batch["token_mask"][0]
    W = len(owner)
    end = np.arange(W)[:, None] + np.arange(size)
    inside = end < W
    end = np.minimum(end, W - 1)
    starts, ends = batch["word_start"][0] & real, batch["word_end"][0] & real
    legal = starts[:, None] & ends[end] & inside & (owner[end] == owner[:, None])
    at, extra = np.nonzero(legal)
    return at, extra


def _answer_state(answer: Mapping[str, np.ndarray], batch: Arrays) -> np.ndarray:
    """See `responses.head.answer_state`."""
    S = batch["slot_mask"].shape[1]
    needed = (batch["required"] & batch["slot_mask"][:, None])[0].astype(np.float32)
    missing = (_softmax(answer["tool"])[:, 1:] @ needed) * _softmax(answer["op"])[..., 0]
    asked = (missing[:, None] @ answer["y"][:, -S:])[:, 0] / np.maximum(missing.sum(-1, keepdims=True), 1)
    latest = batch["message_vectors"][0][batch["visible"] - 1]
    return np.concatenate([answer["outlook"], answer["y"][:, 1], asked, latest], axis=-1)


def _outline(answer: Mapping[str, np.ndarray], batch: Arrays) -> np.ndarray:
    """See `halting.outline`."""
    op = answer["op"].argmax(-1)
    real = np.broadcast_to(batch["slot_mask"], op.shape)
    filled, owns = (op == 1) & real, _choice_of(batch)
    closed = np.broadcast_to(owns.any(-1), op.shape)
    chosen = np.where(owns, answer["choice"][:, None], np.float32(NEVER)).argmax(-1)
    heads = np.stack([answer[name].argmax(-1) for name in ("decision", "tool", "calls")], axis=-1)
    return np.concatenate(
        [
            heads,
            np.where(real, op, -1),
            np.where(filled & closed, chosen, -1),
            np.where(filled & ~closed, answer["start"].argmax(-1), -1),
            np.where(filled & ~closed, answer["end"].argmax(-1), -1),
        ],
        axis=-1,
    )


def _choice_of(batch: Arrays) -> np.ndarray:
    """Whether a choice belongs to a slot, [1, S, C]."""
    slots = np.arange(batch["slot_mask"].shape[1])
    return (batch["choice_slot"][:, None] == slots[None, :, None]) & batch["choice_mask"][:, None]


def _where(name: str, running: np.ndarray, new: np.ndarray, old: np.ndarray) -> np.ndarray:
    return new if name == "length" else np.where(running.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def _rotary(length: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """See `reader.rotary`."""
    frequency = (1000.0 ** (-np.arange(0, width, 2, dtype=np.float32) / width)).astype(np.float32)
    angle = np.arange(length, dtype=np.float32)[:, None] * frequency
    return np.concatenate([np.cos(angle)] * 2, -1), np.concatenate([np.sin(angle)] * 2, -1)


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))
