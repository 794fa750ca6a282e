"""Questions that wait at the same time are answered together.

While one pass over the index runs, others wait for it. Whoever comes next takes all that wait and
are alike into the next pass, so that the model and the vectors are read once for them.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")

MOST = 32


class Together(Generic[Asked, Given]):
    """Answers questions of several threads in as few passes as can be.

    Args:
        answer: answers questions that are alike, in their order.
        alike: questions of which this is equal may be answered together; ``None`` for one that is
            answered alone.
        passing: is held while questions are answered.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Asked]], Sequence[Given]],
        alike: Callable[[Asked], Hashable],
        passing: threading.Lock,
    ) -> None:
        self._answer = answer
        self._alike = alike
        self._passing = passing
        self._waiting: list[tuple[Asked, Future[Given]]] = []
        self._changing = threading.Lock()

    def ask(self, question: Asked) -> Given:
        """Return the answer to a question, or raise what its answering raised."""
        answered: Future[Given] = Future()
        with self._changing:
            self._waiting.append((question, answered))
        with self._passing:
            if not answered.done():
                self._answer_those(self._taken(question, answered))
        return answered.result()

    def _taken(
        self, question: Asked, answered: "Future[Given]"
    ) -> list[tuple[Asked, "Future[Given]"]]:
        """Take a question and those that may go with it out of what waits."""
        kind = self._alike(question)
        with self._changing:
            others = [
                pair
                for pair in self._waiting
                if kind is not None and pair[1] is not answered and self._alike(pair[0]) == kind
            ]
            taken = [(question, answered), *others[: MOST - 1]]
            gone = {id(future) for _, future in taken}
            self._waiting = [pair for pair in self._waiting if id(pair[1]) not in gone]
        return taken

    def _answer_those(self, taken: Sequence[tuple[Asked, "Future[Given]"]]) -> None:
        try:
            answers = self._answer([question for question, _ in taken])
        except Exception as error:
            if len(taken) == 1:
                taken[0][1].set_exception(error)
                return
            # One of them cannot be answered; each is to be told of its own fault alone.
            for pair in taken:
                self._answer_those([pair])
            return
        for (_, future), answer in zip(taken, answers, strict=True):
            future.set_result(answer)
