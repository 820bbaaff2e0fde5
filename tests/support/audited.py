"""Who wrote what into a PostgreSQL store, as its triggers saw it: each write with the name of the connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from desk import Desk

_TRIGGERS = """
CREATE TABLE written (at float, who text, tx bigint, what text, row_id bigint, number bigint);
CREATE FUNCTION note(what text, row_id bigint, number bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO written SELECT extract(epoch FROM clock_timestamp()), current_setting('application_name'),
        txid_current(), what, row_id, number $$;
CREATE FUNCTION note_feed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.lease_token <> OLD.lease_token THEN PERFORM note('taken', NEW.id, NEW.lease_token);
    ELSIF NEW.last_polled_at IS DISTINCT FROM OLD.last_polled_at
        THEN PERFORM note('recorded', NEW.id, NEW.lease_token);
    END IF; RETURN NULL; END $$;
CREATE FUNCTION note_polls() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM note('polls', NULL, NEW.polls - CASE WHEN TG_OP = 'UPDATE' THEN OLD.polls ELSE 0 END);
    RETURN NULL; END $$;
CREATE FUNCTION note_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM note('given', NEW.id, NULL); RETURN NULL; END $$;
CREATE FUNCTION note_sent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.state = 'sent' AND OLD.state <> 'sent' THEN PERFORM note('sent', NEW.id, NULL);
    END IF; RETURN NULL; END $$;
CREATE TRIGGER written AFTER UPDATE ON feeds FOR EACH ROW EXECUTE FUNCTION note_feed();
CREATE TRIGGER written AFTER INSERT OR UPDATE ON poll_counts FOR EACH ROW EXECUTE FUNCTION note_polls();
CREATE TRIGGER written AFTER INSERT ON procrastinate_jobs FOR EACH ROW EXECUTE FUNCTION note_job();
CREATE TRIGGER written AFTER UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION note_sent();
"""


@dataclass(frozen=True)
class Refused:
    """A transaction with polls of which something was not believed."""

    at: float
    who: str
    polls: int


class Audit:
    """Triggers in a desk's store, which must be there. `who` is the name of a start: its token."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        desk.write_store(_TRIGGERS)

    def token(self, pid: int) -> str:
        """Of the daemon with this pid; "" while it has no connection."""
        query = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE ?"
        return next((name.rpartition(" ")[2] for (name,) in self._desk.ask(query, f"monitor {pid} %")), "")

    def check_tokens(self) -> int:
        """What is known of a feed was said by who took it last; how many polls were looked at."""
        takers: dict[tuple[int, int], str] = {}
        recorded = 0
        for who, what, feed, token in self._rows("taken", "recorded"):
            if what == "taken":
                takers[feed, token] = who
            elif (feed, token) in takers:  # else it was taken before there were triggers
                recorded += 1
                assert takers[feed, token] == who, f"feed {feed}: {who} spoke, {takers[feed, token]} had taken it"
        return recorded

    def _rows(self, *what: str) -> Iterator[tuple[str, str, int, int]]:
        marks = ", ".join("?" * len(what))
        query = f"SELECT who, what, row_id, number FROM written WHERE what IN ({marks}) ORDER BY at"
        for who, said, row, number in self._desk.ask(query, *what):
            yield who.rpartition(" ")[2], said, row, number

    def refused(self) -> list[Refused]:
        """Transactions with polls that brought what they had and were believed nothing of their feeds."""
        query = "SELECT tx, min(at), min(who), what, coalesce(sum(number), 0), count(*) FROM written"
        rows = self._desk.ask(f"{query} WHERE what IN ('polls', 'recorded') GROUP BY tx, what")
        polls: dict[int, tuple[float, str, int]] = {}
        recorded: Counter[int] = Counter()
        for tx, at, who, what, total, rows_there in rows:
            if what == "polls":
                polls[tx] = at, who.rpartition(" ")[2], int(total)
            else:
                recorded[tx] = rows_there
        found = [Refused(at, who, number - recorded[tx]) for tx, (at, who, number) in polls.items()]
        return sorted((one for one in found if one.polls), key=lambda one: one.at)

    def given(self, who: str, since: float) -> int:
        """In how many transactions this one put jobs into the queue since then."""
        query = "SELECT count(DISTINCT tx) FROM written WHERE what = 'given' AND who LIKE ? AND at > ?"
        return self._desk.number(query, f"%{who}", since)

    def first(self, what: str, who: str, since: float) -> float:
        """When it did this first after that time; 0 when it did not yet."""
        query = "SELECT coalesce(min(at), 0) FROM written WHERE what = ? AND who LIKE ? AND at > ?"
        return float(self._desk.ask(query, what, f"%{who}", since)[0][0])

    def in_hand(self, who: str) -> int:
        """Feeds that this one has taken and said nothing of yet."""
        taken = "SELECT count(*) FROM written w JOIN feeds f ON f.id = w.row_id AND f.lease_token = w.number"
        query = f"{taken} WHERE w.what = 'taken' AND w.who LIKE ? AND f.lease_until IS NOT NULL"
        return self._desk.number(query, f"%{who}")

    def longest_gap(self, since: float, until: float) -> float:
        """The longest time in which nothing was learned of some feed, between these moments: seconds."""
        polls = {feed: [since] for (feed,) in self._desk.ask("SELECT id FROM feeds")}
        query = "SELECT row_id, at FROM written WHERE what = 'recorded' AND at BETWEEN ? AND ? ORDER BY at"
        for feed, at in self._desk.ask(query, since, until):
            polls[feed].append(at)
        return max(late - early for at in polls.values() for early, late in zip(at, [*at[1:], until], strict=True))

    def sent_at(self) -> dict[str, float]:
        """By the key of a message when it was noted as sent."""
        query = "SELECT d.key, w.at FROM written w JOIN deliveries d ON d.id = w.row_id WHERE w.what = 'sent'"
        return dict(self._desk.ask(query))  # type: ignore[arg-type]  # pairs
