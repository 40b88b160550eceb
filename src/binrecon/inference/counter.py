"""The counter of a finished run, for programs."""

import logging
from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple, Self, cast, get_args

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from binrecon.calibration import Calibration
from binrecon.config.augment_words import TTA, TTA_WORDS
from binrecon.config.schema import TrainConfig
from binrecon.console import ProgressMeter
from binrecon.errors import CheckpointError, PhotoError, PredictionError
from binrecon.inference.photos import Photo, Sight, is_one_photo, look_at, name_photo, read_square
from binrecon.inference.tables import tabulate
from binrecon.models import BinCounter
from binrecon.models.decoding import average_looks
from binrecon.models.precision import widen
from binrecon.training.checkpoints.files import load_counter
from binrecon.training.hardware import autocast, run_on
from binrecon.training.run_folder import RunFolder, open_finished

OnError = Literal["raise", "skip"]

_LOG = logging.getLogger(__name__)


class _Read(NamedTuple):
    """Result of reading a photo: the resized image, or the reason why there is none."""

    name: str
    square: Tensor | None
    error: str | None


@dataclass(frozen=True, eq=False)
class Counter:
    """Counts the items in photos with a trained run.

    Attributes:
        run: The folder of the run.
        config: Configuration of the run.
        sight: Preprocessing and test-time views.
        calibration: Applied to its probabilities; None if the run has no calibration, or it was switched
            off.
        model: Photos to count logits.
        device: Device of the model.
    """

    run: RunFolder
    config: TrainConfig
    sight: Sight
    calibration: Calibration | None
    model: BinCounter
    device: torch.device

    @classmethod
    def load(
        cls,
        run: str | Path,
        device: str = "auto",
        *,
        tta: TTA | None = None,
        is_calibrated: bool = True,
    ) -> Self:
        """Load the best checkpoint of a run.

        Args:
            run: Its folder.
            device: `cpu`, `cuda`, or `auto`: a GPU where there is one.
            tta: Overrides the run's `data.tta`; `none` predicts each photo once.
            is_calibrated: Calibrate the probabilities, if the run has a calibration.

        Raises:
            CheckpointError: If the folder is not that of a finished run.
            PredictionError: If there is no such device or value of `tta`.
        """
        folder = open_finished(Path(run))
        config = folder.read_config()
        if tta is not None and tta not in TTA_WORDS:
            raise PredictionError(f"tta: '{tta}' is none of {', '.join(TTA_WORDS)}")
        sight = Sight(config.data.image_size, config.data.resize, tta or cast(TTA, config.data.tta))
        place = _choose_device(device)
        model = load_counter(folder.best_checkpoint).to(place)
        calibration = _read_calibration(folder, model) if is_calibrated else None
        return cls(folder, config, sight, calibration, model, place)

    def predict(
        self,
        photos: Photo | Iterable[Photo],
        *,
        batch_size: int = 32,
        on_error: OnError = "raise",
        coverage: float = 0.9,
    ) -> pd.DataFrame:
        """Count the items in photos.

        Args:
            photos: One photo or any number of them; they are read batch by batch.
            batch_size: Photos in a batch.
            on_error: `raise` stops at the first photo that cannot be read; `skip` gives it a row without
                counts and with the reason, and warns.
            coverage: Fraction of bins whose count the count sets should contain.

        Returns:
            A row for each photo, in order: `photo` (its path, or `photo N`), `predicted_count` (the
            likeliest), `mean_count`, `p_N` (probability of N items), `calibration` of these probabilities
            (`none`, `temperature`, `vector`), with a calibration `count_set` (such as `1 to 3`), and with
            `skip` `error`.

        Raises:
            PhotoError: If a photo cannot be read; it is named.
            PredictionError: If an option is out of range.
        """
        _check_options(batch_size, on_error, coverage)
        given = cast(Iterable[Photo], [photos] if is_one_photo(photos) else photos)
        total = len(given) if isinstance(given, Sized) else None
        names: list[str] = []
        errors: list[str | None] = []
        parts = [np.empty((0, len(self.model.counts)))]
        is_short = total is not None and total <= batch_size
        with ProgressMeter("counting", total, "photos", is_quiet=is_short) as meter:
            for batch in self._read(given, batch_size, on_error):
                parts.append(self._predict_batch(batch, first=len(names)))
                names += [read.name for read in batch]
                errors += [read.error for read in batch]
                meter.advance(len(batch))
        _warn_of(names, errors)
        table = tabulate(names, np.concatenate(parts), self.model.min_count, self.calibration, coverage)
        return table.assign(error=pd.Series(errors, dtype="str")) if on_error == "skip" else table

    def _read(self, photos: Iterable[Photo], batch_size: int, on_error: OnError) -> Iterator[list[_Read]]:
        numbered = enumerate(photos)
        while batch := [
            self._read_one(place, photo, on_error) for place, photo in islice(numbered, batch_size)
        ]:
            yield batch

    def _read_one(self, place: int, photo: Photo, on_error: OnError) -> _Read:
        name = name_photo(photo, place)
        try:
            return _Read(name, read_square(photo, self.sight), None)
        except PhotoError as error:
            if on_error == "raise":
                raise PhotoError(f"'{name}': {error}") from error
            return _Read(name, None, str(error))

    def _predict_batch(self, batch: list[_Read], first: int) -> NDArray[np.float64]:
        """Return log-probabilities, not calibrated, shape (B, C); NaN for unreadable photos."""
        rows = np.full((len(batch), len(self.model.counts)), np.nan)
        at_hand = [(place, read.square) for place, read in enumerate(batch) if read.square is not None]
        if at_hand:
            places, squares = zip(*at_hand, strict=True)
            rows[list(places)] = self._look(squares, [first + place for place in places]).numpy()
        return rows

    @torch.inference_mode()
    def _look(self, squares: tuple[Tensor, ...], places: list[int]) -> Tensor:
        """Return log-probabilities of images, float64, shape (B, C)."""
        views = look_at(squares, places, self.sight.tta)
        with autocast(run_on(self.config.trainer, self.device.type)):
            looks = self.model(views.to(self.device, non_blocking=True))
        return widen(average_looks(looks, len(squares))).log_softmax(dim=1).cpu().double()


