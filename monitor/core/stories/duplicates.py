"""Are two articles one report? The only judge of it: pure, symmetric, from nothing but the two.

A yes only joins alerts: a copy is matched like any article. A doubtful pair is no duplicate, because an alert told
twice is the smaller fault. All limits stand in the stories design unless a comment says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.stories.furniture import own_words
from monitor.core.stories.identity import OTHER_TITLE, SAME_DAY, SAME_TITLE
from monitor.core.stories.titles import bare_title, likeness, names_of, numbers_of
from monitor.core.text.urls import host_of
from monitor.model.article import Article, DuplicateReason, Quality
from monitor.model.story import Features, Sketch

# Without a window a hash is wrong: agencies send byte-equal texts about events days apart.
COPY_WINDOW = timedelta(hours=48)
# One host's texts on a template are new each day; those of a series are new several times a day.
HOST_WINDOW = SAME_DAY
SERIES_WINDOW = timedelta(hours=6)
# An equal text of this many words on two hosts is a wire copy; a shorter one may be a shared cookie notice.
LONG_COPY = 150
SHORT_COPY = 30  # words; nothing shorter is near anything
NEAR_FROM = 60  # words; below it the headline and the numbers decide
NEARLY_ALL = 0.9
HALF = 0.5
# Of the longer text's words. Less is a brief that a round-up contains, and joining with it would join all its
# items. An abridged wire copy keeps 40 %.
LEAST_PART = 0.35
# Below it what the longer text has beside may be another article, appended: titles or openings must be alike.
MOST_OF_IT = 0.8
_LEAST_GRAMS = 4  # sampled; 60 words have 7 on average
_FUTURE = timedelta(hours=24)  # a date so far ahead of when it was seen is wrong; time zones explain less
_FIRST_YEAR = 1995


class Unlike(StrEnum):
    """Why two articles are no duplicates."""

    LANGUAGE = "language"  # each is in another one
    NOTHING = "nothing"  # neither URL nor words are the same
    TOO_SHORT = "too_short"  # the words are alike, and too few to tell
    TITLES = "titles"  # the words are alike, the headlines speak of different things
    PART = "part"  # one stands in the other among much else
    DAYS = "days"  # the same words on another day
    NUMBERS = "numbers"  # a template with other numbers: "12th" and "13th"
    NAMES = "names"  # a template with other names


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What a pair is: `reason` and `why` for duplicates, else `unlike`.

    `why` says it in figures, for people. `possible_distinct`: nearly the same words, told apart by a detail; worth
    a mark, since somebody may take them for one. `apart`: two events that read alike, so that no likeness of words
    should bring them into one story either.
    """

    reason: DuplicateReason | None = None
    why: str = ""
    unlike: Unlike | None = None
    possible_distinct: bool = False

    @property
    def apart(self) -> bool:
        """Whether the pair must not be one story for its words."""
        return self.unlike in (Unlike.DAYS, Unlike.NUMBERS, Unlike.NAMES) and self.possible_distinct


def judge_pair(one: Article, other: Article, *, series: bool = False) -> PairVerdict:
    """Says whether two articles are duplicates, and why.

    `series`: one of them is marked as part of a daily series, which shortens every window to six hours.
    """
    if one.language and other.language and one.language != other.language:
        return PairVerdict(unlike=Unlike.LANGUAGE)
    pair = _Pair(one, other, series)
    by_words = _same_content(pair) or _near(pair)
    if by_words.reason is not None:
        return by_words
    return _same_url(pair) or by_words


def when_of(article: Article) -> datetime:
    """When it was published, if that can be believed; else when it was first seen."""
    return _date_of(article) or article.first_seen


def dated_apart(article: Article, twin: Article) -> bool:
    """Whether two articles carry dates of different days; what has no date is not apart from anything."""
    one, other = _date_of(article), _date_of(twin)
    return one is not None and other is not None and abs(one - other) > SAME_DAY


def containment(one: Sequence[int], other: Sequence[int]) -> float:
    """How much of the smaller set stands in the other, 0 … 1; 0 for an empty one."""
    least = min(len(one), len(other))
    return len(set(one).intersection(other)) / least if least else 0.0


