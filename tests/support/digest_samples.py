"""Articles, matches and digests to build and render, after the sample stories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.digests.build import MatchedArticle
from monitor.model.article import Article, EntityMention, Quality
from monitor.model.digest import (
    ArticleLink,
    Badge,
    Coverage,
    Cron,
    Digest,
    DigestSettings,
    DigestStory,
    Message,
    MessageFormat,
    Passage,
    RuleHit,
    Window,
)
from monitor.model.rule import Explanation, Match, Rule, Severity, Span

END = datetime(2023, 2, 23, 3, 30, tzinfo=UTC)  # 08:00 in Kabul
WINDOW = Window(END - timedelta(days=1), END)
SETTINGS = DigestSettings(
    name="border-morning", rules=("*",), to=("desk",), schedule=Cron("0 8 * * *"), timezone="Asia/Kabul"
)
SENTENCE = "On Sunday, Taliban security forces closed the Torkham border crossing with Pakistan."
TRUCKS = (
    "Customs officials said on Wednesday that more than 6,000 trucks with goods have been stuck on the "
    "Pakistani side of the border since the crossing was shut."
)


def rule(
    rule_id: str = "torkham-closed", *, severity: Severity = Severity.NORMAL, tags: tuple[str, ...] = ()
) -> Rule:
    return Rule(rule_id, rule_id.replace("-", " ").capitalize(), "torkham", "v1", tags, severity)


def article(number: int, title: str = "Minister visits Kabul", text: str = SENTENCE, **changes: object) -> Article:
    made = Article(
        entry_row=number,
        feed_id=1,
        feed_name="Dawn",
        feed_tags=(),
        url=f"https://dawn.example/{number}",
        url_key=f"dawn.example/{number}",
        title=title,
        text=text,
        summary="",
        publisher="Dawn",
        quality=Quality.FULL,
        content_hash=str(number),
        first_seen=END - timedelta(hours=5) + timedelta(minutes=number),
        published=END - timedelta(hours=6) + timedelta(minutes=number),
        id=number,
        story_id="s_1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # any field of Article


def spans_of(text: str, *words: str, field: str = "body") -> tuple[Span, ...]:
    return tuple(Span(field, text.index(w), text.index(w) + len(w), w) for w in words)


def matched(of: Article, *words: str, by: Rule | None = None, field: str = "body") -> MatchedArticle:
    by = by or rule()
    text = {"body": of.text, "title": of.title, "summary": of.summary}[field]
    spans = spans_of(text, *words, field=field)
    match = Match(str(of.id), by.id, by.version, spans, Explanation("x", True))
    return MatchedArticle(of, match, by, of.first_seen, "because of " + ", ".join(words))


def passage(text: str, *words: str, rule_id: str = "torkham-closed") -> Passage:
    return Passage(text, tuple(sorted((text.index(w), text.index(w) + len(w)) for w in words)), rule_id, 1)


def link(number: int, publisher: str, hours: float, *, copy: bool = False, title: str = "") -> ArticleLink:
    seen = END - timedelta(hours=hours)
    url = f"https://{publisher.lower().replace(' ', '')}.example/{number}"
    return ArticleLink(number, title or f"Report {number}", url, publisher, seen, seen, "en", copy)


TORKHAM = DigestStory(
    id="s_7f3a",
    headline="Pakistani Defense Minister Visits Kabul Amid Border Tensions",
    url="https://southasiatimes.example/1",
    articles=(link(1, "South Asia Times", 14), link(2, "Arab News", 13), link(3, "Arab News PK", 12.5, copy=True)),
    rules=(
        RuleHit(
            "torkham-closed",
            "Torkham crossing closed",
            Severity.HIGH,
            "SENTENCE(@torkham AND $closed)",
            'one sentence has "Torkham" and "closed"',
        ),
    ),
    matched=(passage(SENTENCE, "closed", "Torkham"),),
    first_seen=END - timedelta(hours=14),
    last_updated=END - timedelta(hours=12.5),
    entities=(EntityMention("Khawaja Asif", "person"), EntityMention("Torkham", "place")),
)
STRANDED = DigestStory(
    id="s_81",
    headline="More than 6,000 trucks stuck as closure enters fourth day",
    url="https://dawn.example/4",
    articles=(link(4, "Dawn", 4), link(5, "Khyber News", 3), link(6, "Pajhwok", 2), link(7, "TOLOnews", 1)),
    rules=(RuleHit("trucks", "Trucks stranded", Severity.NORMAL, "6,000 NEAR/5 truck*", '"6,000" near "trucks"'),),
    matched=(passage(TRUCKS, "6,000 trucks", rule_id="trucks"),),
    first_seen=END - timedelta(hours=4),
    last_updated=END - timedelta(hours=1),
)
PASHTO = DigestStory(
    id="s_82",
    headline="د طورخم دروازه د دوهمې ورځې لپاره تړلې ده",
    url="https://pajhwok.example/8",
    articles=(replace(link(8, "پژواک", 1.75), url="https://pajhwok.example/8"),),
    rules=(
        RuleHit(
            "torkham-ps", "Torkham crossing closed", Severity.NORMAL, "x", '"طورخم" and "تړلې" in one sentence'
        ),
    ),
    matched=(passage("د طورخم دروازه د دوهمې ورځې لپاره تړلې ده، سوداګر اندېښمن دي.", "طورخم", "تړلې"),),
    first_seen=END - timedelta(hours=1.75),
    last_updated=END - timedelta(hours=1.75),
    badges=(Badge.TITLE_ONLY,),
)
DIGEST = Digest(
    name="border-morning",
    batch="b",
    window=WINDOW,
    timezone="Asia/Kabul",
    stories=(TORKHAM, STRANDED, PASHTO),
    coverage=Coverage(212, 3, 1, ("Khyber News", "Pajhwok Dari", "Bakhtar")),
)


def storm(stories: int, *, max_stories: int = 30, model: DigestStory = STRANDED) -> Digest:
    many = tuple(
        replace(model, id=f"s_{i}", headline=f"Story <{i}> & more", url=f"https://storm.example/story-{i}-")
        for i in range(stories)
    )
    return replace(DIGEST, stories=many, max_stories=max_stories)


def message(form: MessageFormat = MessageFormat.TEXT, **changes: object) -> Message:
    made = Message(
        form,
        "Border morning: Torkham closed (3) + 2 more",
        "Torkham closed\n.\nتړلې é\n",
        END,
        html="<p>Torkham <b>closed</b></p>",
        payload={"text": "Torkham closed", "key": ""},
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # any field of Message
