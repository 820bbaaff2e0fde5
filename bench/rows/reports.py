"""Invented reports, each of an event with words and names of its own, as the news of a day has them.

What `rows.feeds` writes otherwise is put together from fifteen sentences: good for polls, the worst case for
whoever looks for what is alike. Standard library only.
"""

from __future__ import annotations

import random
from itertools import accumulate

_COMMON = """
    the of and to in a that for on was with as by from at it were had said which after are been has this would not
    who have their he they more an but its his over than will about could there new between under before one other
    also two when into up out first last year week officials people government police report according against
"""
_BEGIN = (*"bcdghjklmnprstvwz", "br", "ch", "dr", "gr", "kl", "pr", "qu", "sh", "st", "tr")
_MIDDLE = (*"aeiou", "ai", "ea", "ou")
_END = (*"nrlts", "nd", "rt", "m", "sh", "ve")
_WORDS = 12_000  # as many as a paper of some days uses now and then
_OF_EVENT = 45  # words that its reports share beside what every paper writes
_NAMES = 7


def _word(dice: random.Random) -> str:
    syllables = (dice.choice(_BEGIN) + dice.choice(_MIDDLE) for _ in range(dice.randint(1, 3)))
    return "".join(syllables) + dice.choice(_END)


def _vocabulary() -> tuple[list[str], list[float]]:
    dice = random.Random("words of every paper")
    common = _COMMON.split()
    words = [*common, *dict.fromkeys(_word(dice) for _ in range(_WORDS))]
    # As often as words come in texts: the n-th most frequent one n times as rarely as the first (Zipf).
    return words, list(accumulate(1 / (place + 3) for place in range(len(words))))


_VOCABULARY, _WEIGHTS = _vocabulary()


class Event:
    """What several papers report of, each in its own words."""

    def __init__(self, name: str) -> None:
        dice = random.Random(f"event {name}")
        self._words = [_word(dice) for _ in range(_OF_EVENT)]
        self._names = [_word(dice).capitalize() for _ in range(_NAMES)]

    def sentence(self, dice: random.Random) -> str:
        """Nine to 22 words: one in five of the event, one in twelve a name."""
        said = []
        for common in dice.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=dice.randint(9, 22)):
            lot = dice.random()
            said.append(dice.choice(self._names) if lot < 1 / 12 else common)
            if lot > 0.8:
                said[-1] = dice.choice(self._words)
        return f"{' '.join(said).capitalize()}."
