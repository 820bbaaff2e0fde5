"""`monitor silence …`: who does not want to be told what, until when, and why."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

from monitor.cli.completion import complete_digests, complete_rules
from monitor.cli.options import CONFIG, JSON, author_of, whole
from monitor.cli.output import print_json, print_lines


@click.group(short_help="Silences: what shall not be told for a while.")
def silence() -> None:
    """Silences: what shall not be told for a while, who says so, and why."""


@silence.command("add", short_help="Silence rules, tags or a story for a while.")
@click.option(
    "--rule", "rules", multiple=True, metavar="GLOB", help="Rules by id: torkham-*.", shell_complete=complete_rules
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Rules with this tag.")
@click.option("--story", metavar="ID", help="One story (s_1a), whatever rule matches on it.")
@click.option(
    "--digest",
    "digests",
    multiple=True,
    metavar="NAME",
    help="In this digest only; default: every one.",
    shell_complete=complete_digests,
)
@click.option("--for", "span", metavar="SPAN", help="For so long: 30m, 12h, 7d.")
@click.option("--until", metavar="TIME", help="Until then: 2026-12-01 (to its end), 2026-12-01T08:00:00+04:30.")
@click.option("--starts", metavar="TIME", help="From then on, written like --until; default: now.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; the digests say it.")
@click.option("--author", metavar="NAME", help="Who says so; default: your login.")
@click.option("--discard", is_flag=True, help="Do not tell it afterwards, either.")
@click.option("--yes", is_flag=True, help="Do not ask before every rule is silenced.")
@CONFIG
@JSON
def add_silence(
    rules: tuple[str, ...],
    tags: tuple[str, ...],
    story: str | None,
    digests: tuple[str, ...],
    span: str | None,
    until: str | None,
    starts: str | None,
    reason: str,
    author: str | None,
    discard: bool,
    yes: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Silence rules, tags or a story until a time.

    What is silenced waits and is told once the silence ends. With --discard it is not told then, either: it is
    kept on record, monitor why says so, and monitor silence end ID --tell brings it back.

    What is given together must all hold; of several rules, tags or digests one is enough. A story is silenced for
    all rules, also for one that matches on it for the first time; when it goes into another story the silence
    follows it, and one that discards only holds from then on. Where one silence holds and another discards,
    the match waits.

    A running monitor goes by it within a second or two. Exit status 1 when it does not hold together.

    \b
    Examples:
      monitor silence add --story s_1a --for 12h --reason "we are on it"
      monitor silence add --rule 'torkham-*' --until 2026-12-01 --reason "planned works"
      monitor silence add --tag sport --digest border-morning --for 7d --reason "world cup" --discard
    """
    from monitor.app import silence_words as words
    from monitor.app import silences as app
    from monitor.app.questions import opened
    from monitor.model.silence import NewSilence, SilenceMode

    with opened(config, os.environ) as house:
        now = house.clock.now()
        begins, ends = _times(span, until, starts, now)
        mode = SilenceMode.DISCARD if discard else SilenceMode.HOLD
        texts = [tuple(map(whole, some)) for some in (rules, tags, digests)]
        new = NewSilence(
            mode, begins, ends, whole(author_of(author)), whole(reason), texts[0], texts[1],
            None if story is None else whole(story), texts[2],
        )  # fmt: skip
        checked = app.check_silence(house, new, now)
        if checked.of_everything and not yes:
            click.confirm(words.question_text(checked.new, checked.all_rules), abort=True, err=True)
        added = app.add_silence(house, checked, now)
    if as_json:
        print_json([words.added_json(added, now)])
    else:
        print_lines(words.added_lines(added, now))


@silence.command("list", short_help="List silences, and what they keep out.")
@click.option("--all", "every", is_flag=True, help="Also those that are over.")
@CONFIG
@JSON
def list_silences(every: bool, config: Path, as_json: bool) -> None:
    """List the silences in force and to come, the newest first: who, why, until when, and what they keep out.

    \b
    Examples:
      monitor silence list
      monitor silence list --all --json
    """
    from monitor.app import silence_words as words
    from monitor.app import silences as app
    from monitor.app.questions import opened

    with opened(config, os.environ) as house:
        now = house.clock.now()
        found = app.list_silences(house, now, every=every)
    if as_json:
        print_json(words.listed_json(one, now) for one in found)
    else:
        print_lines(words.list_lines(found, now, every=every))


@silence.command("end", short_help="End a silence before its time.")
@click.argument("id_", metavar="ID", type=int)
@click.option("--tell", is_flag=True, help="Have told what it discarded.")
@CONFIG
@JSON
def end_silence(id_: int, tell: bool, config: Path, as_json: bool) -> None:
    """End a silence now; what it holds is told when its digest is due, by an immediate one at once.

    What it has discarded stays discarded unless you say --tell; that works for a silence that is over, too. It can
    be ended twice. Exit status 1 when there is no such silence.

    \b
    Examples:
      monitor silence end 4
      monitor silence end 4 --tell
    """
    from monitor.app import silence_words as words
    from monitor.app import silences as app
    from monitor.app.questions import opened

    with opened(config, os.environ) as house:
        now = house.clock.now()
        freed = app.end_silence(house, id_, now, tell=tell)
    if as_json:
        print_json([words.freed_json(freed, now)])
    else:
        print_lines(words.freed_lines(freed, tell=tell))


def _times(span: str | None, until: str | None, starts: str | None, now: datetime) -> tuple[datetime, datetime]:
    """When it begins and ends; usage errors for texts that are no times."""
    from monitor.app.moments import beginning, end
    from monitor.config.values import read_duration

    if (span is None) == (until is None):
        raise click.UsageError("say how long: --for 12h, or --until 2026-12-01")
    begins = now if starts is None else _to_come("--starts", starts, beginning)
    if span is None:
        return begins, _to_come("--until", until or "", end)
    try:
        return begins, begins + read_duration(span)
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error), param_hint="--for") from None


def _to_come(option: str, text: str, read: Callable[[str], datetime]) -> datetime:
    from monitor.app.moments import NoMoment

    with suppress(NoMoment):
        if text[4:5] == "-":  # no span: it would be taken as one of the past
            return read(text)
    raise click.BadParameter(
        f'"{whole(text)[:60]}" is no time to come; write 2026-12-01 or 2026-12-01T08:00:00+04:30',
        param_hint=option,
    )
