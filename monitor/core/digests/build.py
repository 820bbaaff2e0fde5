"""Matches → Digest: one block per story, whatever the order in which the matches came. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.digests.passages import merge, one_line, passages_of
from monitor.model.article import Article, DuplicateReason, EntityMention, Quality
from monitor.model.digest import (
    ArticleLink,
    Badge,
    Coverage,
    Digest,
    DigestSettings,
    DigestStory,
    Immediate,
    Passage,
    RuleHit,
    Window,
)
from monitor.model.rule import Match, Rule

OLD_AFTER = timedelta(hours=72)  # delivery design, badge OLD
MOST_ENTITIES = 8
MOST_PASSAGES = 4
_FULLNESS = {Quality.FULL: 0, Quality.FEED: 1, Quality.TITLE: 2, Quality.STUB: 3}


@dataclass(frozen=True, slots=True)
class MatchedArticle:
    """A match with all that a digest shows of it; `because` is its explanation on one line."""

    article: Article
    match: Match
    rule: Rule
    matched_at: datetime
    because: str = ""


def build_digest(
    settings: DigestSettings,
    batch: str,
    window: Window,
    matched: Sequence[MatchedArticle],
    story_articles: Mapping[str, Sequence[Article]],
    coverage: Coverage,
    *,
    late: bool,
    subscribed_at: Mapping[int, datetime],
    owner_of: Callable[[str, str], str] = lambda _url, publisher: publisher,
) -> Digest:
    """Gathers matches into a digest, ordered by severity, then newest.

    `story_articles` holds all known articles of each story, matched or not, by story id; `subscribed_at` the
    subscription time of each feed by its id; `owner_of` says whose page an address is, given also the publisher's
    name. The order of the inputs does not change the result.
    """
    by_story: dict[str, list[MatchedArticle]] = {}
    for item in matched:
        by_story.setdefault(story_of(item.article), []).append(item)
    stories = [
        _story(story_id, items, story_articles.get(story_id, ()), subscribed_at, owner_of)
        for story_id, items in by_story.items()
    ]
    stories.sort(key=lambda s: (-s.severity.rank, -s.last_updated.timestamp(), s.id))
    return Digest(
        name=settings.name,
        batch=batch,
        window=window,
        timezone=settings.timezone,
        stories=tuple(stories),
        coverage=coverage,
        late=late,
        immediate=isinstance(settings.schedule, Immediate),
        max_stories=settings.max_stories,
        min_publishers=settings.min_publishers,
    )


def story_of(article: Article) -> str:
    """The id of the article's story; an article that no story has taken yet is one of its own."""
    return article.story_id or f"a_{article.id}"


def _story(
    story_id: str,
    items: Sequence[MatchedArticle],
    members: Sequence[Article],
    subscribed_at: Mapping[int, datetime],
    owner_of: Callable[[str, str], str],
) -> DigestStory:
    articles = {a.id: a for a in (*members, *(i.article for i in items))}
    standing = _as_they_stand(articles.values())
    ranked = sorted(standing, key=_rank)
    lead = ranked[0]
    items = sorted(items, key=_turn)
    quoted = sorted(_newest_wordings(items, standing), key=_turn)
    return DigestStory(
        id=story_id,
        headline=one_line(lead.title) or lead.url or "(no title)",
        url=lead.url,
        articles=tuple(_link(a, owner_of) for a in sorted(ranked, key=lambda a: (_when(a), a.id))),
        rules=_hits(quoted),
        matched=_passages(quoted),
        first_seen=min(a.first_seen for a in articles.values()),
        last_updated=max(a.first_seen for a in articles.values()),
        entities=_entities(i.article for i in quoted),
        badges=_badges([i.article for i in items], subscribed_at),
        told=tuple(dict.fromkeys(i.article.id for i in items)),
    )


def _as_they_stand(articles: Iterable[Article]) -> list[Article]:
    """Each article in its newest wording: a revision stands for what it revises, and is no second article."""
    newest: dict[tuple[int, str], Article] = {}
    for article in sorted(articles, key=lambda a: a.id):
        revised = article.duplicate_reason is DuplicateReason.REVISION
        before = newest.get(_page(article)) if revised else None
        # It is a copy exactly if the article it revises was one.
        newest[_page(article)] = (
            replace(article, duplicate_of=before.duplicate_of if before else None) if revised else article
        )
    return list(newest.values())


