"""Built archives: what a user installs carries no press texts, and its demo works without them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from hashlib import blake2b
from pathlib import Path

import pytest
from ground_truth import HASHES
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import monitor

ROOT = Path(monitor.__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source archive, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(folder))
    with tarfile.open(built) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (top,) = (folder / "unpacked").iterdir()
    return top


@pytest.mark.parametrize("archive", ["wheel", "sdist"])
def test_no_built_archive_carries_the_press_texts(archive, request):
    folder: Path = request.getfixturevalue(archive)
    carried = [path for path in folder.rglob("*") if path.is_file()]
    assert folder / "monitor/demo/world.py" in carried
    assert not [path for path in carried if path.name in HASHES]
    hashes = {blake2b(path.read_bytes(), digest_size=16).hexdigest() for path in carried}
    assert not hashes & set(HASHES.values())


def test_a_wheel_carries_the_units_that_service_install_writes(wheel):
    for name in ("media-monitor.service", "media-monitor-user.service"):
        assert (wheel / "monitor/shipped/deploy" / name).read_bytes() == (ROOT / "deploy" / name).read_bytes()


def test_a_wheel_carries_the_word_families(wheel):
    assert "\nclose: " in (wheel / "monitor/core/text/families.txt").read_text(encoding="utf-8")


def test_a_wheel_carries_every_rule_file(wheel):
    shipped = wheel / "monitor" / "shipped" / "rules"
    carried = {path.relative_to(shipped): path.read_bytes() for path in shipped.rglob("*.toml")}
    mine = ROOT / "rules"
    assert carried == {path.relative_to(mine): path.read_bytes() for path in mine.rglob("*.toml")}
    assert Path("entities/people.toml") in carried


def test_the_demo_of_a_wheel_tells_our_own_stories(wheel):
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import monitor.demo.world as w\nwith w.DemoWorld() as world: print(w.__file__, world.invented)",
        ],
        cwd=wheel,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    assert Path(said[0]).is_relative_to(wheel)
    assert said[1] == "True"
