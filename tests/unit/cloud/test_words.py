import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from binrecon.cloud.words import MAX_WORDS, decode_words, encode_words, sort_words
from binrecon.errors import ConfigError

AWKWARD = [
    "experiment=stanford/resnet34_sgdr",
    "regime.phases=[{epochs: 2, first_stage: head}, {epochs: 7, lr: 1e-3}]",
    "model.weights='a \"quoted\" $HOME `path`'",
    "~logger",
    "++data.split=grouped",
    "seed=7",
    "monitor=val/loss; rm -rf $(pwd) & echo \\ | cat > *?#!",
]


def test_encode_words__come_back_in_order() -> None:
    words = AWKWARD + [f"seed={number}" for number in range(50)]
    assert decode_words(encode_words(words)) == words


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60), max_size=MAX_WORDS)
)
def test_encode_words__any_text_comes_back(words: list[str]) -> None:
    assert decode_words(encode_words(words)) == words


@pytest.mark.parametrize("word", AWKWARD)
def test_encode_words__survive_the_toolkit(word: str) -> None:
    """It joins hyper-parameters to a shell command without quotes, and reads what looks like JSON as JSON."""
    (value,) = encode_words([word]).values()
    with pytest.raises(json.JSONDecodeError):
        json.loads(value)
    shown = subprocess.run(
        ["/bin/sh", "-c", f"printf %s {value}"], capture_output=True, text=True, check=True
    )
    assert (shown.stdout, shown.stderr) == (value, "")


def test_encode_words__too_many_or_too_long() -> None:
    with pytest.raises(ConfigError) as caught:
        encode_words([f"regime.phases={'x' * 2500}", *(f"seed={number}" for number in range(90))])
    assert caught.value.problems == (
        "regime.phases: 2514 characters once encoded, and SageMaker takes 2500; put it into a recipe, experiment=PATH.yaml",
        "91 words, and 90 fit into a job; put some into a recipe, experiment=PATH.yaml",
    )


def test_decode_words__of_a_tuning_job() -> None:
    parameters = {
        "word_00": "model=resnet18",
        "optimizer.lr": "1.5e-05",
        "optimizer": "sgd",
        "sagemaker_program": "start.py",
        "_tuning_objective_metric": "val/nll",
    }
    assert decode_words(parameters) == ["model=resnet18", "optimizer=sgd", "optimizer.lr=1.5e-05"]


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("resume=outputs/x", "resume: a job goes on by itself from cloud.checkpoints=s3://BUCKET/PREFIX"),
        (
            "source.root=data",
            "source.root: is a folder of this machine; give the bins as cloud.bins=s3://BUCKET/PREFIX",
        ),
        ("hydra.run.dir=x", "hydra.run.dir: belongs to a run on this machine"),
        ("-m", "-m: no flag of launch, which has --dry-run; give one job at a time"),
        (
            "stopp",
            "stopp: neither KEY=VALUE nor one of run, ls, follow, stop, fetch. Did you mean 'stop'?",
        ),
    ],
)
def test_sort_words__cannot_travel(word: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        sort_words(["model=resnet18", word])
    assert caught.value.problems == (problem,)


def test_sort_words__three_kinds() -> None:
    said = sort_words(["ls", "prices=p.yaml", "cloud.bucket=b", "sweep.trials=3", "seed=1,2", "seed=1"])
    assert said.own == ("do=ls", "prices=p.yaml", "cloud.bucket=b")
    assert said.search == ("sweep.trials=3", "seed=1,2")
    assert said.train == ("seed=1",)
