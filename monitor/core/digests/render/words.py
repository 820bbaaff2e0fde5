"""The words that all formats share: times, counts, subjects, coverage, the tier of a story."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from monitor.core.digests.passages import one_line, printable
from monitor.model.article import EntityMention
from monitor.model.digest import ArticleLink, Badge, CatchUp, Digest, DigestStory, Links, Passage, RuleHit
from monitor.model.rule import Severity

LONGEST_SUBJECT = 120
LONGEST_TITLE = 240
LONGEST_URL = 2000  # longer ones open in no common browser or mail program
MOST_CARDS = 3
MANY_STORIES = 12  # beyond that a digest is read by skimming: cards for the first few, two lines for the rest
MOST_LINKS = 5
MOST_NEWS = 3  # articles that an update names
STORIES_A_PART = 200
MOST_FAILING = 12
MOST_SILENCES = 3
WHY_COMMAND = "monitor why URL"

NO_LINKS = Links()

_NAME = re.compile(r"s_[0-9a-f]{1,16}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

BADGES = {
    Badge.UPDATED: "UPDATED",
    Badge.CORRECTED: "CORRECTED",
    Badge.LATE: "LATE",
    Badge.TITLE_ONLY: "TITLE ONLY",
    Badge.OLD: "OLD",
    Badge.BEFORE_SUBSCRIBED: "BEFORE YOU SUBSCRIBED",
}


class Tier(StrEnum):
    """How much room a story is given (delivery design).

    High = card, normal = two lines, low or sent to this recipient before = one line.
    """

    CARD = "card"
    FULL = "full"  # headline, publishers and the quote
    SHORT = "short"  # the same in two lines, where there are many stories
    LINE = "line"


def tiers(digest: Digest) -> tuple[tuple[Tier, DigestStory], ...]:
    """Each story with its tier, in the digest's order. Beyond `max_stories` everything is one line."""
    many = len(digest.stories) > MANY_STORIES
    given: list[tuple[Tier, DigestStory]] = []
    for number, story in enumerate(digest.stories):
        known = story.sent_before is not None and not story.sent_before.in_full
        if known or number >= digest.max_stories or story.severity is Severity.LOW:
            tier = Tier.LINE
        elif story.severity is Severity.HIGH and (not many or number < MOST_CARDS):
            tier = Tier.CARD
        else:
            tier = Tier.SHORT if many else Tier.FULL
        given.append((tier, story))
    return tuple(given)


def marks_of(story: DigestStory) -> list[str]:
    """What marks a story, in words: its severity where it is high, and its badges."""
    return ["HIGH"] * (story.severity is Severity.HIGH) + [BADGES[badge] for badge in story.badges]


def cut(text: str, longest: int) -> str:
    """The text on one safe line of at most `longest` characters, cut at a word with "…"."""
    text = one_line(text)
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    head, space, _ = kept.rpartition(" ")
    return (head if space and len(head) > longest // 2 else kept).rstrip(" ,;:·") + "…"


def count(number: int, thing: str, things: str | None = None) -> str:
    """ "1 story", "3 stories" """
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def city(timezone: str) -> str:
    """The city of an IANA zone name: "Asia/Kabul" → "Kabul"."""
    return timezone.rsplit("/", 1)[-1].replace("_", " ")


class Times:
    """Writes moments as people of the digest's zone read them, short where the day is the digest's own."""

    def __init__(self, digest: Digest) -> None:
        self._zone = ZoneInfo(digest.timezone)
        self._today = moment_of(digest).astimezone(self._zone)
        self._city = city(digest.timezone)

    def full(self, moment: datetime) -> str:
        """ "Thu 23 Feb 2023, 08:00 Kabul" """
        return f"{moment_words(moment.astimezone(self._zone))} {self._city}"

    def short(self, moment: datetime) -> str:
        """ "08:00" on the day of the digest, "yesterday 08:00", else "Mon 20 Feb, 08:00", or with its year."""
        local = moment.astimezone(self._zone)
        days = (self._today.date() - local.date()).days
        if days in (0, 1):
            return f"{'yesterday ' * days}{_hour(local)}"
        year = "" if local.year == self._today.year else f" {local.year}"
        return f"{_day(local)}{year}, {_hour(local)}"

    def hour(self, moment: datetime) -> str:
        """ "06:41" """
        return _hour(moment.astimezone(self._zone))


def _hour(local: datetime) -> str:
    return f"{local.hour:02}:{local.minute:02}"


def _day(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]}"


