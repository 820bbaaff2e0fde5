"""`monitor stories …`: stories as they were grouped, and what to do about a wrong one."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import click

from monitor.cli.completion import complete_rules
from monitor.cli.options import CONFIG, JSON, author_of, span_of
from monitor.cli.output import print_json, print_lines
from monitor.core.text.terminal import printable


@click.group(short_help="Stories: articles about one event.")
def stories() -> None:
    """Stories: articles about one event; say what is not the same."""


@stories.command("list", short_help="List stories, the newest first.")
@click.option("--since", default="24h", show_default=True, metavar="SPAN", help="How far back: 30m, 24h, 7d, 4w.")
@click.option("--rule", metavar="ID", help="Only stories that this rule matched.", shell_complete=complete_rules)
@click.option("--tag", metavar="TAG", help="Only with this tag, of a feed, an entry, or a rule that matched.")
@click.option(
    "--publisher", metavar="NAME", help="Only with an article of this outlet: part of its name, or its host."
)
@click.option("--language", metavar="CODE", help="Only with an article in this language: en, ur, ps.")
@click.option("--min-articles", type=click.IntRange(1), default=1, metavar="N", help="Only with so many articles.")
@click.option(
    "--limit", type=click.IntRange(1), metavar="N", help="At most so many: 50 as text, else all unless given."
)
@CONFIG
@JSON
def list_stories(
    since: str,
    rule: str | None,
    tag: str | None,
    publisher: str | None,
    language: str | None,
    min_articles: int,
    limit: int | None,
    config: Path,
    as_json: bool,
) -> None:
    """List stories, that with the newest article first.

    Each with its id, publishers (and how many of them carry an agency), articles and copies, and the rules that
    matched.

    \b
    Examples:
      monitor stories list
      monitor stories list --since 7d --rule torkham-closed
      monitor stories list --min-articles 5 --json
    """
    from monitor.app.questions import opened
    from monitor.app.stories import SHOWN, Wanted, owners, question_of
    from monitor.app.stories import stories as found
    from monitor.app.stories_words import list_json, list_lines

    span = span_of(since)
    most = limit if limit or as_json else SHOWN
    with opened(config, os.environ) as house:
        owner_of = owners(house.settings)
        wanted = Wanted(span, rule, tag, publisher, language, min_articles, most, owner_of)
        asked = question_of(house, wanted)
        if as_json:
            print_json(list_json(one, wanted.owner_of) for one in found(house.store.stories, asked, wanted.limit))
        else:
            print_lines(list_lines(house.store.stories, asked, wanted))
    sys.stdout.flush()


@stories.command("show", short_help="Show one story, and why it is one.")
@click.argument("story")
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, metavar="N", help="List so many articles."
)
@CONFIG
@JSON
def show_story(story: str, limit: int, config: Path, as_json: bool) -> None:
    """Show one story: its articles in time, why they are together, what was told of it.

    STORY is its id (s_1a), also one it had before, an article (a_26), or the URL of one. Exit status 1 when there
    is no such story.

    \b
    Examples:
      monitor stories show s_1a
      monitor stories show https://www.dawn.com/news/1234567
    """
    from dataclasses import replace

    from monitor.app.desk import Missing, opened_desk
    from monitor.app.kept_out import of_story
    from monitor.app.stories import owners, show
    from monitor.app.story_words import show_json, show_lines

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        shown = show(desk.store.stories, _name(story), owners(desk.settings))
        digests = [digest.name for digest in desk.settings.digests]
        silences = of_story(desk.store, shown.view.id, digests, desk.clock.now())
        shown = replace(shown, silences=silences)
    if as_json:
        print_json([show_json(shown)])
    else:
        print_lines(show_lines(shown, limit))
    sys.stdout.flush()


@stories.command("split", short_help="Say: these are not the same story.")
@click.argument("story")
@click.argument("articles", nargs=-1, metavar="[ARTICLE]...")
@click.option("--author", metavar="NAME", help="Who says so; default: your login.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who look at it later.")
@click.option("--dry-run", is_flag=True, help="Say what would stand apart; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@CONFIG
@JSON
def split_story(
    story: str,
    articles: tuple[str, ...],
    author: str | None,
    reason: str,
    dry_run: bool,
    yes: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Say that articles are not the same story: they never come together again.

    Each ARTICLE (a_26, or its URL), with its copies, leaves STORY. Without any, every article of it stands apart.
    What was not told only because the story had been told waits for its digest again. A daemon may be running.

    \b
    Examples:
      monitor stories split s_1a a_26 --reason "another crossing"
      monitor stories split s_1a
    """
    from monitor.app import stories_apart as app
    from monitor.app.desk import Missing, opened_desk

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        planned = app.plan_split(desk.store.stories, _name(story), [_name(one) for one in articles])
        if dry_run:
            lines, fields = list(app.planned_lines(planned)), app.planned_json(planned)
        else:
            if not (articles or yes):
                click.confirm(app.split_question(planned), abort=True, err=True)
            house = app.regrouping_of(desk)
            done = app.split(house, planned, author=author_of(author), reason=reason)
            lines, fields = list(app.split_lines(done)), app.regrouped_json(done)
    if as_json:
        print_json([fields])
    else:
        print_lines(lines)


