import subprocess
import sys

import torch

from binrecon.models import build_counter


def test_build_counter__one_logit_for_each_count() -> None:
    counter = build_counter("resnet18.tv_in1k", min_count=1, max_count=5, weights="random").eval()
    photos = torch.zeros(3, 3, 32, 32, dtype=torch.uint8)
    assert counter(photos).shape == (3, 5)


def test_build_counter__dropout_only_while_training() -> None:
    head = {"name": "linear", "dropout": 0.5}
    counter = build_counter("resnet18.tv_in1k", 0, 5, weights="random", head=head)
    photos = torch.randint(256, (2, 3, 32, 32), dtype=torch.uint8)
    assert not torch.equal(counter.train()(photos), counter(photos))
    assert torch.equal(counter.eval()(photos), counter(photos))


def test_models__need_no_framework() -> None:
    code = (
        "import sys, binrecon.models; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'pytorch_lightning', 'hydra', 'omegaconf', 'boto3', 'pandas'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
