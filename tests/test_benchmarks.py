"""Benchmark files in every layout, well formed and not; values worked out by hand."""

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, DocumentError, InputError
from ner_retriever.evaluation.benchmarks import (
    Benchmark,
    GoldMention,
    GoldText,
    download,
    few_nerd,
    load,
    multiconer2,
)
from ner_retriever.evaluation.benchmarks.benchmark import assemble, is_other
from ner_retriever.evaluation.seen import seen_types, training_overlap
from ner_retriever.text.gold.files import read_lines, token_offsets

FEW_NERD = """\
Jim\tperson-athlete
McMahon\tperson-athlete
left\tO
Brigham\torganization-education
Young\torganization-education
.\tO

He\tO
won\tO
"""
CONLL = """\
# id a-1\tdomain=en
robert _ _ B-Artist
king _ _ I-Artist
met _ _ O
ann _ _ B-Artist
boe _ _ B-Artist

# id a-2\tdomain=en
he _ _ O
drank _ _ O
cola _ _ I-Drink
"""


def surfaces(text: GoldText) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (text.text[mention.span.start : mention.span.end], mention.types)
        for mention in text.mentions
    ]


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def gold(identifier: str, text: str, *mentions: tuple[int, int, str]) -> GoldText:
    return GoldText(
        identifier, text, tuple(GoldMention(Span(a, b), (label,)) for a, b, label in mentions)
    )


# Few-NERD


def test_few_nerd_text_layout(tmp_path: Path) -> None:
    benchmark = load("few-nerd", write(tmp_path / "dev.txt", FEW_NERD))
    (text,) = benchmark.texts
    assert text.id == "dev-1"
    assert text.text == "Jim McMahon left Brigham Young ."
    assert surfaces(text) == [
        ("Jim McMahon", ("person-athlete",)),
        ("Brigham Young", ("organization-education",)),
    ]
    assert benchmark.queries == {
        "organization-education": "Education",
        "person-athlete": "Athlete",
    }
    assert benchmark.notes == (
        "Few-NERD, dev.txt.",
        "Texts of fewer than 5 words, left out: 1.",
    )


def test_few_nerd_neighbours_of_the_same_type_are_one_mention_of_another_type_two(
    tmp_path: Path,
) -> None:
    labels = ["art-film", "art-film", "art-music", "O", "art-music"]
    lines = "".join(f"w{number}\t{label}\n" for number, label in enumerate(labels))
    (text,) = load("few-nerd", write(tmp_path / "a.txt", lines)).texts
    assert [surface for surface, _ in surfaces(text)] == ["w0 w1", "w2", "w4"]


@pytest.mark.parametrize("words", [4, 5])
def test_few_nerd_keeps_sentences_of_more_than_four_words(tmp_path: Path, words: int) -> None:
    long = "".join(f"a{number}\tart-film\n" for number in range(6))
    other = "".join(f"b{number}\tart-film\n" for number in range(words))
    file = write(tmp_path / "a.txt", f"{long}\n{other}")
    assert len(load("few-nerd", file).texts) == (2 if words > 4 else 1)
    assert len(load("few-nerd", file, short_texts=True).texts) == 2


def test_few_nerd_parquet_equals_text(tmp_path: Path) -> None:
    tags = {"O": 0} | {label: number for number, label in enumerate(few_nerd.LABELS, start=1)}
    rows = [
        [line.split("\t") for line in block.splitlines()]
        for block in FEW_NERD.strip().split("\n\n")
    ]
    table = pa.table(
        {
            "id": ["0", "1"],
            "tokens": [[token for token, _ in row] for row in rows],
            "fine_ner_tags": [[tags[label] for _, label in row] for row in rows],
        }
    )
    pq.write_table(table, tmp_path / "dev.parquet")
    write(tmp_path / "dev.txt", FEW_NERD)
    from_parquet = load("few-nerd", tmp_path / "dev.parquet")
    from_text = load("few-nerd", tmp_path / "dev.txt")
    assert from_parquet.texts == from_text.texts
    assert from_parquet.queries == from_text.queries


def test_few_nerd_integer_tags_are_the_hubs() -> None:
    assert len(few_nerd.LABELS) == 66
    assert few_nerd.LABELS[0] == "art-broadcastprogram"
    assert few_nerd.LABELS[20] == "location-GPE"
    assert few_nerd.LABELS[65] == "product-weapon"


