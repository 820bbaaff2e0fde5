"""Secret references and text files, on real files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from monitor.app.files import Unreadable, read_text, secrets_from
from monitor.model.errors import SecretUnavailable


def test_each_kind_of_reference_is_resolved(tmp_path: Path):
    (tmp_path / "hook").write_text("from a file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "smtp").write_text("from the service manager")
    resolve = secrets_from({"X": "from env", "CREDENTIALS_DIRECTORY": str(credentials)}, tmp_path)
    assert resolve("env:X") == "from env"
    assert resolve("file:hook") == "from a file"
    assert resolve(f"file:{tmp_path}/hook") == "from a file"
    assert resolve("credential:smtp") == "from the service manager"


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("env:Y", "the environment variable is not set"),
        ("file:none", "no such file"),
        ("file:.", "is a folder, not a file"),
        ("file:binary", "is not UTF-8 text: the first wrong byte is in line 2"),
        ("file:long", "is longer than 64000 bytes"),
        ("file:fifo", "is no regular file"),
        ("file:binary/x", "a part of its path is no folder"),
        ("file:\0", "is no path"),
        ("credential:x", "$CREDENTIALS_DIRECTORY is not set: no service manager gave any"),
        ("plain", "is no env:, file: or credential:"),
    ],
)
def test_a_reference_that_points_nowhere_says_why(tmp_path: Path, reference: str, why: str):
    (tmp_path / "binary").write_bytes(b"a\n\xff")
    (tmp_path / "long").write_bytes(b"x" * 64_001)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SecretUnavailable) as caught:
        secrets_from({}, tmp_path)(reference)
    assert str(caught.value) == f"{reference}: {why}"


@pytest.mark.parametrize("name", ["../hook", "..", ".", "", "/etc/passwd"])
def test_a_credential_never_leaves_its_folder(tmp_path: Path, name: str):
    (tmp_path / "hook").write_text("x")
    folder = tmp_path / "credentials"
    folder.mkdir()
    with pytest.raises(SecretUnavailable, match="is no name of a credential"):
        secrets_from({"CREDENTIALS_DIRECTORY": str(folder)}, tmp_path)(f"credential:{name}")


def test_a_byte_order_mark_is_not_part_of_a_text(tmp_path: Path):
    (tmp_path / "c.toml").write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_text(tmp_path / "c.toml") == "a = 1\n"


def test_a_file_without_permission_says_so(tmp_path: Path, unprivileged: None):
    (tmp_path / "c").write_text("x")
    (tmp_path / "c").chmod(0)
    assert read_text(tmp_path / "c") == Unreadable("permission denied")
