"""The façade: tools and a history in, a decision out.

    router = Router.from_pretrained()
    bound = router.bind(tools)
    decision = bound.decide(history)

A decision is a pure function of tools, history and `now`. The state that it carries only saves work: a state that
does not fit (other tools, other weights, another history, values the history does not hold) is not trusted, and the
history is replayed, which gives the same answer.
"""

from __future__ import annotations

import copy
import gc
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from trm_agent.checkpoint import Backend, Checkpoint, open_parts, shipped_weights
from trm_agent.decoding.calibration import Calibration
from trm_agent.decoding.rules import RULES, Rule
from trm_agent.encoder.sentence import CachingEncoder, Encoder
from trm_agent.encoder.stored import cache_folder
from trm_agent.encoder.threads import one_blas_thread, settle_threads
from trm_agent.errors import CheckpointError
from trm_agent.features.catalogue import Catalogue, Limits
from trm_agent.features.tool_folder import ToolFolder
from trm_agent.features.tool_vectors import ToolVectors
from trm_agent.log import logger
from trm_agent.model.graphs import Graphs
from trm_agent.model.halting import Halting
from trm_agent.routing.bound import BoundRouter
from trm_agent.routing.forward import Network
from trm_agent.types import (
    SlotField,
    ToolSchema,
    parse_tools,
    slot_table,
)

if TYPE_CHECKING:
    from trm_agent.responses.choosing import Responses

__all__ = ["BoundRouter", "Router", "shipped_weights", "weights_hash"]

MOST_BOUND = 256
BOUND_CAPACITY = 256 << 20
"""Bytes of vectors in remembered tool lists."""
_FIT_IT = "it ranks decisions and promises nothing; fit it on held-out samples with recipes/calibrate_router.py"


