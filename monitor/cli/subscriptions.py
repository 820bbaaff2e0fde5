"""`monitor feeds list / add / remove / import / export / health`: subscriptions."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines, progress_bar
from monitor.core.text.terminal import printable


@click.command("list")
@click.option("--tag", metavar="TAG", help="Only feeds with this tag.")
@click.option("--failing", is_flag=True, help="Only feeds that fail or are gone.")
@CONFIG
@JSON
def list_(tag: str | None, failing: bool, config: Path, as_json: bool) -> None:
    """List the feeds: state, last poll, next poll, entries they list.

    \b
    Examples:
      monitor feeds list
      monitor feeds list --tag border --failing
      monitor feeds list --json
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.feed_list import list_feeds, list_json, list_lines
    from monitor.app.hub_words import hub_view

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        now, hubs = desk.clock.now(), hub_view(desk.store.hubs, desk.settings.public_url)
        found = list_feeds(desk.store.feeds, desk.known_feeds(), now, tag=tag, failing=failing, hubs=hubs)
    if as_json:
        print_json(list_json(found))
    else:
        print_lines(list_lines(found))


@click.command()
@click.argument("url")
@click.option("--name", metavar="NAME", help="How digests call it; default: its title.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A tag of its articles; may be given again.")
@click.option("--interval", metavar="DURATION", help='Poll it this often, as in "5m"; default: that of [poll].')
@click.option("--full-text", is_flag=True, help="Fetch the page behind each entry and match its text.")
@click.option("--backfill", metavar="DURATION", help='Entries this old alert, too, as in "24h"; default: none.')
@click.option("--no-poll", is_flag=True, help="Do not ask it now; add it whatever it would answer.")
@CONFIG
@JSON
def add(
    url: str,
    name: str | None,
    tags: tuple[str, ...],
    interval: str | None,
    full_text: bool,
    backfill: str | None,
    no_poll: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Subscribe to the feed at URL, and say what it brings.

    It is asked at once, also beside a running daemon, and added only if it answers with a feed; exit 1 when not.
    A feed that was removed goes on where it was. The config file is left alone: the feed lives in the store.

    \b
    Examples:
      monitor feeds add https://www.dawn.com/feeds/home
      monitor feeds add https://www.dawn.com/feeds/home --tag pakistan --interval 5m --backfill 24h
    """
    from monitor.app.check import check
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.feed_list import added_json, added_lines
    from monitor.app.subscribing import add as subscribe

    given = {
        "url": url.strip(),
        "name": name,
        "tags": list(tags) or None,
        "interval": interval,
        "full_text": full_text or None,
        "backfill": backfill,
    }
    values = {key: value for key, value in given.items() if value is not None}
    with opened_desk(config, os.environ, Missing.MADE) as desk:
        ruleset = check(config, environment=os.environ, secrets=False).ruleset
        try:
            added = subscribe(
                desk,
                values,
                ruleset,
                poll=not no_poll,
                asking=lambda: click.echo(printable(f"Asking {url} …"), err=True),
            )
        except ValueError as error:
            raise click.UsageError(printable(str(error))) from None
        if as_json:
            print_json([added_json(added)])
        else:
            print_lines(added_lines(added, desk.clock.now()))


@click.command(short_help="Show one feed: its polls, its newest entries.")
@click.argument("url_or_name")
@click.option(
    "--limit", metavar="N", type=click.IntRange(0, 1_000), default=15, show_default=True, help="So many entries."
)
@CONFIG
@JSON
def show(url_or_name: str, limit: int, config: Path, as_json: bool) -> None:
    """Show one feed: its polls, and its newest entries with their fates.

    This is where to look at what was stored as seen when you subscribed.

    \b
    Examples:
      monitor feeds show "Dawn"
      monitor feeds show https://www.dawn.com/feeds/home --limit 100 --json
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.feed_view import feed_view, view_json, view_lines

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        now, public_url = desk.clock.now(), desk.settings.public_url
        found = feed_view(desk.store, desk.known_feeds(), url_or_name, limit, now, public_url)
    if as_json:
        print_json([view_json(found)])
    else:
        print_lines(view_lines(found))


@click.command()
@click.argument("url_or_name")
@CONFIG
@JSON
def remove(url_or_name: str, config: Path, as_json: bool) -> None:
    """Stop polling a feed; everything that came of it is kept.

    For feeds that were added by command or import. A feed of the config file is deleted there.

    \b
    Examples:
      monitor feeds remove https://www.dawn.com/feeds/home
      monitor feeds remove "Dawn"
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.feed_list import removed_lines
    from monitor.app.subscribing import remove as unsubscribe

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        feed = unsubscribe(desk, url_or_name)
    if as_json:
        print_json([{"name": feed.name, "url": feed.settings.url}])
    else:
        print_lines(removed_lines(feed))


@click.command()
@click.argument("url")
@click.option("--guess", is_flag=True, help="Ask the usual addresses too, although the page names a feed.")
@CONFIG
@JSON
def discover(url: str, guess: bool, config: Path, as_json: bool) -> None:
    """Find the feeds of the site at URL, each asked once and read.

    Those that the page names come first, of comments last. Where it names none that works, addresses where feeds
    usually are are asked, as far as robots.txt allows. Nothing is stored; exit 1 when no feed was found.

    \b
    Examples:
      monitor feeds discover https://www.dawn.com/
      monitor feeds discover dawn.com --guess --json
    """
    from monitor.app.check import ways_of
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.discovering import discover as search
    from monitor.app.discovering import discovery_json, discovery_lines, page_address

    try:
        address = page_address(url.strip())
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from None
    with opened_desk(config, os.environ, Missing.EMPTY) as desk:
        found = search(
            address,
            desk.settings.poll,
            desk.clock,
            desk.known_feeds(),
            guess=guess,
            asking=lambda each: click.echo(printable(f"Asking {each} …"), err=True),
            access=ways_of(config, os.environ).to,
        )
        now = desk.clock.now()
    if as_json:
        print_json([discovery_json(found)])
    else:
        print_lines(discovery_lines(found, now))
    sys.exit(0 if found.feeds else 1)


@click.command("import", short_help="Subscribe to the feeds of an OPML file.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A tag for all of them; may be given again.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@CONFIG
@JSON
def import_(file: Path, tags: tuple[str, ...], dry_run: bool, config: Path, as_json: bool) -> None:
    """Subscribe to the feeds of an OPML file, as other readers export them; - is standard input.

    Folders become tags. A line that cannot be a feed is reported on standard error, the others are added, and the
    exit status is 1. Feeds that are there already are left as they are. None is asked now: the daemon does so one
    after the other.

    \b
    Examples:
      monitor feeds import feeds.opml --dry-run
      monitor feeds import feeds.opml --tag imported
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.opml_files import (
        import_json,
        import_lines,
        read_list_file,
        sort_out,
        subscribe_all,
        trouble_lines,
    )

    name = "standard input" if str(file) == "-" else str(file)
    with opened_desk(config, os.environ, Missing.EMPTY if dry_run else Missing.MADE) as desk:
        with click.open_file(str(file), "rb") as source:
            opml = read_list_file(source, name)
        try:
            report = sort_out(opml, desk.known_feeds(), desk.settings.poll, tags)
        except ValueError as error:
            raise click.UsageError(printable(str(error))) from None
        for line in trouble_lines(report, name):
            click.echo(printable(line), err=True)
        if not dry_run:
            with progress_bar("Subscribing") as progress:
                subscribe_all(report, desk.store.feeds, desk.settings.poll, desk.clock.now(), progress)
        if as_json:
            print_json([import_json(report, dry_run=dry_run)])
        else:
            print_lines(import_lines(report, name, desk.settings.poll, dry_run=dry_run))
    sys.exit(1 if report.problems else 0)


@click.command()
@click.option("--tag", metavar="TAG", help="Only feeds with this tag.")
@CONFIG
def export(tag: str | None, config: Path) -> None:
    """Print the feeds as an OPML file, those of the config file too.

    Other readers read it, and `monitor feeds import` takes it back with nothing lost. Tags are folders.

    \b
    Examples:
      monitor feeds export > feeds.opml
      monitor feeds export --tag border > border.opml
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.opml_files import export_list

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        click.echo(export_list(desk.store.feeds.all(), desk.clock.now(), tag), nl=False)


@click.command(short_help="Show the feeds that fail or are odd, and why.")
@CONFIG
@JSON
def health(config: Path, as_json: bool) -> None:
    """Show only the feeds that fail or are odd, worst first, each with the reason and what to do.

    \b
    Examples:
      monitor feeds health
      monitor feeds health --json
    """
    from monitor.app.desk import Missing, opened_desk
    from monitor.app.feed_health import health_json, health_lines, health_of
    from monitor.app.hub_words import hub_view

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        known, now = desk.known_feeds(), desk.clock.now()
        gaps = desk.store.gaps.gaps()
        hubs = hub_view(desk.store.hubs, desk.settings.public_url)
        report = health_of(desk.store.feeds, known, gaps=gaps, holder=desk.store.holder(), now=now, hubs=hubs)
    if as_json:
        print_json(health_json(report))
    else:
        print_lines(health_lines(report))
