"""The pages as forms and links use them, without a browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ner_retriever import Document, Span
from ner_retriever.documents import Hit, Mention
from ner_retriever.web.pages.marking import Piece, other_forms, pieces_of, sentence
from web_helpers import DOUBTFUL, NOUN_AND_NAME, lines, make_index, many_documents, serving

HTMX = {"hx-request": "true"}


@pytest.fixture
def client(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset, many_documents(25))) as client:
        yield client


def ids(text: str) -> list[str]:
    return re.findall(r'<article class="row[^>]*data-id="([^"]+)"', text)


def judge(client: TestClient, identifier: str, verdict: str, **fields: str):
    form = {"id": identifier, "start": "0", "end": "6", "verdict": verdict} | fields
    return client.post("/judge", data=form)


def test_the_first_judgement_saves_the_query_and_the_next_ones_are_kept_with_it(
    client: TestClient,
) -> None:
    first = judge(client, "n001", "yes", q="thing")
    assert first.headers["location"] == "/search?saved=thing"
    # A row that was shown before the query was saved sends both.
    judge(client, "n002", "no", q="thing", saved="thing")
    saved = client.get("/api/v1/queries").json()
    assert [(s["name"], s["accepted"], s["rejected"]) for s in saved] == [("thing", 1, 1)]
    page = client.get("/search?saved=thing").text
    assert "1 yes, 1 no" in page
    client.post("/undo", data={"saved": "thing"})
    assert client.get("/api/v1/queries").json()[0]["rejected"] == 0


def test_a_random_check_shows_one_document_after_the_other_and_what_it_proves(
    client: TestClient,
) -> None:
    judge(client, "n001", "yes", q="thing")
    page = client.get("/search?saved=thing").text
    assert "1 document found, 1 of 25 read" in page
    begun = client.post("/check", data={"saved": "thing"})
    assert begun.headers["location"] == "/search?saved=thing&view=check"
    drawn = []
    while found := ids(page := client.get(begun.headers["location"]).text):
        drawn += found
        assert "Read it in full" in page
        judge(client, found[0], "no", saved="thing", view="check")
    assert sorted(drawn) == [f"n{number:03}" for number in range(25) if number != 1]
    assert "it has drawn everything" in page
    assert "24 of 24 unread ones checked at random, 0 of them yes" in page
    assert "at least <b>100%</b> of all is found" in page
    assert "you may stop" in page
    assert "<polyline" in page


def test_a_judgement_changes_the_verdict_alone(client: TestClient) -> None:
    form = {"id": "n001", "start": "0", "end": "6", "verdict": "yes", "q": "thing"}
    answer = client.post("/judge", data=form, headers=HTMX)
    assert answer.headers["hx-replace-url"] == "/search?saved=thing"
    assert "<article" not in answer.text
    assert re.search(r'value="yes"[^>]*aria-pressed="true"', answer.text)
    assert re.search(r'value="no"[^>]*aria-pressed="false"', answer.text)
    assert 'hx-swap-oob="true"' in answer.text


def test_another_type_in_the_box_is_another_query(client: TestClient) -> None:
    judge(client, "n001", "yes", q="thing")
    page = client.get("/search", params={"saved": "thing", "q": "city"}).text
    assert "1 yes" not in page
    judge(client, "n001", "no", q="city", saved="thing")
    assert [s["name"] for s in client.get("/api/v1/queries").json()] == ["city", "thing"]


def test_names_that_are_taken_are_numbered(client: TestClient) -> None:
    for query in ("thing", "city", "place"):
        client.post("/save", data={"q": query, "name": " same\nname "})
    names = [saved["name"] for saved in client.get("/api/v1/queries").json()]
    assert names == ["same name", "same name (2)", "same name (3)"]


def test_judged_rows_go_on_in_the_answer_that_was_shown(client: TestClient) -> None:
    page = client.get("/search?q=thing&cutoff=-1").text
    more = re.search(r'hx-get="(/rows[^"]*cursor[^"]*)"', page)
    assert more is not None
    judge(client, ids(page)[0], "no", q="thing", cutoff="-1")
    rest = client.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    assert sorted(ids(page) + ids(rest)) == [f"n{number:03}" for number in range(25)]


def test_rows_below_the_cutoff_follow_those_above(client: TestClient) -> None:
    scores = [hit["score"] for hit in client.get("/api/v1/search?q=thing").json()["results"]]
    cutoff = (scores[4] + scores[5]) / 2
    page = client.get("/search", params={"q": "thing", "cutoff": cutoff}).text
    assert len(ids(page)) == 5
    assert "Show 20 documents below" in page.replace("the ", "")
    below = client.get("/rows", params={"q": "thing", "cutoff": cutoff, "below": "1"}).text
    assert not set(ids(page)) & set(ids(below))
    assert len(ids(below)) == 20


def test_the_slider_is_told_estimates_and_neighbours(client: TestClient) -> None:
    answer = client.get("/estimate", params={"q": "thing", "cutoff": "0.5"}, headers=HTMX)
    assert answer.headers["hx-replace-url"] == "/search?q=thing&cutoff=0.5"
    assert "/export?q=thing&amp;cutoff=0.5&amp;format=csv" in answer.text
    assert "0.500" in answer.text


def test_the_answer_is_exported_down_to_its_cutoff(client: TestClient) -> None:
    answer = client.get("/export", params={"q": "thing", "cutoff": "-1", "format": "jsonl"})
    assert answer.headers["content-disposition"] == 'attachment; filename="thing.jsonl"'
    assert len(lines(answer.text)) == 25


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/search?q=%E2%80%A6", 422, "holds no word"),
        ("/search?q=thing&cutoff=2", 422, "must be auto or a cosine"),
        ("/search?q=thing&cutoff=nan", 422, "must be auto or a cosine"),
        ("/search?q=thing&view=x", 422, "view must be one of"),
        ("/search?saved=none", 404, "none"),
        ("/search?like=x", 422, "an example is ID:START-END"),
        ("/document?q=thing&id=none", 422, "no document"),
        ("/rows?q=thing&cursor=x", 400, "cursor"),
        ("/export?q=thing&format=exe", 422, "format"),
        ("/nowhere", 404, "Not Found"),
    ],
)
def test_errors_are_pages_or_notices(
    client: TestClient, path: str, status: int, message: str
) -> None:
    whole = client.get(path)
    part = client.get(path, headers=HTMX)
    assert whole.status_code == part.status_code == status
    for answer in (whole, part):
        assert message in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    assert "<html" in whole.text
    assert "<html" not in part.text


def test_a_document_without_a_mention_opens(tmp_path: Path, toy_preset: Path) -> None:
    documents = [Document("none", "nothing here", ()), Document("one", "Oslo", (Span(0, 4),))]
    with serving(make_index(tmp_path, toy_preset, documents)) as client:
        answer = client.get("/document?q=city&id=none")
    assert answer.status_code == 200
    assert "nothing here" in answer.text


def test_a_page_of_an_empty_index(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset, [])) as client:
        for view in ("documents", "entities", "map", "unsure"):
            assert client.get(f"/search?q=city&view={view}").status_code == 200
        assert client.get("/api/v1/search?q=city").json()["results"] == []


# --- marking -------------------------------------------------------------------------------------


def hit(text: str, *forms: str) -> Hit:
    mentions = [
        Mention(text.index(form), text.index(form) + len(form), form, 0.9 - number / 10)
        for number, form in enumerate(forms)
    ]
    return Hit("id", 0.9, text, tuple(mentions))


def test_the_sentence_of_the_best_mention_is_shown() -> None:
    found = hit("Rome is old. Oslo is in Norway! Paris too.", "Oslo", "Norway", "Rome")
    assert sentence(found) == [
        Piece("Oslo", "best", "0.900 · 13–17"),
        Piece(" is in "),
        Piece("Norway", "other", "0.800 · 24–30"),
        Piece("!"),
    ]


def test_a_long_sentence_is_cut_between_words_around_the_mention() -> None:
    text = "word " * 200 + "Oslo" + " word" * 200
    pieces = sentence(hit(text, "Oslo"))
    assert [piece.text for piece in (pieces[0], pieces[2], pieces[-1])] == ["… ", "Oslo", " …"]
    assert set("".join(piece.text for piece in pieces[1:-1]).split()) == {"word", "Oslo"}
    assert len("".join(piece.text for piece in pieces)) < 300


def test_of_mentions_that_overlap_the_first_is_marked() -> None:
    text = "the Supreme Court of India"
    found = hit(text, "Supreme Court", "Supreme Court of India", "India")
    marked = [p.text for p in pieces_of(text, 0, len(text), found.mentions, strong=1) if p.kind]
    assert marked == ["Supreme Court", "India"]
    assert other_forms(found) == "India"


def test_names_only_stays_with_the_query(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset, NOUN_AND_NAME)) as client:
        every = {"q": "city", "cutoff": "-1"}
        page = client.get("/search", params=every).text
        assert sorted(ids(page)) == ["name", "noun"]
        assert 'name="names_only" value="1">' in page
        page = client.get("/search", params={**every, "names_only": "1"}).text
        assert ids(page) == ["name"]
        assert 'name="names_only" value="1" checked>' in page
        assert "names_only=1" in page
        client.post("/save", data={**every, "names_only": "1", "name": "cities"})
        assert ids(client.get("/search", params={"saved": "cities"}).text) == ["name"]


def test_a_least_detection_score_stays_with_the_query(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset, DOUBTFUL)) as client:
        every = {"q": "city", "cutoff": "-1"}
        assert sorted(ids(client.get("/search", params=every).text)) == ["a", "b"]
        assert len(ids(client.get("/search", params={**every, "min_detection": "0"}).text)) == 2
        page = client.get("/search", params={**every, "min_detection": "0.5"}).text
        assert ids(page) == ["b"]
        assert (
            'name="min_detection" min="0" max="1" step="any" placeholder="any score" value="0.5"'
            in page
        )
        assert "min_detection=0.5" in page
        client.post("/save", data={**every, "min_detection": "0.5", "name": "cities"})
        saved = {"saved": "cities"}
        assert ids(client.get("/search", params=saved).text) == ["b"]
        page = client.get("/search", params={**saved, "min_detection": "0"}).text
        assert len(ids(page)) == 2
        assert "min_detection=0" in page
        bad = client.get("/search", params={**every, "min_detection": "much"})
        assert bad.status_code == 422
        assert "least detection score" in bad.text
