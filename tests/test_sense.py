"""What can be a mention at all."""

import pytest

from ner_retriever.detect import Detector
from ner_retriever.documents import Document, Span
from ner_retriever.reading.reader import TwoPasses
from ner_retriever.text.sense import LONGEST_MENTION, makes_sense


@pytest.mark.parametrize(
    "surface",
    [
        "Anna",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        "methylenedioxymethamphetamine",
        "1,3,7-trimethylpurine-2,6-dione",
        "COVID-19",
        "SARS-CoV-2 B.1.1.529",
        "iPhone13ProMax",
        "International Convention for the Protection of All Persons",
        "Grutter v. Bollinger, 539 U.S. 306",
        "東京特許許可局",
    ],
)
def test_names_make_sense(surface: str) -> None:
    assert makes_sense(surface)


@pytest.mark.parametrize(
    "surface",
    [
        "x" * 81,
        "word " * 50,
        "GATTACAGATTACA",
        "the gattacagattacat gene",
        "dGhpcyBpcyBhIHRlc3Qgb2YgYmFzZTY0",
        "9f86d081884c7d659a2feaa0c55ad015",
        "Anna " + "a" * LONGEST_MENTION,
    ],
)
def test_data_makes_none(surface: str) -> None:
    assert not makes_sense(surface)


class Everything:
    """Finds each text as a whole."""

    name = fingerprint = "everything"

    def detect(self, documents: list[Document]) -> list[tuple[Span, ...]]:
        return [(Span(0, len(document.text)),) for document in documents]


def test_a_detector_of_its_own_gives_no_data() -> None:
    detector: Detector = Everything()  # type: ignore[assignment]
    reader = TwoPasses(detector, lambda: None)  # type: ignore[arg-type, return-value]
    texts = ["Anna", "GATTACAGATTACA", "Anna\n\nACGTACGTACGTACGT\n\nBerg"]
    found = reader.detect([Document(text, text) for text in texts])
    assert found == [(Span(0, 4),), (), (Span(0, 4), Span(24, 28))]


def test_what_is_given_stays() -> None:
    given = Document("a", "GATTACAGATTACA", (Span(0, 14),))

    class Given(Everything):
        def detect(self, documents: list[Document]) -> list[tuple[Span, ...]]:
            return [document.spans or () for document in documents]

    reader = TwoPasses(Given(), lambda: None)  # type: ignore[arg-type, return-value]
    assert reader.detect([given]) == [(Span(0, 14),)]
