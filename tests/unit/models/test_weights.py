import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_sample_image
from torchvision.transforms.v2 import functional

from binrecon.errors import WeightsError
from binrecon.models import build_backbone, hash_state
from binrecon.models.weights import load_weights


@pytest.mark.parametrize(
    ("name", "side"), [("tf_efficientnet_lite0.in1k", 224), ("tf_efficientnet_lite2.in1k", 260)]
)
def test_load_weights__packaged_ones_recognise_a_photo(name: str, side: int) -> None:
    net = timm.create_model(name, pretrained=False)
    load_weights(net, name, "imagenet")
    photo = torch.tensor(load_sample_image("china.jpg")).permute(2, 0, 1)[None]
    resized = functional.resize(photo, [side, side], antialias=True)
    palace = 698
    top_five = net.eval()((resized / 255 - 0.5) / 0.5).topk(5).indices[0].tolist()
    assert palace in top_five


def test_load_weights__random_leaves_the_network_alone() -> None:
    net = timm.create_model("resnet18", pretrained=False)
    before = hash_state(net)
    load_weights(net, "resnet18", "random")
    assert hash_state(net) == before


def test_load_weights__safetensors(tmp_path: Path) -> None:
    theirs = timm.create_model("resnet18.tv_in1k", pretrained=False)
    save_file(theirs.state_dict(), tmp_path / "net.safetensors")
    ours = timm.create_model("resnet18.tv_in1k", pretrained=False)
    load_weights(ours, "resnet18.tv_in1k", str(tmp_path / "net.safetensors"))
    assert hash_state(ours) == hash_state(theirs)


def test_load_weights__of_another_network(tmp_path: Path) -> None:
    path = tmp_path / "resnet34.pth"
    torch.save(timm.create_model("resnet34", pretrained=False).state_dict(), path)
    with pytest.raises(
        WeightsError, match=r"does not fit the backbone 'resnet18.tv_in1k': \d+ tensors unknown"
    ):
        build_backbone("resnet18.tv_in1k", str(path))


def test_load_weights__not_a_state_dict(tmp_path: Path) -> None:
    path = tmp_path / "list.pth"
    torch.save([1, 2], path)
    with pytest.raises(
        WeightsError,
        match=r"holds no plain dict of tensors but a list; save the backbone's state_dict\(\) alone",
    ):
        build_backbone("resnet18.tv_in1k", str(path))


@pytest.mark.parametrize("name", ["junk.pth", "junk.safetensors"])
def test_load_weights__junk(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(
        WeightsError, match=r"cannot be read as a state dict \(\w+\); it must be a .safetensors file"
    ):
        build_backbone("resnet18.tv_in1k", str(tmp_path / name))


def test_load_weights__hub_out_of_reach() -> None:
    with pytest.raises(WeightsError) as caught:
        build_backbone("resnet50.tv_in1k")
    message = str(caught.value)
    assert "the weights of 'resnet50.tv_in1k' could not be fetched" in message
    assert [line[:4] for line in message.splitlines()[2:5]] == ["  1.", "  2.", "  3."]
    assert "model=efficientnet_lite0" in message


def test_hash_state__sees_every_bit() -> None:
    net = torch.nn.BatchNorm2d(2)
    before = hash_state(net)
    net.running_mean[0] += 1e-7
    assert hash_state(net) != before


@pytest.fixture
def hub(tmp_path: Path, socket_enabled: None) -> Iterator[str]:
    """A model hub on loopback that has one model: a random ResNet-18 under torchvision's tag."""
    path = tmp_path / "model.safetensors"
    save_file(timm.create_model("resnet18", pretrained=False).state_dict(), path)
    content = path.read_bytes()

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(content)

        def do_HEAD(self) -> None:
            self._answer(b"")

        def _answer(self, body: bytes) -> None:
            is_known = self.path == "/timm/resnet18.tv_in1k/resolve/main/model.safetensors"
            self.send_response(200 if is_known else 404)
            self.send_header("Content-Length", str(len(content) if is_known else 0))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.end_headers()
            self.wfile.write(body if is_known else b"")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_load_weights__fetched_from_a_hub(hub: str, tmp_path: Path) -> None:
    """In a process of its own: the hub's client reads its address when it is imported."""
    code = (
        "import sys, timm; from binrecon.models import build_backbone; "
        "from safetensors.torch import load_file; "
        "net = build_backbone('resnet18.tv_in1k').net; given = load_file(sys.argv[1]); "
        "assert all(tensor.equal(given[name]) for name, tensor in net.state_dict().items()); print('same')"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", code, str(tmp_path / "model.safetensors")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "same", done.stderr
