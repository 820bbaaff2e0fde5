"""`monitor service install` and `uninstall`: a systemd unit, folders, a config; never over a changed file."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from monitor.app.files import Unreadable, read_text, reason
from monitor.app.init import init
from monitor.app.shipped import shipped_text
from monitor.model.errors import MonitorError

UNIT = "media-monitor.service"
_PROGRAM = "/opt/media-monitor/bin/monitor"  # what the shipped units have in its place
_CONFIG = {False: "/etc/media-monitor/config.toml", True: "%h/.config/media-monitor/config.toml"}
_SHIPPED = {False: "deploy/media-monitor.service", True: "deploy/media-monitor-user.service"}
_WANTED_BY = {False: "multi-user.target.wants", True: "default.target.wants"}
# The first line of a unit of ours: what follows it is as we wrote it when it has this sum.
_HEAD = '# Written by "monitor service install"; unchanged while the SHA-256 of the rest is {}\n'
_OURS = re.compile(re.escape(_HEAD.rstrip("\n")).replace(r"\{\}", "([0-9a-f]{64})") + "\n")
_PLAIN = re.compile(r"[\w/.+@:,=-]+")  # systemd.syntax(7) and systemd.service(5) read nothing else into these
# ProtectHome= and PrivateTmp= of the unit: empty for the service (systemd.exec(5)).
_UNSEEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108


class Done(StrEnum):
    """What became of a file or folder."""

    MADE = "made"  # a folder
    WROTE = "wrote"
    UPDATED = "updated"  # written by an earlier `service install`, and not changed since
    SAME = "same"
    KEPT = "kept"  # it was there, and is the user's
    LEFT_OUT = "left_out"  # a rule file beside others that were changed: they make one set
    CHANGED = "changed"  # a unit that is no longer as we wrote it: left alone
    REMOVED = "removed"
    ABSENT = "absent"  # nothing to remove


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done, or would be."""

    done: Done
    path: Path
    note: str = ""


class InstallRefused(MonitorError):
    """A service cannot be installed or removed so; it says what to do, and by `steps` what was done before."""

    def __init__(self, why: str, steps: Sequence[Step] = ()) -> None:
        super().__init__(why)
        self.steps = steps


@dataclass(frozen=True, slots=True)
class Places:
    """Where a service lives. `root` is put in front of what is written, not of what stands in the files."""

    user: bool
    root: Path | None
    units: Path
    config: Path
    state: Path

    def at(self, path: Path) -> Path:
        """Where this path is written."""
        return path if self.root is None else self.root / path.relative_to("/")

    @property
    def unit(self) -> Path:
        """The unit, where it is written."""
        return self.at(self.units / UNIT)


def places_of(environment: Mapping[str, str], *, user: bool, root: Path | None) -> Places:
    """The folders of systemd.unit(5) and file-hierarchy(7), a user's by the XDG Base Directory Specification.

    Raises InstallRefused where a user has no home.
    """
    if not user:
        config, state = Path("/etc/media-monitor"), Path("/var/lib/media-monitor")
        return Places(False, root, Path("/etc/systemd/system"), config, state)
    home = environment.get("HOME", "")
    if not home.startswith("/"):
        raise InstallRefused("--user: $HOME names no folder")

    def base(name: str, below: str) -> Path:
        given = environment.get(name, "")
        return Path(given) if given.startswith("/") else Path(home) / below

    configs, states = base("XDG_CONFIG_HOME", ".config"), base("XDG_STATE_HOME", ".local/state")
    return Places(True, root, configs / "systemd/user", configs / "media-monitor", states / "media-monitor")


def install(places: Places, program: Path, *, writes: bool = True) -> list[Step]:
    """Makes folders, example config and unit; without `writes` only says what it would do.

    `program` is the `monitor` to run. Raises InstallRefused; what can be foreseen, before anything is written.
    """
    if writes:
        _expect_rights(places)
        expect_readable(places, program)
    unit = unit_text(places, program)
    steps: list[Step] = []
    with _translated(steps), _umask(0o077 if places.user else 0o022):
        for path, mode in _folders(places):
            steps.append(_folder(path, mode, writes))
        report = init(places.at(places.config), config=example_config(places), writes=writes)
        steps += [Step(Done.WROTE, path) for path in report.written]
        steps += [Step(Done.KEPT, path, "it was there") for path in report.kept]
        steps += [Step(Done.LEFT_OUT, path, f"{report.changed} is yours") for path in report.left_out]
        if report.error:
            raise InstallRefused(report.error, steps)
        steps.append(_write_unit(places.unit, unit, writes))
    return steps


def uninstall(places: Places, *, writes: bool = True) -> list[Step]:
    """Removes the unit, unless it was changed; config, rules and store stay. Raises InstallRefused."""
    if writes:
        _expect_rights(places)
    enabled = places.unit.parent / _WANTED_BY[places.user] / UNIT
    if enabled.is_symlink():
        raise InstallRefused(f"{UNIT} is enabled: first {systemctl(places)} disable --now {UNIT}")
    if not _is_there(places.unit):
        done = Done.ABSENT
    elif not _is_ours(read_text(places.unit)):
        done = Done.CHANGED
    else:
        done = Done.REMOVED
        if writes:
            with _translated():
                places.unit.unlink()
    kept = [path for path, _ in _folders(places)] + ([] if places.user else [places.at(places.state)])
    return [Step(done, places.unit), *(Step(Done.KEPT, path) for path in kept if _is_there(path))]


