"""What is told of a story that a digest knows: the table of reasons, and what they are judged by.

A pending match is told for the first reason of this table that holds, else it is merged; "told" are the matches of
the digest that were planned and whose articles stand in the match's story now.

| reason | holds when |
|---|---|
| (merged) before_subscription | an edit of what no rule ever read: it matched in the same sentences then |
| new_story | nothing of the story was told |
| new_rule | the story was told, not for this rule |
| corrected | the title says CORRECTED or RETRACTED; none that was told for the rule is the same |
| new_names | a matched name that the rule was not told with on this story |
| possible_distinct | the title is like a told one but for its ordinals: 12th, 13th |
| (merged) earlier_wording | an edit; the wording before matched in the same sentences, and those were told |
| changed_sentence | a revision, a near-copy, or another text of a told address; a matched sentence was not told |
| changed_number | a number in the matched sentences that was not told |
| holds_again | an edit whose earlier wording the rule did not match |
| other_day | told sentences in the text of a told one, later than any two copies may be apart |
| repeat | `repeat_after` since the rule last told the story; never for a copy without a new matched sentence |
| loosely_alike | the likeness to all that was told for the rule is under .6, so the story may be two |
| new_publishers | 3 independent publishers more than when the story was last told; never for such a copy |
| every_update | `updates = "all"`; never for such a copy |

`updates = "none"` ends the reasons that tell the same news again in more words: corrected, changed_sentence,
changed_number, new_publishers. The others may be other news: they are told under every setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from monitor.core.stories.duplicates import copied_apart
from monitor.core.stories.figures import figures_of, value_of
from monitor.core.stories.identity import title_likeness
from monitor.core.stories.revisions import correction_in
from monitor.core.stories.wire import after_dateline
from monitor.core.text.sentences import sentences_of
from monitor.core.text.words import fold_words, hash_words
from monitor.model.article import DuplicateReason
from monitor.model.digest import DigestSettings
from monitor.model.ledger import StoredMatch
from monitor.model.rule import Explanation, Match
from monitor.model.telling import Earlier, Material, Merged, ToldMatch, Updates, Verdict

MORE_PUBLISHERS = 3
AT_ONCE = frozenset(
    {Material.NEW_STORY_FOR_RULE, Material.NEW_RULE, Material.NEW_NAMES, Material.POSSIBLE_DISTINCT}
)
"""Reasons that may be other news altogether: an immediate digest does not let them wait for a follow-up's turn."""

_MOST_SENTENCES = 200  # a match has at most so many spans
_MOST_FIGURES = 60
_LONGEST_READ = 50_000  # characters in which a matched word is looked for in lower case
_POSSESSIVE = re.compile(r"['’]s\Z")
_WORD = re.compile(r"\w+")
# Most labelled reports are more like an earlier one of their event, and all wrong joins less: decision 0051.
_ALIKE = 0.6
_SAME_NEWS = frozenset(
    {
        Material.CORRECTED,
        Material.CHANGED_SENTENCE,
        Material.CHANGED_NUMBER,
        Material.NEW_PUBLISHERS,
        Material.EVERY_UPDATE,
    }
)
_EDITS = (DuplicateReason.REVISION, DuplicateReason.SAME_URL)
_COPIES = (DuplicateReason.SAME_CONTENT, DuplicateReason.NEAR_DUPLICATE)
_ORDINAL = re.compile(
    r"\b(\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth)\b",
    re.IGNORECASE,
)
_SMALL_WORDS = (
    "a after an and are as at before but by during for from had has have he in is it of on or she that the they to"
    " was were when where which while who will with"
)
_NO_THINGS = frozenset(_SMALL_WORDS.split())
_LIKE_TITLE = 0.6  # the near-duplicate rule of the stories design


@dataclass(frozen=True, slots=True)
class Facts:
    """What a match stands on: hashes of its sentences, also without datelines, and of its names; its numbers."""

    sentences: tuple[str, ...]
    names: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()


def facts_of(match: Match, title: str, body: str, summary: str) -> Facts:
    """The facts of a match, each list sorted; equal words give equal hashes whatever the markup."""
    texts = {"title": title, "body": body, "summary": summary}
    places = _places(match, texts)
    folded = {hash_words(words) for sentence in places if (words := fold_words(sentence))}
    figures = {figure for sentence in places for figure in figures_of(sentence)}
    names = {hash_words(name)[:16] for name in _names(match, texts)}
    bare = {hash_words(words) for sentence in places if (words := fold_words(after_dateline(sentence)))}
    return Facts(
        tuple(sorted(folded)), tuple(sorted(names)), tuple(sorted(figures)[:_MOST_FIGURES]), tuple(sorted(bare))
    )


