"""Workers of a study, and the recovery of trials whose worker died."""

import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

from optuna.exceptions import OptunaError, UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from binrecon.sweep.positions import LOST, RETRY_OF, first_of, has_values, list_orphans, values_of

BEAT_S = 15.0
"""Interval between two heartbeats, in seconds."""

DEAD_AFTER_S = 90.0
"""Time without a heartbeat after which a worker on another machine counts as dead, by the local clock."""

WORKER = "worker"
"""Attribute of a trial: who runs it. Of a study, followed by `:` and the worker: its seconds and beats."""

ERROR = "error"
"""Attribute of a trial: why it failed."""

_ENDED = ("Z", "X")
"""States of proc(5): a zombie, and one that is dead."""


def name_worker() -> str:
    """Name this process so that it can be told from a later one with its number: `HOST/PID/START`."""
    return f"{socket.gethostname()}/{os.getpid()}/{_start_of(os.getpid())}"


def _start_of(pid: int) -> str | None:
    """Return when a process was started, in the system's ticks; None if it has ended or it is unknown.

    One that has ended stays listed until its parent reaps it, which may do so late or never.
    """
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if facts[0] in _ENDED else facts[19]
    except (OSError, IndexError):
        return None


def is_gone(worker: str) -> bool:
    """Return whether a worker of this machine has ended; False for those of other machines."""
    host, pid, start = worker.rsplit("/", 2)
    if host != socket.gethostname():
        return False
    if Path("/proc/self").exists():
        return _start_of(int(pid)) != start
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class Worker:
    """This process as a worker of a study: sends heartbeats, and requeues the trials of dead workers.

    On leaving, its trials that have not ended go back into the queue.

    Args:
        study: The study.
        keys: The searched keys.
        clock: Seconds that never go back; for tests.
    """

    def __init__(
        self, study: Study, keys: Collection[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.study = study
        self._keys = keys
        self.name = name_worker()
        self._clock = clock
        self._started = clock()
        self._beats = 0
        self._seen: dict[str, tuple[object, float]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, daemon=True)

    def __enter__(self) -> "Worker":
        self.beat()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.beat()
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if trial.user_attrs.get(WORKER) == self.name:  # this one was stopped amidst it
                self.give_back(trial, "stopped")

    @property
    def seconds(self) -> float:
        """Seconds that it has worked."""
        return self._clock() - self._started

    def beat(self) -> None:
        """Send a heartbeat."""
        self._beats += 1
        sign = {"beats": self._beats, "seconds": round(self.seconds, 1)}
        self.study.set_user_attr(f"{WORKER}:{self.name}", sign)

    def _beat_on(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                self.beat()
            except (OptunaError, OSError, RuntimeError):  # the next one, or the trial's own end, will tell
                continue

    def take_over(self) -> list[int]:
        """Put the trials of dead workers back into the queue; return the numbers of those it found.

        Exactly one of several workers that notice puts a trial back: the one that ended it.
        """
        trials = self.study.get_trials(deepcopy=False)
        orphans = [t for t in list_orphans(trials, self._keys) if self._is_left_alone(t)]
        running = [t for t in trials if t.state == TrialState.RUNNING and self._is_dead(t)]
        taken = []
        for trial in sorted([*orphans, *running], key=first_of):
            if trial.state == TrialState.RUNNING:
                taken += [trial.number] if self.give_back(trial) else []
            else:
                self._queue_again(trial)
                taken.append(trial.number)
        return taken

    def _is_left_alone(self, trial: FrozenTrial) -> bool:
        """Return whether the worker that noticed a lost trial died too, before it queued another."""
        finder = trial.user_attrs[LOST]
        return isinstance(finder, str) and finder != self.name and is_gone(finder)

    def give_back(self, trial: FrozenTrial, reason: str = "its worker died") -> bool:
        """End a trial without a result, and queue another with the same values.

        Returns:
            True if this worker did it; False if another one was faster, or the trial has ended.
        """
        # `study.tell(number, state=FAIL)` is public and ends a trial too, but no public call adds attributes
        # to a trial that another process asked for, or tells which of two workers was the one that ended it
        storage = self.study._storage
        try:
            trial_id = trial._trial_id  # as above
            storage.set_trial_user_attr(trial_id, LOST, self.name)
            storage.set_trial_user_attr(trial_id, ERROR, reason)
            if not storage.set_trial_state_values(trial_id, TrialState.FAIL):
                return False
        except (UpdateFinishedTrialError, RuntimeError):
            return False
        self._queue_again(trial)
        return True

    def _queue_again(self, trial: FrozenTrial) -> None:
        if has_values(trial, self._keys):
            self.study.enqueue_trial(values_of(trial), user_attrs={RETRY_OF: first_of(trial)})

    def _is_dead(self, trial: FrozenTrial) -> bool:
        worker = trial.user_attrs.get(WORKER)
        if worker == self.name:
            return False
        signs = {key.partition(":")[2]: sign for key, sign in _list_signs(self.study)}
        if worker is None:  # whoever asked for it has not signed it yet, or died before that
            others = signs.keys() - {self.name}
            return all(map(is_gone, others)) or self._is_still(f"trial {trial.number}", "unsigned")
        return is_gone(worker) or self._is_still(worker, signs.get(worker))

    def _is_still(self, who: str, sign: object) -> bool:
        """Return whether a heartbeat has been the same since this process first read it, long enough."""
        seen, since = self._seen.get(who, (None, 0.0))
        if seen == sign:
            return self._clock() - since > DEAD_AFTER_S
        self._seen[who] = (sign, self._clock())
        return False


def count_seconds(study: Study, worker: Worker) -> float:
    """Count the seconds that a worker and, as far as they have told, all others have spent on a study."""
    mine = f"{WORKER}:{worker.name}"
    return worker.seconds + sum(sign["seconds"] for key, sign in _list_signs(study) if key != mine)


def _list_signs(study: Study) -> list[tuple[str, dict[str, float]]]:
    return [(key, sign) for key, sign in study.user_attrs.items() if key.startswith(f"{WORKER}:")]
