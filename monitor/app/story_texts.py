"""The words of a story that its page shows: the sentences that rules matched, and what edits changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from monitor.core.digests.passages import passages_among
from monitor.core.digests.render.words import pieces
from monitor.core.text.wordings import Piece, changed_words
from monitor.model.story_member import Member
from monitor.model.story_view import Edit, StoryRule
from monitor.ports import StoryStore

MOST_QUOTED = 20
"""Rules whose sentences are looked up: an article is read for each."""
_BEGINNING = 50_000  # characters of a text that are read: what stands behind them is neither quoted nor compared


@dataclass(frozen=True, slots=True)
class Quote:
    """Sentences of an article that a rule matched, in pieces: a text, and whether the rule asks for it."""

    article: int
    passages: tuple[tuple[tuple[str, bool], ...], ...]


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit changed. `title` and `text` are empty where they say the same; both are where the wording
    before is gone (`is_known` False), or where what changed stands further behind than is compared."""

    after: Member
    is_known: bool
    title: tuple[Piece, ...] = ()
    text: tuple[Piece, ...] = ()


def quotes_of(store: StoryStore, rules: Sequence[StoryRule]) -> Mapping[str, Quote]:
    """The sentences of the first match of each of the first 20 rules; none for one whose text is gone."""
    asked = {one.first.id: one.first.rule for one in rules[:MOST_QUOTED]}
    found = {}
    for id_, quoted in store.quoted(asked, _BEGINNING).items():
        passages = passages_among(quoted.texts, quoted.spans, asked[id_], quoted.article)
        if passages:
            found[asked[id_]] = Quote(quoted.article, tuple(pieces(one) for one in passages))
    return found


def edits_of(store: StoryStore, story: str, before: int | None, limit: int) -> Sequence[Edited]:
    """What the newest edits of a story's articles changed, with ids below `before`."""
    edits = store.edits(story, before=before, limit=limit)
    ids = {one.after.id for one in edits} | {one.before for one in edits if one.before is not None}
    openings = store.openings(ids, _BEGINNING)
    return [_edited(one, openings) for one in edits]


def edited_json(edited: Edited) -> dict[str, Any]:
    """What an edit changed, with stable keys."""
    after = edited.after
    return {
        "article": after.id,
        "title": after.title,
        "url": after.url,
        "publisher": after.publisher,
        "feed": after.feed,
        "first_seen": after.first_seen.isoformat(),
        "known": edited.is_known,
        "title_changed": [_piece_json(one) for one in edited.title],
        "text_changed": [_piece_json(one) for one in edited.text],
    }


def _piece_json(piece: Piece) -> dict[str, str]:
    return {"change": piece.change.value, "text": piece.text}


def _edited(edit: Edit, openings: Mapping[int, tuple[str, str]]) -> Edited:
    earlier = openings.get(edit.before or 0)
    later = openings.get(edit.after.id)
    # A text that was dropped is "": it did not say nothing.
    if earlier is None or later is None or bool(earlier[1]) != bool(later[1]):
        return Edited(edit.after, is_known=False)
    (old_title, old_text), (title, text) = earlier, later
    return Edited(edit.after, True, changed_words(old_title, title), changed_words(old_text, text))
