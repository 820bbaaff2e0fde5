"""A small digest that says of itself, in whatever form it is read, that it is a test. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model.digest import ArticleLink, Coverage, Digest, DigestStory, Passage, RuleHit, Window
from monitor.model.rule import Severity

SAMPLE_NAME = "TEST"
SAMPLE_BATCH = "test"  # no real batch is called so: those have a "/" or a "#" in their names
_ADDRESS = "https://example.org/test"  # RFC 2606 §3: belongs to nobody, and leads somewhere
_SENTENCE = "In a real digest this is the sentence that matched, with the matched words marked."
_MARKED = "the matched words"


def sample_digest(receiver: str, *, feeds: int, timezone: str, now: datetime) -> Digest:
    """One story of normal severity for the receiver of that name; `feeds` are those that the config has."""
    start = _SENTENCE.index(_MARKED)
    story = DigestStory(
        id=SAMPLE_BATCH,
        headline=f"This is only a test: messages to {receiver} look like this",
        url=_ADDRESS,
        articles=(ArticleLink(0, "This is only a test", _ADDRESS, "media-monitor", now, now, "en"),),
        rules=(
            RuleHit(SAMPLE_BATCH, "Only a test: nothing happened", Severity.NORMAL, "test", "you asked for it"),
        ),
        matched=(Passage(_SENTENCE, ((start, start + len(_MARKED)),), SAMPLE_BATCH),),
        first_seen=now,
        last_updated=now,
    )
    window = Window(now - timedelta(minutes=1), now)
    return Digest(SAMPLE_NAME, SAMPLE_BATCH, window, timezone, (story,), Coverage(feeds))
