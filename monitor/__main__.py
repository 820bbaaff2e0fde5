"""The command `monitor`, also as `python -m monitor`."""

from __future__ import annotations


def main() -> None:
    """Runs the command line."""
    from monitor.cli.main import cli

    cli(prog_name="monitor")


if __name__ == "__main__":
    main()
