"""Is Apprise there for the receivers that ask for it?"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.adapters.channels.apprise import MISSING, is_installed
from monitor.config.faults import subject_of
from monitor.core.text.toml_lines import line_of
from monitor.model.problem import Problem


def apprise_problems(receivers: Sequence[str], source: str, name: str) -> list[Problem]:
    """The extra that is missing, at each of the receivers, in the config file of that name."""
    if is_installed():
        return []
    paths = [("receivers", receiver, "apprise") for receiver in receivers]
    return [Problem(name, line_of(source, path), f"{subject_of(path)}: {MISSING}") for path in paths]
