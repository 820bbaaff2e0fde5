"""The files of deploy/ hold together: Containerfile, compose example, its config, and the page about them."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from documents import ROOT, document, rows
from typed import run

from monitor.cli.main import cli

DEPLOY = ROOT / "deploy"
PAGE = document("docs/how-to/run-in-a-container.md")


# ---- Containerfile


def instructions() -> list[tuple[str, str]]:
    """Its instructions in order, lines joined and comments left out."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.split(None, 1) for line in text.splitlines() if line.strip())
    return [(word, " ".join(rest.split())) for word, rest in lines]


STEPS = instructions()
FINAL = STEPS[max(number for number, (word, _) in enumerate(STEPS) if word == "FROM") :]


def of_final(word: str) -> list[str]:
    return [rest for one, rest in FINAL if one == word]


def exec_form(text: str) -> list[str]:
    """A command that no shell reads: the image needs none."""
    words = json.loads(text)
    assert all(isinstance(word, str) for word in words)
    return list(words)


def test_both_stages_stand_on_the_base_that_is_asked_for():
    assert STEPS[0][0] == "ARG"
    name, _, base = STEPS[0][1].partition("=")
    assert name == "BASE"
    assert re.fullmatch(r"docker\.io/library/python:3\.\d+-slim-\w+", base)
    assert [rest for word, rest in STEPS if word == "FROM"] == ["${BASE} AS build", "${BASE}"]
    described = {
        cells[0].strip("`"): cells[1].strip("`") for cells in rows(PAGE.sections["Run it in a container"])
    }
    assert described == dict(rest.split("=") for word, rest in STEPS if word == "ARG")


def test_the_final_stage_only_copies_what_was_built():
    known = "FROM LABEL COPY ENV WORKDIR USER VOLUME HEALTHCHECK STOPSIGNAL ENTRYPOINT CMD"
    assert {word for word, _ in FINAL} == set(known.split())
    assert all(rest.startswith("--from=build ") for rest in of_final("COPY"))


