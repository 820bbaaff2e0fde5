"""Does the pipeline progress? Only then is the heartbeat sent, and the watchdog answered. Pure.

A quiet night is progress: every stage has its turns and finds nothing to do. So is a morning after a long rest,
when much waits and one thing after the other is done. A stage that hangs, or fails at every turn, is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.text.amounts import span_text
from monitor.model.health import OldestDue

PATIENCE = 2
"""Intervals of the heartbeat that a stage may stand still (delivery design)."""
HUNG_AFTER = timedelta(minutes=15)
"""From when on a turn hangs that neither ends nor does anything, `host_delay` apart: the longest wait that a
config allows besides is one fetch of ten minutes (`[poll] timeout`)."""


class Standstill(StrEnum):
    """Why a heartbeat is withheld."""

    STAGE_STUCK = "stage_stuck"  # it had no turn that ended well, nor did it do anything
    WORK_WAITS = "work_waits"  # it has its turns, but what is due is not done
    DIGEST_UNPLANNED = "digest_unplanned"
    STORE_UNUSABLE = "store_unusable"


@dataclass(frozen=True, slots=True)
class Withheld:
    """The reason with what a person wants to know of it, on one line."""

    reason: Standstill
    detail: str


@dataclass(frozen=True, slots=True)
class StageSign:
    """How long ago a stage had a turn that ended well, did something, and had a turn that ended, be it in failure;
    since the start where it never was."""

    turned: timedelta
    did: timedelta
    ended: timedelta


def withheld(
    signs: Mapping[str, StageSign],
    due: OldestDue,
    unplanned: Mapping[str, datetime],
    every: timedelta,
    now: datetime,
) -> Withheld | None:
    """Why no heartbeat is sent now; None when one is. `unplanned` says since when digests fail."""
    patience = PATIENCE * every
    for stage, sign in signs.items():
        if min(sign.turned, sign.did) > patience:
            return Withheld(Standstill.STAGE_STUCK, f"{stage} stands still for {span_text(sign.turned)}")
    for stage, since in (("poll", due.poll), ("read", due.read), ("match", due.match), ("deliver", due.deliver)):
        if stage in signs and since is not None and now - since > patience < signs[stage].did:
            return Withheld(Standstill.WORK_WAITS, f"work of {stage} waits for {span_text(now - since)}")
    for digest, since in unplanned.items():
        if now - since > patience:
            return Withheld(Standstill.DIGEST_UNPLANNED, f"digest {digest} cannot be planned")
    return None


def hung(signs: Mapping[str, StageSign], host_delay: timedelta) -> Withheld | None:
    """The stage that hangs, so that only a restart helps; None when there is none.

    One that fails at every turn does not hang: a full disk is retried, and is as full after a restart. Nor does
    one that waits until the next feed of a host may be asked (`host_delay`, up to an hour).
    """
    for stage, sign in signs.items():
        silent = min(sign.ended, sign.did)
        if silent > HUNG_AFTER + host_delay:
            return Withheld(Standstill.STAGE_STUCK, f"{stage} hangs for {span_text(silent)}")
    return None
