"""The probe: what counts for and against a type, what is measured, and the command as a whole."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_helpers import error, run, write_jsonl
from ner_retriever.config import Site
from ner_retriever.documents import Span
from ner_retriever.errors import ConfigError, InputError
from ner_retriever.training.probe.measures import (
    Pairs,
    draw_pairs,
    name_r_precision,
    pair_auc,
    prototype_r_precision,
    unit,
)
from ner_retriever.training.probe.sample import ProbeSample, Ranking, choose_sample
from ner_retriever.training.probe.vector_file import VectorFile
from ner_retriever.training.typed_mentions import TypedText
from toys import BLOCKS


def text(number: int, *mentions: tuple[str, list[str]], source: str = "news") -> TypedText:
    """A text of nothing but its mentions, a space after each."""
    spans, types, written = [], [], ""
    for surface, its_types in mentions:
        spans.append(Span(len(written), len(written) + len(surface)))
        types.append(tuple(its_types))
        written += surface + " "
    return TypedText(str(number), source, written, tuple(spans), tuple(types))


def towns_and_rivers() -> list[TypedText]:
    """Thirty texts with a town and a river each; no name comes twice."""
    return [text(n, (f"town{n}", ["town"]), (f"river{n}", ["river"])) for n in range(30)]


def test_types_that_are_mentioned_often_enough_are_asked_about() -> None:
    rare = [text(100 + n, (f"sea{n}", ["sea"])) for n in range(4)]
    # Twenty mentions, but of one name: nothing new is left to find.
    one_name = [text(200 + n, ("Mars", ["planet"])) for n in range(20)]
    found = choose_sample([*towns_and_rivers(), *rare, *one_name], seed=0)
    assert found.names == ("river", "town")
    assert found.has.sum(axis=1).tolist() == [30, 30]
    assert len(found.text) == 60 + 4 + 20


def test_absent_is_not_negative() -> None:
    data = towns_and_rivers()
    # In 2 of 30 towns' mentions a town is a port, so a mere port says nothing about towns.
    data += [text(40 + n, (f"port{n}", ["port", "town"])) for n in range(2)]
    data += [text(50 + n, (f"quay{n}", ["port"])) for n in range(30)]
    found = choose_sample(data, seed=0)
    assert found.names == ("port", "river", "town")
    port, river, town = range(3)
    quays = slice(62, None)
    assert not found.has[town, quays].any()
    assert not found.unlike[town, quays].any()
    assert found.unlike[river, quays].all()
    assert not (found.has & found.unlike).any()
    assert found.unlike[port].tolist() == found.has[river].tolist()


def test_relations_are_learned_from_all_the_data_and_not_from_chance() -> None:
    elsewhere = [text(90, ("x", ["river", "town"]), source="dictionary")]
    # One of 30 is enough: now nothing is unlike a town.
    with pytest.raises(ConfigError, match="0 types are mentioned often enough in 30 texts"):
        choose_sample([*towns_and_rivers(), *elsewhere], sources=["news"], seed=0)
    many = [text(200 + n, (f"t{n}", ["town"]), (f"r{n}", ["river"])) for n in range(30)]
    chance = choose_sample([*towns_and_rivers(), *many, *elsewhere], sources=["news"], seed=0)
    # One of 61 is under one in fifty.
    assert chance.unlike.sum(axis=1).tolist() == [60, 60]


def test_mentions_without_a_type_are_left_out() -> None:
    data = [*towns_and_rivers(), text(99, ("who", [])), text(98, ("it", []), ("Ur", ["town"]))]
    found = choose_sample(data, seed=0)
    assert len(found.texts) == 31
    assert sum(len(one.spans) for one in found.texts) == len(found.text) == 61
    last = found.texts[-1]
    assert [last.text[span.start : span.end] for span in last.spans] == ["Ur"]


@pytest.mark.parametrize("seed", range(3))
def test_a_prototype_finds_no_text_and_no_name_that_it_was_made_of(seed: int) -> None:
    data = towns_and_rivers()
    data += [text(40 + n, ("Paris" if n % 2 else "PARIS", ["town"])) for n in range(10)]
    found = choose_sample(data, seed=seed)
    for name, both in zip(found.names, found.rankings, strict=True):
        has = found.has[found.names.index(name)]
        for ranking in both:
            assert has[ranking.shown].all()
            shown_texts = set(found.text[ranking.shown])
            assert shown_texts.isdisjoint(found.text[ranking.searched])
            shown_surfaces = set(found.surface[ranking.shown])
            assert shown_surfaces.isdisjoint(found.surface[ranking.searched])
            relevant = ranking.searched[ranking.relevant]
            assert has[relevant].all()
            assert has[ranking.searched].sum() == len(relevant)
        first, second = both
        assert set(first.shown).isdisjoint(second.shown)
        assert len(first.shown) + len(second.shown) == has.sum()


def test_what_cannot_be_sampled_is_said() -> None:
    with pytest.raises(ConfigError, match="source 'blog'; sources in the data: news"):
        choose_sample(towns_and_rivers(), sources=["news", "blog"], seed=0)
    with pytest.raises(ConfigError, match="0 types are mentioned often enough in 5 texts"):
        choose_sample(towns_and_rivers(), limit=5, seed=0)


def test_a_type_that_is_unlike_none_but_rare_ones_has_pairs_all_the_same() -> None:
    rare = [text(100 + n, (f"sea{n}", [f"sea{n}"])) for n in range(20)]
    near = [text(200, ("x", ["river", "town"]))]
    sample = choose_sample([*towns_and_rivers(), *near, *rare], seed=0)
    assert sample.names == ("river", "town")
    for different, unlike in zip(draw_pairs(sample, seed=0).different, sample.unlike, strict=True):
        assert len(different) == 500
        assert unlike.sum() == 20
        assert unlike[different[:, 1]].all()


def test_pairs_differ_in_text_and_name() -> None:
    data = [*towns_and_rivers(), text(50, ("a", ["town"]), ("b", ["town"]), ("a", ["river"]))]
    sample = choose_sample(data, seed=0)
    pairs = draw_pairs(sample, seed=0)
    for row, (same, different) in enumerate(zip(pairs.same, pairs.different, strict=True)):
        has, unlike = sample.has[row], sample.unlike[row]
        assert has[same].all()
        assert has[different[:, 0]].all()
        assert unlike[different[:, 1]].all()
        assert len({tuple(sorted(pair)) for pair in same.tolist()}) == len(same)
        for drawn in (same, different):
            assert (sample.text[drawn[:, 0]] != sample.text[drawn[:, 1]]).all()
            assert (sample.surface[drawn[:, 0]] != sample.surface[drawn[:, 1]]).all()
            assert 0 < len(drawn) <= 500
    again = draw_pairs(sample, seed=0)
    for one, other in zip(pairs.same + pairs.different, again.same + again.different, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_other_mention_of_a_pair_is_of_each_type_as_often() -> None:
    common = [text(100 + n, *((f"p{n}-{m}", ["person"]) for m in range(10))) for n in range(50)]
    sample = choose_sample([*towns_and_rivers(), *common], seed=0)
    person, _, town = (sample.names.index(name) for name in ("person", "river", "town"))
    drawn = draw_pairs(sample, seed=0).different[town]
    # 500 people and 30 rivers; half of 500 pairs each, within five standard deviations.
    assert sample.has[person, drawn[:, 1]].sum() == pytest.approx(250, abs=56)


def small_sample() -> ProbeSample:
    """Six mentions: a, a, a, b, b, b, in unit circles' order as `VECTORS` has them."""
    has = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], bool)
    first, second = np.array([0, 3]), np.array([1, 2, 4, 5])
    rankings = (
        (
            Ranking(first[:1], second, np.array([0, 1])),
            Ranking(second[:2], first, np.array([0])),
        ),
        (
            Ranking(first[1:], second, np.array([2, 3])),
            Ranking(second[2:], first, np.array([1])),
        ),
    )
    order = np.arange(6)
    return ProbeSample((), ("a", "b"), has, ~has, order, order, rankings)


