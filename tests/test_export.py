import csv
import io
import json
import zipfile

from ner_retriever.documents import Hit, Mention
from ner_retriever.search.export import (
    write_brat,
    write_conll,
    write_csv,
    write_entities_csv,
    write_entities_jsonl,
    write_jsonl,
)
from ner_retriever.search.rollup import Entity

TEXT = 'Ada met "Bo Li".\nThey left, 🦕!'


def mention(start, end, score):
    return Mention(start, end, TEXT[start:end], score)


# Best first, as a hit lists them; "met" overlaps the best, "They left" stands in two lines' text.
HIT = Hit(
    "a\n1",
    0.9,
    TEXT,
    (mention(9, 14, 0.9), mention(4, 11, 0.8), mention(17, 21, 0.7)),
    fields={"year": 2020, "tags": ("a", "b")},
    duplicates=2,
)


def test_json_lines():
    stream = io.StringIO()
    write_jsonl([HIT], stream)
    record = json.loads(stream.getvalue())
    assert (record["id"], record["score"], record["text"]) == ("a\n1", 0.9, TEXT)
    assert record["mentions"][0] == {
        "start": 9,
        "end": 14,
        "text": "Bo Li",
        "score": 0.9,
        "detection_score": 1.0,
        "name_score": 1.0,
        "page": None,
    }
    assert (record["fields"], record["duplicates"]) == ({"year": 2020, "tags": ["a", "b"]}, 2)


def test_csv():
    stream = io.StringIO()
    write_csv([HIT], stream, fields=["year", "none", "tags"])
    header, first, *others = csv.reader(io.StringIO(stream.getvalue()))
    assert header[:4] == ["rank", "id", "score", "mention"]
    assert header[-5:] == ["page", "duplicates", "field.year", "field.none", "field.tags"]
    more = ["", "2", "2020", "", "a, b"]
    assert first == ["1", "a\n1", "0.9", "Bo Li", "9", "14", "0.9", "1.0", "1.0", TEXT, *more]
    assert len(others) == 2


def test_conll():
    stream = io.StringIO()
    write_conll([HIT, Hit("b", 0.5, "", ())], stream, label="person (any)")
    assert stream.getvalue() == (
        '# id = a 1\nAda\tO\nmet\tO\n"\tO\nBo\tB-person_any\nLi\tI-person_any\n"\tO\n.\tO\n'
        "\nThey\tB-person_any\nleft\tO\n,\tO\n🦕\tO\n!\tO\n\n# id = b\n\n"
    )


def test_a_mention_that_cuts_a_token_takes_it_whole():
    stream = io.StringIO()
    write_conll([Hit("a", 1, "Parisian", (Mention(0, 5, "Paris", 1),))], stream, label="city")
    assert stream.getvalue() == "# id = a\nParisian\tB-city\n\n"


def test_brat():
    stream = io.BytesIO()
    broken = Hit("../../etc/passwd", 0.5, "New\nYork", (Mention(0, 8, "New\nYork", 0.5),))
    write_brat([HIT, broken], stream, label="person of note")
    with zipfile.ZipFile(stream) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    assert list(files) == [
        "000001-a_1.txt",
        "000001-a_1.ann",
        "000002-etc_passwd.txt",
        "000002-etc_passwd.ann",
    ]
    assert files["000001-a_1.txt"] == TEXT
    lines = files["000001-a_1.ann"].splitlines()
    assert lines == [
        'T1\tperson_of_note 4 11\tmet "Bo',
        "T2\tperson_of_note 9 14\tBo Li",
        "T3\tperson_of_note 17 21\tThey",
    ]
    assert files["000002-etc_passwd.ann"] == "T1\tperson_of_note 0 3;4 8\tNew York\n"


def test_the_same_archive_twice():
    first, second = io.BytesIO(), io.BytesIO()
    write_brat([HIT], first, label="x")
    write_brat([HIT], second, label="x")
    assert first.getvalue() == second.getvalue()


def test_entities():
    entity = Entity("Louvre", ("the Louvre",), ("d1", "d3"), 3, 0.9)
    stream = io.StringIO()
    write_entities_jsonl([entity], stream)
    assert json.loads(stream.getvalue()) == {
        "name": "Louvre",
        "forms": ["the Louvre"],
        "documents": ["d1", "d3"],
        "mentions": 3,
        "score": 0.9,
        "is_name": True,
    }
    stream = io.StringIO()
    write_entities_csv([entity], stream)
    assert stream.getvalue() == "name,score,documents,mentions,is_name\nLouvre,0.9,2,3,True\n"