@pytest.mark.parametrize(
    ("label", "query"),
    [
        ("building-airport", "Airport"),
        ("location-GPE", "GPE"),
        ("organization-sportsleague", "Sports league"),
        ("media-media/newspaper", "Media or News Paper"),
        ("location-road/railway/highway/transit", "Road or Railway or Highway or Transit"),
    ],
)
def test_few_nerd_query_text(label: str, query: str) -> None:
    assert few_nerd.query_text(label) == query


def test_few_nerd_query_texts_equal_the_reference_file() -> None:
    shared = next(
        (parent / "shared" for parent in Path(__file__).parents if (parent / "shared").is_dir()),
        None,
    )
    file = shared and shared / "data/benchmarks/few-nerd/type-names.json"
    if not file or not file.is_file():
        pytest.skip("the reference's type-names.json is not here")
    names = json.loads(file.read_text())
    ours = {label.split("-", 1)[1]: few_nerd.query_text(label) for label in few_nerd.LABELS}
    assert ours == names


def test_few_nerd_names_file_beside_wins(tmp_path: Path) -> None:
    write(tmp_path / "type-names.json", '{"athlete": "sportsperson"}')
    benchmark = load("few-nerd", write(tmp_path / "dev.txt", FEW_NERD))
    assert benchmark.queries["person-athlete"] == "sportsperson"
    assert benchmark.queries["organization-education"] == "Education"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("a\tO\nb O\n", r"a\.txt:2: expected token<TAB>label, not 'b O'"),
        ("a\tO\tO\n", r"a\.txt:1: expected token<TAB>label"),
        ("a\tO\nb\tperson\n", r"a\.txt:2: 'person' is not a fine type of Few-NERD"),
    ],
)
def test_few_nerd_bad_text(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load("few-nerd", write(tmp_path / "a.txt", content))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tokens": [["a"]], "ner_tags": [[0]]}, "expected the columns tokens and fine_ner_tags"),
        ({"tokens": [["a"]], "fine_ner_tags": [[0, 1]]}, "row 1 has 1 tokens and 2 tags"),
        ({"tokens": [["a"]], "fine_ner_tags": [[67]]}, "row 1 has the tag 67; expected 0 to 66"),
    ],
)
def test_few_nerd_bad_parquet(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    with pytest.raises(DocumentError, match=message):
        load("few-nerd", tmp_path / "a.parquet")


def test_few_nerd_not_parquet_at_all(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read as parquet"):
        load("few-nerd", write(tmp_path / "a.parquet", "hello"))


# MultiCoNER 2


def test_multiconer2(tmp_path: Path) -> None:
    benchmark = load("multiconer2", write(tmp_path / "en-train.conll", CONLL))
    first, second = benchmark.texts
    assert (first.id, first.text) == ("a-1", "robert king met ann boe")
    assert [surface for surface, _ in surfaces(first)] == ["robert king", "ann", "boe"]
    assert surfaces(second) == [("cola", ("Drink",))]
    assert benchmark.queries == {"Artist": "Artist", "Drink": "Drink"}


@pytest.mark.parametrize(
    ("label", "query"),
    [
        ("HumanSettlement", "Human Settlement"),
        ("VisualWork", "Visual Work"),
        ("MusicalGRP", "Musical Group"),
        ("SportsGRP", "Sports Group"),
        ("ORG", "Organization"),
        ("PublicCorp", "Public Corporation"),
        ("Medication/Vaccine", "Medication or Vaccine"),
    ],
)
def test_multiconer2_query_text(label: str, query: str) -> None:
    assert label in multiconer2.LABELS
    assert multiconer2.query_text(label) == query


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("robert _ B-Artist", r":2: expected token _ _ TAG, not 'robert _ B-Artist'"),
        ("robert _ _ B-PER", r":2: 'B-PER' is not a tag of MultiCoNER 2"),
    ],
)
def test_multiconer2_bad_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load("multiconer2", write(tmp_path / "en-train.conll", f"# id a\tdomain=en\n{line}\n"))


# NERetrieve


def neretrieve_lines(records: list[dict[str, Any]]) -> bytes:
    return bz2.compress("".join(json.dumps(record) + "\n" for record in records).encode())


def neretrieve_folder(folder: Path, entities: Any) -> Path:
    corpus = [
        {"id": "p1", "content": "Big  Ben is a clock in London ."},
        {"id": "p2", "content": "Nothing to see here ."},
    ]
    (folder / "NERetrive_IR_corpus.jsonl.bz2").write_bytes(neretrieve_lines(corpus))
    labels = [{"id": "p1", "tagged_entities": entities}]
    (folder / "NERetrive_IR_test.jsonl.bz2").write_bytes(neretrieve_lines(labels))
    return folder


