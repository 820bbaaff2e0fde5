"""Files that come with the monitor: from a built wheel out of the package, from a checkout out of its root."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path


def shipped_text(relative: str) -> str:
    """The text of a shipped file, such as `"config.example.toml"` or `"rules/border.toml"`.

    Raises FileNotFoundError when no such file is shipped.
    """
    place = _root()
    for part in relative.split("/"):
        place = place.joinpath(part)
    return place.read_text(encoding="utf-8")


def shipped_rule_files() -> tuple[tuple[str, str], ...]:
    """Path below `rules` and text of every shipped rule file, by path: `("entities/people.toml", "…")`."""
    return tuple(sorted(_rule_files(_root().joinpath("rules"), "")))


def _rule_files(folder: Traversable, below: str) -> Iterator[tuple[str, str]]:
    for file in folder.iterdir():
        if file.is_dir():
            yield from _rule_files(file, f"{below}{file.name}/")
        elif file.name.endswith(".toml"):
            yield f"{below}{file.name}", file.read_text(encoding="utf-8")


def _root() -> Traversable:
    # The wheel carries them in monitor/shipped (pyproject.toml, force-include); a checkout has no such folder.
    inside = resources.files("monitor").joinpath("shipped")
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2]