def moment_words(local: datetime) -> str:
    """ "Thu 23 Feb 2023, 08:00" """
    return f"{_day(local)} {local.year}, {_hour(local)}"


def moment_of(digest: Digest) -> datetime:
    """The time the digest speaks of: its window's end; for an immediate one when its story last changed."""
    if _is_alert(digest):
        return max(story.last_updated for story in digest.stories).astimezone(UTC)
    return digest.window.end.astimezone(UTC)


def subject_of(digest: Digest, title: str, *, part: int = 1, parts: int = 1) -> str:
    """The news in one line: `Border morning: Torkham closed (3), 6,000 trucks + 38 more` (delivery design)."""
    mark = f" ({part} of {parts})" if parts > 1 else ""
    if _is_alert(digest):
        return _alert(digest, LONGEST_SUBJECT - len(mark)) + mark
    head = f"{cut(title, 40)}{_why_now(digest)}{mark}: "
    return head + _news(digest, LONGEST_SUBJECT - len(head))


def _is_alert(digest: Digest) -> bool:
    return digest.immediate and bool(digest.stories) and digest.catch_up is None


def _why_now(digest: Digest) -> str:
    if digest.looks_back:
        return ", looking back"
    if digest.catch_up is None:
        return ""
    if digest.catch_up is CatchUp.STORM:
        return f", {len(digest.stories):,} at once"
    return f", held since {Times(digest).short(digest.window.start)}"


def _alert(digest: Digest, room: int) -> str:
    """`HIGH Torkham crossing closed: Dawn, AP +1 · 06:41`"""
    story = digest.stories[0]
    urgent = "HIGH " if story.severity is Severity.HIGH else ""
    more = f" + {len(digest.stories) - 1} more" if len(digest.stories) > 1 else ""
    tail = f" · {Times(digest).hour(moment_of(digest))}{more}"
    names = publishers_line(story, 2, room=40)
    lead = cut(title_of(story), room - len(urgent) - len(names) - len(tail) - 2)
    return f"{urgent}{lead}: {names}{tail}"


def _news(digest: Digest, room: int) -> str:
    """Rule titles in the digest's order with their story counts; a story counts for its first rule.

    What the reader has been told before comes last.
    """
    if not digest.stories:
        return _nothing(digest)
    counts: dict[str, int] = {}
    for story in sorted(digest.stories, key=lambda one: one.sent_before is not None):
        counts[title_of(story)] = counts.get(title_of(story), 0) + 1
    left = len(digest.stories)
    shown = ""
    for name, stories in counts.items():
        left_then = left - stories
        number = f" ({stories:,})" if stories > 1 else ""
        # The first is always there, in the room that a long head leaves.
        longest = 60 if shown else min(60, room - len(number) - len(_more(left_then)))
        item = cut(name, longest) + number
        longer = f"{shown}, {item}" if shown else item
        if shown and len(longer) + len(_more(left_then)) > room:
            break
        shown, left = longer, left_then
    return shown + _more(left)


def _more(left: int) -> str:
    return f" + {left:,} more" if left else ""


def title_of(story: DigestStory) -> str:
    """The title of the rule that the story is shown under; its headline where it has none."""
    return one_line(story.rules[0].title) if story.rules else one_line(story.headline)


def name_of(story: DigestStory) -> str:
    """What `monitor silence add --story` takes: "s_1a"; "" for any that grouping does not give.

    They stand in commands that are copied, so nothing else may.
    """
    return story.id if _NAME.fullmatch(story.id) else ""


