from pathlib import Path

import optuna

from binrecon.sweep.outcome import Outcome
from binrecon.sweep.positions import RETRY_OF
from binrecon.sweep.trained_batches import TrainedTrial, read_batch, write_batch


def ask(study: optuna.Study) -> optuna.Trial:
    return study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})


def test_read_batch(tmp_path: Path) -> None:
    study = optuna.create_study()
    trials = [ask(study), ask(study)]
    kept = [
        TrainedTrial(
            trial.params, Outcome("complete", (0.1 + 0.2, None), notes={"epochs": 2}), {1: {"a": 0.1}}
        )
        for trial in trials
    ]
    path = write_batch(tmp_path, trials, kept)
    assert read_batch(tmp_path, trials) == kept
    study.enqueue_trial(trials[1].params, user_attrs={RETRY_OF: trials[1].number})
    assert read_batch(tmp_path, [ask(study)]) == kept[1:]
    assert read_batch(tmp_path, [trials[0], ask(study)]) is None, "a batch counts as a whole"
    study.enqueue_trial({"x": 0.5}, user_attrs={RETRY_OF: trials[1].number})
    assert read_batch(tmp_path, [ask(study)]) is None, "its values are others"
    path.write_text('{"0": {')
    assert read_batch(tmp_path, trials) is None
