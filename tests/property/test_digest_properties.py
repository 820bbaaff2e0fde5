from __future__ import annotations

import json
import random
import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import lxml.html
from digest_samples import DIGEST, END, SETTINGS, TORKHAM, WINDOW, article, matched, rule
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from slack_rules import fault_in

from monitor.core.digests import render as render_package
from monitor.core.digests.build import build_digest
from monitor.core.digests.passages import merge
from monitor.core.digests.render import render
from monitor.core.digests.render.slack_form import FOR_CHANNELS
from monitor.core.digests.render.slack_text import unmarked
from monitor.core.text.columns import display_width
from monitor.model.article import Article, EntityMention, Quality
from monitor.model.digest import (
    ArticleLink,
    Badge,
    CatchUp,
    Coverage,
    Digest,
    DigestStory,
    Links,
    MessageFormat,
    Passage,
    RuleHit,
    SentBefore,
)
from monitor.model.rule import Severity
from monitor.model.silence import Swallowed

# Everything a feed could say, unpaired surrogates and characters that grow when escaped included.
# No shrinking: with texts of 9,000 characters it takes minutes and prints megabytes.
PHASES = (Phase.explicit, Phase.generate)
hostile = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from("&<>|*\"'\x1b\n\u202e\ud800😀ﷺ口")), max_size=400
)
long_hostile = st.one_of(
    hostile, st.sampled_from(["&" * 5000, "😀" * 3000, "a" * 9000, "x <!channel> " * 300, ""])
)
urls = st.one_of(
    st.sampled_from(
        ["", "javascript:alert(1)", "https://x.example/" + "&" * 1900, "https://x.example/" + "a" * 5000]
    ),
    hostile.map(lambda t: "https://x.example/" + t),
    st.integers(0, 999).map(lambda n: f"https://x.example/{n}"),
)
moments = st.integers(0, 200_000).map(lambda s: END - timedelta(seconds=s))


@st.composite
def passages(draw: st.DrawFn) -> Passage:
    text = draw(long_hostile)
    pairs = draw(st.lists(st.tuples(st.integers(0, len(text)), st.integers(0, len(text))), max_size=30))
    return Passage(text, merge(pairs), "r")


@st.composite
def stories(draw: st.DrawFn) -> DigestStory:
    links = st.builds(
        ArticleLink,
        id=st.integers(1, 99),
        title=long_hostile,
        url=urls,
        publisher=long_hostile,
        first_seen=moments,
        copy=st.booleans(),
    )
    hits = st.builds(
        RuleHit,
        id=hostile,
        title=long_hostile,
        severity=st.sampled_from(Severity),
        query=long_hostile,
        because=long_hostile,
    )
    return DigestStory(
        id=draw(hostile),
        headline=draw(long_hostile),
        url=draw(urls),
        articles=tuple(draw(st.lists(links, min_size=1, max_size=8))),
        rules=tuple(draw(st.lists(hits, max_size=6))),
        matched=tuple(draw(st.lists(passages(), max_size=4))),
        first_seen=draw(moments),
        last_updated=draw(moments),
        entities=tuple(draw(st.lists(st.builds(EntityMention, hostile, st.just("person")), max_size=8))),
        badges=tuple(draw(st.lists(st.sampled_from(Badge), unique=True))),
        update=draw(long_hostile),
        told=tuple(draw(st.lists(st.integers(1, 99), max_size=3))),
        sent_before=draw(st.none() | st.builds(SentBefore, hostile, moments, st.integers(0, 99))),
    )


digests = st.builds(
    lambda some, repeat, most, immediate, late, names, why, silenced: replace(
        DIGEST,
        stories=tuple(some) * repeat,
        max_stories=most,
        immediate=immediate,
        late=late,
        coverage=Coverage(5, 2, 1, tuple(names)),
        catch_up=why,
        left_out=2,
        silenced=tuple(silenced),
    ),
    st.lists(stories(), max_size=4),
    st.sampled_from([1, 1, 12]),
    st.integers(0, 60),
    st.booleans(),
    st.booleans(),
    st.lists(long_hostile, max_size=20),
    st.sampled_from([None, *CatchUp]),
    st.lists(st.builds(Swallowed, st.integers(1, 9), long_hostile, moments, st.integers(0, 9)), max_size=5),
)
links = st.one_of(st.just(""), urls).map(Links)


