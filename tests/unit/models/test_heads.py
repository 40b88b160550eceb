import pytest
import torch
from torch import nn

from binrecon.config.schema import HeadConfig, LinearHeadConfig, MlpHeadConfig
from binrecon.models.heads import build_head, read_head_config

MLP = MlpHeadConfig(hidden_width=16, dropout=0.5)
HEADS = [
    LinearHeadConfig(dropout=0.0),
    LinearHeadConfig(dropout=0.2),
    LinearHeadConfig(dropout=0.2, is_standardised=True),
    MLP,
]


@pytest.mark.parametrize("config", HEADS)
def test_build_head__first_weights_follow_from_the_seed_alone(config: HeadConfig) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = build_head(config, 8, 6, seed=3)
    assert torch.equal(torch.get_rng_state(), before), "what is drawn next does not depend on it"
    torch.rand(5)
    again, other = build_head(config, 8, 6, seed=3), build_head(config, 8, 6, seed=4)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(first.parameters(), other.parameters(), strict=True))


def test_build_head__standardised_sees_mean_0_and_variance_1() -> None:
    head = build_head(LinearHeadConfig(dropout=0.5, is_standardised=True), 8, 6, seed=0)
    assert [type(layer) for layer in head] == [nn.BatchNorm1d, nn.Dropout, nn.Linear]
    assert [name for name, _ in head.named_parameters()] == ["2.weight", "2.bias"]
    seen = head[0](5 + 100 * torch.rand(64, 8))
    torch.testing.assert_close(seen.mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.var(0, correction=0), torch.ones(8), atol=1e-4, rtol=0)


def test_build_head__mlp_is_fastais() -> None:
    head = build_head(MLP, 8, 6, seed=0)
    assert [type(layer) for layer in head] == [
        nn.BatchNorm1d,
        nn.Dropout,
        nn.Linear,
        nn.ReLU,
        nn.BatchNorm1d,
        nn.Dropout,
        nn.Linear,
    ]
    assert (head[1].p, head[5].p) == (0.25, 0.5)
    assert (head[2].weight.shape, head[6].weight.shape) == ((16, 8), (6, 16))


def test_build_head__mlp_starts_as_fastais() -> None:
    head = build_head(MlpHeadConfig(hidden_width=512, dropout=0.5), 512, 6, seed=0)
    assert head[2].weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.01)
    assert not head[2].bias.any()
    assert not head[6].bias.any()


@pytest.mark.parametrize("config", HEADS)
def test_read_head_config(config: HeadConfig) -> None:
    assert read_head_config(vars(config)) == config
