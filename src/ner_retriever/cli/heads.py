"""``ner-retriever heads``: projection heads that don't come with the package."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ner_retriever.config import load_preset
from ner_retriever.errors import ConfigError

app = typer.Typer(help="Import projection heads.", no_args_is_help=True)


@app.command("import")
def import_head(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A PyTorch state dict, .pth.")],
    preset: Annotated[
        str, typer.Option(help="The preset whose backbone and site the head was trained on.")
    ] = "llama-3.1-8b",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to, instead of the cache.")
    ] = None,
) -> None:
    """Import the head that the paper's authors published, for the preset llama-3.1-8b.

    The file is read without running anything in it and kept as safetensors.

    Example: ner-retriever heads import contrastive_projection_head.pth
    """
    from ner_retriever.backbone.known import KNOWN
    from ner_retriever.heads.projection.files import save_head
    from ner_retriever.heads.projection.published import read_published_head
    from ner_retriever.heads.projection.record import imported_heads

    settings = load_preset(preset)
    if settings.backbone not in KNOWN or settings.head is None:
        raise ConfigError(f"preset {preset!r} has no known backbone and head to import for")
    head = read_published_head(file)
    folder = out or imported_heads() / settings.head
    save_head(
        folder,
        head,
        backbone=KNOWN[settings.backbone].fingerprint(settings.backbone),
        site=settings.site_fingerprint,
        notes={"source": file.name, "paper": "arXiv 2509.04011"},
    )
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{folder}: {head.width} to {head.dimensions} dimensions, for preset {preset}", markup=False
    )
