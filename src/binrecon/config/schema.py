"""Every key of the configuration: its type, its meaning and its unit. Values live in `configs/`.

Plain dataclasses: no Hydra here, so any room may use them. `"???"` marks a value that must be given.
Allowed ranges and words are in `validate.py`.
"""

from dataclasses import dataclass, field
from typing import Any

MISSING: Any = "???"  # stands for a value of any type
"""OmegaConf's mark for a value that has to be given (`omegaconf.MISSING`, without importing it)."""


IMAGENET = "imagenet"
RANDOM = "random"
WEIGHT_WORDS = (IMAGENET, RANDOM)
"""What `model.weights` may be besides a path."""


@dataclass
class SourceConfig:
    """Where bins come from."""

    name: str = MISSING
    """Which source this is; set by the group option, not by hand."""
    root: str = MISSING
    """Folder of the bins; where they are rendered (`synthetic`) or fetched to (`abid`)."""


@dataclass
class LocalSourceConfig(SourceConfig):
    """A folder in the bucket's layout: `bin-images/{bin_id}.jpg` beside `metadata/{bin_id}.json`."""

    name: str = "local"


@dataclass
class FaultsConfig:
    """How many bins of each kind of fault the synthetic source plants."""

    corrupt_photos: int = 0
    """Photos that are cut short."""
    missing_records: int = 0
    """Photos without a record."""
    duplicate_photos: int = 0
    """Photos that are those of another bin, byte for byte."""
    contradictory_records: int = 0
    """Records whose count is not the sum of their items."""
    extra_empty_bins: int = 0
    """Empty bins, besides those that occur anyway."""
    unpadded_ids: int = 0
    """Bins with a key such as `523`, which is not `00523`."""


@dataclass
class SyntheticSourceConfig(SourceConfig):
    """Rendered bins with known counts, the same for the same settings."""

    name: str = "synthetic"
    bin_count: int = 1000
    """How many bins to render."""
    seed: int = 0
    """Seed of the renderer; independent of the run's seed."""
    largest_count: int = 7
    """Largest number of items in a bin."""
    pair_fraction: float = 0.3
    """Share of bins that belong to a before/after pair of the same bin."""
    faults: FaultsConfig = field(default_factory=FaultsConfig)


@dataclass
class AbidSourceConfig(SourceConfig):
    """The dataset's bucket on S3 (or a copy on any S3 server), read through a local folder."""

    name: str = "abid"
    subset: str = MISSING
    """`fetched` (all that lies in `root`), or what to bring there: the words of `fetch`."""
    parts: str = MISSING
    """What to bring of each bin: `both`, only `photos` or only `records`."""
    bucket: str = MISSING
    """Name of the bucket."""
    prefix: str = MISSING
    """What stands before `bin-images/` and `metadata/` in every key, without a slash at the end."""
    region: str = MISSING
    """Region of the bucket."""
    endpoint_url: str | None = MISSING
    """Another S3 server, for instance http://127.0.0.1:8333; null for Amazon's."""
    is_signed: bool = MISSING
    """Whether requests are signed with the credentials of the usual AWS chain; the dataset needs none."""
    lists_dir: str = MISSING
    """Folder of the published lists, for the subsets that they name."""
    sample_seed: int = MISSING
    """Chooses another `sample:N`."""
    connections: int = MISSING
    """Objects fetched at a time."""
    attempts: int = MISSING
    """How often an object is tried before it is given up and listed."""
    backoff_s: float = MISSING
    """Wait before the second attempt, in seconds; doubled before each further one, at random by half less."""
    stall_timeout_s: float = MISSING
    """An attempt ends when nothing arrives for so long, in seconds."""
    checks_etags: bool = MISSING
    """Whether bytes must have the MD5 of their ETag; turn off for servers with ETags of another kind."""


