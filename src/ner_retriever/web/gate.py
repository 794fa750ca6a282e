"""At most so many searches at once, none longer than so many seconds."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import BoundedSemaphore
from typing import Any, ParamSpec, TypeVar

from ner_retriever.web.errors import RequestError

P = ParamSpec("P")
T = TypeVar("T")


class Gate:
    """Runs functions in threads of its own, and turns away what would have to wait."""

    def __init__(self, *, at_once: int, seconds: float) -> None:
        self._seconds = seconds
        self._places = BoundedSemaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="search")

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a function in a thread.

        One that is given up keeps its place until it has ended: a thread cannot be stopped.

        Raises:
            RequestError: all places are taken, or it took too long.
        """
        if not self._places.acquire(blocking=False):
            raise RequestError(
                429,
                "too_many_searches",
                "too many searches are running; try again in a second",
                headers={"retry-after": "1"},
            )
        running = self._threads.submit(partial(function, *args, **kwargs))
        running.add_done_callback(self._free_place)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(running), self._seconds)
        except TimeoutError:
            raise RequestError(
                504,
                "too_slow",
                f"the search took longer than {self._seconds:g} seconds and was given up; ask for "
                "less, or start the server with a higher --timeout",
            ) from None

    def close(self) -> None:
        """Let running functions end and start no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _free_place(self, _: "Future[Any]") -> None:
        self._places.release()
