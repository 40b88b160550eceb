import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
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


NAME = "test_efficientnet.r160_in1k"


@pytest.fixture
def theirs() -> torch.nn.Module:
    return timm.create_model(NAME, pretrained=False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state, name: {**state, name: torch.full_like(state[name], torch.nan)}, r"'{name}' holds (\d+) of \1 values that are NaN or infinite"),
        (lambda state, name: {**state, name: state[name].double() * 1e308}, "'{name}' holds .* that are NaN or infinite"),
        (lambda state, name: {**state, name: state[name] * 1j}, "'{name}' is of type torch.complex64, which no weights are"),
        (lambda state, name: {**state, name: state[name].long()}, "'{name}' is of type torch.int64 for torch.float32"),
        (lambda state, name: {**state, name: state[name].to_sparse()}, "'{name}' is sparse"),
        (lambda state, name: {**state, name: state[name].to("meta")}, "'{name}' has no values"),
        (lambda state, name: {**state, name: torch.zeros(3)}, r"'{name}' is of another shape, \(3,\) for"),
        (lambda state, name: {**state, name: torch.zeros(1).expand(10**12)}, "'{name}' of shape .* has fewer values"),
        (lambda state, name: {**state, 0: state[name]}, "the key 0 is no name but of type int"),
        (lambda state, name: {**state, name: 1.0}, "'{name}' is no tensor but of type float"),
        (lambda state, name: {}, "holds no plain dict of tensors .it is empty"),
        (lambda state, name: {"state_dict": state, "model": state}, "holds several state dicts .state_dict, model"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*[Ss]parse.*:UserWarning")
def test_load_weights__a_tensor_that_no_backbone_has(
    change: Callable[[dict[str, torch.Tensor], str], object],
    reason: str,
    theirs: torch.nn.Module,
    tmp_path: Path,
) -> None:
    state = theirs.state_dict()
    name = next(name for name in state if name.startswith("conv_stem"))
    torch.save(change(state, name), tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=reason.replace("{name}", name)):
        load_weights(timm.create_model(NAME, pretrained=False), NAME, str(tmp_path / "net.pth"))


@pytest.mark.parametrize(
    ("wrap", "prefix"),
    [
        (lambda state: {"state_dict": state, "epoch": 3, "optimizer": {"state": {0: torch.zeros(1)}}}, ""),
        (lambda state: {"model": state}, ""),
        (lambda state: {"model_state": state}, ""),
        (lambda state: {f"module.{name}": tensor for name, tensor in state.items()}, "module."),
        (lambda state: {"state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, "module."),
        (lambda state: {"decoder.bias": torch.zeros(1), **{f"backbone.{name}": tensor for name, tensor in state.items()}}, "backbone."),
        (lambda state: {f"model.backbone.{name}": tensor for name, tensor in state.items()}, "model.backbone."),
        (lambda state: {name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in state.items()}, ""),
    ],
)  # fmt: skip
def test_load_weights__what_is_clear_is_unwrapped(
    wrap: Callable[[dict[str, torch.Tensor]], object],
    prefix: str,
    theirs: torch.nn.Module,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs.half().float()  # so that half precision loses nothing
    torch.save(wrap(theirs.state_dict()), tmp_path / "net.pth")
    ours = timm.create_model(NAME, pretrained=False)
    load_weights(ours, NAME, str(tmp_path / "net.pth"))
    assert hash_state(ours) == hash_state(theirs)
    shown = " ".join(capsys.readouterr().out.split())
    assert (f"below '{prefix}' are those of the backbone" in shown) == bool(prefix)


def test_load_weights__safetensors_with_a_prefix(theirs: torch.nn.Module, tmp_path: Path) -> None:
    save_file(
        {f"module.{name}": tensor for name, tensor in theirs.state_dict().items()},
        tmp_path / "net.safetensors",
    )
    ours = timm.create_model(NAME, pretrained=False)
    load_weights(ours, NAME, str(tmp_path / "net.safetensors"))
    assert hash_state(ours) == hash_state(theirs)


def test_load_weights__no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "folder.pth").mkdir()
    with (tmp_path / "huge.pth").open("wb") as file:
        file.truncate(2**40)
    for name, reason in (
        ("pipe.pth", "it is a named pipe, not a file"),
        ("folder.pth", "Is a directory"),
        ("absent.pth", "cannot be read .No such file or directory"),
        ("huge.pth", "has 1,099,511,627,776 bytes, and at most"),
    ):
        with pytest.raises(WeightsError, match=reason):
            load_weights(timm.create_model(NAME, pretrained=False), NAME, str(tmp_path / name))
