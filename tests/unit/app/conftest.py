"""What tests of the app's files share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_NOBODY = 65534


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Runs the test without root's right to read and write everything; tmp_path belongs to the test."""
    root = os.geteuid() == 0
    if root:
        for folder in (tmp_path, *list(tmp_path.parents)[:3]):  # one more where pytest runs in several processes
            folder.chmod(folder.stat().st_mode | 0o055)
        os.chown(tmp_path, _NOBODY, -1)
        os.seteuid(_NOBODY)
    yield
    if root:
        os.seteuid(0)
    tmp_path.chmod(0o700)