@dataclass
class DataConfig:
    """Which bins are used, how they are split, and how photos become batches."""

    min_count: int = 0
    """Smallest recorded count that is a class."""
    max_count: int = 5
    """Largest recorded count that is a class."""
    above_range: str = "drop"
    """What happens to bins above `max_count`: `drop` them (counted) or `clip` their label to `max_count`."""
    split: str = "grouped"
    """`grouped` (leak-free), or as published: `unc`, `stanford_all`, `stanford_150k`, `udacity`."""
    lists_dir: str = MISSING
    """Folder of the published lists, as `.json` or `.json.gz`: counting_train, counting_val, file_list."""
    counts_from: str = "records"
    """Where recorded counts come from: `records`, or the `lists` of a published split (no record is read)."""
    labels: str | None = None
    """CSV of bin_id and recorded_count with what somebody counted, in place of what the records claim."""
    val_fraction: float = 0.15
    """Share of groups that validate, expected value; of no effect on a published split."""
    test_fraction: float = 0.15
    """Share of groups that test, expected value; of no effect on a published split."""
    split_seed: int = 0
    """Seed of the split; independent of the run's seed, so that seeds compare on the same bins."""
    train_share: float = 1.0
    """Share of the training bins that is used, in whole groups; each share holds every smaller one."""
    image_size: int = 224
    """Height and width of what the backbone sees, in pixels."""
    resize: str = "squash"
    """`squash` to the square (what the published work did) or `pad` to it, keeping the aspect."""
    horizontal_flip: bool = True
    """Whether training photos are mirrored half of the time."""
    balance: str = "none"
    """What makes rare counts matter as much in training as common ones: `none`, `sampler` (they are drawn as
    often) or `weights` (their bins weigh more in the loss)."""
    augment: str = "none"
    """What else is done to training photos: `none`, or `side_on` (turned, zoomed and lit a little)."""
    tta: str = "none"
    """Views that validation and test average over: `none` (the photo alone), `flip` (the mirrored one too),
    `side_on` (four augmented ones besides)."""
    batch_size: int = 128
    """Photos in a batch over all processes together."""
    workers: int = 2
    """Processes that decode photos, for each training process; 0 decodes in the training process."""


@dataclass
class ModelConfig:
    """The backbone, from photos to features."""

    backbone: str = MISSING
    """Name of a timm model, with the tag of its weights where it has several: `resnet50.tv_in1k`."""
    weights: str = "imagenet"
    """`imagenet`, `random`, or the path of a state dict of the backbone (.pth, .pt, .safetensors)."""
    pooling: str = MISSING
    """What is kept of its feature maps: `average` of the last ones, `concat` of their averages and largest
    values, `stages`: averages, largest values and standard deviations of those of every stage, or `grid`: the
    same of all stages but the last, and averages over a 3 x 3 grid."""


@dataclass
class RegimeConfig:
    """Which layers are trained, and when."""

    name: str = MISSING
    """Which regime this is; set by the group option, not by hand."""


@dataclass
class FrozenRegimeConfig(RegimeConfig):
    """The backbone stays as it is, BatchNorm statistics included, and only the head is trained."""

    name: str = "frozen"


@dataclass
class LrGroupConfig:
    """The stages from one to the next group, or to the head."""

    first_stage: str = MISSING
    """Where the group begins: `stem`, `stage1`, …"""
    factor: float = MISSING
    """What the learning rate is multiplied by."""


@dataclass
class TrainedRegimeConfig(RegimeConfig):
    """What the regimes have in common that train layers of the backbone."""

    lr_groups: list[LrGroupConfig] = field(default_factory=list)
    """Stages with a learning rate of their own, for instance
    [{first_stage: stem, factor: 0.1}, {first_stage: stage3, factor: 0.3}]; the head has optimizer.lr."""


@dataclass
class FullRegimeConfig(TrainedRegimeConfig):
    """Everything from a stage on is trained."""

    name: str = "full"
    first_stage: str = MISSING
    """First trained stage of the backbone, `stem` for all of it; the stages before it stay as they are."""


@dataclass
class GradualRegimeConfig(TrainedRegimeConfig):
    """The head alone, then one stage more every few epochs, from the last stage to the first."""

    name: str = "gradual"
    first_stage: str = MISSING
    """The stage to end with: `stem` (all of the backbone), `stage1`, …"""
    head_epochs: int = MISSING
    """Epochs for the head alone."""
    stage_epochs: int = MISSING
    """Epochs from one stage to the next."""


@dataclass
class PhaseConfig:
    """A part of a run, with an optimizer and a learning-rate schedule of its own."""

    epochs: int = MISSING
    """How long it lasts."""
    first_stage: str = "stem"
    """First trained stage of the backbone; `head` trains the head alone."""
    image_size: int | None = None
    """Height and width of the training photos, in pixels; null for data.image_size."""
    lr: float | None = None
    """Learning rate at its start; null for optimizer.lr."""


@dataclass
class PhasedRegimeConfig(TrainedRegimeConfig):
    """Phases, one after the other."""

    name: str = "phased"
    phases: list[PhaseConfig] = MISSING
    """The phases; their epochs add up to trainer.max_epochs."""


