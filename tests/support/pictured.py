"""The digests that are looked at: fixed ones, of every kind of story, in English, Urdu, Pashto and Dari."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from digest_samples import DIGEST, END, PASHTO, STRANDED, TORKHAM, link, passage

from monitor.model.digest import Badge, CatchUp, Digest, DigestStory, RuleHit, SentBefore
from monitor.model.notice import Notice, Section
from monitor.model.rule import Severity

_ASIF = "Pakistan's Defence Minister Khawaja Asif arrived in Kabul on Wednesday for talks about the border."


def _story(
    number: int,
    headline: str,
    rule: RuleHit,
    sentence: str,
    words: tuple[str, ...],
    publishers: tuple[str, ...],
    language: str,
) -> DigestStory:
    """One story of some publishers, an hour apart, the first of which speaks for it."""
    hours = [12 - number % 10 - 0.5 * i for i in range(len(publishers))]
    links = tuple(
        replace(link(100 * number + i, name, hours[i]), url=f"https://news{i}.example/{number}", language=language)
        for i, name in enumerate(publishers)
    )
    return DigestStory(
        id=f"s_{0x7F3A + number:x}",
        headline=headline,
        url=links[0].url,
        articles=links,
        rules=(rule,),
        matched=(replace(passage(sentence, *words, rule_id=rule.id), article_id=links[0].id),),
        first_seen=links[0].first_seen,
        last_updated=links[-1].first_seen,
    )


CLOSED = TORKHAM.rules[0]
TRUCKS = STRANDED.rules[0]
VISIT = RuleHit("asif-kabul", "Asif in Kabul", Severity.NORMAL, "@asif", '"Khawaja Asif" near "Kabul"')
TRADE = RuleHit("border-trade", "Border trade", Severity.LOW, "@trade", '"exports" and "border" in one sentence')
URDU = _story(
    1,
    "طورخم سرحد تیسرے روز بھی بند، ہزاروں ٹرک پھنس گئے",
    replace(CLOSED, because='"طورخم" and "بند" in one sentence'),
    "پاک افغان سرحدی گزرگاہ طورخم مسلسل تیسرے روز بھی بند ہے جس کے باعث 6,000 سے زائد ٹرک دونوں جانب کھڑے ہیں۔",
    ("طورخم", "بند"),
    ("روزنامہ جنگ", "Dawn News اردو", "ایکسپریس"),
    "ur",
)
DARI = _story(
    3,
    "گذرگاه تورخم همچنان به روی مسافران مسدود است",
    replace(CLOSED, severity=Severity.NORMAL, because='"تورخم" and "مسدود" in one sentence'),
    "مقام‌های محلی در ننگرهار می‌گویند گذرگاه تورخم (Torkham) هنوز مسدود است و گفت‌وگوها ادامه دارد.",
    ("تورخم", "مسدود"),
    ("هشت صبح", "طلوع‌نیوز"),
    "fa",
)
MIXED = _story(
    4,
    "UNHCR: طورخم پر ‎12,000 افراد منتظر، says spokesperson",
    VISIT,
    "یو این ایچ سی آر (UNHCR) کے ترجمان Babar Baloch نے کہا کہ طورخم پر 12,000 افراد انتظار کر رہے ہیں۔",
    ("UNHCR", "طورخم"),
    ("BBC اردو",),
    "ur",
)
ONE_STORY = replace(
    DIGEST,
    name="border-now",
    immediate=True,
    stories=(
        replace(
            TORKHAM,
            articles=tuple(replace(one, wire="AP" if one.id == 3 else "") for one in TORKHAM.articles),
            badges=(Badge.UPDATED,),
            update="4,000 → 6,000 trucks",
        ),
    ),
)
RIGHT_TO_LEFT = replace(DIGEST, stories=(URDU, DARI, PASHTO, MIXED))
CATCHING_UP = replace(
    DIGEST,
    catch_up=CatchUp.QUIET_HOURS,
    immediate=True,
    left_out=3,
    stories=(TORKHAM, replace(STRANDED, sent_before=SentBefore("alerts", END - timedelta(minutes=79), 3)), PASHTO),
)


def many(stories: int) -> Digest:
    """A big day: a third high, a tenth low, a tenth told before, nearly half written from right to left."""
    models = (
        TORKHAM,
        URDU,
        replace(MIXED, rules=(replace(VISIT, title="Refugees at the border", severity=Severity.HIGH),)),
        replace(STRANDED, badges=(Badge.UPDATED,)),
        _story(
            5, "Asif lands in Kabul for talks", VISIT, _ASIF, ("Khawaja Asif", "Kabul"), ("Arab News", "AP"), "en"
        ),
        replace(URDU, rules=(replace(URDU.rules[0], severity=Severity.NORMAL),)),
        STRANDED,
        _story(
            6,
            "Kinnow exports halved",
            TRADE,
            "Exports of kinnow over the border halved.",
            ("Exports", "border"),
            ("Dawn",),
            "en",
        ),
        DARI,
        replace(STRANDED, sent_before=SentBefore("alerts", END - timedelta(minutes=79), 3)),
    )
    made = [replace(models[i % len(models)], id=f"s_{0x8000 + i:x}") for i in range(stories)]
    made = [replace(one, headline=f"{one.headline} · {i}") for i, one in enumerate(made)]
    return replace(DIGEST, stories=tuple(sorted(made, key=lambda one: -one.severity.rank)))


HEALTH = Notice(
    "Health: 3 feeds failing, 1 silent rule",
    "212 feeds checked, 3 failing; all 14 digests of yesterday were delivered.",
    END,
    "Asia/Kabul",
    (
        Section(
            "Feeds in trouble",
            (
                "Khyber News: HTTP 503 since Tue 21 Feb, 14:00 (38 polls)",
                "Pajhwok Dari: no entry for 9 days; usually 12 a day",
                "پژواک: each poll shows only new entries, some may be lost",
            ),
            "monitor feeds health",
        ),
        Section("Rules", ("torkham-closed: 61 matches yesterday, usually 6", "chaman-closed: none in 90 days")),
        Section("Outbox", ("0 waiting, 0 given up",), "monitor deliveries list"),
    ),
)
URGENT = replace(
    HEALTH,
    title="Slack takes nothing from receiver ops",
    lead="channel_is_archived since 06:41; 4 messages wait. Mend the receiver, or retry them by hand.",
    sections=(
        Section("What waits", ("border-morning, part 1 of 1", "alerts s_7f3a#2"), "monitor deliveries list"),
    ),
    urgent=True,
)
