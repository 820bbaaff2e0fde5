"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path

import click

CONFIG = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config.toml"),
    show_default=True,
    help="The config file.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="JSON lines instead of text.")
