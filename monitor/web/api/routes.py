"""Which routes the API has: this table is served, and described."""

from __future__ import annotations

from typing import Any

from monitor.web.api import (
    feeds,
    reading,
    receivers,
    rule_files,
    rules,
    sending,
    silences,
    stories_apart,
    subscribing,
)
from monitor.web.api.asking import OPML, Ask, Nothing, Question, Route
from monitor.web.api.problems import Reason as No
from monitor.web.site.feed_lists import MAX_LIST


def _get(
    path: str, ask: Ask, summary: str, shape: str, query: type[Question] = Question, *reasons: No, **more: Any
) -> Route:
    """Reads."""
    return Route("GET", path, ask, summary, shape, query, reasons=reasons, **more)


def _post(
    path: str, ask: Ask, summary: str, shape: str, body: type[Question] | None = Nothing, *reasons: No, **more: Any
) -> Route:
    """Changes something, unless it says that it does not act."""
    return Route("POST", path, ask, summary, shape, body=body, reasons=reasons, **{"acts": True, **more})


_STORIES = (
    _get(
        "/stories",
        reading.list_stories,
        "Stories, that with the newest article first",
        "Stories",
        reading.StoriesQuestion,
        No.NO_SUCH_RULE,
    ),
    _get(
        "/stories/{story}",
        reading.show_story,
        "One story, by its id, one of before, or an article of it (a_12)",
        "StoryShown",
        reading.StoryQuestion,
    ),
    _get(
        "/stories/{story}/edits",
        reading.story_edits,
        "What edits of its articles changed",
        "StoryEdits",
        reading.EditsQuestion,
    ),
    _post(
        "/stories/{story}/split",
        stories_apart.split_story,
        "Says that articles are not the same story",
        "Split",
        stories_apart.Splitting,
        No.CANNOT_SPLIT,
    ),
    _post(
        "/stories/join",
        stories_apart.join_articles,
        "Takes that back",
        "Regrouped",
        stories_apart.Joining,
        No.NO_SUCH_STORY,
    ),
    _get(
        "/search",
        reading.search,
        "The archive, in the language of the rules",
        "Search",
        reading.SearchQuestion,
        No.QUERY_INVALID,
        long=True,
    ),
    _get(
        "/matches",
        reading.list_matches,
        "What matched, the newest first",
        "Matches",
        reading.MatchesQuestion,
        No.NO_SUCH_RULE,
        No.NO_SUCH_DIGEST,
    ),
    _get(
        "/why",
        reading.why,
        "What became of an article, from the feed to the inboxes",
        "Why",
        reading.WhyQuestion,
        No.NO_SUCH_RULE,
    ),
)
_NOT_SAVED = (No.RULE_INVALID, No.READ_ONLY, No.NOT_WRITABLE, No.FILE_BUSY)
_WRITING = {"long": True, "most": 1024 * 1024}  # bytes: with some articles as new examples
_RULES = (
    _get("/rules", rules.list_rules, "The rules in force", "Rules", rules.RulesQuestion),
    _post(
        "/rules/try",
        rules.try_draft,
        "What a draft would have matched; it changes nothing",
        "Trial",
        rules.Draft,
        No.NO_SUCH_RULE,
        No.QUERY_INVALID,
        No.RULE_INVALID,
        acts=False,
        long=True,
    ),
    _post(
        "/rules/explain",
        rules.explain_rule,
        "Why a rule or a query holds on a text, or not",
        "Explained",
        rules.Explaining,
        No.NO_SUCH_RULE,
        No.QUERY_INVALID,
        No.NOT_EXPLAINABLE,
        acts=False,
    ),
    _get("/rules/{rule}", rules.show_rule, "One rule in force", "Rule"),
    _get(
        "/rules/{rule}/record",
        rules.record_of_rule,
        "What became of all that one rule read",
        "RuleRecord",
        rules.RecordQuestion,
    ),
    _get("/rules/{rule}/file", rule_files.show_file, "One rule as its file has it", "RuleFiled"),
    _post(
        "/rules",
        rule_files.add_rule,
        "Puts a new rule into a rule file",
        "RuleSaved",
        rule_files.NewRule,
        *_NOT_SAVED,
        No.NO_SUCH_RULE_FILE,
        status=201,
        **_WRITING,
    ),
    _post(
        "/rules/{rule}/save",
        rule_files.save_rule,
        "Changes a rule in its file",
        "RuleSaved",
        rule_files.RuleChange,
        *_NOT_SAVED,
        No.RULE_CHANGED,
        **_WRITING,
    ),
    _post(
        "/rules/{rule}/examples",
        rule_files.add_examples,
        "Adds examples to a rule",
        "RuleSaved",
        rule_files.MoreExamples,
        *_NOT_SAVED,
        No.RULE_CHANGED,
        No.NOT_EXPLAINABLE,
        **_WRITING,
    ),
    _post(
        "/rules/{rule}/undo",
        rule_files.undo_rule,
        "Puts the version before the last save in place",
        "RuleSaved",
        rule_files.Undoing,
        *_NOT_SAVED,
        No.RULE_CHANGED,
        No.NOTHING_BEFORE,
        long=True,
    ),
)
_FEEDS = (
    _get("/feeds", feeds.all_feeds, "The feeds in use", "Feeds", feeds.FeedsQuestion),
    _get("/feeds/{feed:number}", feeds.one_feed, "One feed with its newest entries", "FeedShown", feeds.Entries),
    _post(
        "/feeds",
        subscribing.subscribe,
        "Subscribes to a feed",
        "FeedAdded",
        subscribing.Subscribing,
        No.NO_FEED,
        No.NOT_ADDED,
        status=201,
        outside=True,
    ),
    _post(
        "/feeds/discover",
        subscribing.discover,
        "The feeds of a site, and what each would bring",
        "Looked",
        subscribing.Looking,
        No.NO_FEED,
        outside=True,
    ),
    _post(
        "/feeds/import",
        subscribing.import_list,
        "Subscribes to the feeds of an OPML file",
        "Imported",
        None,
        No.LIST_REFUSED,
        query=subscribing.ImportQuestion,
        outside=True,
        takes=OPML,
        most=MAX_LIST,
    ),
    _get(
        "/feeds/export",
        subscribing.export,
        "The feeds as an OPML file",
        "Opml",
        subscribing.ExportQuestion,
        acts=True,
        outside=True,
        tells=OPML,
    ),
    _post(
        "/feeds/{feed:number}/remove",
        subscribing.remove,
        "Polls a feed no more, for good",
        "FeedStanding",
        Nothing,
        No.DECLARED,
    ),
    _post(
        "/feeds/{feed:number}/again",
        subscribing.again,
        "Subscribes again to a feed that was removed or is gone",
        "FeedStanding",
        Nothing,
        No.NOT_ADDED,
    ),
    _get("/feeds/{feed:number}/polls", feeds.past_polls, "What its last polls came to", "PastPolls"),
    _post("/feeds/{feed:number}/pause", feeds.pause, "Polls a feed no more until it is resumed", "FeedStanding"),
    _post("/feeds/{feed:number}/resume", feeds.resume, "Polls a paused feed again", "FeedStanding"),
    _post("/feeds/{feed:number}/poll", feeds.poll, "Polls a feed at once", "FeedAsked", Nothing, No.NOT_ASKED),
)
_SENDING = (
    _get("/digests", sending.list_digests, "The digests, and what waits for each", "Digests"),
    _get(
        "/digests/{digest}/preview",
        sending.preview,
        "What a digest would say now; nothing is sent",
        "Preview",
        sending.PreviewQuestion,
    ),
    _get(
        "/deliveries",
        sending.deliveries,
        "The outbox, the newest first",
        "Deliveries",
        sending.DeliveriesQuestion,
        No.NO_SUCH_DIGEST,
        No.NO_SUCH_RECEIVER,
    ),
    _post(
        "/deliveries/retry",
        sending.retry_all,
        "Tries all dead deliveries again",
        "AllRetried",
        sending.RetryAll,
        No.NO_SUCH_RECEIVER,
    ),
    _get(
        "/deliveries/{delivery:number}",
        sending.one_delivery,
        "One delivery with its attempts and its message",
        "DeliveryShown",
    ),
    _post(
        "/deliveries/{delivery:number}/retry",
        sending.retry_one,
        "Tries one delivery again",
        "Retried",
        Nothing,
        No.NOT_RETRIED,
    ),
    _get("/receivers", receivers.list_receivers, "Who is reached how", "Receivers"),
    _post(
        "/receivers/{receiver}/test",
        receivers.send_test,
        "Sends a test message to every recipient of a receiver",
        "ReceiverTested",
        Nothing,
        No.TOO_SOON,
        outside=True,
    ),
    _get("/silences", silences.silences, "The silences", "Silences", silences.SilencesQuestion),
    _post(
        "/silences",
        silences.silence,
        "Keeps something out of digests for a while",
        "Silenced",
        silences.Silencing,
        No.CANNOT_SILENCE,
        No.SILENCES_EVERYTHING,
        No.NO_SUCH_STORY,
        No.NO_SUCH_DIGEST,
        status=201,
    ),
    _post("/silences/{silence:number}/end", silences.end, "Ends a silence", "SilenceEnded", silences.Ending),
)

ROUTES: tuple[Route, ...] = (
    _get("/status", reading.status, "The state of the house", "Status"),
    _get("/rates", reading.rates, "Entries and matches hour by hour and day by day", "Rates"),
    _get("/entries", reading.list_entries, "What feeds brought", "Entries", reading.EntriesQuestion),
    *_STORIES,
    *_RULES,
    *_FEEDS,
    *_SENDING,
)
