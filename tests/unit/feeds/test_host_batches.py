from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.feeds.host_batches import MOST_OF_A_JOB, host_jobs
from monitor.core.text.urls import full_host
from monitor.model.jobs import DueFeed

urls = st.sampled_from(
    ["https://news.example/feed", "https://NEWS.example:8443/other", "http://dawn.example/rss", "no address", ""]
)


def feeds_at(*found: str) -> list[DueFeed]:
    return [DueFeed(number, url) for number, url in enumerate(found, 1)]


@given(st.lists(urls, max_size=40), st.integers(1, 5))
def test_every_feed_is_in_one_job_and_a_job_is_of_one_host(found: list[str], most: int) -> None:
    feeds = feeds_at(*found)
    jobs = host_jobs(feeds, most)
    assert Counter(one for job in jobs for one in job.ids) == Counter(feed.id for feed in feeds)
    host = {feed.id: full_host(feed.url) or f"feed {feed.id}" for feed in feeds}
    for job in jobs:
        assert {host[one] for one in job.ids} == {job.lock}
        assert 1 <= len(job.ids) <= most
    assert len({job.place for job in jobs}) == len(jobs), "one of them would never get into the queue"


def test_feeds_of_a_host_share_a_job_whatever_its_letters_and_port() -> None:
    (job,) = host_jobs(feeds_at("https://news.example/feed", "https://NEWS.example:8443/other"))
    assert (job.stage, job.ids, job.lock) == ("poll", (1, 2), "news.example")


def test_what_is_no_address_has_a_lock_of_its_own() -> None:
    assert [job.lock for job in host_jobs(feeds_at("no address", "no address"))] == ["feed 1", "feed 2"]


def test_a_host_with_very_many_feeds_has_several_jobs_with_one_lock() -> None:
    jobs = host_jobs(feeds_at(*["https://news.example/feed"] * (MOST_OF_A_JOB + 1)))
    assert [len(job.ids) for job in jobs] == [MOST_OF_A_JOB, 1]
    assert len({job.lock for job in jobs}) == 1
