"""Where training texts come from, and under which licence."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from ner_retriever.training.typed_mentions import TypedText

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Source:
    """A source of training texts.

    Attributes:
        origin: what it was made of.
        licence: what it may be used under.
    """

    origin: str
    licence: str


# By the name that texts give as their source.
SOURCES = MappingProxyType(
    {
        "anem": Source("AnEM, anatomical entities", "CC BY-SA 3.0"),
        "crossner": Source("CrossNER, five domains", "MIT"),
        "dbpedia-webnlg": Source(
            "Text2KGBench: WebNLG sentences with DBpedia triples", "CC BY-SA 4.0"
        ),
        "fb15k-wikidata": Source(
            "Freebase types and Wikidata descriptions of FB15k's entities", "CC BY, CC0"
        ),
        "neretrieve": Source("NERetrieve, paragraphs of Wikipedia", "CC BY-SA 4.0"),
        "fewrel": Source("FewRel's validation split: the two ends of a relation", "MIT, CC BY-SA"),
        "name-lists": Source("dariusk/corpora, lists of names in phrasings", "CC0"),
        "re-docred": Source("Re-DocRED, whole abstracts of Wikipedia", "MIT, CC BY-SA"),
        "written": Source("written for this project (data/written)", "CC0"),
        "wikidata-tekgen": Source(
            "Text2KGBench: Wikipedia sentences with Wikidata triples; CoDEx's entity types",
            "CC BY-SA 4.0, MIT",
        ),
        "wikigold": Source("Wikigold", "CC BY 4.0"),
        "wnut17": Source("WNUT 2017", "CC BY 4.0"),
        "wordnet": Source("WordNet 3.0 nouns and their glosses", "WordNet license"),
    }
)


def count_sources(texts: Iterable[TypedText]) -> dict[str, dict[str, int]]:
    """For each source, how many texts and mentions there are: ``{"texts": …, "mentions": …}``."""
    counts: dict[str, dict[str, int]] = {}
    for text in texts:
        count = counts.setdefault(text.source, {"texts": 0, "mentions": 0})
        count["texts"] += 1
        count["mentions"] += len(text.spans)
    return dict(sorted(counts.items()))