def test_neretrieve_retrieval_files(tmp_path: Path) -> None:
    # Two spaces after "Big": the token at position 1 is empty, as splitting on one space gives.
    entities = {
        "Clock_tower": {"Q1": {"Big Ben": [[2, 0]]}},
        "City": {"Q2": {"London": [[7], []]}},
    }
    benchmark = load("neretrieve", neretrieve_folder(tmp_path, entities))
    first, second = benchmark.texts
    assert surfaces(first) == [("Big  Ben", ("Clock_tower",)), ("London", ("City",))]
    assert second.mentions == ()
    assert benchmark.queries == {"City": "City", "Clock_tower": "Clock tower"}


def test_neretrieve_supervised_file(tmp_path: Path) -> None:
    record = {
        "id": 7,
        "content": "Big Ben, London",
        "document_token_sequence": ["Big", "Ben", ",", "London"],
        "tagged_entities": {"City": {"Q2": {"London": [[3]]}}},
    }
    path = tmp_path / "NERetrive_sup_test.jsonl.bz2"
    path.write_bytes(neretrieve_lines([record]))
    (text,) = load("neretrieve", path).texts
    assert (text.id, text.text) == ("7", "Big Ben , London")
    assert surfaces(text) == [("London", ("City",))]


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ({"City": {"Q": {"x": [[99]]}}}, r"IR_test.*:1: the token positions \[99\] do not lie"),
        ({"City": ["Q"]}, "tagged_entities must be"),
    ],
)
def test_neretrieve_bad_labels(tmp_path: Path, entities: Any, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load("neretrieve", neretrieve_folder(tmp_path, entities))


def test_neretrieve_labels_of_another_corpus(tmp_path: Path) -> None:
    folder = neretrieve_folder(tmp_path, {})
    labels = [{"id": "p9", "tagged_entities": {}}]
    (folder / "NERetrive_IR_test.jsonl.bz2").write_bytes(neretrieve_lines(labels))
    with pytest.raises(InputError, match=r"1 labelled texts are not in .*'p9'"):
        load("neretrieve", folder)


def test_cut_off_archive(tmp_path: Path) -> None:
    path = neretrieve_folder(tmp_path, {}) / "NERetrive_IR_corpus.jsonl.bz2"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DocumentError, match="cannot be read after line"):
        load("neretrieve", tmp_path)


# JSON lines


def test_jsonl(tmp_path: Path) -> None:
    records = [
        {
            "id": "a",
            "text": "Stan is a T. rex.",
            "mentions": [
                {"start": 10, "end": 16, "types": ["dinosaur", "living_thing"]},
                {"start": 0, "end": 4, "types": []},
            ],
        },
        {"text": "No name 恐竜", "mentions": []},
    ]
    path = tmp_path / "mine.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, records)).encode()))
    benchmark = load("jsonl", tmp_path)
    first, second = benchmark.texts
    assert surfaces(first) == [("Stan", ()), ("T. rex", ("dinosaur", "living_thing"))]
    assert second.id == "line-2"
    assert benchmark.queries == {"dinosaur": "dinosaur", "living_thing": "living thing"}
    assert benchmark.gold_spans() == [(Span(0, 4), Span(10, 16)), ()]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"mine\.jsonl:1: not a JSON object"),
        ("[1]", "expected a JSON object, not list"),
        ('{"mentions": []}', "no field 'text'"),
        ('{"text": "a"}', "expected a field mentions with a list, not None"),
        ('{"text": "a", "mentions": [{"start": 0, "end": 1}]}', "a mention must be"),
        ('{"text": "a", "mentions": [{"start": 0, "end": 9, "types": []}]}', "does not lie in"),
    ],
)
def test_jsonl_bad_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        load("jsonl", write(tmp_path / "mine.jsonl", line))


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_bytes(b'{"text": "a", "mentions": []}\n\xff\n')
    with pytest.raises(DocumentError, match=r"mine\.jsonl:2: not UTF-8 at byte 0"):
        load("jsonl", path)


# What all have in common


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("a\u2028b\r\nc\x0bd\n".encode())
    assert list(read_lines(path)) == [(1, "a\u2028b"), (2, "c\x0bd")]


