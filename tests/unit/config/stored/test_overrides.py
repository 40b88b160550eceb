import pytest

from binrecon.config.schema import SourceConfig, TrainConfig
from binrecon.config.stored.overrides import check_stored, storable
from binrecon.errors import ConfigError

RUNS_CODE = "hydra.callbacks.x={_target_:torch.utils.collect_env.run,command:'touch F'}"


@pytest.mark.parametrize(
    "override",
    [
        "model=resnet18",
        "experiment=quickstart",
        "experiment=null",
        "experiment=[quickstart,best]",
        "experiment='/a b/best.yaml'",
        "optimizer.lr=1e-3",
        "data.lists_dir=${lists_dir}",
        "source.root='Bücher, (neu)'",
        "source={faults:{corrupt_photos:1}}",
        "regime.phases=[{epochs:1,first_stage:head,image_size:32,lr:null}]",
        "logger.tags=[a,'b c']",
    ],
)
def test_check_stored__plain(override: str) -> None:
    assert check_stored([override]) == [override]


@pytest.mark.parametrize(
    ("override", "key"),
    [
        (f"+{RUNS_CODE}", "+hydra.callbacks.x"),
        (RUNS_CODE, "hydra.callbacks.x"),
        ("hydra/job_logging=default", "hydra/job_logging"),
        ("hydra.launcher._target_=a.b", "hydra.launcher._target_"),
        ("hydra.sweeper.max_batch_size=1", "hydra.sweeper.max_batch_size"),
        ("hydra.run.dir=/tmp", "hydra.run.dir"),
        ("hydra.searchpath=[file:///tmp]", "hydra.searchpath"),
        ("--cfg", "--cfg"),
        ("-m", "-m"),
        ("--config-dir=/tmp", "--config-dir"),
        ("job", "job"),
        ("+seed=1", "+seed"),
        ("++seed=1", "++seed"),
        ("~seed", "~seed"),
        ("model@optimizer=resnet18", "model@optimizer"),
        ("seed=1,2", "seed"),
        ("seed=range(1,3)", "seed"),
        ("model=glob(*)", "model"),
        ("model=../../x", "model"),
        ("model=[resnet18]", "model"),
        ("experiment=../x", "experiment"),
        ("experiment=${oc.env:X}.yaml", "experiment"),
        ("output_root=${oc.env:AWS_SECRET_ACCESS_KEY}", "output_root"),
        ("output_root='${oc.env:AWS_SECRET_ACCESS_KEY}'", "output_root"),
        ("output_root=${hydra:runtime.cwd}", "output_root"),
        ("output_root=${hydra.run.dir}", "output_root"),
        ("output_root=${cache_dir}${cache_dir}", "output_root"),
        ("output_root=$${seed}{oc.env:HOME}", "output_root"),
        ("logger.tags=['${oc.env:HOME}']", "logger.tags"),
        ("optimizer={_target_:os.system}", "optimizer._target_"),
        ("sweep.trials=3", "sweep.trials"),
        ("optimizer.lrr=1", "optimizer.lrr"),
        ("source.root='\x1b[31m'", "source.root"),
        ("seed=" + "[" * 5000, "seed"),
        ("source.root=" + "a" * 20_000, "source.root"),
    ],
)
def test_check_stored__anything_else(override: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_stored(["model=resnet18", override])
    (problem,) = caught.value.problems
    assert problem.lstrip("'\"").startswith(key)


@pytest.mark.parametrize(
    "overrides", [None, "seed=1", {"seed": 1}, [1], [None], [["seed=1"]], ["seed=1"] * 1001]
)
def test_check_stored__no_list_of_text(overrides: object) -> None:
    with pytest.raises(ConfigError, match="overrides: "):
        check_stored(overrides)


def test_check_stored__every_problem_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        check_stored(["-m", "foo=1", RUNS_CODE])
    assert len(caught.value.problems) == 3


def test_storable__can_be_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        "+seed=1",
        "++source.root=${oc.env:BINS}",
        "~experiment",
        "hydra.run.dir=x",
        "+hydra.verbose=true",
        "hydra/job_logging=default",
        "model=resnet18",
        "data.lists_dir=${lists_dir}",
    ]
    config = TrainConfig(seed=1, source=SourceConfig(name="local", root="it's, a place"))
    stored = storable(given, config)
    assert stored == [
        "seed=1",
        "source.root='it\\'s, a place'",
        "model=resnet18",
        "data.lists_dir=${lists_dir}",
    ]
    assert check_stored(stored) == stored
