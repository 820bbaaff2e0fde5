"""What systemd is to a service of Type=notify: a datagram socket that is told how it does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread


class ServiceManager:
    """Everything it was told so far, in order: one mapping per datagram."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.told: list[dict[str, str]] = []

    def values(self, key: str) -> list[str]:
        """What this key was said to be, each time."""
        return [said[key] for said in list(self.told) if key in said]

    def signs(self) -> list[str]:
        """READY, RELOADING and STOPPING in the order in which they came."""
        return [key for said in list(self.told) for key in ("READY", "RELOADING", "STOPPING") if key in said]

    def environment(self, watchdog: float | None = None) -> dict[str, str]:
        """What the service is started with; `watchdog` in seconds."""
        usec = {} if watchdog is None else {"WATCHDOG_USEC": str(int(watchdog * 1_000_000))}
        return {"NOTIFY_SOCKET": self.address, **usec}


@contextmanager
def service_manager(folder: Path) -> Iterator[ServiceManager]:
    """A manager that listens in this folder until the block ends."""
    path = str(folder / "notify")
    manager = ServiceManager(path)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as ours:
        ours.bind(path)

        def listen() -> None:
            while said := ours.recv(65_536).decode():
                manager.told.append(dict(line.split("=", 1) for line in said.splitlines()))

        thread = Thread(target=listen)
        thread.start()
        try:
            yield manager
        finally:
            with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as last:
                last.sendto(b"", path)  # an empty datagram ends it
            thread.join()
