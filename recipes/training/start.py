"""The weights that a training starts from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trm_agent.errors import TRMError

if TYPE_CHECKING:
    from trm_agent.checkpoint import Checkpoint
    from trm_agent.encoder.sentence import Vocabulary
    from trm_agent.model.network import RouterModel


def initial(path: Path) -> Checkpoint:
    from trm_agent.checkpoint import load_checkpoint, shipped_weights

    return load_checkpoint(shipped_weights() if str(path) == "shipped" else path)


def take_weights(model: RouterModel, start: Checkpoint, vocabulary: Vocabulary) -> None:
    """Begin where `start` ended; inputs that it lacks start at zero. Refused where sizes or encoder differ."""
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
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise TRMError(
            f"--init: its weights do not fit the sizes that --preset, --set or --plain ask for: {first}"
        ) from (error)
