"""`monitor service` in words: each thing that was done, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor.app.service_install import UNIT, Done, Places, Step, systemctl

_SAID = {
    Done.MADE: "made    {}",
    Done.WROTE: "wrote   {}",
    Done.UPDATED: "updated {}",
    Done.SAME: "        {} is there already",
    Done.KEPT: "kept    {}",
    Done.LEFT_OUT: "left    {} out",
    Done.CHANGED: "LEFT    {} alone: it is not as it was written",
    Done.REMOVED: "removed {}",
    Done.ABSENT: "        {} is not there",
}


def install_lines(
    steps: Sequence[Step], places: Places, program: Path, *, writes: bool, blocked: Sequence[str] = ()
) -> Iterator[str]:
    """What `service install` did or would do, then the next commands; `blocked` name servers first."""
    yield from step_lines(steps, writes=writes)
    ask = systemctl(places)
    if Done.CHANGED in _done(steps, places.unit):
        yield f"        what it would be: {_command(program, places)} --dry-run"
    for address in blocked:
        yield ""
        yield f"NOTE: this machine asks the name server {address}, which the unit blocks: no feed would be found."
        allow = f"IPAddressAllow={address.partition('%')[0]}"
        yield f"  {ask} edit {UNIT}    and write [Service], and below it {allow}"
    config = shlex.quote(str(places.config / "config.toml"))
    yield from ("", "Next:")
    if Done.WROTE in _done(steps, places.at(places.config / "config.toml")):
        yield f"  edit {config}: feeds, receivers, digests"
    yield f"  {program} check -c {config}"
    yield f"  {ask} daemon-reload"
    yield f"  {ask} enable --now {UNIT}"
    if Done.WROTE not in _done(steps, places.unit):
        yield f"  {ask} restart {UNIT}    where it runs already: it goes on as the version it was started with"
    yield f"  {ask} status {UNIT}"
    if places.user:
        yield "  loginctl enable-linger    so that it runs while you are not logged in, too"
    else:
        yield f"Secrets go into files below {places.config / 'credentials'}: see LoadCredential= in the unit."


def uninstall_lines(steps: Sequence[Step], places: Places, *, writes: bool) -> Iterator[str]:
    """What `service uninstall` did or would do, then the next command."""
    yield from step_lines(steps, writes=writes)
    if any(step.done is Done.CHANGED for step in steps):
        yield f"        remove it yourself if you are sure: rm {shlex.quote(str(places.unit))}"
    yield from ("", "Next:", f"  {systemctl(places)} daemon-reload")


def step_lines(steps: Sequence[Step], *, writes: bool) -> Iterator[str]:
    """One line a step."""
    if not writes:
        yield "Nothing is written (--dry-run). Without it:"
    for step in steps:
        yield _SAID[step.done].format(step.path) + (f" ({step.note})" if step.note else "")


def _done(steps: Sequence[Step], path: Path) -> list[Done]:
    return [step.done for step in steps if step.path == path]


def _command(program: Path, places: Places) -> str:
    root = "" if places.root is None else f" --root {shlex.quote(str(places.root))}"
    return f"{program} service install{' --user' if places.user else ''}{root}"
