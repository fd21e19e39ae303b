"""Words for direct answers, learned for a router that stays as it is.

The router reads the conversations once; what it thinks at each direct answer is kept, and head and decoder are trained
on that alone. So it takes minutes, and no figure of the router depends on it.

N direct answers · A width of the answer state · E encoder width.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from trm_agent.data.jsonl import read_samples
from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import DataError
from trm_agent.evaluation.run import draw_dialogues, group_dialogues
from trm_agent.features.conversation import read_text
from trm_agent.log import logger
from trm_agent.log import progress as progress_bar
from trm_agent.responses.bank import MOST_RESPONSES
from trm_agent.responses.choosing import Responses
from trm_agent.responses.collecting import Said, build_bank, collect
from trm_agent.responses.fields import fields_at
from trm_agent.responses.head import HeadConfig, ResponseHead, contrastive_loss
from trm_agent.responses.telling import TellingConfig, TellingHead, stated
from trm_agent.router import Router
from trm_agent.training.fit import Fit, fit
from trm_agent.training.generator import DecoderTraining, learn_writer
from trm_agent.types import Decision, Sample

MOST_READ = 12_000
"""Answers that heads and decoder learn from: reading more of them takes hours."""
TELLING_PASSES = 60
"""Over the known values, for the head that judges which to tell; at most four times the updates of the other head."""
_AHEAD = 16


@dataclass(frozen=True)
class ResponseConfig:
    """How words are learned.

    Attributes:
        most: Answers kept.
        read: Of how many answers the router's state is read, for heads and decoder to learn from; of more, so many are
            drawn, conversation by conversation. All of them go into the bank.
        hidden: Width of the head's hidden layer.
        steps: Updates of the head that chooses; the one that judges what to tell takes up to four times as many.
        batch: Direct answers in each; the others of a batch are the negatives.
        lr: Highest learning rate.
        seed: Of weights and batches.
        language: Of number words and dates in the answers (ISO 639-1).
        decoder: How a decoder is learned; None: none is.
    """

    most: int = MOST_RESPONSES
    read: int = MOST_READ
    hidden: int = 256
    steps: int = 1500
    batch: int = 256
    lr: float = 1e-3
    seed: int = 0
    language: str = "en"
    decoder: DecoderTraining | None = field(default_factory=DecoderTraining)


def learn_responses(
    router: Router, dialogues: Sequence[Sequence[Sample]], encoder: Encoder, config: ResponseConfig | None = None
) -> Responses:
    """A bank, a head and a decoder.

    Args:
        router: Read from, never changed.
        dialogues: The samples of each conversation.
        encoder: For the answers' vectors.
        config: Default: `ResponseConfig()`.

    Raises:
        DataError: No conversation holds a direct answer that can be kept.
    """
    config = config or ResponseConfig()
    said = collect(progress_bar(dialogues, "taking answers apart", len(dialogues)), language=config.language)
    bank, rows = build_bank(said, encoder, language=config.language)
    kept = [(one, row) for one, row in zip(said, rows, strict=True) if row >= 0]
    if not kept:
        raise DataError(
            "the samples hold no direct answer with content that can be kept; give conversations with words"
        )
    counts = len(said), len(kept), len(bank.responses), config.most
    logger.info("%d direct answers, %d of them usable, as %d; at most %d are kept", *counts)
    kept = drawn_conversations(kept, dialogues, config.read, config.seed)
    told = [one for one, _ in kept]
    decisions = answer_decisions(router, told)
    states = np.stack([decision.answer_state for decision in decisions])
    head = train_head(states, bank.vectors, np.array([row for _, row in kept]), config)
    telling = train_telling(told, states, encoder, config)
    responses = Responses(bank.most_frequent(config.most), head, config.language, None, telling, encoder)
    if config.decoder is None:
        return responses
    writer = learn_writer(told, decisions, responses, router.model.config.width, encoder, config.decoder)
    return replace(responses, writer=writer)


def teach(
    router: Router,
    data: Sequence[Path],
    encoder: Encoder,
    config: ResponseConfig | None = None,
    *,
    dialogues: int = 2000,
    now: str | None = None,
) -> Router:
    """The same router with words learned from sample files.

    Args:
        router: To read the conversations.
        data: Sample files.
        encoder: For the answers' vectors.
        config: Default: `ResponseConfig()`.
        dialogues: So many of each file, drawn with the seed of `config`.
        now: When samples without `meta.now` took place, ISO 8601.
    """
    config = config or ResponseConfig()
    drawn = [s.dated(now) for path in data for s in draw_dialogues(read_samples(path), dialogues, config.seed)]
    return with_responses(router, learn_responses(router, list(group_dialogues(drawn)), encoder, config))


def with_responses(router: Router, responses: Responses) -> Router:
    """The same router with these words."""
    checkpoint = replace(router.checkpoint, responses=responses)
    return Router(checkpoint, router.encoder.encoder, router.halting, graphs=router.graphs)


def drawn_conversations(
    kept: Sequence[tuple[Said, int]], dialogues: Sequence[Sequence[Sample]], most: int, seed: int
) -> list[tuple[Said, int]]:
    """The answers of conversations drawn until there are `most`, in their order; all, if there are no more.

    Args:
        kept: Answers with their rows in the bank.
        dialogues: The samples of each conversation, theirs among them.
        most: So many, and what the last conversation drawn has beyond.
        seed: Draws the conversations.
    """
    if len(kept) <= most:
        return list(kept)
    owner = {id(sample): place for place, dialogue in enumerate(dialogues) for sample in dialogue}
    sizes = Counter(owner[id(one.sample)] for one, _ in kept)
    order = sorted(sizes)
    random.Random(seed).shuffle(order)
    so_far = accumulate((sizes[place] for place in order), initial=0)
    drawn = {place for place, before in zip(order, so_far, strict=False) if before < most}
    return [(one, row) for one, row in kept if owner[id(one.sample)] in drawn]


def answer_decisions(router: Router, said: Sequence[Said], together: int = 32) -> list[Decision]:
    """What the router decides where each of these was said, with its answer states; states are not kept."""
    chunks: list[list[Said]] = []
    for one in said:
        first = chunks[-1][0].sample if chunks else None
        alike = first and first.tools == one.sample.tools and first.meta.get("now") == one.sample.meta.get("now")
        if alike and len(chunks[-1]) < together:
            chunks[-1].append(one)
        else:
            chunks.append([one])
    out: list[Decision] = []
    for number, chunk in enumerate(progress_bar(chunks, "reading conversations", len(chunks))):
        if number % _AHEAD == 0:
            ahead = (one.sample.history for chunk in chunks[number : number + _AHEAD] for one in chunk)
            router.encoder.encode(list(dict.fromkeys(read_text(m) for history in ahead for m in history)))
        bound = router.bind(chunk[0].sample.tools)
        out += [replace(d, state={}) for d in bound.decide_batch([one.sample.history for one in chunk])]
    return out


def train_head(states: np.ndarray, vectors: np.ndarray, rows: np.ndarray, config: ResponseConfig) -> ResponseHead:
    """Answer states [N, A] beside the row of each right answer [N] among the bank's vectors [R, E]; the EMA copy."""
    sizes = HeadConfig(states.shape[1], config.hidden, vectors.shape[1])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = ResponseHead(sizes)
        x, keys, same = torch.from_numpy(states).float(), torch.from_numpy(vectors), torch.from_numpy(rows)
        drawn = batches(len(x), config.batch)

        def loss_at(_: int) -> Tensor:
            chosen = next(drawn)
            return contrastive_loss(head(x[chosen]), keys[same[chosen]], same[chosen])

        return fit(head, loss_at, Fit(config.steps, config.lr, "which words fit"))


