"""config.toml → frozen settings: every error at once, with file and line; secrets masked.

`values` reads texts, `shape` says which keys there are, `crosscheck` looks across tables, `faults` words what is
wrong, `load` puts them together; `ways` says how an address is reached; `subscription` holds one feed from
elsewhere to the same rules. Nothing here opens a file or reads the environment.
"""

from __future__ import annotations

from monitor.config.load import Outline, RuleGlob, Settings, load_config, outline
from monitor.config.subscription import read_subscription
from monitor.config.ways import Ways

__all__ = ["Outline", "RuleGlob", "Settings", "Ways", "load_config", "outline", "read_subscription"]
