"""What the guards cut, what they keep, and which engine reads what another one cannot."""

from __future__ import annotations

import json
import time

import pytest

from monitor.core.articles.extract import extract_article
from monitor.model.article import DropReason, Engine, Extracted

URL = "https://lamp.example/news/1"
TITLE = "Ferry to the northern islands stops for repairs"
STORY = (
    "The ferry to the northern islands will stop for nine days, the harbour office said on Monday, because both "
    "engines need new bearings and the yard has only one crane.",
    "The captain told reporters that the ship could sail on one engine in summer, but not in "
    "the autumn storms that "
    "are expected this week between the islands and the harbour.",
    "Bakers on the islands have ordered flour for two weeks. The post will come with a fishing "
    "boat, and the islands "
    "will be without beer until the repairs of the ferry are over.",
    "The repairs cost three million crowns. The province pays half of it and the operator of "
    "the ferry the rest, the "
    "harbour office said, and passengers get their money back.",
)
MUSEUM = (
    "A museum in the capital has opened its oldest ledger to visitors: a book of salt, rope "
    "and debts, written by four "
    "hands in a cellar below the mint.",
    "The curator said that the lamps were too bright for the ink; the director answered that "
    "the ledger had survived "
    "a war, two floods and a professor.",
)
TEASERS = (
    (
        "Owls return to the opera",
        "Three owls have moved into the scenery loft of the opera and sleep through Wagner.",
    ),
    ("Chess club keeps its cellar", "A judge found that the landlord may not store wine where pawns have stood."),
    (
        "The tailor who never measures",
        "He looks at customers for a minute and cuts the cloth while they still talk.",
    ),
)


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>" for text in texts)


def read(body: str, head: str = "") -> Extracted:
    page = (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{TITLE} | The Lamp</title>'
        f'<meta property="og:title" content="{TITLE}">{head}</head><body>{body}</body></html>'
    )
    return extract_article(page.encode(), URL, "text/html")


def reasons(article: Extracted) -> list[str]:
    return [one.reason for one in article.dropped]


STORY_HTML = f"<h1>{TITLE}</h1>{paragraphs(*STORY)}"
STORY_TEXT = "\n\n".join(STORY)


def test_a_second_page_headline_begins_another_article() -> None:
    other = f"<div><h1>Museum shows a ledger</h1>{paragraphs(*MUSEUM)}</div>"
    article = read(f"<div><div>{STORY_HTML}</div>{other}</div><p>footer</p>")
    assert article.text == STORY_TEXT
    assert reasons(article) == [DropReason.H1_CUT]
    assert MUSEUM[0] in article.dropped[0].text


def test_a_second_page_headline_above_the_article_cuts_nothing() -> None:
    masthead = "<div><h1>The Lamp: news from the coast</h1></div>"
    assert read(f"{masthead}<div>{STORY_HTML}</div>").text == STORY_TEXT


def test_an_article_with_a_date_of_its_own_is_cut_off() -> None:
    other = "<h2>Museum shows a ledger</h2><div>By Tomas Berg</div><div>Updated 06 February 2026</div>"
    article = read(f"<article>{STORY_HTML}{other}{paragraphs(*MUSEUM)}</article>")
    assert article.text == STORY_TEXT
    assert reasons(article) == [DropReason.CUE_CUT]


@pytest.mark.parametrize("linked", [True, False])
def test_a_rail_is_cut_out_and_what_stands_behind_it_stays(linked: bool) -> None:
    items = "".join(
        f"<h4><a href='/x'>{title}</a></h4><p>{text}</p>"
        if linked
        else f"<h4>{title}</h4><p>{text}</p><p>Read more</p>"
        for title, text in TEASERS
    )
    article = read(
        f"<div><h1>{TITLE}</h1>{paragraphs(*STORY[:3])}<h3>You may also "
        f"like</h3>{items}{paragraphs(*STORY[3:])}"
        "</div>"
    )
    assert article.text == STORY_TEXT
    assert not any(text in article.text for _, text in TEASERS)
    assert set(reasons(article)) == {DropReason.CUE_CUT}


