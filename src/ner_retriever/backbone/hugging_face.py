"""Reading a model with transformers: quietly, and wholly or not at all."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner_retriever.errors import UnsupportedModel, first_line
from ner_retriever.extras import needs

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer
    from torch import nn


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' progress bars and warnings from the terminal."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()


def refuse_incomplete(missing: Iterable[str], source: Path) -> None:
    """Refuse a model some of whose weights were not in its files.

    transformers fills them with random numbers and goes on. The pooler alone may be missing: no
    site lies behind it.

    Args:
        missing: names of the weights.

    Raises:
        UnsupportedModel: weights are missing.
    """
    needed = sorted(name for name in missing if not name.startswith("pooler."))
    if needed:
        raise UnsupportedModel(
            f"{source} lacks {len(needed)} of the model's weights, such as {needed[0]}; "
            "fetch or export it anew"
        )


def make_tokenizer(folder: Path) -> "Tokenizer":
    """Make a model's tokenizer of files that are no ``tokenizer.json``.

    Raises:
        UnsupportedModel: it cannot be made, or gives no character offsets.
        MissingExtra: transformers is not installed.
    """
    with needs("torch", "A tokenizer without a tokenizer.json"):
        from transformers import AutoTokenizer

    try:
        made = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # damaged files make the readers raise almost anything
        raise UnsupportedModel(
            f"the model in {folder} cannot be loaded: {first_line(error)}"
        ) from error
    if not made.is_fast:
        raise UnsupportedModel(
            f"{type(made).__name__} gives no character offsets; "
            "a model with a fast tokenizer is needed"
        )
    tokenizer: Tokenizer = made.backend_tokenizer
    return tokenizer


def read_model(
    folder: Path, blocks: int | None, dtype: "torch.dtype"
) -> tuple["nn.Module", set[str]]:
    """Read a model's first blocks; also return the names of weights that are missing."""
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    model, loading = AutoModel.from_pretrained(
        folder,
        config=cut_config(config, blocks),
        dtype=dtype,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    return model, set(loading["missing_keys"])


def cut_config(config: Any, blocks: int | None) -> Any:
    """Let transformers load no more than the first blocks."""
    config.use_cache = False
    if blocks is not None and config.num_hidden_layers > blocks:
        layer_types = getattr(config, "layer_types", None)
        if layer_types:
            config.layer_types = layer_types[:blocks]
        config.num_hidden_layers = blocks
    return config
