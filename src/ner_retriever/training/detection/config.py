"""Settings of a mention head's training."""

from dataclasses import dataclass

from ner_retriever.config import Settings
from ner_retriever.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionConfig(Settings):
    """How a mention head is trained.

    Attributes:
        complete: sources in which every mention is annotated; elsewhere some are, and what is not
            annotated may be a mention all the same.
        left_out: sources that are not used, since their texts are no sentences.
        lexicon: source whose mentions are a dictionary of things that have a name of their own.
        lexicon_texts: texts of the lexicon, glosses, that are also read, at most.
        teacher: the detector whose finds may be mentions that nobody annotated; empty for none.
        floor: what a teacher's find counts in a complete source, where nobody annotated it: not
            nothing, for what one annotation leaves out another one takes in.
        agreed: what it counts elsewhere if it is in the lexicon too; if not, it counts neither
            for nor against.
        folds, fold: every source is cut into so many folds, and this one of them, counted
            from 0, is not trained on but measured on.
        varied: share of texts that are also read augmented: caseless, without punctuation, misread.
        paragraphs, lists: how many documents of several sentences, and of lines and cells, are made
            for each hundred texts.
        caseless: share of texts whose words' shapes are hidden in a step.
        hidden: width of a word's state.
        longest: words in a mention at most.
        dropout: while training.
        epochs, batch_texts, learning_rate, weight_decay: of AdamW, whose rate rises for a hundred
            steps and then falls to a twentieth.
        words_a_mention: the threshold is set so that held-out texts of complete sources have one
            mention in so many words.
        nested: least share of the best overlapping mention's score that a mention needs to be kept
            beside it.
        seed: of everything random.
    """

    complete: tuple[str, ...] = ("crossner", "re-docred", "wikigold", "wnut17", "written")
    left_out: tuple[str, ...] = ("fb15k-wikidata",)
    lexicon: str = "wordnet"
    lexicon_texts: int = 8000
    teacher: str = "spacy"
    floor: float = 0.05
    agreed: float = 0.5
    folds: int = 20
    fold: int = 0
    varied: float = 0.5
    paragraphs: float = 15.0
    lists: float = 10.0
    caseless: float = 0.3
    hidden: int = 192
    longest: int = 10
    dropout: float = 0.2
    epochs: int = 6
    batch_texts: int = 32
    learning_rate: float = 0.001
    weight_decay: float = 0.01
    words_a_mention: float = 5.0
    nested: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("complete", "left_out"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("floor", "agreed", "varied", "caseless", "dropout", "nested"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be 0 to 1, not {getattr(self, name)!r}")
        for name in ("hidden", "longest", "epochs", "batch_texts", "learning_rate"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"{name} must be greater than 0, not {getattr(self, name)!r}")
        if not 0 <= self.fold < self.folds or self.folds < 2:
            raise ConfigError(f"fold must be one of {self.folds}, at least 2, not {self.fold}")
        if self.words_a_mention < 1:
            raise ConfigError(f"words_a_mention must be at least 1, not {self.words_a_mention}")
