"""h1 cut: a second page headline begins another article; from there on the page is not read.

On the tree, before extraction: with a longer article appended, an extractor may take that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.core.articles.blocks import Block
from monitor.core.articles.guards.parts import Parts, is_running
from monitor.core.text.words import fold_words

_OWN = 0.5  # likeness of title and the page's own headline (stories design "h1 cut")
_FOREIGN = 0.3
_MOST = 40  # headlines looked at


def h1_cut(page: Sequence[Block], title: str) -> int | None:
    """The place of the foreign headline from which on the page is another article; None = there is none.

    A headline is foreign when it is unlike the title, opens a part of the page that the article's own headline
    does not stand in, has no text above it there (an `<h1>` used as a subhead has), and what follows is foreign
    by its words.
    """
    headlines = [place for place, line in enumerate(page) if line.level == 1][:_MOST]
    if len(headlines) < 2:
        return None
    wanted = set(fold_words(title))
    likest = max(headlines, key=lambda place: _likeness(wanted, page[place].text))
    if _likeness(wanted, page[likest].text) < _OWN:
        return None
    own = page[likest].element
    parts: Parts | None = None
    for place in headlines:
        if (
            place <= likest
            or _likeness(wanted, page[place].text) >= _FOREIGN
            or not _opens(page[place].element, own)
        ):
            continue
        if parts is None:
            for line in page[likest:]:
                line.kept = True  # of the page's lines all count
            parts = Parts(page[likest:], title)
        if parts.is_foreign(place - likest):
            break
    else:
        place = 0
    for line in page[likest:] if parts else ():
        line.kept = False
    return place or None


def _likeness(wanted: set[str], text: str) -> float:
    """Dice coefficient of the words of two headlines."""
    words = set(fold_words(text[:500]))
    return 2 * len(wanted & words) / (len(wanted) + len(words)) if wanted and words else 0.0


def _opens(headline: Any, own: Any) -> bool:
    """Whether a headline stands first in a part of the page, outside the article of the page's own headline."""
    parent = headline.getparent()
    if parent is None or parent is own.getparent():
        return False
    article = next(own.iterancestors("article"), None)
    if article is not None and any(above is article for above in headline.iterancestors("article")):
        return False
    for before in headline.itersiblings(preceding=True):
        if before.tag == "p" and is_running(Block(" ".join("".join(before.itertext()).split()))):
            return False
    return True


def cut_from(element: Any) -> None:
    """Deletes an element and all that follows it in document order; never what it stands in."""
    node = element
    while (parent := node.getparent()) is not None and parent.tag != "html":
        for later in list(node.itersiblings()):
            parent.remove(later)
        node.tail = None
        node = parent
    if (parent := element.getparent()) is not None:
        parent.remove(element)
