"""A config in which nothing is wrong, ways to spoil it, and what is said of that."""

from __future__ import annotations

from monitor.config import load_config
from monitor.model.errors import ConfigInvalid, SecretUnavailable
from monitor.model.problem import Gravity

SECRETS = {
    "env:PASSWORD": "correct horse",
    "env:HOOK": "https://hooks.slack.example/T0/B0/battery-staple",
    "env:HTTP_HOOK": "http://hooks.slack.example/T0/B0/battery-staple",
    "env:LOCAL": "http://127.0.0.1:9/battery-staple",
    "env:EMPTY": "",
    "env:USER_HOOK": "https://desk:battery-staple@siem.example/hook",
    "env:SIGNING": "whsec_" + "A" * 32,
    "env:SHORT_SIGNING": "whsec_" + "A" * 8,
    "env:PG": "postgresql+psycopg://desk:battery-staple@db/monitor",
}

GOOD = """\
[[feeds]]
url = "https://example.org/feed"

[smtp]
host = "mail.example.org"
from = "Desk <desk@example.org>"

[receivers.desk]
email = ["desk@example.org"]
[receivers.ops]
slack = { webhook_url = "env:HOOK" }

[[digests]]
name = "one"
rules = ["*"]
to = ["desk"]
schedule = "0 8 * * *"
timezone = "Asia/Kabul"
"""


def resolve(reference: str) -> str:
    if reference not in SECRETS:
        raise SecretUnavailable(reference, "the environment variable is not set")
    return SECRETS[reference]


def problems(text: str, *, warnings: bool = False) -> list[str]:
    """All problems of a config text as lines, without the file's name."""
    try:
        found = load_config(text, "c", directory="/etc/monitor", secrets=resolve).warnings
    except ConfigInvalid as error:
        found = error.problems
    return [str(problem).removeprefix("c:") for problem in found if warnings or problem.gravity is Gravity.ERROR]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def cut(line: str, expected: str) -> str:
    return line[: len(expected) - 1] if expected.endswith("…") else line
