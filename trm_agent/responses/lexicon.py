"""The decoder's words: the pieces that answers are put together from, in their own spelling.

The encoder's tokenizer lowers letters and strips accents, so its ids cannot spell an answer. A piece is a word, a
mark or a name in braces, with the space before it; what is rare or long is spelled by its characters, so that scripts
without spaces come apart too. Joined, the pieces of a text are the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from trm_agent.responses.templates import PLACEHOLDER

END = 0
"""Before the first word and after the last."""
MOST_WORDS = 4000
LONGEST_WORD = 20
_PIECE = re.compile(r"\{[^{}\s]+\}| ?\w+| ?[^\w\s{}]|\s")


@dataclass(frozen=True)
class Lexicon:
    """Pieces and their ids; ids from `len(words)` on are names to be copied.

    Attributes:
        words: By id; the first stands for the end.
    """

    words: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str], most: int = MOST_WORDS) -> Lexicon:
        """From templates: the most frequent pieces, and the characters of all."""
        counts = Counter(piece for text in texts for piece in pieces(text) if not PLACEHOLDER.fullmatch(piece))
        frequent = [p for p, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if _is_short(p)][:most]
        letters = sorted({character for piece in counts.keys() - set(frequent) for character in piece})
        return cls(("", *dict.fromkeys([*frequent, *letters])))

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def id(self) -> dict[str, int]:
        return {word: id for id, word in enumerate(self.words)}

    def encode(self, template: str, names: Mapping[str, int]) -> list[int] | None:
        """The ids of a template, without the end.

        Args:
            template: An answer with `{name}` for every value.
            names: Name → place among those that can be copied.

        Returns:
            None where it holds a character or a name that is not known.
        """
        ids: list[int] = []
        for piece in pieces(template):
            if named := PLACEHOLDER.fullmatch(piece):
                if named[1] not in names:
                    return None
                ids.append(len(self) + names[named[1]])
                continue
            parts = [piece] if piece in self.id else list(piece)
            if any(part not in self.id for part in parts):
                return None
            ids += [self.id[part] for part in parts]
        return ids

    def word(self, id: int, names: Sequence[str]) -> str:
        """The piece of an id; of a name to be copied, the name in braces."""
        return self.words[id] if id < len(self) else f"{{{names[id - len(self)]}}}"


def pieces(text: str) -> list[str]:
    """The pieces of a template; joined, they are the template."""
    return _PIECE.findall(text)


def _is_short(piece: str) -> bool:
    return len(piece) <= LONGEST_WORD
