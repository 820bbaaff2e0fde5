"""`monitor service install` and `uninstall`: what is written, what is left alone, and what is said."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from doors import run

from monitor.app.check import check
from monitor.app.service_install import (
    Done,
    InstallRefused,
    Places,
    Step,
    blocked_name_servers,
    expect_readable,
    install,
    places_of,
    uninstall,
    unit_text,
    unreadable_for_services,
)
from monitor.app.service_words import install_lines

PROGRAM = Path("/usr/bin/monitor")
UNIT = "etc/systemd/system/media-monitor.service"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return places_of({}, user=False, root=tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> Places:
    return places_of({"HOME": str(tmp_path)}, user=True, root=None)


def done(steps: list[Step], path: Path) -> Done:
    return next(step.done for step in steps if step.path == path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- what is written


def test_the_example_holds_and_keeps_its_store_where_the_service_may_write(places: Places, tmp_path: Path) -> None:
    install(places, PROGRAM)
    report = check(tmp_path / "etc/media-monitor/config.toml", environment={})
    assert report.problems == ()
    assert report.settings is not None
    assert report.settings.store_url == "sqlite:////var/lib/media-monitor/monitor.db"
    assert "var/lib" not in str(list(tmp_path.iterdir()))  # systemd makes that folder, for a user of its own


def test_the_unit_runs_this_program_with_this_config(places: Places, own: Places) -> None:
    for of, config in ((places, "/etc/media-monitor/config.toml"), (own, str(own.config / "config.toml"))):
        text = unit_text(of, PROGRAM)
        assert f"\nExecStart=/usr/bin/monitor run -c {config}\n" in text
        assert f"\nExecReload=/usr/bin/monitor check -c {config}\n" in text
        assert "/opt/" not in text


def test_root_s_mask_keeps_nothing_from_the_service_but_the_secrets(places: Places, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        install(places, PROGRAM)
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    folder = tmp_path / "etc/media-monitor"
    assert mode(folder) == mode(folder / "rules" / "entities") == 0o755
    assert mode(folder / "config.toml") == mode(places.unit) == 0o644
    assert mode(folder / "credentials") == 0o700


def test_a_service_of_ones_own_lives_in_ones_own_folders_and_is_nobody_elses_business(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": "relative"}
    own = places_of(environment, user=True, root=None)
    install(own, PROGRAM)
    config = tmp_path / ".config/media-monitor/config.toml"
    assert own.unit == tmp_path / ".config/systemd/user/media-monitor.service"
    assert mode(config) == 0o600
    assert mode(tmp_path / "state/media-monitor") == 0o700
    report = check(config, environment={})
    assert report.settings is not None
    assert report.settings.store_url == f"sqlite:///{tmp_path}/state/media-monitor/monitor.db"


# ---- what is left alone


def test_a_second_install_changes_nothing(places: Places) -> None:
    install(places, PROGRAM)
    before = places.unit.read_bytes()
    steps = install(places, PROGRAM)
    assert {step.done for step in steps} == {Done.SAME, Done.KEPT}
    assert places.unit.read_bytes() == before


def test_a_unit_that_nobody_changed_follows_an_installation_that_moved(places: Places) -> None:
    install(places, PROGRAM)
    steps = install(places, Path("/opt/monitor-2/bin/monitor"))
    assert done(steps, places.unit) is Done.UPDATED
    assert "ExecStart=/opt/monitor-2/bin/monitor run" in places.unit.read_text()
    assert list(places.unit.parent.iterdir()) == [places.unit]  # no half-written file beside it


@pytest.mark.parametrize("way", ["edited", "another's", "masked", "not text", "a folder"])
def test_a_unit_that_was_changed_is_never_written_over_or_removed(places: Places, way: str) -> None:
    install(places, PROGRAM)
    unit = places.unit
    if way == "edited":
        unit.write_text(unit.read_text().replace("30s", "60s"))
    elif way == "another's":
        unit.write_text("[Service]\nExecStart=/bin/true\n")
    else:
        unit.unlink()
    if way == "masked":
        unit.symlink_to("/dev/null")
    elif way == "not text":
        unit.write_bytes(b"\xff")
    elif way == "a folder":
        unit.mkdir()
    before = None if unit.is_dir() or unit.is_symlink() else unit.read_bytes()
    assert done(install(places, Path("/usr/local/bin/monitor")), unit) is Done.CHANGED
    assert done(uninstall(places), unit) is Done.CHANGED
    assert unit.is_symlink() == (way == "masked")
    assert unit.exists() or unit.is_symlink()
    assert before is None or unit.read_bytes() == before


def test_a_config_and_rules_that_are_there_are_kept(places: Places, tmp_path: Path) -> None:
    config = tmp_path / "etc/media-monitor/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("# mine")
    (config.parent / "rules").mkdir()
    (config.parent / "rules" / "border.toml").write_text("# mine, too")
    steps = install(places, PROGRAM)
    assert done(steps, config) is Done.KEPT
    assert config.read_text() == "# mine"
    assert done(steps, config.parent / "rules" / "trade.toml") is Done.LEFT_OUT


def test_a_trial_writes_nothing(places: Places, tmp_path: Path) -> None:
    steps = install(places, PROGRAM, writes=False)
    assert {step.done for step in steps} == {Done.MADE, Done.WROTE}
    assert list(tmp_path.iterdir()) == []
    real = install(places, PROGRAM)
    assert [(step.done, step.path) for step in steps] == [(step.done, step.path) for step in real]
    assert done(uninstall(places, writes=False), places.unit) is Done.REMOVED
    assert places.unit.exists()


# ---- removing it


def test_removing_it_leaves_config_rules_secrets_and_store(own: Places) -> None:
    install(own, PROGRAM)
    (own.state / "monitor.db").write_text("all that was read")
    steps = uninstall(own)
    assert [step.done for step in steps] == [Done.REMOVED, Done.KEPT, Done.KEPT]
    assert not own.unit.exists()
    assert (own.config / "config.toml").exists()
    assert (own.state / "monitor.db").exists()
    assert done(uninstall(own), own.unit) is Done.ABSENT


def test_one_that_is_enabled_is_disabled_first(places: Places) -> None:
    install(places, PROGRAM)
    wants = places.unit.parent / "multi-user.target.wants"
    wants.mkdir()
    (wants / places.unit.name).symlink_to(places.unit)
    with pytest.raises(InstallRefused, match=r"first systemctl disable --now media-monitor\.service"):
        uninstall(places)
    assert places.unit.exists()


# ---- what is refused


@pytest.mark.usefixtures("unprivileged")
def test_without_root_it_says_what_to_type() -> None:
    places = places_of({}, user=False, root=None)
    for act in (lambda: install(places, PROGRAM), lambda: uninstall(places)):
        with pytest.raises(InstallRefused, match="sudo monitor service install; --user installs one of your own"):
            act()


def test_a_program_that_the_service_could_not_start_is_refused(tmp_path: Path) -> None:
    places = places_of({}, user=False, root=None)
    own = tmp_path / "monitor"
    own.write_text("")  # in a folder that only its owner enters, or below /tmp, which the service does not see
    for program, why in ((own, "the service cannot read it"), (tmp_path / "none", "no such file")):
        with pytest.raises(InstallRefused, match=why):
            expect_readable(places, program)  # not the whole: it would write into this machine
    expect_readable(places, Path("/bin/true"))


def test_what_was_done_before_a_refusal_is_said(tmp_path: Path) -> None:
    (tmp_path / "etc" / "systemd").mkdir(parents=True)
    (tmp_path / "etc" / "systemd" / "system").write_text("a file")
    said = run("service", "install", "--root", str(tmp_path), "--program", str(PROGRAM))
    assert said.exit_code == 1
    assert f"wrote   {tmp_path}/etc/media-monitor/config.toml" in said.output
    assert f"monitor: {tmp_path}/etc/systemd/system" in said.output


@pytest.mark.usefixtures("unprivileged")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    places = places_of({"HOME": str(tmp_path / "locked")}, user=True, root=None)
    with pytest.raises(InstallRefused, match=r"locked/\.config: permission denied"):
        install(places, PROGRAM)


def test_a_file_in_the_way_of_a_folder_is_named(own: Places, tmp_path: Path) -> None:
    (tmp_path / ".config").write_text("")
    with pytest.raises(InstallRefused, match=r"\.config"):
        install(own, PROGRAM)


@pytest.mark.parametrize(
    "program", ["bin/monitor", "/home/ann/my tools/monitor", "/x/100%/monitor", '/x/"/monitor']
)
def test_a_path_that_a_unit_would_read_otherwise_is_refused_before_anything_is_written(
    places: Places, program: str, tmp_path: Path
) -> None:
    with pytest.raises(InstallRefused, match="a unit needs an absolute path"):
        install(places, Path(program))
    assert list(tmp_path.iterdir()) == []


def test_a_user_without_a_home_is_refused() -> None:
    with pytest.raises(InstallRefused, match="HOME"):
        places_of({}, user=True, root=None)


def test_what_the_unit_hides_from_the_service_is_known() -> None:
    assert "below /root" in (unreadable_for_services(Path("/root/venv/bin/monitor")) or "")
    assert "below /tmp" in (unreadable_for_services(Path("/tmp/monitor")) or "")
    assert unreadable_for_services(Path("/bin/true")) is None


# ---- what is said


def test_the_command_says_each_thing_it_did_and_what_to_type_next(tmp_path: Path) -> None:
    said = run("service", "install", "--root", str(tmp_path), "--program", str(PROGRAM))
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert f"made    {tmp_path}/etc/media-monitor/credentials" in lines
    assert f"wrote   {tmp_path / UNIT}" in lines
    assert lines[lines.index("Next:") + 1 :][:5] == [
        "  edit /etc/media-monitor/config.toml: feeds, receivers, digests",
        "  /usr/bin/monitor check -c /etc/media-monitor/config.toml",
        "  systemctl daemon-reload",
        "  systemctl enable --now media-monitor.service",
        "  systemctl status media-monitor.service",
    ]
    assert "restart" not in said.output
    moved = run("service", "install", "--root", str(tmp_path), "--program", "/usr/local/bin/monitor")
    assert f"updated {tmp_path / UNIT}" in moved.output
    same = run("service", "install", "--root", str(tmp_path), "--program", "/usr/local/bin/monitor")
    for after_an_upgrade in (moved.output, same.output):
        assert "  systemctl enable --now media-monitor.service\n" in after_an_upgrade
        assert "  systemctl restart media-monitor.service    where it runs already" in after_an_upgrade
        assert "  edit " not in after_an_upgrade  # the config is the user's by now
    (tmp_path / UNIT).write_text("[Service]\n")
    again = run("service", "install", "--root", str(tmp_path), "--program", str(PROGRAM))
    assert f"LEFT    {tmp_path / UNIT} alone: it is not as it was written" in again.output
    assert f"what it would be: /usr/bin/monitor service install --root {tmp_path} --dry-run" in again.output
    removed = run("service", "uninstall", "--root", str(tmp_path))
    assert f"LEFT    {tmp_path / UNIT} alone" in removed.output
    assert f"kept    {tmp_path}/etc/media-monitor" in removed.output


def test_a_dry_run_shows_the_unit_and_needs_no_rights(tmp_path: Path) -> None:
    said = run("service", "install", "--dry-run")
    assert said.exit_code == 0, said.output
    assert said.output.startswith("Nothing is written (--dry-run). Without it:\n")
    assert "\nWatchdogSec=2min\n" in said.output


def test_a_name_server_that_the_unit_blocks_is_named_with_what_to_type(places: Places, tmp_path: Path) -> None:
    written = tmp_path / "resolv.conf"
    written.write_text(
        "# nameserver 169.254.1.1\nsearch x\nnameserver 169.254.169.254\nnameserver 127.0.0.53\n"
        "nameserver fe80::1%eth0\nnameserver nonsense\n"
    )
    blocked = blocked_name_servers(written)
    assert blocked == ["169.254.169.254", "fe80::1%eth0"]
    assert blocked_name_servers(tmp_path / "none") == []
    said = "\n".join(install_lines([], places, PROGRAM, writes=True, blocked=blocked))
    assert "IPAddressAllow=169.254.169.254" in said
    assert "IPAddressAllow=fe80::1\n" in said


def test_what_is_refused_is_one_sentence(tmp_path: Path) -> None:
    said = run("service", "install", "--root", str(tmp_path), "--program", "monitor")
    assert said.exit_code == 1
    assert said.output.startswith("monitor: monitor: a unit needs an absolute path")
