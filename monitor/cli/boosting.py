"""`monitor feeds boost`: ask some feeds more often for a while."""

from __future__ import annotations

import os
from pathlib import Path

import click

from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines
from monitor.core.text.terminal import printable


@click.command()
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Feeds with this tag; may be given again.")
@click.option("--feed", "names", metavar="URL_OR_NAME", multiple=True, help="This feed; may be given again.")
@click.option("--interval", metavar="DURATION", help='Ask them this often, as in "2m".')
@click.option("--for", "span", metavar="DURATION", help='For so long, as in "6h"; 7d at most.')
@click.option("--list", "listing", is_flag=True, help="Show what is boosted now.")
@click.option("--end", "ending", is_flag=True, help="End boosts: of these feeds, or all of them.")
@CONFIG
@JSON
def boost(
    tags: tuple[str, ...],
    names: tuple[str, ...],
    interval: str | None,
    span: str | None,
    listing: bool,
    ending: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Ask some feeds more often for a while, as in a crisis.

    It begins at once, also beside a running daemon, and ends by itself. Feeds that get the tag later are not
    boosted. What a server asks for still holds: Retry-After, and the limits of its host.

    \b
    Examples:
      monitor feeds boost --tag border --interval 2m --for 6h
      monitor feeds boost --feed "Dawn" --interval 1m --for 30m
      monitor feeds boost --list
      monitor feeds boost --end
    """
    from monitor.app import boosting as app
    from monitor.app.desk import Missing, opened_desk

    if listing and ending:
        raise click.UsageError("--list and --end: one of them")
    if (listing or ending) and (interval or span):
        raise click.UsageError("--interval and --for begin a boost: not with --list or --end")
    if not (listing or ending) and not ((tags or names) and interval and span):
        raise click.UsageError(
            "say which feeds (--tag or --feed), how often (--interval) and for how long (--for)"
        )
    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        known, now = desk.known_feeds(), desk.clock.now()
        feeds = app.chosen(known, tags, names) if tags or names else known.feeds
        if listing:
            boosted = app.in_force(feeds, now)
            lines, objects = app.list_lines(boosted, now), [app.feed_json(one, one.boost) for one in boosted]
        elif ending:
            ended = app.end(desk, feeds)
            lines, objects = app.ended_lines(ended), [app.feed_json(one, None) for one in ended]
        else:
            try:
                allowed = desk.settings.poll.allow_private_addresses
                wanted = app.read_boost(interval or "", span or "", now, allow_private_addresses=allowed)
            except ValueError as error:
                raise click.UsageError(printable(str(error))) from None
            done = app.boost(desk, feeds, wanted)
            lines, objects = app.boosted_lines(done, now), [app.feed_json(one, wanted) for one in feeds]
    if as_json:
        print_json(objects)
    else:
        print_lines(lines)
