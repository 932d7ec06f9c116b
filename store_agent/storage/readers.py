"""A few threads that read, each with its own connections, so that a reader waits for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, TypeVar

from store_agent.domain.errors import Unavailable
from store_agent.storage.answering import Outcome, answer
from store_agent.storage.failures import HINTS, classify
from store_agent.storage.view import View

T = TypeVar("T")

READER_THREADS = 2  # the smallest box has few cores; reads take microseconds
QUEUE_LIMIT = 1024
PAUSE_WAIT_S = 30.0

_Job = tuple[Callable[[View], Any], "asyncio.Future[Any]"]


class Readers:
    """A pool of reader threads over one folder."""

    def __init__(self, connect: Callable[[], View], *, threads: int = READER_THREADS) -> None:
        """Open a view for each thread (errors come out here) and start them."""
        self._connect = connect
        self._queue: SimpleQueue[_Job | _Pause | None] = SimpleQueue()
        self._closed = False
        self._threads = [
            threading.Thread(
                target=self._run, args=(connect(),), name=f"storage-reader-{n}", daemon=True
            )
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def read(self, work: Callable[[View], T]) -> asyncio.Future[T]:
        """Run `work` in a reader thread. It sees everything committed before this call.

        Raises Unavailable when closed or overloaded; the future raises it when the disk refused.
        """
        if self._closed:
            raise Unavailable("storage is closed")
        if self._queue.qsize() >= QUEUE_LIMIT:
            raise Unavailable("too many reads wait", hint="Try again in a moment.")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((work, future))
        return future

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While inside, no reader has a file open; reads wait and then see the new files."""
        pause = _Pause(len(self._threads))
        for _ in self._threads:
            self._queue.put(pause)  # each thread takes exactly one: it waits inside
        try:
            pause.everybody_out()
            yield
        finally:
            pause.over.set()

    def stop(self) -> None:
        """Finish what is queued and close. Blocks."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)
        for thread in self._threads:
            thread.join()

    # From here on: a reader thread.

    def _run(self, view: View | None) -> None:
        while (job := self._queue.get()) is not None:
            if isinstance(job, _Pause):
                _close(view)
                view = None
                job.wait_outside()
            elif not job[1].cancelled():
                view = self._serve(view, *job)
        _close(view)

    def _serve(
        self, view: View | None, work: Callable[[View], Any], future: asyncio.Future[Any]
    ) -> View | None:
        """Answer one read. The view to go on with; None: open a new one for the next read."""
        try:
            view = view or self._connect()
            outcome = Outcome(future, work(view))
        except Exception as error:  # noqa: BLE001  it belongs to the caller
            failure = classify(error)
            if failure is None:
                answer([Outcome(future, error=error)])
                return view
            unavailable = Unavailable(f"cannot read: {failure.value}", hint=HINTS[failure])
            unavailable.__cause__ = error
            answer([Outcome(future, error=unavailable)])
            _close(view)
            return None
        answer([outcome])
        return view


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
