"""Feeds that come and go: looked at before they are added, removed, brought back; lists in and out."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated

from pydantic import Field

from monitor.app.adding import in_haste, look, looked_json
from monitor.app.discovering import NothingAnswered
from monitor.app.feed_list import added_json
from monitor.app.opml_files import (
    ListRefused,
    became_json,
    export_list,
    import_json,
    read_list_file,
    sort_out,
    subscribe_all,
)
from monitor.app.subscribing import NotAdded, NotRemoved, add, bring_back, remove_feed
from monitor.model.feed import FeedStatus
from monitor.web.api.asking import Answer, Asked, Name, Question
from monitor.web.api.feeds import feed_of, standing
from monitor.web.api.problems import Reason, Refused

Address = Annotated[str, Field(min_length=1, max_length=4_000)]


class Looking(Question):
    """Where feeds are looked for."""

    url: Annotated[Address, Field(description="Of a site or a feed; `dawn.com` is enough")]


def discover(asked: Asked) -> Answer:
    """As `monitor feeds discover --json`, for twelve seconds; and of the first ten feeds what subscribing would
    bring (`preview`): the newest entries, with the rules that would tell each. Nothing is stored."""
    try:
        return looked_json(look(asked.open_house.desk(), asked.body.url, asked.house.ruleset))
    except ValueError as error:
        raise Refused(Reason.INVALID_BODY, f"url: {error}") from None
    except NothingAnswered as error:
        raise Refused(Reason.NO_FEED, str(error)) from None


class Subscribing(Question):
    """A feed, as it would stand in a `[[feeds]]` table; of one that was removed, what is not given stays."""

    url: Address
    name: Name | None = None
    tags: Annotated[list[Name], Field(max_length=50)] | None = None
    interval: Annotated[str, Field(max_length=20, examples=["5m"])] | None = None
    full_text: bool | None = None
    backfill: Annotated[str, Field(max_length=20, examples=["24h"])] | None = None
    poll: bool = Field(True, description="It is asked first, and added only when it answers with a feed")


def subscribe(asked: Asked) -> Answer:
    """As `monitor feeds add --json`: it is asked, what it lists is stored, and it is polled from now on."""
    desk, body = in_haste(asked.open_house.desk()), asked.body
    values = body.model_dump(exclude_none=True, exclude={"poll"}) | {"url": body.url.strip()}
    try:
        return added_json(add(desk, values, asked.house.ruleset, poll=body.poll))
    except ValueError as error:
        raise Refused(Reason.INVALID_BODY, str(error)) from None
    except NotAdded as error:
        raise Refused(Reason.NO_FEED if error.no_feed else Reason.NOT_ADDED, error.why) from None


def remove(asked: Asked) -> Answer:
    """As `monitor feeds remove`: it is polled no more, and all that came of it is kept. `changed` is false where
    it was removed before."""
    feed = feed_of(asked)
    try:
        remove_feed(asked.open_house.desk(), feed)
    except NotRemoved as error:
        raise Refused(Reason.DECLARED, str(error)) from None
    return standing(asked, feed.status is not FeedStatus.REMOVED)


def again(asked: Asked) -> Answer:
    """Subscribes again to a feed that was removed, or is gone: it goes on where it was. `changed` is false where
    it is polled, or paused."""
    feed = feed_of(asked)
    if feed.status not in (FeedStatus.REMOVED, FeedStatus.GONE):
        return standing(asked, changed=False)
    try:
        bring_back(asked.open_house.desk(), feed)
    except NotAdded as error:
        raise Refused(Reason.NOT_ADDED, error.why) from None
    return standing(asked, changed=True)


class ImportQuestion(Question):
    """What becomes of the list."""

    tag: Name | None = Field(None, description="For all its feeds, beside their own; several with commas between")
    dry_run: bool = Field(False, description="Says what would be done, and does nothing")


def import_list(asked: Asked) -> Answer:
    """As `monitor feeds import --json`, and what became of each line. The body is the file as it is, OPML."""
    desk, query = asked.open_house.desk(), asked.query
    tags = [tag for one in (query.tag or "").split(",") if (tag := one.strip())]
    try:
        opml = read_list_file(BytesIO(asked.body), "the list")
        report = sort_out(opml, desk.known_feeds(), desk.settings.poll, tags)
    except ValueError as error:
        raise Refused(Reason.INVALID_PARAMETER, f"tag: {error}") from None
    except ListRefused as error:
        raise Refused(Reason.LIST_REFUSED, str(error)) from None
    if not query.dry_run:
        subscribe_all(report, desk.store.feeds, desk.settings.poll, asked.now)
    return {**import_json(report, dry_run=query.dry_run), "lines": became_json(report)}


class ExportQuestion(Question):
    """Which feeds."""

    tag: Name | None = Field(None, description="Only those with this tag")


def export(asked: Asked) -> bytes:
    """As `monitor feeds export`: the feeds with their whole addresses, tokens and all, as an OPML file."""
    return export_list(asked.house.store.feeds.all(), asked.now, asked.query.tag)
