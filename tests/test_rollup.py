import pytest

from ner_retriever.documents import Hit, Mention
from ner_retriever.errors import QueryError
from ner_retriever.search.rollup import Entity, entity_key, rollup


@pytest.mark.parametrize(
    ("surface", "key"),
    [
        ("The Louvre", "louvre"),
        ("the  LOUVRE's", "louvre"),
        ("Louvre’s", "louvre"),
        ("Louvre 's", "louvre"),
        ("a Stegosaurus", "stegosaurus"),
        ("the Rolling Stones'", "rolling stones"),
        ("Straße", "strasse"),
        ("A", "a"),
        ("The", "the"),
        ("Theodor", "theodor"),
        ("Antwerp", "antwerp"),
        ("O'Neill", "o'neill"),
        ("the\nHague", "hague"),
        ("ﬁsh", "fish"),
        ("'s", "'s"),
        ("Lou\u00advre", "louvre"),
        ("Lou\u200bvre", "louvre"),
        ("Sjo\u0308gren", "sjögren"),
    ],
)
def test_what_joins_surface_forms(surface, key):
    assert entity_key(surface) == key


def hit(identifier, *mentions):
    return Hit(
        identifier, mentions[0][1], "text", tuple(Mention(0, 1, *mention) for mention in mentions)
    )


HITS = [
    hit("d1", ("the Louvre", 0.9), ("Prado", 0.5)),
    hit("d2", ("Prado's", 0.8), ("prado", 0.7), ("Prado", 0.6)),
    hit("d3", ("The Louvre", 0.7), ("the Louvre", 0.6)),
    hit("d4", ("Uffizi", 0.6)),
]


def test_entities_of_an_answer():
    louvre, prado, uffizi = rollup(HITS)
    assert louvre == Entity("Louvre", ("the Louvre", "The Louvre"), ("d1", "d3"), 3, 0.9)
    assert prado == Entity("Prado", ("Prado", "Prado's", "prado"), ("d1", "d2"), 4, 0.8)
    assert uffizi == Entity("Uffizi", ("Uffizi",), ("d4",), 1, 0.6)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("score", ["Louvre", "Prado", "Uffizi"]),
        ("documents", ["Louvre", "Prado", "Uffizi"]),
        ("mentions", ["Prado", "Louvre", "Uffizi"]),
        ("name", ["Louvre", "Prado", "Uffizi"]),
    ],
)
def test_orders(order, names):
    assert [entity.name for entity in rollup(HITS, order=order)] == names


def test_nothing_to_roll_up():
    assert rollup([]) == []


def test_an_unknown_order():
    with pytest.raises(QueryError, match="known: score, documents, mentions, name"):
        rollup(HITS, order="size")


def test_names_come_first_and_a_noun_is_one_line():
    def mentions(*given):
        return tuple(Mention(0, 1, text, score, 1.0, name) for text, score, name in given)

    hits = [
        Hit("d1", 0.9, "t", mentions(("museums", 0.9, 0.1), ("Louvre", 0.7, 0.9))),
        Hit("d2", 0.8, "t", mentions(("the museum", 0.8, 0.2), ("Prado", 0.8, 0.8))),
        Hit("d3", 0.6, "t", mentions(("Museum", 0.6, 0.6))),
    ]
    found = [(entity.name, entity.mentions, entity.is_name) for entity in rollup(hits)]
    assert found == [("Prado", 1, True), ("Louvre", 1, True), ("museums", 3, False)]