@given(st.lists(st.text(min_size=1), min_size=1))
def test_token_offsets_name_the_tokens(tokens: list[str]) -> None:
    text = " ".join(tokens)
    assert [text[span.start : span.end] for span in token_offsets(tokens)] == tokens


def test_identical_texts_are_merged() -> None:
    benchmark = assemble(
        "x",
        [
            gold("1", "ann bob", (4, 7, "A"), (0, 3, "A")),
            gold("2", "cat", (0, 3, "B")),
            gold("3", "ann bob", (0, 3, "B")),
        ],
        queries={"A": "a", "B": "b", "C": "c"},
    )
    assert [text.id for text in benchmark.texts] == ["1", "2"]
    assert surfaces(benchmark.texts[0]) == [("ann", ("A", "B")), ("bob", ("A",))]
    assert {label: found.tolist() for label, found in benchmark.relevant().items()} == {
        "A": [0],
        "B": [0, 1],
    }
    assert benchmark.notes == ("3 texts, 2 of them distinct.",)


def test_one_id_for_two_texts() -> None:
    texts = [gold("1", "a", (0, 1, "A")), gold("1", "b", (0, 1, "A"))]
    with pytest.raises(InputError, match="two different texts of the benchmark x have the id '1'"):
        assemble("x", texts, queries={"A": "a"})


def test_type_without_relevant_text() -> None:
    with pytest.raises(InputError, match="no text of the benchmark x mentions B"):
        Benchmark("x", (gold("1", "a", (0, 1, "A")),), {"A": "a", "B": "b"}, frozenset())


def test_nothing_to_ask_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 1 texts and 0 types"):
        load("jsonl", write(tmp_path / "a.jsonl", '{"text": "a", "mentions": []}'))


@pytest.mark.parametrize(
    ("label", "other"),
    [("person-other", True), ("OtherPER", True), ("other-medical", False), ("Others", False)],
)
def test_catch_all_types(label: str, other: bool) -> None:
    assert is_other(label) is other


def test_sample_is_seeded_ordered_and_drops_types() -> None:
    texts = [gold(f"{n:02d}", f"t{n}", (0, 2, f"T{n}")) for n in range(20)]
    whole = assemble("x", texts, queries={f"T{n}": f"t{n}" for n in range(20)})
    sample = whole.sample(5, seed=3)
    ids = [text.id for text in sample.texts]
    assert ids == sorted(ids)
    assert sorted(sample.queries) == sorted(f"T{int(identifier)}" for identifier in ids)
    assert sample == whole.sample(5, seed=3)
    assert sample != whole.sample(5, seed=4)
    assert sample.notes[0] == "A sample of 5 of 20 texts (seed 3)."
    assert whole.sample(20, seed=0) is whole
    with pytest.raises(ConfigError, match="at least one text, not 0"):
        whole.sample(0, seed=0)


def test_documents_carry_the_spans_they_are_given() -> None:
    benchmark = assemble("x", [gold("1", "abc", (0, 1, "A"))], queries={"A": "a"})
    assert benchmark.documents()[0].spans is None
    assert benchmark.documents(spans=benchmark.gold_spans())[0].spans == (Span(0, 1),)


def test_unknown_benchmark(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'ontonotes'; expected one of: documents, few-"):
        load("ontonotes", tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "no file .* in this folder"),
        (["a.jsonl", "b.jsonl"], r"several files fit \(a\.jsonl, b\.jsonl\)"),
    ],
)
def test_folder_without_one_clear_file(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        write(tmp_path / name, "{}")
    with pytest.raises(InputError, match=message):
        load("jsonl", tmp_path)


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load("jsonl", tmp_path / "nowhere")


# Downloads


class FakeResponse:
    def __init__(self, content: bytes, *, promised: int) -> None:
        self._content = content
        self.headers = {"Content-Length": str(promised)}

    def __enter__(self) -> "FakeResponse":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, _size: int = -1) -> bytes:
        content, self._content = self._content, b""
        return content


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    def install(answer: Callable[[], Any]) -> None:
        monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: answer())
        monkeypatch.delenv("NER_RETRIEVER_OFFLINE", raising=False)

    return install


