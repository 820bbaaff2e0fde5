"""What a daemon's C library keeps of memory that was given back."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.needs("linux")

# Bodies come and go; between each two something small stays, as a parsed entry does.
BODIES = """
import sys
from monitor.app.heap import keep_heap_small

def held():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

print(keep_heap_small() if sys.argv[1] == "small" else None)
bytearray(4_000_000)  # one that is freed teaches glibc not to map the next
small = []
before = held()
bodies = []
for _ in range(100):
    bodies.append(bytearray(b"x") * 1_000_000)
    small.append(bytearray(b"y") * 700)
del bodies
print(held() - before)
"""


def kept(how: str) -> int:
    """Bytes that a process still has of 100 MB that it freed."""
    done = subprocess.run([sys.executable, "-c", BODIES, how], capture_output=True, text=True, check=True)
    said, left = done.stdout.split()
    if said == "False":
        pytest.skip("needs glibc")
    return int(left)


def test_large_pieces_that_are_freed_go_back_to_the_system() -> None:
    assert kept("small") < 10_000_000
    assert kept("as_it_comes") > 50_000_000  # else this test says nothing
