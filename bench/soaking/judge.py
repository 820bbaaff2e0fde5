"""The account at the end: what was served against the ledger, the ledger against itself and against what came."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime

from desk import Desk

from monitor.core.digests.plan import FOLLOW_UP_AFTER
from soaking.house import RECIPIENTS, House, takes
from soaking.sinks import Came
from soaking.wire import Told, judge_wire
from soaking.world import Entry, World

_NAMED = 5  # examples of a complaint
_FATES = frozenset({"read", "seen_at_subscribe", "too_old", "older_page", "forgotten"})
_DONE = frozenset({"planned", "merged", "silenced"})
# Matches that wait for a digest, and when it told their story last: a follow-up waits for a quarter of an hour.
_WAITING = """
    SELECT r.match_id, r.digest, max(b.planned_at) FROM routings r
    JOIN matches m ON m.id = r.match_id JOIN articles a ON a.id = m.article_id
    LEFT JOIN articles o ON o.story_id = a.story_id LEFT JOIN matches n ON n.article_id = o.id
    LEFT JOIN routings told ON told.match_id = n.id AND told.digest = r.digest AND told.state = 'planned'
    LEFT JOIN batches b ON b.digest = told.digest AND b.batch = told.batch
    WHERE r.state = 'pending' GROUP BY r.match_id, r.digest
"""
_IMMEDIATE = frozenset({"alerts", "high"})


@dataclass
class Account:
    """What was counted, and what is wrong: the name of each complaint with its examples."""

    figures: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def complaints(self) -> list[str]:
        """One line each."""
        return [f"{len(found):,} {what}: {'; '.join(found[:_NAMED])}" for what, found in self.wrong.items()]


@dataclass(frozen=True, slots=True)
class _Row:
    """One entry of the ledger with its article."""

    id: int
    fate: str
    article: int | None
    stage: str | None
    copy_of: int | None
    story: str | None


def waiting(house: Desk, now: datetime) -> tuple[set[tuple[int, str]], set[tuple[int, str]]]:
    """Matches and their digests to be planned by then, and those that only wait for a follow-up's turn."""
    due, later = set(), set()
    for match, digest, told in house.ask(_WAITING):
        last = datetime.fromisoformat(told).replace(tzinfo=UTC) if told else None
        waits = digest in _IMMEDIATE and last is not None and now - last < FOLLOW_UP_AFTER
        (later if waits else due).add((match, digest))
    return due, later


_ASKED_AGAIN = "SELECT a.id FROM rereads r JOIN articles a ON a.entry_row = r.entry_row WHERE r.state = 'waiting'"


def judge(house: House, world: World, came: Came, settled: datetime) -> Account:
    """Reads the store, which no daemon has open, and all that came.

    `settled` is when nothing was left to do: what fell due while the daemon stopped waits for its next start.
    """
    account = Account()
    ledger = _ledger(house)
    matched: dict[int, set[str]] = defaultdict(set)
    for article, rule in house.ask("SELECT article_id, rule_id FROM matches"):
        matched[article].add(rule)
    asked_again = {row for (row,) in house.ask(_ASKED_AGAIN)}
    later = _judge_served(account, world, ledger, matched, asked_again)
    _judge_rows(account, ledger)
    _judge_plans(account, house, settled)
    told = judge_wire(account.wrong, account.figures, house, came)
    _judge_told(account, world, ledger, told, later)
    return account


def _ledger(house: House) -> dict[tuple[int, str], list[_Row]]:
    """All entries by the number of their feed, as its address says it, and their title."""
    found: dict[tuple[int, str], list[_Row]] = defaultdict(list)
    query = (
        "SELECT f.declared_url, e.title, e.id, e.fate, a.id, a.stage, a.duplicate_of, a.story_id FROM entries e "
        "JOIN feeds f ON f.id = e.feed_id LEFT JOIN articles a ON a.entry_row = e.id"
    )
    for url, title, *row in house.ask(query):
        last = url.rpartition("/")[2]
        found[int(last) if last.isdigit() else -1, title].append(_Row(*row))
    return found


def _expected(world: World) -> Iterator[tuple[int, Entry]]:
    for feed in world.feeds:
        for entry in feed.served.values():
            yield feed.index, entry


