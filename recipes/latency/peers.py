"""What else could route, beside the router in the same process, turn by turn in rotation.

    the encoder alone     the message as a sentence vector, nothing decided: the floor
    semantic-router       https://pypi.org/project/semantic-router/ with the same encoder; picks a route, no arguments
    a causal model        the shape of Gemma 3 270M with random weights writes 30 tokens after 400: speed only

The router is timed on the same message without state. A peer that is not installed is left out, and said to be.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from recipes.latency.clock import Spent, summary, timed
from recipes.latency.made_up import make_sentence, make_tools
from trm_agent.log import logger

if TYPE_CHECKING:
    from trm_agent.router import Router

PEERS = ("encoder", "semantic-router", "causal")
OURS = "TRM Agent, one message, no state"
WARM_UP = 2
PROMPT, WRITTEN = 400, 30
SLOW_RUNS = 3
NEEDS = {
    "semantic-router": ("semantic_router", "uv run --with semantic-router python recipes/benchmark_latency.py"),
    "causal": ("transformers", "install the extra `train`"),
}
Route = Callable[[str], Any]


def peer_rows(router: Router, wanted: Sequence[str], runs: int, rng: random.Random) -> list[dict[str, Any]]:
    """CPU and wall time of each peer and of the router, and how many times the router's CPU time that is.

    Args:
        router: Whose encoder the others use.
        wanted: Of `PEERS`.
        runs: Messages, each routed once by everyone; a causal model takes three.
        rng: Of the messages.
    """
    tools = make_tools(5, rng)
    bound = router.bind(tools)
    routes: dict[str, Route] = {OURS: lambda said: bound.decide([{"role": "user", "content": said}])}
    routes |= dict(_peers(router, wanted, tools))
    spent: dict[str, list[Spent]] = {name: [] for name in routes}
    for i in range(WARM_UP + runs):
        said = make_sentence(rng)
        for name, route in routes.items():
            if not name.startswith("causal") or i < WARM_UP + SLOW_RUNS:
                spent[name].append(timed(partial(route, said))[1])
    ours = summary(spent[OURS][WARM_UP:])["cpu"]["p50"]
    measured = {name: all_[WARM_UP:] for name, all_ in spent.items()}
    return [
        {"peer": name, "runs": len(some), **summary(some), "times": summary(some)["cpu"]["p50"] / ours}
        for name, some in measured.items()
    ]


def _peers(router: Router, wanted: Sequence[str], tools: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Route]]:
    encoder = router.encoder.encoder
    if "encoder" in wanted:
        yield "the encoder alone", lambda said: encoder.encode([said])
    for name, make in (("semantic-router", _semantic_router), ("causal", _causal)):
        if name not in wanted:
            continue
        module, how = NEEDS[name]
        if importlib.util.find_spec(module) is None:
            logger.warning("%s is left out: %s is not installed (%s)", name, module, how)
            continue
        yield make(encoder, tools)


def _semantic_router(encoder: Any, tools: Sequence[dict[str, Any]]) -> tuple[str, Route]:
    from importlib.metadata import version

    from semantic_router import Route as Target
    from semantic_router.encoders import DenseEncoder
    from semantic_router.routers import IndexedRouter

    class SameEncoder(DenseEncoder):  # type: ignore[misc, unused-ignore]
        """The router's own encoder, so that only what is around it differs."""

        def __call__(self, docs: list[Any]) -> list[list[float]]:
            return [part.sentence.tolist() for part in encoder.encode([str(doc) for doc in docs])]

    targets = [
        Target(name=tool["name"], utterances=[tool["description"], tool["name"].replace("_", " ")]) for tool in tools
    ]
    route = IndexedRouter(encoder=SameEncoder(name="same"), routes=targets)
    return f"semantic-router {version('semantic-router')}, same encoder, no arguments", route


def _causal(encoder: Any, tools: Sequence[dict[str, Any]]) -> tuple[str, Route]:
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(
        vocab_size=262_144,
        hidden_size=640,
        intermediate_size=2048,
        num_hidden_layers=18,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=256,
    )
    torch.manual_seed(0)
    model = Gemma3ForCausalLM(config).eval()
    size = sum(parameter.numel() for parameter in model.parameters()) / 1e6

    def write(said: str) -> Any:
        ids = torch.randint(10, config.vocab_size, (1, PROMPT))
        with torch.inference_mode():
            return model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                min_new_tokens=WRITTEN,
                max_new_tokens=WRITTEN,
                do_sample=False,
            )

    return f"causal model, {size:.0f} M, random weights, {PROMPT} + {WRITTEN} tokens, float32", write
