"""A collaborator as it is, but for what a test replaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Watched:
    """Something whose methods can be replaced one by one."""

    def __init__(self, wrapped: Any, **replaced: Callable[..., Any]) -> None:
        self._wrapped = wrapped
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)
