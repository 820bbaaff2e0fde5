"""The benches run: small, and for no figure's sake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT

# The meter reads /proc. Benches gate nothing: that they still run is asked in soak.
pytestmark = [pytest.mark.needs("linux"), pytest.mark.soak]


def bench(name: str, *arguments: str) -> str:
    line = [sys.executable, str(ROOT / "bench" / name), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pipeline_bench_polls_four_feeds_and_prints_its_table() -> None:
    table = bench("polling.py", "--feeds", "4", "--rounds", "1", "--without-reader")
    assert table.startswith("4 feeds of 2")
    for row in ("raw: fetch", "raw: parse", "monitor: first poll", "monitor: re-poll, 304", "monitor run --once"):
        assert f"\n{row}" in table
    assert " × fetch, httpx2 alone + parse, feedparser" in table
    assert "monitor --help takes" in table
    assert max(map(len, table.splitlines())) <= 100


def test_the_bench_of_the_pages_of_feeds_says_what_each_takes() -> None:
    said = bench("feed_pages.py", "--feeds", "100").splitlines()
    assert len(said) == 8
    assert all(" ms, CPU " in line for line in said)


@pytest.mark.needs("postgresql")
def test_the_bench_of_copies_says_what_each_phase_took() -> None:
    said = bench("copying.py", "--articles", "300").splitlines()
    assert said[0].startswith("300 articles, 3,001 rows, ")
    assert [line.split()[0] for line in said[1:5]] == ["copied", "compared", "all", "indexed"]


def test_the_pipeline_bench_gives_one_object_to_programs() -> None:
    found = json.loads(bench("polling.py", "--feeds=2", "--rounds=2", "--without-reader", "--only=raw_", "--json"))
    assert set(found["rows"]) == {"raw_fetch", "raw_fetch_304", "raw_lxml", "raw_feedparser"}
    assert found["entries"] == 20 + 21
    cpu = found["rows"]["raw_feedparser"]["cpu_ms_a_feed"]
    assert 0 < cpu["lowest"] <= cpu["median"] <= cpu["highest"]
    assert len(found["help_cpu_ms"]) == 3


def test_the_names_bench_judges_every_table_of_pairs() -> None:
    table = bench("names.py", "--names", "100")
    assert table.count("consonants, then vowels") == 4
    assert "\n   100 names: built in" in table


def test_the_match_bench_reads_its_documents() -> None:
    assert "matching, explained" in bench("match.py", "--documents", "5")


def test_the_extraction_bench_prints_its_tables() -> None:
    table = bench("extraction.py", "--rounds", "1", "--only-wrappings")
    assert "one_article" in table
    assert "× bare trafilatura" in table
    assert "peak memory" in table


def test_the_language_bench_prints_its_tables() -> None:
    table = bench("languages.py")
    assert "headlines: " in table
    assert "ms of CPU each" in table


def test_the_backtest_bench_reads_few_candidates_and_a_sample_of_everything() -> None:
    table = bench("backtest.py", "--articles", "40")
    assert table.startswith("40 articles\n")
    assert "\na phrase of common words" in table
    assert table.rstrip().endswith("×")


def test_the_planning_bench_tells_the_morning_in_lines_what_was_alerted() -> None:
    (_, row) = bench("planning.py", "--sizes", "100").splitlines()
    assert row.split()[0] == "100"
    assert row.split()[-1] == "60", "30 stories, to two addresses"


def test_the_families_bench_compares_with_the_bare_stemmer() -> None:
    table = bench("families.py")
    assert table.count("Snowball English alone") == table.count("families and Snowball") == 2
    assert max(map(len, table.splitlines())) <= 100


def test_the_bench_of_loading_rules_prints_what_each_way_takes() -> None:
    table = bench("rules_loading.py", "--rules", "1200")
    for row in ("tomli alone", "from files", "from the cache", "again, nothing changed", "again, one rule"):
        assert f"\n{row}" in table


def test_the_rule_bench_reads_with_every_engine() -> None:
    table = bench("rules.py", "--rules=100", "--documents=3")
    for engine in ("regex per rule", "evaluate all", "our index"):
        assert f"\n{engine}" in table
    *rows, conditions = table.strip().splitlines()
    assert "Python" in conditions  # as long as the name of the processor
    assert max(map(len, rows)) <= 110


def test_the_rule_bench_gives_one_object_a_row_to_programs() -> None:
    found = json.loads(bench("rules.py", "--rules=200", "--documents=3", "--engine=index", "--json"))
    assert found["rules"] == 200
    assert 0 < found["cutting"] < found["reading"]
    assert found["candidates"] < 200


def test_the_fingerprint_bench_prints_its_tables() -> None:
    table = bench("fingerprints.py", "--times", "1", "--rounds", "1")
    assert "6-grams, pure Python" in table
    assert table.count("precision") == 2


def test_the_stories_bench_prints_throughput_memory_and_cost_by_size() -> None:
    parts = [f"--only={part}" for part in ("throughput", "archive", "memory")]
    table = bench("stories.py", *parts, "--articles=20", "--sizes=200,400", "--lookups=20", "--pages=3")
    for row in ("fingerprint alone", "plain INSERT, one commit each", "monitor, in batches", "pages read by one"):
        assert f"\n{row}" in table
    assert "\n            400 " in table
    assert max(map(len, table.splitlines())) <= 100


def test_the_rendering_bench_prints_a_line_for_each_form() -> None:
    table = bench("rendering.py", "--stories", "20", "--rounds", "2")
    for form in ("email", "slack", "json", "html", "text", "css-inline story by story"):
        assert f"\n{form}" in table


@pytest.mark.needs("chromium")
@pytest.mark.needs("chromedriver")
def test_the_pictures_of_the_docs_can_be_drawn_and_are_small(tmp_path: Path) -> None:
    bench("pictures.py", "--into", str(tmp_path))
    drawn = {one.name: one.stat().st_size for one in tmp_path.glob("*.png")}
    assert set(drawn) == {one.name for one in (ROOT / "docs" / "pictures").glob("*.png")}
    assert max(drawn.values()) <= 400_000  # without Pillow


def test_the_delivery_bench_drains_its_queue_and_counts_idle_seconds() -> None:
    table = bench(
        "delivery.py",
        "--only=drain",
        "--deliveries=60",
        "--receivers=2",
        "--only=idle",
        "--matches=60",
        "--held=50",
    )
    assert "smtplib alone" in table
    assert "60 e-mails to 2 receivers: " in table
    assert "digest: 3 silences hold 50" in table


def test_the_bench_of_the_due_queue_prints_a_tick_and_the_polls() -> None:
    printed = bench("polling_queue.py", "--feeds", "1000")
    assert "1,000 feeds: an empty tick " in printed
    assert printed.count(" ms a feed, in the store") == 2 * 3


def test_the_web_bench_measures_every_page_beside_a_small_store_and_keeps_it(tmp_path: Path) -> None:
    small = ("--articles=3000", "--feeds=100", "--words=40", "--requests=2", f"--keep={tmp_path}")
    table = bench("web.py", *small)
    assert table.startswith("3,000 articles of 40 words in 40 days, 100 feeds\n")
    for page in ("now", "one story", "the largest story", "why, an article", "silences", "search of rare words"):
        assert f"\n{page} " in table
    assert "HTTP" not in table
    found = json.loads(bench("web.py", *small, "--only=^now$", "--json"))
    assert [one["name"] for one in found["pages"]] == ["now"]
    assert 0 < found["pages"][0]["p50"] <= found["pages"][0]["longest"]


@pytest.mark.needs("postgresql")
def test_the_web_bench_fills_postgresql_too() -> None:
    table = bench(
        "web.py", "--articles=1000", "--feeds=50", "--words=40", "--requests=1", "--only=now", "--postgresql"
    )
    assert "\nnow " in table
    assert "HTTP" not in table


@pytest.mark.needs("postgresql")
def test_the_bench_of_several_processes_has_a_floor_for_each_rate_and_says_what_it_assumes() -> None:
    small = ("--sizes=200,400", "--due=100", "--jobs=50", "--workers=1", "--feeds=10", "--telling=2", "--rounds=1")
    said = bench("scale.py", *small)
    for row in (
        "bare UPDATE",
        "lease and put",
        "procrastinate alone",
        "monitor's queue",
        "polls, 304",
        "articles,",
    ):
        assert f"\n{row}" in said
    assert "under these assumptions" in said
    assert "\n 1,000,000    1,111" in said
