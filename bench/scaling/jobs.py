"""Jobs a second through the queue, beside the library alone with tasks that do nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence

import procrastinate
import psycopg
from procrastinate.jobs import Job as QueuedJob
from procrastinate.manager import JobManager
from psycopg.conninfo import conninfo_to_dict

from monitor.adapters.jobs import ProcrastinateQueue
from monitor.model.jobs import Job
from monitor.ports.jobs import Done
from scaling.server import Server, plain

AT_ONCE = 64
_TASK = "poll"
_PORTION = 1000


def queue_of(url: str, stage: str, at_once: int) -> ProcrastinateQueue:
    """The monitor's own queue in that database."""
    return ProcrastinateQueue("the database", conninfo_to_dict(plain(url)), {stage: at_once})


def ours(server: Server, jobs: int) -> tuple[float, float]:
    """Put in and taken: jobs a second each, of jobs with one feed of a host of its own."""
    url = server.database()
    queue = queue_of(url, _TASK, AT_ONCE)
    left, over = [jobs], threading.Event()

    def take(_job: Job, done: Done) -> None:
        done()
        left[0] -= 1
        if not left[0]:
            over.set()

    with psycopg.connect(plain(url)) as connection:
        queue.prepare(connection)
        connection.commit()
        begun = time.perf_counter()
        for some in _portions(jobs):
            assert len(queue.put(connection, [_job(one) for one in some])) == len(some)
            connection.commit()
        put = time.perf_counter() - begun
        begun = time.perf_counter()
        queue.begin(take)
        assert over.wait(600)
        _until_empty(connection)
        taken = time.perf_counter() - begun
    queue.close()
    server.drop(url)
    return jobs / put, jobs / taken


def bare(server: Server, jobs: int, options: str = "") -> tuple[float, float]:
    """The same by the library alone: its own worker with as many at once, a task that does nothing.

    Its table is counted by the server before jobs are taken. A new one looks small, and each fetch reads all of it
    (1 s with 5,000 jobs), until autovacuum has come by within a minute.
    """
    url = server.database()
    with psycopg.connect(plain(url)) as connection:
        queue_of(url, _TASK, 1).prepare(connection)
        connection.commit()
        manager = JobManager(procrastinate.SyncPsycopgConnector())
        begun = time.perf_counter()
        for some in _portions(jobs):
            manager.batch_defer_jobs([_queued(_job(one)) for one in some], connection=connection)
            connection.commit()
        put = time.perf_counter() - begun
        connection.execute("ANALYZE procrastinate_jobs")
    begun = time.perf_counter()
    asyncio.run(_work_all_off(plain(url), options))
    taken = time.perf_counter() - begun
    server.drop(url)
    return jobs / put, jobs / taken


async def _work_all_off(url: str, options: str) -> None:
    more = {"kwargs": {"options": options}} if options else {}
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4, **more))

    @app.task(name=_TASK, queue=_TASK)
    async def nothing(ids: list[int], lock: str, place: str) -> None:
        pass

    async with app.open_async():
        await app.run_worker_async(
            queues=[_TASK],
            concurrency=AT_ONCE,
            wait=False,
            install_signal_handlers=False,
            listen_notify=False,
            delete_jobs="always",
        )


def _portions(jobs: int) -> Sequence[range]:
    return [range(start, min(jobs, start + _PORTION)) for start in range(0, jobs, _PORTION)]


def _job(number: int) -> Job:
    host = f"h{number}.example"
    return Job(_TASK, (number,), lock=host, place=f"{_TASK} {host} 0")


def _queued(job: Job) -> QueuedJob:
    return QueuedJob(
        id=None,
        queue=job.stage,
        lock=job.lock,
        queueing_lock=job.place,
        task_name=job.stage,
        task_kwargs={"ids": list(job.ids), "lock": job.lock, "place": job.place},
    )


def _until_empty(connection: psycopg.Connection) -> None:
    """The last jobs are taken off the queue after they are done."""
    while connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() != (0,):
        connection.commit()
        time.sleep(0.02)
