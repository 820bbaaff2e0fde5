"""`monitor deliveries …`: what is in the outbox, and another try for what was given up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from monitor.cli.completion import complete_digests, complete_receivers
from monitor.cli.options import CONFIG, JSON
from monitor.cli.output import print_json, print_lines


@click.group(short_help="Deliveries: what waits, was sent or was given up.")
def deliveries() -> None:
    """Deliveries: what waits, was sent or was given up; and try again."""


@deliveries.command("list", short_help="List deliveries, newest first.")
@click.option(
    "--state",
    type=click.Choice(["waiting", "sent", "dead", "draft", "suppressed"]),
    help="Only deliveries in this state.",
)
@click.option("--digest", metavar="NAME", help="Only those of this digest.", shell_complete=complete_digests)
@click.option("--receiver", metavar="NAME", help="Only those to this receiver.", shell_complete=complete_receivers)
@click.option(
    "--limit", metavar="N", type=click.IntRange(1, 10_000), default=20, show_default=True, help="At most so many."
)
@CONFIG
@JSON
def list_(
    state: str | None, digest: str | None, receiver: str | None, limit: int, config: Path, as_json: bool
) -> None:
    """List deliveries, newest first: what waits, was sent, or was given up, and why.

    \b
    Examples:
      monitor deliveries list
      monitor deliveries list --state dead
      monitor deliveries list --state suppressed
      monitor deliveries list --receiver desk --limit 100 --json
    """
    from monitor.app.deliveries import delivery_json, list_deliveries, list_lines
    from monitor.app.questions import opened
    from monitor.model.delivery import DeliveryState

    with opened(config, os.environ) as house:
        found = list_deliveries(
            house,
            house.clock.now(),
            state=DeliveryState(state) if state else None,
            digest=digest,
            receiver=receiver,
            limit=limit,
        )
    if as_json:
        print_json(delivery_json(one) for one in found.rows)
    else:
        print_lines(list_lines(found))


@deliveries.command()
@click.argument("name", metavar="KEY_OR_ID")
@click.option(
    "--as", "form", type=click.Choice(["text", "html", "json"]), help="Print the message alone, in this form."
)
@CONFIG
@JSON
def show(name: str, form: str | None, config: Path, as_json: bool) -> None:
    """Show one delivery: its state, every attempt, and the message.

    KEY_OR_ID is the number in the list, the key, or the first six letters or more of the key.

    \b
    Examples:
      monitor deliveries show 12
      monitor deliveries show 0f1e2d --as html > message.html
    """
    from monitor.app.deliveries import delivery_called, message_as, show_json, show_lines
    from monitor.app.questions import opened

    if form and as_json:
        raise click.UsageError("--as prints the message alone, --json everything: give one of them")
    with opened(config, os.environ) as house:
        one = delivery_called(house.store, name)
        attempts = house.store.ledger.attempts_of(one.id)
    if form:
        click.echo(message_as(one, form))
    elif as_json:
        print_json([show_json(one, attempts)])
    else:
        print_lines(show_lines(one, attempts))


@deliveries.command(short_help="Try deliveries again.")
@click.argument("names", metavar="[KEY_OR_ID]...", nargs=-1)
@click.option("--dead", is_flag=True, help="All that were given up.")
@click.option(
    "--receiver",
    metavar="NAME",
    help="With --dead: only those to this receiver.",
    shell_complete=complete_receivers,
)
@CONFIG
@JSON
def retry(names: tuple[str, ...], dead: bool, receiver: str | None, config: Path, as_json: bool) -> None:
    """Try deliveries again: those given up, or those that wait for their next attempt.

    They are due at once and start anew, with three days of attempts before them; the running monitor sends them.
    What was sent is not sent again, and what is being sent at this moment is left alone. A receiver that refuses
    everything is tried at once, too, rather than after its hour.

    Exit status 1 when one of those named could not be retried.

    \b
    Examples:
      monitor deliveries retry 12
      monitor deliveries retry --dead
      monitor deliveries retry --dead --receiver siem
    """
    if bool(names) == dead:
        raise click.UsageError("name deliveries, or give --dead for all that were given up")
    if receiver and not dead:
        raise click.UsageError("--receiver goes with --dead")
    from monitor.app.deliveries import retried_dead_lines, retried_json, retried_line, retry_dead, who_sends
    from monitor.app.deliveries import retry as retry_each
    from monitor.app.questions import opened

    with opened(config, os.environ) as house:
        now = house.clock.now()
        if dead:
            numbers = retry_dead(house, now, receiver)
            lines, due, failed = retried_dead_lines(numbers), bool(numbers), False
            rows: list[dict[str, Any]] = [{"receiver": name, "due": number} for name, number in numbers.items()]
        else:
            answers = list(retry_each(house.store, names, now))
            lines = [retried_line(one) for one in answers]
            rows = [retried_json(one) for one in answers]
            due, failed = any(one.ok for one in answers), not all(one.ok for one in answers)
        if due:
            lines.append(who_sends(house.store.holder()))
    if as_json:
        print_json(rows)
    else:
        print_lines(lines)
    sys.exit(1 if failed else 0)
