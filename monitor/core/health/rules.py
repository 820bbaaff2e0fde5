"""Rules that match far more often than they use to, and rules that fell silent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.health import RuleRate

NOISY_TIMES = 10
"""Times its usual daily rate (delivery design)."""
USUAL_DAYS = timedelta(days=28)
"""What is usual is the mean of the four weeks before: whole weeks, since few rules match alike on Sundays."""
FEWEST_DAYS = timedelta(days=7)
"""A rule that has matched for less than a week has no usual rate yet."""
LEAST_NOISE = 20
"""So many matches a reader notices; from one a day to ten is no noise."""
SILENT_AFTER = timedelta(days=90)


class Noise(StrEnum):
    """Whether a rule is noisy, or why not."""

    NOISY = "noisy"
    FEW = "few"
    NEW = "new"  # nothing is usual yet
    USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Silent:
    """Rules that have not matched for long: those that crossed the line now, and how many did before."""

    now: tuple[str, ...] = ()
    longer: int = 0


def noise(rate: RuleRate, day_start: datetime) -> Noise:
    """What a day's matches of a rule are, beside those of the days before `day_start`."""
    if rate.matches < LEAST_NOISE:
        return Noise.FEW
    if rate.first is None or day_start - rate.first < FEWEST_DAYS:
        return Noise.NEW
    return Noise.NOISY if rate.matches >= NOISY_TIMES * usual(rate, day_start) else Noise.USUAL


def usual(rate: RuleRate, day_start: datetime) -> float:
    """Matches a day, over the days since its first match of the four weeks before."""
    since = day_start - rate.first if rate.first is not None else USUAL_DAYS
    return rate.before / max(1.0, min(since, USUAL_DAYS) / timedelta(days=1))


def silent(last: Mapping[str, datetime], rules: Collection[str], since: datetime, now: datetime) -> Silent:
    """The rules in force without a match for 90 days, that had some; those that fell silent since then by name."""
    found = {rule: moment for rule, moment in last.items() if rule in rules and now - moment >= SILENT_AFTER}
    fresh = sorted(rule for rule, moment in found.items() if since - moment < SILENT_AFTER)
    return Silent(tuple(fresh), len(found) - len(fresh))
