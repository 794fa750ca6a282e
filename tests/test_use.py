"""Cut-offs fitted and measured, users simulated: by hand where it can be, and as commands."""

import json
from pathlib import Path

import numpy as np
import pytest

from cli_helpers import error, run, write_jsonl
from ner_retriever.documents import Span
from ner_retriever.errors import InputError
from ner_retriever.evaluation.calibration import fit, label
from ner_retriever.evaluation.cutoffs import Labelled, measure_cutoffs
from ner_retriever.evaluation.feedback import simulate
from ner_retriever.index.mentions import DOCUMENT
from ner_retriever.index.parts import MENTION, Part
from ner_retriever.index.scan import Scan
from ner_retriever.search.cutoff import CutoffParameters
from ner_retriever.training.typed_mentions import TypedText

PARAMETERS = CutoffParameters(head="h", intercept=-4.0, slope=1.5, spread=1.0)


def drawn(parameters: CutoffParameters, types: int, documents: int = 400) -> list[Labelled]:
    """Types whose documents are relevant as the parameters say."""
    generator = np.random.default_rng(0)
    found = []
    for number in range(types):
        z = generator.normal(size=documents) + 4 * (generator.random(documents) < 0.15)
        median = np.median(z)
        z = (z - median) / (1.4826 * np.median(np.abs(z - median)))
        offset = parameters.spread * generator.normal()
        odds = parameters.intercept + parameters.slope * z + offset
        relevant = generator.random(documents) < 1 / (1 + np.exp(-odds))
        found.append(Labelled(str(number), (z / 20).astype(np.float32), relevant))
    return found


def test_what_scores_were_drawn_from_is_found_again() -> None:
    found = fit(drawn(PARAMETERS, 60), head="other")
    assert found.head == "other"
    assert found.intercept == pytest.approx(PARAMETERS.intercept, abs=0.5)
    assert found.slope == pytest.approx(PARAMETERS.slope, rel=0.15)
    assert found.spread == pytest.approx(PARAMETERS.spread, rel=0.4)


def test_estimates_hold_for_what_they_were_fitted_on() -> None:
    labelled = [one for one in drawn(PARAMETERS, 60) if one.relevant.any()]
    good = measure_cutoffs(labelled, PARAMETERS)
    assert good.types == len(labelled)
    assert good.calibration_error < 0.02
    assert good.brier < good.brier_of_share
    assert good.precision_held > 0.75
    assert good.f1 <= good.best_f1
    sure = CutoffParameters(head="h", intercept=1.0, slope=1.5, spread=1.0)
    bad = measure_cutoffs(labelled, sure)
    assert bad.calibration_error > 0.3
    assert bad.f1 < good.f1


def test_cutoffs_of_nothing() -> None:
    nothing = Labelled("none", np.zeros(3, np.float32), np.zeros(3, bool))
    with pytest.raises(InputError, match="a relevant document for each"):
        measure_cutoffs([nothing], PARAMETERS)


class LetterEncoder:
    """A mention's vector points where its first letter says."""

    def mentions(self, texts: list[str], spans: list[tuple[Span, ...]]) -> list[np.ndarray]:
        return [
            np.stack([self._of(text[span.start]) for span in found])
            for text, found in zip(texts, spans, strict=True)
        ]

    def queries(self, types: list[str]) -> np.ndarray:
        return np.stack([self._of(name[0]) for name in types])

    def _of(self, letter: str) -> np.ndarray:
        return np.eye(26, dtype=np.float32)[ord(letter) - ord("a")]


def test_texts_are_scored_for_types_that_ten_mention() -> None:
    texts = [
        TypedText(str(n), "s", "ab" if n < 10 else "ba", (Span(0, 1),), (("art",) * (n < 10),))
        for n in range(13)
    ]
    texts.append(TypedText("none", "s", "a", (), ()))
    (one,) = label(LetterEncoder(), texts)  # type: ignore[arg-type]
    assert one.name == "art"
    assert one.scores.tolist() == [1.0] * 10 + [0.0] * 3
    assert one.relevant.tolist() == [True] * 10 + [False] * 3
    with pytest.raises(InputError, match="no type stands in 10 of the 9 texts"):
        label(LetterEncoder(), texts[:9])  # type: ignore[arg-type]


def scan_of(angles: list[float]) -> Scan:
    """A mention a document, at these angles to the first axis."""
    vectors = np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float16)
    count = len(angles)
    part = Part(vectors, np.zeros(count, MENTION), np.arange(count + 1))
    return Scan.of("s", (part,), (2, 0), np.zeros(count, DOCUMENT))


