"""Lightning's cluster environment for processes started by others; apart, since it loads slowly."""

import os

from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment

from binrecon.training.distributed.place import Place


def choose_environment(place: Place) -> ClusterEnvironment:
    """Return what tells Lightning the same."""
    if place.starter == "torchrun":
        return TorchElasticEnvironment()
    if place.starter == "nobody" or place.size == 1:
        return LightningEnvironment()  # else Lightning would take a batch job without srun for one with it
    return slurm_environment(place)


def slurm_environment(place: Place) -> SLURMEnvironment:
    """Return Lightning's view of what srun started; it wants a variable that srun does not always set."""
    os.environ.setdefault("SLURM_NTASKS_PER_NODE", str(place.local_size))
    return SLURMEnvironment(auto_requeue=False)
