"""Scanned pages, recognised by Tesseract where it is installed."""

import os
import shutil
import subprocess
from typing import Any

from ner_retriever.text.parsing.blocks import Blocks

MOST_PAGES = 2_000
_DOTS_PER_INCH = 300
_POINTS_PER_INCH = 72
# A poster at 300 dots per inch would not fit into memory.
_MOST_PIXELS = 40_000_000
_SECONDS_A_PAGE = 90


class NotRecognised(Exception):
    """Tesseract did not read a page."""


def is_installed() -> bool:
    """Whether there is a Tesseract to call."""
    return shutil.which("tesseract") is not None


def recognise(page: Any, languages: str) -> str:
    """Return the text on a page of pypdfium2.

    Args:
        languages: as Tesseract names them: ``eng+deu``.

    Raises:
        NotRecognised: Tesseract lacks a language, failed, or took too long.
    """
    program = shutil.which("tesseract") or "tesseract"
    try:
        done = subprocess.run(  # noqa: S603
            [program, "stdin", "stdout", "-l", languages, "--psm", "3"],
            input=_gray_map(page),
            capture_output=True,
            timeout=_SECONDS_A_PAGE,
            # Other pages, and other programs, have a use for the other cores.
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotRecognised(f"tesseract took over {_SECONDS_A_PAGE} seconds a page") from error
    except OSError as error:
        raise NotRecognised(f"tesseract cannot be started: {error}") from error
    if done.returncode:
        told = " ".join(done.stderr.decode(errors="replace").split())[-200:]
        raise NotRecognised(f"tesseract: {told or f'ended with code {done.returncode}'}")
    return _as_paragraphs(done.stdout.decode("utf-8", errors="replace"))


def _gray_map(page: Any) -> bytes:
    """Draw a page in grays, as a file of the kind PGM."""
    width, height = page.get_size()
    scale = _DOTS_PER_INCH / _POINTS_PER_INCH
    pixels = width * height * scale * scale
    if pixels > _MOST_PIXELS:
        scale *= (_MOST_PIXELS / pixels) ** 0.5
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        rows = memoryview(bitmap.buffer).cast("B")
        drawn = b"".join(
            rows[start : start + bitmap.width]
            for start in range(0, bitmap.stride * bitmap.height, bitmap.stride)
        )
        return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + drawn
    finally:
        bitmap.close()


def _as_paragraphs(text: str) -> str:
    blocks = Blocks()
    for paragraph in text.replace("\f", "\n\n").split("\n\n"):
        blocks.paragraph(paragraph)
    return blocks.text
