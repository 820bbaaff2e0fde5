"""`monitor why`: the fate of one entry, or of one rule."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.completion import complete_rules
from monitor.cli.options import CONFIG, JSON, SINCE, span_of
from monitor.cli.output import print_json, print_lines


@click.command(short_help="Why did I (not) get this? The fate of an entry.")
@click.argument("url", required=False)
@click.option(
    "--rule",
    metavar="ID",
    help="Only what this rule said; without a URL, what became of all it read.",
    shell_complete=complete_rules,
)
@SINCE
@CONFIG
@JSON
@click.pass_context
def why(
    context: click.Context, url: str | None, rule: str | None, since: str, config: Path, as_json: bool
) -> None:
    """Why did I (not) get this? The fate of one entry, or of all that one rule read.

    From the feed it was seen in to the inboxes it reached, with each rule's answer.

    \b
    Examples:
      monitor why https://www.dawn.com/news/1234567
      monitor why https://www.dawn.com/news/1234567 --rule torkham-closed
      monitor why --rule torkham-closed --since 30d
    """
    asked_since = context.get_parameter_source("since") is not click.core.ParameterSource.DEFAULT
    if url is None and rule is None:
        raise click.UsageError("Name the URL of an entry, or a rule: --rule ID.")
    if url is not None and asked_since:
        raise click.UsageError("--since goes with --rule alone: a URL has one fate, whenever it was seen.")
    if url is None:
        assert rule is not None, "checked above"
        _of_rule(rule, since, config, as_json)
    else:
        _of_url(url, rule, config, as_json)


def _of_url(url: str, rule: str | None, config: Path, as_json: bool) -> None:
    from monitor.app.questions import opened
    from monitor.app.stories import owners
    from monitor.app.waiting import waiting_of
    from monitor.app.why import why as ask
    from monitor.app.why_words import laid_out, why_json, why_lines

    url = url.encode("utf-8", "replace").decode()  # half a character is no part of an address
    with opened(config, os.environ) as house:
        names = [digest.name for digest in house.settings.digests]
        waiting = waiting_of(house.settings, house.clock.now())
        answer = ask(
            house.store, url, house.ruleset, rule=rule, digests=names, known=house.memory, waiting=waiting
        )
        owner_of = owners(house.settings)
    if as_json:
        print_json(why_json(answer))
    else:
        print_lines(laid_out(why_lines(answer, owner_of=owner_of)))
    sys.exit(0 if answer.fates else 1)


def _of_rule(rule: str, since: str, config: Path, as_json: bool) -> None:
    from monitor.app.kept_out import silences_at
    from monitor.app.questions import opened
    from monitor.app.why_rule import why_rule
    from monitor.app.why_rule_words import why_rule_json, why_rule_lines

    span = span_of(since)
    with opened(config, os.environ) as house:
        names = [digest.name for digest in house.settings.digests]
        silences = silences_at(house.store, house.clock.now())
        answer = why_rule(house.store, rule, span, house.ruleset, names, house.memory, silences)
    if as_json:
        print_json([why_rule_json(answer)])
    else:
        print_lines(why_rule_lines(answer))
