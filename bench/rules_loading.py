"""What it costs to load many rules: from files, from the cache, again with nothing or one rule changed.

    .venv/bin/python bench/rules_loading.py --rules 100000

CPU seconds of one process; compare the ratios, and with what tomli takes for the same texts. Never a gate.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import tomli

from monitor.app.check import load_and_try
from monitor.app.collector import settle_again
from monitor.app.rule_memory import RuleMemory
from monitor.core.rules import LoadedRules, Memory, RuleFile

PER_FILE = 5_000
ENTITIES = 300
WORDS = 40_000

T = TypeVar("T")


def rule_files(rules: int, seed: int = 7) -> list[RuleFile]:
    """Rules of ten shapes over invented words, 5,000 a file, every fifth on an entity or a term; every tenth with
    an example."""
    dice = random.Random(seed)
    letters = "abcdefghijklmnoprstuvwz"
    words = ["".join(dice.choices(letters, k=dice.randint(5, 10))) for _ in range(WORDS)]

    def word() -> str:
        return dice.choice(words)

    def query(number: int) -> str:
        entity = f"@e{number % ENTITIES}"
        shapes: tuple[Callable[[], str], ...] = (
            lambda: f'{word()} AND ({word()} OR {word()} OR "{word()} {word()}")',
            lambda: f'"{word()} {word()}" OR ({word()} NEAR/5 {word()})',
            lambda: f"SENTENCE({entity} AND $closed)",
            lambda: f"{entity} AND NOT ({word()} OR {word()})",
            lambda: f"title:{word()} AND {word()[:5]}*",
            lambda: f"={word().capitalize()} OR ({word()} AND {word()} AND {word()})",
            lambda: f"({word()} OR {word()} OR {word()}) AND ({word()} OR {word()} OR {word()})",
            lambda: f"{word()} AND {word()}",
            lambda: f'"{word()} {word()} {word()}"',
            lambda: f"(~{word()} OR {word()}) NOT NEAR/3 {word()}",
        )
        return shapes[number % len(shapes)]()

    def rule(number: int) -> str:
        said = query(number)
        example = 'must_not_match = ["none of all these"]\n' if number % 10 == 9 else ""
        return (
            f'[[rules]]\nid = "rule-{number}"\ntitle = "Rule {number}"\nquery = \'{said}\'\n'
            f'tags = ["t{number % 50}", "border"]\nseverity = "high"\n{example}'
        )

    names = "".join(
        f'[entities.e{number}]\nname = "{word().capitalize()} {word().capitalize()}"\naliases = ["{word()}"]\n'
        for number in range(ENTITIES)
    )
    files = [RuleFile("names.toml", names + "[terms.closed]\nquery = 'closed OR shut* OR sealed'\n")]
    for start in range(0, rules, PER_FILE):
        numbers = range(start, min(rules, start + PER_FILE))
        files.append(RuleFile(f"rules-{start}.toml", "\n".join(map(rule, numbers))))
    return files


def measured(what: str, work: Callable[[], T]) -> T:
    """Does it, and prints what it took."""
    begun = time.process_time()
    done = work()
    print(f"{what:<52} {time.process_time() - begun:8.2f} s")
    return done


def changed(files: list[RuleFile]) -> list[RuleFile]:
    """The files with one word more in one rule."""
    first, second, *rest = files
    return [first, RuleFile(second.name, second.text.replace("query = '", "query = 'more OR ", 1)), *rest]


def resident() -> float:
    """Megabytes of this process."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) / 1_000 for line in status.splitlines() if line.startswith("VmRSS"))


def load_all(files: list[RuleFile], keeper: RuleMemory, before: Memory | None = None) -> LoadedRules:
    """The rules, their examples tried."""
    loaded, failing = load_and_try(files, before or keeper.recall(files))
    assert not failing
    return loaded


def print_cached(files: list[RuleFile], keeper: RuleMemory) -> None:
    """What it takes to load them from the cache: in a process that did nothing else, for its memory."""
    settle_again()
    before = resident()
    loaded = measured("from the cache", lambda: load_all(files, keeper))
    settle_again()
    print(f"{'kept in memory by that load, texts not counted':<52} {resident() - before:8.0f} MB")
    measured("again, nothing changed", lambda: load_all(files, keeper, loaded.memory))
    measured("again, one rule changed", lambda: load_all(changed(files), keeper, loaded.memory))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, default=100_000)
    parser.add_argument("--cache", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    files = rule_files(asked.rules)
    if asked.cache:
        print_cached(files, RuleMemory({"HOME": asked.cache}, Path("config.toml")))
        return
    print(f"{sum(len(file.text) for file in files) / 1e6:.1f} MB in {len(files)} files")
    measured("tomli alone", lambda: [tomli.loads(file.text) for file in files])
    with tempfile.TemporaryDirectory() as folder:
        keeper = RuleMemory({"HOME": folder}, Path("config.toml"))
        loaded = measured("from files, examples tried", lambda: load_all(files, keeper))
        measured("cache written", lambda: keeper.keep(loaded.memory, Memory()))
        sys.stdout.flush()
        subprocess.run([sys.executable, __file__, "--rules", str(asked.rules), "--cache", folder], check=True)


if __name__ == "__main__":
    main()
