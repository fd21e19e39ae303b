"""The weights that a training starts from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trm_agent.errors import TRMError

if TYPE_CHECKING:
    from torch import Tensor

    from trm_agent.checkpoint import Checkpoint
    from trm_agent.encoder.sentence import Vocabulary
    from trm_agent.model.config import ModelConfig
    from trm_agent.model.network import RouterModel


def initial(path: Path) -> Checkpoint:
    from trm_agent.checkpoint import load_checkpoint, shipped_weights

    return load_checkpoint(shipped_weights() if str(path) == "shipped" else path)


def take_weights(model: RouterModel, start: Checkpoint, vocabulary: Vocabulary) -> None:
    """Begin where `start` ended; inputs and layers that it lacks say nothing at first.

    Raises:
        TRMError: Another encoder, or sizes that do not fit.
    """
    import torch

    from trm_agent.model.config import LATER

    if start.encoder_fingerprint != vocabulary.fingerprint:
        raise TRMError(
            f"--init: trained on encoder {start.encoder_name!r}, the texts are encoded by {vocabulary.name!r}"
        )
    weights = start.model.state_dict()
    if model.carry is not None and "carry.weight" not in weights:
        weights["carry.weight"] = torch.zeros_like(model.carry.weight)
    longest, known = model.config.span_tokens, start.model.config.span_tokens
    if longest > known:  # longer spans begin as probable as the longest known
        weights["heads.length"] = torch.cat(
            [weights["heads.length"], weights["heads.length"][-1:].expand(longest - known)]
        )
    added = [name for name in LATER if getattr(model.config, name) and not getattr(start.model.config, name)]
    own = model.state_dict()
    weights |= {name: own[name] for name in own.keys() - weights.keys() if added and not name.startswith("carry")}
    weights |= deeper(own, start.model.config, model.config)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise TRMError(
            f"--init: its weights do not fit the sizes that --preset, --set or --plain ask for: {first}"
        ) from (error)


def deeper(own: Mapping[str, Tensor], known: ModelConfig, asked: ModelConfig) -> dict[str, Tensor]:
    """Weights of the layers that are asked for beyond the known ones.

    What a layer adds to its input is zero at first, and the normalisation behind it changes nothing that is already
    normalised: the network begins as it was.

    Args:
        own: Weights as they were drawn for the deeper network.
        known: Sizes of the network that training starts from.
        asked: Sizes of the deeper network.
    """
    first = {"reader.blocks": known.reader_layers, "reads": known.reads, "mixes": max(0, known.reads - 1)}
    if asked.reader_layers < known.reader_layers or asked.reads < known.reads:
        return {}
    added = {
        name: weight
        for name, weight in own.items()
        for place, count in first.items()
        if name.startswith(f"{place}.") and int(name.removeprefix(f"{place}.").split(".")[0]) >= count
    }
    return {
        name: weight * 0 if name.endswith(("out.weight", "down.weight")) else weight for name, weight in added.items()
    }