def _judge_served(
    account: Account,
    world: World,
    ledger: dict[tuple[int, str], list[_Row]],
    matched: dict[int, set[str]],
    asked_again: Set[int],
) -> set[int]:
    """Each entry that arrived whole is there, and its rule has matched it or the text that it copies.

    Returns the events of which nothing has matched since a page failed for long, and is asked again for six hours.
    """
    served = stored = expected = 0
    later, found = set[int](), set[int]()
    for index, entry in _expected(world):
        served += 1
        rows = ledger.get((index, entry.title), [])
        name = f"feed {index}, {entry.title}"
        if not rows:
            account.wrong["served entries are not in the ledger"].append(name)
            continue
        stored += 1
        if all(row.fate == "seen_at_subscribe" for row in rows):
            if not entry.stock or world.feeds[index].looks_back:
                account.wrong["news counted as old stock"].append(name)
            continue
        if entry.event.rule is None:
            continue
        expected += 1
        rule = entry.event.rule.id
        ids = {one for row in rows for one in (row.article, row.copy_of) if one is not None}
        if any(rule in matched[one] for one in ids):
            found.add(entry.event.number)
        elif not asked_again.isdisjoint(ids):
            later.add(entry.event.number)
        else:
            account.wrong["entries that their rule has not matched"].append(f"{name} ({rule}, {rows})")
    account.figures |= {"served whole": served, "of them in the ledger": stored, "of them to match": expected}
    account.figures["events whose page is to be asked again"] = len(later - found)
    return later - found


def _judge_rows(account: Account, ledger: dict[tuple[int, str], list[_Row]]) -> None:
    """Every row, also what hostile bodies brought, has come to its end."""
    fates: Counter[str] = Counter()
    for (feed, title), rows in ledger.items():
        for row in rows:
            fates[row.fate] += 1
            if row.fate not in _FATES:
                account.wrong["entries without a fate"].append(f"feed {feed}, {title}: {row.fate}")
            elif row.fate == "read" and row.stage != "matched":
                account.wrong["articles that no rule has read"].append(f"feed {feed}, {title}: {row.stage}")
    account.figures |= {f"entries {fate}": number for fate, number in sorted(fates.items())}


def _judge_plans(account: Account, house: House, settled: datetime) -> None:
    """Each match is in each of its digests once, and has come to its end there."""
    due, later = waiting(house, settled)
    for match, digest in due:
        account.wrong["matches that wait for a digest"].append(f"{match} in {digest}")
    routed: dict[int, dict[str, str]] = defaultdict(dict)
    for match, digest, state in house.ask("SELECT match_id, digest, state FROM routings"):
        routed[match][digest] = state
        if state not in _DONE and state != "pending":
            account.wrong["matches that a digest does not tell"].append(f"{match} in {digest}: {state}")
    rules = house.ask("SELECT id, rule_id FROM matches WHERE rule_id LIKE 'rule-%'")
    for match, rule in rules:
        for digest in RECIPIENTS:
            if takes(digest, int(rule[-1])) and digest not in routed[match]:
                account.wrong["matches that a digest does not have"].append(f"{match} ({rule}) in {digest}")
    states = Counter(state for one in routed.values() for state in one.values())
    account.figures |= {"matches": len(rules), "follow-ups that wait for their turn": len(later)}
    account.figures |= {f"routings {state}": number for state, number in sorted(states.items())}


def _judge_told(
    account: Account,
    world: World,
    ledger: dict[tuple[int, str], list[_Row]],
    told: Told,
    later: Set[int],
) -> None:
    """Each event of which a matching entry was news was told by each digest that takes its rule, to everybody."""
    events: dict[int, int] = {}
    stories: dict[int, set[str]] = defaultdict(set)
    shared: dict[str, set[int]] = defaultdict(set)
    for index, entry in _expected(world):
        rows = [row for row in ledger.get((index, entry.title), []) if row.fate == "read"]
        for row in rows:
            if row.story is not None:
                stories[entry.event.number].add(row.story)
                shared[row.story].add(entry.event.number)
        old = entry.stock and not world.feeds[index].looks_back  # an edit of old stock is no news
        if rows and entry.event.rule is not None and not old and entry.event.number not in later:
            events[entry.event.number] = entry.event.rule.kind
    mixed = sum(len(one) > 1 for one in shared.values())
    account.figures |= {"events to tell": len(events), "stories": len(shared), "stories of two events": mixed}
    by_digest: dict[str, dict[tuple[str, str], set[int]]] = defaultdict(lambda: defaultdict(set))
    for (digest, _), recipients in told.items():
        for recipient, said in recipients.items():
            by_digest[digest][recipient] |= said
    for number, kind in events.items():
        for digest, wanted in RECIPIENTS.items():
            if not takes(digest, kind):
                continue
            missing = wanted - sum(number in said for said in by_digest[digest].values())
            if missing:
                alone = all(len(shared[story]) == 1 for story in stories[number])
                what = "events not told" if alone else "events told under another's headline, or not at all"
                account.wrong[what].append(f"case {number}x in {digest}: {missing} of {wanted}")
