"""Bank and head on disk, beside a router's weights; a router without them still loads.

The head reads one router's rows, so it names the weights that it was learned on and is not used with others.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import CheckpointError
from trm_agent.features.tools import TextEncoder
from trm_agent.log import logger
from trm_agent.responses.bank import Response, ResponseBank, encode, read_responses
from trm_agent.responses.choosing import Responses
from trm_agent.responses.decoder_storage import load_writer, save_writer
from trm_agent.responses.fields import MARKS
from trm_agent.responses.head import HeadConfig, ResponseHead
from trm_agent.responses.telling import TellingConfig, TellingHead

ANSWERS, VECTORS = "responses.jsonl", "responses.safetensors"


def save_responses(responses: Responses, folder: Path, weights: str) -> None:
    """Write both files, and those of the decoder.

    Args:
        responses: Bank and head.
        folder: The checkpoint folder.
        weights: sha256 of the router's weights that the head was learned on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    responses.bank.write(folder / ANSWERS)
    tensors = {
        f"head/{name}": value.detach().half().contiguous() for name, value in responses.head.state_dict().items()
    }
    tensors["vectors"] = torch.from_numpy(np.ascontiguousarray(responses.bank.vectors)).half()
    if responses.telling is not None:
        tensors |= {f"telling/{n}": v.detach().half().contiguous() for n, v in responses.telling.state_dict().items()}
    about = {
        "head": json.dumps(asdict(responses.head.config)),
        "ids": json.dumps([response.id for response in responses.bank.responses]),
        "weights": weights,
        "language": responses.language,
    }
    if responses.telling is not None:
        about["telling"] = json.dumps(asdict(responses.telling.config))
    partial = folder / f"{VECTORS}.partial"
    save_file(tensors, partial, metadata=about)
    partial.replace(folder / VECTORS)
    save_writer(responses.writer, folder, weights)


def load_responses(folder: Path, weights: str) -> Responses | None:
    """Read both files; answers that were changed by hand have no vector yet (`ready` makes it).

    Args:
        folder: The checkpoint folder.
        weights: sha256 of the router's weights.

    Returns:
        None where there are none, or where they were learned on other weights.

    Raises:
        CheckpointError: A file is damaged.
    """
    path = folder / VECTORS
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        head = ResponseHead(HeadConfig(**json.loads(about["head"])))
        head.load_state_dict({name[5:]: value for name, value in tensors.items() if name.startswith("head/")})
        telling = _telling(about, tensors)
        known = dict(zip(json.loads(about["ids"]), tensors["vectors"].numpy(), strict=True))
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: damaged: {error}; learn the responses again") from error
    if about["weights"] != weights:
        logger.warning("%s was learned on other weights and is not used; learn the responses again", path)
        return None
    answers = read_responses(folder / ANSWERS) if (folder / ANSWERS).is_file() else ()
    torch.nn.Module.requires_grad_(head.eval(), False)
    bank = _with_known(answers, known, head.config.encoder_width)
    return Responses(bank, head, about.get("language", "en"), load_writer(folder, weights), telling)


def ready(responses: Responses, encoder: TextEncoder | Encoder) -> Responses:
    """The same with a vector for every answer, and with what reads names."""
    bank, responses = responses.bank, replace(responses, encoder=encoder)
    if responses.writer is not None:
        responses = replace(responses, writer=responses.writer.with_encoder(encoder))
    fresh = np.flatnonzero(np.isnan(bank.vectors).any(-1))
    if not len(fresh):
        return responses
    vectors = bank.vectors.copy()
    vectors[fresh] = encode([bank.responses[row] for row in fresh], encoder)
    return replace(responses, bank=ResponseBank(bank.responses, vectors))


def _telling(about: dict[str, str], tensors: dict[str, torch.Tensor]) -> TellingHead | None:
    """None in files that were written before there was one, or when it was told something else."""
    if "telling" not in about:
        return None
    config = TellingConfig(**({"marks": 0} | json.loads(about["telling"])))
    if config.marks != MARKS:
        logger.warning("what to tell was learned by an earlier version and is not used; learn the responses again")
        return None
    head = TellingHead(config)
    head.load_state_dict({name[8:]: value for name, value in tensors.items() if name.startswith("telling/")})
    torch.nn.Module.requires_grad_(head.eval(), False)
    return head


def _with_known(answers: tuple[Response, ...], known: dict[str, np.ndarray], width: int) -> ResponseBank:
    unknown = np.full(width, np.nan, np.float32)
    rows = [known.get(response.id, unknown) for response in answers]
    return ResponseBank(answers, np.stack(rows) if rows else np.zeros((0, width), np.float32))
