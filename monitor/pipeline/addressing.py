"""One digest → the deliveries of each of its recipients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from monitor.core.digests.plan import delivery_key, recipients_of
from monitor.core.digests.render import render, with_key
from monitor.model.delivery import NewDelivery, Receiver
from monitor.model.digest import Digest, DigestSettings, MessageFormat


@dataclass(frozen=True, slots=True)
class Addressing:
    """Who is sent what of a digest; `draft` keeps the keys of a dry run apart from real ones."""

    receivers: Mapping[str, Receiver]
    draft: bool

    def deliveries(self, settings: DigestSettings, digest: Digest) -> Iterator[NewDelivery]:
        """One delivery for each recipient and part."""
        rendered = {}
        for name in settings.to:
            for kind, recipient, form in recipients_of(self.receivers[name]):
                if form not in rendered:
                    rendered[form] = render(digest, form)
                for message in rendered[form]:
                    # One receiver may name two channels: the channel is part of who receives.
                    key = delivery_key(
                        settings.name, digest.batch, f"{name}/{kind.value}", recipient, message.part
                    )
                    key = f"draft-{key}" if self.draft else key
                    keyed = with_key(message, key) if form is MessageFormat.JSON else message
                    yield NewDelivery(key, settings.name, digest.batch, name, kind, recipient, keyed)
