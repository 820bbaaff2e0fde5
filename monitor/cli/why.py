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
@click.option("--fetch", is_flag=True, help="Of a URL never seen: fetch its page; which rules would match.")
@SINCE
@CONFIG
@JSON
@click.pass_context
def why(
    context: click.Context, url: str | None, rule: str | None, fetch: bool, since: str, config: Path, as_json: bool
) -> None:
    """Why did I (not) get this? The fate of one entry, or of all that one rule read.

    From the feed it was seen in to the inboxes it reached, with each rule's answer. In place of a URL it takes a
    story (s_7f3a), a delivery by number or key, or the Message-ID of a mail.

    \b
    Examples:
      monitor why https://www.dawn.com/news/1234567
      monitor why https://www.dawn.com/news/1234567 --rule torkham-closed
      monitor why https://www.dawn.com/news/7654321 --fetch
      monitor why s_7f3a
      monitor why --rule torkham-closed --since 30d
    """
    asked_since = context.get_parameter_source("since") is not click.core.ParameterSource.DEFAULT
    if url is None and rule is None:
        raise click.UsageError("Name the URL of an entry, or a rule: --rule ID.")
    if url is not None and asked_since:
        raise click.UsageError("--since goes with --rule alone: a URL has one fate, whenever it was seen.")
    if url is None:
        if fetch:
            raise click.UsageError("--fetch goes with a URL.")
        assert rule is not None, "checked above"
        _of_rule(rule, since, config, as_json)
    else:
        _of_url(url, rule, fetch, config, as_json)


def _of_url(url: str, rule: str | None, fetch: bool, config: Path, as_json: bool) -> None:
    from monitor.app.check import ways_of
    from monitor.app.questions import opened
    from monitor.app.stories import owners
    from monitor.app.why_json import why_json
    from monitor.app.why_named import named_by, named_json, named_lines
    from monitor.app.why_of_house import why_in
    from monitor.app.why_words import laid_out, why_lines

    url = url.encode("utf-8", "replace").decode()  # half a character is no part of an address
    with opened(config, os.environ) as house:
        named = named_by(house.store, url)
        ways = ways_of(config, os.environ) if fetch else None
        answer = why_in(house, url, rule, ways) if named is None else None
        owner_of = owners(house.settings)
    if answer is None:
        assert named is not None, "one of the two is there"
        if as_json:
            print_json([named_json(named)])
        else:
            print_lines(laid_out(named_lines(named)))
        return
    if as_json:
        print_json(why_json(answer))
    else:
        print_lines(laid_out(why_lines(answer, owner_of=owner_of)))
    sys.exit(0 if answer.fates else 1)


def _of_rule(rule: str, since: str, config: Path, as_json: bool) -> None:
    from monitor.app.kept_out import silences_at
    from monitor.app.questions import opened
    from monitor.app.waiting import waiting_of
    from monitor.app.why_rule import why_rule
    from monitor.app.why_rule_words import why_rule_json, why_rule_lines

    span = span_of(since)
    with opened(config, os.environ) as house:
        names = [digest.name for digest in house.settings.digests]
        silences = silences_at(house.store, house.clock.now())
        waiting = waiting_of(house.settings, house.clock.now())
        answer = why_rule(house.store, rule, span, house.ruleset, names, house.memory, silences, waiting)
    if as_json:
        print_json([why_rule_json(answer)])
    else:
        print_lines(why_rule_lines(answer))
