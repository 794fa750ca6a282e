"""GGUF files of the Llama family, converted once to safetensors.

Reading a GGUF takes half a minute for 135M parameters; reading what it was converted to, a moment.
"""

from pathlib import Path

from ner_retriever.errors import UnsupportedModel


def convert(file: Path, folder: Path) -> None:
    """Write a GGUF file's model (without its language-model head) and tokenizer into a folder.

    Raises:
        UnsupportedModel: the file cannot be read, or its architecture is not known.
    """
    import torch
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    try:
        read = AutoModel.from_pretrained(
            file.parent, gguf_file=file.name, dtype=torch.float32, local_files_only=True
        )
        config = AutoConfig.from_pretrained(file.parent, gguf_file=file.name, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(
            file.parent, gguf_file=file.name, local_files_only=True
        )
    except (ValueError, KeyError, OSError, RuntimeError, ImportError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise UnsupportedModel(f"{file} cannot be read as GGUF: {reason}") from error
    # What was read still counts as quantised to transformers, which refuses to save such a model.
    model = AutoModel.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict())
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