@dataclass
class HeadConfig:
    """What is trained on the features: from them to count logits."""

    name: str = MISSING
    """Which head this is; set by the group option, not by hand."""
    starts_at_prior: bool = True
    """Whether it first answers with the shares of the training counts, or at random."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it needs more than one photo to train on."""
        raise NotImplementedError


@dataclass
class OneLayerHeadConfig(HeadConfig):
    """What the heads have in common that are one linear layer."""

    dropout: float = MISSING
    """Share of the features that are zeroed while training."""
    is_standardised: bool = False
    """Whether each feature is brought to mean 0 and variance 1 first, over the photos that a process has of a
    batch; where features are of many kinds (`model.pooling`), a layer learns little from them otherwise."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it needs more than one photo to train on."""
        return self.is_standardised


@dataclass
class LinearHeadConfig(OneLayerHeadConfig):
    """One linear layer, with a logit for each count."""

    name: str = "linear"


@dataclass
class CoralHeadConfig(OneLayerHeadConfig):
    """One linear layer with a single value, and thresholds between the counts (arXiv:1901.07884)."""

    name: str = "coral"


@dataclass
class CornHeadConfig(OneLayerHeadConfig):
    """One linear layer that asks, of a bin with at least k items, whether it has more (arXiv:2111.08851)."""

    name: str = "corn"


@dataclass
class MlpHeadConfig(HeadConfig):
    """One hidden layer; BatchNorm before each linear layer, over the photos that a process has of a batch."""

    name: str = "mlp"
    hidden_width: int = MISSING
    """Values in the hidden layer."""
    dropout: float = MISSING
    """Share of the hidden values that are zeroed while training, and half that share of the features."""

    @property
    def has_batch_norm(self) -> bool:
        """Whether it needs more than one photo to train on."""
        return True


@dataclass
class LossConfig:
    """What training minimises."""

    name: str = MISSING
    """Which loss this is; set by the group option, not by hand."""


@dataclass
class CrossEntropyConfig(LossConfig):
    """Cross entropy with the recorded count."""

    name: str = "cross_entropy"
    label_smoothing: float = MISSING
    """Share of each label that is spread evenly over all counts (arXiv:1512.00567)."""


@dataclass
class SoftLabelsConfig(LossConfig):
    """Cross entropy mixed with a multi-label loss, for which a count beside the recorded one is right too."""

    name: str = "soft_labels"
    soft_weight: float = MISSING
    """Share of the multi-label loss: 0 is cross entropy alone, 1 the multi-label loss alone."""


@dataclass
class CumulativeConfig(LossConfig):
    """Binary cross entropy of "more than k items" for every k: a count farther off costs more."""

    name: str = "cumulative"


@dataclass
class CornConfig(LossConfig):
    """Binary cross entropy of "more than k items, if at least k" for every k: goes with head=corn."""

    name: str = "corn"


@dataclass
class OptimizerConfig:
    """An optimizer together with its learning-rate schedule."""

    name: str = MISSING
    """Which optimizer this is; set by the group option, not by hand."""
    lr: float = MISSING
    """Learning rate at the start."""
    weight_decay: float = 0.0
    """L2 penalty (`sgd`, `sgdr`, `adam`) or decoupled weight decay (`adamw`)."""
    decays_biases: bool = False
    """Whether it holds for biases and for the weights of BatchNorm too, as in published runs."""


@dataclass
class SGDConfig(OptimizerConfig):
    """SGD with momentum; the learning rate falls by a factor every few epochs."""

    name: str = "sgd"
    momentum: float = 0.9
    """Share of the last step that goes into the next."""
    step_epochs: int = 10
    """Epochs between two falls of the learning rate."""
    step_factor: float = 0.1
    """What the learning rate is multiplied by at each fall."""


@dataclass
class SGDRConfig(OptimizerConfig):
    """SGD with warm restarts: cosine cycles, each longer than the one before (arXiv:1608.03983)."""

    name: str = "sgdr"
    momentum: float = 0.9
    """Share of the last step that goes into the next."""
    first_cycle_epochs: int = 1
    """Length of the first cycle, in epochs."""
    cycle_mult: int = 2
    """How many times longer each cycle is than the one before."""
    min_lr: float = 0.0
    """Learning rate at the end of each cycle."""


@dataclass
class AdamConfig(OptimizerConfig):
    """Adam (arXiv:1412.6980)."""

    name: str = "adam"
    beta1: float = 0.9
    """Decay of the running mean of gradients."""
    beta2: float = 0.999
    """Decay of the running mean of squared gradients."""
    schedule: str = "constant"
    """What becomes of the learning rate: `constant`, or `cosine`, half a wave down to 0 at the end."""
    warmup_epochs: float = 0.0
    """Epochs in which it rises to `lr` first, in a straight line."""


