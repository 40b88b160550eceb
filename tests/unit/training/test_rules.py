import pytest
import torch

from binrecon.config.schema import DataConfig
from binrecon.errors import ConfigError
from binrecon.models.backbone import build_backbone
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.heads.mlp import MlpHeadConfig
from binrecon.training.rules import check_batches, check_counts, check_maps, dropout_seed

MLP = MlpHeadConfig(hidden_width=8, dropout=0.5)


def test_dropout_seed__differs_everywhere() -> None:
    places = [(s, e, p, t) for s in range(3) for e in range(20) for p in range(16) for t in (0, 1, 2, 5_000)]
    assert len({dropout_seed(*place) for place in places}) == len(places)
    assert dropout_seed(2**32 - 1, 1000, 1000, 10**6) < 2**63, "as torch takes it"


@pytest.mark.parametrize(
    ("bin_count", "batch_size", "process_count"), [(128, 64, 1), (130, 64, 1), (132, 64, 2), (2, 64, 1)]
)
def test_check_batches__accepts(bin_count: int, batch_size: int, process_count: int) -> None:
    check_batches(MLP, bin_count, batch_size, process_count)


def test_check_batches__of_a_single_bin() -> None:
    check_batches(LinearHeadConfig(dropout=0.0), 129, 64)
    with pytest.raises(ConfigError, match="this head cannot normalise over that"):
        check_batches(LinearHeadConfig(dropout=0.0, is_standardised=True), 129, 64)
    with pytest.raises(ConfigError) as caught:
        check_batches(MLP, 129, 64)
    assert caught.value.problems == (
        "data.batch_size: of 129 training bins, batches of 64 leave 1 for the last one, a single bin for a process, "
        "and this head cannot normalise over that; use another data.batch_size, or head=linear head.is_standardised=false",
    )


def test_check_batches__of_a_single_bin_for_each_process() -> None:
    with pytest.raises(ConfigError, match="of 130 training bins, batches of 64 leave 2 for the last one"):
        check_batches(MLP, 130, 64, process_count=2)


def test_check_batches__of_a_single_bin_for_some_parts() -> None:
    check_batches(MLP, 136, 64, parts=4)
    with pytest.raises(ConfigError) as caught:
        check_batches(MLP, 133, 64, parts=4)
    assert caught.value.problems[0].startswith(
        "data.batch_size: of 133 training bins, batches of 64 leave 5 for the last one, a single bin for some of "
        "trainer.accumulate=4 parts, and this head cannot normalise over that; use another data.batch_size"
    )


def test_check_maps__of_a_single_bin_on_a_single_pixel() -> None:
    backbone = build_backbone("test_resnet.r160_in1k", "random", is_frozen=False).train()
    state = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    check_maps(backbone, 32, 130, 64, 1, 1)
    check_maps(backbone, 64, 129, 64, 1, 1)
    with pytest.raises(ConfigError) as caught:
        check_maps(backbone, 32, 129, 64, 1, 1)
    assert caught.value.problems == (
        "data.batch_size: of 129 training bins, batches of 64 leave 1 for the last one, a single bin for a process, "
        "and this backbone cannot normalise over that at 32 pixels; use another data.batch_size, or larger photos",
    )
    assert backbone.training
    assert all(torch.equal(tensor, state[name]) for name, tensor in backbone.state_dict().items())


def test_check_counts() -> None:
    check_counts(range(1, 6), DataConfig(min_count=1, max_count=5))
    with pytest.raises(ConfigError) as caught:
        check_counts(range(1, 6), DataConfig(min_count=0, max_count=5))
    assert caught.value.problems == (
        "data.min_count, data.max_count: the data has the counts 0 to 5, and this counter answers 1 to 5; "
        "use data.min_count=1 data.max_count=5, or train another counter",
    )
