"""`monitor web`: who may see the dashboard."""

from __future__ import annotations

import json
from secrets import token_bytes

import click

_BYTES = 32


@click.group(short_help="Who may see the dashboard.")
def web() -> None:
    """Who may see the dashboard of the running daemon."""


@web.command("token", short_help="Make a token to log in with.")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["reader", "operator"]),
    default="reader",
    show_default=True,
    help="A reader looks; an operator also silences and retries.",
)
@click.option("--json", "as_json", is_flag=True, help="Token and hash as one JSON object.")
def make_token(name: str, role: str, as_json: bool) -> None:
    """Make a token for NAME, and the lines of the config that let it in.

    The token is shown once and stored nowhere: the config holds its hash. Without any token everybody on this
    machine sees the dashboard and may act.

    \b
    Examples:
      monitor web token anna --role operator
      monitor web token "news desk"
    """
    from monitor.app.entrance import new_token
    from monitor.config.values import read_line

    try:
        name = read_line(name)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from None
    token, hashed = new_token(token_bytes(_BYTES))
    if as_json:
        click.echo(json.dumps({"name": name, "role": role, "token": token, "sha256": hashed}, ensure_ascii=False))
        return
    click.echo(
        f"Token of {name}, shown only now:\n\n  {token}\n\nFor the config, then reload (SIGHUP):\n", err=True
    )
    written = json.dumps(name, ensure_ascii=False)
    click.echo(f'[[web.tokens]]\nname = {written}\nrole = "{role}"\nsha256 = "{hashed}"')
