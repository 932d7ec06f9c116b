"""Two threads that read, each with its own connections: one for short reads, one for long ones.

Nothing short waits for a search. More threads would not read faster: they would take turns with
Python's one lock after every statement, which costs more than the statements.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

from store_agent.domain.errors import Unavailable
from store_agent.storage.answering import Outcome, answer
from store_agent.storage.failures import HINTS, classify
from store_agent.storage.view import View

T = TypeVar("T")

QUEUE_LIMIT = 1024
# Reads that share one wake-up of the event loop under load; more would only make the first wait.
GROUP_LIMIT = 8
PAUSE_WAIT_S = 30.0


class _Job(NamedTuple):
    work: Callable[[View], Any]
    future: asyncio.Future[Any]


_Queue = SimpleQueue["_Job | _Pause | None"]


class Readers:
    """The reader threads over one folder."""

    def __init__(self, connect: Callable[[], View]) -> None:
        """Open a view for each thread (errors come out here) and start them."""
        self._connect = connect
        self._short, self._long = _Queue(), _Queue()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, args=(queue, connect()), name=name, daemon=True)
            for queue, name in ((self._short, "short-reads"), (self._long, "long-reads"))
        ]
        for thread in self._threads:
            thread.start()

    def read(self, work: Callable[[View], T], *, is_long: bool = False) -> asyncio.Future[T]:
        """Run `work` in a reader thread. It sees everything committed before this call.

        `is_long`: it may take more than some milliseconds, and nothing short waits for it.

        Raises Unavailable when closed or overloaded; the future raises it when the disk refused.
        """
        if self._closed:
            raise Unavailable("storage is closed")
        queue = self._long if is_long else self._short
        if queue.qsize() >= QUEUE_LIMIT:
            raise Unavailable("too many reads wait", hint="Try again in a moment.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        queue.put(_Job(work, future))
        return future

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While inside, no reader has a file open; reads wait and then see the new files."""
        pause = _Pause(len(self._threads))
        for queue in (self._short, self._long):
            queue.put(pause)
        try:
            pause.everybody_out()
            yield
        finally:
            pause.over.set()

    def stop(self) -> None:
        """Finish what is queued and close. Blocks."""
        if not self._closed:
            self._closed = True
            for queue in (self._short, self._long):
                queue.put(None)
        for thread in self._threads:
            thread.join()

    # From here on: a reader thread.

    def _run(self, queue: _Queue, view: View | None) -> None:
        done: list[Outcome] = []
        while (job := _next(queue, done)) is not None:
            if isinstance(job, _Pause):
                _hand_over(done)
                _close(view)
                view = None
                job.wait_outside()
            elif not job.future.cancelled():
                view, outcome = self._serve(view, job)
                done.append(outcome)
        _hand_over(done)
        _close(view)

    def _serve(self, view: View | None, job: _Job) -> tuple[View | None, Outcome]:
        """Do one read. The view to go on with (None: open a new one), and what to answer."""
        work, future = job
        try:
            view = view or self._connect()
            return view, Outcome(future, work(view))
        except Exception as error:  # noqa: BLE001  it belongs to the caller
            failure = classify(error)
            if failure is None:
                return view, Outcome(future, error=error)
            unavailable = Unavailable(f"cannot read: {failure.value}", hint=HINTS[failure])
            unavailable.__cause__ = error
            _close(view)
            return None, Outcome(future, error=unavailable)


def _next(queue: _Queue, done: list[Outcome]) -> _Job | _Pause | None:
    """What to do next. What is done goes back first, unless somebody waits behind it."""
    if done and len(done) < GROUP_LIMIT:
        with suppress(Empty):
            return queue.get_nowait()
    _hand_over(done)
    return queue.get()


def _hand_over(done: list[Outcome]) -> None:
    """Answer everybody whose read is done."""
    if done:
        answer(done)
        done.clear()


def _close(view: View | None) -> None:
    if view is not None:
        view.close()


class _Pause:
    """A place where the reader threads wait while their files are replaced."""

    def __init__(self, readers: int) -> None:
        self._missing = threading.Semaphore(0)
        self._readers = readers
        self.over = threading.Event()

    def wait_outside(self) -> None:
        self._missing.release()
        self.over.wait()

    def everybody_out(self) -> None:
        for _ in range(self._readers):
            if not self._missing.acquire(timeout=PAUSE_WAIT_S):
                raise Unavailable("a long read is still running", retry_after_s=10)
