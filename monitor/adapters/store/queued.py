"""What stands in the queue of jobs, whose tables are in the store's database: for who only looks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.model.daemons import Queued

_THERE = sa.text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")
# At most some ten thousand rows: those that are done are deleted.
_WAITING = sa.text(
    "SELECT queue_name AS stage, count(*) AS jobs FROM procrastinate_jobs WHERE status = 'todo'"
    " GROUP BY 1 ORDER BY 1"
)
_TAKEN = sa.text(
    "SELECT worker_id AS worker, count(*) AS jobs FROM procrastinate_jobs WHERE status = 'doing' GROUP BY 1"
)
_OLDEST = sa.text(
    "SELECT min(at) FROM procrastinate_events WHERE type = 'deferred'"
    " AND job_id = (SELECT min(id) FROM procrastinate_jobs WHERE status = 'todo')"
)


def queued(connection: Connection) -> Queued | None:
    """The jobs that wait, and those that are being done; None where there is no queue."""
    if connection.dialect.name != "postgresql" or not connection.execute(_THERE).scalar_one():
        return None
    return Queued(
        by_stage={row.stage: row.jobs for row in connection.execute(_WAITING)},
        oldest=connection.execute(_OLDEST).scalar_one(),
        taken={row.worker: row.jobs for row in connection.execute(_TAKEN)},
    )
