"""What capital letters say in a text: in a headline nothing, at the start of a sentence little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_TITLED = 4  # longer words; fewer, all capitalised, may be nothing but a name


class NameWord(NamedTuple):
    """One word of a text. `position` is `Token.position`: a hole is where a name cannot go on."""

    term: str  # normalised
    surface: str
    position: int
    apart: bool = False  # something but space or a hyphen stands between it and the word before

    @property
    def is_capital(self) -> bool:
        """Whether it begins with a capital letter; scripts without case have none."""
        return self.surface[:1].isupper()


def is_behind(words: Sequence[NameWord], index: int) -> bool:
    """Whether a word has its predecessor right before it, in one paragraph."""
    return 0 < index < len(words) and words[index].position == words[index - 1].position + 1


def headlines(words: Sequence[NameWord]) -> list[bool]:
    """For each word whether its paragraph is written as a headline: in one case, or every longer word capitalised."""
    answers: list[bool] = []
    begun = 0
    for index in range(1, len(words) + 1):
        if not is_behind(words, index):
            longer = [word for word in words[begun:index] if len(word.surface) > 3]
            capitals = sum(word.is_capital for word in longer)
            in_one_case = capitals == 0 or all(word.surface.isupper() for word in longer)
            answers += [in_one_case or capitals == len(longer) >= _TITLED] * (index - begun)
            begun = index
    return answers
