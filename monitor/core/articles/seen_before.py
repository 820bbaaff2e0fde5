"""What pages of one host have in common: walls that nothing else knows, frames, addresses that lie. Pure.

Each answer leaves something of a page out, so each asks first what could be missed by it:

- A text is a wall when its words stood under three addresses with titles unlike each other. The rules have read
  them there; the feed's own words are matched in their place, and the page is asked again.
- A paragraph is the host's frame when the rules in force have read it on three other pages, under titles that have
  nothing in common with each other or with this one, and when it names nothing that this page names. It goes only
  from the very head or tail of a text. The background paragraph of a running story fails all of that: its
  headlines share their words, and it names what the page is about. Where it is left out it stands in the article
  as dropped. After thirty days, or with other rules, it is read again on three pages.
- "About X" at the end of a press release names the issuer like the text above, and its headlines do: there it is
  enough that no two titles are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core.text.words import fold_words
from monitor.model.article import Dropped, DropReason, Quality
from monitor.model.reading import Witness

WITHIN = timedelta(days=30)
"""How long what a page carried is remembered (stories design, Extraction 4)."""

_FRAME_PAGES = 3  # other pages with the paragraph (stories design, Extraction 4)
_WALL_PAGES = 3  # this one among them (stories design, traps)
_SHARED_TITLES = 5  # this one among them (stories design, identity ladder)
_SHARED_WITHIN = timedelta(hours=24)
_OTHER_TITLE = 0.3  # as in the identity ladder: likeness under which two titles are of two articles
# Bylines and kickers stand at the head, author boxes, appeals and "About X" at the tail.
_HEAD = 2
_TAIL = 8
_ABOUT = re.compile(r"^about\s+\S", re.I)
_ABOUT_WORDS = 10  # of a heading; a longer line is text
# Capitalised for where they stand, not for what they name.
_STARTER_WORDS = """
    a about after all also although an and any are as at be because before but by can check click contact
    copyright do download during each email enter every find follow for from get had has have he her here
    his how i if in into is it its join just learn let like listen live make many may more most much my
    new news no not now of on one only or other our photo please read register related reporting rights
    see send share she sign since so some source stay story subscribe support tag tags terms than thank
    that the their them then there these they this those to today topics two under until up us view visit
    was watch we were what when where which while who why will with you your
"""
_STARTERS = frozenset(_STARTER_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text without its host's frame: what stays, what went, and the keys of the frame that stayed."""

    text: str
    dropped: tuple[Dropped, ...]
    keys: tuple[int, ...]


def host_key(host: str) -> int:
    """A host as the memory knows it."""
    return _key("host", host)


def text_key(text: str) -> int:
    """A whole text."""
    return _key("text", " ".join(fold_words(text)))


def address_key(url_key: str) -> int:
    """An address that a page states as its own."""
    return _key("address", url_key)


def frame_keys(text: str) -> tuple[int, ...]:
    """The paragraphs of a text that may be the host's frame, each once."""
    paragraphs = text.split("\n\n")
    places = [*range(len(paragraphs))[:_HEAD], *range(len(paragraphs))[-_TAIL:]]
    return tuple(dict.fromkeys(_paragraph_key(paragraphs[place]) for place in places))


def wall_pages(title: str, url_key: str, same_text: Sequence[Witness]) -> tuple[Witness, ...]:
    """The earlier pages that make a text a wall, by the same text under other addresses; empty for no wall."""
    others = _of_other_pages(url_key, same_text)
    return tuple(others) if _unlike_each_other(title, others, _WALL_PAGES - 1, _not_alike) else ()


def is_shared(title: str, url_key: str, same_address: Sequence[Witness], now: datetime) -> bool:
    """Whether pages under five titles state one address as theirs within a day: then it is none of theirs."""
    others = [one for one in _of_other_pages(url_key, same_address) if now - one.first_seen <= _SHARED_WITHIN]
    titles = {tuple(fold_words(one)) for one in (title, *(one.title for one in others))}
    return min(len(titles), len(others) + 1) >= _SHARED_TITLES


