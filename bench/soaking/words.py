"""Invented words in two scripts: texts that say nothing, so that only what is meant to match does."""

from __future__ import annotations

import random
from itertools import accumulate

_RUDE_URDU = "بپتجچدرزسشکگلمنوہی"
_COUNT = 20_000


class Language:
    """Words by how common they are; the same for the same seed."""

    def __init__(self, urdu: bool) -> None:
        dice = random.Random(11 + urdu)
        self.urdu = urdu
        found: dict[str, None] = {}
        while len(found) < _COUNT:
            length = dice.randint(1, 4)
            if urdu:
                found["".join(dice.choice(_RUDE_URDU) for _ in range(length + 2))] = None
            else:
                pairs = (dice.choice("bdgklmnprstvz") + dice.choice("aeiou") for _ in range(length))
                found["".join(pairs) + "q"] = None
        self.words = list(found)
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(_COUNT)))

    def common(self, dice: random.Random, count: int) -> list[str]:
        """So many words as they come in any text."""
        return dice.choices(self.words, cum_weights=self._weights, k=count)

    def rare(self, dice: random.Random, count: int) -> list[str]:
        """So many different words that hardly any other text has."""
        return dice.sample(self.words[1_000:], count)

    def sentence(self, words: list[str]) -> str:
        """As it is written."""
        return " ".join(words) + "۔" if self.urdu else " ".join(words).capitalize() + "."


LATIN, URDU = Language(False), Language(True)
