"""What it costs to write a digest of 300 stories, in every form.

    .venv/bin/python bench/rendering.py                     seconds
    .venv/bin/python bench/rendering.py --stories 1000 --rounds 20

CPU time of this process, warm; the digest is that of docs/pictures, two fifths of it from right to left. "30 with
room" is the default of max_stories; "all with room" has two lines for every story. Beside it stands what
css-inline alone takes when each story is inlined by itself, as it was done before. One core. Never a gate.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

import css_inline

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))

import pictured  # the digests live with the tests

from monitor.core.digests.render import render
from monitor.model.digest import Digest, MessageFormat


def cpu_ms(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Lowest and median CPU milliseconds of a round."""
    work()
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - begun))
    return min(taken), statistics.median(taken)


def inlining(digest: Digest) -> Callable[[], object]:
    """css-inline over each story's HTML, with its style attributes taken out."""
    css = (files("monitor.core.digests") / "templates" / "digest.css").read_text("utf-8")
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    html = "".join(message.html or "" for message in render(digest, MessageFormat.EMAIL))
    stories = [f'<div class="{part}' for part in html.split('<div class="')[1:]]
    return lambda: [inliner.inline_fragment(story, css) for story in stories]


def main() -> None:
    """Prints one line for each form."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    usual = pictured.many(asked.stories)
    roomy = replace(usual, max_stories=asked.stories)
    print(f"a digest of {asked.stories:,} stories, CPU ms of {asked.rounds} rounds")
    print(f"{'form':8}{'30 with room':>22}{'all with room':>22}{'parts':>8}{'largest':>10}")
    for form in MessageFormat:
        cells = [cpu_ms(partial(render, digest, form), asked.rounds) for digest in (usual, roomy)]
        messages = render(roomy, form)
        largest = max(len((m.html or (json.dumps(m.payload) if m.payload else m.text)).encode()) for m in messages)
        said = "".join(f"{f'{low:.1f} (median {middle:.1f})':>22}" for low, middle in cells)
        print(f"{form.value:8}{said}{len(messages):8}{largest / 1000:7.0f} kB")
    low, middle = cpu_ms(inlining(usual), asked.rounds)
    print(f"css-inline story by story, alone: {low:.1f} (median {middle:.1f})")


if __name__ == "__main__":
    main()
