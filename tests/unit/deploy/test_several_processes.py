"""What deploy/ has for several processes: a compose file laid over the other one, a Kubernetes manifest."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from documents import ROOT
from typed import run

from monitor.cli.main import cli
from monitor.model.jobs import ProcessRole

DEPLOY = ROOT / "deploy"
OVER: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.workers.yaml").read_text(encoding="utf-8"))
UNDER: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
MANIFEST: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))
OF_KIND: dict[str, list[dict[str, Any]]] = {}
for item in MANIFEST["items"]:
    OF_KIND.setdefault(item["kind"], []).append(item)
PODS = {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in OF_KIND["Deployment"]}
OLDEST = "1.29"
NEWEST = "1.35"


def typed(words: list[str]) -> Mapping[str, Any]:
    """The options of a command line, as the real command takes them."""
    root = click.Context(cli, **cli.context_settings)
    return cli.commands[words[0]].make_context(words[0], list(words[1:]), parent=root).params


# ---- compose.workers.yaml


def commands() -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, service in OVER["services"].items():
        if "command" in service:
            yield name, typed(service["command"])


def test_each_role_has_a_service_and_all_read_one_config() -> None:
    found = {name: options["role"] for name, options in commands()}
    assert found == {"monitor": "web", "dispatch": "dispatch", "work": "work"}
    assert {str(options["config"]) for _, options in commands()} == {"workers.toml"}
    assert "container_name" not in str(OVER)  # it may be scaled


def test_what_is_laid_over_is_there_and_what_is_new_is_as_contained_as_the_rest() -> None:
    assert set(OVER["services"]) & set(UNDER["services"]) == {"net", "monitor"}
    hardened = UNDER["x-hardened"]
    for name in set(OVER["services"]) - set(UNDER["services"]):
        service = OVER["services"][name]
        assert {key: service[key] for key in hardened} == hardened
        assert set(service["networks"]) <= set(UNDER["networks"])
        assert set(service["secrets"]) <= set(UNDER["secrets"])
        assert set(service["depends_on"]) <= set(UNDER["services"])
        assert service["stop_grace_period"] == UNDER["services"]["monitor"]["stop_grace_period"]
        volumes = {one.split(":")[0] for one in service["volumes"]}
        assert volumes == {one.split(":")[0] for one in UNDER["services"]["monitor"]["volumes"]}


def test_a_process_without_pages_is_asked_where_the_image_asks() -> None:
    said = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    (url,) = re.findall(r'"--url", "http://([^"]+)"', said)
    for name, options in commands():
        assert options["probes"] == (None if name == "monitor" else url)
        assert "healthcheck" not in OVER["services"][name]


def test_the_config_of_the_processes_is_that_of_the_single_one_with_a_queue() -> None:
    one, several = (
        tomllib.loads((DEPLOY / "container" / name).read_text(encoding="utf-8"))
        for name in ("config.toml", "workers.toml")
    )
    assert several == {**one, "jobs": {"engine": "procrastinate"}}


def test_the_image_is_built_with_the_queue() -> None:
    extras = OVER["services"]["net"]["build"]["args"]["EXTRAS"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["optional-dependencies"]["postgresql"]) <= set(
        project["project"]["optional-dependencies"][extras]
    )


# ---- kubernetes.yaml


@pytest.mark.needs("kubernetes_validate")
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("number", range(len(MANIFEST["items"])))
def test_each_object_is_as_the_schema_of_kubernetes_has_it_and_has_nothing_else(number: int, version: str) -> None:
    from kubernetes_validate import validate

    validate(MANIFEST["items"][number], version, strict=True)


@pytest.mark.needs("kubernetes_validate")
def test_a_key_that_kubernetes_does_not_know_would_be_found() -> None:
    from kubernetes_validate import ValidationError, validate

    wrong = yaml.safe_load((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8"))["items"][1]
    wrong["spec"]["template"]["spec"]["containers"][0]["readOnly"] = True
    with pytest.raises(ValidationError, match="readOnly"):
        validate(wrong, NEWEST, strict=True)


@pytest.mark.needs("kubectl")
def test_what_applies_it_reads_it_as_we_do() -> None:
    """Anchors and numbers: kubectl has another YAML parser."""
    line = ["kubectl", "annotate", "--local", "-f", str(DEPLOY / "kubernetes.yaml"), "read=yes", "-o", "yaml"]
    said = subprocess.run(line, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    for ours, theirs in zip(MANIFEST["items"], yaml.safe_load_all(said.stdout), strict=True):
        assert theirs["metadata"].pop("annotations") == {"read": "yes"}
        assert theirs["kind"] == ours["kind"]
        assert within(ours, theirs)


def within(ours: Any, theirs: Any) -> bool:
    """Whether all that we said is there; what was left open may have been filled in."""
    if isinstance(ours, dict):
        return all(key in theirs and within(value, theirs[key]) for key, value in ours.items())
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(within, ours, theirs))
    return bool(ours == theirs)


def test_each_role_has_pods_that_are_asked_where_they_answer() -> None:
    roles = {}
    for name, pod in PODS.items():
        (container,) = pod["containers"]
        options = typed(container["args"])
        roles[name] = options["role"]
        config = tomllib.loads(OF_KIND["ConfigMap"][0]["data"]["config.toml"])
        port = config["web"]["listen"].rpartition(":")[2]
        assert options["probes"] == (None if options["role"] == "web" else f"127.0.0.1:{port}")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe in container:
                program, *words = container[probe]["exec"]["command"]
                assert program == "monitor"
                asked = typed(words)
                assert asked["url"] == f"http://127.0.0.1:{port}"
                assert asked["ready"] is (probe == "readinessProbe")  # a database that is away restarts nothing
        assert ("ports" in container) is (options["role"] == "web")
    assert sorted(roles.values()) == sorted(role.value for role in ProcessRole if role is not ProcessRole.ALL)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_can_do_nothing_that_it_need_not(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    user = re.search(r"^USER (\d+):(\d+)$", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert user is not None
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == tuple(
        map(int, user.groups())
    )
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} == set(container["resources"]["requests"])
    assert "memory" in container["resources"]["limits"]
    mounted = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert set(mounted) == {one["name"] for one in pod["volumes"]}
    written = {one["mountPath"] for one in container["volumeMounts"] if not one.get("readOnly")}
    assert written == {"/tmp", "/var/lib/media-monitor"}


def test_no_secret_stands_in_it() -> None:
    assert set(OF_KIND) == {"ConfigMap", "Deployment", "Service"}
    config = tomllib.loads(OF_KIND["ConfigMap"][0]["data"]["config.toml"])
    assert set(config["web"]["tokens"][0]["sha256"]) == {"0"}  # a token of which nobody knows is no way in
    for value in (config["store"]["url"], config["smtp"]["password"]):
        assert value.startswith("file:/run/secrets/media-monitor/")
    assert "env" not in {key for pod in PODS.values() for key in pod["containers"][0]}


def test_labels_lead_to_the_pods_they_are_meant_for() -> None:
    for one in OF_KIND["Deployment"]:
        labels = one["metadata"]["labels"]
        assert labels == one["spec"]["selector"]["matchLabels"] == one["spec"]["template"]["metadata"]["labels"]
        # Two versions, or two configs, side by side: the newer one would be refused and never replace the older.
        assert one["spec"]["strategy"] == {"type": "Recreate"}
    (service,) = OF_KIND["Service"]
    web = next(one for one in OF_KIND["Deployment"] if one["metadata"]["name"] == "media-monitor-web")
    assert service["spec"]["selector"] == web["metadata"]["labels"]


def test_its_config_holds(tmp_path: Path) -> None:
    for name in ("database-url", "smtp-password"):
        (tmp_path / name).write_text("postgresql://monitor:x@db.example.org/monitor\n", encoding="utf-8")
    for name, text in OF_KIND["ConfigMap"][0]["data"].items():
        path = tmp_path / name
        path.write_text(text.replace("/run/secrets/media-monitor", str(tmp_path)), encoding="utf-8")
    said = run("monitor check -c config.toml", tmp_path)
    assert said.startswith("No errors. "), said