# Angles in degrees: 0, 10, 80 | 90, 100, 30.
ANGLES = np.radians([0, 10, 80, 90, 100, 30])
VECTORS = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]).astype(np.float32)


def test_auc_of_pairs_by_hand() -> None:
    pairs = Pairs(
        # Apart by 10, 80 and 70 degrees; and by 10, 60 and 70.
        same=(np.array([[0, 1], [0, 2], [1, 2]]), np.array([[3, 4], [3, 5], [4, 5]])),
        # Apart by 30 and 90 degrees; and by 90 and 20.
        different=(np.array([[0, 5], [0, 3]]), np.array([[3, 0], [4, 2]])),
    )
    assert pair_auc(VECTORS, pairs) == pytest.approx([(2 + 1 + 1) / 6, (2 + 1 + 1) / 6])


def test_r_precision_of_prototypes_by_hand() -> None:
    # a from 0°: 10°, 30° (b), … finds one of two; from 10° and 80°, so 45°: a at 0° and b at 90°
    # are equally near, and the earlier ranks first: one of one.
    # b from 90°: 100°, 80° (a), … one of two; from 100° and 30°, so 65°: 90° first, one of one.
    assert prototype_r_precision(VECTORS, small_sample()) == pytest.approx([0.75, 0.75])


def test_r_precision_of_names_by_hand() -> None:
    queries = np.array([[1, 0], [0, 1]], np.float32)
    # From 0°: 0°, 10°, 30° (b); from 90°: 90°, then 80° (a) and 100° equally near.
    assert name_r_precision(VECTORS, queries, small_sample()) == pytest.approx([2 / 3, 2 / 3])


