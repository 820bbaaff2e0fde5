"""What `monitor deliveries show` passes on of a message."""

from __future__ import annotations

import json

import pytest
from digest_samples import DIGEST, END

from monitor.app.deliveries import message_as, show_json, show_lines
from monitor.core.digests.render import render
from monitor.core.digests.unsubscribe_token import token_of
from monitor.model.delivery import ChannelKind, Delivery, DeliveryState, NewDelivery
from monitor.model.digest import Links, MessageFormat

TOKEN = token_of(b"k" * 32, "border-morning", "night@example.org")


@pytest.mark.parametrize("path", ["monitor", "news&views"])  # HTML writes the second otherwise
def test_the_link_by_which_a_reader_leaves_is_shown_to_nobody_else(path: str) -> None:
    link = f"https://news.example/{path}/unsubscribe/{TOKEN}"
    (message,) = render(DIGEST, MessageFormat.EMAIL, links=Links(link))
    assert message.html is not None
    assert TOKEN in "".join(message.text.split())
    assert TOKEN in message.html
    new = NewDelivery("k1", "border-morning", "b", "desk", ChannelKind.EMAIL, "night@example.org", message)
    one = Delivery(1, new, DeliveryState.WAITING, END, END)
    shown = [*show_lines(one, ()), *(message_as(one, form) for form in ("text", "html"))]
    shown.append(json.dumps(show_json(one, ())))
    said = "".join("\n".join(shown).split())
    assert TOKEN not in said
    assert said.count("/unsubscribe/…") >= 3
    assert new.message.links.unsubscribe == link