class Router:
    """A checkpoint with its encoder, ready to be bound to tools.

    Args:
        checkpoint: Model, calibration and what they were trained with.
        encoder: The frozen encoder; its fingerprint must be the checkpoint's.
        halting: When a decision stops before the last supervision step; by default never.
        rules: Rules of language between network and decision; none of them: what the network alone says.
        threads: CPU threads; default: see `encoder.threads`. Graphs have their own.
        graphs: The checkpoint's network in onnxruntime; default: torch.

    Raises:
        CheckpointError: The checkpoint was trained on another encoder.
        ValueError: `threads` is below 1.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        encoder: Encoder,
        halting: Halting = Halting(),  # noqa: B008
        rules: Sequence[Rule] = RULES,
        threads: int | None = None,
        graphs: Graphs | None = None,
    ) -> None:
        if encoder.fingerprint != checkpoint.encoder_fingerprint:
            raise CheckpointError(
                f"the checkpoint was trained on encoder {checkpoint.encoder_name!r} "
                f"({checkpoint.encoder_fingerprint[:12]}…), got {encoder.name!r} ({encoder.fingerprint[:12]}…)"
            )
        if graphs is None:
            settle_threads(threads)
        self.checkpoint = checkpoint
        self.graphs = graphs
        # A network of torch, or where graphs answer the file it lies in.
        model: Any = checkpoint.model if graphs else _packed(checkpoint.model)
        self.model = model
        self.encoder = encoder if isinstance(encoder, CachingEncoder) else CachingEncoder(encoder)
        self.halting = halting
        self.rules = tuple(rules)
        self.network = Network(model, halting, graphs)
        self.tool_vectors = ToolVectors(self.encoder.encoder)
        self._bound: OrderedDict[str, BoundRouter] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path | None = None,
        *,
        encoder: Encoder | None = None,
        tool_vectors: str | Path | None = None,
        threads: int | None = None,
        backend: Backend = "auto",
        keep_tools: bool = True,
    ) -> Router:
        """Load a checkpoint folder, or the weights that ship with the package.

        Args:
            path: The folder; default: the shipped weights.
            encoder: Default: the one the checkpoint was trained on.
            tool_vectors: A file that `save_tool_vectors` wrote: tools in it are bound without encoding them.
            threads: CPU threads; default: see `encoder.threads`.
            backend: `auto`: network and encoder each in onnxruntime where its graph is there, and so for the shipped
                sizes always; else in torch. `onnx` exports what is missing, once; `torch` insists on torch. Decisions
                are the same.
            keep_tools: Keep the vectors of bound tool lists in the cache directory (`TRM_CACHE`, 256 MB at most), so
                that the next process binds them without encoding; never for an encoder that is handed in.

        Raises:
            CheckpointError: The folder cannot be trusted.
            EncoderError: Its encoder cannot be found, or the tool vectors are another encoder's.
        """
        folder = Path(path) if path is not None else shipped_weights()
        own_encoder = encoder is None
        checkpoint, graphs, encoder = open_parts(folder, backend, encoder, threads)
        if not checkpoint.calibration.calibrated:
            logger.warning("%s: its confidence is not calibrated: %s", path or "the shipped weights", _FIT_IT)
        router = cls(checkpoint, encoder, threads=threads, graphs=graphs)
        if keep_tools and own_encoder:
            router.tool_vectors.folder = _tool_folder(encoder)
        if tool_vectors is not None:
            router.tool_vectors.load(Path(tool_vectors))
        return router

    def warm_up(self) -> None:
        """Pay for the first turn before it comes.

        One sentence is encoded and decided on; what is loaded by then is taken out of garbage collection (`gc.freeze`,
        for the whole process).
        """
        bound = self.bind([{"name": "find_bus", "parameters": {"properties": {"city": {"type": "string"}}}}])
        bound.decide([{"role": "user", "content": "I need a bus to Anaheim"}])
        gc.collect()
        gc.freeze()

    def save_pretrained(self, path: str | Path) -> None:
        """Write a checkpoint folder."""
        self.checkpoint.save(Path(path))

    def save_tool_vectors(self, path: str | Path) -> None:
        """Write the vectors of all tools bound so far, for `from_pretrained(tool_vectors=path)`.

        Raises:
            EncoderError: The file cannot be written.
        """
        self.tool_vectors.save(Path(path))

    def with_calibration(self, calibration: Calibration) -> Router:
        """The same router with other calibration."""
        return self._like(checkpoint=replace(self.checkpoint, calibration=calibration))

    def with_rules(self, rules: Sequence[Rule]) -> Router:
        """A router with other rules of language; it shares weights and encoder with this one."""
        return self._like(rules=rules)

    def with_steps(self, most: int, halting: Halting | None = None) -> Router:
        """A router that takes so many supervision steps; it shares weights and encoder with this one.

        Args:
            most: Supervision steps; more than it was trained with is allowed.
            halting: When a decision stops earlier; by default as this router does.

        Raises:
            ValueError: `most` is below 1.
        """
        if most < 1:
            raise ValueError(f"a decision takes at least one supervision step, got {most}")
        model = copy.copy(self.model)  # its parameters are the same tensors
        model.config = replace(model.config, supervision_steps=most)
        return self._like(checkpoint=replace(self.checkpoint, model=model), halting=halting)

    def _like(
        self,
        checkpoint: Checkpoint | None = None,
        halting: Halting | None = None,
        rules: Sequence[Rule] | None = None,
    ) -> Router:
        """A router that differs in nothing but what is given; it shares encoder and tool vectors."""
        router = Router(
            checkpoint or self.checkpoint,
            self.encoder,
            halting or self.halting,
            self.rules if rules is None else rules,
            graphs=self.graphs,
        )
        router.tool_vectors = self.tool_vectors
        return router

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal weights, sizes, encoder, calibration and halting."""
        parts = [
            weights_hash(self.checkpoint),
            json.dumps(self.model.config.to_json()),
            repr(self.halting),
            self.encoder.fingerprint,
            json.dumps(self.checkpoint.calibration.to_json()),
        ]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]

    @cached_property
    def responses(self) -> Responses | None:
        """Words for direct answers; None where the checkpoint has none."""
        held = self.checkpoint.responses
        if held is None:
            return None
        from trm_agent.responses.storage import ready

        return ready(held, self.encoder.encoder)

    def count_tokens(self, text: str) -> int:
        return len(self.token_ids(text))

    def token_ids(self, text: str) -> list[int]:
        return self.encoder.token_ids(text)

    @one_blas_thread
    def bind(
        self,
        tools: Sequence[ToolSchema | Mapping[str, Any]],
        slot_fields: Sequence[SlotField] | None = None,
        *,
        limits: Limits | None = None,
    ) -> BoundRouter:
        """Encode a tool list once; binding an equal list again costs nothing.

        Args:
            tools: On offer.
            slot_fields: Slots beside their parameters; default: those the checkpoint was trained with.
            limits: How many tools and slots enter a decision; of longer lists the nearest to what was said.

        Raises:
            ToolError: The list cannot be used.
        """
        parsed = parse_tools(tools)
        extra = self.checkpoint.slot_fields if slot_fields is None else tuple(slot_fields)
        limits = limits or Limits()
        offer = [[t.to_json() for t in parsed], [f.to_json() for f in extra], [limits.tools, limits.slots]]
        key = json.dumps(offer, sort_keys=True, default=str)
        with self._lock:
            if key in self._bound:
                self._bound.move_to_end(key)
                return self._bound[key]
        catalogue = Catalogue(parsed, slot_table(parsed, extra), limits, self.tool_vectors, self.encoder)
        bound = BoundRouter(self, parsed, catalogue, hashlib.sha256(key.encode()).hexdigest())
        if self.responses is not None:
            self.responses.meet(parsed)
        with self._lock:
            self._bound[key] = bound
            self._forget()
        return bound

    def _forget(self) -> None:
        """Let go of the tool lists bound longest ago, but not of the last."""
        held = sum(bound.nbytes for bound in self._bound.values())
        while len(self._bound) > 1 and (len(self._bound) > MOST_BOUND or held > BOUND_CAPACITY):
            held -= self._bound.popitem(last=False)[1].nbytes


def _tool_folder(encoder: Encoder) -> ToolFolder | None:
    """Where the lists of an encoder are kept; nowhere for a user without a home."""
    try:
        return ToolFolder(cache_folder() / "tools" / encoder.fingerprint[:32])
    except RuntimeError as error:
        logger.warning("tool vectors are not kept between processes: %s", error)
        return None


def _packed(model: Any) -> Any:
    """The network with its large layers laid out for oneDNN."""
    from trm_agent.encoder.packed_linear import packed

    return packed(model.eval())


def weights_hash(checkpoint: Checkpoint) -> str:
    """The checkpoint's sha256, or one of the live parameters where it was never saved."""
    if checkpoint.weights_sha256:
        return checkpoint.weights_sha256
    digest = hashlib.sha256()
    for name, value in sorted(checkpoint.model.state_dict().items()):
        digest.update(name.encode() + value.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()
