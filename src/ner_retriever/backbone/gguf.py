"""GGUF files of the Llama family, converted once to safetensors.

Reading a GGUF takes half a minute for 135M parameters; reading what it was converted to, a moment.
"""

from pathlib import Path

from ner_retriever.backbone.loading import first_line, refuse_incomplete
from ner_retriever.errors import UnsupportedModel


def convert(file: Path, folder: Path) -> None:
    """Write a GGUF file's model (without its language-model head) and tokenizer into a folder.

    Raises:
        UnsupportedModel: the file cannot be read or is not whole, or its architecture is not known.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    try:
        read, loading = AutoModel.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=torch.float32,
            local_files_only=True,
            output_loading_info=True,
        )
        config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True
        )
    except Exception as error:  # a damaged file makes the readers raise almost anything
        raise UnsupportedModel(f"{file} cannot be read as GGUF: {first_line(error)}") from error
    refuse_incomplete(loading["missing_keys"], file)
    # What was read still counts as quantised to transformers, which refuses to save such a model.
    model = AutoModel.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