def batches(count: int, size: int) -> Iterator[Tensor]:
    """Rows in random order, pass after pass, without end."""
    while True:
        yield from torch.randperm(count).split(size)


def train_telling(
    said: Sequence[Said], states: np.ndarray, encoder: Encoder, config: ResponseConfig
) -> TellingHead | None:
    """Answers beside the answer states [N, A] where they were said → which values to tell; None where none is known."""
    points: list[int] = []
    words: list[str] = []
    marks: list[np.ndarray] = []
    told: list[np.ndarray] = []
    for point, one in enumerate(progress_bar(said, "which values were told", len(said))):
        sample, intended = one.sample, next(iter(one.response.tools), "") or None
        fields = fields_at(one.facts, sample.slots, sample.history, sample.tools, intended)
        points += [point] * len(fields.names)
        words += fields.words
        marks.append(fields.marks)
        told.append(stated(fields, one.facts, one.response.names))
    if not points:
        return None
    size = 2 * config.batch
    known = list(dict.fromkeys(words))
    row = {text: place for place, text in enumerate(known)}
    vectors = torch.from_numpy(np.stack([encoded.sentence for encoded in encoder.encode(known)]))
    at, names = torch.tensor(points), torch.tensor([row[text] for text in words])
    x, m = torch.from_numpy(states).float(), torch.from_numpy(np.concatenate(marks))
    y = torch.from_numpy(np.concatenate(told))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = TellingHead(TellingConfig(x.shape[1], vectors.shape[1]))

        def loss_at(_: int) -> Tensor:
            drawn = torch.randint(len(at), (size,))
            logits = head(x[at[drawn]], vectors[names[drawn]], m[drawn])
            return F.binary_cross_entropy_with_logits(logits, y[drawn])

        steps = min(4 * config.steps, max(1, TELLING_PASSES * len(at) // size))
        return fit(head, loss_at, Fit(steps, 2 * config.lr, "what to tell", log_every=1000))
