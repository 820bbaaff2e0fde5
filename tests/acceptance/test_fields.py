"""The fields of the rules' language over what a real daemon fetched, read, heard and stored."""

from __future__ import annotations

import json
from html import escape

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from tiny_pipeline import JORDAN, train_pipeline

from monitor.demo.server import Answer, LocalSite

URDU = (
    "پاکستان اور افغانستان کے درمیان مرکزی گزرگاہ طورخم اتوار کو دونوں جانب سے فائرنگ کے بعد بند کر دی گئی۔",
    "مقامی لوگوں کا کہنا ہے کہ سینکڑوں ٹرک قطار میں کھڑے ہیں۔ حکام نے مذاکرات شروع کر دیے ہیں۔",
)
ENGLISH = (
    "The Torkham crossing was closed on Sunday after guards exchanged fire, officials on both sides said.",
    "Hundreds of trucks loaded with fruit waited in a long queue, and traders counted their losses.",
)
FIELDS = {
    "urdu": "طورخم AND language:ur",
    "english": "Torkham AND language:en",
    "feed": 'feed:"Border wire" AND Torkham',
    "tag": "tag:border AND Torkham",
    "section": 'section:"World news" AND Torkham',
    "author": 'author:"Riaz Khan" AND Torkham',
    "publisher": "publisher:Gazette AND Torkham",
    "url": "url:crossing AND Torkham",
    "lead": "lead:closed AND NOT lead:cricket",
    "not-urdu": "trucks AND NOT language:ur",
    "no-section": "section:Sport AND Torkham",
    "no-author": "author:Asif AND Torkham",
    "no-url": "url:cricket AND Torkham",
    "no-tag": "tag:trade AND Torkham",
}


def page(title: str, paragraphs: tuple[str, ...], head: str = "") -> Answer:
    """As templates do, it says that it is English, whatever its words are."""
    text = "".join(f"<p>{escape(one)}</p>" for one in paragraphs * 2)
    return Answer(
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head>'
        f"<body><article><h1>{escape(title)}</h1>{text}</article></body></html>".encode()
    )


def rules(queries: dict[str, str]) -> str:
    return "".join(f"[[rules]]\nid = '{name}'\nquery = '''{query}'''\n" for name, query in queries.items())


def test_rules_ask_for_what_pages_feeds_and_words_say(desk: Desk, feed: LocalFeed, site: LocalSite) -> None:
    desk.rules(rules(FIELDS))
    desk.write([feed.url], feed_lines='name = "Border wire"\ntags = ["border"]\nfull_text = true')
    head = (
        '<meta property="og:site_name" content="The Gazette"><meta name="author" content="Riaz Khan">'
        '<script type="application/ld+json">{"@type": "NewsArticle", "articleSection": ["World news"]}</script>'
    )
    english = site.route("/2023/torkham-crossing-shut", page("Border shut", ENGLISH, head))
    urdu = site.route("/2023/story-2", page("طورخم", URDU))
    feed.add("Border shut", link=english)
    feed.add("طورخم", link=urdu)
    with desk.running():
        eventually(
            lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 2, "both articles"
        )
    found = desk.ask("SELECT rule_id, url FROM matches JOIN articles ON articles.id = article_id")
    here = {"english", "feed", "tag", "section", "author", "publisher", "url", "lead", "not-urdu"}
    assert {rule for rule, url in found if url == english} == here
    assert {rule for rule, url in found if url == urdu} == {"urdu"}
    assert desk.ask("SELECT language, language_confidence, section, note FROM articles WHERE url = ?", urdu) == [
        ("ur", 1.0, None, "said to be in en")
    ]
    why = desk.command("why", urdu).stdout
    assert "ur (1.00)" in why
    assert "said to be in en" in why
    assert "section World news; by Riaz Khan" in desk.command("why", english).stdout
    listed = [json.loads(line) for line in desk.command("matches", "list", "--json").stdout.splitlines()]
    assert len(listed) == len(found)
    assert all(one["rule_version"] and one["analyser_version"] for one in listed)


@pytest.mark.needs("spacy")
def test_a_trained_pipeline_tells_a_place_from_a_person_of_that_name(desk: Desk, feed: LocalFeed) -> None:
    model = train_pipeline(desk.folder / "pipeline", JORDAN)
    desk.rules(rules({"place": "place:Jordan", "person": "person:Jordan", "any": "Jordan"}))
    desk.write([feed.url], more=f'[nlp]\nmodel = "{model}"')
    place = feed.add("Border news", "The border with Jordan was closed on Monday .")
    person = feed.add("Sports", "Fans met Michael Jordan on Monday .")
    with desk.running():
        eventually(lambda: desk.number("SELECT count(*) FROM deliveries WHERE state = 'sent'") >= 2, "the alerts")
        eventually(
            lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 2, "both articles"
        )
    found = desk.ask("SELECT rule_id, url FROM matches JOIN articles ON articles.id = article_id")
    assert {rule for rule, url in found if url == place} == {"place", "any"}
    assert {rule for rule, url in found if url == person} == {"person", "any"}


def test_without_a_pipeline_a_rule_on_places_works_from_the_entity_files(desk: Desk, feed: LocalFeed) -> None:
    entity = "[entities.jordan]\nname = 'Jordan'\ntype = 'place'\naliases = ['اردن']\n"
    desk.rules(entity + rules({"place": "place:Jordan", "kabul": "place:Kabul"}))
    desk.write([feed.url])
    feed.add("Border news", "The border with Jordan was closed, Kabul said.")
    done = desk.command("run", "--once")
    assert done.returncode == 0, done.stderr
    assert desk.ask("SELECT rule_id FROM matches") == [("place",)]
