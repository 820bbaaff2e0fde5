"""`renamed_from` in config.toml: what a digest or a receiver was called before."""

from __future__ import annotations

import pytest
from faulty_configs import GOOD, SECRETS, problems

from monitor.config import load_config
from monitor.model.renaming import Named, Rename

TWO = """
[[digests]]
name = "two"
rules = ["*"]
to = ["desk"]
schedule = "every 1h"
"""


def renames(text: str) -> list[tuple[Rename, int]]:
    found = load_config(text, "config.toml", directory="/desk", secrets=SECRETS.__getitem__).renames
    return [(one, one.line) for one in found]


def test_one_old_name_or_several_each_with_its_line() -> None:
    text = GOOD.replace("[receivers.ops]\n", '[receivers.ops]\nrenamed_from = "slack"\n')
    text += 'renamed_from = [\n"morning",\n"One"]\n'
    line = text.count("\n") + 1
    assert problems(text, warnings=True) == []
    assert renames(text) == [
        (Rename(Named.DIGEST, "morning", "one"), line - 2),
        (Rename(Named.DIGEST, "One", "one"), line - 1),  # written in other letters
        (Rename(Named.RECEIVER, "slack", "ops"), 11),
    ]
    assert renames(GOOD) == []


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        ("'one'", "", '19: digests[0].renamed_from: "one" is its name now'),
        ("3", "", "19: digests[0].renamed_from: must be a name, or a list of names: …"),
        ("[]", "", "19: digests[0].renamed_from: must be a name, or a list of names: …"),
        ("'a b'", "", '19: digests[0].renamed_from: "a b" is no name; …'),
        ("'Health'", "", '19: digests[0].renamed_from: "Health" is the name of the monitor\'s own messages'),
        (
            "['x', 'TWO']",
            "",
            '19: digests[0].renamed_from[1]: the digest in line 21 has the name "two", …',
        ),
        (
            "'x'",
            "'X'",
            '26: digests[1].renamed_from: "X" is an old name of digest "one" already, in line 19',
        ),
        ("['x', 'x']", "", '19: digests[0].renamed_from[1]: "x" is an old name of it already, in line 19'),
    ],
)
def test_what_cannot_be_an_old_name(one: str, two: str, said: str) -> None:
    text = GOOD + f"renamed_from = {one}\n" + TWO + (f"renamed_from = {two}\n" if two else "")
    (found,) = problems(text)
    assert found.startswith(said.removesuffix("…"))


def test_a_chain_is_an_error_for_each_link_and_all_are_told_at_once() -> None:
    text = GOOD.replace("[receivers.ops]\n", '[receivers.ops]\nrenamed_from = "desk"\n')
    text = text + 'renamed_from = "two"\n' + TWO + 'renamed_from = "one"\n'
    assert [one.partition(":")[0] for one in problems(text)] == ["11", "20", "27"]


def test_an_old_name_is_no_channel() -> None:
    (said,) = problems(GOOD.replace('slack = { webhook_url = "env:HOOK" }', 'renamed_from = "x"'))
    assert "has no channel; give it one of: apprise, email, file, slack, stdout, webhook" in said
