"""Every exception that binrecon raises on purpose.

Each message names what was given, what is allowed and what to do. The command line prints the message of a
`BinreconError` without a traceback and exits with status 2; any other exception is a bug of ours.
"""

from collections.abc import Iterable, Mapping

from binrecon.masking import hide_text

EXIT_MISUSE = 2
"""Status of a process that ends with an error that a user can mend."""

EXIT_INCOMPLETE = 3
"""Status of a fetch that left objects out."""

EXIT_INTERRUPTED = 130
"""Status of a process that ends because it was stopped from outside, as shells have it after Ctrl-C."""


class BinreconError(Exception):
    """Base of every error that a user can mend; its message shows no credential, whatever it was made of."""

    def __str__(self) -> str:
        """Return the message."""
        return hide_text(super().__str__())


class ConfigError(BinreconError, ValueError):
    """The configuration asks for something that cannot be done.

    Args:
        problems: One line for each problem, `key: what is wrong and what is allowed`.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(map(hide_text, problems))
        count = len(self.problems)
        heading = f"{count} problem{'' if count == 1 else 's'} in the config"
        super().__init__("\n  ".join([heading, *self.problems]))


class JobsFailedError(BinreconError):
    """Some jobs of a multirun failed.

    Args:
        jobs: How many there were.
        reasons: Name of each that failed, to why.
    """

    def __init__(self, jobs: int, reasons: Mapping[str, str]) -> None:
        self.reasons = {name: hide_text(reason) for name, reason in reasons.items()}
        lines = [f"{name}: {reason}" for name, reason in self.reasons.items()]
        super().__init__("\n  ".join([f"{len(lines)} of {jobs} jobs failed; the others are done", *lines]))


class SourceError(BinreconError):
    """A source cannot deliver bins."""


class MissingBinError(SourceError, FileNotFoundError):
    """A source holds no such photo or record."""


class UnreadableBinError(SourceError):
    """A photo or record exists, but cannot be read.

    Args:
        message: With the bin, the file and the remedy.
        reason: In short, for a table whose row is the bin.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Keep both texts on the way between processes."""
        return type(self), (str(self), self.reason)


class IncompleteFetchError(SourceError):
    """Some objects of a subset could not be fetched; the rest is there."""


class PhotoError(BinreconError, ValueError):
    """The bytes of a photo are not a JPEG that can be decoded."""


class RecordError(BinreconError, ValueError):
    """The bytes of a record are not a usable bin record."""


class ManifestError(BinreconError, ValueError):
    """The bins at hand cannot be trained on as asked."""


class WeightsError(BinreconError):
    """Pretrained weights cannot be loaded, or do not fit the backbone."""


class FeatureStoreError(BinreconError):
    """Features cannot be cached or read."""


class DamagedCacheError(BinreconError):
    """A cached file differs from what was written. It can be created again."""


class CheckpointError(BinreconError):
    """A checkpoint cannot be written, read, or used with this configuration."""


class DamagedRunError(CheckpointError):
    """A file of a run is not as the run wrote it."""


class CalibrationError(BinreconError):
    """A counter has no calibration, or can have none."""


class WorkerError(BinreconError):
    """A process that decodes for another one died, or cannot hand over what it decoded."""


class TrainingError(BinreconError):
    """Training cannot continue."""


class PredictionError(BinreconError, ValueError):
    """A counter cannot predict as asked."""


class ExportError(BinreconError):
    """A counter cannot be exported, or its export predicts otherwise."""


class StudyError(BinreconError):
    """A search for hyper-parameters cannot start, resume, or name a winner."""


class ComparisonError(BinreconError, ValueError):
    """The runs at hand cannot be compared as asked."""


class AuditError(BinreconError, ValueError):
    """The counts of an audit cannot be applied."""


class InventoryError(BinreconError, ValueError):
    """An inventory cannot be read, or does not fit the photos."""


class CloudError(BinreconError):
    """A cloud refuses what is asked of it, cannot be reached, or a job in it failed."""


class OutputError(BinreconError, OSError):
    """The folder of a run cannot be written."""
