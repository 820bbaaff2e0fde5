"""What the store promises of names that changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.renaming import Carried, Named, Rename


class Renames(Protocol):
    """History goes with its name; names of before are known for good."""

    def to_come(self, renames: Sequence[Rename]) -> Sequence[Rename]:
        """Those that are not carried out yet, or again have history under the old name. Cheap when there are none.

        Raises RenameRefused, for the first that `carry_over` would refuse.
        """
        ...

    def carry_over(
        self, renames: Sequence[Rename], in_use: Mapping[Named, Collection[str]], now: datetime
    ) -> Sequence[Carried]:
        """Carries out what is to come, all in one transaction; `in_use` are the names of the config.

        Done twice it changes nothing. Raises RenameRefused with nothing changed.
        """
        ...

    def name_now(self, kind: Named, name: str) -> str:
        """What a thing of that name is called now: the same, when it was never renamed or is in use again."""
        ...
