"""The units that ship: what systemd's own judge says of them, and that they fit the daemon they start."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest
from documents import ROOT

from monitor.app import service
from monitor.app.service_install import Places, install, places_of
from monitor.core.health.progress import HUNG_AFTER
from monitor.model.jobs import ProcessRole

SYSTEM, USER = ROOT / "deploy" / "media-monitor.service", ROOT / "deploy" / "media-monitor-user.service"
WORK = ROOT / "deploy" / "media-monitor-work@.service"
BOTH = pytest.mark.parametrize("unit", [SYSTEM, USER], ids=lambda path: path.stem)
judged = pytest.mark.needs("systemd-analyze")
WORST = 1.2  # exposure on systemd's scale of 0 to 10: what a daemon with a network can reach (delivery design)


def analyze(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({"XDG_RUNTIME_DIR": str(folder)} if folder else {})}  # what --user asks for
    line = ["systemd-analyze", "--no-pager", *arguments]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, env=environment)


def settings(unit: Path) -> dict[str, list[str]]:
    """The values of each setting, in their order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def seconds(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|min)", text).groups()  # type: ignore[union-attr]  # it is one, or the test fails
    return int(number) * {"s": 1, "min": 60}[unit]


@judged
@pytest.mark.parametrize("unit", [SYSTEM, WORK], ids=lambda path: path.stem)
def test_the_unit_leaves_the_service_little_to_do_harm_with(unit: Path) -> None:
    said = analyze("security", "--offline=true", str(unit))
    overall = re.search(r"Overall exposure level for \S+: ([\d.]+)", said.stdout)
    assert overall is not None, said.stdout + said.stderr
    assert float(overall[1]) <= WORST, said.stdout


@judged
def test_the_units_as_they_are_installed_have_nothing_that_systemd_complains_of(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "monitor"  # verify looks whether it is there
    own = places_of({"HOME": str(tmp_path)}, user=True, root=None)
    for places, mode in ((places_of({}, user=False, root=tmp_path), "--system"), (own, "--user")):
        install(places, program)
        said = analyze(mode, "verify", "--man=no", str(places.unit), folder=tmp_path)
        assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@BOTH
def test_the_times_of_the_unit_are_those_of_the_daemon(unit: Path) -> None:
    found = settings(unit)
    assert seconds(found["TimeoutStopSec"][0]) > service.STOP_WITHIN.total_seconds() + 2
    watchdog = seconds(found["WatchdogSec"][0])
    assert watchdog > 60  # a reload of many rules may keep the main loop that long from answering
    assert watchdog < HUNG_AFTER.total_seconds()


@BOTH
def test_it_is_started_again_whatever_happens_unless_its_config_does_not_hold(unit: Path) -> None:
    found = settings(unit)
    assert found["Restart"] == ["on-failure"]
    assert found["StartLimitIntervalSec"] == ["0"]
    assert found["RestartPreventExitStatus"] == ["2"]
    assert found["OOMPolicy"] == ["continue"]  # a child that is killed for its memory is replaced
    assert found["KillMode"] == ["mixed"]  # a stop is told to the daemon, which ends its children itself


@BOTH
def test_every_setting_is_one_that_systemd_252_knows(unit: Path) -> None:
    """What is newer is left out, which nobody would see: systemd passes over what it does not know."""
    assert not {"RestartSteps", "RestartMaxDelaySec", "MemoryKSM", "PrivatePIDs"} & set(settings(unit))
    assert settings(unit)["Type"] == ["notify"]


@BOTH
def test_the_unit_is_well_formed_and_says_where_it_belongs(unit: Path) -> None:
    parser = RawConfigParser(strict=False)
    parser.read_string(unit.read_text(encoding="utf-8"))
    assert parser.sections() == ["Unit", "Service", "Install"]


def test_the_unit_of_several_processes_is_that_of_one_but_for_the_role() -> None:
    one, several = (unit.read_text(encoding="utf-8").partition("\n\n")[2].splitlines() for unit in (SYSTEM, WORK))
    differ = [(before, after) for before, after in zip(one, several, strict=True) if before != after]
    assert [before.partition("=")[0] for before, _ in differ] == ["Description", "ExecStart"]
    before, after = differ[1]
    assert after == before.replace(" run ", " run --role %j ")


@judged
@pytest.mark.parametrize("role", [one.value for one in ProcessRole if one is not ProcessRole.ALL])
def test_under_the_name_of_a_role_the_template_is_a_unit_of_that_role(role: str, tmp_path: Path) -> None:
    text = WORK.read_text(encoding="utf-8")
    unit = tmp_path / f"media-monitor-{role}@.service"
    unit.write_text(text.replace("/opt/media-monitor/bin/monitor", str(Path(sys.executable).parent / "monitor")))
    started = unit.with_name(f"media-monitor-{role}@1.service")
    said = analyze("verify", "--man=no", str(started))
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    # Where %j stands in the place of the program, what it became is said.
    unit.write_text(text.replace("ExecStart=/opt/media-monitor/bin/monitor", "ExecStart=/nowhere/%j"))
    said = analyze("verify", "--man=no", str(started))
    assert f"/nowhere/{role} is not executable" in said.stderr


def test_the_credentials_it_offers_are_names_that_a_config_may_have() -> None:
    offered = re.findall(r"^# LoadCredential=([\w-]+):(\S+)$", SYSTEM.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(offered) == 3
    assert all(path == f"/etc/media-monitor/credentials/{name}" for name, path in offered)


def test_what_is_written_down_for_packages_is_what_the_unit_has(tmp_path: Path) -> None:
    places: Places = places_of({}, user=False, root=tmp_path)
    install(places, Path("/opt/media-monitor/bin/monitor"))
    head, _, rest = places.unit.read_text(encoding="utf-8").partition("\n")
    assert head.startswith("# Written by")
    assert rest == SYSTEM.read_text(encoding="utf-8")


CHILD = """
import socket
from monitor.adapters.sandbox import ProcessSandbox
from monitor.core.text.urls import canonical_url
import lxml.etree, numpy, sqlite3, uvloop
sandbox = ProcessSandbox(preload=())
print(sandbox.run(canonical_url, "HTTPS://News.Example/a?utm_source=x"))
sandbox.close()
for family in (socket.AF_NETLINK, socket.AF_PACKET):
    try:
        socket.socket(family, socket.SOCK_RAW)
    except OSError as error:
        print(error.strerror)
"""


@pytest.mark.needs("linux", "root", "systemd-analyze")
def test_a_child_that_limits_itself_and_the_compiled_libraries_work_with_the_calls_that_are_left() -> None:
    """The whole daemon does so in the long tests."""
    wrapper = ROOT / "tests" / "support" / "hardened.py"
    line = [sys.executable, str(wrapper), str(SYSTEM), sys.executable, "-c", CHILD]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, env=environment)
    assert done.stdout.splitlines() == [
        "https://news.example/a",
        "Address family not supported by protocol",
        "Address family not supported by protocol",
    ], done.stderr