@dataclass
class AdamWConfig(OptimizerConfig):
    """Adam with decoupled weight decay (arXiv:1711.05101)."""

    name: str = "adamw"
    beta1: float = 0.9
    """Decay of the running mean of gradients."""
    beta2: float = 0.999
    """Decay of the running mean of squared gradients."""
    schedule: str = "constant"
    """What becomes of the learning rate: `constant`, or `cosine`, half a wave down to 0 at the end."""
    warmup_epochs: float = 0.0
    """Epochs in which it rises to `lr` first, in a straight line."""


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


@dataclass
class LoggerConfig:
    """Where the numbers of each epoch go besides `metrics.json`."""

    name: str = MISSING
    """Which logger this is; set by the group option, not by hand."""


@dataclass
class CsvLoggerConfig(LoggerConfig):
    """Each epoch's numbers in a CSV file of the run folder."""

    name: str = "csv"


@dataclass
class NoLoggerConfig(LoggerConfig):
    """No log of single epochs."""

    name: str = "none"


@dataclass
class WandbLoggerConfig(LoggerConfig):
    """Weights & Biases, besides the CSV file."""

    name: str = "wandb"
    mode: str = MISSING
    """`online`, `offline` (no network), or `auto`: online where an API key is at hand."""
    project: str = MISSING
    """Project of the run."""
    entity: str | None = MISSING
    """User or team that owns the project; null for the default of the API key."""
    group: str | None = MISSING
    """What runs are compared within; null for the experiment, or else the model."""
    tags: list[str] = MISSING
    """Tags besides those that follow from the configuration."""
    log_photos: bool = MISSING
    """Whether photos of the most wrong bins are logged: they may be private."""
    log_manifest: bool = MISSING
    """Whether the manifest is logged, as the input of the run."""
    log_checkpoint: bool = MISSING
    """Whether the best checkpoint is logged, as the output of the run (ResNet-50: 95 MB)."""
    answer_timeout_s: float = MISSING
    """Longest wait for an answer of the server, at the start and before files are logged, in seconds."""
    finish_timeout_s: float = MISSING
    """Longest wait for uploads at the end, in seconds; what is left stays in the run folder."""


@dataclass
class CallbacksConfig:
    """What happens around training."""

    early_stopping_patience: int | None = None
    """Stop after this many epochs without a better `monitor`; null never stops early."""


@dataclass
class KeptFeaturesConfig:
    """Whether a frozen backbone's features are computed once and kept, and how."""

    name: str = MISSING
    """`auto` keeps them where it can, `cached` insists, `live` never does; set by the group option."""
    engine: str = MISSING
    """What runs the backbone: `torch`, `openvino` (on the CPU), or `auto`: OpenVINO where it is installed."""
    precision: str = MISSING
    """Its number format: `float32`, `bfloat16`, `int8` (OpenVINO); `auto`: bfloat16 where hardware has it."""
    dtype: str = MISSING
    """What features are kept in: `float16` (half the space and reading) or `float32`."""


@dataclass
class TrainConfig:
    """Everything that `train` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    regime: RegimeConfig = MISSING  # chosen by a group option
    head: HeadConfig = MISSING  # chosen by a group option
    loss: LossConfig = MISSING  # chosen by a group option
    optimizer: OptimizerConfig = MISSING  # chosen by a group option
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = MISSING  # chosen by a group option
    callbacks: CallbacksConfig = field(default_factory=CallbacksConfig)
    features: KeptFeaturesConfig = field(default_factory=KeptFeaturesConfig)
    seed: int = 0
    """Seed of the head's first weights, the order of photos and their flips."""
    monitor: str = "val/loss"
    """The metric that decides which checkpoint is best; the only place where it is named."""
    resume: str | None = None
    """Folder of a run to go on with; null starts anew."""
    output_root: str = "outputs"
    """Folder that holds the run folders."""
    lists_dir: str = MISSING
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = MISSING
    """Folder for what can be made again: rendered and fetched bins, manifests, features."""


