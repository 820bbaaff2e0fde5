"""Options that many commands share."""

from __future__ import annotations

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
