import pytest
import torch
from torch import nn

from binrecon.config.schema import HeadConfig
from binrecon.errors import ConfigError
from binrecon.models.heads.build import build_head, init_bias_from_prior, read_head_config
from binrecon.models.heads.coral import CoralHeadConfig
from binrecon.models.heads.corn import CornHeadConfig
from binrecon.models.heads.linear import LinearHeadConfig
from binrecon.models.heads.mlp import MlpHeadConfig
from binrecon.models.heads.one_layer import OneLayerHeadConfig, split_head
from binrecon.models.ordinal import CoralLink, CornLink

MLP = MlpHeadConfig(hidden_width=16, dropout=0.5)
HEADS = [
    LinearHeadConfig(dropout=0.0),
    LinearHeadConfig(dropout=0.2),
    LinearHeadConfig(dropout=0.2, is_standardised=True),
    CoralHeadConfig(dropout=0.0),
    CoralHeadConfig(dropout=0.2, is_standardised=True),
    CornHeadConfig(dropout=0.0),
    CornHeadConfig(dropout=0.2, is_standardised=True),
    MLP,
]
ONE_LAYER = [head for head in HEADS if isinstance(head, OneLayerHeadConfig)]


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


@pytest.mark.parametrize("config", HEADS)
def test_build_head__gives_a_distribution(config: HeadConfig) -> None:
    count_logits = build_head(config, 8, 6, seed=0)(torch.randn(32, 8))
    assert count_logits.shape == (32, 6)
    torch.testing.assert_close(count_logits.softmax(1).sum(1), torch.ones(32))


def test_build_head__coral_is_one_value_and_ordered_thresholds() -> None:
    head = build_head(CoralHeadConfig(dropout=0.2, is_standardised=True), 8, 6, seed=0)
    assert [type(layer) for layer in head] == [nn.BatchNorm1d, nn.Dropout, nn.Linear, CoralLink]
    assert {name: tuple(value.shape) for name, value in head.named_parameters()} == {
        "2.weight": (1, 8),
        "2.bias": (1,),
        "3.steps": (4,),
    }
    nn.init.constant_(head[3].steps, 5.0)
    likeliest = head.eval()(torch.linspace(-200, 200, 99).unsqueeze(1) * head[2].weight).argmax(dim=1)
    assert (likeliest.diff() >= 0).all(), "more of the one value is never a smaller count"
    assert likeliest.unique().tolist() == [0, 1, 2, 3, 4, 5]


def test_build_head__coral_starts_with_all_counts_equally_likely() -> None:
    head = build_head(CoralHeadConfig(dropout=0.0), 8, 6, seed=0)
    torch.testing.assert_close(head(torch.zeros(1, 8)).exp(), torch.full((1, 6), 1 / 6))


def test_build_head__corn_is_a_question_for_each_count_but_the_last() -> None:
    head = build_head(CornHeadConfig(dropout=0.0), 8, 6, seed=0)
    assert [type(layer) for layer in head] == [nn.Linear, CornLink]
    assert {name: tuple(value.shape) for name, value in head.named_parameters()} == {
        "0.weight": (5, 8),
        "0.bias": (5,),
    }


@pytest.mark.parametrize("config", ONE_LAYER)
def test_split_head__parts_are_the_whole(config: HeadConfig) -> None:
    head, features = build_head(config, 8, 6, seed=0).eval(), torch.randn(4, 8)
    before, linear, link = split_head(head)
    values = linear(before(features))
    torch.testing.assert_close(values if link is None else link(values), head(features), rtol=0, atol=0)
    assert {id(part) for part in (*before, linear)} <= {id(part) for part in head.modules()}


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


@pytest.mark.parametrize("config", HEADS)
def test_init_bias_from_prior__every_photo_is_answered_with_them(config: HeadConfig) -> None:
    head = build_head(config, 8, 4, seed=0)
    shares = torch.tensor([0.1, 0.4, 0.3, 0.2])
    init_bias_from_prior(config, head, shares)
    answered = head.eval()(torch.randn(5, 8)).softmax(1)
    torch.testing.assert_close(answered, shares.expand(5, 4))


@pytest.mark.parametrize("config", [CoralHeadConfig(dropout=0.0), CornHeadConfig(dropout=0.0)])
def test_init_bias_from_prior__of_two_counts(config: HeadConfig) -> None:
    head = build_head(config, 8, 2, seed=0)
    init_bias_from_prior(config, head, torch.tensor([0.3, 0.7]))
    answered = head(torch.zeros(1, 8)).softmax(1)
    torch.testing.assert_close(answered, torch.tensor([[0.3, 0.7]]))


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (
            {"name": "liner"},
            "head=liner: no such option; allowed are linear, mlp, coral, corn. Did you mean 'linear'?",
        ),
        (
            {"name": "mlp", "starts_at_prior": True},
            "head.starts_at_prior: is now called head.init_bias_from_prior; give head.init_bias_from_prior=VALUE",
        ),
        (
            {"name": "linear", "hidden_width": 8},
            "head.hidden_width: unknown key; allowed are name, init_bias_from_prior, dropout, is_standardised",
        ),
    ],
)
def test_read_head_config__of_another_version(values: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_head_config(values)
    assert caught.value.problems == (problem,)


@pytest.mark.parametrize("config", ONE_LAYER)
def test_link_heads__are_the_heads(config: HeadConfig) -> None:
    heads, features = [build_head(config, 8, 6, seed).eval() for seed in range(3)], torch.randn(4, 8)
    parts = [split_head(head) for head in heads]
    values = torch.stack([part.linear(part.before(features)) for part in parts], dim=1)
    linked = config.link_heads([part.link for part in parts], values)
    torch.testing.assert_close(linked, torch.stack([head(features) for head in heads], dim=1))
