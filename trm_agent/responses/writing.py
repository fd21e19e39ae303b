"""An answer in words of its own: the decoder's template, filled and checked as a whole before any of it is said.

Words that were said cannot be taken back, and an answer takes milliseconds: so it is written to its end, filled,
and judged by the guard; only then is it streamed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, get_args

import numpy as np
import torch

from trm_agent.encoder.sentence import Encoder
from trm_agent.errors import CheckpointError
from trm_agent.features.tools import TextEncoder
from trm_agent.responses.bank import After
from trm_agent.responses.candidates import FEATURES, Candidate, candidates
from trm_agent.responses.decoder import Decoder, Ground, Speech
from trm_agent.responses.lexicon import END, Lexicon
from trm_agent.responses.situation import Situation
from trm_agent.responses.telling import Wanted
from trm_agent.responses.templates import SENTENCE, placeholders
from trm_agent.types import Decision, Message

AFTER: tuple[str, ...] = get_args(After)


@dataclass(frozen=True)
class Written:
    """What the decoder says.

    Attributes:
        text: The answer, with what it left out that should be told; empty where it came to no end.
        template: The decoder's part of it, with `{name}` for every value that is copied.
        score: Geometric mean of its words' probabilities.
        refused: Why it may not be said; empty where it may.
    """

    text: str
    template: str
    score: float
    refused: str = ""

    @property
    def copied(self) -> list[str]:
        """The names whose values it holds."""
        return placeholders(self.template)

    @property
    def origin(self) -> dict[str, Any]:
        """For the decision record."""
        return {"from": "decoder", "score": round(self.score, 3), "copied": self.copied}


@dataclass(frozen=True)
class Writer:
    """A decoder with its words.

    Attributes:
        decoder: Learned on one router's answer states.
        lexicon: Its words.
        encoder: For the names of fields; None until the checkpoint is in use.
    """

    decoder: Decoder
    lexicon: Lexicon
    encoder: TextEncoder | Encoder | None = None
    _vectors: dict[str, np.ndarray] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal weights and words."""
        digest = hashlib.sha256(json.dumps(self.lexicon.words).encode())
        for name, value in sorted(self.decoder.state_dict().items()):
            digest.update(name.encode() + value.detach().half().cpu().numpy().tobytes())
        return digest.hexdigest()[:16]

    def with_encoder(self, encoder: TextEncoder | Encoder) -> Writer:
        """The same, ready to write."""
        return replace(self, encoder=encoder)

    def template(
        self, place: Situation, decision: Decision, history: Sequence[Message], wanted: Wanted | None
    ) -> tuple[str, float]:
        """The most probable words one after the other, and their mean probability; empty if they come to no end."""
        known = candidates(place, decision, history, wanted)
        names = [candidate.name for candidate in known]
        words: list[str] = []
        chances: list[float] = []
        for word, chance in self._words(ground_of(decision, place, known, self.vectors(known))):
            chances.append(chance)
            if word == END:
                return "".join(words), float(np.exp(np.mean(chances)))
            words.append(self.lexicon.word(word, names))
        return "", float(np.exp(np.mean(chances)))

    def vectors(self, known: Sequence[Candidate]) -> np.ndarray:
        """Of the fields' names, [F, E]; each name is encoded once.

        Raises:
            CheckpointError: No encoder was given.
        """
        if self.encoder is None:
            raise CheckpointError("the decoder has no encoder to read names with; use `with_encoder`")
        fresh = [words for words in dict.fromkeys(c.words for c in known) if words not in self._vectors]
        if fresh:
            self._vectors.update((w, e.sentence) for w, e in zip(fresh, self.encoder.encode(fresh), strict=True))
        width = self.decoder.config.encoder_width
        return np.stack([self._vectors[c.words] for c in known]) if known else np.zeros((0, width), np.float32)

    def _words(self, ground: Ground) -> Iterator[tuple[int, float]]:
        """Word by word: its id and the logarithm of its probability; the end is the last."""
        with torch.inference_mode():
            speech = Speech(self.decoder, ground)
            word = END
            for _ in range(self.decoder.config.longest):
                best = speech.after(word).log_softmax(-1).max(-1)
                word = int(best.indices)
                yield word, float(best.values)
                if word == END:
                    return


def repeats(text: str) -> bool:
    """Whether a word stands three times in a row, or a sentence twice."""
    words = text.casefold().split()
    sentences = [said for s in SENTENCE.findall(text.casefold()) if (said := s.strip())]
    in_a_row = any(a == b == c for a, b, c in zip(words, words[1:], words[2:], strict=False))
    return in_a_row or len(set(sentences)) < len(sentences)


def ground_of(decision: Decision, place: Situation, known: Sequence[Candidate], vectors: np.ndarray) -> Ground:
    """What one answer is worded from; no padding.

    Args:
        decision: With its answer state.
        place: What may be said there.
        known: The fields.
        vectors: Of their names, [F, E].
    """
    return Ground(
        state=torch.from_numpy(np.asarray(decision.answer_state, np.float32))[None],
        after=torch.tensor([AFTER.index(place.after)]),
        names=torch.from_numpy(np.asarray(vectors, np.float32))[None],
        features=torch.tensor([c.features for c in known]).reshape(1, len(known), FEATURES),
        copied=torch.tensor([c.copied for c in known], dtype=torch.bool)[None],
        real=torch.ones(1, len(known), dtype=torch.bool),
    )