def unit_text(places: Places, program: Path) -> str:
    """The unit for this `monitor`, with the head by which it is known again. Raises InstallRefused."""
    config = places.config / "config.toml"
    for path in (program, config):
        if not path.is_absolute() or not _PLAIN.fullmatch(str(path)):
            raise InstallRefused(f"{path}: a unit needs an absolute path of letters, digits and /.+@:,=_-")
    text = shipped_text(_SHIPPED[places.user])
    rest = text.replace(_PROGRAM, str(program)).replace(_CONFIG[places.user], str(config))
    return _HEAD.format(sha256(rest.encode()).hexdigest()) + rest


def example_config(places: Places) -> str:
    """The shipped example, with its store and its digests where the service may write."""
    text = shipped_text("config.example.toml")
    for shipped, ours in (
        ("everything in monitor.db beside this file", f"everything in {places.state}"),
        ('url = "sqlite:///monitor.db"', f'url = "sqlite:///{places.state}/monitor.db"'),
        ('directory = "digests"', f'directory = "{places.state}/digests"'),
    ):
        assert shipped in text, f"the example config has {shipped}"
        text = text.replace(shipped, ours)
    return text


def blocked_name_servers(resolv_conf: Path = Path("/etc/resolv.conf")) -> list[str]:
    """The name servers of this machine that the unit's IPAddressDeny= blocks, as some clouds have them."""
    text = read_text(resolv_conf, 64_000)
    found = re.findall(r"^nameserver\s+(\S+)", text, re.MULTILINE) if isinstance(text, str) else []
    return [address for address in found if _is_link_local(address)]


def _is_link_local(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_link_local
    except ValueError:
        return False


def systemctl(places: Places) -> str:
    """How its manager is asked."""
    return "systemctl --user" if places.user else "systemctl"


def _folders(places: Places) -> Sequence[tuple[Path, int]]:
    # systemd makes the machine's own state and cache folders (StateDirectory=), for a user of its own.
    if places.user:
        return ((places.at(places.config), 0o700), (places.at(places.state), 0o700))
    return ((places.at(places.config), 0o755), (places.at(places.config) / "credentials", 0o700))


def _expect_rights(places: Places) -> None:
    if not places.user and places.root is None and os.geteuid() != 0:
        raise InstallRefused(
            "the service of a machine is installed by root: sudo monitor service install; "
            "--user installs one of your own, --root DIR writes below another folder"
        )


def program_at_work() -> Path:
    """The `monitor` of this installation. Raises InstallRefused where there is none beside its Python."""
    program = Path(sys.executable).parent / "monitor"
    if not program.is_file():
        raise InstallRefused(f"{program}: no such file; name the monitor to run: --program PATH")
    return program


def expect_readable(places: Places, program: Path) -> None:
    """Raises InstallRefused where the service of a machine could not start this program."""
    if places.user or places.root is not None:
        return
    if not program.is_file():
        raise InstallRefused(f"{program}: no such file")
    # An installation of ours is more than its script: its Python and its modules.
    more = (Path(sys.base_prefix), Path(__file__)) if program.parent == Path(sys.executable).parent else ()
    for path in (program, *more):
        why = unreadable_for_services(path)
        if why is not None:
            raise InstallRefused(
                f"{path}: the service cannot read it: {why}. Install the monitor for all: "
                "/usr/bin/python3 -m venv /opt/media-monitor; and use that one"
            )


def unreadable_for_services(path: Path) -> str | None:
    """Why a service of the unit could not read this file; None when it can."""
    for place in dict.fromkeys((path, path.resolve())):
        hidden = next((top for top in _UNSEEN if place.is_relative_to(top)), None)
        if hidden is not None:
            return f"it sees nothing below {hidden}"
        for folder in place.parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                return f"{folder} lets only its owner in"
    return None


def _folder(path: Path, mode: int, writes: bool) -> Step:
    if path.is_dir():
        return Step(Done.SAME, path)
    if writes:
        path.mkdir(parents=True)
        path.chmod(mode)
    return Step(Done.MADE, path)


def _write_unit(path: Path, text: str, writes: bool) -> Step:
    found = read_text(path)
    if found == text:
        return Step(Done.SAME, path)
    there = _is_there(path)
    if there and not _is_ours(found):
        return Step(Done.CHANGED, path)
    if writes:
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"{path.name}.new")
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    return Step(Done.UPDATED if there else Done.WROTE, path)


def _is_there(path: Path) -> bool:
    """Also as a link into nothing: one to /dev/null masks a unit, which is somebody's will."""
    return path.exists() or path.is_symlink()


def _is_ours(text: str | Unreadable) -> bool:
    """Whether a unit is as some `service install` wrote it."""
    if isinstance(text, Unreadable):
        return False
    head = _OURS.match(text)
    return head is not None and sha256(text[head.end() :].encode()).hexdigest() == head[1]


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    """What root's own mask would keep from the service, it must read; a user's own files only the user."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _translated(steps: Sequence[Step] = ()) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        named = getattr(error, "filename", None)
        taken = "a file has the name of a folder" if isinstance(error, FileExistsError) else reason(error)
        raise InstallRefused(f"{named}: {taken}" if named else taken, steps) from error
