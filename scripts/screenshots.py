"""Take docs/screenshots anew: the page over the example corpus, in Debian's Chromium."""

import io
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from ner_retriever import Retriever
from ner_retriever.search.feedback import Feedback, Judgement
from ner_retriever.search.query import Query
from ner_retriever.search.saved import SavedQuery
from ner_retriever.text.readers import read_documents
from ner_retriever.web.app import create_app

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
TARGET = ROOT / "docs" / "screenshots"
JUDGED_TYPE = "museum"
JUDGED_RANKS = range(0, 75, 5)
COLOURS = 128
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("no Chromium here; on Debian: apt-get install chromium")
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "example.index"
        retriever = Retriever.create(index)
        retriever.add(read_documents([EXAMPLES / "corpus.jsonl"]))
        judge(retriever)
        with serving(index) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
            take_all(browser, address)
            browser.close()


def judge(retriever: Retriever) -> None:
    """Save a query with judgements of its first documents by the corpus's own types."""
    types = (EXAMPLES / "types.jsonl").read_text(encoding="utf-8").splitlines()
    relevant = next(set(t["ids"]) for t in map(json.loads, types) if t["type"] == JUDGED_TYPE)
    ranked = list(retriever.search(JUDGED_TYPE, limit=None))
    history = tuple(
        Judgement(
            id=hit.id,
            start=hit.mentions[0].start,
            end=hit.mentions[0].end,
            relevant=hit.id in relevant,
        )
        for hit in (ranked[rank] for rank in JUDGED_RANKS)
    )
    retriever.queries.create(
        SavedQuery(
            name=JUDGED_TYPE,
            query=Query(describe=JUDGED_TYPE),
            feedback=Feedback(history=history),
        )
    )


@contextmanager
def serving(index: Path) -> Iterator[str]:
    """Serve an index at a free port."""
    server = uvicorn.Server(uvicorn.Config(create_app(index), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def take_all(browser: Browser, address: str) -> None:
    """Take each picture."""
    take(browser, address, "search", "/search?q=dinosaur")
    take(browser, address, "entities", f"/search?saved={JUDGED_TYPE}&view=entities&order=documents")
    take(browser, address, "cutoff", "/search?q=dinosaur", height=900, before=show_cutoff)
    take(browser, address, "map", f"/search?saved={JUDGED_TYPE}&view=map&cutoff=0.62")
    take(browser, address, "phone", "/search?q=dinosaur", width=390, scheme="dark")


def show_cutoff(page: Page) -> None:
    """Lower the cut-off a little and go to where the answer ends."""
    page.locator("#cutoff").focus()
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    page.wait_for_url("**cutoff=**")
    page.wait_for_load_state("networkidle")
    page.locator("#cutoff").blur()
    page.locator("#rows .border").scroll_into_view_if_needed()
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(500)


def take(
    browser: Browser,
    address: str,
    name: str,
    path: str,
    *,
    width: int = 1200,
    height: int = 760,
    scheme: str = "light",
    before=lambda _: None,
) -> None:
    """Take one picture with few colours, which makes its file small."""
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    before(page)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS).save(TARGET / f"{name}.png", optimize=True)
    context.close()


if __name__ == "__main__":
    main()
