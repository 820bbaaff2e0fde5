"""One digest → what each of its recipients is sent: told before, part of a thread, or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.digests.plan import delivery_key
from monitor.core.digests.recipients import (
    Inbox,
    Recipient,
    Sent,
    SentBy,
    inbox_of,
    recipients_of_all,
    sent_before,
    sent_by_inbox,
)
from monitor.core.digests.render import render, with_key
from monitor.model.addressing import EarlierMessage, Elsewhere, ShownBefore
from monitor.model.delivery import ChannelKind, NewDelivery, Receiver
from monitor.model.digest import (
    AlreadySent,
    Digest,
    DigestSettings,
    DigestStory,
    Links,
    Message,
    MessageFormat,
    SentBefore,
)
from monitor.model.suppression import folded_address
from monitor.ports import DigestStore

MOST_ANSWERS = 10
"""Earlier messages that a message names; the first, which began the thread, is always one of them."""

_Variant = tuple[MessageFormat, Links, frozenset[str], tuple[tuple[str, SentBefore], ...], bool]


@dataclass(frozen=True, slots=True)
class Addressed:
    """The deliveries of a digest, what they show short or leave out, and the addresses that get none."""

    deliveries: tuple[NewDelivery, ...] = ()
    sent_before: tuple[ShownBefore, ...] = ()
    suppressed: tuple[str, ...] = ()


def no_links(_digest: str, _recipient: str) -> Links:
    """No address works for the reader: there is no `[web].public_url`."""
    return Links()


def nobody(_digest: str) -> frozenset[str]:
    """Nobody has unsubscribed."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class Addressing:
    """Decides for each inbox by what it was sent; changes nothing.

    `more_publishers` says how many independent publishers a story has got since a moment; `suppressed` which
    addresses (folded) want no more of a digest; `links` are an address's own. `draft` keeps a dry run apart.
    """

    digests: DigestStore
    receivers: Mapping[str, Receiver]
    more_publishers: Callable[[str, datetime], int]
    suppressed: Callable[[str], frozenset[str]] = nobody
    links: Callable[[str, str], Links] = no_links
    draft: bool = False

    def addressed(
        self,
        settings: DigestSettings,
        digest: Digest,
        told: Mapping[str, Sequence[int]],
        *,
        when_empty: bool,
    ) -> Addressed:
        """What each recipient is sent. `told` are the matches that the digest tells, by story.

        A message without a story is made only with `when_empty`, also where all its stories are left out.
        """
        if not (digest.stories or when_empty):
            return Addressed()
        suppressed = self.suppressed(settings.name)
        recipients = recipients_of_all([self.receivers[name] for name in settings.to])
        unwanted = [one for one in recipients if _address(one) in suppressed]
        elsewhere, earlier = self._elsewhere(settings, digest, told), self._earlier(digest)
        run = _Run(self, settings, digest, told, elsewhere, sent_by_inbox(elsewhere))
        deliveries: list[NewDelivery] = []
        for one in recipients:
            if one not in unwanted:
                own = run.digest_for(one)
                if own.stories or when_empty:
                    deliveries += run.deliveries(one, own, earlier.get(one.inbox, ()))
        return Addressed(tuple(deliveries), tuple(run.shown), tuple(one.recipient for one in unwanted))

    def _elsewhere(self, settings: DigestSettings, digest: Digest, told: Mapping[str, Sequence[int]]) -> Elsewhere:
        matches = [match for story in digest.stories for match in told.get(story.id, ())]
        return self.digests.sent_elsewhere(settings.name, matches) if matches else Elsewhere()

    def _earlier(self, digest: Digest) -> Mapping[Inbox, Sequence[EarlierMessage]]:
        """What an immediate digest has sent of its one story; a message of many begins a thread of its own."""
        found: dict[Inbox, list[EarlierMessage]] = defaultdict(list)
        if digest.immediate and not digest.looks_back and len(digest.stories) == 1:
            for one in self.digests.messages_about(digest.name, digest.stories[0].id, draft=self.draft):
                found[inbox_of(one.receiver, one.channel, one.recipient)].append(one)
        return found