def test_what_neither_has_a_type_nor_is_unlike_it_is_not_ranked() -> None:
    sample = small_sample()
    sample.unlike[0, 5] = False
    queries = np.array([[1, 0], [0, 1]], np.float32)
    assert name_r_precision(VECTORS, queries, sample) == pytest.approx([1.0, 2 / 3])


def test_unit_vectors() -> None:
    np.testing.assert_array_equal(
        unit(np.array([[3, 4], [0, 0]], np.float32)), np.array([[0.6, 0.8], [0, 0]], np.float32)
    )


SITES = (
    Site(component="value", block=0, pooling="mean"),
    Site(component="hidden", block=0, pooling="last"),
)


def test_what_is_spilled_comes_back_site_by_site(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "sites", mentions=3, sites=SITES, widths=(2, 3))
    file.write(1, np.array([[3, 4, 5, 6, 7], [8, 9, 10, 11, 1e6]], np.float32))
    file.write(0, np.array([[-1e6, 1, 2, 2.5, 0.1]], np.float32))
    np.testing.assert_array_equal(file.read(SITES[0]), [[-65504, 1], [3, 4], [8, 9]])
    np.testing.assert_allclose(
        file.read(SITES[1]), [[2, 2.5, 0.1], [5, 6, 7], [10, 11, 65504]], rtol=1e-3
    )
    assert (tmp_path / "sites").stat().st_size == 2 * 3 * 5


def test_a_full_disk_is_said_beforehand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"2 sites of 1,000,000,000,000 mentions need .*TMPDIR"):
        VectorFile(tmp_path / "sites", mentions=10**12, sites=SITES, widths=(2, 3))
    assert list(tmp_path.iterdir()) == []


def records() -> list[dict[str, Any]]:
    return [
        {
            "id": one.id,
            "source": one.source,
            "text": one.text,
            "mentions": [
                {"start": span.start, "end": span.end, "types": list(types)}
                for span, types in zip(one.spans, one.types, strict=True)
            ],
        }
        for one in towns_and_rivers()
    ]