@stories.command("join", short_help="Take back what a split said.")
@click.argument("articles", nargs=-1, required=True, metavar="ARTICLE...")
@CONFIG
@JSON
def join_articles(articles: tuple[str, ...], config: Path, as_json: bool) -> None:
    """Take back that articles are not the same story: how alike they are decides again.

    ARTICLE is an article (a_26, or its URL) with its copies, or a story (s_1a) for all its articles; what was said
    of any two of them is removed.

    \b
    Examples:
      monitor stories join s_1a s_1f
      monitor stories join a_26 a_31
    """
    from monitor.app import stories_apart as app
    from monitor.app.desk import Missing, opened_desk

    with opened_desk(config, os.environ, Missing.REFUSED) as desk:
        done = app.join(app.regrouping_of(desk), [_name(one) for one in articles])
    if as_json:
        print_json([app.regrouped_json(done)])
    else:
        print_lines(app.join_lines(done))


@stories.command("group", short_help="Group documents (JSON lines) into stories.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option("--window", metavar="SPAN", help="How far apart the documents of a story may be dated; default: 7d.")
@click.option("--explain", is_flag=True, help='Also say why, in "why".')
def group_documents(file: Path, window: str | None, explain: bool) -> None:
    """Group documents (JSON lines): the same lines come out with "duplicate_of" and "story".

    "duplicate_of" is the id of the document that it copies, or null; "story" is the id of the oldest document of
    its story. The daemon's own stage decides, without a config or a store; the order of the lines changes nothing.
    A line that is no document is reported on standard error with its number, the others go on, and the exit status
    is 1.

    \b
    Examples:
      monitor stories group documents.jsonl
      cat documents.jsonl | monitor stories group --explain > grouped.jsonl
    """
    from typing import BinaryIO, cast

    from monitor.app.group_documents import GroupTally, group_lines, seekable, tally_text
    from monitor.cli.progress import Progress

    name = "standard input" if str(file) == "-" else str(file)
    span = None if window is None else _span(window)
    tally, progress = GroupTally(), Progress()

    def complain(problem: str) -> None:
        progress.hide()
        click.echo(f"{name}:{printable(problem)}", err=True)

    with (
        click.open_file(str(file), "rb") as source,
        seekable(cast(BinaryIO, source)) as stream,
    ):
        grouped = group_lines(
            stream,
            tally,
            window=span,
            explain=explain,
            complain=complain,
            tell_read=progress.of("documents read"),
            tell_grouped=progress.of("documents grouped"),
        )
        for line in grouped:
            progress.hide()
            print_json([line])
    progress.hide()
    sys.stdout.flush()
    click.echo(tally_text(tally), err=True)
    sys.exit(1 if tally.problems else 0)


def _span(text: str) -> timedelta:
    from monitor.config.values import read_duration

    try:
        span = read_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--window") from None
    if not span:
        raise click.BadParameter("a window has some length, as in 7d", param_hint="--window")
    return span


def _name(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # half a character is no part of a name
