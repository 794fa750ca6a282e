"""GGUF files of the Llama family, converted once to safetensors.

Reading a GGUF takes half a minute for 135M parameters; reading what it was converted to, a moment.
"""

from pathlib import Path
from typing import Any

from ner_retriever.backbone.hugging_face import quiet_transformers, refuse_incomplete
from ner_retriever.errors import UnsupportedModel, first_line
from ner_retriever.extras import needs


def convert(file: Path, folder: Path) -> None:
    """Write a GGUF file's model (without its language-model head) and tokenizer into a folder.

    Raises:
        UnsupportedModel: the file cannot be read or is not whole, or its architecture is not known.
        MissingExtra: torch is not installed.
    """
    with needs("torch", "Reading a GGUF file"):
        import gguf  # noqa: F401 - transformers reads with it, and says less clearly that it lacks
        import torch  # noqa: F401
    try:
        with quiet_transformers():
            missing = _convert(file, folder)
    except Exception as error:  # a damaged file makes the readers raise almost anything
        raise UnsupportedModel(f"{file} cannot be read as GGUF: {first_line(error)}") from error
    refuse_incomplete(missing, file)


def _convert(file: Path, folder: Path) -> set[str]:
    """Convert; return the names of weights that the file lacks."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    source: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    read, loading = AutoModel.from_pretrained(
        file.parent, dtype=torch.float32, output_loading_info=True, **source
    )
    config = AutoConfig.from_pretrained(file.parent, **source)
    # What was read still counts as quantised to transformers, which refuses to save such a model.
    model = AutoModel.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, **source).save_pretrained(folder)
    return set(loading["missing_keys"])