@dataclass
class ShowConfig:
    """Everything that `show` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    photos: int = 24
    """How many bins to draw, spread evenly over the source."""
    columns: int = 6
    """Photos in a row."""
    path: str = "outputs/bins.png"
    """The PNG to write."""
    lists_dir: str = MISSING
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = MISSING
    """Folder for what can be made again: rendered and fetched bins."""


@dataclass
class FetchConfig:
    """Everything that `fetch` needs."""

    source: SourceConfig = MISSING  # chosen by a group option
    subset: str = MISSING
    """A published split (`udacity`, …), `ids:FILE`, `range:FIRST-LAST`, `sample:N` or `all`."""
    dry_run: bool = MISSING
    """Whether to say only how many objects and bytes would move (`--dry-run`)."""
    verify: bool = MISSING
    """Whether to list the bucket anew, compare what lies there by MD5, and fetch again what differs."""
    relist: bool = MISSING
    """Whether to list the bucket anew, though an earlier listing is kept."""
    output_root: str = MISSING
    """Folder for the report."""
    lists_dir: str = MISSING
    """Folder of the lists that others published; they are not part of binrecon."""
    cache_dir: str = MISSING
    """Folder for what can be made again: here fetched bins."""


@dataclass
class FeaturesConfig:
    """Everything that `features` needs."""

    action: str = MISSING
    """`ls` lists the stores, `verify` checks their bytes, `prune` removes those that nobody uses."""
    unused_days: float = MISSING
    """What `prune` removes: stores that no run has used for so long, in days."""
    cache_dir: str = MISSING
    """Folder for what can be made again; the features are in its `features/`."""


@dataclass
class SweepSettings:
    """How a search for hyper-parameters goes."""

    study: str | None = None
    """Name of the study; null makes one of the words, such as `head-resnet50-adam`."""
    space: dict[str, str] = field(default_factory=dict)
    """What is searched: keys of `train` with Hydra's words for several values: `interval`, `choice`."""
    objectives: list[str] = MISSING
    """The validation metrics to make better, each in its own direction; the first chooses the winner."""
    sampler: str = MISSING
    """What draws trials: `tpe`, `random`, `cmaes`, `gp`, `grid`."""
    pruner: str = MISSING
    """What ends hopeless trials early: `median`, `hyperband`, `none`."""
    trials: int | None = MISSING
    """Trials in all, those that failed or were pruned included; null leaves it to `minutes`."""
    minutes: float | None = MISSING
    """Minutes of work, of all workers together, after which no trial begins; null sets no limit."""
    max_failed_share: float = MISSING
    """The study stops when more of its trials than this share have failed, of ten or more."""
    at_once: int = MISSING
    """Heads that are trained side by side; each draw knows only the trials that ended before it."""
    storage: str | None = MISSING
    """Where trials are kept: null is a file in the study's folder, or `postgresql://USER@HOST/DATABASE`."""
    seed: int = MISSING
    """Seed of the sampler."""
    final_seeds: int = MISSING
    """Seeds besides the searched one that the winner is trained with at the end, and tested."""


@dataclass
class SweepConfig:
    """Everything that `sweep` needs besides the words of `train`."""

    sweep: SweepSettings = MISSING  # chosen by a group option


@dataclass
class ReproduceConfig:
    """Everything that `reproduce` needs besides the words of `train`."""

    rows: list[str] | None = None
    """Rows of the table, for instance `[resnet18_sgd,resnet34_sgdr]`; null is all of them."""
    seeds: int = MISSING
    """Runs of each row, with seeds from `seed` on."""
    rehearse: bool = MISSING
    """Whether every phase is cut to one epoch, on photos no larger than data.image_size (`--rehearse`)."""
    estimate: bool = MISSING
    """Whether to time some steps of each row instead, and say how long all would take (`--estimate`)."""
    estimate_s: float = MISSING
    """How long each row is timed, in seconds."""
    check: bool = MISSING
    """Whether to run a study in small, and compose every command that it quotes (`--check`)."""


@dataclass
class CompareConfig:
    """Everything that `compare` needs."""

    runs: list[str] = field(default_factory=list)
    """Run folders, or folders that hold some at any depth; given as words, without `runs=`."""
    group_by: list[str] | None = None
    """Keys that tell groups apart, for instance `[model,optimizer.lr]`; null takes all that differ."""
    metric: str = MISSING
    """What ranks the groups."""
    allow_mixed: bool = MISSING
    """Whether runs that were judged on different bins may stand in one table."""
    resamples: int = MISSING
    """Draws of the bootstrap."""
    seed: int = MISSING
    """Seed of the bootstrap."""
    output_root: str = MISSING
    """Folder that holds the results folders."""
    output_dir: str = MISSING
    """Folder for the results; what an earlier comparison left there is replaced."""