def publisher_names(story: DigestStory) -> dict[str, str]:
    """Each publisher by its owner: the first of its names, or its domain where one name stands for several.

    An aggregator's feed gives its own name to pages of many sites.
    """
    named: dict[str, str] = {}
    for article in story.articles:
        owner = article.owner or article.publisher
        if owner not in named:
            named[owner] = cut(article.publisher, 60) or "?"
    if len(named) < 2:
        return named
    shared = {name for name, owners in Counter(named.values()).items() if owners > 1}
    return {owner: cut(_domain(owner), 60) or name if name in shared else name for owner, name in named.items()}


def _domain(owner: str) -> str:
    kind, colon, name = owner.rpartition(":")
    return name if kind == "group" or not colon else ""


def publishers_line(story: DigestStory, most: int, *, room: int = 200) -> str:
    """ "Dawn, AP +1": publishers in order of publication, each by the first of its names."""
    names = list(dict.fromkeys(publisher_names(story).values()))
    shown = ", ".join(names[:most])
    rest = len(names) - most
    return cut(shown, room) + (f" +{rest}" if rest > 0 else "")


def counts_line(story: DigestStory) -> str:
    """ "12 publishers (9 carrying AP) · 14 articles · 8 wire copies · 1 copy" """
    carrying = ", ".join(f"{number:,} carrying {cut(name, 30)}" for name, number in list(story.wire.items())[:2])
    said = [count(story.publishers, "publisher") + (f" ({carrying})" if carrying else "")]
    said.append(count(len(story.articles), "article"))
    for carried, name in ((True, "wire copy"), (False, "copy")):
        copies = sum(article.copy and bool(article.wire) is carried for article in story.articles)
        said += [count(copies, name, f"{name[:-1]}ies")] if copies else []
    return " · ".join(said)


def update_line(story: DigestStory) -> str:
    """ "update: 41 → 45 people"; "" for a story that is told for the first time."""
    return f"update: {cut(story.update, 160)}" if story.update else ""


def news_of(story: DigestStory) -> tuple[ArticleLink, ...]:
    """Of a story told before, the articles that are told now; not the one that speaks for the story."""
    if Badge.UPDATED not in story.badges:
        return ()
    by_id = {article.id: article for article in story.articles}
    found = [by_id[one] for one in story.told if one in by_id and by_id[one].url != story.url]
    return tuple(found[:MOST_NEWS])


def held_line(digest: Digest) -> str:
    """Says how many stories were held back for want of publishers; "" for none."""
    if not digest.held_back:
        return ""
    stories = count(digest.held_back, "story", "stories")
    return f"Held back: {stories} with fewer than {count(digest.min_publishers, 'independent publisher')}"


def silenced_line(digest: Digest) -> str:
    """ "3 stories silenced: 2 wait until 08:00 (planned works), 1 discarded (noise)"; "" for none."""
    if not digest.silenced:
        return ""
    times = Times(digest)
    said = []
    for one in digest.silenced[:MOST_SILENCES]:
        held = [f"{one.held:,} wait until {times.short(one.until)}"] if one.held else []
        discarded = [f"{one.discarded:,} discarded"] if one.discarded else []
        said.append(f"{' and '.join(held + discarded)} ({cut(one.reason, 60)})")
    rest = digest.silenced[MOST_SILENCES:]
    if rest:
        said.append(f"{sum(one.held + one.discarded for one in rest):,} by {count(len(rest), 'other silence')}")
    stories = sum(one.held + one.discarded for one in digest.silenced)
    return f"{count(stories, 'story', 'stories')} silenced: {', '.join(said)}"


def seen_line(story: DigestStory, times: Times) -> str:
    """ "first seen 17:42, last updated 19:04" """
    first, last = times.short(story.first_seen), times.short(story.last_updated)
    if first == last:
        return f"first seen {first}"
    day, _, hour = last.rpartition(" ")
    return f"first seen {first}, last updated {hour if first.startswith(day) else last}"


