"""`monitor completion`: the script that teaches a shell our commands, options and names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]


def _names(which: str, about: str) -> Complete:
    """Completes what `monitor.app.completions` reads of the config named on the line so far; never raises."""

    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        from monitor.app import completions

        config = context.params.get("config") or Path("config.toml")
        names: list[str] = []
        # Whatever is wrong with a file, a shell that waits for a word must not be shown a traceback.
        with contextlib.suppress(Exception):
            names = getattr(completions, which)(Path(config))
        return [CompletionItem(name, help=about) for name in dict.fromkeys(names) if name.startswith(typed)]

    return complete


complete_rules = _names("rule_ids", "rule")
complete_digests = _names("digest_names", "digest")
complete_receivers = _names("receiver_names", "receiver")


@click.command(short_help="Have the shell complete commands, options, names.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that lets SHELL complete commands, options, rules and digests.

    Put one line into your shell's start file:

    \b
    Examples:
      eval "$(monitor completion bash)"          # ~/.bashrc
      eval "$(monitor completion zsh)"           # ~/.zshrc, below compinit
      monitor completion fish | source           # ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    known = get_completion_class(shell)
    assert known is not None, "click knows the shells that the argument allows"
    click.echo(known(click.get_current_context().find_root().command, {}, "monitor", "_MONITOR_COMPLETE").source())
