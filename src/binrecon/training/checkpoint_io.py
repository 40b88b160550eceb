"""How Lightning writes a checkpoint; apart, so that a counter is read without loading Lightning."""

import os
from pathlib import Path
from typing import Any

from pytorch_lightning.plugins.io import TorchCheckpointIO

from binrecon.training.checkpoints import write_checkpoint


class AtomicCheckpointIO(TorchCheckpointIO):
    """Leaves the old checkpoint where a new one cannot be written."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | os.PathLike[str], storage_options: object = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            CheckpointError: If it cannot be written; what stood at `path` stands there still.
        """
        write_checkpoint(checkpoint, Path(path))
