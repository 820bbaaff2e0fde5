"""Hosts of their own on one machine: network namespaces around a router that drops what it is told to drop."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_INTERNET = "10.78.0.0/16"  # all of it is the router's own: feeds are served there


def enter(path: str) -> None:
    """Takes the calling thread, and what it starts later, into the namespace of that file. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _called("setns", fd, _CLONE_NEWNET)
    finally:
        os.close(fd)


class Host:
    """A network namespace. It has no name: it is gone with the last file and process that hold it, so that nothing
    is left on the machine, however a test ends."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.address = address
        with ThreadPoolExecutor(1) as thread:  # of its own, since it stays in there
            self._fd = thread.submit(_unshared).result()
        self.path = f"/proc/{os.getpid()}/fd/{self._fd}"
        try:
            self.ip("link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Lets go of it."""
        os.close(self._fd)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens, and processes and threads that it starts, are this host's."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            enter(self.path)
            try:
                yield
            finally:
                _called("setns", own, _CLONE_NEWNET)
        finally:
            os.close(own)

    def ip(self, *line: str) -> str:
        """`ip LINE` in there."""
        with self.inside():
            done = subprocess.run(["ip", *line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"ip {' '.join(line)}: {done.stdout}"
        return done.stdout


class Hosts:
    """Hosts that reach each other, and all of 10.78.0.0/16, through one router."""

    def __init__(self, *names: str) -> None:
        self.router = Host()
        self._hosts: dict[str, Host] = {}
        self._cut: set[tuple[str, str]] = set()
        try:
            with self.router.inside():
                Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
            self.router.ip("route", "add", "local", _INTERNET, "dev", "lo")
            for number, name in enumerate(names, 1):
                self._hosts[name] = self._joined(number)
        except BaseException:
            self.close()
            raise

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def _joined(self, number: int) -> Host:
        gateway, host = f"10.79.{number}.1", Host(f"10.79.{number}.2")
        try:
            here, there = f"host{number}", ("peer", "name", "eth0", "netns", host.path)
            self.router.ip("link", "add", here, "type", "veth", *there)
            self.router.ip("address", "add", f"{gateway}/24", "dev", here)
            self.router.ip("link", "set", here, "up")
            host.ip("address", "add", f"{host.address}/24", "dev", "eth0")
            host.ip("link", "set", "eth0", "up")
            host.ip("route", "add", "default", "via", gateway)
        except BaseException:
            host.close()
            raise
        return host

    def cut(self, one: str, other: str) -> None:
        """From now on nothing comes through between the two, either way, and nobody is told so."""
        self._rules("add", one, other)
        self._cut.add((one, other))

    def mend(self, one: str, other: str) -> None:
        """It comes through again, if it did not."""
        if (one, other) in self._cut:
            self._cut.remove((one, other))
            self._rules("delete", one, other)

    def _rules(self, act: str, one: str, other: str) -> None:
        here, there = self[one].address, self[other].address
        for source, target in ((here, there), (there, here)):
            self.router.ip("rule", act, "from", source, "to", target, "blackhole")

    def close(self) -> None:
        """Lets go of all of them; what was cut is mended first, so that no connection waits for hours to end."""
        for pair in list(self._cut):
            with suppress(AssertionError):
                self.mend(*pair)
        for host in (*self._hosts.values(), self.router):
            host.close()


@contextmanager
def hosts(*names: str) -> Iterator[Hosts]:
    """Hosts of these names; gone at the end, whatever happens."""
    made = Hosts(*names)
    try:
        yield made
    finally:
        made.close()


@cache
def hosts_can_be_made() -> bool:
    """Whether this machine lets us: root on Linux, with iproute2."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    try:
        with hosts("one", "other") as made:
            made.cut("one", "other")
    except (OSError, AssertionError):
        return False
    return True


def _unshared() -> int:
    _called("unshare", _CLONE_NEWNET)
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _called(function: str, *arguments: int) -> None:
    """As os.setns and os.unshare do from Python 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, function)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
