"""The image of deploy/Containerfile, built and run by Podman over a base image made of this machine's own Python.

The base is nearly empty: /usr and the Python of the tests are mounted into it, at the build and at the run.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from documents import ROOT, document

_FOLDERS = ("dev", "etc", "opt", "proc", "root", "run", "sys", "usr", "var/lib")
_LINKS = ("bin", "lib", "lib64", "sbin")
# Podman would raise them, which needs a right that not every machine gives.
_LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")
_BASE = "localhost/base-of-tests"
IMAGE = "localhost/media-monitor"


class Podman:
    """Podman with a storage of its own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._command = [
            "podman",
            f"--root={folder / 'root'}",
            f"--runroot={folder / 'run'}",
            "--runtime=runc",
            "--cgroup-manager=cgroupfs",
        ]

    def __call__(self, *words: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Runs it to its end; what it says on standard error is shown when it fails."""
        done = subprocess.run([*self._command, *words], capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0 or not check, f"podman {words}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def make_base(self) -> None:
        """An image with Python that is one page of folders and links."""
        tar = self.folder / "base.tar"
        with tarfile.open(tar, "w") as archive:
            for name in (*_FOLDERS, "tmp"):
                entry = tarfile.TarInfo(name)
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
                archive.addfile(entry)
            for name in filter(lambda one: Path("/", one).is_symlink(), _LINKS):
                entry = tarfile.TarInfo(name)
                entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(f"/{name}")
                archive.addfile(entry)
            users = b"root:x:0:0:root:/root:/bin/sh\n"
            entry = tarfile.TarInfo("etc/passwd")
            entry.size = len(users)
            archive.addfile(entry, io.BytesIO(users))
        path = f"{sys.base_prefix}/bin:/usr/bin:/bin"
        self("import", f"--change=ENV PATH={path}", str(tar), _BASE)

    def build(self) -> None:
        """Builds the image as the how-to says, with pip's settings of this machine as a secret."""
        settings, paths = _pip_settings()
        secret = self.folder / "pip.conf"
        secret.write_text(settings, encoding="utf-8")
        self(
            "build", "--format=docker", "--isolation=chroot", "--layers=false", "--network=host",
            f"--secret=id=pip,src={secret}", f"--build-arg=BASE={_BASE}", *_mounts(paths),
            f"--file={ROOT / 'deploy' / 'Containerfile'}", f"--tag={IMAGE}", str(ROOT),
        )  # fmt: skip

    @contextmanager
    def running(self, config: Path, state: Path, network: str = "host") -> Iterator[str]:
        """The container as the how-to starts it, on this machine's network unless told otherwise; its name."""
        name = "monitor-of-tests"
        state.mkdir(exist_ok=True)
        os.chown(state, 10001, 10001)
        try:
            self(
                "run", "--detach", f"--name={name}", f"--network={network}", *_as_the_page_says(), *_LIMITS,
                *_mounts(()),
                f"--volume={config}:/etc/media-monitor:ro", f"--volume={state}:/var/lib/media-monitor", IMAGE,
            )  # fmt: skip
            yield name
        finally:
            self("rm", "--force", "--time=0", name, check=False)

    @contextmanager
    def network(self) -> Iterator[str]:
        """A network with a loopback only, held by a container like `net` of the compose example."""
        name = "net-of-tests"
        sleep = '--entrypoint=["sleep","infinity"]'
        try:
            self("run", "--detach", f"--name={name}", "--network=none", *_LIMITS, *_mounts(()), sleep, IMAGE)
            yield f"container:{name}"
        finally:
            self("rm", "--force", "--time=0", name, check=False)

    def python(self, network: str, code: str) -> subprocess.CompletedProcess[str]:
        """What Python prints in another container of that network."""
        run = ("run", "--rm", f"--network={network}", *_LIMITS, *_mounts(()), "--entrypoint=python")
        return self(*run, IMAGE, "-c", code, check=False)

    def clear(self) -> None:
        """Removes images and mounts, so that the folder can be removed."""
        self("rm", "--all", "--force", "--time=0", check=False)
        self("rmi", "--all", "--force", check=False)


def _as_the_page_says() -> list[str]:
    """The options that the how-to starts it with; without `--init`, so that the daemon is process 1."""
    shell = "".join(fence.text for fence in document("docs/how-to/run-in-a-container.md").fences)
    line = next(line for line in shell.replace("\\\n", " ").splitlines() if line.startswith("docker run -d "))
    words = shlex.split(line)[3:-1]
    for option in ("--name", "--restart", "-v", "-v"):
        place = words.index(option)
        del words[place : place + 2]
    words.remove("--init")
    return words


def _mounts(paths: Sequence[str]) -> list[str]:
    return [f"--volume={path}:{path}:ro" for path in dict.fromkeys(("/usr", sys.base_prefix, *paths))]


def _pip_settings() -> tuple[str, list[str]]:
    """What pip is told on this machine as a config file, and the files and folders that stand in it."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        if setting := re.fullmatch(r"(?:global|:env:)\.([\w-]+)='(.*)'", line):
            found[setting[1]] = setting[2]
    paths = [one for value in found.values() for one in re.findall(r"(?:file://)?(/[^\s']+)", value)]
    here = [one for one in paths if Path(one).exists() and not one.startswith("/usr/")]
    # A folder of an index is mounted whole: pages in it point to files beside them.
    whole = [str(Path(one).parent) if one.endswith("/simple") else one for one in here]
    return "[global]\n" + "".join(f"{key} = {value}\n" for key, value in found.items()), whole