def vocabulary() -> tuple[set[str], set[tuple[str, str]]]:
    """The elements of the templates, and their attributes."""
    tags, attributes = {"html", "head", "body"}, set()
    for template in Path(render_package.__file__).parents[1].joinpath("templates").glob("*.html"):
        source = re.sub(r"{[{%#].*?[}%#]}", "", template.read_text("utf-8"), flags=re.DOTALL)
        for tag in re.findall(r"<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>", source):
            tags.add(tag[0])
            attributes |= {(tag[0], name) for name in re.findall(r"([a-z-]+)=", tag[1])}
            attributes |= {(tag[0], "style")} if "class=" in tag[1] else set()
    spoken = {(tag, name) for tag in ("bdi", "span", "blockquote") for name in ("lang", "dir")}
    return tags, attributes | spoken | {("h2", "dir")}


TAGS, ATTRIBUTES = vocabulary()
TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(digests)
@settings(max_examples=25, deadline=None, phases=PHASES)
def test_slack_limits_hold_whatever_the_titles_are(digest: Digest):
    for answers in ((), ("an earlier one",)):
        messages = render(digest, MessageFormat.SLACK, answers=answers)
        assert messages == render(digest, MessageFormat.SLACK, answers=answers)
        sections = 0
        for message in messages:
            assert message.payload is not None
            sections += sum(block["type"] == "section" for block in message.payload["blocks"])
            sent = {name: value for name, value in message.payload.items() if name not in FOR_CHANNELS}
            within_slacks_limits(sent, "webhook")
            if parent := message.payload.get("parent"):
                within_slacks_limits({"channel": "C1", "ts": "1.1", **parent}, "update")
        assert sections == len(digest.stories)  # one each


def within_slacks_limits(body: dict[str, Any], method: str) -> None:
    raw = json.dumps(body, ensure_ascii=False)
    assert len(raw) <= 9_000
    assert len(raw.encode()) <= 15_000  # raises for a surrogate, too
    assert len(body["blocks"]) <= 45
    assert fault_in(body, method) is None, fault_in(body, method)


@given(long_hostile)
@settings(max_examples=100, deadline=None, phases=PHASES)
def test_text_without_slacks_markup_is_as_long_as_before(text: str):
    assert len(unmarked(text)) == len(text)
    assert unmarked(unmarked(text)) == unmarked(text)


@given(digests)
@settings(max_examples=25, deadline=None, phases=PHASES)
def test_mail_limits_hold_whatever_the_titles_are(digest: Digest):
    for message in render(digest, MessageFormat.EMAIL):
        assert message.html is not None
        assert len(message.html.encode()) <= 80_000
        assert 1 <= len(message.subject) <= 120
        assert not {unicodedata.category(c) for c in message.subject} & {"Cc", "Cs", "Zl", "Zp"}
        for line in message.text.splitlines():
            assert not {unicodedata.category(c) for c in line} & {"Cc", "Cs"}
            assert display_width(line) <= 80 or line.startswith("  http")
        message.text.encode()


@given(digests, links)
@settings(max_examples=30, deadline=None, phases=PHASES)
def test_whatever_the_news_say_the_page_has_only_what_its_templates_have(digest: Digest, links: Links):
    for form in (MessageFormat.EMAIL, MessageFormat.HTML):
        for message in render(digest, form, links=links):
            html = message.html or ""
            assert not set(html) & TURNS
            assert not set(message.text) & TURNS
            assert len(html.encode()) <= (80_000 if form is MessageFormat.EMAIL else 3_000_000)
            assert len(message.text.encode()) <= 3_000_000
            page = lxml.html.document_fromstring(html)
            elements = [one for one in page.iter() if isinstance(one.tag, str)]
            assert {one.tag for one in elements} <= TAGS
            assert {(one.tag, name) for one in elements for name in one.attrib} <= ATTRIBUTES
            assert all(one.get("href").startswith(("https://", "http://")) for one in page.iter("a"))
            assert all("\n" not in (one.text_content() or "") for one in page.iter("h1", "h2", "h3", "title"))


@given(digests)
@settings(max_examples=20, deadline=None, phases=PHASES)
def test_parts_of_json_are_bounded(digest: Digest):
    huge = replace(digest, stories=digest.stories * 3)
    for message in render(huge, MessageFormat.JSON):
        assert message.payload is not None
        assert len(message.payload["stories"]) <= 200
        assert len(json.dumps(message.payload["stories"]).encode()) <= 1_010_000


