"""`monitor rules …`: rules tried on documents."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from monitor.cli.backtest import backtest
from monitor.cli.completion import complete_rules
from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines
from monitor.core.text.terminal import printable


@click.group()
def rules() -> None:
    """Rules: try them on texts and on the past; what they reach."""


rules.add_command(backtest)


@rules.command("match", short_help="Match documents (JSON lines) against rules.")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True), default="-")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@CONFIG
def match_documents(file: Path, directory: Path | None, config: Path) -> None:
    """Match documents (JSON lines) against rules; matches come out as JSON lines.

    A document needs "id", "title" and "body"; a line that is no document is reported on standard error with
    its number, the others go on, and the exit status is 1.

    \b
    Examples:
      monitor rules match --rules rules/ documents.jsonl
      echo '{"id": "1", "title": "Torkham closed", "body": ""}' | monitor rules match --rules rules/
    """
    from monitor.app.offline import match_lines, rules_from
    from monitor.cli.streams import lines_of

    ruleset = rules_from(directory, config, os.environ)
    problems = 0
    for one in match_lines(ruleset, lines_of(file)):
        if one.problem is not None:
            problems += 1
            click.echo(f"{'standard input' if str(file) == '-' else file}:{one.problem}", err=True)
        else:
            print_json([one.match or {}])
    sys.exit(1 if problems else 0)


@rules.command(short_help="Explain why a rule matches a text or not.")
@click.argument("rule", required=False, shell_complete=complete_rules)
@click.option(
    "--query", help="A query to explain instead of a rule; it may use the entities and terms of the rules."
)
@click.option(
    "--text",
    "file",
    type=click.Path(allow_dash=True),
    help="A text, or documents (JSON lines); - is standard input.",
)
@click.option("--url", help="A stored article by its URL.")
@click.option("--title", help="The title of a plain text, or a title alone.")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@CONFIG
@JSON
def explain(
    rule: str | None,
    query: str | None,
    file: str | None,
    url: str | None,
    title: str | None,
    directory: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Explain why RULE matches a text or not: operand by operand, with the words found.

    The text comes from a file or from the store; the rules are those of today.

    \b
    Examples:
      monitor rules explain torkham-closed --text story.txt
      monitor rules explain torkham-closed --url https://www.dawn.com/news/1234567
      monitor rules explain --query '@torkham NEAR/5 shut' --title 'Torkham shut again'
    """
    from monitor.app.explain_words import explained_json, explained_lines
    from monitor.app.explaining import Question, answers
    from monitor.cli.streams import standard_input
    from monitor.model.problem import Gravity, Problem

    _check_question(rule, query, file, url, title)
    url = url and url.encode("utf-8", "replace").decode()  # half a character is no part of an address
    question = Question(config, directory, rule, query, file, title, url)
    failed = shown = False
    for one in answers(question, os.environ, standard_input()):
        if isinstance(one, Problem):
            failed = failed or one.gravity is Gravity.ERROR
            click.echo(printable(str(one), keep_newlines=True), err=True)
        elif as_json:
            print_json([explained_json(one)])
        else:
            print_lines(["", *explained_lines(one)] if shown else explained_lines(one))
            shown = True
    sys.exit(1 if failed else 0)


@rules.command(short_help="Show what the operands of a query stand for.")
@click.argument("query")
@click.option("--rules", "directory", type=click.Path(path_type=Path), help="A folder of rule files, or one file.")
@CONFIG
@JSON
def expand(query: str, directory: Path | None, config: Path, as_json: bool) -> None:
    """Show what the ~word, word*, @entity and $term of QUERY stand for.

    With the store of the config, forms are counted in its newest articles. Words that word* reaches beside the
    family it seems to mean are marked as a surprise. With --rules no store is asked.

    \b
    Examples:
      monitor rules expand '~close'
      monitor rules expand 'shut*' --rules rules/
      monitor rules expand 'SENTENCE(@torkham AND $closed)' --json
    """
    from monitor.app.expand_words import answer_json, answer_lines
    from monitor.app.expanding import answer
    from monitor.cli.progress import Progress
    from monitor.model.errors import ConfigInvalid

    progress = Progress()
    try:
        found = answer(query, directory, config, os.environ, progress.of("articles read"))
    except ConfigInvalid as error:
        click.echo(printable(str(error), keep_newlines=True), err=True)
        sys.exit(2)
    finally:
        progress.hide()
    for problem in found.warnings:
        click.echo(printable(str(problem), keep_newlines=True), err=True)
    if as_json:
        print_json(answer_json(found))
    else:
        print_lines(answer_lines(found))


def _check_question(
    rule: str | None, query: str | None, file: str | None, url: str | None, title: str | None
) -> None:
    if (rule is None) == (query is None):
        raise click.UsageError("Name a RULE, or write a --query.")
    if url is not None and (file is not None or title is not None):
        raise click.UsageError("--url is an article with its own words: leave --text and --title out.")
    if url is None and file is None and title is None:
        raise click.UsageError(
            "Say what to explain it on: --text FILE (- is standard input), --title TEXT, "
            "or --url URL of a stored article."
        )
