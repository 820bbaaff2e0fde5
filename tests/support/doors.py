"""The command line in this process, and a config to ask about."""

from __future__ import annotations

from click.testing import CliRunner, Result
from newsroom import FEED

from monitor.cli.main import cli

CONFIG = f"""
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "{FEED}"
name = "News"
backfill = "24h"
[rules]
files = ["rules/*.toml"]
[receivers.desk]
file = {{ directory = "digests", format = "json" }}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=input, prog_name="monitor")
