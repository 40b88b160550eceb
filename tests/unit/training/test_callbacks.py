import pytest
import torch

from binrecon.data import BinBatch
from binrecon.training.callbacks import EpochHistory, tabulate_predictions


def test_tabulate_predictions() -> None:
    batch = BinBatch(torch.zeros(2, 3, 8, 8), torch.tensor([1, 3]), ("523", "00523"))
    logits = torch.tensor([[0.4, 0.35, 0.25], [0.1, 0.1, 0.8]]).log()
    table = tabulate_predictions(batch, logits, min_count=1)
    counts = ["recorded_count", "predicted_count", "median_count", "count_mean"]
    assert list(table) == ["bin_id", *counts, "p_1", "p_2", "p_3"]
    assert table["bin_id"].tolist() == ["523", "00523"]
    assert table["predicted_count"].tolist() == [1, 3]
    assert table["count_mean"].tolist() == pytest.approx([1.85, 2.7])
    assert table["median_count"].tolist() == [2, 3]
    assert table["p_2"].tolist() == pytest.approx([0.35, 0.1])


def test_epoch_history__survives_a_checkpoint() -> None:
    history, resumed = EpochHistory(None), EpochHistory(None)
    history.rows = [{"epoch": 1, "val/loss": 2.0}]
    resumed.load_state_dict(history.state_dict())
    assert resumed.table().to_dict("records") == [{"epoch": 1, "val/loss": 2.0}]
