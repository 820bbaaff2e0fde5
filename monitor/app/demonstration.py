"""`monitor demo`: the real pipeline over real HTTP, on a small world served on this machine."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from monitor.app.check import open_settings
from monitor.app.service import Service
from monitor.app.shipped import shipped_rule_files
from monitor.app.wiring import build
from monitor.demo.slack_sink import SlackSink
from monitor.demo.world import DemoWorld
from monitor.model.errors import MonitorError

# The sample stories are from 2023 to 2025: this config says openly that they alert all the same.
_CONFIG = """\
# The demo's config: a real one, but for its feeds, which are served on this machine.
[store]
url = "sqlite:///monitor.db"

[poll]
allow_private_addresses = true   # the demo's feeds are on 127.0.0.x
host_delay = "0s"
max_entry_age = "3650d"         # the sample stories are from 2023 to 2025

[rules]
files = ["rules/*.toml", "rules/entities/*.toml"]

[receivers.console]
stdout = {}
[receivers.mail]
file = { directory = "mail", format = "html" }   # the e-mail, kept as a file
[receivers.slack]
slack = { webhook_url = "env:SLACK_WEBHOOK" }

# The demo's hosts are addresses without a domain: these houses are told by their names.
[publishers.arab_news]
names = ["Arab News", "Arab News Pakistan"]
[publishers.harbour_post]
names = ["Harbour Post (invented)", "Harbour Post Weekend (invented)"]

[[digests]]
name = "demo-digest"
rules = ["*"]
to = ["console", "mail", "slack"]
schedule = "0 8 * * *"
timezone = "Asia/Kabul"
"""

_DASHBOARD = """
[web]
listen = "127.0.0.1:0"          # the system chooses a port
"""

_FEED = """
[[feeds]]
url = "{url}"
name = "{name}"
full_text = true
backfill = "3650d"              # entries that were there before us alert too
"""


class DemoFailed(MonitorError):
    """The demo could not show what it promises."""


def demonstrate(
    output: Path | None,
    *,
    say: Callable[[str], None],
    version: str,
    serve: Callable[[Path, Mapping[str, str]], int] | None = None,
) -> int:
    """Runs the demo into a folder and says where things lie; the exit status. Raises MonitorError.

    `serve` gets the config and its environment at the end and runs a daemon on them; the demo's world goes on.
    """
    folder = _folder(output)
    with DemoWorld() as world, SlackSink(folder) as slack:
        kind = "invented stories" if world.invented else "sample press stories"
        say(f"Serving {len(world.stories)} {kind} in {len(world.feeds)} feeds on this machine:")
        for feed in world.feeds:
            say(f"  {feed.name:12} {feed.kind.value:9} {feed.url}")
        config = _write_config(folder, world, dashboard=serve is not None)
        environment = {"SLACK_WEBHOOK": slack.url}
        ready = open_settings(config, environment)
        say(f"Polling, reading, matching {len(ready.ruleset.rules)} rules …\n")
        sys.stdout.flush()
        monitor = build(ready, version=version, stdout=sys.stdout)
        try:
            done = Service(monitor).run_once()
        finally:
            monitor.close()
        if done.exit_code or done.polled < len(world.feeds) or done.fallback or not slack.files:
            trouble = done.failing or done.fallback or done.failed or "no digest was sent"
            raise DemoFailed(f"the demo failed: {trouble}")
        first = world.url_of(world.stories[0])
        say(f"\n{done.polled} feeds, {done.new} entries, {done.matches} matches, {done.sent} messages sent.\n")
        mails = sorted((folder / "mail").glob("*.html"))
        say(f"Database      {folder / 'monitor.db'}")
        say(f"E-mail        {mails[0]}  (open it in a browser)")
        say(f"Slack         {slack.files[0]}")
        say(f"Config        {config}")
        say(f"\nAsk it:       monitor why {first} -c {config}")
        say(f"              monitor status -c {config}")
        if serve is None:
            return 0
        say("\nThe monitor goes on with the demo's feeds; open its address in a browser.")
        sys.stdout.flush()
        return serve(config, environment)


def _folder(output: Path | None) -> Path:
    if output is None:
        return Path(tempfile.mkdtemp(prefix="monitor-demo-"))
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DemoFailed(f"{output}: exists and is not an empty folder; name another for the demo")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoFailed(f"{output}: cannot be made: {error.strerror}") from error
    return output.absolute()


def _write_config(folder: Path, world: DemoWorld, *, dashboard: bool) -> Path:
    for name, text in shipped_rule_files():
        file = folder / "rules" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    config = folder / "config.toml"
    feeds = "".join(_FEED.format(url=feed.url, name=feed.name) for feed in world.feeds)
    config.write_text(_CONFIG + (_DASHBOARD if dashboard else "") + feeds, encoding="utf-8")
    return config