class _Pair:
    """Two articles and what is measured of them, each at most once."""

    def __init__(self, one: Article, other: Article, series: bool) -> None:
        self.one = one
        self.other = other
        self.gap = abs(when_of(one) - when_of(other))
        self.same_host = host_of(one.url) == host_of(other.url)
        self.window = SERIES_WINDOW if series else HOST_WINDOW if self.same_host else COPY_WINDOW
        self.close = SERIES_WINDOW if series else SAME_DAY
        self.likeness = likeness(one.title, other.title)
        self.titled = bool(bare_title(one.title).strip()) and bool(bare_title(other.title).strip())

    def sketches(self) -> tuple[Sketch, Sketch] | None:
        """Those of two texts that can be compared, the shorter first."""
        one, other = self.one.fingerprint, self.other.fingerprint
        if one is None or other is None or one.sketch.version != other.sketch.version:
            return None
        if Quality.TITLE in (self.one.quality, self.other.quality):
            return None
        shorter, longer = sorted((one.sketch, other.sketch), key=lambda sketch: (sketch.words, sketch.grams))
        return shorter, longer

    def words(self) -> int:
        """Of the shorter text."""
        return min(_words_in(self.one), _words_in(self.other))

    def other_numbers(self) -> bool:
        """Whether each headline has a number that the other has not."""
        one, other = numbers_of(bare_title(self.one.title)), numbers_of(bare_title(self.other.title))
        return bool(one - other) and bool(other - one)

    def other_names(self) -> bool:
        """Whether each headline names what stands in its own text and not in the other.

        Two headlines over one report differ as well, but the report says what both do.
        """
        one, other = names_of(self.one.title), names_of(self.other.title)
        mine, yours = one - other, other - one
        if not mine or not yours:
            return False
        my_words, your_words = set(own_words(self.one.text)), set(own_words(self.other.text))
        return bool(mine & (my_words - your_words)) and bool(yours & (your_words - my_words))


def _same_url(pair: _Pair) -> PairVerdict | None:
    # A page that carries other news under another title (a home page, a live page) is not the same article.
    # Nor is one that is dated anew and says the same on another day.
    same = bool(pair.one.url_key) and pair.one.url_key == pair.other.url_key
    if not same or pair.likeness < SAME_TITLE or dated_apart(pair.one, pair.other):
        return None
    return PairVerdict(DuplicateReason.SAME_URL, f"the same address, {_percent(pair.likeness)} of the headline")


def _same_content(pair: _Pair) -> PairVerdict | None:
    """The verdict on two articles with one content hash; None where it differs."""
    if not pair.one.content_hash or pair.one.content_hash != pair.other.content_hash:
        return None
    if pair.gap > pair.window:
        return PairVerdict(unlike=Unlike.DAYS, possible_distinct=True)
    if pair.other_numbers() and (pair.same_host or pair.likeness >= SAME_TITLE):
        return PairVerdict(unlike=Unlike.NUMBERS, possible_distinct=True)
    # One host's equal texts under other titles are a wall or a template, not copies.
    long = not pair.same_host and pair.words() >= LONG_COPY
    if pair.likeness < OTHER_TITLE and not long:
        return PairVerdict(unlike=Unlike.TITLES)
    return PairVerdict(DuplicateReason.SAME_CONTENT, f"the same words, {_hours(pair.gap)} apart")


def _near(pair: _Pair) -> PairVerdict:
    sketches = pair.sketches()
    if sketches is None:
        return PairVerdict(unlike=Unlike.NOTHING)
    shorter, longer = sketches
    if shorter.words < SHORT_COPY:
        return PairVerdict(unlike=Unlike.TOO_SHORT)
    if shorter.words < NEAR_FROM:
        return _near_in_brief(pair)
    shared = containment(shorter.grams, longer.grams)
    like = pair.titled and pair.likeness >= SAME_TITLE
    if min(len(shorter.grams), len(longer.grams)) < _LEAST_GRAMS or shared < HALF:
        return PairVerdict(unlike=Unlike.NOTHING, possible_distinct=like and pair.other_numbers())
    if shared < NEARLY_ALL and not like:
        return PairVerdict(unlike=Unlike.TITLES)
    return _told_apart(pair, shared, shorter, longer) or PairVerdict(
        DuplicateReason.NEAR_DUPLICATE, _why(pair, shared, shorter, longer)
    )


