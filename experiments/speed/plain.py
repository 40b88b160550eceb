"""The peer: a frozen ResNet-50 with a trained last layer, as one writes it with Lightning and torchvision.

`python plain.py FOLDER EPOCHS [MAX_BATCHES]` prints the seconds of each epoch, validation included, as JSON.
Random weights, since speed does not depend on them; the folder is in the bucket's layout.
"""

import json
import sys
import time
from pathlib import Path

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from PIL import Image
from torch.utils.data import DataLoader, Dataset, random_split
from torchvision import models, transforms


class Bins(Dataset):
    """Photos with their recorded counts."""

    def __init__(self, root: Path) -> None:
        self.transform = transforms.Compose(
            [
                transforms.Resize((224, 224)),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        )
        self.items = []
        for record in sorted((root / "metadata").glob("*.json")):
            count = json.loads(record.read_text())["EXPECTED_QUANTITY"]
            if count <= 5:
                self.items.append((root / "bin-images" / f"{record.stem}.jpg", count))

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Read a photo."""
        path, count = self.items[index]
        return self.transform(Image.open(path).convert("RGB")), count


class Counter(pl.LightningModule):
    """A frozen ResNet-50 and a layer on top."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = models.resnet50(weights=None)
        self.backbone.fc = torch.nn.Identity()
        self.backbone.requires_grad_(False)
        self.head = torch.nn.Linear(2048, 6)

    def forward(self, photos: torch.Tensor) -> torch.Tensor:
        """Compute logits."""
        self.backbone.eval()
        with torch.no_grad():
            features = self.backbone(photos)
        return self.head(features)

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        """Return the loss."""
        photos, counts = batch
        return F.cross_entropy(self(photos), counts)

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        """Log the loss."""
        photos, counts = batch
        self.log("val_loss", F.cross_entropy(self(photos), counts))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.head.parameters(), lr=1e-3)


class Clock(pl.Callback):
    """Writes down when each epoch ends."""

    def __init__(self) -> None:
        self.times = [time.monotonic()]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start."""
        self.times = [time.monotonic()]

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note an epoch."""
        self.times.append(time.monotonic())


def main() -> None:
    """Train."""
    root, epochs = Path(sys.argv[1]), int(sys.argv[2])
    max_batches = int(sys.argv[3]) if len(sys.argv) > 3 else None
    bins = Bins(root)
    sizes = [len(bins) - 2 * (len(bins) * 15 // 100), *[len(bins) * 15 // 100] * 2]
    train, val, _ = random_split(bins, sizes, torch.Generator().manual_seed(0))
    loaders = [
        DataLoader(part, batch_size=128, shuffle=part is train, num_workers=2) for part in (train, val)
    ]
    clock = Clock()
    trainer = pl.Trainer(
        accelerator="cpu", max_epochs=epochs, callbacks=[clock], logger=False, enable_checkpointing=False,
        enable_progress_bar=False, num_sanity_val_steps=0,
        limit_train_batches=max_batches, limit_val_batches=max_batches,
    )  # fmt: skip
    trainer.fit(Counter(), *loaders)
    seconds = [after - before for before, after in zip(clock.times, clock.times[1:], strict=False)]
    photos = len(train) + len(val) if max_batches is None else 2 * 128 * max_batches
    sys.stdout.write(json.dumps({"photos_per_epoch": photos, "epoch_seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
