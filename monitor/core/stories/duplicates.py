"""Are two articles one report? The only judge of it: pure, symmetric, from nothing but the two.

A yes only joins alerts: a copy is matched like any article. A doubtful pair is no duplicate, because an alert told
twice is the smaller fault. All limits stand in the stories design unless a comment says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from monitor.core.stories.furniture import MOST_CHARACTERS, own_words
from monitor.core.stories.identity import OTHER_TITLE, SAME_DAY, SAME_TITLE
from monitor.core.stories.titles import likeness, names_of, numbers_in, template_of, title_numbers
from monitor.core.text.urls import host_of
from monitor.core.text.words import fold_words
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
# Of the terms of the first 250 words. Behind 100 words of another article it is .7 at most: tests/data/stories.
SAME_OPENING = 0.8
_LEAST_NAMED = 3  # words of a headline that says what its article is about
_LEAST_GRAMS = 4  # sampled; 60 words have 7 on average
_FILLED = 0.7  # of the words that one text has alone are names and numbers in a form, .3 or less in an update
_STEM = 3  # letters
_CAPITALISED = re.compile(r"\b[A-ZÀ-ÖØ-ÞĀ-Ž]\w*")
_KEY_MODULUS = 64  # nine keys beside the 32 bands for 577 words
_MOST_GRAM_KEYS = 64  # a text of 4,000 words; the lowest, so that equal parts of longer ones share theirs
_FUTURE = timedelta(hours=24)  # a date so far ahead of when it was seen is wrong; time zones explain less
_FIRST_YEAR = 1995
_TEXTLESS = frozenset({Quality.TITLE, Quality.STUB})  # what text they have is not the article's


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
    NO_TEXT = "no_text"  # alike enough to need the texts, and one is not there: give them, if they are to be had


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What a pair is: `reason` and `why` for duplicates, else `unlike`.

    `why` says it in figures, for people. `possible_distinct`: told apart by a detail, and easily taken for one;
    worth a mark. `apart`: two events in the words of one template; no likeness should make one story of them.
    """

    reason: DuplicateReason | None = None
    why: str = ""
    unlike: Unlike | None = None
    possible_distinct: bool = False
    apart: bool = False


def judge_pair(one: Article, other: Article, *, series: bool = False) -> PairVerdict:
    """Says whether two articles are duplicates, and why.

    `series`: one of them is marked as part of a daily series, which shortens every window to six hours. Articles
    may come without their texts; the few pairs that need them are answered NO_TEXT.
    """
    if one.language and other.language and one.language != other.language:
        return PairVerdict(unlike=Unlike.LANGUAGE)
    pair = _Pair(one, other, series)
    by_words = _same_content(pair) or _near(pair)
    if by_words.reason is not None:
        return by_words
    return _same_url(pair) or by_words


class Dated(Protocol):
    """What has a date and a host: an article, or what a digest has told of one."""

    @property
    def url(self) -> str: ...

    @property
    def published(self) -> datetime | None: ...

    @property
    def first_seen(self) -> datetime: ...


def copied_apart(article: Article, told: Dated) -> bool:
    """Whether a copy is of another time than this text: further than two of one text may be from each other."""
    if article.duplicate_reason is DuplicateReason.SAME_URL:
        return dated_apart(article, told)
    same_host = host_of(article.url) == host_of(told.url)
    window = SERIES_WINDOW if article.series else HOST_WINDOW if same_host else COPY_WINDOW
    return abs(when_of(article) - when_of(told)) > window


def when_of(article: Dated) -> datetime:
    """When it was published, if that can be believed; else when it was first seen."""
    return _date_of(article) or article.first_seen


def dated_apart(article: Dated, twin: Dated) -> bool:
    """Whether two articles carry dates of different days; what has no date is not apart from anything."""
    one, other = _date_of(article), _date_of(twin)
    return one is not None and other is not None and abs(one - other) > SAME_DAY


def containment(one: Sequence[int], other: Sequence[int]) -> float:
    """How much of the smaller set stands in the other, 0 … 1; 0 for an empty one."""
    least = min(len(one), len(other))
    return len(set(one).intersection(other)) / least if least else 0.0


