"""A job as its command line describes it: settings, overrides for the job, and the search space."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from omegaconf import DictConfig, OmegaConf

from binrecon.cloud import wandb_key
from binrecon.cloud.archive import RECIPES as FOLDER_OF_RECIPES
from binrecon.cloud.images import find_image, has_gpu
from binrecon.cloud.words import Said, encode_words, sort_words
from binrecon.config.cloud_settings import JOB_PREFIX, RUN, LaunchConfig, SageMakerConfig
from binrecon.config.compose import RECIPE_SUFFIX, RECIPES, to_typed
from binrecon.config.engine_words import INT8, OPENVINO
from binrecon.config.home import quote_where_needed
from binrecon.config.problems import parse_word
from binrecon.config.schema import RANDOM, WEIGHT_WORDS, SourceConfig
from binrecon.config.split_words import GROUPED
from binrecon.config.stored.recipes import take_in_recipes
from binrecon.config.subset_words import FETCHED, parse_subset
from binrecon.config.trials import compose_checked
from binrecon.errors import ConfigError
from binrecon.regular_file import read_regular
from binrecon.sweep.plan import Plan as SweepPlan

_NODES = "trainer.nodes"
_SLURM = "slurm"
_LABELS, _LABELS_FILE = "data.labels", "labels.csv"
_MOST_BYTES = 100_000_000
"""Of a recipe or of labels that travel with the code."""


class LaunchPlan:
    """Plan of a `launch`, read from the command line and checked.

    Args:
        words: Overrides of the command line.

    Raises:
        ConfigError: With all problems.

    Attributes:
        settings: Of `launch`.
        cloud: Those of the cloud.
        words: Overrides of `train` that are sent, each with one value.
        search: Search space; None for a single training.
        search_words: Overrides that define the search.
        image: Address of the image that trains.
        recipes: Recipes and labels that travel with the code, by file name.
        variables: Of the job's environment, by name.
        notes: What is worth knowing before it runs.
    """

    def __init__(self, words: Sequence[str]) -> None:
        said = sort_words(words)
        self.settings: LaunchConfig = to_typed(compose_checked("launch", said.own))
        assert isinstance(self.settings.cloud, SageMakerConfig)  # noqa: S101  # the group has one option
        self.cloud = self.settings.cloud
        self.words: tuple[str, ...] = ()
        self.search: SweepPlan | None = None
        self.search_words: tuple[str, ...] = said.search
        self.recipes: dict[str, bytes] = {}
        self.variables: dict[str, str] = {}
        self.notes: tuple[str, ...] = ()
        self.image = ""
        if self.settings.do == RUN:
            self._plan_job(said)
        elif said.train or said.search:
            raise ConfigError(
                [f"{word}: {self.settings.do} takes no word of train" for word in (*said.train, *said.search)]
            )

    def _plan_job(self, said: Said) -> None:
        with tempfile.TemporaryDirectory() as stand_in:  # the bins lie elsewhere, but need a folder here
            root, words = f"++source.root={stand_in}", [*said.train, *self._words_of_machines(said.train)]
            if said.search:
                self.search = SweepPlan([root, *words, *said.search])
                given = [word for word in self.search.fixed if word != root]
                config = self.search.base
            else:
                given = take_in_recipes(words)
                config = compose_checked("train", [root, *given])
        problems = [*self._find_problems(config), *self._find_image()]
        if problems:
            raise ConfigError(problems)
        self.words = (*self._take_recipes_along(given), *self._take_labels_along(config.data.labels))
        encode_words(self.words)
        self.variables = wandb_key.travelling(config, self.cloud, os.environ)
        self.notes = tuple(wandb_key.describe(config, self.cloud))

    def _words_of_machines(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the override that sets the number of machines, unless it is given."""
        if self.cloud.instance_count > 1 and not any(word.startswith(f"{_NODES}=") for word in words):
            yield f"{_NODES}={self.cloud.instance_count}"

    def _find_image(self) -> Iterator[str]:
        cloud = self.cloud
        try:
            self.image = cloud.image_uri or find_image(
                cloud.region or "", cloud.framework_version, cloud.instance_type
            )
        except ConfigError as error:
            yield from error.problems

    def _find_problems(self, config: DictConfig) -> Iterator[str]:
        """Yield what contradicts between the training and where it shall run."""
        cloud = self.cloud
        is_given = cast(type[SourceConfig], OmegaConf.get_type(config.source)).is_given
        if is_given and cloud.bins is None:
            yield (
                "cloud.bins: must be given for source=local: cloud.bins=s3://BUCKET/PREFIX, which holds "
                "bin-images/ and metadata/; or use source=abid source.subset=all, or source=synthetic"
            )
        if not is_given and cloud.bins is not None:
            yield f"cloud.bins: is read by source=local alone, got source={config.source.name}"
        if config.source.name == "abid":
            yield from _check_subset(config.source.subset)
        if config.data.split != GROUPED and cloud.lists is None:
            yield f"cloud.lists: data.split={config.data.split} needs the lists: cloud.lists=s3://BUCKET/PREFIX"
        yield from self._check_network(config)
        yield from wandb_key.find_problems(config, cloud, os.environ)
        yield from self._check_machine(config)

    def _check_network(self, config: DictConfig) -> Iterator[str]:
        """Yield what a job has not, of what the network begins with and is run by."""
        weights = config.model.weights
        if weights not in WEIGHT_WORDS:
            yield (
                f"model.weights: '{weights}' is a file of this machine; "
                "give it as cloud.weights=s3://BUCKET/KEY"
            )
        if weights == RANDOM and self.cloud.weights is not None:
            yield f"cloud.weights: contradicts model.weights={RANDOM}; leave one of them out"
        for key, word in (("engine", OPENVINO), ("precision", INT8)):
            if OmegaConf.select(config, f"features.{key}") == word:
                yield f"features.{key}: {word} needs OpenVINO, which a job does not install; use auto"

    def _check_machine(self, config: DictConfig) -> Iterator[str]:
        machine, accelerator = self.cloud.instance_type, config.trainer.accelerator
        if config.trainer.name == _SLURM:
            yield f"trainer: {_SLURM} is started by srun, which SageMaker has not; use gpu, ddp or fsdp"
        if accelerator == "gpu" and not has_gpu(machine):
            yield (
                f"cloud.instance_type: {machine} has no GPU, and trainer={config.trainer.name} needs one; "
                "use for instance ml.g5.xlarge"
            )
        if (nodes := OmegaConf.select(config, _NODES, default=1)) != self.cloud.instance_count:
            yield f"{_NODES}: must be cloud.instance_count={self.cloud.instance_count}, got {nodes}"
        if accelerator == "cpu" and has_gpu(machine):
            yield (
                f"trainer: {config.trainer.name} would leave the GPU of {machine} idle; use trainer=gpu, "
                "or a machine without one, such as cloud.instance_type=ml.c5.2xlarge"
            )

    def _take_recipes_along(self, words: Sequence[str]) -> Iterator[str]:
        """Read recipes that lie outside `configs/`, and name them by their path in the archive."""
        for word in words:
            key = word.partition("=")[0]
            path = Path(str(parse_word(word).value())).expanduser() if key == RECIPES else Path()
            if key == RECIPES and path.suffix == RECIPE_SUFFIX:
                self.recipes[path.name] = _read_small(key, path)
                yield f"{RECIPES}={quote_where_needed(f'{FOLDER_OF_RECIPES}/{path.name}')}"
            elif key.lstrip("+") != _LABELS:
                yield word

    def _take_labels_along(self, labels: str | None) -> Iterator[str]:
        """Read counts that stand in place of records, and name them by their path in the archive."""
        if labels is not None:
            self.recipes[_LABELS_FILE] = _read_small(_LABELS, Path(labels).expanduser())
            yield f"{_LABELS}={FOLDER_OF_RECIPES}/{_LABELS_FILE}"

    def make_name(self, now: datetime | None = None) -> str:
        """Return the name of the job: the one that was given, or one of the time."""
        if self.settings.job is not None:
            return self.settings.job
        return f"{JOB_PREFIX}{(now or datetime.now(UTC)).strftime('%Y%m%d-%H%M%S-%f')[:-3]}"


def _read_small(key: str, path: Path) -> bytes:
    """Read a file that travels with the code.

    Raises:
        ConfigError: If it cannot be read.
    """
    try:
        return read_regular(path, _MOST_BYTES)
    except OSError as error:
        raise ConfigError([f"{key}: '{path}' cannot be read ({error.strerror}); name a file"]) from error


def _check_subset(words: str) -> Iterator[str]:
    """Yield what a machine cannot fetch that has nothing yet."""
    subset = parse_subset(words)
    if subset.word == FETCHED:
        yield (
            f"source.subset: {FETCHED} is what lies on a machine, and a job begins on an empty one; say what "
            "it is to fetch there, for instance source.subset=all or source.subset=sample:500, or give "
            "cloud.bins=s3://BUCKET/PREFIX"
        )
    if subset.word == "ids":
        yield (
            f"source.subset: '{subset.argument}' is a file of this machine; copy its bins to S3 and give "
            "them as cloud.bins=s3://BUCKET/PREFIX"
        )
