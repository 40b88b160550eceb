"""Settings that SageMaker passes to a container: hyper-parameters, hosts, channels and output folders.

The contract: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html, and the
`SM_*` variables of the training toolkit, https://github.com/aws/sagemaker-training-toolkit.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from binrecon.errors import CloudError
from binrecon.sources.layout import PHOTO_FOLDER, RECORD_FOLDER

ROOT = Path("/opt/ml")
"""Root of all SageMaker folders."""

RUN = "run"
"""Folder of the run below the checkpoints of a job."""

ROOT_VARIABLE = "BINRECON_ML_ROOT"
"""Environment variable that names another such folder, to rehearse a job."""


@dataclass(frozen=True)
class Container:
    """One of the machines of a job.

    Attributes:
        parameters: Hyper-parameters, as strings.
        hosts: Names of all machines, sorted, so that each counts them alike.
        host: The name of this one.
        channels: Name of each channel to its folder.
        model: Becomes `model.tar.gz`.
        results: Becomes `output.tar.gz`.
        checkpoints: SageMaker keeps it and a folder in S3 the same.
        failure: What this file says is shown as the reason of a failure.
        job: Name of the training job; empty if unknown.
        interface: Network interface by which the machines reach each other; empty if unknown.
    """

    parameters: Mapping[str, str]
    hosts: tuple[str, ...]
    host: str
    channels: Mapping[str, Path]
    model: Path
    results: Path
    checkpoints: Path
    failure: Path
    job: str
    interface: str

    @property
    def is_first(self) -> bool:
        """True if this machine writes the results."""
        return self.host == self.hosts[0]

    def channel_words(self) -> Iterator[str]:
        """Yield the overrides of `train` that point to the channels.

        Raises:
            CloudError: If a channel is empty.
        """
        for name, folder in self.channels.items():
            if name == "bins":
                _check_bins(folder)
                yield f"source.root={folder}"
            elif name == "lists":
                _list_files(name, folder)
                yield f"lists_dir={folder}"
            elif name == "weights":
                yield f"model.weights={_find_only_file(name, folder)}"


def read_container(root: Path, environment: Mapping[str, str]) -> Container:
    """Read SageMaker's settings.

    Args:
        root: `/opt/ml`.
        environment: Variables of this process; an `SM_*` one goes before what the files say.

    Raises:
        CloudError: If this is no container of a training job.
    """
    config = root / "input" / "config"
    if not (config / "hyperparameters.json").is_file():
        raise CloudError(
            f"'{config}/hyperparameters.json' is not there: this is no container of a SageMaker training "
            f"job; to rehearse one, name a folder like its /opt/ml in {ROOT_VARIABLE}"
        )
    parameters = _read_json(config / "hyperparameters.json")
    resources, inputs = (
        _read_json(config / "resourceconfig.json"),
        _read_json(config / "inputdataconfig.json"),
    )
    hosts, host = _find_hosts(resources, environment)
    return Container(
        parameters={str(name): str(value) for name, value in parameters.items()},
        hosts=hosts,
        host=host,
        channels={
            name: Path(environment.get(f"SM_CHANNEL_{name.upper()}", root / "input" / "data" / name))
            for name in inputs
        },
        model=Path(environment.get("SM_MODEL_DIR", root / "model")),
        results=Path(environment.get("SM_OUTPUT_DATA_DIR", root / "output" / "data")),
        checkpoints=root / "checkpoints",
        failure=root / "output" / "failure",
        job=environment.get("TRAINING_JOB_NAME", ""),
        interface=str(resources.get("network_interface_name", "")),
    )


def _find_hosts(resources: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[tuple[str, ...], str]:
    """Return the names of all machines, sorted, and of this one."""
    hosts = json.loads(environment.get("SM_HOSTS", "null")) or resources.get("hosts") or ["algo-1"]
    host = environment.get("SM_CURRENT_HOST") or resources.get("current_host") or hosts[0]
    return tuple(sorted(map(str, hosts))), str(host)


def _read_json(path: Path) -> dict[str, Any]:
    """Read an object; empty where there is no file."""
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise CloudError(f"'{path}' is not what SageMaker writes ({error})") from error


def _check_bins(folder: Path) -> None:
    if not any(
        (folder / part).is_dir() and any((folder / part).iterdir()) for part in (PHOTO_FOLDER, RECORD_FOLDER)
    ):
        raise CloudError(
            f"the channel bins is empty: neither '{folder}/{PHOTO_FOLDER}' nor '{folder}/{RECORD_FOLDER}' "
            "holds a file; cloud.bins must name the folder above them"
        )


def _list_files(name: str, folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if not files:
        raise CloudError(f"the channel {name} is empty: '{folder}' holds no file; check cloud.{name}")
    return files


def _find_only_file(name: str, folder: Path) -> Path:
    files = _list_files(name, folder)
    if len(files) > 1:
        raise CloudError(
            f"the channel {name} holds {len(files)} files, and must hold one; name that one in cloud.{name}"
        )
    return files[0]
