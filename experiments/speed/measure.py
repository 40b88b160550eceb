"""Measure what kept features save: `python measure.py FOLDER_OF_BINS [WHAT ...]`.

WHAT is any of `many`, `runs`, `plain`, `extraction`; all by default. Numbers go to `results.json`
beside this file, each with its commit. ResNet-50 with
random weights, since speed does not depend on them, at 224 pixels. Nothing else should run meanwhile.
"""

import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from binrecon.features.engine import EngineChoice
    from binrecon.models.backbone import Backbone

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results.json"
BACKBONE = "resnet50.tv_in1k"
ROUNDS = 3
VIEWS = 768
"""Views in a timed piece of extraction: twelve blocks, so that starting the decoders counts for little."""

FORWARD_BATCHES = 4
"""Batches of 64 in a timed piece of the network alone."""

RUN = ["model=resnet50", "data=bins", "trainer.max_epochs=20"]
OPTIMIZERS = ("adam", "sgd", "sgdr")


def keep(name: str, **numbers: Any) -> None:
    """Add to the results."""
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    results[name] = {**numbers, "commit": commit.stdout.strip()}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(name, json.dumps(numbers))


def clock(work: Callable[[], object]) -> float:
    """Return the seconds that work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_extraction(folder: Path) -> None:
    """Rates of each engine: the network alone, and from JPEG to features on disk; in rounds, medians."""
    import torch

    from binrecon.features.engine import EngineChoice
    from binrecon.models.backbone import build_backbone

    torch.manual_seed(0)
    backbone = build_backbone(BACKBONE, "random").eval()
    eager = build_backbone(BACKBONE, "random").eval().net.to(memory_format=torch.contiguous_format)
    batch = torch.randint(0, 255, (64, 3, 224, 224), dtype=torch.uint8)
    normalised = batch.float() / 255
    choices = [EngineChoice("torch", "float32"), EngineChoice("openvino", "float32")]
    choices.append(EngineChoice("openvino", "int8"))
    if torch.cpu._is_avx512_bf16_supported():
        choices += [EngineChoice("torch", "bfloat16"), EngineChoice("openvino", "bfloat16")]
    with tempfile.TemporaryDirectory(prefix="speed-") as work, torch.inference_mode():
        peers = {
            "-".join(choice): _Extraction(choice, backbone, batch, folder, Path(work)) for choice in choices
        }
        exact = backbone(batch)
        rates: dict[str, list[float]] = {"eager": []}
        for _ in range(ROUNDS):
            rates["eager"].append(64 / clock(lambda: eager(normalised)))
            for peer in peers.values():
                peer.take_turn()
        engines = {
            name: {
                "forward": statistics.median(peer.forward),
                "end_to_end": statistics.median(peer.end_to_end),
                "least_cosine": float(torch.cosine_similarity(peer.engine(batch), exact).min()),
                "all_forward": peer.forward,
                "all_end_to_end": peer.end_to_end,
            }
            for name, peer in peers.items()
        }
    keep("extraction", eager=rates["eager"], engines=engines, views=VIEWS, rounds=ROUNDS)


class _Extraction:
    """One engine's turns."""

    def __init__(
        self, choice: "EngineChoice", backbone: "Backbone", batch: "Tensor", folder: Path, work: Path
    ) -> None:
        from binrecon.features.engine import build_engine

        place = work / "-".join(choice)
        place.mkdir()
        self.choice, self.backbone, self.batch, self.folder, self.place = (
            choice,
            backbone,
            batch,
            folder,
            place,
        )
        self.build = lambda: build_engine(choice, backbone, batch.device, 224, place, lambda: iter([batch]))
        self.engine = self.build()
        self.engine(batch)
        self.forward: list[float] = []
        self.end_to_end: list[float] = []

    def take_turn(self) -> None:
        """Time the network alone, then photos to features; what it takes to build the engine is taken off."""
        from binrecon.config.compose import compose_config, to_typed
        from binrecon.features import FeatureStore, Fingerprint, RowKey, extract_features
        from binrecon.sources import LocalSource

        seconds = clock(lambda: [self.engine(self.batch) for _ in range(FORWARD_BATCHES)])
        self.forward.append(FORWARD_BATCHES * len(self.batch) / seconds)
        photos = sorted((self.folder / "bin-images").glob("*.jpg"))[: VIEWS // 2]
        hashes = {hashlib.sha256(path.read_bytes()).hexdigest(): path.stem for path in photos}
        bins = {RowKey(photo_hash, view): bin_id for photo_hash, bin_id in hashes.items() for view in (0, 1)}
        data = to_typed(compose_config("train", ["source=synthetic"])).data
        fingerprint = Fingerprint.of(self.backbone, data, "speed", self.choice, "float16")
        store = FeatureStore(self.place / "features", fingerprint)
        store.folder.mkdir(parents=True)
        for path in self.place.glob("network.*"):
            shutil.copy(path, store.folder)
        begin = clock(self.build)
        seconds = clock(lambda: extract_features(store, self.backbone, LocalSource(self.folder), bins, 2))
        self.end_to_end.append(len(bins) / (seconds - begin))
        shutil.rmtree(store.folder)


def measure_plain(folder: Path) -> None:
    """Time one epoch of the plain script."""
    command = [sys.executable, str(HERE / "plain.py"), str(folder), "1"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    keep("plain", **json.loads(output.splitlines()[-1]))


def run(folder: Path, cache: Path, weights: Path, *words: str) -> dict[str, float]:
    """Run `python train.py` as a user would; return its seconds, and those that it says."""
    outputs = Path(tempfile.mkdtemp(prefix="speed-"))
    command = [
        sys.executable, "train.py", f"source.root={folder}", *RUN, f"model.weights={weights}",
        f"cache_dir={cache}", f"output_root={outputs}", *words,
    ]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    shutil.rmtree(outputs)
    found = re.search(r"features: (\d+) views computed in ([\d.]+) s", done.stdout)
    if found is None:
        raise RuntimeError(f"features were not used:\n{done.stdout}")
    (training,) = re.findall(r"trained 20 epochs in ([\d.]+) s", done.stdout)
    views, extraction = found.groups()
    return {
        "seconds": seconds,
        "views": int(views),
        "extraction_s": float(extraction),
        "training_s": float(training),
    }


def write_weights() -> Path:
    """Write random weights of a ResNet-50."""
    import timm
    import torch

    path = Path(tempfile.mkdtemp(prefix="speed-")) / "resnet50.pth"
    torch.manual_seed(0)
    torch.save(timm.create_model(BACKBONE, pretrained=False).state_dict(), path)
    return path


def measure_runs(folder: Path) -> None:
    """The first run of 20 epochs with everything to do, the other optimizers, then again; and imports."""
    weights = write_weights()
    cache = weights.parent / "cache"
    first = [run(folder, cache, weights, f"optimizer={name}") for name in OPTIMIZERS]
    keep("first", runs=first)
    later, imports = [], []
    for _ in range(ROUNDS):
        later.append(run(folder, cache, weights))
        command = [sys.executable, "-c", "import torch, pytorch_lightning"]
        imports.append(clock(lambda: subprocess.run(command, check=True)))  # noqa: B023
    keep("later", runs=later, imports=imports)
    shutil.rmtree(weights.parent)


def measure_many(folder: Path) -> None:
    """Train 100 heads side by side for 20 epochs on features that are kept, and three of them alone."""
    import random

    import torch

    from binrecon.config.compose import compose_config, to_typed
    from binrecon.config.parts import find_part
    from binrecon.features import FeatureStore, Fingerprint
    from binrecon.features.datamodule import FeatureDataModule
    from binrecon.features.engine import EngineChoice
    from binrecon.features.prepare import find_missing
    from binrecon.manifest import CountRange, build_manifest, build_split_rule
    from binrecon.models.backbone import build_backbone
    from binrecon.models.heads.linear import LinearHeadConfig
    from binrecon.models.losses.cross_entropy import CrossEntropyConfig
    from binrecon.optim.optimizers.adam import AdamConfig
    from binrecon.optim.optimizers.sgd import SGDConfig
    from binrecon.optim.optimizers.sgdr import SGDRConfig
    from binrecon.sources import LocalSource
    from binrecon.training.heads.learner import HeadTrial
    from binrecon.training.heads.many_heads import train_heads

    data = to_typed(compose_config("train", ["source=synthetic", "data=bins"])).data
    backbone = build_backbone(BACKBONE, "random")
    source = LocalSource(folder)
    manifest = build_manifest(source, CountRange.of(data), build_split_rule(data))
    work = Path(tempfile.mkdtemp(prefix="speed-"))
    store = FeatureStore(
        work, Fingerprint.of(backbone, data, "many", EngineChoice("torch", "float32"), "float16")
    )
    module = FeatureDataModule(source, manifest, data, 0, store, backbone)
    generator = torch.Generator().manual_seed(0)
    with store.fill(find_missing(store.open(), module.list_wanted())) as filling:
        for block in filling.undone_blocks:  # random ones, since time does not depend on them
            rows = block.stop - block.start
            filling.write_block(block, torch.rand(rows, backbone.feature_count, generator=generator).numpy())
    module.setup("fit")
    draw = random.Random(0)
    kinds = (SGDConfig, SGDRConfig, AdamConfig)
    trials = [
        HeadTrial(
            LinearHeadConfig(dropout=0.0),
            CrossEntropyConfig(label_smoothing=0.0),
            kinds[number % 3](lr=10 ** draw.uniform(-4, -2), weight_decay=10 ** draw.uniform(-5, -2)),
            find_part("schedule", kinds[number % 3].default_schedule)(),
            seed=0,
        )
        for number in range(100)
    ]
    seconds = {}
    train_bins = len(module.build_dataset("train"))
    for count in (1, 10, 100):
        times = [
            clock(lambda: train_heads(trials[:count], module.build_dataset, data, 20, "val/loss"))  # noqa: B023
            for _ in range(ROUNDS)
        ]
        seconds[count] = statistics.median(times)
    shutil.rmtree(work)
    keep("many", seconds=seconds, epochs=20, train_bins=train_bins, rounds=ROUNDS)


MEASURES: dict[str, Callable[[Path], None]] = {
    "extraction": measure_extraction,
    "plain": measure_plain,
    "runs": measure_runs,
    "many": measure_many,
}


def main() -> None:
    """Measure what is asked for."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    folder, *what = sys.argv[1:]
    for name in what or MEASURES:
        MEASURES[name](Path(folder).resolve())


if __name__ == "__main__":
    main()