def copy_keys(sketch: Sketch) -> tuple[int, ...]:
    """What a text is filed under and looked up by: two texts are compared if they share one; () for a short one.

    Beside the bands stand a few of the 6-grams: bands find texts that are alike as a whole, but of ten reports of
    600 words abridged to 40 % only three; with an eighth of the sampled 6-grams it is nine.
    """
    if not sketch.bands:
        return ()
    rare = [gram for gram in sketch.grams if gram % _KEY_MODULUS == 0]
    return (*sketch.bands, *rare[:_MOST_GRAM_KEYS])


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
        self.titled = bool(names_of(one.title)) and bool(names_of(other.title))

    def sketches(self) -> tuple[Sketch, Sketch] | None:
        """Those of two texts that can be compared, the shorter first."""
        one, other = self.one.fingerprint, self.other.fingerprint
        if one is None or other is None or one.sketch.version != other.sketch.version:
            return None
        if not _TEXTLESS.isdisjoint((self.one.quality, self.other.quality)):
            return None
        shorter, longer = sorted((one.sketch, other.sketch), key=lambda sketch: (sketch.words, sketch.grams))
        return shorter, longer

    def like(self) -> bool:
        """Whether both have headlines, and those are alike."""
        return self.titled and self.likeness >= SAME_TITLE

    def has_texts(self) -> bool:
        """Whether the texts are here that the sketches were made of."""
        return bool(self.one.text) and bool(self.other.text)

    def words(self) -> int:
        """Of the shorter text."""
        return min(_words_in(self.one), _words_in(self.other))

    def other_numbers(self) -> bool:
        """Whether each headline has a number that the other has not."""
        one, other = title_numbers(self.one.title), title_numbers(self.other.title)
        return bool(one - other) and bool(other - one)

    def other_names(self) -> bool:
        """Whether each headline names what stands in its own text and not in the other.

        Two headlines over one report differ as well, but the report says what both do.
        """
        one, other = names_of(self.one.title), names_of(self.other.title)
        mine, yours = one - other, other - one
        if not mine or not yours:
            return False
        my_words, your_words = _word_set(self.one.text), _word_set(self.other.text)
        return bool(mine & (my_words - your_words)) and bool(yours & (your_words - my_words))

    def filled_in(self) -> Unlike | None:
        """Whether the texts are one form filled in twice: what each has alone is nearly all names or numbers.

        An update brings whole sentences. Between two hosts a single other name may be another spelling.
        """
        mine, yours = _word_set(self.one.text), _word_set(self.other.text)
        slots = []
        for text, own in ((self.one.text, mine - yours), (self.other.text, yours - mine)):
            names = own & _capitalised(text)
            if len(names | numbers_in(own)) < _FILLED * len(own):
                return None
            slots.append((names, numbers_in(own)))
        names_of_one, names_of_other = _without_spellings(slots[0][0], slots[1][0])
        if min(len(names_of_one), len(names_of_other)) >= (1 if self.same_host else 2):
            return Unlike.NAMES
        return Unlike.NUMBERS if self.same_host and slots[0][1] and slots[1][1] else None


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
        return _other_day(pair, 1.0)
    if pair.other_numbers() and (pair.same_host or pair.likeness >= SAME_TITLE):
        return PairVerdict(unlike=Unlike.NUMBERS, possible_distinct=True)
    # One host's equal texts under other titles are a wall or a template, not copies.
    long = not pair.same_host and pair.words() >= LONG_COPY
    if pair.likeness < OTHER_TITLE and not long:
        return PairVerdict(unlike=Unlike.TITLES)
    return PairVerdict(DuplicateReason.SAME_CONTENT, f"the same words, {_hours(pair.gap)} apart")


def _near(pair: _Pair) -> PairVerdict:
    sketches = pair.sketches()
    if sketches is None or sketches[0].words < SHORT_COPY:
        unlike = Unlike.NOTHING if sketches is None else Unlike.TOO_SHORT
        return PairVerdict(unlike=unlike, possible_distinct=pair.like() and pair.other_numbers())
    shorter, longer = sketches
    if shorter.words < NEAR_FROM:
        return _near_in_brief(pair)
    shared = containment(shorter.grams, longer.grams)
    if min(len(shorter.grams), len(longer.grams)) < _LEAST_GRAMS or shared < HALF:
        return PairVerdict(unlike=Unlike.NOTHING, possible_distinct=pair.like() and pair.other_numbers())
    if shared < NEARLY_ALL and not pair.like():
        return PairVerdict(unlike=Unlike.TITLES)
    return _told_apart(pair, shared, shorter, longer) or PairVerdict(
        DuplicateReason.NEAR_DUPLICATE, _why(pair, shared, shorter, longer)
    )


def _told_apart(pair: _Pair, shared: float, shorter: Sketch, longer: Sketch) -> PairVerdict | None:
    """What speaks against two texts that share enough words."""
    if pair.gap > (pair.window if shared >= NEARLY_ALL else pair.close):
        return _other_day(pair, shared)
    # On two hosts one report has many headlines; where those are alike as well, a number makes the difference.
    if pair.other_numbers() and (pair.same_host or pair.like()):
        return PairVerdict(unlike=Unlike.NUMBERS, possible_distinct=True)
    if not pair.has_texts():
        return PairVerdict(unlike=Unlike.NO_TEXT)
    if pair.other_names():
        return PairVerdict(unlike=Unlike.NAMES, possible_distinct=True, apart=pair.same_host)
    filled = pair.filled_in()
    if filled is not None:
        return PairVerdict(unlike=filled, possible_distinct=True, apart=filled is Unlike.NAMES)
    part = shorter.words / longer.words
    if part < LEAST_PART or (part < MOST_OF_IT and not _one_subject(pair)):
        return PairVerdict(unlike=Unlike.PART)
    # One host's texts under titles that share nothing are what its pages all carry, as with equal texts.
    if pair.same_host and pair.likeness < OTHER_TITLE:
        return PairVerdict(unlike=Unlike.TITLES)
    return None


