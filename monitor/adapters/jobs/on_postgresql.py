"""`ports.JobQueue` by Procrastinate, in the store's own database: what goes in, goes in with what it is about."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import suppress
from typing import Any, LiteralString, TypeVar

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job as QueuedJob
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from psycopg.conninfo import make_conninfo

from monitor.adapters.jobs.schema import ensure_schema, library
from monitor.model.errors import StoreUnusable
from monitor.model.jobs import Job, StalledJob
from monitor.ports.jobs import Take

log = structlog.get_logger("monitor")

HEARTBEAT = 3.0  # seconds
STALLED = 12.0
"""Seconds without a heartbeat after which a worker's jobs are given to others: four were missed. With the looks of
the dispatcher (5 s) they are under way again within 20 s, as the jobs design asks."""
_LOOK = 2.0  # seconds between two looks for jobs of which no notification came
_AFTER_TROUBLE = 3.0  # seconds
_ANSWER = 20.0  # seconds in which a database has to answer
_NO_CONNECTION = 10.0
"""Seconds for which one waits for a connection, and for which the pool tries to make one, each time after twice as
long a pause: after minutes it would pause for minutes. Then we ask anew."""
_CONNECTIONS = 6  # each stage listens by one of its own
_STOP_WITHIN = 0.5  # seconds for jobs that were given up to be taken off the queue; what stays there is rescued
_PLACES = "SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%s)"
_WAITING: LiteralString = """
    SELECT count(*) AS number FROM (
        SELECT FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = ANY(%(queues)s) LIMIT %(jobs)s
    ) waiting
