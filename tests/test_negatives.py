"""Hard negatives: who is a kind of whom, what is found, and what is dropped and why."""

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ner_retriever.documents import Span
from ner_retriever.errors import MissingExtra
from ner_retriever.training import exclusion, negatives
from ner_retriever.training.activations import Activations
from ner_retriever.training.exclusion import Exclusions, Rules
from ner_retriever.training.hierarchy import estimate_hierarchy
from ner_retriever.training.negatives import Miner
from ner_retriever.training.relation import Relation
from ner_retriever.training.typed_mentions import TypedText


def related(relation: Relation, row: int) -> list[int]:
    return relation.of(np.array([row]))[1].tolist()


def test_a_relation_gives_what_goes_with_each_row() -> None:
    relation = Relation(np.array([2, 0, 2, 2]), np.array([5, 1, 0, 5]), 4)
    positions, columns = relation.of(np.array([2, 1, 0, 2]))
    assert positions.tolist() == [0, 0, 2, 3, 3]
    assert columns.tolist() == [0, 5, 1, 0, 5]


def test_a_relation_without_pairs() -> None:
    nothing = np.array([], dtype=np.int64)
    positions, columns = Relation(nothing, nothing, 3).of(np.array([0, 2]))
    assert positions.tolist() == columns.tolist() == []


def hierarchy_of(*mentions: str) -> dict[str, str]:
    """Ancestors by type, from mentions written as their types' letters."""
    pairs = [
        (owner, ord(name) - ord("a")) for owner, names in enumerate(mentions) for name in names
    ]
    owners, types = np.array(pairs).T
    found = estimate_hierarchy(owners, types, mentions=len(mentions), count=3)
    ancestors = {row: related(found.ancestors, row) for row in range(3)}
    for row in range(3):
        assert related(found.descendants, row) == [a for a in ancestors if row in ancestors[a]]
    return {
        chr(ord("a") + row): "".join(chr(ord("a") + column) for column in columns)
        for row, columns in ancestors.items()
    }


def test_nine_in_ten_make_a_descendant() -> None:
    assert hierarchy_of(*["ab"] * 9, "b", "ac", "ac") == {"a": "", "b": "a", "c": "a"}
    assert hierarchy_of(*["ab"] * 8, "b", "b", "ac") == {"a": "", "b": "", "c": "a"}


def test_types_that_always_go_together_are_both_of_each_other() -> None:
    assert hierarchy_of("ab", "ab", "c") == {"a": "b", "b": "a", "c": ""}


def test_a_type_that_is_said_twice_counts_once() -> None:
    assert hierarchy_of("ab", "aab", "bbb", "c") == {"a": "b", "b": "", "c": ""}


TYPES = ["animal", "bird", "river", "duck", "gull"]


def text(identifier: str, words: str, *mentions: tuple[str, Sequence[str]]) -> TypedText:
    spans = [Span(words.index(word), words.index(word) + len(word)) for word, _ in mentions]
    return TypedText(
        identifier, "toy", words, tuple(spans), tuple(tuple(types) for _, types in mentions)
    )


# bird is a kind of animal, duck and gull are kinds of bird.
TEXTS = [
    text("0", "The Mallard swims in the Rhine.", ("Mallard", ["animal", "bird", "duck"])),
    text("1", "A Teal by the Rhine.", ("Teal", ["animal", "bird", "duck"]), ("Rhine", ["river"])),
    text("2", "The Herring Gull is no Duck.", ("Herring Gull", ["animal", "bird", "gull"])),
    text("3", "Lassie swims.", ("Lassie", ["animal"])),
    text("4", "The Eagle swims.", ("Eagle", ["animal", "bird"])),
    text("5", "MALLARD swims, a ship.", ("MALLARD", ["river"])),
    text("6", "Mallard Rhine swims: what is Duck?", ("Duck", ["river"]), ("what", [])),
]


def activations(texts: Sequence[TypedText]) -> Activations:
    types = [TYPES.index(name) for text in texts for names in text.types for name in names]
    sizes = [len(names) for text in texts for names in text.types]
    return Activations(
        mentions=np.zeros((len(sizes), 2), np.float32),
        queries=np.zeros((len(TYPES), 2), np.float32),
        names=tuple(TYPES),
        owners=np.repeat(np.arange(len(sizes)), sizes),
        types=np.array(types),
        texts=np.repeat(np.arange(len(texts)), [len(text.spans) for text in texts]),
        sources=np.full(len(sizes), "toy"),
    )


MALLARD, TEAL, RHINE, GULL, LASSIE, EAGLE, SHIP, DUCK, WHAT = range(9)
ALL = np.ones(9, dtype=bool)


def miner(**options: Any) -> Miner:
    toy = activations(TEXTS)
    return Miner(toy, TEXTS, Rules(toy, TEXTS), **{"usable": ALL, **options})


def mention(number: int) -> int:
    return len(TYPES) + number


