"""Questions of several threads: answered together where they wait, each as it would be alone."""

import threading
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from ner_retriever.web.together import MOST, Together


class Desk:
    """Answers a number with its double, once it is let; negative ones are refused."""

    def __init__(self) -> None:
        self.passing = threading.Lock()
        self.passes: list[list[int]] = []
        self.together = Together(self.answer, self.alike, self.passing)

    def answer(self, numbers: Sequence[int]) -> list[int]:
        self.passes.append(sorted(numbers))
        if min(numbers) < 0:
            raise ValueError(str(min(numbers)))
        return [2 * number for number in numbers]

    def alike(self, number: int) -> Hashable:
        return None if number == 100 else number % 2

    def ask_while_busy(self, numbers: Sequence[int]) -> list[int | str]:
        """Ask in threads while a pass is under way, which ends when all of them wait."""
        with ThreadPoolExecutor(len(numbers)) as threads:
            with self.passing:
                futures = [threads.submit(self.together.ask, number) for number in numbers]
                while len(self.together._waiting) < len(numbers):
                    pass
            return [
                str(error) if (error := future.exception()) else future.result()
                for future in futures
            ]


def test_one_is_answered_at_once() -> None:
    desk = Desk()
    assert desk.together.ask(3) == 6
    assert desk.passes == [[3]]


def test_those_that_wait_and_are_alike_share_a_pass() -> None:
    desk = Desk()
    assert desk.ask_while_busy([1, 2, 3, 4, 100]) == [2, 4, 6, 8, 200]
    assert sorted(desk.passes) == [[1, 3], [2, 4], [100]]


def test_a_pass_is_bounded() -> None:
    desk = Desk()
    numbers = [2 * number + 1 for number in range(MOST + 3)]
    assert desk.ask_while_busy(numbers) == [2 * number for number in numbers]
    assert sorted(map(len, desk.passes)) == [3, MOST]


def test_the_fault_of_one_is_not_told_to_another() -> None:
    desk = Desk()
    assert desk.ask_while_busy([1, -1, 3]) == [2, "-1", 6]
    with pytest.raises(ValueError, match="-5"):
        desk.together.ask(-5)
