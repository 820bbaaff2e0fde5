"""Which words are frequent is learned from what was read, within a memory of fixed size."""

from __future__ import annotations

from monitor.core.rules.frequencies import _MOST_TERMS, Frequencies


def test_frequent_words_stay_known_however_many_new_names_come() -> None:
    frequencies = Frequencies()
    names = iter(range(10**9))
    for _ in range(60):
        frequencies.learn(["torkham", *(f"name{next(names)}" for _ in range(_MOST_TERMS // 20))])
    assert len(frequencies._counts) <= _MOST_TERMS + _MOST_TERMS // 20
    assert frequencies._counts["torkham"] == 60