def _told_apart(pair: _Pair, shared: float, shorter: Sketch, longer: Sketch) -> PairVerdict | None:
    """What speaks against two texts that share enough words."""
    if pair.gap > (pair.window if shared >= NEARLY_ALL else pair.close):
        return PairVerdict(unlike=Unlike.DAYS, possible_distinct=pair.same_host and pair.likeness >= SAME_TITLE)
    if pair.other_numbers() and (pair.same_host or pair.likeness >= SAME_TITLE):
        return PairVerdict(unlike=Unlike.NUMBERS, possible_distinct=True)
    if pair.other_names():
        return PairVerdict(unlike=Unlike.NAMES, possible_distinct=True)
    part = shorter.words / longer.words
    if part < LEAST_PART or (part < MOST_OF_IT and not _one_subject(pair)):
        return PairVerdict(unlike=Unlike.PART)
    # One host's texts under titles that share nothing are what its pages all carry, as with equal texts.
    if pair.same_host and pair.likeness < OTHER_TITLE:
        return PairVerdict(unlike=Unlike.TITLES)
    return None


def _near_in_brief(pair: _Pair) -> PairVerdict:
    """30 to 60 words: a like headline and the same numbers within half a day, over mostly the same words."""
    if not pair.titled or pair.likeness < SAME_TITLE:
        return PairVerdict(unlike=Unlike.TOO_SHORT)
    texts = [own_words(article.text) for article in (pair.one, pair.other)]
    numbers = [numbers_of(f"{bare_title(article.title)} {article.text}") for article in (pair.one, pair.other)]
    if numbers[0] != numbers[1]:
        return PairVerdict(unlike=Unlike.NUMBERS, possible_distinct=True)
    if pair.gap > pair.close:
        return PairVerdict(unlike=Unlike.DAYS, possible_distinct=pair.same_host)
    if pair.other_names():
        return PairVerdict(unlike=Unlike.NAMES, possible_distinct=True)
    shared = len(set(texts[0]) & set(texts[1])) / max(1, len(set(texts[0]) | set(texts[1])))
    if shared < HALF:
        return PairVerdict(unlike=Unlike.TOO_SHORT)
    return PairVerdict(
        DuplicateReason.NEAR_DUPLICATE, f"{_percent(shared)} of few words, {_hours(pair.gap)} apart"
    )


def _one_subject(pair: _Pair) -> bool:
    """Whether headlines or openings are alike, so that the shorter text is no article appended to the longer."""
    if pair.titled and pair.likeness >= OTHER_TITLE:
        return True
    assert pair.one.fingerprint is not None
    assert pair.other.fingerprint is not None
    return _shared_terms(pair.one.fingerprint.features, pair.other.fingerprint.features) >= HALF


def _shared_terms(one: Features, other: Features) -> float:
    return containment([term for term, _ in one.terms], [term for term, _ in other.terms])


def _words_in(article: Article) -> int:
    return article.fingerprint.sketch.words if article.fingerprint is not None else len(article.text.split())


def _date_of(article: Article) -> datetime | None:
    date = article.published
    if date is None or date.year < _FIRST_YEAR or date > article.first_seen + _FUTURE:
        return None
    return date


def _why(pair: _Pair, shared: float, shorter: Sketch, longer: Sketch) -> str:
    titles = f"the headlines share {_percent(pair.likeness)}, {_hours(pair.gap)} apart"
    if shorter.words < MOST_OF_IT * longer.words:
        return f"{_percent(shared)} of its {shorter.words} words stand in the other's {longer.words}; {titles}"
    return f"{_percent(shared)} of its words stand in the other; {titles}"


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"  # rounded down: 100 % is said of all the words only


def _hours(gap: timedelta) -> str:
    minutes = round(gap.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