def _newest_wordings(items: Sequence[MatchedArticle], standing: Iterable[Article]) -> list[MatchedArticle]:
    """Of each rule on a page the newest wording that it matched: what was corrected since is quoted no more."""
    newest: dict[tuple[tuple[int, str], str], int] = {}
    for item in items:
        key = (_page(item.article), item.rule.id)
        newest[key] = max(newest.get(key, 0), item.article.id)
    as_it_stands = {article.id: article for article in standing}
    return [
        replace(item, article=as_it_stands.get(item.article.id, item.article))
        for item in items
        if newest[_page(item.article), item.rule.id] == item.article.id
    ]


def _page(article: Article) -> tuple[int, str]:
    return (article.feed_id, article.url_key or f"a_{article.id}")


def _when(article: Article) -> datetime:
    return article.published or article.first_seen


def _rank(article: Article) -> tuple[bool, int, datetime, int]:
    """Sorts the article that speaks for its story to the front: the earliest full text that is no copy."""
    return (article.duplicate_of is not None, _FULLNESS[article.quality], _when(article), article.id)


def _turn(item: MatchedArticle) -> tuple[object, ...]:
    """The order in which matches speak for their story."""
    return (*_rank(item.article), item.rule.id, item.match.rule_version, item.match.spans)


def _link(article: Article, owner_of: Callable[[str, str], str]) -> ArticleLink:
    publisher = one_line(article.publisher or article.feed_name)
    return ArticleLink(
        id=article.id,
        title=one_line(article.title) or article.url or "(no title)",
        url=article.url,
        publisher=publisher,
        first_seen=article.first_seen,
        published=article.published,
        language=article.language,
        copy=article.duplicate_of is not None,
        owner=owner_of(article.url, publisher),
        wire=article.wire,
    )


def _hits(items: Sequence[MatchedArticle]) -> tuple[RuleHit, ...]:
    """Every rule once, with the reason from the article that speaks first."""
    hits: dict[str, RuleHit] = {}
    for item in items:
        rule = item.rule
        if rule.id not in hits:
            hits[rule.id] = RuleHit(
                id=rule.id,
                title=one_line(rule.title) or rule.id,
                severity=rule.severity,
                query=rule.query,
                because=one_line(item.because),
                version=item.match.rule_version,
                tags=rule.tags,
            )
    return tuple(sorted(hits.values(), key=lambda hit: (-hit.severity.rank, hit.id)))


def _passages(items: Sequence[MatchedArticle]) -> tuple[Passage, ...]:
    """The passages of each rule's first article, most severe rule first; rules on one sentence share it."""
    first: dict[str, MatchedArticle] = {}
    for item in items:
        first.setdefault(item.rule.id, item)
    by_text: dict[str, Passage] = {}
    for item in sorted(first.values(), key=lambda i: (-i.rule.severity.rank, i.rule.id)):
        for passage in passages_of(item.article, item.match):
            known = by_text.get(passage.text)
            if known is None:
                by_text[passage.text] = passage
            else:
                spans = merge((*known.spans, *passage.spans))
                by_text[passage.text] = Passage(known.text, spans, known.rule, known.article_id)
    return tuple(by_text.values())[:MOST_PASSAGES]


def _entities(articles: Iterable[Article]) -> tuple[EntityMention, ...]:
    """Names in order of appearance; one entity under several names is shown once."""
    seen: dict[tuple[str, str], EntityMention] = {}
    for article in articles:
        for entity in article.named:
            seen.setdefault((entity.type, entity.id or entity.name.casefold()), entity)
    return tuple(seen.values())[:MOST_ENTITIES]


def _badges(articles: Sequence[Article], subscribed_at: Mapping[int, datetime]) -> tuple[Badge, ...]:
    """A badge tells of the whole story: one fresh article with a text is enough to take it away."""
    badges = []
    # A stub is no text of the page: the feed's summary stands in.
    if all(a.quality in (Quality.TITLE, Quality.STUB) for a in articles):
        badges.append(Badge.TITLE_ONLY)
    if all(a.published is not None and a.first_seen - a.published > OLD_AFTER for a in articles):
        badges.append(Badge.OLD)
    if all(_before_subscribed(a, subscribed_at) for a in articles):
        badges.append(Badge.BEFORE_SUBSCRIBED)
    return tuple(badges)


def _before_subscribed(article: Article, subscribed_at: Mapping[int, datetime]) -> bool:
    since = subscribed_at.get(article.feed_id)
    return since is not None and article.published is not None and article.published < since
