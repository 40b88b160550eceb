"""Nothing that binrecon loads sends anything, writes into the home directory, or starts a process to do so."""

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

RECORDER = """
import os, socket, sys

def _note(what, *details):
    with open(os.environ["RECORD"], "a") as file:
        file.write(f"{what} {details}\\n")

def _is_near(address):
    return not isinstance(address, tuple) or str(address[0]) in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "")

def _recorded(name):
    original = getattr(socket.socket, name)
    def method(self, *arguments):
        if not _is_near(arguments[-1]):
            _note(name, arguments[-1])
            raise OSError("no network in this test")
        return original(self, *arguments)
    return method

class Socket(socket.socket):
    connect, connect_ex, sendto = _recorded("connect"), _recorded("connect_ex"), _recorded("sendto")

def _resolve(host, *arguments, _original=socket.getaddrinfo, **named):
    if host not in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"):
        _note("getaddrinfo", host)
        raise socket.gaierror("no network in this test")
    return _original(host, *arguments, **named)

socket.socket, socket.getaddrinfo = Socket, _resolve
"""

WORK = """
import json, os, sys
import binrecon
from binrecon.cli import main

words, run = json.loads(sys.argv[1]), sys.argv[2]
assert main(["train", *words, f"hydra.run.dir={run}"]) == 0
assert main(["export", f"checkpoint={run}", "format=openvino_int8"]) == 0
assert main(["export", f"checkpoint={run}", "format=onnx"]) == 0
assert main(["compare", run]) == 0
import huggingface_hub, nncf, onnxruntime, openvino, optuna, timm, wandb
"""


@pytest.fixture
def proxied() -> "tuple[str, list[bytes]]":
    """A proxy that answers nobody, and what it was asked."""
    asked: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = server.accept()
            connection.settimeout(5)
            asked.append(connection.recv(4096))
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{server.getsockname()[1]}", asked


@pytest.mark.slow
@pytest.mark.enable_socket
def test_nothing_phones_home(tiny_run: list[str], tmp_path: Path, proxied: "tuple[str, list[bytes]]") -> None:
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    proxy, asked = proxied
    home, site, record = tmp_path / "home", tmp_path / "site", tmp_path / "record"
    home.mkdir()
    site.mkdir()
    (site / "sitecustomize.py").write_text(RECORDER)
    kept = ("PATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "BINRECON_CACHE", "TMPDIR")
    environment = {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "XDG_CACHE_HOME": str(tmp_path / "xdg"),
        "PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "RECORD": str(record),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), proxy),
    }
    words = [*(word for word in tiny_run if "engine" not in word), "features.engine=openvino"]
    command = [sys.executable, "-c", WORK, json.dumps(words), str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    assert not record.exists(), record.read_text()
    assert asked == []
    written = {str(path.relative_to(home)) for path in home.rglob("*")}
    assert written <= {".config", ".config/matplotlib"}, "matplotlib makes a folder for its settings"
