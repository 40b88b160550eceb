"""Checkpoints on S3 as well, from where another machine goes on with a run when this one is gone."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from binrecon.checksums import RECORDED, check_file
from binrecon.config.stored.overrides import check_stored
from binrecon.console import get_console
from binrecon.errors import CheckpointError, ConfigError
from binrecon.json_file import as_object, parse_json
from binrecon.training.resumption import words_that_stay
from binrecon.training.run_contents import check_metadata
from binrecon.training.run_folder import RunFolder
from binrecon.whole_file import write_whole

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_POINTER = "latest.json"
_EVERY_S = 60.0
"""Epochs on kept features take less than a second, and an upload more."""


class CheckpointMirror:
    """A run's checkpoints below a prefix of a bucket.

    Every file is an object named after its hash; `latest.json`, written after them, says which of them belong
    together. So an upload that breaks off leaves what was there, whole, and at worst an object that nothing
    points to.

    Args:
        url: `s3://BUCKET/PREFIX`. Credentials, region and server come from the usual AWS places.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._bucket, _, prefix = self.url.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/"
        self._kept: S3Client | None = None

    @property
    def _client(self) -> "S3Client":
        if self._kept is None:
            import boto3  # slow to load

            self._kept = boto3.Session().client("s3")  # with credentials as they are now
        return self._kept

    def push(self, folder: RunFolder) -> None:
        """Upload what a run needs to go on, then point to it, then remove what nothing points to any more.

        Raises:
            CheckpointError: If the server does not take it; what was there before is there still.
        """
        needed = (*folder.needed_to_train, folder.config)
        files = {str(file.relative_to(folder.path)): file for file in needed if file.exists()}
        for file in files.values():
            check_file(file)  # what is damaged here does not replace what is whole there
        contents = {name: file.read_bytes() for name, file in files.items()}
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        with _explaining(self.url):
            before = set(self._read_pointer().values())
            for name in hashes:
                if hashes[name] not in before:
                    self._put(hashes[name], contents[name])
            self._put(_POINTER, json.dumps(hashes).encode())
            for stale in before - set(hashes.values()):
                self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{stale}")

    def pull(self, folder: RunFolder, overrides: Sequence[str]) -> bool:
        """Bring back the run that the same words began, unless the folder has one of its own.

        Args:
            folder: Where to.
            overrides: The words of the run at hand.

        Returns:
            Whether there was one.

        Raises:
            CheckpointError: If it is a run of other words, or damaged.
        """
        if folder.facts.exists():
            return False
        with _explaining(self.url):
            hashes = self._read_pointer()
            contents = {name: self._get(key) for name, key in hashes.items()}
        if not contents:
            return False
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != hashes[name]:
                raise CheckpointError(f"'{name}' in {self.url} is not what was uploaded; use another prefix")
        self._check_run(contents, folder, overrides)
        folder.begin()
        for name in sorted(contents, key=lambda name: name == folder.facts.name):  # it says that all is there
            write_whole(folder.path / name, contents[name])
        get_console().print(f"checkpoints: those of {self.url}")
        return True

    def _check_run(self, contents: Mapping[str, bytes], folder: RunFolder, overrides: Sequence[str]) -> None:
        """Refuse files that are not a run's, and the run of other words."""
        needed = (*folder.needed_to_train, folder.config)
        allowed = {str(file.relative_to(folder.path)) for file in needed}
        if not {folder.facts.name} <= contents.keys() <= allowed:
            raise CheckpointError(
                f"trainer.checkpoint_mirror: {self.url} does not hold the files of a run "
                f"({', '.join(sorted(contents))}); use another prefix"
            )
        metadata = self._read_metadata(contents[folder.facts.name], folder.facts.name)
        if words_that_stay(metadata["overrides"]) != words_that_stay(overrides):
            raise CheckpointError(
                f"trainer.checkpoint_mirror: {self.url} holds a run of other words "
                f"({metadata['command']}); use another prefix"
            )

    def _read_pointer(self) -> dict[str, str]:
        """Return name and hash of each file; nothing that would be written elsewhere than in a run folder."""
        try:
            pointer = as_object(parse_json(self._get(_POINTER)))
        except self._client.exceptions.NoSuchKey:
            return {}
        if not all(name in RECORDED and isinstance(key, str) for name, key in pointer.items()):
            raise ValueError(f"its {_POINTER} names files that no run has")
        return {name: str(key) for name, key in pointer.items()}

    def _read_metadata(self, content: bytes, name: str) -> Mapping[str, Any]:
        """Return what `run.json` holds, with overrides that may be read from a file."""
        try:
            metadata = as_object(parse_json(content))
            check_metadata(metadata)
            if not {"overrides", "command"} <= metadata.keys():
                raise ValueError("it has no overrides or no command")
            check_stored(metadata["overrides"])
        except (ValueError, ConfigError) as error:
            reason = "; ".join(error.problems) if isinstance(error, ConfigError) else error
            raise CheckpointError(
                f"trainer.checkpoint_mirror: '{name}' in {self.url} is no run's ({reason}); "
                "use another prefix"
            ) from error
        return metadata

    def _get(self, name: str) -> bytes:
        return self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")["Body"].read()

    def _put(self, name: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{name}", Body=content)


@contextmanager
def _explaining(url: str) -> Iterator[None]:
    """Turn what boto3 raises into one line, and a pointer that is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, ValueError) as error:  # the last of an address that is none
        raise CheckpointError(
            f"trainer.checkpoint_mirror: {url} cannot be used ({error}); look at the bucket's name, "
            "AWS credentials and AWS_ENDPOINT_URL"
        ) from error


class MirrorCheckpoints(Checkpoint):
    """Uploads new checkpoints, once a minute at most, and when training ends, however it does.

    An upload that fails is said, and does not end the training: the run folder has everything.

    Args:
        mirror: Where to.
        folder: Of the run.
    """

    def __init__(self, mirror: CheckpointMirror, folder: RunFolder) -> None:
        self.mirror = mirror
        self.folder = folder
        self.last_push = -_EVERY_S
        self.pushed_ns = 0

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Upload what was written within the epoch."""
        if trainer.is_global_zero and self._is_time() and self._last_written_ns() > self.pushed_ns:
            self._push()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Upload, if the last time is long ago."""
        if trainer.is_global_zero and self._is_time():
            self._push()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Upload the last ones."""
        if trainer.is_global_zero:
            self._push()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Upload what is there, before the machine is taken away."""
        if trainer.is_global_zero and self.folder.last_checkpoint.exists():
            self._push()

    def _is_time(self) -> bool:
        return time.monotonic() - self.last_push >= _EVERY_S

    def _last_written_ns(self) -> int:
        last = self.folder.last_checkpoint
        return last.stat().st_mtime_ns if last.exists() else 0

    def _push(self) -> None:
        self.pushed_ns = self._last_written_ns()
        try:
            self.mirror.push(self.folder)
        except CheckpointError as error:
            get_console().print(f"not uploaded: {error}")
        self.last_push = time.monotonic()
