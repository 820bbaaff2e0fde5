"""Files that come with the monitor: from a built wheel out of the package, from a checkout out of its root."""

from __future__ import annotations

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
    """Name and text of every shipped rule file, by name: `("border.toml", "…")`."""
    files = [file for file in _root().joinpath("rules").iterdir() if file.name.endswith(".toml")]
    return tuple((file.name, file.read_text(encoding="utf-8")) for file in sorted(files, key=lambda f: f.name))


def _root() -> Traversable:
    # The wheel carries them in monitor/shipped (pyproject.toml, force-include); a checkout has no such folder.
    inside = resources.files("monitor").joinpath("shipped")
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2]
