"""Who may ask, by which name, from where, how much; and that no text becomes markup."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ner_retriever.errors import ConfigError
from ner_retriever.web.security import COOKIE
from ner_retriever.web.settings import ServerSettings
from ner_retriever.web.uploads import safe_name
from web_helpers import code, finished, make_index, serving

TOKEN = "0123456789abcdef0123"
PAGES = ["/", "/search?q=dinosaur", "/saved", "/add", "/login", "/nowhere"]


@pytest.fixture
def client(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset)) as client:
        yield client


@pytest.fixture
def guarded(tmp_path: Path, toy_preset: Path) -> Iterator[TestClient]:
    with serving(make_index(tmp_path, toy_preset), host="0.0.0.0", token=TOKEN) as client:  # noqa: S104
        yield client


def test_another_host_takes_a_token() -> None:
    with pytest.raises(ConfigError, match="takes a token"):
        ServerSettings(host="0.0.0.0")  # noqa: S104
    with pytest.raises(ConfigError, match="takes a token"):
        ServerSettings(host="files.example")
    for weak in ("short", "", "with a space in the middle", "ключ-из-двадцати-знаков"):
        with pytest.raises(ConfigError, match="16 or more ASCII"):
            ServerSettings(token=weak)
    assert ServerSettings(host="::1").token is None


def test_the_api_takes_the_token_and_nothing_else(guarded: TestClient) -> None:
    path = "/api/v1/info"
    for wrong in ("", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer", "Bearer é"):
        answer = guarded.get(path, headers={"authorization": wrong.encode()})
        assert (answer.status_code, code(answer)) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get(path, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/api/v1/openapi.json").status_code == 401
    assert guarded.get("/api/v1/health").status_code == 200


def test_a_browser_logs_in_once(guarded: TestClient) -> None:
    assert guarded.get("/").headers["location"] == "/login"
    assert guarded.post("/judge").status_code == 401
    assert guarded.get("/rows", headers={"hx-request": "true"}).status_code == 401
    assert guarded.get("/static/page.css").status_code == 200
    refused = guarded.post("/login", data={"token": "x" * 20})
    assert refused.status_code == 401
    assert COOKIE not in refused.headers.get("set-cookie", "")
    let_in = guarded.post("/login", data={"token": TOKEN})
    cookie = let_in.headers["set-cookie"]
    assert TOKEN not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert guarded.get("/").status_code == 200
    # The cookie is for pages alone, so that the API needs no defence against forged forms.
    assert guarded.get("/api/v1/info").status_code == 401
    guarded.post("/logout")
    assert guarded.get("/").status_code == 303
    guarded.cookies.set(COOKIE, "0" * 64)
    assert guarded.get("/").status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "[::1", "127.0.0.1.nip.example"]
)
def test_foreign_host_names_are_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/v1/info", headers={"host": host})
    assert (answer.status_code, code(answer)) == (403, "wrong_host")


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:9", "[::1]:8000", "10.0.0.7"]
)
def test_own_host_names_are_known(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/info", headers={"host": host}).status_code == 200


def test_a_further_name_can_be_given(tmp_path: Path, toy_preset: Path) -> None:
    with serving(make_index(tmp_path, toy_preset), names=("Search.Example",)) as client:
        assert client.get("/", headers={"host": "search.example"}).status_code == 200
        assert client.get("/", headers={"host": "other.example"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:81"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_other_sites_pages_change_nothing(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post(
        "/api/v1/queries",
        content=json.dumps({"name": "x", "query": "y"}),
        headers={"content-type": "application/json"} | headers,
    )
    assert (answer.status_code, code(answer)) == (403, "foreign_origin")
    assert client.post("/save", data={"q": "x", "name": "y"}, headers=headers).status_code == 403
    assert client.get("/api/v1/queries").json() == []


def test_other_sites_may_link_but_not_embed(client: TestClient) -> None:
    linked = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    embedded = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get("/search?q=dinosaur", headers=linked).status_code == 200
    assert client.get("/search?q=dinosaur", headers=embedded).status_code == 403
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert client.post("/save", data={"q": "x y", "name": "y"}, headers=own).status_code == 303


@pytest.mark.parametrize("path", PAGES)
def test_pages_allow_no_script_style_or_request_but_their_own(
    client: TestClient, path: str
) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?! src=\"/static/)|<style|\sstyle=|\son\w+=|hx-on", answer.text)
    assert not re.search(r"(src|href|action|hx-get|hx-post)=\"(?!/[^/]|/\"|#)", answer.text)


def test_the_vendored_script_asks_no_other_host() -> None:
    import ner_retriever.web

    static = Path(ner_retriever.web.__file__).parent / "static"
    for file in static.iterdir():
        addresses = set(re.findall(r"https?://[^\s\"'`<>)]+", file.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, file.name


def test_markup_in_documents_ids_and_queries_shows_as_text(
    tmp_path: Path, toy_preset: Path
) -> None:
    from ner_retriever import Document, Span

    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    text = f"{evil} Oslo"
    document = Document(f'"><i>{evil}', text, (Span(0, 8), Span(len(text) - 4, len(text))))
    with serving(make_index(tmp_path, toy_preset, [document])) as client:
        named = client.post("/save", data={"q": evil, "name": evil})
        pages = [
            client.get("/search", params={"q": evil, "exclude": evil, "cutoff": "-1"}),
            client.get("/search", params={"q": "x y", "view": "entities", "cutoff": "-1"}),
            client.get("/search", params={"q": "x y", "view": "map", "cutoff": "-1"}),
            client.get("/search", params={"q": "x y", "view": "unsure"}),
            client.get("/document", params={"q": "x y", "id": document.id}),
            client.get("/search", params={"q": "x y", "view": evil}),
            client.get("/document", params={"q": "x y", "id": evil}),
            client.get("/saved"),
            client.get(named.headers["location"]),
        ]
    for page in pages:
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "<i>" not in page.text


def test_no_path_of_a_request_is_opened(client: TestClient, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("Tyrannosaurus secret")
    for path in (
        f"/static/../../../../../..{secret}",
        f"/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e{secret}",
        f"/static//{secret}",
        f"/document?q=dinosaur&id={secret}",
        f"/api/v1/documents?id={secret}",
        f"/api/v1/uploads/..%2f..%2f{secret}",
    ):
        assert "secret" not in client.get(path).text.replace(str(secret), "")
    name = f"../../..{secret}"
    upload = client.post("/upload", files={"file": (name, b"Oslo is a city")})
    assert upload.status_code == 303
    assert secret.read_text() == "Tyrannosaurus secret"
    sent = client.get("/api/v1/uploads").json()[0]
    assert sent["name"] == "secret.txt"
    (message,) = finished(client, sent["id"])["messages"]
    assert message.startswith("secret.txt:1: document 'secret.txt:1' has no spans")


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("a.txt", "a.txt"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\Notes 1.JSONL", "Notes_1.jsonl"),
        ("/.csv.csv", "csv.csv"),
        ("....txt", "upload.txt"),
        ("a\x00b\n.txt", "a_b.txt"),
        ("статья.txt", "статья.txt"),
        ("x" * 500 + ".tsv", "x" * 60 + ".tsv"),
    ],
)
def test_names_of_files_are_made_harmless(given: str, safe: str) -> None:
    assert safe_name(given) == safe


def test_what_is_too_large_is_refused(tmp_path: Path, toy_preset: Path) -> None:
    index = make_index(tmp_path, toy_preset)
    with serving(index, request_bytes=1_000, upload_bytes=5_000) as client:
        body = {"query": "dinosaur", "cursor": "x" * 2_000}
        large = client.post("/api/v1/search", json=body)
        assert (large.status_code, code(large)) == (413, "too_large")
        # No length is given with what comes in pieces.
        pieces = client.post("/api/v1/search", content=iter([b'{"query": "', b"x" * 2_000, b'"}']))
        assert pieces.status_code == 413
        fits = client.post("/api/v1/documents", json={"documents": [{"text": "x" * 3_000}]})
        assert fits.status_code == 202
        upload = client.post("/upload", files={"file": ("a.txt", b"x" * 6_000)})
        assert upload.status_code == 413
        streamed = client.post("/api/v1/documents", content=iter([b"x" * 3_000] * 2))
        assert streamed.status_code == 413


def test_an_unexpected_error_tells_nothing_and_keeps_the_headers(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("the password is 12345")

    monkeypatch.setattr(type(client.app.state.service), "info", fail)  # type: ignore[attr-defined]
    answer = client.get("/api/v1/info")
    assert (answer.status_code, code(answer)) == (500, "internal_error")
    assert "12345" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