"""
_SETTINGS = {
    # What is taken and done is said without waiting for the disk: after a crash of the server a job may be there
    # once more, and its feeds are no longer due. What goes in waits with the leases, in the caller's transaction.
    "synchronous_commit": "off",
    # As the store's: a job whose worker's network went while it was taken off would keep the dispatcher waiting.
    "idle_in_transaction_session_timeout": "10s",
    # The first free job is wanted. A table that was empty when the server last counted it looks small: the locks
    # of all jobs would be looked at, then all be sorted, for each that is taken. With 5,000: 1 s instead of 1 ms.
    "enable_sort": "off",
}
_T = TypeVar("_T")


class _Ends(JobManager):
    """Tells the server until it has heard it that a job is done.

    The library says it once. A job whose end was lost with a connection would keep its lock as long as this
    process lives, since it gives signs of life: its host would be asked no more.
    """

    def __init__(self, connector: procrastinate.PsycopgConnector) -> None:
        super().__init__(connector)
        self._untold = set[asyncio.Task[None]]()

    async def finish_job(self, job: QueuedJob, status: Status, delete_job: bool) -> None:
        """Returns although the server did not hear it: then it is told again beside the next jobs."""
        if not await self._told(job, status, delete_job):
            task = asyncio.create_task(self._tell(job, status, delete_job))
            self._untold.add(task)
            task.add_done_callback(self._untold.discard)

    async def _tell(self, job: QueuedJob, status: Status, delete_job: bool) -> None:
        await asyncio.sleep(_AFTER_TROUBLE)
        while not await self._told(job, status, delete_job):
            await asyncio.sleep(_AFTER_TROUBLE)

    async def _told(self, job: QueuedJob, status: Status, delete_job: bool) -> bool:
        try:
            await super().finish_job(job, status, delete_job)
        except ConnectorException as error:
            # The server's own word: others took it out, since we slept.
            return isinstance(error.__cause__, psycopg.errors.RaiseException)
        return True


class ProcrastinateQueue:
    """Jobs of the stages, each a task of the same name in a queue of the same name.

    `name` is what errors call the database, `conninfo` says how to connect to it in libpq's words. `at_once` says
    of each stage how many of its jobs are taken at a time. Everything but `put` runs in a thread of its own, which
    begins with the first call that needs it.
    """

    def __init__(self, name: str, conninfo: Mapping[str, str | int], at_once: Mapping[str, int]) -> None:
        self._name = name
        connector = procrastinate.PsycopgConnector(
            conninfo=make_conninfo("", **conninfo),
            configure=_ask_for_settings,
            min_size=1,
            max_size=_CONNECTIONS,
            timeout=_NO_CONNECTION,
            reconnect_timeout=_NO_CONNECTION,
        )
        self._app = procrastinate.App(connector=connector)
        self._app.job_manager = _Ends(connector)
        # It needs no connection: each job goes in by that of the caller.
        self._into = JobManager(procrastinate.SyncPsycopgConnector())
        self._at_once = dict(at_once)
        self._take: Take | None = None
        for stage in at_once:
            self._app.task(name=stage, queue=stage, pass_context=True)(self._handler(stage))
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(_say_trouble)
        self._thread = threading.Thread(target=self._loop.run_forever, name="jobs", daemon=True)
        self._opened = False
        self._opening = asyncio.Lock()
        self._starting = threading.Lock()
        self._worker: Future[None] | None = None
        self._working: asyncio.Future[Any] | None = None
        self._awake = {stage: asyncio.Event() for stage in at_once}
        for awake in self._awake.values():
            awake.set()
        self._taking: dict[str, asyncio.Task[None]] = {}  # by stage
        self._closed = threading.Event()
        self._workers: dict[str, int] = {}  # by stage

    @property
    def workers(self) -> frozenset[int]:
        """The numbers under which this process took its last job of each stage."""
        return frozenset(self._workers.copy().values())

    def prepare(self, connection: Any) -> None:
        """Makes the tables of the queue, or brings them up to date. Raises StoreNewer, StoreUnusable."""
        if ensure_schema(connection, self._name):
            log.info("the queue's tables are up to date", library=library())

    def put(self, connection: Any, jobs: Sequence[Job]) -> Sequence[Job]:
        """Those that went in, in the transaction of this connection."""
        try:
            taken = {row[0] for row in connection.execute(_PLACES, ([job.place for job in jobs],))}
            free = [job for job in jobs if job.place not in taken]
            return free if not free or self._put(connection, free) else self._put_alone(connection, free)
        except (psycopg.Error, ConnectorException) as error:
            raise StoreUnusable(self._name, _first_line(error)) from error

    def _put_alone(self, connection: Any, jobs: Sequence[Job]) -> list[Job]:
        """Another dispatcher was at the same: each by itself."""
        return [job for job in jobs if self._put(connection, [job])]

    def _put(self, connection: Any, jobs: Sequence[Job]) -> bool:
        """Whether all went in: where one's place is taken the server undoes what stands in the savepoint."""
        try:
            with connection.transaction():
                self._into.batch_defer_jobs([_queued(job) for job in jobs], connection=connection)
        except AlreadyEnqueued:
            return False
        return True

    def holds(self, jobs: int) -> bool:
        """Whether so many jobs, or more, wait to be taken."""
        connector = self._app.connector
        found = self._asked(
            lambda: connector.execute_query_one_async(_WAITING, queues=list(self._at_once), jobs=jobs)
        )
        return int(found["number"]) >= jobs

    def stalled(self) -> Sequence[StalledJob]:
        """The jobs of workers that give no sign of life."""
        found = self._asked(lambda: self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED))
        return [
            StalledJob(job.id, job.task_name, _ids_of(job))
            for job in found
            if job.id is not None and job.task_name in self._at_once
        ]

    def drop(self, jobs: Sequence[StalledJob]) -> None:
        """Takes them out of the queue."""
        self._asked(lambda: self._dropped(jobs))

    async def _dropped(self, jobs: Sequence[StalledJob]) -> None:
        for job in jobs:
            # Whoever slept may have ended it meanwhile, or another dispatcher dropped it.
            with suppress(ConnectorException):
                await self._app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)

    def begin(self, take: Take) -> None:
        """Takes jobs from now on."""
        self._take = take
        self._worker = self._within(self._work())

    def rest(self, stages: Collection[str]) -> None:
        """Takes no jobs of these stages, and lets go those that it has."""
        resting = {stage for stage, awake in self._awake.items() if not awake.is_set()}
        if resting != set(stages) and not self._closed.is_set():
            with suppress(NoAnswer):
                self._within(self._rest(stages)).result(8 * _STOP_WITHIN)

    async def _rest(self, stages: Collection[str]) -> None:
        for stage, awake in self._awake.items():
            if stage not in stages:
                awake.set()
                continue
            awake.clear()
            if (taking := self._taking.get(stage)) is not None:
                taking.cancel()
                await asyncio.wait([taking], timeout=4 * _STOP_WITHIN)

    def close(self) -> None:
        """Takes no more."""
        if self._closed.is_set():
            return
        self._closed.set()
        if not self._thread.is_alive():
            self._loop.close()
            return
        if self._worker is not None:
            self._loop.call_soon_threadsafe(self._stop_working)
            with suppress(NoAnswer, Exception):
                self._worker.result(4 * _STOP_WITHIN)
        with suppress(NoAnswer, Exception):
            self._within(self._end()).result(4 * _STOP_WITHIN)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_STOP_WITHIN)
        if not self._thread.is_alive():
            self._loop.close()

    async def _work(self) -> None:
        """A worker for each stage: those that wait for hosts take no places from those that compute."""
        self._working = asyncio.gather(*(self._work_on(stage, most) for stage, most in self._at_once.items()))
        with suppress(asyncio.CancelledError):
            await self._working

    async def _work_on(self, stage: str, most: int) -> None:
        """A worker, and the next one after a rest, or trouble with the database."""
        while not self._closed.is_set():
            await self._awake[stage].wait()
            taking = self._taking[stage] = asyncio.create_task(self._take_of(stage, most))
            try:
                await taking
            except asyncio.CancelledError:
                if self._closed.is_set():
                    return
            except Exception as error:
                log.warning("no jobs are taken for the moment", why=_first_line(error))
                await asyncio.sleep(_AFTER_TROUBLE)

    async def _take_of(self, stage: str, most: int) -> None:
        await self._open()
        if not self._awake[stage].is_set():
            return  # a word to rest may be lost while it waits for a connection
        await self._app.run_worker_async(
            queues=[stage],
            concurrency=most,
            install_signal_handlers=False,
            listen_notify=True,
            fetch_job_polling_interval=_LOOK,
            delete_jobs="always",
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=STALLED,
            shutdown_graceful_timeout=_STOP_WITHIN,
        )

    async def _end(self) -> None:
        """Ends what the worker left behind in its haste, and the connections."""
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=_STOP_WITHIN)
        await self._app.close_async()

    def _stop_working(self) -> None:
        if self._working is not None:
            self._working.cancel()

    def _handler(self, stage: str) -> Any:
        async def run(context: procrastinate.JobContext, ids: list[int], lock: str, place: str) -> None:
            assert self._take is not None, "no job is taken before"
            if context.job.worker_id is not None:
                self._workers[stage] = context.job.worker_id
            done = asyncio.get_running_loop().create_future()

            def say() -> None:
                with suppress(RuntimeError):  # the loop has ended: so has the worker
                    self._loop.call_soon_threadsafe(_resolve, done)

            self._take(Job(stage, tuple(ids), lock, place), say)
            await done

        return run

    def _asked(self, question: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        async def asked() -> _T:
            await self._open()
            return await question()

        try:
            return self._within(asked()).result(_ANSWER)
        except NoAnswer as error:
            raise StoreUnusable(self._name, "the server does not answer") from error
        except (psycopg.Error, ConnectorException) as error:
            raise StoreUnusable(self._name, _first_line(error)) from error

    async def _open(self) -> None:
        async with self._opening:
            if not self._opened:
                try:
                    await self._app.open_async()
                except BaseException:
                    await self._app.close_async()  # or it stays: closed, since it was not filled in its time
                    raise
                self._opened = True

    def _within(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        with self._starting:
            if not self._thread.is_alive():
                for name in ("procrastinate", "psycopg"):
                    logging.getLogger(name).setLevel(logging.CRITICAL)  # ours say it in our words
                self._thread.start()
        return asyncio.run_coroutine_threadsafe(work, self._loop)


async def _ask_for_settings(connection: psycopg.AsyncConnection) -> None:
    # Not among the options of the connection: a pooler in between refuses those that it does not know.
    for setting in _SETTINGS.items():
        await connection.execute("SELECT set_config(%s, %s, false)", setting)
    await connection.commit()


def _say_trouble(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For what nobody awaits: who slept ends jobs that others have by now, which the library refuses."""
    error = context.get("exception")
    log.debug("trouble in the queue", why=_first_line(error) if error is not None else context["message"])


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _queued(job: Job) -> QueuedJob:
    return QueuedJob(
        id=None,
        queue=job.stage,
        lock=job.lock,
        queueing_lock=job.place,
        task_name=job.stage,
        task_kwargs={"ids": list(job.ids), "lock": job.lock, "place": job.place},
    )


def _ids_of(job: QueuedJob) -> tuple[int, ...]:
    ids = job.task_kwargs["ids"]
    return tuple(one for one in ids if isinstance(one, int)) if isinstance(ids, list) else ()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error.__cause__ or error).strip().splitlines()), type(error).__name__)