@dataclass(frozen=True, slots=True)
class _Run:
    """One digest on its way to its recipients; each variant of it is rendered once."""

    of: Addressing
    settings: DigestSettings
    digest: Digest
    told: Mapping[str, Sequence[int]]
    elsewhere: Elsewhere
    sent: Mapping[Inbox, Sent]
    shown: list[ShownBefore] = field(default_factory=list)
    rendered: dict[_Variant, tuple[Message, ...]] = field(default_factory=dict)
    publishers: dict[tuple[str, datetime], int] = field(default_factory=dict)

    def digest_for(self, one: Recipient) -> Digest:
        """The digest as this recipient gets it; notes what is shown short or left out.

        Stories in one line come after all others: what is new leads, in the subject, too.
        """
        sent, told = self.sent.get(one.inbox, {}), self.elsewhere.told
        known = {
            story.id: by
            for story in self.digest.stories
            if (by := sent_before(self.told.get(story.id, ()), told, sent)) is not None
        }
        if not known:
            return self.digest
        how = self.settings.already_sent
        if how is not AlreadySent.FULL:
            self.shown.extend(self._record(one, story, by, how) for story, by in known.items())
        if how is AlreadySent.SKIP:
            left = tuple(story for story in self.digest.stories if story.id not in known)
            return replace(self.digest, stories=left, left_out=len(known))
        noted = [self._noted(story, known.get(story.id), how) for story in self.digest.stories]
        if how is AlreadySent.BRIEF:
            noted.sort(key=lambda story: story.sent_before is not None)
        return replace(self.digest, stories=tuple(noted))

    def _record(self, one: Recipient, story: str, sent: SentBy, how: AlreadySent) -> ShownBefore:
        matches = tuple(sorted(self.told[story]))
        return ShownBefore(
            story, one.receiver, one.channel, one.recipient, how, sent.digest, sent.batch, sent.at, matches
        )

    def _noted(self, story: DigestStory, sent: SentBy | None, how: AlreadySent) -> DigestStory:
        if sent is None:
            return story
        # What came after the other message was planned is not in it, though it may have been sent later.
        since = (story.id, sent.planned_at)
        if since not in self.publishers:
            self.publishers[since] = self.of.more_publishers(*since)
        before = SentBefore(sent.digest, sent.at, self.publishers[since], in_full=how is AlreadySent.FULL)
        return replace(story, sent_before=before)

    def deliveries(self, one: Recipient, own: Digest, earlier: Sequence[EarlierMessage]) -> Iterator[NewDelivery]:
        """One delivery for each part, in a thread with what it follows."""
        links = Links()
        if one.channel is ChannelKind.EMAIL:
            links = self.of.links(self.settings.name, one.recipient)
        answers = tuple(message.key for message in earlier)
        # A reply is never answered: where the first one left is a reply itself, both follow what began the thread.
        thread = (earlier[0].parent or earlier[0].key) if earlier else None
        first = self._key(one, 1)
        for message in self._messages(own, one.form, links, answers):
            key = self._key(one, message.part)
            message = with_key(message, key) if one.form is MessageFormat.JSON else message
            further = (first,) if message.part > 1 else ()
            message = replace(message, answers=_most((*answers, *further)))
            yield NewDelivery(
                key=key,
                digest=self.settings.name,
                batch=self.digest.batch,
                receiver=one.receiver,
                channel=one.channel,
                recipient=one.recipient,
                message=message,
                thread=thread or (first if message.part > 1 else None),
                also=one.also,
            )

    def _key(self, one: Recipient, part: int) -> str:
        # One receiver may name two channels: the channel is part of who receives.
        receiver = f"{one.receiver}/{one.channel.value}"
        key = delivery_key(self.settings.name, self.digest.batch, receiver, one.recipient, part)
        return f"draft-{key}" if self.of.draft else key

    def _messages(
        self, own: Digest, form: MessageFormat, links: Links, answers: tuple[str, ...]
    ) -> tuple[Message, ...]:
        noted = tuple((story.id, story.sent_before) for story in own.stories if story.sent_before is not None)
        left_out = frozenset(story.id for story in self.digest.stories) - {story.id for story in own.stories}
        variant: _Variant = (form, links, left_out, noted, bool(answers))
        if variant not in self.rendered:
            self.rendered[variant] = render(own, form, links=links, answers=answers)
        return self.rendered[variant]


def _address(one: Recipient) -> str | None:
    return folded_address(one.recipient) if one.channel is ChannelKind.EMAIL else None


def _most(answers: tuple[str, ...]) -> tuple[str, ...]:
    if len(answers) <= MOST_ANSWERS:
        return answers
    return (answers[0], *answers[-(MOST_ANSWERS - 1) :])