def test_it_runs_as_a_number_that_is_not_root_and_owns_its_state():
    (user,) = of_final("USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert f"--chown={user} /state /var/lib/media-monitor" in " ".join(of_final("COPY"))
    assert exec_form(*of_final("VOLUME")) == ["/var/lib/media-monitor"]
    assert f"`chown {user} state`" in PAGE.text


def test_it_is_stopped_as_the_daemon_is():
    assert of_final("STOPSIGNAL") == ["SIGTERM"]


def test_its_commands_are_real_and_need_no_shell():
    entry, command = exec_form(*of_final("ENTRYPOINT")), exec_form(*of_final("CMD"))
    check = exec_form(of_final("HEALTHCHECK")[0].split(" CMD ")[1])
    for typed in (entry + command, check):
        assert typed[0] == "monitor"
        root = click.Context(cli, **cli.context_settings)
        cli.commands[typed[1]].make_context(typed[1], typed[2:], parent=root)
    assert "curl" not in (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def test_commands_find_the_config_where_the_page_mounts_it():
    assert of_final("WORKDIR") == ["/etc/media-monitor"]


def test_no_secret_is_an_argument_or_stays_in_a_layer():
    for word, rest in STEPS:
        if word in ("ARG", "ENV"):
            assert not re.search(r"pass|secret|token|key|index|http", rest, re.I), rest
    mounts = [mount for word, rest in STEPS if word == "RUN" for mount in re.findall(r"--mount=(\S+)", rest)]
    assert mounts == ["type=secret,id=pip,target=/etc/pip.conf"]
    assert "--secret id=pip," in PAGE.text


def copied() -> Iterator[str]:
    for word, rest in STEPS:
        if word == "COPY" and not rest.startswith("--from"):
            yield from rest.split()[:-1]


def test_what_is_copied_is_there_and_all_that_is_sent_to_the_builder():
    lines = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert lines[1] == "*"  # nothing unless it is named: no environment, no history, no store
    assert allowed == set(copied())
    for path in copied():
        assert (ROOT / path).exists()
    assert "deploy/secrets" in lines
    assert (ROOT / ".dockerignore").read_bytes() == (ROOT / ".containerignore").read_bytes()


def test_the_wheel_can_be_built_from_what_is_copied():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = project["tool"]["hatch"]["build"]
    wheel = build["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]]
    for path in (*needed, project["project"]["readme"], "pyproject.toml"):
        assert any(path == one or path.startswith(f"{one}/") for one in copied()), path
    extras = dict(rest.split("=") for word, rest in STEPS if word == "ARG")["EXTRAS"]
    assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])
    ignored = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    assert [one for one in build["exclude"] if not any(fnmatch(one, line) for line in ignored)] == []


# ---- compose.yaml

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONFIG = tomllib.loads((DEPLOY / "container" / "config.toml").read_text(encoding="utf-8"))
PROMETHEUS = yaml.safe_load((DEPLOY / "container" / "prometheus.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"smtp"}))
def test_a_service_can_do_nothing_that_it_need_not(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_images_have_a_version_and_secrets_are_files_that_are_used(name: str):
    service = SERVICES[name]
    assert service["image"] == "media-monitor" or re.search(r":v?\d", service["image"])
    for secret in service.get("secrets", ()):
        assert COMPOSE["secrets"][secret] == {"file": f"./secrets/{secret}"}
    for value in service.get("environment", {}).values():
        if str(value).startswith("/run/secrets/"):
            assert Path(value).name in service["secrets"]


def test_every_secret_is_made_on_the_page_and_kept_out_of_the_history():
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    shell = "".join(fence.text for fence in PAGE.fences if fence.language == "sh")
    for secret in used:
        assert f"> {secret}" in shell
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_monitor_is_asked_as_its_image_asks_itself():
    said = of_final("HEALTHCHECK")[0]
    check = SERVICES["monitor"]["healthcheck"]
    assert check["test"] == ["CMD", *exec_form(said.split(" CMD ")[1])]
    options = dict(word.lstrip("-").split("=") for word in said.split(" CMD ")[0].split())
    for option, value in options.items():
        assert str(check[option.replace("-", "_")]) == value
    assert SERVICES["monitor"]["image"] == SERVICES["net"]["image"]


def test_prometheus_reads_the_monitors_own_loopback_and_nobody_else_can():
    (job,) = PROMETHEUS["scrape_configs"]
    (group,) = job["static_configs"]
    assert group["targets"] == [CONFIG["web"]["listen"]]
    assert CONFIG["web"]["listen"].startswith("127.0.0.1:")
    assert SERVICES["monitor"]["healthcheck"]["test"][-1] == f"http://{CONFIG['web']['listen']}"
    assert {SERVICES[name]["network_mode"] for name in ("monitor", "prometheus")} == {"service:net"}
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published == ["127.0.0.1:9090:9090"]


def test_what_is_mounted_is_there_and_what_is_kept_is_declared():
    kept = set()
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source, target, *mode = volume.split(":")
            if not source.startswith("."):
                kept.add(source)
                continue
            assert mode == ["ro"]
            assert source == "./alerts.yml" or (DEPLOY / source).exists()
            assert target.startswith("/etc/")
    assert kept == set(COMPOSE["volumes"])
    mounted = {volume.split(":")[1] for volume in SERVICES["prometheus"]["volumes"]}
    assert {f"/etc/prometheus/{one}" for one in PROMETHEUS["rule_files"]} <= mounted


def test_services_that_are_named_are_there():
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        assert set(service.get("networks", ())) <= set(COMPOSE["networks"])
        for name, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_started" or "test" in SERVICES[name]["healthcheck"]
    assert CONFIG["smtp"]["host"] in SERVICES
    shell = "\n".join(fence.text for fence in PAGE.fences if fence.language == "sh")
    for line in re.findall(r"^docker compose (.*)$", shell, re.MULTILINE):
        file, *words = shlex.split(line)[1:]
        assert ROOT / file == DEPLOY / "compose.yaml"
        named = [word for word in words[1:] if not word.startswith("-")][:1]
        assert set(named) <= set(SERVICES)


def test_the_config_of_the_example_holds(tmp_path: Path):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "database-url").write_text("postgresql://monitor:x@postgres/monitor\n", encoding="utf-8")
    folder = tmp_path / "container"
    (folder / "rules").mkdir(parents=True)
    for path in (DEPLOY / "container").rglob("*.toml"):
        text = path.read_text(encoding="utf-8").replace("/run/secrets", str(secrets))
        (folder / path.relative_to(DEPLOY / "container")).write_text(text, encoding="utf-8")
    said = run("monitor check -c container/config.toml", tmp_path)
    assert said.startswith("No errors. "), said
    declared = COMPOSE["services"]["monitor"]["secrets"]
    assert [CONFIG["store"]["url"]] == [f"file:/run/secrets/{name}" for name in declared]