def matched_sentences(match: Match, title: str, body: str, summary: str) -> tuple[str, ...]:
    """The sentences of `facts_of` alone."""
    texts = {"title": title, "body": body, "summary": summary}
    return tuple(sorted({hash_words(words) for one in _places(match, texts) if (words := fold_words(one))}))


def _places(match: Match, texts: dict[str, str]) -> set[str]:
    """The sentences that hold the matched words."""
    spans = [span for span in match.spans[:_MOST_SENTENCES] if span.field in texts]
    # Found once per text, and each sentence folded once: a text of 160,000 characters may hold 200 spans.
    split = {field: sentences_of(texts[field]) for field in {span.field for span in spans}}
    places = {(span.field, *split[span.field].around(span.start, span.end)) for span in spans}
    return {texts[field][start:end] for field, start, end in places}


def _names(match: Match, texts: dict[str, str]) -> Iterator[list[str]]:
    """Matched entities by their id, and other matched words that are written as names.

    A word is one if it is capitalised, or of a script without capitals, and the article has it nowhere in lower
    case. In doubt a word counts: a rule has few words, and each is news once.
    """
    surfaces = {words: entity for entity, words in _entities(match.explanation)}
    of_entity: dict[str, str] = {words[-1]: entity for words, entity in surfaces.items()}
    lower: set[str] | None = None
    for span in match.spans[:_MOST_SENTENCES]:
        if span.field not in texts:
            continue
        written = _WORD.findall(_POSSESSIVE.sub("", span.text))
        folded = tuple(word for one in written for word in fold_words(one))
        if folded and (entity := surfaces.get(folded) or of_entity.get(folded[-1])):
            yield ["@", entity]
            continue
        capitals = [one for one in written if one[0].isalpha() and not one[0].islower()]
        if capitals and lower is None:
            read = " ".join(texts.values())[:_LONGEST_READ]
            lower = {word for word in _WORD.findall(read) if word.islower()}
        name = [one for one in capitals if not one[0].isupper() or one.lower() not in (lower or ())]
        if name:
            yield [word for one in name for word in fold_words(one)]


