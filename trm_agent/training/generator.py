"""Words of its own: a decoder learned from the answers of conversations, for a router that stays as it is.

Every answer that the bank can use is a lesson: its template is what has to be said, the router's own decision there is
what it is said from. Deep supervision as in the router: the loss of every supervision step, carried (y, z) detached.

N answers · F fields · W words · V lexicon.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import DataError
from trm_agent.log import logger
from trm_agent.responses.candidates import candidates
from trm_agent.responses.choosing import Responses
from trm_agent.responses.collecting import Said
from trm_agent.responses.decoder import Decoder, DecoderConfig, Ground, word_loss
from trm_agent.responses.lexicon import END, MOST_WORDS, Lexicon
from trm_agent.responses.situation import Situation
from trm_agent.responses.templates import placeholders
from trm_agent.responses.writing import Writer, ground_of
from trm_agent.training.fit import Fit, fit
from trm_agent.types import Decision

_SORTED = 16
"""Batches among which answers are sorted by length."""


@dataclass(frozen=True)
class DecoderTraining:
    """How a decoder is learned.

    Attributes:
        epochs: Passes over the answers.
        steps: Updates; instead of `epochs` where given.
        batch: Answers in each.
        lr: Highest learning rate.
        width: D.
        supervision_steps: N_sup.
        words: Most words of the lexicon.
        dropout: In training.
        ema: Decay.
        seed: Of weights and batches.
    """

    epochs: float = 8
    steps: int | None = None
    batch: int = 32
    lr: float = 2e-3
    width: int = 128
    supervision_steps: int = 2
    words: int = MOST_WORDS
    dropout: float = 0.1
    ema: float = 0.995
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """One answer to learn.

    Attributes:
        ground: What it is worded from, of one answer.
        ids: Its words, the end last, [W].
    """

    ground: Ground
    ids: Tensor

    @property
    def length(self) -> int:
        """Words and fields."""
        return len(self.ids) + self.ground.real.shape[1]


def learn_writer(
    said: Sequence[Said],
    decisions: Sequence[Decision],
    responses: Responses,
    router_width: int,
    encoder: Encoder,
    config: DecoderTraining,
) -> Writer:
    """A decoder with its words.

    Args:
        said: Answers that state nothing but what their names stand for.
        decisions: The router's at each, with answer states.
        responses: Which say what should be told; their bank and head are not used.
        router_width: D of the router.
        encoder: For the names of fields.
        config: How.

    Raises:
        DataError: No answer can be learned.
    """
    lexicon = Lexicon.of((one.response.text for one in said), config.words)
    sizes = DecoderConfig(
        router_width,
        encoder.width,
        len(lexicon),
        config.width,
        supervision_steps=config.supervision_steps,
        dropout=config.dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        decoder = Decoder(sizes)
        writer = Writer(decoder, lexicon, encoder)
        lessons = make_lessons(said, decisions, responses, writer)
        parameters = sum(p.numel() for p in decoder.parameters())
        logger.info("%d answers to learn, %d words, %.2f M parameters", len(lessons), len(lexicon), parameters / 1e6)
        if not lessons:
            raise DataError("no answer can be worded by a decoder; give conversations with words")
        return replace(writer, decoder=train_decoder(decoder, lessons, config))


def make_lessons(
    said: Sequence[Said], decisions: Sequence[Decision], responses: Responses, writer: Writer
) -> list[Lesson]:
    """Answers → lessons; those that are too long, or hold a name that is not known, are left out."""
    lessons = []
    for one, decision in zip(said, decisions, strict=True):
        history, tools = one.sample.history, one.sample.tools
        place = Situation.of(decision, history, tools)
        if not place.facts.keys() >= set(placeholders(one.response.text)):
            place = replace(place, facts=one.facts)
        known = candidates(place, decision, history, responses.wanted(decision, history, tools, place.facts))
        names = {candidate.name: number for number, candidate in enumerate(known) if candidate.copied}
        ids = writer.lexicon.encode(one.response.text, names)
        if ids is not None and len(ids) < writer.decoder.config.longest:
            ground = ground_of(decision, place, known, writer.vectors(known))
            lessons.append(Lesson(ground, torch.tensor([*ids, END])))
    return lessons


def train_decoder(decoder: Decoder, lessons: Sequence[Lesson], config: DecoderTraining) -> Decoder:
    """Learn; the EMA copy, in evaluation mode."""
    steps = config.steps or max(1, round(config.epochs * len(lessons) / config.batch))
    batches = plan(lessons, config.batch, config.seed)

    def loss_at(_: int) -> Tensor:
        ground, words, gold = collate([lessons[i] for i in next(batches)])
        loss, _last = word_loss(decoder(ground, words), gold)
        return loss

    return fit(decoder, loss_at, Fit(steps, config.lr, "to word answers", config.ema, log_every=100))


def plan(lessons: Sequence[Lesson], batch: int, seed: int) -> Iterator[list[int]]:
    """Batches of answers of like length, in random order, without end."""
    rng = random.Random(seed)
    while True:
        order = list(range(len(lessons)))
        rng.shuffle(order)
        batches: list[list[int]] = []
        for start in range(0, len(order), batch * _SORTED):
            near = sorted(order[start : start + batch * _SORTED], key=lambda i: lessons[i].length)
            batches += [near[at : at + batch] for at in range(0, len(near), batch)]
        rng.shuffle(batches)
        yield from batches


def collate(lessons: Sequence[Lesson]) -> tuple[Ground, Tensor, Tensor]:
    """Pad lessons.

    Returns:
        What they are worded from; the end and the words so far; the next words, −100 where there is none; [N, W] both.
    """
    grounds = [lesson.ground for lesson in lessons]

    def fields(name: str) -> Tensor:
        return pad_sequence([getattr(ground, name)[0] for ground in grounds], batch_first=True)

    ground = Ground(
        state=torch.cat([g.state for g in grounds]),
        after=torch.cat([g.after for g in grounds]),
        names=fields("names"),
        features=fields("features"),
        copied=fields("copied"),
        real=fields("real"),
    )
    gold = pad_sequence([lesson.ids for lesson in lessons], batch_first=True, padding_value=-100)
    words = torch.cat([torch.full_like(gold[:, :1], END), gold[:, :-1]], dim=1).clamp(min=END)
    return ground, words, gold
