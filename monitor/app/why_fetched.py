"""`monitor why URL --fetch`: what the rules in force would say of a page that no feed has brought."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from monitor.app.discovering import first_error, page_of
from monitor.config import Ways
from monitor.core.articles.extract import extract_article
from monitor.core.feeds.discovery import Offer
from monitor.core.rules import RuleSet
from monitor.core.rules.whynot import why_not
from monitor.core.text.urls import host_of
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.article import Document, Extracted
from monitor.model.errors import ConfigInvalid, NotExtractable, SandboxFailed
from monitor.model.feed import PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose
from monitor.model.rule import Match
from monitor.ports import Clock, Fetcher, Sandbox


@dataclass(frozen=True, slots=True)
class PageAsked:
    """A page as it was had just now. `trouble` is why it could not be had, "" when it was; `answers` are
    (rule, matches, why not) of the rules asked about: all that match, or the one that was named. `offers` are the
    feeds that it names."""

    title: str = ""
    words: int = 0
    answers: tuple[tuple[str, bool, str], ...] = ()
    trouble: str = ""
    offers: tuple[Offer, ...] = ()


def page_now(
    url: str, settings: PollSettings, ways: Ways, ruleset: RuleSet | None, clock: Clock, rule: str | None = None
) -> PageAsked:
    """Fetches the page as the daemon would (robots.txt, no address inside the house, logins at home only) and puts
    it to the rules."""
    from monitor import __version__
    from monitor.adapters.fetch import HttpFetcher
    from monitor.app.children import parsing_sandbox

    try:
        access = ways.to(url)
    except ConfigInvalid as error:
        return PageAsked(trouble=first_error(error))
    with closing(HttpFetcher(settings, __version__)) as fetcher, closing(parsing_sandbox()) as sandbox:
        return asked_page(url, fetcher, sandbox, ruleset, clock.now(), rule, access)


def asked_page(
    url: str,
    fetcher: Fetcher,
    sandbox: Sandbox,
    ruleset: RuleSet | None,
    now: datetime,
    rule: str | None,
    access: FeedAccess = PLAIN_ACCESS,
) -> PageAsked:
    """The same with what is outside as arguments."""
    if urlsplit(url).scheme not in ("http", "https"):
        return PageAsked(trouble="it is no address of a page")
    response = next(iter(fetcher.fetch_many(iter([FetchRequest(1, url, Purpose.PAGE, access=access)]))), None)
    if response is None or response.outcome is not PollOutcome.OK:
        return PageAsked(trouble=_trouble(response))
    offers = page_of(response, sandbox).offers
    try:
        page = sandbox.run(extract_article, response.body, response.url, response.headers.get("content-type"), now)
    except (NotExtractable, SandboxFailed) as error:
        return PageAsked(trouble=str(error), offers=offers)
    if page.wall is not None:
        why = f"it shows a wall: {page.wall.value.replace('_', ' ')}"
        return PageAsked(page.title, trouble=why, offers=offers)
    answers = () if ruleset is None else tuple(_answers(page, response.url, ruleset, rule))
    return PageAsked(page.title, len(page.text.split()), answers, offers=offers)


def _trouble(response: FetchResponse | None) -> str:
    return "no answer" if response is None else response.error or response.outcome.value.replace("_", " ")


def _answers(page: Extracted, url: str, ruleset: RuleSet, rule: str | None) -> Sequence[tuple[str, bool, str]]:
    document = Document(
        id=url,
        title=page.title,
        body=page.text,
        url=url,
        publisher=page.publisher or host_of(url),
        authors=page.authors,
        section=page.section,
        language=page.language or "",
        published=page.published,
    )
    holding = {one.rule for one in ruleset.match(document) if isinstance(one, Match)}
    if rule is None:
        return [(one, True, "") for one in sorted(holding)]
    if rule in holding or rule not in {one.id for one in ruleset.rules}:
        return [(rule, rule in holding, "")]
    return [(rule, False, why_not(ruleset.explain(rule, document)))]


def page_lines(page: PageAsked) -> list[str]:
    """What came of it, as lines."""
    offers = [f"offers feed   {one.url}" + (f' ("{one.title}")' if one.title else "") for one in page.offers]
    return [*_text_lines(page), *offers]


def _text_lines(page: PageAsked) -> list[str]:
    title = f' "{page.title}"' if page.title else ""
    if page.trouble:
        return [f"Page          {page.trouble}{title}"]
    lines = [f"Page         {title}, {page.words:,} words as it is now"]
    lines += [f"would match   {rule}" for rule, holds, _ in page.answers if holds]
    lines += [f"would not     {rule}: {why}" for rule, holds, why in page.answers if not holds]
    return lines if page.answers else [*lines, "              No rule would match."]


def page_json(page: PageAsked | None) -> dict[str, Any] | None:
    """The same for programs."""
    if page is None:
        return None
    return {
        "title": page.title or None,
        "words": page.words,
        "trouble": page.trouble or None,
        "rules": [{"rule": rule, "matches": holds, "because": why or None} for rule, holds, why in page.answers],
        "feeds": [{"url": one.url, "title": one.title or None} for one in page.offers],
    }
