"""The page as a person uses it, in Debian's Chromium."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ner_retriever.web.app import create_app
from ner_retriever.web.settings import ServerSettings
from web_helpers import listening, make_index, many_documents

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; on Debian: apt-get install chromium"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DOCUMENTS = 45


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, toy_preset: Path) -> Iterator[str]:
    index = make_index(tmp_path_factory.mktemp("browser"), toy_preset, many_documents(DOCUMENTS))
    with listening(create_app(index, ServerSettings())) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "playwright.Browser", address: str) -> Iterator["playwright.Page"]:
    """A page that must neither complain nor ask any other host."""
    context = browser.new_context(base_url=address, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    playwright.expect.set_options(timeout=20_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: complaints.append(asked.url) if not asked.url.startswith(address) else None,
    )
    yield page
    context.close()
    assert complaints == []


def rows(page: "playwright.Page") -> "playwright.Locator":
    return page.locator("#rows .row")


def given(page: "playwright.Page", row: int, verdict: str) -> "playwright.Locator":
    """The verdict button of a row, if it is pressed."""
    return rows(page).nth(row).get_by_role("button", name=verdict, pressed=True)


def search(page: "playwright.Page", query: str) -> None:
    page.goto("/")
    page.locator("#q").fill(query)
    page.keyboard.press("Enter")
    rows(page).first.wait_for()


def test_search_and_rows_that_come_while_scrolling(page: "playwright.Page") -> None:
    page.goto("/search?q=thing&cutoff=-1")
    playwright.expect(rows(page)).to_have_count(20)
    assert rows(page).first.locator("mark").inner_text().startswith("Thing")
    for count in (40, DOCUMENTS):
        page.keyboard.press("End")
        playwright.expect(rows(page)).to_have_count(count)
    identifiers = rows(page).evaluate_all("rows => rows.map(row => row.dataset.id)")
    assert len(set(identifiers)) == DOCUMENTS


def test_keys_move_open_and_close(page: "playwright.Page") -> None:
    search(page, "thing")
    page.locator("h1, #main").first.click(position={"x": 1, "y": 1})
    page.keyboard.press("j")
    playwright.expect(rows(page).nth(0)).to_be_focused()
    page.keyboard.press("j")
    playwright.expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("k")
    playwright.expect(rows(page).nth(0)).to_be_focused()
    identifier = rows(page).nth(0).get_attribute("data-id")
    page.keyboard.press("o")
    viewer = page.locator("#viewer")
    playwright.expect(viewer).to_be_visible()
    playwright.expect(viewer.locator("h2")).to_have_text(identifier)
    playwright.expect(viewer.locator(".text mark")).to_have_count(1)
    page.keyboard.press("Escape")
    playwright.expect(viewer).to_be_hidden()
    page.keyboard.press("?")
    playwright.expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    playwright.expect(page.locator("#q")).to_be_focused()


def test_judge_refine_and_undo(page: "playwright.Page") -> None:
    page.goto("/search?q=judged+thing&cutoff=-1")
    third = rows(page).nth(2).get_attribute("data-id")
    score = page.locator(f".row[data-id={third}] .score")
    before = score.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("n")
    playwright.expect(given(page, 0, "No")).to_be_visible()
    playwright.expect(rows(page).nth(1)).to_be_focused()
    page.keyboard.press("n")
    playwright.expect(rows(page).nth(2)).to_be_focused()
    page.keyboard.press("y")
    playwright.expect(given(page, 2, "Yes")).to_be_visible()
    panel = page.locator("#judged")
    playwright.expect(panel).to_contain_text("1 yes, 2 no")
    playwright.expect(panel).to_contain_text("judged thing")
    page.wait_for_url("**/search?saved=judged+thing*")
    page.keyboard.press("r")
    playwright.expect(score).not_to_have_text(before)
    page.get_by_role("link", name="First ranking").click()
    playwright.expect(score).to_have_text(before)
    page.keyboard.press("u")
    playwright.expect(panel).to_contain_text("0 yes, 2 no")
    page.goto("/saved")
    playwright.expect(page.locator(".card", has_text="judged thing")).to_contain_text("2 no")
    with page.expect_navigation():
        page.locator(".card", has_text="judged thing").get_by_role("button", name="Delete").click()
    playwright.expect(page.locator(".card", has_text="judged thing")).to_have_count(0)


def test_the_least_sure_is_judged_one_after_the_other(page: "playwright.Page") -> None:
    page.goto("/search?q=unsure+thing&view=unsure")
    seen = []
    for _ in range(3):
        row = page.locator(".row")
        seen.append(row.get_attribute("data-id"))
        with page.expect_navigation():
            page.keyboard.press("y")
    assert len(set(seen)) == 3
    playwright.expect(page.locator("#judged")).to_contain_text("3 yes, 0 no")


def test_the_slider_moves_the_cutoff(page: "playwright.Page") -> None:
    page.goto("/search?q=thing&cutoff=-1")
    playwright.expect(page.locator("#count")).to_contain_text(f"{DOCUMENTS} documents")
    slider = page.locator("#cutoff")
    slider.focus()
    page.keyboard.press("End")
    playwright.expect(page.locator("#estimate .figures")).to_contain_text(f"of {DOCUMENTS}")
    playwright.expect(page.locator("#count")).not_to_contain_text(f"{DOCUMENTS} documents")
    page.wait_for_url("**cutoff=0.*")
    below = page.get_by_role("button", name="below")
    below.wait_for()
    above = rows(page).count()
    assert above < DOCUMENTS
    playwright.expect(slider).to_be_focused()
    below.click()
    playwright.expect(rows(page).nth(above)).to_have_class("row below")


def test_roll_up_and_map(page: "playwright.Page") -> None:
    page.goto("/search?q=thing&cutoff=-1")
    page.keyboard.press("2")
    page.wait_for_url("**view=entities")
    playwright.expect(page.locator("tbody tr")).to_have_count(DOCUMENTS)
    page.get_by_role("link", name="Entity").click()
    first = page.locator("tbody tr").first
    playwright.expect(first).to_contain_text("Thing000")
    first.locator("summary").click()
    first.get_by_role("link", name="n000").click()
    playwright.expect(page.locator("#viewer h2")).to_have_text("n000")
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    page.wait_for_url("**view=map**")
    point = page.locator(".map circle").first
    playwright.expect(page.locator(".map circle")).to_have_count(DOCUMENTS)
    point.hover()
    playwright.expect(page.locator("#map-label")).to_have_text(point.get_attribute("data-name"))


def test_combine_and_ask_by_example(page: "playwright.Page") -> None:
    search(page, "thing")
    page.locator("summary", has_text="Combine").click()
    page.get_by_label("and not").fill("number")
    page.keyboard.press("Enter")
    playwright.expect(page.locator(".chip")).to_contain_text("not number")
    rows(page).first.get_by_role("link", name="more like this").click()
    playwright.expect(page.locator(".chip")).to_have_count(2)
    page.locator(".chip a").nth(1).click()
    playwright.expect(page.locator(".chip")).to_have_count(1)
    playwright.expect(page.locator("#q")).to_have_value("thing")


def test_export(page: "playwright.Page", tmp_path: Path) -> None:
    page.goto("/search?q=thing&cutoff=-1")
    with page.expect_download() as download:
        page.locator("#exports").get_by_role("link", name="JSON lines").click()
    assert download.value.suggested_filename == "thing.jsonl"
    download.value.save_as(tmp_path / "answer.jsonl")
    assert len((tmp_path / "answer.jsonl").read_text().splitlines()) == DOCUMENTS


def test_upload_save_and_see_what_is_new(page: "playwright.Page", tmp_path: Path) -> None:
    page.goto("/search?q=new+thing")
    page.get_by_label("Name").fill("watched")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**saved=watched")
    record = {"id": "fresh", "text": "A fresh Thing <b>appears</b>.", "spans": [[8, 13]]}
    (tmp_path / "fresh.jsonl").write_text(json.dumps(record))
    page.goto("/add")
    page.locator("input[type=file]").set_input_files(tmp_path / "fresh.jsonl")
    page.get_by_role("button", name="Upload").click()
    card = page.locator(".card", has_text="fresh.jsonl")
    playwright.expect(card).to_contain_text("Done: 1 new")
    page.goto("/search?saved=watched&new=1&cutoff=-1")
    playwright.expect(rows(page)).to_have_count(1)
    playwright.expect(rows(page)).to_contain_text("A fresh Thing <b>appears</b>.")
    page.get_by_role("button", name="Mark as seen").click()
    page.goto("/search?saved=watched&new=1&cutoff=-1")
    playwright.expect(page.locator(".notice")).to_contain_text("Nothing new")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_no_more_than_its_width(
    browser: "playwright.Browser", address: str, scheme: str
) -> None:
    context = browser.new_context(
        base_url=address, viewport={"width": 360, "height": 740}, color_scheme=scheme
    )
    page = context.new_page()
    for path in ("/", "/search?q=thing", "/search?q=thing&view=entities", "/add", "/saved"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
