"""Keep what torch gives for some sentences, which ONNX Runtime is compared with on other machines.

    python scripts/reference_states.py minilm mpnet smollm2

Run it when a preset gets another backbone or site. The states are those of the backbone as it was
published, so that they hold for every adapter.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from ner_retriever.backbone.torch_loading import load_torch_backbone
from ner_retriever.backbone.weights import find_weights
from ner_retriever.backbone.windows import Window
from ner_retriever.config import load_preset
from ner_retriever.hashing import sha256_of

FOLDER = Path(__file__).parent.parent / "src" / "ner_retriever" / "backbone" / "references"
SENTENCES = (
    "Oslo.",
    "Sue the Tyrannosaurus stands in the Field Museum in Chicago.",
    "Żubr, lynx & wolf: 3 of the 11,000 species (by one count) of Białowieża – “old forest”, 67°N.",
    "After the ozone hole was reported from Halley Station, states signed the Montreal Protocol. "
    "Spray cans lost their chlorine compounds within a few years, and refrigerators theirs. The "
    "Kyoto Protocol on the climate, of 1997, had no such luck, and the Paris Agreement took its "
    "place; what each party owes is written by itself, and no court hears an appeal.",
)


def main() -> None:
    """Write a file for each preset's backbone, and the record of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+")
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    records = {}
    for name in given.presets:
        preset = load_preset(name)
        weights = find_weights(preset.backbone)
        backbone = load_torch_backbone(weights, preset.site, device="cpu", precision="float32")
        texts = [
            np.concatenate([backbone.before, tokens.ids, backbone.after])
            for tokens in backbone.tokenize(SENTENCES)
        ]
        windows = [Window(ids=ids, ranges=np.array([[0, len(ids)]])) for ids in texts]
        states = backbone.begin(windows)()
        lengths = np.array([len(ids) for ids in texts])
        rows = [row[:length] for row, length in zip(states, lengths, strict=True)]
        file = FOLDER / f"{preset.backbone}.safetensors"
        tensors = {
            "ids": np.concatenate(texts),
            "lengths": lengths,
            "states": np.concatenate(rows).astype(np.float16),
        }
        save_file(tensors, file)
        records[weights.fingerprint] = {
            "file": file.name,
            "sha256": sha256_of(file),
            "site": preset.to_record()["site"],
        }
    text = json.dumps(records, indent=1) + "\n"
    (FOLDER / "references.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