def _choose_device(device: str) -> torch.device:
    has_gpu = torch.cuda.is_available()
    if device == "auto":
        return torch.device("cuda" if has_gpu else "cpu")
    kind, _, number = device.partition(":")
    if kind == "cpu" and not number:
        return torch.device(device)
    if kind != "cuda" or not (number.isdecimal() or ":" not in device):
        raise PredictionError(f"device: '{device}' is none of auto, cpu, cuda, cuda:N")
    if not has_gpu or int(number or 0) >= torch.cuda.device_count():
        raise PredictionError(
            f"device: '{device}' is not there; this machine has {torch.cuda.device_count()} GPUs that torch "
            "can use. Give auto or cpu"
        )
    return torch.device(device)


def _read_calibration(folder: RunFolder, model: BinCounter) -> Calibration | None:
    calibration = folder.read_calibration()
    if calibration is None:
        return None
    if (calibration.min_count, len(calibration.scale)) != (model.min_count, len(model.counts)):
        raise CheckpointError(
            f"'{folder.calibration}' is of {len(calibration.scale)} counts from {calibration.min_count} on, "
            f"the counter of {len(model.counts)} from {model.min_count} on; "
            f"make it anew with: binrecon calibrate {folder.path}"
        )
    return calibration


def _check_options(batch_size: int, on_error: str, coverage: float) -> None:
    if batch_size < 1:
        raise PredictionError(f"batch_size: must be at least 1, got {batch_size}")
    if on_error not in get_args(OnError):
        raise PredictionError(f"on_error: '{on_error}' is none of {', '.join(get_args(OnError))}")
    if not 0 < coverage < 1:
        raise PredictionError(f"coverage: must be above 0 and below 1, got {coverage}")


def _warn_of(names: list[str], errors: list[str | None]) -> None:
    failed = [f"'{name}': {error}" for name, error in zip(names, errors, strict=True) if error is not None]
    if failed:
        _LOG.warning("%d of %d photos could not be read; the first is %s", len(failed), len(names), failed[0])
