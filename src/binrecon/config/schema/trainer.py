"""How long to train, on what."""

from dataclasses import dataclass

from binrecon.config.schema.missing import MISSING


@dataclass
class TrainerConfig:
    """How long to train, on what."""

    name: str = MISSING
    """Which trainer this is; set by the group option, not by hand."""
    accelerator: str = MISSING
    """`cpu`, `gpu`, or `auto`: GPUs where the machine has some."""
    devices: int = 1
    """Processes on each machine, each with its own device; 0 is one for each GPU, or what srun started."""
    nodes: int = 1
    """Machines; on each of several, torchrun or srun starts the run. 0 is what srun started."""
    join_timeout_s: float = 600.0
    """Longest wait at the start until the processes of all machines have met, in seconds."""
    silence_timeout_s: float = 60.0
    """After so many seconds without a sign of another machine the run ends, to be gone on with."""
    checkpoint_minutes: float | None = 10.0
    """Longest training on photos between two checkpoints, in minutes; null for any."""
    checkpoint_mirror: str | None = None
    """`s3://BUCKET/PREFIX` where checkpoints are kept too, for another machine to go on with; or null."""
    syncs_batchnorm: bool = True
    """Whether BatchNorm in training normalises over the batch of all processes, not over a share of it."""
    precision: str = "32-true"
    """Lightning's word for the number format: `32-true`, `bf16-mixed`, `16-mixed`."""
    max_epochs: int = 15
    """Passes over the training photos."""
    accumulate: int = 1
    """Parts that a batch is computed in, one after the other, where it does not fit into memory at once."""
    gradient_clip_norm: float | None = None
    """Largest L2 norm of the gradient of a step, larger ones are scaled down; null never does."""
    ema_decay: float | None = None
    """Decay of the running mean of the weights that is validated, tested and kept; null has none."""
    is_deterministic: bool = True
    """Whether only algorithms are used that give the same numbers every time."""