def _other_day(pair: _Pair, shared: float) -> PairVerdict:
    """The same words too far apart in time: under one headline, the next issue of a template."""
    one, other = template_of(pair.one.title), template_of(pair.other.title)
    template = (bool(one) and one == other) or (shared >= NEARLY_ALL and pair.like())
    dated = _date_of(pair.one) is not None and _date_of(pair.other) is not None
    return PairVerdict(unlike=Unlike.DAYS, possible_distinct=template, apart=template and dated)


def _near_in_brief(pair: _Pair) -> PairVerdict:
    """30 to 60 words: a like headline and the same numbers within half a day, over mostly the same words."""
    if not pair.like():
        return PairVerdict(unlike=Unlike.TOO_SHORT)
    if not pair.has_texts():
        return PairVerdict(unlike=Unlike.NO_TEXT)
    one, other = _word_set(pair.one.text), _word_set(pair.other.text)
    if _numbers(pair.one, one) != _numbers(pair.other, other):
        return PairVerdict(unlike=Unlike.NUMBERS, possible_distinct=True)
    if pair.gap > pair.close:
        return _other_day(pair, HALF)
    if pair.other_names():
        return PairVerdict(unlike=Unlike.NAMES, possible_distinct=True, apart=pair.same_host)
    shared = len(one & other) / max(1, len(one | other))
    if shared < HALF:
        return PairVerdict(unlike=Unlike.TOO_SHORT)
    return PairVerdict(
        DuplicateReason.NEAR_DUPLICATE, f"{_percent(shared)} of few words, {_hours(pair.gap)} apart"
    )


def _one_subject(pair: _Pair) -> bool:
    """Whether the longer text is about the shorter's subject, and does not merely have it appended.

    The headlines are alike, or most of what the longer one's headline names stands in the shorter text, or both
    texts open with the same words.
    """
    if pair.titled and pair.likeness >= OTHER_TITLE:
        return True
    one, other = pair.one, pair.other
    assert one.fingerprint is not None
    assert other.fingerprint is not None
    shorter, longer = (
        (one, other) if one.fingerprint.sketch.words <= other.fingerprint.sketch.words else (other, one)
    )
    named = names_of(longer.title)
    if len(named) >= _LEAST_NAMED and len(named & _word_set(shorter.text)) >= HALF * len(named):
        return True
    return _shared_terms(one.fingerprint.features, other.fingerprint.features) >= SAME_OPENING


def _shared_terms(one: Features, other: Features) -> float:
    return containment([term for term, _ in one.terms], [term for term, _ in other.terms])


@lru_cache(maxsize=256)  # a hundred new texts of a crowd are compared each with hundreds; 50 kB each at most
def _word_set(text: str) -> frozenset[str]:
    return frozenset(own_words(text))


@lru_cache(maxsize=256)
def _capitalised(text: str) -> frozenset[str]:
    return frozenset(fold_words(" ".join(_CAPITALISED.findall(text[:MOST_CHARACTERS]))))


def _without_spellings(one: frozenset[str], other: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Names without those that the other side may spell otherwise: Mohammad, Mohammed."""
    starts = {name[:_STEM] for name in one} & {name[:_STEM] for name in other}
    return (
        frozenset(name for name in one if name[:_STEM] not in starts),
        frozenset(name for name in other if name[:_STEM] not in starts),
    )


def _numbers(article: Article, words: Iterable[str]) -> frozenset[str]:
    return title_numbers(article.title) | numbers_in(words)


def _words_in(article: Article) -> int:
    return article.fingerprint.sketch.words if article.fingerprint is not None else len(article.text.split())


def _date_of(article: Dated) -> datetime | None:
    date = article.published
    if date is None or date.year < _FIRST_YEAR or date > article.first_seen + _FUTURE:
        return None
    return date


def _why(pair: _Pair, shared: float, shorter: Sketch, longer: Sketch) -> str:
    titles = f"the headlines share {_percent(pair.likeness)}, {_hours(pair.gap)} apart"
    # Of the sampled words all may be shared although the texts differ, and then 100 % would be a lie.
    most = "nearly all" if shared == 1.0 else _percent(shared)
    if shorter.words < MOST_OF_IT * longer.words:
        return f"{most} of its {shorter.words} words stand in the other's {longer.words}; {titles}"
    return f"{most} of its words stand in the other; {titles}"


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"


def _hours(gap: timedelta) -> str:
    minutes = round(gap.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"
