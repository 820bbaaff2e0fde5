"""Runs a program with what a unit forbids it to ask of the kernel: `python hardened.py UNIT PROGRAM ARGUMENT…`.

Of the unit it takes SystemCallFilter=, RestrictAddressFamilies=, MemoryDenyWriteExecute=, RestrictNamespaces=,
CapabilityBoundingSet= and NoNewPrivileges= as systemd.exec(5) describes them, by libseccomp, which systemd brings.
No folder becomes read-only or unseen: that takes mounts, which a test must not make.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_ALLOW = 0x7FFF0000
_NOT_EQUAL, _LESS, _EQUAL, _MORE, _MASKED = 1, 2, 4, 6, 7  # <seccomp.h>, enum scmp_compare
_PR_SET_NO_NEW_PRIVS, _PR_CAPBSET_DROP = 38, 24
_WRITE_EXEC, _EXEC, _SHM_EXEC = 6, 4, 0o100000
_NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)


class _Comparison(ctypes.Structure):
    _fields_ = [  # as ctypes wants it
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    ]


class _Filter:
    """One seccomp filter: what it does unless a rule says otherwise."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))
        assert self._context

    def rule(self, action: int, name: str, *comparisons: tuple[int, int, int, int]) -> None:
        number = self._library.seccomp_syscall_resolve_name(name.encode())
        if number == -1:  # a name that is newer than this library
            return
        array = (_Comparison * len(comparisons))(*(_Comparison(*one) for one in comparisons))
        failed = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(comparisons), array
        )
        assert failed == 0, (name, failed)

    def load(self) -> None:
        failed = self._library.seccomp_load(self._context)
        assert failed == 0, failed


def _error(number: int) -> int:
    return 0x00050000 | number


def _settings(unit: Path) -> Iterator[tuple[str, str]]:
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            yield name, value


def _calls(word: str) -> set[str]:
    if not word.startswith("@"):
        return {word}
    line = ["systemd-analyze", "--no-pager", "syscall-filter", word]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout.splitlines()[1:]
    words = [one.strip() for one in said if one.strip() and not one.strip().startswith("#")]
    return {call for one in words for call in _calls(one)}


def _allowed(unit: Path) -> set[str]:
    """The calls that the SystemCallFilter= lines leave, one after the other."""
    left: set[str] = set()
    for name, value in _settings(unit):
        if name == "SystemCallFilter":
            calls = {call for word in value.removeprefix("~").split() for call in _calls(word)}
            left = left - calls if value.startswith("~") else left | calls
    return left


def _forbid(unit: Path) -> None:
    found = dict(_settings(unit))
    assert found["MemoryDenyWriteExecute"] == found["RestrictNamespaces"] == found["NoNewPrivileges"] == "yes"
    assert found.get("CapabilityBoundingSet", "") == ""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    assert libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    permitted = _Filter(_error(errno.EPERM))
    for call in sorted(_allowed(unit)):
        permitted.rule(_ALLOW, call)
    narrow = _Filter(_ALLOW)
    forbidden = _error(errno.EPERM)
    narrow.rule(forbidden, "mmap", (2, _MASKED, _WRITE_EXEC, _WRITE_EXEC))
    for call in ("mprotect", "pkey_mprotect"):
        narrow.rule(forbidden, call, (2, _MASKED, _EXEC, _EXEC))
    narrow.rule(forbidden, "shmat", (2, _MASKED, _SHM_EXEC, _SHM_EXEC))
    families = {int(getattr(socket, name)) for name in found["RestrictAddressFamilies"].split()}
    unknown = _error(errno.EAFNOSUPPORT)
    narrow.rule(unknown, "socket", (0, _MORE, max(families), 0))
    for family in set(range(max(families))) - families:
        narrow.rule(unknown, "socket", (0, _EQUAL, family, 0))
    for flag in _NEW_NAMESPACES:
        narrow.rule(forbidden, "clone", (0, _MASKED, flag, flag))
        narrow.rule(forbidden, "unshare", (0, _MASKED, flag, flag))
    narrow.rule(forbidden, "setns")
    narrow.rule(_error(errno.ENOSYS), "clone3")  # its flags lie in memory: as systemd does
    narrow.load()
    permitted.load()


if __name__ == "__main__":
    _forbid(Path(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