def test_a_user_who_judges_finds_the_rest_sooner() -> None:
    # Wrong documents lie on one side of the query and right ones, farther off, on the other.
    wrong = [0.01 * n for n in range(1, 41)]
    right = [-0.02 - 0.05 * n for n in range(20)]
    scan = scan_of([*wrong, *right])
    query, relevant = np.array([1.0, 0.0], np.float32), np.arange(40, 60)
    kept = simulate(scan, query, relevant, refined=False)
    refined = simulate(scan, query, relevant, refined=True)
    assert kept.r_precision[0] == refined.r_precision[0] == pytest.approx(3 / 20)
    assert refined.r_precision[2] > kept.r_precision[2]
    assert refined.read < kept.read
    assert kept.read > 50


def test_a_user_of_a_perfect_list_reads_no_more_than_it_holds() -> None:
    scan = scan_of([0.0, 0.1, 1.0, 1.2])
    session = simulate(scan, np.array([1.0, 0.0], np.float32), np.array([0, 1]), refined=True)
    assert session.read == 2
    assert session.r_precision == (1.0,) * 5


TYPED = [
    {
        "id": str(number),
        "source": "news",
        "text": f"{word} {number:02}",
        "mentions": [{"start": 0, "end": 4, "types": [kind]}],
    }
    for number in range(24)
    for kind, word in [("city", "oslo") if number % 2 else ("beast", "wolf")]
]


def test_users_are_simulated(tmp_path: Path, toy_preset: Path) -> None:
    data = write_jsonl(tmp_path / "typed.jsonl", TYPED)
    out, plot = tmp_path / "use.json", tmp_path / "use.png"
    outcome = run(
        "simulate", "jsonl", "--data", data, "--spans", "gold", "--preset", toy_preset,
        "--out", out, "--plot", plot,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "best_f1" in outcome.out
    assert "documents read for 95%" in outcome.out
    result = json.loads(out.read_text())
    assert result["texts"] == 24
    assert result["cutoffs"]["types"] == 2
    assert set(result["feedback"]) == {"refined", "kept"}
    assert plot.read_bytes().startswith(b"\x89PNG")
    # An index of the same mentions gives the same.
    spans = [[[m["start"], m["end"]] for m in record["mentions"]] for record in TYPED]
    given = [{**r, "spans": s} for r, s in zip(TYPED, spans, strict=True)]
    documents, index = write_jsonl(tmp_path / "given.jsonl", given), tmp_path / "index"
    options = ["--preset", toy_preset, "--spans-field", "spans"]
    assert run("index", documents, "--out", index, *options).code == 0
    again = run(
        "simulate", "jsonl", "--data", data, "--spans", "gold", "--index", index, "--out", out
    )
    assert again.code == 0, again.err
    asked = json.loads(out.read_text())
    assert asked["cutoffs"] == pytest.approx(result["cutoffs"])
    assert asked["feedback"] == result["feedback"]
    assert asked["fingerprints"] == result["fingerprints"]


def test_cutoffs_are_fitted_for_a_head(tmp_path: Path, toy_preset: Path) -> None:
    data = write_jsonl(tmp_path / "typed.jsonl", TYPED)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"steps": 2, "hidden": 8, "dimensions": 8, "bank": 0}))
    head = tmp_path / "head"
    trained = run(
        "train", "--data", data, "--preset", toy_preset, "--out", head, "--config", config,
        "--cache", tmp_path / "cache",
    )  # fmt: skip
    assert trained.code == 0, trained.err
    command = ["calibrate", head, "--data", data, "--preset", toy_preset, "--source"]
    outcome = run(*command, "news")
    assert outcome.code == 0, outcome.err
    fitted = json.loads((head / "cutoff.json").read_text())
    sha256 = json.loads((head / "head.json").read_text())["sha256"]
    assert fitted["head"] == sha256[:16]
    assert "fitted on 2 types, 24 texts" in outcome.err
    assert "the data hold no text of the sources wiki" in error(*command, "wiki")


def test_what_cannot_be_written_is_known_before_users_are_simulated(
    tmp_path: Path, toy_preset: Path
) -> None:
    data = write_jsonl(tmp_path / "typed.jsonl", TYPED)
    command = ["simulate", "jsonl", "--data", data, "--spans", "gold", "--preset", toy_preset]
    assert "/no; make it first" in error(*command, "--out", tmp_path / "no" / "use.json")
    assert "its name must end with .png" in error(*command, "--plot", tmp_path / "use.gif")
