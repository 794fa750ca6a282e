"""A model in half precision and in parts, for training on a machine that reaches no network.

    python scripts/half_model.py pack all-mpnet-base-v2 --out parts --blocks 12
    python scripts/half_model.py unpack parts/all-mpnet-base-v2.* --cache cache

Unpacked it stands in the cache under the fingerprint of the published weights: what is trained on
it is for those, whose matrices it rounds to eight bits, as training in bfloat16 does in any case.
Weights of blocks that aren't needed are left out.
"""

import argparse
import io
import json
import lzma
import re
import shutil
import tarfile
from pathlib import Path

from safetensors.torch import load_file, save_file

from ner_retriever.backbone.cache import new_entry
from ner_retriever.backbone.weights import find_weights

_PART = 24 << 20
# The two bytes of a number are alike in different ways.
_FILTER = {"id": lzma.FILTER_LZMA2, "preset": 1, "lp": 1, "pb": 1}
_BLOCK = re.compile(r"(?:^|\.)(?:layers?|h)\.(\d+)\.")


def pack(name: str, out: Path, blocks: int | None) -> None:
    """Write a model's files, its matrices in bfloat16, into compressed parts."""
    weights = find_weights(name)
    half = out / f"{name}.safetensors"
    tensors = {}
    for file in weights.folder.glob("*.safetensors"):
        for key, tensor in load_file(file).items():
            block = _BLOCK.search(key)
            if blocks is None or not block or int(block[1]) < blocks:
                tensors[key] = tensor.bfloat16() if tensor.ndim > 1 else tensor
    save_file(tensors, half, metadata={"format": "pt"})
    buffer = io.BytesIO()
    with (
        lzma.open(buffer, "wb", filters=[_FILTER]) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        tar.add(half, "model.safetensors")
        for file in sorted(weights.folder.iterdir()):
            if file.suffix in {".json", ".txt", ".model"} and file.name != "source.json":
                tar.add(file, file.name)
        described = json.dumps({"name": name, "fingerprint": weights.fingerprint}).encode()
        info = tarfile.TarInfo("packed")
        info.size = len(described)
        tar.addfile(info, io.BytesIO(described))
    half.unlink()
    content = buffer.getvalue()
    for number, first in enumerate(range(0, len(content), _PART)):
        (out / f"{name}.{number:02}").write_bytes(content[first : first + _PART])


def unpack(parts: list[Path], cache: Path) -> None:
    """Put a packed model into a cache folder."""
    content = b"".join(part.read_bytes() for part in sorted(parts))
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(content))) as tar:
        packed = tar.extractfile("packed")
        if packed is None:
            raise SystemExit("the parts hold no packed model")
        described = json.loads(packed.read())
        with new_entry(cache / "models" / described["name"], described["fingerprint"]) as folder:
            tar.extractall(folder, filter="data")
            (folder / "packed").unlink()


def main() -> None:
    """Pack or unpack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("name")
    packing.add_argument("--out", type=Path, required=True)
    packing.add_argument("--blocks", type=int, help="how many blocks are needed")
    unpacking = commands.add_parser("unpack")
    unpacking.add_argument("parts", type=Path, nargs="+")
    unpacking.add_argument("--cache", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "pack":
        given.out.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(given.out).free < 1 << 30:
            raise SystemExit(f"less than 1 GiB is free beside {given.out}")
        pack(given.name, given.out, given.blocks)
    else:
        unpack(given.parts, given.cache)


if __name__ == "__main__":
    main()
