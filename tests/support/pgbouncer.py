"""A real PgBouncer with session pooling before a PostgreSQL server."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_CONFIG = """
[databases]
* = host=127.0.0.1 port={server} user=monitor
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = session
default_pool_size = 60
"""


@contextmanager
def pgbouncer(url: str) -> Iterator[str]:
    """The URL of the same database by way of a pooler, whose other settings are as they come."""
    server, name = url.rpartition(":")[2].split("/")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="monitor-pgbouncer-"))
    config = folder / "pgbouncer.ini"
    config.write_text(_CONFIG.format(server=server, port=port), encoding="utf-8")
    folder.chmod(0o755)
    # It refuses to be root.
    user = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    program = shutil.which("pgbouncer")
    assert program is not None
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([program, "-q", str(config)], stdout=log, stderr=log, user=user)
        try:
            _wait_for(port, running, folder / "log")
            yield f"postgresql+psycopg://monitor@127.0.0.1:{port}/{name}"
        finally:
            running.kill()
            running.wait()
            shutil.rmtree(folder)


def _wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        assert running.poll() is None, log.read_text(encoding="utf-8")
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
            return
        time.sleep(0.02)
    raise TimeoutError("pgbouncer")
