"""What words were found to be, kept for those that came lately: news bring new names for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")

LONGEST = 100
"""Characters of a word whose answer is kept: nobody may fill the memory with long ones."""


class Recent(dict[str, V], Generic[V]):
    """Answers by word, worked out where they are not known; at least the last `most`, at most twice as many.

    A plain dictionary to who asks by `map`: a known word costs no call of a function. Words that were not asked
    for since as many others came are forgotten. Threads may share it: one of them may work out what another did.
    Where answers change, who forgets them must keep others from asking meanwhile.
    """

    def __init__(self, work_out: Callable[[str], V], most: int) -> None:
        super().__init__()
        self._work_out = work_out
        self._most = most
        self._before: dict[str, V] = {}

    def __missing__(self, word: str) -> V:
        answer = self._before.get(word)  # in one step: another thread may forget it
        if answer is None:
            answer = self._work_out(word)
        if len(word) <= LONGEST:
            if len(self) >= self._most:
                self._before = dict(self)
                self.clear()
            self[word] = answer
        return answer

    def forget(self, word: str) -> None:
        """Works this one out again."""
        self.pop(word, None)
        self._before.pop(word, None)

    def forget_all(self) -> None:
        """Works all out again."""
        self.clear()
        self._before = {}
