"""Texts with their mentions: CoNLL, CoNLL-U, brat and WebAnno."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner_retriever.documents import Document, Span
from ner_retriever.errors import DocumentError, InputError
from ner_retriever.text.formats.tags import tagged_spans
from ner_retriever.text.sources import find_sources
from reading_documents import read_documents


def read(path: Path, **options) -> tuple[list[Document], list[DocumentError]]:
    errors: list[DocumentError] = []
    found = list(read_documents([path], on_error=errors.append, **options))
    assert all("\n" not in str(error) for error in errors)
    return found, errors


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())
    return path


def surfaces(document: Document) -> list[str]:
    assert document.spans is not None
    return [document.text[span.start : span.end] for span in document.spans]


# --- tags ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("O O", []),
        ("B-PER I-PER O", [(0, 2)]),
        ("B-PER B-PER", [(0, 1), (1, 2)]),
        ("I-PER I-PER I-LOC", [(0, 2), (2, 3)]),
        ("S-PER B-LOC E-LOC I-LOC", [(0, 1), (1, 3), (3, 4)]),
        ("U-PER B-LOC I-LOC L-LOC", [(0, 1), (1, 4)]),
        ("B I O B", [(0, 2), (3, 4)]),
        ("_ B-X - I-X", [(1, 2), (3, 4)]),
    ],
)
def test_tags(tags, expected):
    names = tags.split()
    tokens = [Span(n, n + 1) for n in range(len(names))]
    assert [(s.start, s.end) for s in tagged_spans(names, tokens)] == expected


# --- CoNLL --------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".conll", ".iob2", ".bio"])
def test_sentences_are_documents(tmp_path, suffix):
    path = write(
        tmp_path / f"a{suffix}",
        "EU NNP B-NP B-ORG\r\nrejects VBZ B-VP O\r\n\r\n\r\n# O\nJohn\tB-PER\nSmith\tI-PER\n",
    )
    found, errors = read(path)
    assert not errors
    assert [(d.id, d.text, surfaces(d), d.origin) for d in found] == [
        (f"a{suffix}:1", "EU rejects", ["EU"], f"{path}:1"),
        (f"a{suffix}:5", "# John Smith", ["John Smith"], f"{path}:5"),
    ]
    assert {d.source for d in found} == {path.name}


def test_documents_of_conll_2003(tmp_path):
    path = write(
        tmp_path / "a.conll",
        "-DOCSTART- -X- O O\n\nEU NNP O B-ORG\n\nPeter NNP O B-PER\nruns VBZ O O\n\n"
        "-DOCSTART- -X- O O\nRome NNP O B-LOC\n",
    )
    found, errors = read(path)
    assert not errors
    assert [(d.id, d.text, surfaces(d)) for d in found] == [
        ("a.conll:3", "EU\nPeter runs", ["EU", "Peter"]),
        ("a.conll:9", "Rome", ["Rome"]),
    ]


def test_ids_of_sentences_and_documents(tmp_path):
    path = write(
        tmp_path / "a.conll",
        "# id 8d7c\tdomain=en\nRome _ _ B-LOC\n\n# sent_id = 12\nParis _ _ B-LOC\n\n"
        "# newdoc id = doc-1\n# sent_id = x\nBerlin _ _ B-LOC\n\nis _ _ O\n",
    )
    assert [(d.id, d.text) for d in read(path)[0]] == [
        ("8d7c", "Rome"),
        ("a.conll:12", "Paris"),
        ("doc-1", "Berlin\nis"),
    ]


@pytest.mark.parametrize("line", ["alone", "word NOUN", "word (PER*", "\tO"])
def test_line_that_does_not_fit_is_an_error_of_its_sentence(tmp_path, line):
    path = write(tmp_path / "a.conll", f"one O\n\nbad O\n{line}\n\nlast O\n")
    found, errors = read(path)
    assert [d.text for d in found] == ["one", "last"]
    assert [str(error).split(": ")[0] for error in errors] == [f"{path}:4"]


def test_long_sentences_and_documents(tmp_path):
    path = write(tmp_path / "a.conll", "aaa O\naaa O\n\nbbb O\n\n" + "c O\n" * 2_000)
    found, errors = read(path, max_characters=6)
    assert [d.text for d in found] == ["bbb"]
    assert [error.reason for error in errors] == ["too large"] * 2
    marked = write(
        tmp_path / "b.conll", "-DOCSTART- O\n\naaaaaaaa O\n\naaaaaaaa O\n\n-DOCSTART- O\nb O\n"
    )
    found, errors = read(marked, max_characters=15)
    assert ([d.text for d in found], [e.reason for e in errors]) == (["b"], ["too large"])


words = st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1).filter(
    lambda word: not word.startswith("#") and not word.isspace() and word.split() == [word]
)
sentences = st.lists(
    st.lists(st.tuples(words, st.booleans()), min_size=1, max_size=6), min_size=1, max_size=4
)


@settings(max_examples=40, deadline=None)
@given(sentences)
def test_spans_of_conll_are_what_was_marked(tmp_path_factory, given_sentences):
    folder = tmp_path_factory.mktemp("conll")
    blocks = [
        "".join(f"{word}\t{'B-X' if marked else 'O'}\n" for word, marked in sentence)
        for sentence in given_sentences
    ]
    found, errors = read(write(folder / "a.conll", "\n".join(blocks)))
    assert not errors
    assert [d.text for d in found] == [" ".join(w for w, _ in s) for s in given_sentences]
    assert [surfaces(d) for d in found] == [[w for w, m in s if m] for s in given_sentences]
    assert read(folder / "a.conll")[0] == found


# --- CoNLL-U ------------------------------------------------------------------------------------


def token(number: str, form: str, misc: str = "_") -> str:
    return "\t".join([number, form, *"_______", misc])


CONLLU = "\n".join(
    [
        "# global.Entity = eid-etype-head-other",
        "# newdoc id = weblog",
        "# sent_id = weblog-1",
        "# text = Im  Rathaus, sagt sie.",
        token("1-2", "Im"),
        token("1", "In", "NER=O"),
        token("2", "dem", "NER=O"),
        token("3", "Rathaus", "NER=B-LOC|SpaceAfter=No"),
        token("4", ",", "NER=O"),
        token("4.1", "und"),
        token("5", "sagt", "NER=O"),
        token("6", "sie", "NER=S-PER|SpaceAfter=No"),
        token("7", ".", "NER=O"),
        "",
        token("1", "Don", "SpaceAfter=No"),
        token("2", "'t", "NER=B-X"),
        token("3", "go", "NER=I-X"),
        "",
        "",
    ]
)


def test_conllu_keeps_the_spaces(tmp_path):
    found, errors = read(write(tmp_path / "a.conllu", CONLLU))
    assert not errors
    (document,) = found
    assert (document.id, document.text) == ("weblog", "Im  Rathaus, sagt sie.\nDon't go")
    assert surfaces(document) == ["Rathaus", "sie", "'t go"]
    # Whatever the file is called.
    (same,) = read(write(tmp_path / "a.conll", CONLLU))[0]
    assert (same.text, same.spans) == (document.text, document.spans)


def test_conllu_with_brackets(tmp_path):
    lines = [
        "# text = The mayor of New York",
        token("1", "The", "Entity=(e1-person-2-new"),
        token("2", "mayor"),
        token("3", "of"),
        token("4", "New", "Entity=(e2-place-2"),
        token("5", "York", "Entity=e2)e1)"),
        "",
        token("1", "She", "Entity=(e1-person)"),
        "",
        token("1", "Nobody"),
    ]
    found, errors = read(write(tmp_path / "a.conllu", "\n".join(lines)))
    assert not errors
    assert [surfaces(d) for d in found] == [["The mayor of New York", "New York"], ["She"], []]


def test_conllu_without_marks_is_left_to_the_detector(tmp_path):
    content = "\n".join([token("1", "Rome"), "", token("1", "Paris", "SpaceAfter=No")])
    found, errors = read(write(tmp_path / "a.conllu", content))
    assert not errors
    assert [(d.id, d.text, d.spans) for d in found] == [
        ("a.conllu:1", "Rome", None),
        ("a.conllu:3", "Paris", None),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\tRome\tB-LOC", "3 columns; a token of CoNLL-U has 10"),
        (token("x", "Rome"), "is no token's number"),
        (token("1", "Rome", "NER=PLACE"), "NER=PLACE is no tag"),
        (token("1", "Rome", "Entity=e1)"), "ends what has not begun"),
        (token("1", "Rome", "Entity=(e1-place"), "does not end in its sentence"),
    ],
)
def test_bad_conllu_is_an_error_of_its_sentence(tmp_path, line, message):
    content = "\n".join([token("1", "good"), "", line, "", token("1", "last")])
    found, errors = read(write(tmp_path / "a.conllu", content))
    assert [d.text for d in found] == ["good", "last"]
    assert len(errors) == 1
    assert message in str(errors[0])


@settings(max_examples=40, deadline=None)
@given(sentences, st.booleans())
def test_spans_of_conllu_are_what_was_marked(tmp_path_factory, given_sentences, spaced):
    folder = tmp_path_factory.mktemp("conllu")
    blocks = []
    for sentence in given_sentences:
        lines = [
            token(
                str(n), word, f"NER={'B-X' if marked else 'O'}{'' if spaced else '|SpaceAfter=No'}"
            )
            for n, (word, marked) in enumerate(sentence, start=1)
        ]
        blocks.append("\n".join(lines))
    found, errors = read(write(folder / "a.conllu", "\n\n".join(blocks)))
    assert not errors
    assert [d.text for d in found] == [
        (" " if spaced else "").join(w for w, _ in s) for s in given_sentences
    ]
    assert [surfaces(d) for d in found] == [[w for w, m in s if m] for s in given_sentences]


# --- brat ---------------------------------------------------------------------------------------

TEXT = "Bob Smith ran.\r\nNorth and South America 🦖 stayed.\n"


def ann(*marks: tuple[int, int]) -> str:
    lines = []
    for number, (start, end) in enumerate(marks, start=1):
        surface = " ".join(TEXT[start:end].split())
        lines.append(f"T{number}\tThing {start} {end}\t{surface}\n")
    return "".join(lines)


def test_brat_folder_gives_one_document_a_pair(tmp_path):
    write(tmp_path / "c" / "b.txt", "plain")
    write(tmp_path / "c" / "a.txt", TEXT)
    marks = (
        ann((0, 9)) + "T7\tLoc 16 21;32 39\tNorth America\nR1\tof Arg1:T1 Arg2:T7\n#1\tNote T1\tx\n"
    )
    write(tmp_path / "c" / "a.ann", marks)
    write(tmp_path / "c" / "lone.ann", "")
    passed: list[tuple[str, str]] = []
    sources = find_sources([tmp_path / "c"], pass_over=lambda p, why: passed.append((p.name, why)))
    assert [s.path.name for s in sources] == ["a.txt", "b.txt"]
    assert passed == [("lone.ann", "unknown kind")]
    found, errors = read(tmp_path / "c")
    assert not errors
    assert [(d.id, d.text) for d in found] == [("a.txt", TEXT), ("b.txt", "plain")]
    # From the first piece to the last one.
    assert surfaces(found[0]) == ["Bob Smith", "North and South America"]
    assert found[1].spans is None


@pytest.mark.parametrize("names", [["a.txt"], ["a.ann"], ["a.ann", "a.txt"]])
def test_brat_files_named_directly(tmp_path, names):
    write(tmp_path / "a.txt", TEXT)
    write(tmp_path / "a.ann", ann((0, 3)))
    found = find_sources([tmp_path / name for name in names])
    assert [source.path.name for source in found] == ["a.txt"]
    (document,) = read_documents(found)
    assert surfaces(document) == ["Bob"]


def test_annotations_without_their_text(tmp_path):
    with pytest.raises(InputError, match=r"annotations without their text; put a\.txt beside"):
        find_sources([write(tmp_path / "a.ann", "")])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tX 0 999\tBob", "does not lie in the text's"),
        ("T1\tX 3 3\t", "does not lie in the text's"),
        ("T1\tX 0 3\tRob", "is 'Bob' and not 'Rob'"),
        ("T1\tX zero 3\tBob", "is no mention"),
    ],
)
def test_bad_annotations(tmp_path, line, message):
    write(tmp_path / "a.ann", f"{line}\n")
    _, errors = read(write(tmp_path / "a.txt", TEXT))
    assert [str(error).split(": ")[0] for error in errors] == [f"{tmp_path / 'a.ann'}:1"]
    assert message in str(errors[0])


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(st.integers(0, len(TEXT) - 1), st.integers(1, 9))))
def test_spans_of_brat_are_what_was_marked(tmp_path_factory, given_marks):
    folder = tmp_path_factory.mktemp("brat")
    marks = sorted({(start, min(start + size, len(TEXT))) for start, size in given_marks})
    write(folder / "a.ann", ann(*marks))
    ((document,), errors) = read(write(folder / "a.txt", TEXT))
    assert not errors
    assert surfaces(document) == [TEXT[start:end] for start, end in marks]


# --- WebAnno ------------------------------------------------------------------------------------

WEBANNO = """#FORMAT=WebAnno TSV 3.3
#T_SP=webanno.custom.Other|value
#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value
#T_RL=webanno.custom.Relation|label|BT_x