def summary_line(digest: Digest) -> str:
    """ "3 stories from 8 articles", or "nothing matched" """
    if not digest.stories:
        return _nothing(digest)
    articles = sum(len(story.articles) for story in digest.stories)
    return f"{count(len(digest.stories), 'story', 'stories')} from {count(articles, 'article')}"


def _nothing(digest: Digest) -> str:
    if digest.left_out:
        verb = "was" if digest.left_out == 1 else "were"
        return f"nothing new: {count(digest.left_out, 'story', 'stories')} {verb} alerted before"
    return "nothing to tell" if digest.held_back or digest.silenced else "nothing matched"


def coverage_line(digest: Digest) -> str:
    """ "212 feeds checked, 3 failing" """
    coverage = digest.coverage
    said = f"{count(coverage.feeds, 'feed')} checked"
    if coverage.failing:
        said += f", {coverage.failing:,} failing"
    if coverage.late:
        said += f", {coverage.late:,} late"
    if coverage.may_have_lost:
        said += f", {coverage.may_have_lost:,} may have lost entries"
    return said


def failing_names(digest: Digest) -> str:
    """The failing feeds by name, the first dozen."""
    names = [cut(name, 60) for name in digest.coverage.failing_names]
    rest = len(names) - MOST_FAILING
    return ", ".join(names[:MOST_FAILING]) + (f" and {rest:,} more" if rest > 0 else "")


def notice_line(times: Times, digest: Digest) -> str:
    """Says that a digest comes late, or looks back; "" for one that does neither."""
    if digest.looks_back:
        return "LOOKING BACK: found by a backtest among stored articles"
    return f"LATE: was due {times.short(digest.window.end)}; the monitor was not running" if digest.late else ""


def part_line(part: int, parts: int) -> str:
    """ "part 1 of 2"; "" for a whole."""
    return f"part {part} of {parts}" if parts > 1 else ""


def why_line(hit: RuleHit) -> str:
    """Why a rule holds: its explanation, or its query where there is none."""
    return cut(hit.because or hit.query, 160)


def entities_line(entities: Sequence[EntityMention]) -> str:
    """The names found, each once."""
    return ", ".join(dict.fromkeys(cut(entity.name, 60) for entity in entities))


def links_of(story: DigestStory) -> tuple[ArticleLink, ...]:
    """Up to five articles with distinct publishers, the one that speaks for the story first."""
    ordered = sorted(story.articles, key=lambda a: a.url != story.url)
    by_publisher: dict[str, ArticleLink] = {}
    for article in ordered:
        owner = article.owner or article.publisher
        if owner not in by_publisher and web_url(article.url):
            by_publisher[owner] = article
            if len(by_publisher) == MOST_LINKS:
                break
    return tuple(by_publisher.values())


def web_url(url: str) -> str:
    """The address where it may be linked: absolute http(s), of a length that opens, else ""."""
    url = url.strip()
    if len(url) > LONGEST_URL or printable(url) != url or url.split() != [url]:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""


def pieces(passage: Passage, longest: int | None = None) -> tuple[tuple[str, bool], ...]:
    """A passage as (text, matched?) pieces, cut to some `longest` characters around its first match."""
    text, spans = printable(passage.text), passage.spans
    start, end = 0, len(text)
    if longest is not None and end > longest:
        lead = spans[0][0] if spans else 0
        start = max(0, min(lead - longest // 4, end - longest))
        start = text.find(" ", start, lead) + 1 or start if start else 0
        end = min(end, start + longest)
        end = max(text.rfind(" ", start, end), min(lead + 1, end)) if end < len(text) else end
    found: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for a, b in spans:
        a, b = max(a, at), min(b, end)
        if a >= b:
            continue
        found += [(text[at:a], False), (text[a:b], True)]
        at = b
    found += [(text[at:end], False)] + ([("…", False)] if end < len(text) else [])
    return tuple((piece, matched) for piece, matched in found if piece)
