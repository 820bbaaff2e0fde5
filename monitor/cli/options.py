"""Options that many commands share."""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from monitor.app.since import Since

CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    help="The config file.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="JSON lines instead of text.")
SINCE = click.option(
    "--since", default="7d", show_default=True, metavar="SPAN", help="How far back: 30m, 24h, 7d, 4w."
)


def span_of(text: str) -> Since:
    """What `--since` means now; a usage error for a text that is no span of time."""
    from monitor.app.since import NoSpan, since

    try:
        return since(text)
    except NoSpan as error:
        raise click.BadParameter(str(error), param_hint="--since") from None


def times_of(
    since: str | None, until: str | None, zone: tzinfo | None = None
) -> tuple[datetime | None, datetime | None]:
    """What `--since` and `--until` mean now, days being those of the zone (the machine's unless it is given).

    A usage error for a text that is no time.
    """
    from monitor.app.moments import NoMoment, beginning, end

    found: list[datetime | None] = []
    for option, text, moment in (("--since", since, beginning), ("--until", until, end)):
        try:
            found.append(None if text is None else moment(text, zone))
        except NoMoment as error:
            raise click.BadParameter(str(error), param_hint=option) from None
    begins, ends = found
    if begins is not None and ends is not None and begins >= ends:
        raise click.BadParameter("ends before --since begins", param_hint="--until")
    return begins, ends


def author_of(given: str | None) -> str:
    """Who says something: the name that was given, else the login; "" for a user without a name."""
    import getpass

    try:
        return given if given is not None else getpass.getuser()
    except (OSError, KeyError):  # as in some containers
        return ""


def whole(text: str) -> str:
    """A text of the command line without half characters, which no store takes."""
    return text.encode("utf-8", "replace").decode()
