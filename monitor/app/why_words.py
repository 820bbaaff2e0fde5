"""The answer of `monitor why` in words: lines of text for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from monitor.app.counting import counted
from monitor.app.left_out import LeftOut
from monitor.app.stories import OwnerOf, counts_of, host_or_name
from monitor.app.stories_words import publishers_of
from monitor.app.story_words import copy_reason
from monitor.app.times import shown_time
from monitor.app.why import Why
from monitor.app.why_answers import RuleAnswer
from monitor.app.why_fetched import page_lines
from monitor.app.why_page import reread_words
from monitor.app.why_sent import sent_lines
from monitor.core.text.columns import COLUMNS, cut_to, display_width, wrap
from monitor.core.text.tokens import MAX_TOKENS
from monitor.model.article import Article, DuplicateReason, Quality
from monitor.model.entry import NEVER_READ, Fate
from monitor.model.feed import FeedOrigin, FeedStatus
from monitor.model.ledger import EntryFate
from monitor.model.retention import GoneReason

_BESIDE = " " * 14  # as wide as a label
_IDS = 20  # of a kind; --json has all
_MEMBERS = 5  # other articles of the story that are named

_QUALITY = {
    Quality.FULL: "full text of the page",
    Quality.FEED: "the feed's own text",
    Quality.TITLE: "title only",
    Quality.STUB: "the feed's own text (the page gave none)",
}

_DROPPED = {
    GoneReason.RETENTION: "older than the retention time: dropped",
    GoneReason.NOT_KEPT: "not kept (store_full_text = false): dropped",
    GoneReason.FORGOTTEN: "removed by monitor forget",
}


def why_lines(answer: Why, *, limit: int = 20, owner_of: OwnerOf = host_or_name) -> list[str]:
    """The answer as lines of text; at most `limit` rules that did not match are listed per entry.

    Publishers of the story are counted by `owner_of`.
    """
    if not answer.fates:
        return _never_seen(answer)
    lines: list[str] = []
    for fate, answers in answer.fates:
        lines += ["", *_entry_lines(fate), *_article_lines(fate, answer.left_out.get(fate.row, ()), owner_of)]
        lines += [*_not_read_lines(fate, answer), *_rule_lines(answers, limit), *sent_lines(fate, answer.standing)]
        lines += ["", f"In the log    {_ids(fate)}"]
    return lines[1:]


def laid_out(lines: Iterable[str]) -> Iterator[str]:
    """The lines at 80 columns: what is longer goes on below its beginning, beside the label."""
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if display_width(line) <= COLUMNS:
            yield line
        elif indent in (0, len(_BESIDE)) and line[len(_BESIDE) - 1] == " ":
            yield from wrap(line[len(_BESIDE) :], line[: len(_BESIDE)], then=_BESIDE)
        else:
            yield from wrap(line, " " * indent, then=" " * (indent + 2))


def _never_seen(answer: Why) -> list[str]:
    lines = [f"{answer.url} was never seen in a feed."]
    for feed in answer.covering:
        if feed.status is FeedStatus.REMOVED:
            lines.append(f"  {feed.name} was on its site until it was removed: monitor feeds add {feed.url}")
            continue
        polled = f"last polled {shown_time(feed.last_polled_at)}" if feed.last_polled_at else "never polled"
        trouble = f", failing: {feed.last_error}" if feed.failures else ""
        match feed.status:
            case FeedStatus.GONE:
                then = "polled no more: it is gone (410)"
            case FeedStatus.PAUSED:
                then = "paused: not polled until somebody resumes it"
            case _:
                then = f"next {shown_time(feed.next_poll_at)}"
        lines.append(f"  {feed.name} covers its host: {polled}{trouble}, {then}")
        if feed.may_have_lost_at is not None:
            when = shown_time(feed.may_have_lost_at)
            lines.append(f"    it may have lost entries before {when}: monitor feeds health")
    if not answer.covering:
        lines.append("  No feed of yours is on its host.")
    if answer.page is not None:
        return [*lines, "", *page_lines(answer.page)]
    if answer.url.startswith(("https://", "http://")):
        lines.append(f"  Which rules would match its page: monitor why {answer.url} --fetch")
    return lines


def _not_read_lines(fate: EntryFate, answer: Why) -> list[str]:
    """What can be said although no rule read it, or nobody knows any more which did."""
    if fate.row in answer.lost_rules:
        return ["Rules         those that read it were not kept: what they did not match cannot be said"]
    if fate.entry.fate not in NEVER_READ:
        return []
    rules = answer.in_its_words.get(fate.row, ())
    would = f"; {', '.join(rules)} would match the feed's words" if rules else ""
    return [f"Rules         none read it{would}"]


def _ids(fate: EntryFate) -> str:
    """What the log calls it, and what came of it: see `app.reports`."""
    article = fate.article
    deliveries = {one.id for match in fate.matches for went in match.routings for one in went.deliveries}
    ids = {
        "entry": [fate.row],
        "article": [] if article is None else [article.id],
        "match": [one.match.id for one in fate.matches],
        "delivery": sorted(deliveries),
    }
    return ", ".join(f"{name} {', '.join(map(str, some[:_IDS]))}" for name, some in ids.items() if some)


def _entry_lines(fate: EntryFate) -> list[str]:
    parsed = fate.entry.parsed
    after = ""
    if parsed.published is not None:
        after = f", published {shown_time(parsed.published)}"
    ingested = fate.feed.settings.origin is FeedOrigin.INGEST
    where = f"ingested, from {fate.feed.name}" if ingested else f"in feed {fate.feed.name}"
    where += ", pushed by its hub" if fate.pushed else ""
    lines = [f"First seen    {shown_time(fate.first_seen)} {where}{after}"]
    if fate.found_again:
        lines.append("Revision      of the same entry: its page gave its text when it was asked again")
    elif is_revision(fate):
        lines.append("Revision      of an entry seen before, with other words")
    match fate.entry.fate:
        case Fate.SEEN_AT_SUBSCRIBE:
            age = "older than the subscription" if parsed.published or parsed.updated else "undated"
            lines.append(f"Fate          there before you subscribed ({age}): stored, not alerted (see backfill)")
        case Fate.TOO_OLD:
            lines.append("Fate          too old: published before max_entry_age, stored and counted, not alerted")
        case Fate.OLDER_PAGE:
            lines.append("Fate          on an older page of the feed, read for what may have been lost, and")
            lines.append("              published before the last reading: stored, not alerted")
        case Fate.WAITING:
            lines.append("Fate          waits to be read")
        case Fate.FORGOTTEN:
            lines.append("Fate          its words were removed by hand before any rule read them")
        case Fate.READ:
            pass
    if fate.reread is not None:
        lines.append(f"Page          {reread_words(fate.reread)}")
    if fate.text_gone is not None:
        lines.append(f"Text          {_DROPPED[fate.text_gone.reason]} {shown_time(fate.text_gone.at)}")
    return lines


def is_revision(fate: EntryFate) -> bool:
    """Whether it revises an entry, also one that is no longer kept."""
    copy = fate.article.duplicate_reason if fate.article is not None else None
    return fate.entry.revision_of is not None or copy is DuplicateReason.REVISION


def _article_lines(fate: EntryFate, left_out: Sequence[LeftOut], owner_of: OwnerOf) -> list[str]:
    article = fate.article
    if article is None:
        return []
    words = counted(len(article.text.split()), "word") if article.text_gone is None else "text dropped"
    language = f", {_language(article)}" if article.language else ""
    lines = [
        f'Article       "{article.title}"',
        f"              {article.publisher}, {_QUALITY[article.quality]}, {words}{language}",
    ]
    if len(article.text.split()) > MAX_TOKENS:
        lines.append(f"              the rules read its first {MAX_TOKENS:,} words")
    about = [("section", article.section), ("by", ", ".join(article.authors))]
    if any(said for _, said in about):
        lines.append(f"              {'; '.join(f'{what} {said}' for what, said in about if said)}")
    if article.note and (fate.reread is None or fate.reread.why != article.note):
        lines.append(f"              {article.note}")
    lines += _left_out_lines(left_out)
    if article.named:
        names = dict.fromkeys(mention.name for mention in article.named)
        lines.append(f"Names         {', '.join(list(names)[:12])}")
    lines += _copy_lines(fate, article, owner_of)
    if article.ruleset is None and article.text_gone is not None:
        lines.append("Rules         none has read it: its text was removed by hand before")
    elif article.ruleset is None:
        trouble = f"; tried again after: {article.stage_error}" if article.stage_error else ""
        lines.append(f"Rules         not matched yet{trouble}")
    return lines


def _left_out_lines(left_out: Sequence[LeftOut]) -> list[str]:
    lines = []
    for one in left_out:
        lines.append(f"              left out {counted(one.words, 'word')}: {one.why}")
        if one.rules:
            lines.append(f"              {', '.join(one.rules)} would match in the part left out ({one.why})")
    return lines


def _copy_lines(fate: EntryFate, article: Article, owner_of: OwnerOf) -> list[str]:
    alone = f", as it could not be compared: {article.duplicate_why}" if article.duplicate_why else ""
    lines = [f"Duplicate     no{alone}"]
    if article.duplicate_reason is not None:
        revision = article.duplicate_reason is DuplicateReason.REVISION
        reason = "revision" if revision else copy_reason(article.duplicate_reason, article.duplicate_why)
        of = fate.original.url if fate.original is not None else "an article that is no longer kept"
        lines = [f"Duplicate     of {of} ({reason})"]
    if article.story_id is None:
        return lines
    counts = counts_of(fate.story, owner_of)
    of_them = f" of {publishers_of(counts)}" if counts.articles > 1 else ""
    lines.append(f"Story         {article.story_id}, {counted(counts.articles, 'article')}{of_them}")
    others = [one for one in fate.story if one.url != article.url and not one.is_revision]
    lines += [cut_to(f'              {one.publisher}: "{one.title}"', COLUMNS) for one in others[:_MEMBERS]]
    if len(others) > _MEMBERS:
        lines.append(f"              and {len(others) - _MEMBERS} more: monitor stories show {article.story_id}")
    return lines


def _language(article: Article) -> str:
    """ "ur (0.99)" as detected, with its confidence; "ur (as stated)" where detection could not tell."""
    sure = article.language_confidence
    return f"{article.language} ({'as stated' if sure is None else f'{sure:.2f}'})"


def _rule_lines(answers: Sequence[RuleAnswer], limit: int) -> list[str]:
    lines: list[str] = [""] if answers else []
    nos = 0
    lost = [answer for answer in answers if answer.lost]
    together = len(lost) > 1  # one line for all: they would say the same
    for answer in answers:
        if answer.lost and together:
            continue
        if not answer.matched:
            nos += 1
            if nos > limit:
                continue
        lines += _answer_lines(answer)
    if nos > limit:
        lines.append(f"              … and {nos - limit} more rules that do not match (--rule ID asks for one)")
    if together:
        lines.append(f"no match      {len(lost):,} further rules: {lost[0].because}")
    return lines


def _answer_lines(answer: RuleAnswer) -> list[str]:
    verdict = "match   " if answer.matched else "no match" if answer.there else "not read"
    called = f", called {answer.called} then" if answer.called else ""
    lines = [f"{verdict}      {answer.rule}{called}: {answer.because}"]
    lines += [f"              {where}" for where in answer.then]
    if answer.matched:
        analyser = f", analyser {answer.analyser_version}" if answer.analyser_version else ""
        now = f"; {answer.now}" if answer.now else ""
        lines.append(f"              rule version {answer.version}{analyser}{now}")
    elif answer.now:
        lines.append(f"              {answer.now}")
    return lines
