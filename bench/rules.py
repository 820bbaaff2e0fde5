"""How fast the rule engine reads, beside the ways without one, from 100 to 100,000 rules.

    .venv/bin/python bench/rules.py

Every row runs in a process of its own, and cuts the same documents into words between its own answers: the
multiple compares the two in one run. Absolute figures belong to a machine and its mood. Never a gate.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FunctionType, ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from regex_rules import compiled as as_regex
from rows.meter import machine
from rule_samples import WORDS, World, documents, rule_files

from monitor.app.collector import settle, undisturbed
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.core.rules.index import RuleIndex
from monitor.core.text.tokens import analyse
from monitor.model.article import Document
from monitor.model.problem import Gravity

ENGINES = {"regex": "regex per rule", "all": "evaluate all", "index": "our index"}
SIZES = (100, 1_000, 10_000, 100_000)
_MOST_CHECKS = {"regex": 300_000, "all": 1_000_000}  # rules × documents of a row: the slow ones read fewer
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One engine with so many rules. Times are CPU seconds; of each document the best of the rounds counts."""

    engine: str
    rules: int
    documents: int
    cutting: float  # a document
    reading: float
    median: float
    p99: float
    matches: float
    candidates: float
    memory: float  # MB by which the process grew, with what loading left behind
    engine_alone: float  # MB of all objects that the rule set refers to, the index among them
    loading: float
    adding: float  # one more rule into the index


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rules", type=int, action="append", help="numbers of rules (default: 100 to 100,000)")
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--json", action="store_true", help="one object a row")
    parser.add_argument("--row", nargs=2, metavar=("ENGINE", "RULES"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.row:
        print(json.dumps(asdict(measure(chosen.row[0], int(chosen.row[1]), chosen.documents))))
        return
    rows = []
    for rules in chosen.rules or SIZES:
        for engine in chosen.engine or ENGINES:
            line = [sys.executable, __file__, "--row", engine, str(rules), "--documents", str(chosen.documents)]
            done = subprocess.run(line, capture_output=True, text=True, check=True)
            rows.append(Row(**json.loads(done.stdout)))
            print(
                json.dumps(asdict(rows[-1])) if chosen.json else _line(rows[-1], first=len(rows) == 1), flush=True
            )
    if not chosen.json:
        print(f"\n{machine()}; documents of {WORDS} words, {time.strftime('%d %B %Y')}")


_COLUMNS: tuple[tuple[str, str, int, Callable[[Row], str]], ...] = (
    ("engine", "", -15, lambda row: ENGINES[row.engine]),
    ("rules", "", 8, lambda row: f"{row.rules:,}"),
    ("docs/s", "a core", 8, lambda row: _short(1 / row.reading)),
    ("× cut", "to words", 9, lambda row: _short(row.reading / row.cutting)),
    ("p99 ÷", "median", 7, lambda row: f"{row.p99 / row.median:.1f}"),
    ("process", "MB", 8, lambda row: f"{row.memory:.0f}"),
    ("engine", "MB", 7, lambda row: f"{row.engine_alone:.0f}" if row.engine_alone else "–"),
    ("candi-", "dates", 8, lambda row: f"{row.candidates:,.0f}"),
    ("match-", "es", 7, lambda row: f"{row.matches:.2f}"),
    ("load", "s", 6, lambda row: f"{row.loading:.1f}"),
    ("add one", "ms", 8, lambda row: f"{row.adding * 1e3:.2f}" if row.adding else "–"),
    ("docu-", "ments", 6, lambda row: f"{row.documents}"),
)


def _line(row: Row, first: bool) -> str:
    def cells(texts: Iterable[str]) -> str:
        sized = zip(texts, (width for _, _, width, _ in _COLUMNS), strict=True)
        return "".join(text.ljust(-width) if width < 0 else text.rjust(width) for text, width in sized)

    head = [cells(line) for line in zip(*((one, other) for one, other, _, _ in _COLUMNS), strict=True)]
    return "\n".join([*(head if first else ()), cells(show(row) for *_, show in _COLUMNS)])


def _short(figure: float) -> str:
    return f"{figure:,.2f}" if figure < 10 else f"{figure:,.0f}"


def measure(engine: str, rules: int, most: int) -> Row:
    """One row, measured in this process."""
    world = World()
    texts = documents(world, most)
    texts = texts[: max(3, min(most, _MOST_CHECKS.get(engine, most * rules) // rules))]
    files = [RuleFile(f"{number}.toml", text) for number, text in enumerate(rule_files(world, rules))]
    gc.collect()
    before, begun = _memory(), time.process_time()
    with undisturbed():  # as `monitor run` loads
        ruleset = _loaded(files)
    loading = time.process_time() - begun
    read = _reader(engine, ruleset)
    del files
    settle()
    memory = _memory() - before
    cutting, reading, matches = _timed(texts, read, turns=2 * _ROUNDS if engine == "index" else 3)
    candidates = _candidates(ruleset, texts) if engine == "index" else rules
    return Row(
        engine=engine,
        rules=rules,
        documents=len(texts),
        cutting=statistics.fmean(cutting),
        reading=statistics.fmean(reading),
        median=statistics.median(reading),
        p99=sorted(reading)[int(0.99 * (len(reading) - 1))],
        matches=matches / len(texts),
        candidates=candidates,
        memory=memory,
        engine_alone=_size(ruleset) if engine == "index" else 0.0,
        loading=loading,
        adding=_adding(ruleset) if engine == "index" else 0.0,
    )


def _loaded(files: list[RuleFile]) -> RuleSet:
    loaded = load_rules(files)
    errors = [str(problem) for problem in loaded.problems if problem.gravity is Gravity.ERROR]
    assert not errors, errors[:3]
    return loaded.ruleset


def _reader(engine: str, ruleset: RuleSet) -> Callable[[Document], int]:
    """What reads one document and says how many rules hold."""
    if engine == "regex":
        tests = [as_regex(ruleset.node(rule.id), ruleset.lexicon) for rule in ruleset.rules]
        return lambda document: sum(test(document) for test in tests)
    if engine == "all":
        ruleset = ruleset.without_index()
    return lambda document: len(ruleset.match(document))


def _timed(
    texts: list[Document], read: Callable[[Document], int], turns: int
) -> tuple[list[float], list[float], int]:
    """The best time of each document, cut into words and read, and the number of matches in all.

    They take turns in being first: who comes second finds the text in the processor's cache. Of the slow engines
    one turn counts.
    """

    def cut(document: Document) -> int:
        analyse(document.title)
        analyse(document.body)
        return 0

    works = (cut, read)
    best = [[float("inf")] * len(texts) for _ in works]
    matches = 0
    for turn in range(turns):
        matches = 0
        for place, document in enumerate(texts):
            for which in (turn % 2, 1 - turn % 2):
                begun = time.process_time()
                matches += works[which](document)
                taken = time.process_time() - begun
                if turn > 1:  # the first rounds fill what is remembered of words
                    best[which][place] = min(best[which][place], taken)
    return best[0], best[1], matches


def _candidates(ruleset: RuleSet, texts: list[Document]) -> float:
    return statistics.fmean(len(ruleset.candidates(document)) for document in texts)


def _adding(ruleset: RuleSet) -> float:
    """Seconds to put one more rule into the index: the mean over some that are there already."""
    index = ruleset.index
    assert isinstance(index, RuleIndex)
    some = ruleset.compiled[:: max(1, len(ruleset.rules) // 200)]
    begun = time.process_time()
    for one in some:
        index.add([one])
    return (time.process_time() - begun) / len(some)


def _size(root: object) -> float:
    """MB of an object and of all it refers to, but for modules, classes and functions."""
    seen, waiting, size = set[int](), [root], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        waiting += gc.get_referents(one)
    return size / 1e6


def _memory() -> float:
    """MB of this process in RAM now."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


if __name__ == "__main__":
    main()
