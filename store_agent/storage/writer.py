"""One thread writes one file, and shares each fsync among all who wait (group commit).

Jobs queue up while the disk is busy; the thread takes what is there, runs each job in its own
SAVEPOINT, commits once, and only then answers. A job that fails takes back its own rows and no
others. When the commit fails nobody is told that it worked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from store_agent.domain.errors import NotWritable, Unavailable
from store_agent.domain.health import ComponentHealth, HealthState
from store_agent.storage import meta
from store_agent.storage.answering import Outcome, answer
from store_agent.storage.checkpoints import Checkpoints
from store_agent.storage.connection import Connection
from store_agent.storage.failures import HINTS, REOPEN, Failure, NoRoom, classify
from store_agent.storage.space import NoReserve, Reserve

T = TypeVar("T")

QUEUE_LIMIT = 1024  # beyond this a caller is told to come back (503)
GROUP_LIMIT = 256  # jobs that share one commit; more would only make the first wait longer
PROBE_PERIOD_S = 2.0  # how often a writer in trouble tries whether the disk is back
STOP_WAIT_S = 10.0


class _Job(NamedTuple):
    work: Callable[[Connection], Any]
    future: asyncio.Future[Any] | None  # None: the order to stop
    alone: bool = False  # outside a transaction; `work` returns the connection to go on with
    is_upkeep: bool = False  # makes room: it may use what is kept back on a full disk


def _nothing(_connection: Connection) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Around:
    """What a writer works with: `reserve` is asked about room, `first` begins each transaction."""

    reserve: Reserve = field(default_factory=NoReserve)
    first: Callable[[Connection], None] = _nothing


class Writer:
    """The only writing connection of one file, and its thread."""

    def __init__(  # noqa: PLR0913  the limits are for tests
        self,
        name: str,
        connect: Callable[[], Connection],
        now: Callable[[], datetime],
        *,
        queue_limit: int = QUEUE_LIMIT,
        group_limit: int = GROUP_LIMIT,
        around: Around | None = None,
    ) -> None:
        """Open the connection (errors come out here) and start the thread.

        `name` is the component in `health`; `connect` opens a configured connection.
        """
        self._name = name
        self._connect = connect
        self._now = now
        self._queue_limit = queue_limit
        self._group_limit = group_limit
        self._queue: SimpleQueue[_Job] = SimpleQueue()
        self._held: _Job | None = None
        self._closed = False
        self._around = around or Around()
        self._reserve = self._around.reserve
        self._checkpoints = Checkpoints(self._reserve)
        self._health = ComponentHealth(name, HealthState.OK, now())
        self._connection: Connection | None = connect()
        self._thread = threading.Thread(target=self._run, name=f"{name}-writer", daemon=True)
        self._thread.start()

    @property
    def health(self) -> ComponentHealth:
        """How writing goes; not ok until a write has succeeded again."""
        return self._health

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return self._queue.qsize()

    def write(
        self, work: Callable[[Connection], T], *, is_upkeep: bool = False
    ) -> asyncio.Future[T]:
        """Queue `work`; the future answers after the commit with what it returned or raised.

        Call on the event loop. `work` gets the connection inside a transaction, must not commit,
        may not keep cursors, and may run again when the disk was full at first. `is_upkeep`: it
        makes room. Raises Unavailable when the queue is full or closed; the future raises
        NotWritable when the disk refused. Then nothing of `work` was kept.
        """
        return self._submit(work, alone=False, is_upkeep=is_upkeep)

    def replace(self, work: Callable[[Connection], Connection]) -> asyncio.Future[None]:
        """Run `work` between two groups; the connection it returns is used from then on.

        Used to replace the file: `work` closes the connection it got and opens the next one.
        """
        return self._submit(work, alone=True)

    def stop(self) -> bool:
        """Finish what is queued, empty the log, close. True when all of it went well. Blocks."""
        if not self._closed:
            self._closed = True
            self._queue.put(_Job(_nothing, None))
        self._thread.join(STOP_WAIT_S)
        return not self._thread.is_alive() and self._health.state is HealthState.OK

    def _submit(
        self, work: Callable[[Connection], Any], *, alone: bool, is_upkeep: bool = False
    ) -> asyncio.Future[Any]:
        if self._closed:
            raise Unavailable(f"the {self._name} is closed")
        if self._queue.qsize() >= self._queue_limit:
            raise Unavailable(
                f"too many writes wait for the {self._name}", hint="Try again in a moment."
            )
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._queue.put(_Job(work, future, alone, is_upkeep))
        return future

    # From here on: the writer thread.

    def _run(self) -> None:
        while group := self._take_group():
            if group[0].alone:
                answer(self._run_alone(group[0]))
            else:
                answer(self._commit(group))
            self._after_group()
        self._shut_down()

    def _take_group(self) -> list[_Job]:
        """Wait for a job and take what stands behind it. Empty: stop."""
        first = self._held or self._wait()
        self._held = None
        group = [first]
        while not group[-1].alone and group[-1].future and len(group) < self._group_limit:
            try:
                group.append(self._queue.get_nowait())
            except Empty:
                return group
        if len(group) > 1 and (group[-1].alone or group[-1].future is None):
            self._held = group.pop()
        return [] if group[0].future is None else group

    def _wait(self) -> _Job:
        """Wait for work, and look after the log or the disk while there is none."""
        while True:
            well = self._health.state is HealthState.OK
            pause_s = self._checkpoints.next_pause() if well else PROBE_PERIOD_S
            try:
                return self._queue.get(timeout=pause_s)
            except Empty:
                self._use_pause(pause_s or 0.0, well=well)

    def _commit(self, group: list[_Job]) -> list[Outcome]:
        """Make the group durable; on a full disk with the help of the reserve, or upkeep alone."""
        refused: list[Outcome] = []
        is_first = True
        while group:
            try:
                outcomes = self._transaction(group)
            except Exception as error:  # noqa: BLE001  every caller of the group gets it
                can_wait = self._can_try_again(error, group, is_first)
                is_first = False
                if can_wait is None:
                    return refused + self._refuse(group, error)
                refused += self._refuse(can_wait, error)
                group = [job for job in group if job not in can_wait]
            else:
                if not refused and not all(job.is_upkeep for job in group):
                    self._set_health(HealthState.OK, "")
                return refused + outcomes
        return refused

    def _transaction(self, group: list[_Job]) -> list[Outcome]:
        """Run the group in one transaction; answers only stand once it is durable."""
        connection = self._connected()
        if not self._reserve.may_write(connection) and not all(job.is_upkeep for job in group):
            raise NoRoom
        connection.execute("BEGIN IMMEDIATE")
        self._around.first(connection)
        outcomes = [
            self._attempt(connection, job)
            for job in group
            if job.future is not None and not job.future.cancelled()
        ]
        connection.execute("COMMIT")
        return outcomes

    def _can_try_again(
        self, error: Exception, group: list[_Job], is_first: bool
    ) -> list[_Job] | None:
        """After a failure: who is left out when the rest is tried again; None: nobody is tried."""
        if classify(error) is not Failure.FULL or self._connection is None:
            return None
        self._take_back(self._connection)
        if self._connection is None:
            return None
        ordinary = [job for job in group if not job.is_upkeep]
        is_upkeep = bool(group) and not ordinary
        is_known = isinstance(error, NoRoom)
        if not is_known and self._reserve.give(self._connection, upkeep=is_upkeep, first=is_first):
            return []
        return ordinary if 0 < len(ordinary) < len(group) else None

    def _refuse(self, jobs: list[_Job], error: Exception) -> list[Outcome]:
        if jobs:
            self._give_up(error)
        return [Outcome(job.future, error=self._unavailable(error)) for job in jobs if job.future]

    def _attempt(self, connection: Connection, job: _Job) -> Outcome:
        """Run one job. Its own error is its caller's; the disk's trouble is the whole group's."""
        assert job.future is not None  # noqa: S101  the order to stop never gets here
        connection.execute("SAVEPOINT job")
        try:
            value = job.work(connection)
        except Exception as error:
            if classify(error) is not None or not connection.in_transaction:
                raise
            connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
            return Outcome(job.future, error=error)
        connection.execute("RELEASE job")
        return Outcome(job.future, value)

    def _run_alone(self, job: _Job) -> list[Outcome]:
        assert job.future is not None  # noqa: S101  the order to stop never gets here
        try:
            self._connection = job.work(self._connected())
        except Exception as error:  # noqa: BLE001  it belongs to the caller
            self._drop_connection()
            return [Outcome(job.future, error=error)]
        return [Outcome(job.future)]

    def _after_group(self) -> None:
        if self._connection is not None:
            try:
                self._checkpoints.after_group(self._connection)
            except Exception as error:  # noqa: BLE001  the rows are safe in the log; health tells
                if self._can_try_again(error, [], is_first=False) is None:
                    self._give_up(error)

    def _use_pause(self, pause_s: float, *, well: bool) -> None:
        try:
            if well:
                self._checkpoints.on_pause(self._connected(), pause_s)
            elif self._reserve.may_write(self._connected()):
                self._probe(self._connected())
                self._set_health(HealthState.OK, "")
        except Exception as error:  # noqa: BLE001  nobody waits for it; health tells
            self._give_up(error)

    def _probe(self, connection: Connection) -> None:
        """Two small commits that need room: raises while the disk is still in trouble."""
        for step in (meta.probe_fill, meta.probe_clear):
            connection.execute("BEGIN IMMEDIATE")
            step(connection)
            connection.execute("COMMIT")

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _give_up(self, error: Exception) -> None:
        """Take back the open transaction and say why. After a disk error the connection goes too:
        a repeated fsync may report success for data that was dropped."""
        failure = classify(error)
        if failure in REOPEN or failure is None:
            self._drop_connection()
        elif self._connection is not None:
            self._take_back(self._connection)
        # Only another program's lock passes by itself.
        state = HealthState.DEGRADED if failure is Failure.BUSY else HealthState.DOWN
        reason = failure.value if failure else f"internal error ({type(error).__name__})"
        self._set_health(state, f"cannot be written: {reason}")

    def _take_back(self, connection: Connection) -> None:
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except Exception:  # noqa: BLE001  a connection that cannot roll back is of no use
            self._drop_connection()

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:  # noqa: BLE001  it is being thrown away because it failed
                return

    def _unavailable(self, error: Exception) -> Unavailable:
        failure = classify(error)
        unavailable = NotWritable(
            f"the {self._name} cannot be written: {failure.value if failure else 'internal error'}",
            hint=HINTS[failure] if failure else "See the log; restart the agent.",
            retry_after_s=1,
        )
        unavailable.__cause__ = error
        return unavailable

    def _set_health(self, state: HealthState, reason: str) -> None:
        if (state, reason) != (self._health.state, self._health.reason):
            self._health = ComponentHealth(self._name, state, self._now(), reason)

    def _shut_down(self) -> None:
        if self._connection is not None:
            self._use_pause(float("inf"), well=True)
            self._drop_connection()
