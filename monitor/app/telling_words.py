"""Why a match was told or merged, in words for people."""

from __future__ import annotations

from monitor.model.digest import CatchUp
from monitor.model.telling import Material, Merged, Why

HELD_BY = {CatchUp.QUIET_HOURS: "quiet hours", CatchUp.PAUSE: "a pause", CatchUp.STORM: "a storm"}
_TOLD = {
    Material.NEW_STORY_FOR_RULE: "",
    Material.NEW_RULE: "the story was told before, not for this rule",
    Material.CORRECTED: "the title says that it was corrected or retracted",
    Material.NEW_NAMES: "a name matched that the story was not told with",
    Material.POSSIBLE_DISTINCT: "may be another event: its title differs from a told one by an ordinal",
    Material.CHANGED_SENTENCE: "a matched sentence that the page or report did not have before",
    Material.CHANGED_NUMBER: "a number in the matched sentence that was not told",
    Material.HOLDS_AGAIN: "the rule holds again: it did not match the wording before",
    Material.OTHER_DAY: "words that were told, in a text of another time",
    Material.LOOSELY_ALIKE: "may be another event: it is only loosely like what was told of the story",
    Material.REPEAT: "longer ago than repeat_after that the rule told the story",
    Material.NEW_PUBLISHERS: "three or more independent publishers since the story was told",
    Material.EVERY_UPDATE: 'the digest has updates = "all"',
}
_MERGED = {
    Merged.BEFORE_SUBSCRIPTION: "it matched in the same sentences before the feed was subscribed to",
    Merged.EARLIER_WORDING: "its earlier wording matched in the same sentences",
    Merged.COPY: "a copy without a matched sentence that was not told",
    Merged.SAME_SENTENCES: "its matched sentences were all told",
    Merged.NOTHING_NEW: "told on this story before, and nothing here is an update",
    Merged.UPDATES_OFF: 'an update, and the digest has updates = "none"',
}


def told_words(why: Why | None) -> str:
    """Why it was told although the story was known; "" for one that was not, or where no reason was kept."""
    return _TOLD[why] if isinstance(why, Material) else ""


def merged_words(why: Why | None, digest: str) -> str:
    """Why it was merged."""
    if why is Merged.EARLIER_WORDING or why is Merged.BEFORE_SUBSCRIPTION:
        return f"not told in {digest}: {_MERGED[why]}"
    said = _MERGED[why] if isinstance(why, Merged) else "this rule had told this story before"
    return f"merged in digest {digest}: {said}"


def too_few_words(digest: str) -> str:
    """Why a match was given up."""
    return f"never told in {digest}: its story never had the independent publishers that min_publishers asks for"