def without_frame(text: str, title: str, url_key: str, seen: Mapping[int, Sequence[Witness]]) -> Trimmed:
    """The text without the paragraphs at its head and tail that its host puts around other articles, too.

    `seen` are the earlier pages by the key of a paragraph. A text that is nothing but frame stays whole.
    """
    paragraphs = text.split("\n\n")
    keys = [_paragraph_key(one) for one in paragraphs]
    about = _about_from(paragraphs)
    framed = [
        _is_framed(title, url_key, seen.get(key, ()), about=place >= about) for place, key in enumerate(keys)
    ]
    page = _names([title, *(one for one, is_frame in zip(paragraphs, framed, strict=True) if not is_frame)])
    framed = [
        is_frame and (place >= about or not page & _names([paragraphs[place]]))
        for place, is_frame in enumerate(framed)
    ]
    head = _run(framed[:_HEAD])
    tail = _run(framed[: -_TAIL - 1 : -1])
    if head + tail >= len(paragraphs):
        head = tail = 0
    end = len(paragraphs) - tail
    gone = ("\n\n".join(paragraphs[:head]), "\n\n".join(paragraphs[end:]))
    kept = set(keys[head:end])
    return Trimmed(
        "\n\n".join(paragraphs[head:end]),
        tuple(Dropped(DropReason.HOST_BOILERPLATE, one) for one in gone if one),
        tuple(key for key in frame_keys(text) if key in kept),
    )


def _is_framed(title: str, url_key: str, seen: Sequence[Witness], *, about: bool) -> bool:
    others = [one for one in _of_other_pages(url_key, seen) if one.judged and one.quality is Quality.FULL]
    return _unlike_each_other(title, others, _FRAME_PAGES, _not_alike if about else _nothing_in_common)


def _of_other_pages(url_key: str, seen: Sequence[Witness]) -> list[Witness]:
    """One for each address but this one; what has none is no page."""
    return list({one.url_key: one for one in seen if one.url_key and one.url_key != url_key}.values())


def _unlike_each_other(
    title: str, others: Sequence[Witness], most: int, unlike: Callable[[str, str], bool]
) -> bool:
    """Whether so many of the pages have titles unlike this one and unlike each other."""
    found = [title]
    for one in others:
        if all(unlike(one.title, known) for known in found):
            found.append(one.title)
            if len(found) > most:
                return True
    return False


def _not_alike(one: str, other: str) -> bool:
    a, b = set(fold_words(one)), set(fold_words(other))
    return bool(a and b) and len(a & b) < _OTHER_TITLE * len(a | b)


def _nothing_in_common(one: str, other: str) -> bool:
    """Whether two titles share no word that says anything, whatever its ending; one without words shares all."""
    a, b = _marks(one), _marks(other)
    return bool(a and b) and not a & b


def _marks(title: str) -> set[str]:
    """The beginnings of its longer words; of scripts that set no spaces, all pairs of characters."""
    found: set[str] = set()
    for word in fold_words(title):
        if any(ord(character) >= 0x2E80 for character in word):
            found |= {word[at : at + 2] for at in range(max(1, len(word) - 1))}
        elif len(word) >= (4 if word.isascii() else 3) and word not in _STARTERS:
            found.add(word[:4])
    return found


def _names(paragraphs: Sequence[str]) -> set[str]:
    """The words that name something: capitalised ones; of scripts without capitals all longer ones."""
    found: set[str] = set()
    for word in (word for paragraph in paragraphs for word in _WORD.findall(paragraph)):
        named = not word[0].islower() if word[0].lower() != word[0].upper() else len(word) >= 3
        folded = word.casefold()
        if named and len(word) >= 2 and folded not in _STARTERS:
            found.add(folded)
    return found


def _about_from(paragraphs: Sequence[str]) -> int:
    """Where "About X" begins, at the tail of a press release; behind the end where there is none."""
    first = max(1, len(paragraphs) - _TAIL)
    for place in range(first, len(paragraphs)):
        heading = paragraphs[place].partition("\n")[0].lstrip("#* ").rstrip(":")
        if _ABOUT.match(heading) and len(heading.split()) <= _ABOUT_WORDS:
            return place
    return len(paragraphs)


def _run(framed: Sequence[bool]) -> int:
    return next((place for place, is_frame in enumerate(framed) if not is_frame), len(framed))


def _paragraph_key(paragraph: str) -> int:
    return _key("paragraph", " ".join(fold_words(paragraph)))


def _key(kind: str, words: str) -> int:
    digest = blake2b(f"{kind}\0{words}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big", signed=True)