@pytest.fixture(scope="module")
def probed(
    tmp_path_factory: pytest.TempPathFactory, toy_preset: Path
) -> tuple[dict[str, Any], Path, str]:
    folder = tmp_path_factory.mktemp("probe")
    data = write_jsonl(folder / "data.jsonl", records())
    out, plot = folder / "probe.json", folder / "probe.png"
    options = ["--preset", toy_preset, "--out", out, "--plot", plot, "--prefix", "x\\n"]
    outcome = run("probe", "--data", data, *options, "--template", "some {query}")
    assert outcome.code == 0, outcome
    return json.loads(out.read_text()), plot, outcome.out


def test_the_command_measures_every_site(probed: tuple[dict[str, Any], Path, str]) -> None:
    result, _, printed = probed
    assert (result["texts"], result["mentions"]) == (30, 60)
    assert result["types"] == {"river": 30, "town": 30}
    assert len(result["sites"]) == BLOCKS * 6 * 3
    own = result["preset"]["site"]
    (chosen,) = (site for site in result["sites"] if own.items() <= site.items())
    assert chosen["width"] == 32
    for measures in (chosen["raw"], chosen["centred"]):
        for measure in measures.values():
            assert (measure["ahead"], measure["ahead_interval"]) == (0.0, [0.0, 0.0])
            low, high = measure["interval"]
            assert 0 <= low <= measure["value"] <= high <= 1
    # Names say which is which: "town" and "river" are spelled differently.
    assert max(site["centred"]["auc"]["value"] for site in result["sites"]) > 0.9
    assert "the preset's" in printed
    for key in ("versions", "machine", "commit", "date", "seed", "backbone_fingerprint", "data"):
        assert key in result


def test_the_command_tries_prefixes_and_templates(
    probed: tuple[dict[str, Any], Path, str],
) -> None:
    result, _, printed = probed
    tried = [(reading["prefix"], reading["query_template"]) for reading in result["readings"]]
    assert tried[0] == ("", "{query}")
    assert {prefix for prefix, _ in tried} == {"", "Text: ", "x\n"}
    templates = {"{query}", "a {query}", "It is a {query}.", "some {query}"}
    assert {template for _, template in tried} == templates
    assert len(tried) == 3 * 4
    # What a query is read as changes nothing in the mentions.
    by_prefix: dict[str, set[float]] = {prefix: set() for prefix, _ in tried}
    for reading in result["readings"]:
        by_prefix[reading["prefix"]].add(reading["prototypes"]["value"])
    assert all(len(values) == 1 for values in by_prefix.values())
    assert "some {query}" in printed


def test_the_figure_is_a_picture(probed: tuple[dict[str, Any], Path, str]) -> None:
    assert probed[1].read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_measures_the_same(
    probed: tuple[dict[str, Any], Path, str], tmp_path: Path, toy_preset: Path
) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records())
    out = tmp_path / "again.json"
    outcome = run("probe", "--data", data, "--preset", toy_preset, "--out", out)
    assert outcome.code == 0, outcome
    assert json.loads(out.read_text())["sites"] == probed[0]["sites"]


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path, toy_preset: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records())
    base = ["probe", "--data", data, "--preset", toy_preset]
    assert "must end with .png" in error(*base, "--plot", tmp_path / "probe.txt")
    assert "/no; make it first" in error(*base, "--plot", tmp_path / "no" / "probe.png")
    assert "/no; make it first" in error(*base, "--out", tmp_path / "no" / "probe.json")
    assert "{query} once" in error(*base, "--template", "no place")
    assert "no text is of the source 'x'" in error(*base, "--sources", "x")


def test_a_site_past_the_last_block_is_refused(tmp_path: Path, toy_preset: Path) -> None:
    data = write_jsonl(tmp_path / "data.jsonl", records())
    settings = json.loads(toy_preset.read_text())
    settings["site"]["block"] = BLOCKS
    preset = tmp_path / "far.json"
    preset.write_text(json.dumps(settings))
    message = error("probe", "--data", data, "--preset", preset)
    assert message.startswith("the site of preset 'toy' is in block 4, and the last of")