def _entities(one: Explanation) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The entities of an explanation with the words they were found by."""
    if one.node.startswith("@"):
        for span in one.spans:
            if words := tuple(fold_words(_POSSESSIVE.sub("", span.text))):
                yield one.node[1:], words
    for child in one.children:
        yield from _entities(child)


@dataclass(frozen=True, slots=True)
class Wording:
    """What an edit replaces: the title, matched sentences by rule, and the rules of which nobody was ever to hear.

    `silent` is what it was to a rule that did not match it; None where it was no article.
    """

    title: str
    sentences: Mapping[str, Set[str]]
    unheard: Set[str]
    silent: Earlier | None


def compare(rule: str, sentences: Set[str], title: str, wording: Wording | None) -> tuple[bool, Earlier | None]:
    """Whether the match of an edit says more than its earlier wording, and what that wording was to it."""
    if wording is None:
        return True, None
    before = wording.sentences.get(rule)
    if before is None:
        return True, wording.silent
    if sentences <= before and not correction_in(wording.title, title):
        return False, Earlier.UNHEARD if rule in wording.unheard else None
    return True, None


def judge(
    match: StoredMatch,
    told: Sequence[ToldMatch],
    settings: DigestSettings,
    more_publishers: Callable[[], int],
    likeness: Callable[[], float | None],
    now: datetime,
) -> Verdict:
    """Whether a pending match is told, and why: the table above.

    `told` is what the digest has told of the match's story; `more_publishers` says how many independent
    publishers the story has now and had not when it was last told, `likeness` how like the article is to what was
    told for the rule (None: nobody knows any more).
    """
    if match.new.earlier is Earlier.UNHEARD:
        return Verdict(Merged.BEFORE_SUBSCRIPTION)
    if not told:
        return Verdict(Material.NEW_STORY_FOR_RULE)
    known = [one for one in told if one.rule == match.new.rule.id]
    if not known:
        return Verdict(Material.NEW_RULE)
    found = (
        _other_news(match, known)
        or _new_words(match, known)
        or _again(match, known, settings, more_publishers, likeness, now)
    )
    if settings.updates is Updates.NONE and found.why in _SAME_NEWS:
        return Verdict(Merged.UPDATES_OFF)
    return found


def _other_news(match: StoredMatch, known: Sequence[ToldMatch]) -> Verdict | None:
    article, new = match.article, match.new
    title = fold_words(article.title)
    if correction_in("", article.title) and all(fold_words(one.title) != title for one in known):
        return Verdict(Material.CORRECTED, "corrected or withdrawn")
    if not new.news and set(new.sentences) <= {sentence for one in known for sentence in one.sentences}:
        return Verdict(Merged.EARLIER_WORDING)
    if set(new.names) - {name for one in known for name in one.names}:
        return Verdict(Material.NEW_NAMES, "another name in the match")
    if _possibly_distinct(article.title, [one.title for one in known]):
        return Verdict(Material.POSSIBLE_DISTINCT, "may be another event: the ordinals differ")
    return None


def _new_words(match: StoredMatch, known: Sequence[ToldMatch]) -> Verdict | None:
    """What a match with a sentence that was not told says that is new."""
    article, new = match.article, match.new
    if set(new.sentences) <= {sentence for one in known for sentence in one.sentences}:
        return None
    here = bool(article.url_key) and any(one.url_key == article.url_key for one in known)
    numbers = changed_numbers(new.figures, [figure for one in known for figure in one.figures])
    # A mere edit elsewhere is no new sentence, though its own was not told: another text's was.
    if new.news and (article.duplicate_reason in _EDITS or here):
        return Verdict(Material.CHANGED_SENTENCE, numbers or "new matched sentence")
    if numbers:
        return Verdict(Material.CHANGED_NUMBER, numbers)
    if not new.news:
        return Verdict(Merged.EARLIER_WORDING)
    if article.duplicate_reason is DuplicateReason.NEAR_DUPLICATE and set(new.bare) - {
        sentence for one in known for sentence in one.bare
    }:
        return Verdict(Material.CHANGED_SENTENCE, "new matched sentence")
    return None


def _again(
    match: StoredMatch,
    known: Sequence[ToldMatch],
    settings: DigestSettings,
    more_publishers: Callable[[], int],
    likeness: Callable[[], float | None],
    now: datetime,
) -> Verdict:
    """Whether what was told is told again."""
    article, new = match.article, match.new
    same_sentences = set(new.sentences) <= {sentence for one in known for sentence in one.sentences}
    here = bool(article.url_key) and any(one.url_key == article.url_key for one in known)
    if new.earlier is Earlier.SILENT or (new.earlier is Earlier.LESS and here):
        return Verdict(Material.HOLDS_AGAIN, "holds again")
    if same_sentences and article.duplicate_reason in (*_COPIES, DuplicateReason.SAME_URL):
        return Verdict(Material.OTHER_DAY, "said anew") if _is_anew(match, known) else Verdict(Merged.COPY)
    # A time ahead of now was taken from a clock that was set since.
    if abs(now - max(one.at for one in known)) > settings.repeat_after:
        return Verdict(Material.REPEAT, "still so")
    if (alike := likeness()) is not None and alike < _ALIKE:
        return Verdict(Material.LOOSELY_ALIKE, "may be another event")
    if (more := more_publishers()) >= MORE_PUBLISHERS:
        return Verdict(Material.NEW_PUBLISHERS, f"{more:,} more publishers")
    if settings.updates is Updates.ALL:
        return Verdict(Material.EVERY_UPDATE)
    return Verdict(Merged.SAME_SENTENCES if same_sentences else Merged.NOTHING_NEW)


def _is_anew(match: StoredMatch, known: Sequence[ToldMatch]) -> bool:
    """Whether a copy is none of anything told: copies of copies may reach from one day into the next."""
    article = match.article
    told = [one for one in known if not set(one.sentences).isdisjoint(match.new.sentences)]
    return all(copied_apart(article, one) for one in told or known)


def changed_numbers(new: Collection[str], told: Collection[str]) -> str:
    """The numbers that were not told, as an update says them: "41 → 45 people", "6000 trucks"; "" for none.

    Of several that were told of one thing ("38 people", "41 people") the greatest stands for them.
    """
    values = {value_of(one) for one in told}
    fresh: dict[str, str] = {}  # each number once, with the thing it counts where one is named
    for one in sorted(new, key=lambda one: (not _noun(one), one)):
        if value_of(one) not in values:
            fresh.setdefault(value_of(one), _noun(one))
    said = []
    for value, noun in list(fresh.items())[:2]:
        before = [value_of(one) for one in told if noun and _noun(one) == noun]
        greatest = max(before, key=lambda one: (len(one.partition(".")[0]), one), default="")
        said.append(f"{greatest} → {value} {noun}" if greatest else f"{value} {noun}".strip())
    return ", ".join(said)


def _noun(figure: str) -> str:
    """What a number counts; "" where the word behind it is no thing ("rose to 45 on Friday")."""
    noun = figure.partition(" ")[2]
    return "" if noun in _NO_THINGS else noun


def _possibly_distinct(title: str, told: Sequence[str]) -> bool:
    ordinals = _ordinals(title)
    if not ordinals:
        return False
    others = [(_ordinals(one), title_likeness(_ORDINAL.sub(" ", title), _ORDINAL.sub(" ", one))) for one in told]
    alike = [theirs for theirs, likeness in others if theirs and likeness >= _LIKE_TITLE]
    return bool(alike) and ordinals not in alike


def _ordinals(title: str) -> frozenset[str]:
    return frozenset(found.casefold() for found in _ORDINAL.findall(title))