def test_download_announces_then_keeps(
    tmp_path: Path, serve: Callable[[Callable[[], Any]], None]
) -> None:
    said: list[str] = []
    serve(lambda: FakeResponse(CONLL.encode(), promised=len(CONLL)))
    folder = download("multiconer2", folder=tmp_path, announce=said.append)
    (line,) = said
    assert "en_train.conll" in line
    assert "licence CC BY 4.0" in line
    assert len(load("multiconer2", folder).texts) == 2
    serve(lambda: pytest.fail("a file that is there is fetched again"))
    assert download("multiconer2", folder=tmp_path, announce=said.append) == folder


@pytest.mark.parametrize("what", ["offline", "cut off"])
def test_download_fails_cleanly(
    tmp_path: Path, serve: Callable[[Callable[[], Any]], None], what: str
) -> None:
    def answer() -> Any:
        if what == "offline":
            raise URLError("no network")
        return FakeResponse(b"half", promised=8)

    serve(answer)
    with pytest.raises(InputError, match="pass its folder with --data"):
        download("multiconer2", folder=tmp_path, announce=lambda _: None)
    assert not list(tmp_path.rglob("*.conll"))


def test_offline_no_network_is_asked(
    tmp_path: Path,
    serve: Callable[[Callable[[], Any]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serve(lambda: pytest.fail("the network was asked"))
    monkeypatch.setenv("NER_RETRIEVER_OFFLINE", "1")
    with pytest.raises(InputError, match="offline no network is asked; fetch https://"):
        download("multiconer2", folder=tmp_path, announce=lambda _: None)


def test_no_official_download(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no official download"):
        download("jsonl", folder=tmp_path, announce=lambda _: None)


# What a head may have seen


@pytest.mark.parametrize(
    ("query", "trained", "seen"),
    [
        ("Airport", "airport", True),
        ("Airport", "airports", True),
        ("Political Party", "parties", True),
        ("Political Party", "political_party", True),
        ("Bodies of Water", "water", True),
        ("Church", "churches", True),
        ("Political Party", "political", False),
        ("GPE", "city", False),
        ("Bus", "bu", False),
    ],
)
def test_seen_types(query: str, trained: str, seen: bool) -> None:
    assert seen_types({"T": query}, [trained]) == (frozenset({"T"}) if seen else frozenset())


def test_training_overlap_compares_letters_and_digits() -> None:
    texts = [gold("1", "Ann , 7 .", (0, 3, "A")), gold("2", "Bob", (0, 3, "A")), gold("3", "!")]
    benchmark = assemble("x", texts, queries={"A": "a"})
    assert training_overlap(benchmark, ["ann 7", "?", "Robert"]) == ("1",)


# Whole documents


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.txt").write_text(
        "Minutes\n\nPresent: [[Ann Boe|person]] of [[Thornby Council|council; public body]].\n"
    )
    (folder / "b.txt").write_text("- [[Lima|capital; city]]\n- a council\n")
    (tmp_path / "document-types.txt").write_text("council\ncity\n")
    return folder


def test_documents(marked: Path) -> None:
    benchmark = load("documents", marked)
    first, second = benchmark.texts
    assert (first.id, second.id) == ("a", "b")
    assert first.text == "Minutes\n\nPresent: Ann Boe of Thornby Council.\n"
    assert surfaces(first) == [("Ann Boe", ()), ("Thornby Council", ("council",))]
    assert benchmark.queries == {"city": "city", "council": "council"}
    assert {name: rows.tolist() for name, rows in benchmark.relevant().items()} == {
        "city": [1],
        "council": [0],
    }


def test_documents_that_are_not_there(marked: Path, tmp_path: Path) -> None:
    (tmp_path / "document-types.txt").unlink()
    with pytest.raises(InputError, match=r"no document-types\.txt at"):
        load("documents", marked)
    with pytest.raises(InputError, match=r"no documents \(\.txt\) at"):
        load("documents", tmp_path / "none")
    (tmp_path / "document-types.txt").write_text("council\n")
    (marked / "a.txt").write_text("[[Ann|]]")
    with pytest.raises(DocumentError, match=r"a\.txt: marks are"):
        load("documents", marked)


def test_the_documents_that_ship() -> None:
    benchmark = load("documents", Path(__file__).parent.parent / "examples" / "documents")
    assert len(benchmark.texts) >= 150
    assert len(benchmark.queries) >= 80
    assert all(150 <= len(text.text.split()) <= 1500 for text in benchmark.texts)
    types = Path(__file__).parent.parent / "examples" / "types.jsonl"
    known = {json.loads(line)["type"] for line in types.read_text().splitlines()}
    assert not known & set(benchmark.queries)