def unit(*degrees: float) -> Any:
    radians = np.radians(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


# The further down, the further from the first mention, and from the type names, which lie on it.
NAMES, MENTIONS = unit(0, 0, 0, 0, 0), unit(0, 1, 2, 3, 4, 5, 6, 7, 8)


def test_neighbours_of_a_mention_and_why_the_others_are_dropped() -> None:
    found = miner().by_neighbours(np.array([mention(MALLARD)]), NAMES, MENTIONS)
    # Itself and Teal are ducks; the others share bird or animal, which a duck is, too.
    assert found.mentions.tolist() == [[RHINE, DUCK] + [-1] * 8]
    assert found.exclusions == Exclusions(
        candidates=9,
        kept=2,
        no_type=1,
        same_type=5,
        ancestor_type=0,
        descendant_type=0,
        same_surface=1,
    )


def test_neighbours_of_a_type_name_and_why_the_others_are_dropped() -> None:
    found = miner().by_neighbours(np.array([TYPES.index("bird")]), NAMES, MENTIONS)
    # Lassie, an animal, may be a bird that was not marked as one.
    assert found.mentions[0, :4].tolist() == [RHINE, SHIP, DUCK, -1]
    exclusions = found.exclusions
    assert (exclusions.same_type, exclusions.ancestor_type) == (4, 1)
    assert (exclusions.kept, exclusions.no_type, exclusions.same_surface) == (3, 1, 0)


def test_a_mention_of_a_descendant_alone_is_dropped() -> None:
    # A tenth of the ducks are not marked as birds.
    texts = [text(str(n), f"W{n}", (f"W{n}", ["bird", "duck"])) for n in range(9)]
    texts += [text(str(n), f"W{n}", (f"W{n}", ["bird"])) for n in (9, 10)]
    texts += [text("11", "Donald", ("Donald", ["duck"])), text("12", "Rhine", ("Rhine", ["river"]))]
    usable = np.arange(13) >= 11
    toy = activations(texts)
    found = Miner(toy, texts, Rules(toy, texts), usable=usable).by_neighbours(
        np.array([TYPES.index("bird")]), NAMES, unit(*range(13))
    )
    assert found.mentions[0, :2].tolist() == [12, -1]
    assert found.exclusions.descendant_type == 1


def test_a_mention_that_is_called_like_the_type_is_dropped() -> None:
    found = miner().by_neighbours(np.array([TYPES.index("duck")]), NAMES, MENTIONS)
    assert found.mentions[0, :3].tolist() == [RHINE, SHIP, -1]
    assert found.exclusions.same_surface == 1


def test_hardest_first_and_no_more_than_wanted() -> None:
    anchors = np.array([TYPES.index("river"), mention(SHIP)])
    found = miner(kept=2).by_neighbours(anchors, NAMES, MENTIONS)
    # Seen from the ship at 6 degrees, the eagle at 5 is nearest; it is not a river.
    assert found.mentions.tolist() == [[MALLARD, TEAL], [EAGLE, LASSIE]]
    near = miner(looked_at=3).by_neighbours(anchors[:1], NAMES, MENTIONS)
    assert near.mentions[0, :3].tolist() == [MALLARD, TEAL, -1]
    assert near.exclusions.candidates == 3


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    anchors = np.arange(len(TYPES) + 9)
    at_once = miner().by_neighbours(anchors, NAMES, MENTIONS)
    monkeypatch.setattr(negatives, "_BLOCK_BYTES", 2 * 9 * 4)
    monkeypatch.setattr(exclusion, "_BLOCK", 3)
    by_twos = miner().by_neighbours(anchors, NAMES, MENTIONS)
    np.testing.assert_array_equal(by_twos.mentions, at_once.mentions)
    assert by_twos.exclusions == at_once.exclusions


def test_only_usable_mentions_are_candidates() -> None:
    usable = ALL.copy()
    usable[[MALLARD, RHINE]] = False
    one = miner(usable=usable)
    anchors = np.array([TYPES.index("river"), mention(MALLARD)])
    for found in (one.by_neighbours(anchors, NAMES, MENTIONS), one.by_bm25(anchors)):
        assert not np.isin(found.mentions, [MALLARD, RHINE]).any()
        assert (found.mentions >= 0).any()


def test_texts_without_usable_mentions_take_no_place() -> None:
    # The one text that is looked at is not the mention's own, which shares the most with itself.
    found = miner(usable=np.arange(9) == DUCK, looked_at=1).by_bm25(np.array([mention(MALLARD)]))
    assert found.mentions[0, 0] == DUCK


def test_bm25_asks_with_the_name_of_a_type() -> None:
    # "duck" stands in texts 2 and 6, and only the gull of text 2 is neither a duck nor called so,
    # but a bird.
    found = miner().by_bm25(np.array([TYPES.index("duck")]))
    assert (found.mentions == -1).all()
    assert found.exclusions == Exclusions(
        candidates=3,
        kept=0,
        no_type=1,
        same_type=0,
        ancestor_type=1,
        descendant_type=0,
        same_surface=1,
    )


def test_bm25_asks_with_the_text_of_a_mention() -> None:
    # Text 1 shares Rhine with text 6, which says Mallard and swims, too, texts 0 and 3 to 5 less.
    found = miner().by_bm25(np.array([mention(MALLARD)]))
    assert found.mentions[0, :3].tolist() == [DUCK, RHINE, -1]
    assert found.exclusions.same_surface == 1
    assert found.exclusions.no_type == 1
    assert found.exclusions.same_type == 4


def test_the_counts_add_up() -> None:
    record = miner().by_bm25(np.arange(len(TYPES) + 9)).exclusions.to_record()
    assert record.pop("candidates") == sum(record.values()) > 0


def test_a_name_that_no_text_shares_a_word_with_finds_nothing() -> None:
    found = miner().by_bm25(np.array([TYPES.index("animal")]))
    assert (found.mentions == -1).all()
    assert found.exclusions.candidates == 0


def test_bm25_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "bm25s":
            raise ImportError(name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"ner-retriever\[training\]"):
        miner().by_bm25(np.array([0]))
