"""Datagrams to the service manager that started us: sd_notify(3), in the standard library's sockets."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from monitor.core.text.terminal import printable

SEND_WITHIN = 1.0  # seconds: a service manager that is busy must not hold up the main loop


class NotifySocket:
    """The socket that `NOTIFY_SOCKET` names: a path, or `@NAME` in Linux' abstract namespace."""

    def __init__(self, address: str) -> None:
        self._address = f"\0{address[1:]}" if address.startswith("@") else address

    def tell(self, said: Mapping[str, str]) -> bool:
        """Sends `KEY=value` lines as one datagram; False when nobody took it. Never raises.

        A value stays on its line whatever it holds: a feed's title must not say `READY=1`.
        """
        lines = (f"{key}={printable(value)}" for key, value in said.items())
        try:
            # A socket each time: whoever re-executes the manager makes a new one under the same name.
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours:
                ours.settimeout(SEND_WITHIN)
                ours.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except (OSError, ValueError):  # ValueError: no path at all
            return False
        return True
