"""Lightning's checkpoint writer; apart, so that a counter is read without loading Lightning."""

import os
from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from binrecon.training.checkpoints.files import read_checkpoint, write_checkpoint


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

    def load_checkpoint(
        self,
        path: str | os.PathLike[str],
        map_location: Any = None,  # noqa: ANN401  # Lightning's type, which it hands on to torch
        weights_only: bool | None = True,
    ) -> dict[str, Any]:
        """Read a checkpoint, of which nothing is ever run.

        Raises:
            CheckpointError: If it is none of ours, incomplete, or not as the run wrote it.
        """
        return read_checkpoint(Path(path))


class MovableCheckpoint(ModelCheckpoint):
    """Knows the best checkpoint so far in a moved folder too, where Lightning would forget its score."""

    @property
    def state_key(self) -> str:
        """Return the name that its state has in checkpoints: that of Lightning's own class."""
        return super().state_key.replace(type(self).__qualname__, ModelCheckpoint.__qualname__, 1)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what was so far, with its files where they are now."""
        before, now = str(state_dict["dirpath"]), str(self.dirpath)

        def move(value: object) -> object:
            if isinstance(value, dict):
                return {move(key): score for key, score in value.items()}
            return (
                now + value.removeprefix(before)
                if isinstance(value, str) and value.startswith(before)
                else value
            )

        super().load_state_dict({key: move(value) for key, value in state_dict.items()})
