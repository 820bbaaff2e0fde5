"""Five short stories of our own, for an installed wheel, which carries no press texts.

Every report, quotation and outlet here is invented for the demo; only the places, the offices and the names a
border desk would watch for are real. Each story carries traps of the real sample documents:

| key | traps |
|---|---|
| 900 | doubled headline; a "SEE ALSO:" line; a "Recent … Read More »" rail naming groups the story does not |
| 901 | shares whole sentences with 902, its sister paper; a short name after the full one |
| 902 | caption, "Short Url / Updated / Follow" above the story; another article, with a later date, below it |
| 903 | "closed" and "Torkham" in a story about the reopening; its text has no headline |
| 904 | other spellings (Tehrik-i-Taliban, Muhammad); "closed" without Torkham; quotes an older date |
"""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.demo.samples import SampleStory

_LANTERN = """\
Torkham closed as minister travels to Kabul

Torkham closed as minister travels to Kabul

PESHAWAR (invented report) — Afghan guards closed the Torkham border crossing on Sunday evening, and trucks with \
onions, cement and cloth have stood in the cold ever since.

Defense Minister Khawaja Mohammad Asif flew to Kabul on Tuesday with a small party of officials. His office said \
the talks would be about patients, papers and the road.

Waiting for the gates

Traders in the queue counted two thousand lorries by noon. “We are waiting for the reopening, and nobody gives us \
a day,” said a driver who has carried fruit over the pass for nineteen years.

SEE ALSO: https://example.org/how-a-border-day-is-lost/

In the past both sides have closed Torkham and Chaman alike, mostly for a few days.

This report was invented for the demo of media-monitor.

Night Desk

The night desk of an outlet that does not exist.

Recent

What the TTP wants from the valleys

What the TTP wants from the valleys

An invented essay on Tehreek-e-Taliban Pakistan, on ISIS-K and on a CPEC road that ends in a field.

Read More »
The bridge that was never opened

The bridge that was never opened

An invented essay about concrete, patience and three ministries.

Read More »
"""

_HARBOUR = """\
Afghan and Pakistani officials meet over shut crossing
KABUL (invented report): A delegation from Islamabad sat down with Taliban officials on Tuesday, two days after \
the main crossing between the two countries was closed.
The visitors were led by Defense Minister Khawaja Mohammed Asif. Asif left the meeting without speaking to \
reporters.
The crossing at Torkham was closed on Sunday after a quarrel over travel papers for the sick and those who \
accompany them.
“Both sides will look at the list of patients again,” an official in Kabul said.
The talks also touched the Tehreek-e-Taliban Pakistan, or TTP, which Islamabad says plans its attacks from \
Afghan soil. Kabul denies it.
A committee of six shall meet every week until the gates are open.
This report was invented for the demo of media-monitor.
"""

_HARBOUR_WEEKEND = """\
Pakistani minister asks Kabul for open gates and firm words

A row of lorries below the fort, as an artist of the demo imagines it. (Invented picture)
Short Url
Updated 14 May 2024
Follow

Pakistani minister asks Kabul for open gates and firm words

  • Delegation stays one day, leaves with a list
  • Khawaja Asif’s party asks for action against militants

ISLAMABAD/KABUL (invented report): Pakistan’s defence minister Khawaja Muhammad Asif travelled to Kabul on \
Tuesday to speak of security with the Taliban administration.

The Taliban closed Torkham, the busiest crossing, on Sunday.

The proscribed network Tehreek-e-Taliban Pakistan (TTP) was the second subject of the day.

“Both sides will look at the list of patients again,” an official in Kabul said.

A committee of six shall meet every week until the gates are open.

This report was invented for the demo of media-monitor.

Museum puts the oldest ledger of the port on show, curators disagree

Updated 06 February 2026
Follow

Museum puts the oldest ledger of the port on show, curators disagree

  • Ink may suffer under the lamps, a curator says

KARACHI (invented report): A museum has opened its oldest book to visitors: a ledger of salt, rope and debts.

A curator said that the lamps were too bright; the director said that the ledger had survived the sea.

The book can be seen until the end of the month, on weekdays, for the price of a cup of tea.
"""

_VALLEY = """\
Pass Valley Agency (invented report) - Kabul: An envoy from Islamabad came to Kabul on Thursday, the day after \
the reopening of Torkham, a gate that had previously been closed for nine days.
Porters said that the first lorry rolled through shortly after dawn, and that somebody had hung a garland on its \
mirror.
Merchants on both sides now ask for a rule that would make the next closure shorter. They want a telephone line \
between the two gates and one form instead of four.
Islamabad again named the Tehreek-e-Taliban Pakistan (TTP) as its first concern; Kabul again replied that the \
matter lies within Pakistan. A trade corridor with China was mentioned in passing.
The envoy is to leave on Saturday. Neither side promised anything in writing.
This report was invented for the demo of media-monitor.
"""

_NORTHERN = """\
HALIFAX, CANADA (invented report) – Khawaja Muhammad Asif, Pakistan’s Defense Minister, wants a stricter regime \
along the frontier with Afghanistan, people close to the ministry said.
The remarks followed an attack on a road camp in the north-west, for which nobody has claimed responsibility. \
Mr. Asif is said to have spoken of fences, visas and cameras.
Officials believe that the Tehrik-i-Taliban Pakistan found shelter across the line. The Taliban have always \
rejected the charge.
It is an old quarrel: on July 5, 2023, two ministers closed a conference on the subject with a handshake and \
without a paper.
Traders said that each new rule costs them a day, and that they had stopped counting.
This report was invented for the demo of media-monitor.
"""


def own_stories() -> tuple[SampleStory, ...]:
    """Five invented stories, in the order of the table above."""
    return (
        SampleStory(
            key="900",
            publisher="The Valley Lantern (invented)",
            title="Torkham closed as minister travels to Kabul",
            published=datetime(2024, 5, 14, 9, 0, tzinfo=UTC),
            body=_LANTERN,
            slug="torkham-closed-as-minister-travels",
            feed="a",
            tail_begins="Night Desk",
        ),
        SampleStory(
            key="901",
            publisher="Harbour Post (invented)",
            title="Afghan and Pakistani officials meet over shut crossing",
            published=datetime(2024, 5, 14, 13, 0, tzinfo=UTC),
            body=_HARBOUR,
            slug="officials-meet-over-shut-crossing",
            feed="b",
        ),
        SampleStory(
            key="902",
            publisher="Harbour Post Weekend (invented)",
            title="Pakistani minister asks Kabul for open gates and firm words",
            published=datetime(2024, 5, 14, 12, 0, tzinfo=UTC),
            body=_HARBOUR_WEEKEND,
            slug="minister-asks-kabul-for-open-gates",
            feed="b",
            tail_begins="Museum puts the oldest ledger of the port on show, curators disagree",
        ),
        SampleStory(
            key="903",
            publisher="Pass Valley Agency (invented)",
            title="Envoy in Kabul a day after Torkham reopening",
            published=datetime(2024, 5, 23, 9, 0, tzinfo=UTC),
            body=_VALLEY,
            slug="envoy-in-kabul-after-reopening",
            feed="c",
        ),
        SampleStory(
            key="904",
            publisher="The Northern Lamp (invented)",
            title="Minister wants a stricter frontier, say people close to him",
            published=datetime(2024, 6, 2, 18, 0, tzinfo=UTC),
            body=_NORTHERN,
            slug="minister-wants-a-stricter-frontier",
            feed="a",
        ),
    )