def test_a_rail_at_the_top_cuts_nothing_off() -> None:
    items = "".join(f"<h4>{title}</h4><p>{text}</p><p>Read more</p>" for title, text in TEASERS)
    article = read(f"<div><h1>{TITLE}</h1><h3>Recent</h3>{items}{paragraphs(*STORY)}</div>")
    assert all(text in article.text for text in STORY)


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        ("SEE ALSO: https://lamp.example/what-a-ferry-costs", True),
        ("Also read: What a ferry costs the province", True),
        ("Related: The minister of ports, a cousin of the captain, resigned on Friday.", False),
        ("More: nobody knows.", False),
        ("Watch: the lamp at the mole blinks twice before a storm.", False),
    ],
)
def test_a_line_that_points_elsewhere_goes_alone(line: str, goes: bool) -> None:
    article = read(f"<article><h1>{TITLE}</h1>{paragraphs(*STORY[:2], line, *STORY[2:])}</article>")
    assert all(text in article.text for text in STORY)
    assert reasons(article) == ([DropReason.SEE_ALSO] if goes else [])


def test_caption_and_buttons_between_a_doubled_headline_go() -> None:
    top = "".join(
        f"<div>{line}</div>"
        for line in (
            TITLE,
            "The ferry at the mole. (AFP)",
            "Short Url",
            "Updated 22 February 2023",
            "Follow",
            TITLE,
        )
    )
    article = read(f"<div>{top}{''.join(f'<div>{text}</div>' for text in STORY)}</div>")
    assert article.text == STORY_TEXT
    assert "The ferry at the mole. (AFP)" in [one.text for one in article.dropped]
    assert set(reasons(article)) == {DropReason.DOUBLED_HEADING}


def test_subheads_and_points_that_an_extractor_loses_are_kept() -> None:
    points = "<ul><li>Nine days without a ship</li><li>Post comes by fishing boat</li></ul>"
    text = f"{paragraphs(*STORY[:2])}<h3>Bread and post</h3>{paragraphs(*STORY[2:])}"
    body = f"<section><h2>{TITLE}</h2>{points}{text}</section>"
    text = read(f'<nav><a href="/">Home</a></nav><div id="page">{body}</div>').text
    assert text.startswith("- Nine days without a ship\n- Post comes by fishing boat\n\n")
    assert "\n\nBread and post\n\n" in text


def test_references_are_resolved_once() -> None:
    line = "The manual says that &amp;lt;ferry&amp;gt; and &amp;amp; must be written so, and 3 &lt; 4, R&amp;D."
    assert (
        "The manual says that &lt;ferry&gt; and &amp; must be written so, and 3 < 4, R&D."
        in read(f"<article>{STORY_HTML}<p>{line}</p></article>").text
    )


def test_where_the_page_shows_nothing_its_data_are_read_and_guarded() -> None:
    facts = {
        "@type": "NewsArticle",
        "headline": TITLE,
        "articleBody": "\n".join((*STORY, "SEE ALSO: https://a.example/")),
    }
    article = read("<div id='app'></div>", f'<script type="application/ld+json">{json.dumps(facts)}</script>')
    assert (article.engine, article.text) == (Engine.JSON_LD, STORY_TEXT)
    assert reasons(article) == [DropReason.SEE_ALSO]


def test_what_a_careful_extraction_misses_readability_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor.core.articles import extract

    monkeypatch.setattr(extract, "by_trafilatura", lambda tree, url: [])
    article = read(f"<div><nav><a href='/'>Home</a></nav><div class='story'>{STORY_HTML}</div></div>")
    assert article.engine is Engine.READABILITY
    assert all(text in article.text for text in STORY)


_LINE = "<p>The harbour office said on Monday that crane {} will be repaired before the storms come again.</p>"
_HOSTILE = {
    "one line": "<p>" + "word " * 200_000 + "</p>",
    "many second headlines": "".join(f"<div><h1>Fish {n}</h1>{_LINE.format(n)}</div>" for n in range(2_000)),
    "many dated headlines": "".join(
        f"<h2>Fish {n}</h2><div>By Jane Doe</div><div>5 March 2024</div>{_LINE.format(n)}" for n in range(2_000)
    ),
    "many rails": "".join(f"<p>Recent</p><h4><a href=x>Fish {n}</a></h4><p>Read more</p>" for n in range(3_000)),
    "one headline again and again": f"<h2>{TITLE}</h2>" * 10_000,
    "capitals": "<p>" + "A " * 200_000 + "</p>",
    "by and by": "<p>By " + "A. " * 200_000 + "</p>",
    "spaces": "<p>" + " \n" * 500_000 + "</p>",
    "deep": "<div>" * 200_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_a_hostile_page_costs_the_guards_no_more_than_its_length(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # trafilatura's own time is the sandbox's to bound; here all lines of the page are main text
    from monitor.core.articles import extract
    from monitor.core.articles.blocks import blocks_of

    monkeypatch.setattr(extract, "by_trafilatura", lambda tree, url: blocks_of(tree))
    started = time.process_time()
    read(STORY_HTML + _HOSTILE[name])
    assert time.process_time() - started < 2.5