#Text=🦖 Angela Merkel lives.
1-1\t0-2\t🦖\tx\t_\t_\t_\t_\t
1-2\t3-9\tAngela\tx\t*[1]\tPER[1]\t_\t_\t
1-3\t10-16\tMerkel\t_\t*[1]|*[2]\tPER[1]|FAM[2]\t_\t_\t
1-4\t17-22\tlives\t_\t_\t_\t_\t_\t
1-5\t22-23\t.\t_\t_\t_\t_\t_\t

#Text=New York-based
2-1\t25-33\tNew York\t_\t*[2]\tFAM[2]\t_\t_\t
2-1.1\t25-28\tNew\t_\t*\tLOC\\_x\t_\t_\t
2-2\t33-39\t-based\t_\t_\t_\t_\t_\t
"""


def test_webanno(tmp_path):
    found, errors = read(write(tmp_path / "a.tsv", WEBANNO))
    assert not errors
    (document,) = found
    assert (document.id, document.text) == (
        "a.tsv",
        "🦖 Angela Merkel lives.\n\nNew York-based",
    )
    assert surfaces(document) == ["Angela Merkel", "Merkel lives.\n\nNew York", "New"]


def test_webanno_with_other_layers(tmp_path):
    other = WEBANNO.replace("NamedEntity", "Word")
    (document,) = read(write(tmp_path / "a.tsv", other))[0]
    assert surfaces(document) == ["🦖", "Angela"]
    bare = "#FORMAT=WebAnno TSV 3.3\n\n\n#Text=one\n1-1\t0-3\tone\t\n"
    (document,) = read(write(tmp_path / "b.tsv", bare))[0]
    assert (document.text, document.spans) == ("one", None)


def test_escapes_of_webanno(tmp_path):
    content = (
        "#FORMAT=WebAnno TSV 3.3\n#T_SP=x.NamedEntity|value\n\n\n"
        "#Text=a\\nb\\\\c\n1-1\t0-1\ta\t_\t\n1-2\t2-5\tb\\c\tX\\|Y\t\n"
    )
    (document,) = read(write(tmp_path / "a.tsv", content))[0]
    assert (document.text, surfaces(document)) == ("a\nb\\c", ["b\\c"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("10-16", "10-99", "does not lie in its sentence"),
        ("10-16", "x", "no token with its number"),
        ("25-33", "5-33", "begins within the one before"),
    ],
)
def test_bad_webanno(tmp_path, old, new, message):
    found, errors = read(write(tmp_path / "a.tsv", WEBANNO.replace(old, new)))
    assert (found, len(errors)) == ([], 1)
    assert message in str(errors[0])


def test_gap_that_would_fill_memory_is_refused(tmp_path):
    content = WEBANNO.replace("25-33", "999999999925-999999999933").replace("25-28", "_")
    _, errors = read(write(tmp_path / "a.tsv", content))
    assert len(errors) == 1


def test_other_tables_are_still_tables(tmp_path):
    (document,) = read(write(tmp_path / "a.tsv", "id\ttext\nx\tone\n"))[0]
    assert (document.id, document.text) == ("x", "one")
