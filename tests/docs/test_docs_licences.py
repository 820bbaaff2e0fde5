"""The page on licences: each dependency of ours is on it, and none is under a licence that would bind others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from documents import ROOT
from packaging.requirements import Requirement

PAGE = (ROOT / "docs" / "reference" / "licences.md").read_text("utf-8")
LISTED = set(re.findall(r"^\| ([a-z0-9-]+) \|", PAGE, re.M))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = {name: needs for name, needs in PROJECT["optional-dependencies"].items() if name not in ("test", "check")}
OURS = [Requirement(line) for needs in (PROJECT["dependencies"], *EXTRAS.values()) for line in needs]


def key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(wanted: list[Requirement], seen: set[str]) -> Iterator[Distribution]:
    """What these bring, as far as it is installed; each once."""
    for one in wanted:
        if key(one.name) in seen or (one.marker is not None and not one.marker.evaluate({"extra": ""})):
            continue
        seen.add(key(one.name))
        try:
            found = distribution(one.name)
        except PackageNotFoundError:
            continue
        yield found
        yield from installed([Requirement(line) for line in found.requires or ()], seen)


def stated(found: Distribution) -> str:
    """The licence that a package states: SPDX, else by its classifiers, else in its own words."""
    said = found.metadata
    classified = [one for one in said.get_all("Classifier") or [] if one.startswith("License ::")]
    return said.get("License-Expression") or "; ".join(classified) or said.get("License") or ""


@pytest.mark.parametrize("name", sorted({key(one.name) for one in OURS}))
def test_each_dependency_of_ours_is_on_the_page(name: str) -> None:
    assert name in LISTED


def test_nothing_that_is_installed_is_under_the_gpl_or_agpl_alone() -> None:
    bound = {
        found.name: stated(found)
        for found in installed(OURS, set())
        if re.search(r"(?<!L)GPL|(?<!Lesser )General Public", stated(found)) and " OR " not in stated(found)
    }
    assert not bound
