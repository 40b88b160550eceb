"""Download of a job's results from S3 into a folder laid out like a local run's."""

import shutil
import tarfile
import tempfile
from pathlib import Path

from binrecon.cloud.aws import Clients
from binrecon.cloud.jobs import Job, find_job
from binrecon.cloud.storage import download
from binrecon.errors import CloudError, OutputError

_MODEL, _OUTPUT = "model.tar.gz", "output.tar.gz"

_DATA = "data/"
"""AWS does not say whether it packs `/opt/ml/output/data` or its content; its local mode packs the folder."""


def fetch_job(clients: Clients, name: str, folder: Path) -> Path:
    """Bring the results of a job, of a tuning job those of its best.

    Args:
        clients: To ask.
        name: Of the job.
        folder: Gets a folder of the job's name.

    Returns:
        That folder: configuration, metrics, predictions, plots and `checkpoints/best.ckpt`.

    Raises:
        CloudError: If there is no such job, or it left nothing, or what it left is damaged or no result.
        OutputError: If the folder exists, or cannot be made.
    """
    job = find_job(clients, name)
    if job.is_tuning:
        if job.best is None:
            raise CloudError(f"{name} has no best job yet ({job.status}: {job.stage}); wait for one to end")
        job = find_job(clients, job.best)
    place = folder / job.name
    if place.exists():
        raise OutputError(f"'{place}' is there already; move it away, or give another output_root=PATH")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"'{folder}' cannot be made ({error.strerror}); give a folder you may write to with "
            "output_root=PATH"
        ) from error
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as scratch:
        unpacked = Path(scratch) / job.name
        _bring(clients, job, Path(scratch), unpacked)
        unpacked.rename(place)
    return place


def _bring(clients: Clients, job: Job, scratch: Path, unpacked: Path) -> None:
    if job.model is None:
        raise CloudError(f"{job.name} has left no model ({job.status}: {job.stage}); wait for its end")
    found = []
    for name in (_MODEL, _OUTPUT):  # both lie in one folder
        address = job.model.rpartition("/")[0] + f"/{name}"
        if download(clients, address, scratch / name):
            found.append(name)
            unpack(scratch / name, unpacked)
    if not found:
        raise CloudError(f"{job.name}: nothing lies at {job.model}; it may have been removed since")


def unpack(archive: Path, folder: Path) -> None:
    """Unpack plain files and folders, and nothing that could reach outside of the folder.

    Raises:
        CloudError: If the archive holds anything else, is damaged, or is larger than the free disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as content:
            members = content.getmembers()
            for member in members:
                if not (member.isfile() or member.isdir()):
                    raise CloudError(f"'{archive.name}' was refused: '{member.name}' is a link or a device")
                member.name = f"{member.name.removeprefix('./')}/".removeprefix(_DATA).rstrip("/") or "."
            needed, free = sum(member.size for member in members), shutil.disk_usage(folder).free
            if needed > free:
                raise CloudError(
                    f"'{archive.name}' needs {needed:,} bytes, and {free:,} are free; free some space"
                )
            content.extractall(folder, members, filter="data")
    except tarfile.FilterError as error:
        raise CloudError(
            f"'{archive.name}' was refused: it reaches outside of its folder ({error})"
        ) from error
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise CloudError(f"'{archive.name}' is damaged ({error}); fetch it once more") from error
