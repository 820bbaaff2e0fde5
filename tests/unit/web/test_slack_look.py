"""How Slack shows a message, as far as a page can."""

from __future__ import annotations

import json
from typing import Any

import pytest
from digest_samples import STRANDED, storm
from newsroom import Newsroom, item
from starlette.testclient import TestClient

from monitor.core.digests.render import render
from monitor.model.digest import MessageFormat
from monitor.web.site.slack_look import Words, slack_look


def words(text: str) -> list[Words]:
    """Those of one line of markup."""
    (block,) = slack_look({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]})
    return [one for line in block.lines for one in line.words]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a *b* c", [Words("a "), Words("b", bold=True), Words(" c")]),
        ("_a_ ~b~", [Words("a", italic=True), Words(" "), Words("b", struck=True)]),
        ("`*a*`", [Words("*a*", code=True)]),
        ("*a _b_*", [Words("a ", bold=True), Words("b", bold=True, italic=True)]),
        ("2*3*4 a_b_c", [Words("2*3*4 a_b_c")]),
        ("* a*", [Words("* a*")]),
        ("&lt;b&gt; &amp;lt;", [Words("<b> &lt;")]),
        ("<https://a.example/?x=1&amp;y|A *b*>", [Words("A *b*", link="https://a.example/?x=1&y")]),
        ("<https://a.example>", [Words("https://a.example", link="https://a.example")]),
        ("*<https://a.example|A>*", [Words("A", bold=True, link="https://a.example")]),
    ],
)
def test_marks_are_shown_where_slack_shows_them(text: str, shown: list[Words]) -> None:
    assert words(text) == shown


def test_a_line_that_quotes_is_a_quote() -> None:
    text = {"type": "mrkdwn", "text": "> said\n&gt;too\nnot"}
    (block,) = slack_look({"blocks": [{"type": "section", "text": text}]})
    assert [line.is_quote for line in block.lines] == [True, True, False]


def test_each_kind_of_block_has_its_words() -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://a.example"}
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "*Head*"}},
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "a"}, {"type": "image", "alt_text": "b"}]},
        {"type": "section", "fields": [{"type": "plain_text", "text": "f"}], "accessory": button},
        {"type": "actions", "elements": [button]},
        {"type": "video"},
    ]
    seen = slack_look({"blocks": blocks})
    said = [[word.text for line in one.lines for word in line.words] for one in seen]
    assert said == [["*Head*"], [], ["a", "b"], ["f"], [], ["(a block of the type video)"]]
    assert seen[3].buttons == seen[4].buttons == (("Open", "https://a.example"),)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"blocks": "x"},
        {"blocks": [1, None, {}, {"type": 3}, {"type": "section", "text": "x"}]},
        {"blocks": [{"type": "context", "elements": {"a": 1}}, {"type": "actions", "elements": [None]}]},
        {"text": None, "blocks": []},
        {"text": "*" * 100_000},
        {"text": "<" * 100_000},
        {"text": "_a " * 30_000},
    ],
)
def test_no_payload_breaks_it(payload: dict[str, Any]) -> None:
    assert isinstance(slack_look(payload), tuple)


def test_of_a_real_digest_nothing_is_left_out_and_no_markup_is_left() -> None:
    for message in render(storm(30, model=STRANDED), MessageFormat.SLACK):
        assert message.payload is not None
        shown = slack_look(message.payload)
        text = "\n".join(word.text for one in shown for line in one.lines for word in line.words)
        assert "other" not in {one.type for one in shown}
        assert "<http" not in text
        assert "6,000 trucks" in json.dumps(message.payload) or "6,000 trucks" not in text


def test_a_page_shows_it_with_everything_escaped(newsroom: Newsroom, site: TestClient) -> None:
    newsroom.bring_in(item("e1", "Torkham closed &lt;img src=x onerror=alert(1)&gt;", "Torkham closed."))
    page = site.get("/digests/alerts?form=slack&whole=1").text
    assert '<div class="slack">' in page
    assert "<strong>Torkham crossing closed</strong>" in page
    assert "<img" not in page
    assert 'href="javascript:' not in page