@given(digests)
@settings(max_examples=20, deadline=None, phases=PHASES)
def test_json_is_valid_and_holds_every_story(digest: Digest):
    messages = render(digest, MessageFormat.JSON)
    found = [s["id"] for m in messages for s in json.loads(json.dumps(m.payload))["stories"]]
    assert len(found) == len(digest.stories)
    for message in messages:
        json.dumps(message.payload, ensure_ascii=False).encode()


@given(st.integers(0, 150), st.integers(0, 60), st.lists(st.sampled_from(Severity), min_size=1, max_size=6))
@settings(max_examples=8, deadline=None, phases=PHASES)
def test_no_story_is_lost_over_all_parts(number: int, most: int, severities: list[Severity]):
    made = tuple(
        replace(
            TORKHAM,
            id=f"s_{i}",
            headline=f"Headline number {i}.",
            url=f"https://news.example/story-{i}/",
            rules=(replace(TORKHAM.rules[0], severity=severities[i % len(severities)]),),
        )
        for i in range(number)
    )
    digest = replace(DIGEST, stories=made, max_stories=most)
    for form in MessageFormat:
        messages = render(digest, form)
        assert [m.part for m in messages] == list(range(1, len(messages) + 1))
        assert {m.parts for m in messages} == {len(messages)}
        forms = [m.html or json.dumps(m.payload) if form is not MessageFormat.TEXT else m.text for m in messages]
        for i in range(number):
            (holding,) = [text for text in forms if f"https://news.example/story-{i}/" in text]
            assert f"Headline number {i}." in holding


@st.composite
def some_articles(draw: st.DrawFn) -> list[Article]:
    made = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        made.append(
            article(
                number,
                draw(st.sampled_from(["Same title", "Torkham closed", ""])),
                story_id=draw(st.sampled_from(["s_1", "s_2", None])),
                quality=draw(st.sampled_from(Quality)),
                duplicate_of=draw(st.sampled_from([None, None, 1])),
                published=draw(st.one_of(st.none(), moments)),
                first_seen=draw(moments),
                entities=(EntityMention(draw(st.sampled_from("ABC")), "person"),),
            )
        )
    return made


@given(some_articles(), st.randoms())
@settings(max_examples=80, deadline=None, phases=PHASES)
def test_the_order_of_the_inputs_does_not_change_a_digest(articles: list[Article], dice: random.Random):
    rules = (rule("a"), rule("b", severity=Severity.HIGH), rule("c", severity=Severity.LOW))
    items = [matched(a, "Torkham", "closed", by=rules[a.id % 3]) for a in articles]
    items += [matched(a, "crossing", by=rules[0]) for a in articles]
    members = {sid: [a for a in articles if a.story_id == sid] for sid in ("s_1", "s_2")}
    first = build_digest(
        SETTINGS, "b", WINDOW, items, members, Coverage(), late=False, subscribed_at={1: END - timedelta(days=1)}
    )
    dice.shuffle(items)
    for inside in members.values():
        dice.shuffle(inside)
    again = build_digest(
        SETTINGS, "b", WINDOW, items, members, Coverage(), late=False, subscribed_at={1: END - timedelta(days=1)}
    )
    assert first == again
    assert {s.id for s in first.stories} == {a.story_id or f"a_{a.id}" for a in articles}


@given(st.text(alphabet=st.characters(), max_size=900), st.data())
@settings(max_examples=80, deadline=None, phases=PHASES)
def test_the_spans_of_a_passage_cut_out_the_matched_words(text: str, data: st.DataObject):
    from monitor.core.digests.passages import passages_of, printable
    from monitor.model.rule import Explanation, Match, Span

    spans = []
    for _ in range(data.draw(st.integers(0, 5))):
        if not text:
            break
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, min(len(text), start + 20)))
        spans.append(Span("body", start, end, text[start:end]))
    match = Match("1", "r", "v", tuple(spans), Explanation("x", True))
    for passage in passages_of(article(1, text=text), match):
        assert len(passage.text) <= 302
        originals = {printable(s.text) for s in spans}
        for start, end in passage.spans:
            cut_out = passage.text[start:end]
            assert cut_out
            assert any(cut_out in o or o in cut_out for o in originals)
        assert passage.spans == merge(passage.spans)
