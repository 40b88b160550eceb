"""Length of a training, and its devices."""

from dataclasses import dataclass

from binrecon.config.options import option


@dataclass
class TrainerConfig:
    """One process on the CPU."""

    name: str = "cpu"
    """Name of the trainer; set by the group option, not by hand."""
    accelerator: str = option("cpu", choices=("auto", "cpu", "gpu"))
    """`cpu`, `gpu`, or `auto`: GPUs where the machine has some."""
    devices: int = option(1, at_least=0, at_most=1_024)
    """Processes on each machine, each with its own device; 0 is one for each GPU, or what srun started."""
    nodes: int = option(1, at_least=0, at_most=4_096)
    """Machines; on each of several, torchrun or srun starts the run. 0 is what srun started."""
    join_timeout_s: float = option(600.0, above=0)
    """Longest wait at the start until the processes of all machines have met, in seconds."""
    silence_timeout_s: float = option(60.0, above=0)
    """After so many seconds without a sign of another machine the run ends, to be gone on with."""
    checkpoint_minutes: float | None = option(10.0, above=0)
    """Longest training on photos between two checkpoints, in minutes; null for any."""
    checkpoint_mirror: str | None = None
    """`s3://BUCKET/PREFIX` where checkpoints are kept too, for another machine to go on with; or null."""
    syncs_batchnorm: bool = True
    """Normalise over the batch of all processes in BatchNorm, not over each process's own part."""
    precision: str = option("32-true", choices=("32-true", "bf16-mixed", "16-mixed"))
    """Lightning's word for the number format: `32-true`, `bf16-mixed`, `16-mixed`."""
    max_epochs: int = option(15, at_least=1, at_most=1_000_000)
    """Passes over the training photos."""
    accumulate: int = option(1, at_least=1, at_most=65_536)
    """Parts that a batch is computed in, one after the other, where it does not fit into memory at once."""
    gradient_clip_norm: float | None = option(None, above=0)
    """Largest L2 norm of the gradient of a step, larger ones are scaled down; null never does."""
    ema_decay: float | None = option(None, at_least=0, below=1)
    """Decay of the running mean of the weights that is validated, tested and kept; null has none."""
    is_deterministic: bool = True
    """Use only algorithms that give the same numbers every time."""
