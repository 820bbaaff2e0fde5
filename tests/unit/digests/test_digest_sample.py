from __future__ import annotations

import json

import pytest
from digest_samples import END

from monitor.core.digests.render import render
from monitor.core.digests.sample import sample_digest
from monitor.model.digest import MessageFormat


@pytest.mark.parametrize("form", MessageFormat)
@pytest.mark.parametrize("receiver", ["desk", "x" * 64])
def test_the_sample_says_in_every_form_that_it_is_a_test(form: MessageFormat, receiver: str):
    digest = sample_digest(receiver, feeds=212, timezone="Asia/Kabul", now=END)
    (message,) = render(digest, form, display_name=f"TEST of receiver {receiver}")
    assert message.subject.startswith("TEST of receiver ")
    shown = message.text if form is MessageFormat.TEXT else message.html or json.dumps(message.payload)
    assert "This is only a test" in shown
    assert "212" in shown


def test_the_sample_of_one_moment_is_always_the_same():
    first, second = (sample_digest("desk", feeds=1, timezone="UTC", now=END) for _ in range(2))
    assert first == second
