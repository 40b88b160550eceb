"""A study: its trials, its budget, and its identity across restarts."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from binrecon.config.metric_names import monitor_mode
from binrecon.config.search_space import SearchSpace
from binrecon.config.sweep import SweepSettings
from binrecon.config.sweep_words import Pruner
from binrecon.errors import StudyError
from binrecon.sweep.outcome import Outcome
from binrecon.sweep.positions import LOST, RETRY_OF, SURPLUS, has_values, list_firsts, renumber
from binrecon.sweep.sampling import NumberedSampler, build_distributions, build_pruner
from binrecon.sweep.workers import ERROR, WORKER, Worker, count_seconds

IDENTITY = "binrecon"
"""Attribute of a study: its identity."""

MANIFEST = "manifest"
"""Attribute of a study: the hash of the bins that its trials use."""

STAND_IN_WITHIN = timedelta(minutes=1)
"""Time for which a slot is reserved for the replacement of a lost trial."""

FAILED_LEAST = 10
"""Trials that must have ended before the fraction of failed ones is checked."""


class SweepStudy:
    """A study with its budget.

    Args:
        name: Name of the study.
        storage: Storage of its trials.
        settings: Sampler, pruner, objectives, budget.
        space: What is searched.
        max_epochs: Epochs of a whole trial.
        identity: Plain values; a study with others is another one.

    Raises:
        StudyError: If there is a study of that name with another identity.
    """

    def __init__(
        self,
        name: str,
        storage: BaseStorage,
        settings: SweepSettings,
        space: SearchSpace,
        max_epochs: int,
        identity: Mapping[str, Any],
    ) -> None:
        self.settings = settings
        self.space = space
        self.sampler = NumberedSampler(settings.sampler, settings.seed, space)  # type: ignore[arg-type]  # checked by validate
        self.pruner: Pruner = settings.pruner if len(settings.objectives) == 1 else "none"  # type: ignore[assignment]  # as above
        self.pruned_by = None if self.pruner == "none" else settings.objectives[0]
        modes = [monitor_mode(objective) for objective in settings.objectives]
        self.optuna = optuna.create_study(
            study_name=name,
            storage=storage,
            sampler=self.sampler,
            pruner=build_pruner(self.pruner, max_epochs),
            directions=["minimize" if mode == "min" else "maximize" for mode in modes],
            load_if_exists=True,
        )
        self._check_identity(identity)
        self._told: set[int] = set()
        self._distributions = build_distributions(space)

    def _check_identity(self, identity: Mapping[str, Any]) -> None:
        kept = self.optuna.user_attrs.get(IDENTITY)
        if kept is None:
            self.optuna.set_user_attr(IDENTITY, dict(identity))
            return
        differing = [key for key in sorted({*kept, *identity}) if kept.get(key) != identity.get(key)]
        if differing:
            lines = "\n  ".join(f"{key}: was {kept.get(key)}, is {identity.get(key)}" for key in differing)
            raise StudyError(
                f"the study '{self.optuna.study_name}' is of something else; choose another name with "
                f"sweep.study=NAME, or give the words it began with\n  {lines}"
            )

    def check_manifest(self, content_hash: str) -> None:
        """Make sure that all trials use the same bins.

        Raises:
            StudyError: If earlier ones used others.
        """
        kept = self.optuna.user_attrs.get(MANIFEST)
        if kept is None:
            self.optuna.set_user_attr(MANIFEST, content_hash)
        elif kept != content_hash:
            raise StudyError(
                f"the study '{self.optuna.study_name}' was begun on other bins (manifest "
                f"{kept[:12]}, now {content_hash[:12]}); bring those back, or choose another sweep.study=NAME"
            )

    def owns_results(self) -> bool:
        """True if this process writes the results: it ran the trial that ended last, or none at all."""
        if not self._told:
            return True
        ended = [trial for trial in self.list_trials() if trial.datetime_complete is not None]
        last = max(ended, key=lambda trial: (trial.datetime_complete, trial.number), default=None)
        return last is None or last.number in self._told

    def ask(self, worker: Worker, at_most: int) -> list[Trial]:
        """Draw trials, as many as the budget still allows.

        Where some wait for a worker, new ones only fill up their batch: a study that was stopped amidst a
        batch draws the same as one that was not.

        Args:
            worker: Name of the worker that will run them.
            at_most: Maximum number of trials.
        """
        asked = []
        for _ in range(min(self._size_of_batch(at_most), self._count_left(worker))):
            trial = self.optuna.ask(self._distributions)
            trial.set_user_attr(WORKER, worker.name)
            if self._is_surplus(trial.number):  # another worker was faster
                trial.set_user_attr(SURPLUS, True)
                self.optuna.tell(trial, state=TrialState.FAIL)
                break
            asked.append(trial)
        return asked

    def _size_of_batch(self, at_most: int) -> int:
        trials = self.optuna.get_trials(deepcopy=False)
        waiting = sum(trial.state == TrialState.WAITING for trial in trials)
        if not waiting:
            return at_most
        return min(at_most, waiting + -len(list_firsts(trials, self._distributions)) % at_most)

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Store a trial's outcome, unless another worker took this one for dead and requeued it.

        A complete trial with a value that is not a number has failed.
        """
        outcome = self._check_values(outcome)
        notes = dict(outcome.notes)
        if outcome.reason is not None:
            notes[ERROR] = outcome.reason
        try:
            for key, value in notes.items():
                trial.set_user_attr(key, value)
            match outcome.status:
                case "complete":
                    self.optuna.tell(trial, [float(value) for value in outcome.values if value is not None])
                case "pruned":
                    self.optuna.tell(trial, state=TrialState.PRUNED)
                case "failed":
                    self.optuna.tell(trial, state=TrialState.FAIL)
        except (UpdateFinishedTrialError, ValueError):
            if not self._frozen(trial.number).user_attrs.get(LOST):
                raise
        self._told.add(trial.number)

    def _check_values(self, outcome: Outcome) -> Outcome:
        named = zip(self.settings.objectives, outcome.values, strict=False)
        bad = [f"{name} is {value}" for name, value in named if value is None or not math.isfinite(value)]
        if not bad:
            return outcome
        return replace(outcome, status="failed", values=(), reason=f"{', '.join(bad)}: no number")

    def list_trials(self) -> list[FrozenTrial]:
        """List the trials that count: neither lost nor over the budget."""
        trials = self.optuna.get_trials(deepcopy=False)
        return [t for t in trials if LOST not in t.user_attrs and SURPLUS not in t.user_attrs]

    @property
    def keys(self) -> tuple[str, ...]:
        """The searched keys."""
        return tuple(self._distributions)

    def list_results(self) -> list[FrozenTrial]:
        """List the trials that count by their positions, which are the numbers that results name."""
        trials = self.optuna.get_trials(deepcopy=False)
        return renumber(trials, self.list_trials(), self._distributions)

    def count_states(self) -> Counter[str]:
        """Count the trials that count, by state: `complete`, `pruned`, `fail`, `running`, `waiting`."""
        return Counter(trial.state.name.lower() for trial in self.list_trials())

    def check_failures(self) -> None:
        """Stop where too many trials fail.

        Raises:
            StudyError: With the commonest reason.
        """
        ended = [trial for trial in self.list_trials() if trial.state.is_finished()]
        failed = [trial for trial in ended if trial.state == TrialState.FAIL]
        if len(ended) >= FAILED_LEAST and len(failed) > self.settings.max_failed_share * len(ended):
            raise StudyError(
                f"{len(failed)} of {len(ended)} trials failed, more than sweep.max_failed_share="
                f"{self.settings.max_failed_share:g} of them; most often: {self.commonest_error()}"
            )

    def commonest_error(self) -> str:
        """Return the reason of most failed trials."""
        reasons = Counter(
            str(trial.user_attrs.get(ERROR)) for trial in self.list_trials() if trial.state == TrialState.FAIL
        )
        return reasons.most_common(1)[0][0]

    @property
    def total(self) -> int | None:
        """Trials in the whole budget; None if only minutes limit it."""
        limits = [self.settings.trials] if self.settings.trials is not None else []
        if (size := self.sampler.grid_size) is not None:
            limits.append(size)
        return min(limits, default=None)

    def _count_left(self, worker: Worker) -> int:
        """Count the trials that may start, including those that wait for a worker."""
        minutes = self.settings.minutes
        if minutes is not None and count_seconds(self.optuna, worker) >= minutes * 60:
            return 0
        if self.total is None:
            return 1_000_000
        waiting = self.count_states()["waiting"]
        return max(0, self.total - len(self.list_trials()) - self.count_unreplaced()) + waiting

    def count_unreplaced(self) -> int:
        """Count lost trials whose replacement is about to be queued: a new trial must not use its slot.

        After `STAND_IN_WITHIN` none will be: the worker that noticed died too, so the slots are free.
        """
        trials = self.optuna.get_trials(deepcopy=False)
        replaced = Counter(trial.user_attrs.get(RETRY_OF) for trial in trials)
        now = datetime.now()  # as Optuna's own times
        lost = [
            trial
            for trial in trials
            if LOST in trial.user_attrs
            and has_values(trial, self._distributions)
            and (trial.datetime_complete or now) > now - STAND_IN_WITHIN
        ]
        firsts = Counter(trial.user_attrs.get(RETRY_OF, trial.number) for trial in lost)
        return sum((firsts - replaced).values())

    def _is_surplus(self, number: int) -> bool:
        if self.total is None:
            return False
        return sum(trial.number < number for trial in self.list_trials()) >= self.total

    def _frozen(self, number: int) -> FrozenTrial:
        return self.optuna.get_trials(deepcopy=False)[number]
