"""The container image, built for real and run as the how-to says: a root that is read-only, no rights."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from containers import IMAGE, Podman
from desk import RULES, eventually, in_a_hurry
from local_feed import LocalFeed
from processes import catches
from typed import free_port

pytestmark = [pytest.mark.soak, pytest.mark.needs("root", "podman", "runc"), pytest.mark.timeout(900)]

BUDGET = 260_000_000  # bytes beyond the base image; 242 when this was written, of which 70 are NumPy's
URL = "http://127.0.0.1:{}"


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    made = Podman(tmp_path_factory.mktemp("podman"))
    try:
        made.make_base()
        begun = time.monotonic()
        made.build()
        print(f"\nbuilt in {time.monotonic() - begun:.0f} s")
        yield made
    finally:
        made.clear()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def config(tmp_path: Path, feed: LocalFeed, port: int) -> Path:
    folder = tmp_path / "etc"
    (folder / "rules").mkdir(parents=True)
    (folder / "rules" / "rules.toml").write_text(RULES, encoding="utf-8")
    (folder / "config.toml").write_text(
        f"""
[store]
url = "sqlite:////var/lib/media-monitor/monitor.db"
[poll]
{in_a_hurry()}
[web]
listen = "127.0.0.1:{port}"
[[feeds]]
url = "{feed.url}"
backfill = "24h"
[receivers.desk]
file = {{ directory = "/var/lib/media-monitor/digests", format = "json" }}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
group_wait = "0s"
""",
        encoding="utf-8",
    )
    return folder


def test_the_image_says_how_it_is_run_and_holds_only_what_it_runs(podman: Podman):
    found = json.loads(podman("inspect", IMAGE).stdout)[0]
    base = json.loads(podman("inspect", "localhost/base-of-tests").stdout)[0]
    assert found["User"] == "10001:10001"
    assert found["Config"]["Entrypoint"] == ["monitor"]
    assert found["Config"]["Cmd"] == ["run"]
    assert found["Config"]["StopSignal"] == "SIGTERM"
    assert found["Healthcheck"]["Test"] == ["CMD", "monitor", "healthcheck", "--url", "http://127.0.0.1:8080"]
    assert found["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    size = found["Size"] - base["Size"]
    print(f"\n{size / 1e6:.0f} MB beyond the base image")
    assert size < BUDGET
    history = podman("history", "--no-trunc", "--format=json", IMAGE).stdout
    for setting in (podman.folder / "pip.conf").read_text(encoding="utf-8").splitlines()[1:]:
        value = setting.partition(" = ")[2]
        assert len(value) < 6 or value not in history
    root = Path(podman("image", "mount", IMAGE).stdout.strip())
    try:
        state = (root / "var" / "lib" / "media-monitor").stat()
        assert (state.st_uid, state.st_gid) == (10001, 10001)  # a volume takes that over
        assert {one.name for one in (root / "opt" / "media-monitor" / "bin").glob("pip*")} == set()
        for gone in ("src", "build", "wheels", "state", "etc/pip.conf"):
            assert not (root / gone).exists()
        assert list((root / "opt" / "media-monitor").rglob("media_monitor-*.dist-info"))
        assert not list(root.rglob("samples/*.txt"))
    finally:
        podman("image", "unmount", IMAGE)


def test_an_alert_leaves_a_container_that_can_write_nothing_but_its_state(
    podman: Podman, config: Path, feed: LocalFeed, port: int, tmp_path: Path
):
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    state = tmp_path / "state"
    begun = time.monotonic()
    with podman.running(config, state) as name:

        def check(*words: str) -> subprocess.CompletedProcess[str]:
            return podman("exec", name, "monitor", "healthcheck", *words, check=False)

        eventually(lambda: check("--url", URL.format(port)).returncode == 0, "a healthy container")
        print(f"\nhealthy after {time.monotonic() - begun:.1f} s")
        assert check("--ready").stdout == "ready\n"  # the config of its folder, without being told
        eventually(lambda: list((state / "digests").glob("*.json")), "the alert")
        told = podman("exec", name, "python", "-c", _LOOK_AROUND).stdout
        seen = json.loads(told)
        assert seen["user"] == [10001, 10001]
        assert seen["rights"] == {"CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0, "NoNewPrivs": 1}
        assert seen["written"] == ["/tmp", "/var/lib/media-monitor", "/dev/shm"]
        assert seen["first"].endswith("/monitor\0run\0")
        assert check("--url", "http://127.0.0.1:9").returncode == 1
        begun = time.monotonic()
        podman("stop", "--time=30", name)
        took = time.monotonic() - begun
        print(f"stopped after {took:.1f} s")
        assert took < 12
        assert json.loads(podman("inspect", name).stdout)[0]["State"]["ExitCode"] == 0
        assert "monitor: stopped" in podman("logs", name).stderr
    with closing(sqlite3.connect(state / "monitor.db")) as store:
        assert store.execute("SELECT count(*) FROM deliveries WHERE state = 'sent'").fetchone() == (1,)


def test_what_shares_its_network_reads_its_numbers_also_after_the_monitor_was_started_anew(
    podman: Podman, config: Path, port: int, tmp_path: Path
):
    numbers = (
        f"import urllib.request as r; print(r.urlopen('{URL.format(port)}/metrics', timeout=5).read().decode())"
    )
    with podman.network() as network:
        for _ in range(2):
            with podman.running(config, tmp_path / "state", network) as name:
                check = ("exec", name, "monitor", "healthcheck")
                eventually(lambda check=check: podman(*check, check=False).returncode == 0, "a healthy container")
                assert "media_monitor_build_info" in podman.python(network, numbers).stdout
                assert "Connection refused" in podman.python("none", numbers).stderr


def test_children_whose_parent_was_killed_end_with_the_container(
    podman: Podman, config: Path, feed: LocalFeed, port: int, tmp_path: Path
):
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    with podman.running(config, tmp_path / "state") as name:
        digests = tmp_path / "state" / "digests"
        eventually(lambda: list(digests.glob("*.json")), "the alert")
        podman("exec", name, "python", "-c", _KILL_THE_FORK_SERVER)
        feed.add("Torkham closed again", "The Torkham crossing was closed again, after floods.")
        eventually(lambda: len(list(digests.glob("*.json"))) > 1, "the alert after it")
        podman("stop", "--time=30", name)
        assert json.loads(podman("inspect", name).stdout)[0]["State"]["ExitCode"] == 0


def test_a_stop_in_the_first_second_is_no_kill_ten_seconds_later(podman: Podman, config: Path, tmp_path: Path):
    with podman.running(config, tmp_path / "state") as name:
        pid = json.loads(podman("inspect", name).stdout)[0]["State"]["Pid"]
        eventually(lambda: catches(pid, signal.SIGHUP), "the beginning of the start")
        podman("stop", "--time=60", name)
        assert json.loads(podman("inspect", name).stdout)[0]["State"]["ExitCode"] == 143


_LOOK_AROUND = """
import json, os
status = dict(line.split(":\\t", 1) for line in open("/proc/1/status").read().splitlines() if ":\\t" in line)
written = []
folders = ["/", "/opt/media-monitor", "/etc", "/etc/media-monitor", "/usr", "/root", "/run", "/var/lib", "/tmp",
           "/var/lib/media-monitor", "/dev/shm"]
for folder in folders:
    try:
        open(os.path.join(folder, "written"), "w").close()
        written.append(folder)
    except OSError:
        pass
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "rights": {key: int(status[key], 16) for key in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")},
    "written": written,
    "first": open("/proc/1/cmdline").read(),
}))
"""

_KILL_THE_FORK_SERVER = """
import os, signal
for one in filter(str.isdigit, os.listdir("/proc")):
    words = open(f"/proc/{one}/cmdline").read()
    if "multiprocessing.forkserver" in words and f"\\nPPid:\\t1\\n" in open(f"/proc/{one}/status").read():
        os.kill(int(one), signal.SIGKILL)
        break
else:
    raise SystemExit("no fork server")
"""
