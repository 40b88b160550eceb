"""`logger=wandb`, read back with W&B's own tool."""

import http.server
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb

from binrecon.cli import main
from binrecon.config.compose import compose_config, to_typed
from binrecon.training.logs.wandb_log import WandbLog
from binrecon.training.run_folder import RunFolder

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _fresh_wandb(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """W&B reads its environment once in a process."""
    wandb.teardown()
    monkeypatch.delenv("WANDB_MODE")
    yield
    wandb.teardown()


class Service(http.server.ThreadingHTTPServer):
    """Stands for W&B's: it knows as much of its protocol as a run needs to begin."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.paths: list[str] = []
        self.knows_the_key = False
        self.fate: str | None = None
        """What becomes of its answers: None, `withheld` once a run has begun, or `withheld at once`."""
        self.ended = threading.Event()

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        """Return what it answers; None where it has lost its voice."""
        if self.fate is not None and self.has_begun:
            return None
        if "upsertBucket" in query:
            entity = {"id": "e", "name": "me"}
            project = {"id": "p", "name": "binrecon", "entity": entity}
            bucket = {"id": "b", "name": variables["name"], "displayName": "x", "config": "{}",
                      "historyLineCount": 0, "project": project}  # fmt: skip
            self.paths.append("a run")
            return {"upsertBucket": {"bucket": bucket, "inserted": True}}
        if "viewer" in query:
            teams: dict[str, Any] = {"edges": []}
            return {"viewer": {"id": "u", "entity": "me", "username": "me", "flags": "{}", "teams": teams}}
        return {}

    @property
    def has_begun(self) -> bool:
        return "a run" in self.paths or self.fate == "withheld at once"


class Answers(http.server.BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.server.paths.append(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self.server.knows_the_key:
            self._send(401, {"errors": [{"message": "user is not logged in"}]})
            return
        asked = json.loads(body) if self.path == "/graphql" else {"query": ""}
        data = self.server.answer(asked["query"], asked.get("variables") or {})
        if data is not None:
            self._send(200, {"data": data})
        else:
            self.server.ended.wait()

    do_GET = do_PUT = do_POST  # noqa: N815  # http.server's names

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Let a server of ours stand for W&B's."""
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.ended.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def asked(service: Service) -> list[str]:
    """Return the paths that the server was asked for; it knows no key."""
    return service.paths


def inspect(place: Path) -> dict[str, list[dict[str, Any]]]:
    """Read the records of a run by their kind, as `wandb leet inspect --json` prints them."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(place)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    records = defaultdict(list)
    for record in map(json.loads, lines):
        records[record["type"]].append(record[record["type"]])
    return dict(records)


def only_place(run: Path) -> Path:
    (place,) = (run / "wandb").glob("*run-*-*")
    return place


def summary_of(records: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {key: value for record in records["summary"] for key, value in record["update"].items()}


@pytest.mark.enable_socket
def test_wandb__offline_run(
    tiny_run: list[str],
    tmp_path: Path,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run = tmp_path / "run"
    assert main(["train", *tiny_run, "logger=wandb", f"hydra.run.dir={run}"]) == 0
    place, output = only_place(run), capsys.readouterr().out
    assert (
        f"W&B: offline (no API key at hand; `wandb login` or WANDB_API_KEY gives one); to upload it: wandb sync {place}\n"
        in output
    )
    assert output.count("W&B:") == 1
    assert asked == []
    assert list(Path.cwd().iterdir()) == []
    assert (run / "metrics.csv").exists()

    records = inspect(place)
    facts = json.loads((run / "run.json").read_text())
    (start,) = records["run"]
    assert start["run_id"] == facts["wandb"]["id"]
    assert (start["project"], start["run_group"], start["job_type"]) == ("binrecon", "test_resnet", "adam")
    assert start["display_name"] == "test_resnet-adam-seed0"
    assert start["tags"] == ["test_resnet", "adam", "linear", "cross_entropy", "local", "frozen"]
    config = start["config"]["update"]
    assert (config["optimizer"]["name"], config["model"]["backbone"]) == ("adam", "test_resnet.r160_in1k")
    assert config["manifest_hash"] == facts["manifest_hash"]
    assert config["packages"]["torch"] == facts["packages"]["torch"]

    epochs = [record["item"] for record in records["history"] if "epoch" in record["item"]]
    assert [(row["epoch"], row["lr"]) for row in epochs] == [(1, 1e-3), (2, 1e-3)]
    assert {"train/loss", "val/accuracy", "val/nll"} <= set(epochs[0])
    steps = {
        record.get("glob_name", record.get("name")): record.get("step_metric") for record in records["metric"]
    }
    assert steps == {"epoch": None, "train/*": "epoch", "val/*": "epoch", "lr": "epoch"}

    metrics = json.loads((run / "metrics.json").read_text())
    summary = summary_of(records)
    for split in ("test", "val"):
        expected = {f"{split}/{name}": value for name, value in metrics[split].items()}
        assert {name: summary[name] for name in expected} == pytest.approx(expected)
    majority = metrics["baselines"]["majority"]["accuracy"]
    assert summary["baseline/majority/accuracy"] == pytest.approx(majority)
    assert summary["seconds"] == facts["seconds"]

    artifacts = {record["name"]: record for record in records["artifact"] if record["type"] != "run_table"}
    manifest, model = f"manifest-{facts['manifest_hash'][:12]}", f"model-{facts['wandb']['id']}"
    assert set(artifacts) == {manifest, model}
    assert artifacts[manifest]["use_after_commit"]
    (file,) = artifacts[model]["manifest"]["contents"]
    assert Path(file["local_path"]).samefile(run / "checkpoints" / "best.ckpt")
    assert records["exit"][-1]["exit_code"] == 0


@pytest.mark.parametrize("log_photos", [True, False])
def test_wandb__tables_and_plots(log_photos: bool, tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["logger=wandb", f"logger.log_photos={log_photos}", "trainer.max_epochs=1"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 0
    media = only_place(run) / "files" / "media"
    plots = {path.stem.rsplit("_", 2)[0] for path in (media / "images" / "plots").iterdir()}
    photos = {"most_wrong"} if log_photos else set()
    assert plots == {"learning_curves", "confusion_matrix", "reliability", "calibration"} | photos
    tables = {
        path.name.rsplit("_", 2)[0]: json.loads(path.read_text()) for path in (media / "table").glob("*.json")
    }
    columns = ["bin_id", "recorded_count", "predicted_count", "likelihood"]
    assert tables["most_wrong"]["columns"] == columns + (["photo"] if log_photos else [])
    confusion = json.loads((run / "metrics.json").read_text())["confusion"]
    assert [row[2] for row in tables["confusion_table"]["data"]] == [
        bins for row in confusion for bins in row
    ]


def test_wandb__changes_no_number(tiny_run: list[str], tmp_path: Path) -> None:
    for logger in ("csv", "wandb"):
        words = [f"logger={logger}", "head.dropout=0.3", f"hydra.run.dir={tmp_path / logger}"]
        assert main(["train", *tiny_run, *words]) == 0
    csv, logged = ((tmp_path / logger / "metrics.csv").read_bytes() for logger in ("csv", "wandb"))
    assert csv == logged


@pytest.mark.enable_socket
def test_wandb__no_secrets(
    tiny_run: list[str], tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [KEY, "aws-secret-of-mine", "user:password-of-mine"]
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secrets[1])
    words = ["logger=wandb", f"logger.tags=[{secrets[1]}]", f"lists_dir=http://{secrets[2]}@host/{KEY}"]
    run = tmp_path / "run"
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 2, "credentials are refused"
    assert not run.exists()
    for check in ("refuse_credentials", "find_credentials"):  # what W&B's log hides nonetheless
        monkeypatch.setattr(f"binrecon.config.credentials.{check}", lambda *_: ())
    monkeypatch.setattr("binrecon.config.validate._RULES", ())
    assert main(["train", *tiny_run, *words, "trainer.max_epochs=1", f"hydra.run.dir={run}"]) == 0
    assert asked
    kept = {path: path.read_bytes() for path in (run / "wandb").rglob("*") if path.is_file()}
    assert len(kept) > 5
    found = [
        (path, secret) for path, content in kept.items() for secret in secrets if secret.encode() in content
    ]
    assert found == []


def test_wandb__every_run_of_a_multirun(tiny_run: list[str], tmp_path: Path) -> None:
    words = ["-m", "logger=wandb", "optimizer=sgd,adam", "trainer.max_epochs=1"]
    assert main(["train", *words, *tiny_run]) == 0
    (sweep,) = (tmp_path / "outputs" / "multirun").iterdir()
    records = [inspect(only_place(sweep / number)) for number in "01"]
    assert [record["run"][0]["job_type"] for record in records] == ["sgd", "adam"]
    assert len({record["run"][0]["run_id"] for record in records}) == 2
    assert [record["exit"][-1]["exit_code"] for record in records] == [0, 0]


def test_wandb__a_failed_run(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["logger=wandb", "optimizer=sgd", "optimizer.lr=1e30", "trainer.max_epochs=5"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 2
    assert inspect(only_place(run))["exit"][-1]["exit_code"] == 1


def test_wandb__interrupted(tmp_path: Path) -> None:
    config = to_typed(compose_config("train", ["source=synthetic", "logger=wandb"]))
    folder = RunFolder(tmp_path)
    folder.update_facts(overrides=[])
    with pytest.raises(KeyboardInterrupt), WandbLog(config, folder):
        raise KeyboardInterrupt
    assert inspect(only_place(tmp_path))["exit"][-1]["exit_code"] == 1


def test_wandb__resumed_is_the_same_run(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert main(["train", *tiny_run, "logger=wandb", "trainer.max_epochs=1", f"hydra.run.dir={run}"]) == 0
    time.sleep(1)  # W&B names folders by the second
    assert main(["train", f"resume={run}", "trainer.max_epochs=2"]) == 0
    places = sorted((run / "wandb").glob("offline-run-*"))
    first, second = map(inspect, places)
    assert first["run"][0]["run_id"] == second["run"][0]["run_id"]
    rows = [record["item"] for record in second["history"] if "epoch" in record["item"]]
    assert [row["epoch"] for row in rows] == [2]


@pytest.mark.enable_socket
def test_wandb__wrong_key(
    tiny_run: list[str],
    tmp_path: Path,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    run = tmp_path / "run"
    words = ["logger=wandb", "logger.mode=online", "trainer.max_epochs=1"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 0
    assert "/graphql" in asked
    output = capsys.readouterr().out
    assert (
        "user is not logged in"
        in output.partition("W&B: offline (")[2].partition("; to upload it: wandb sync ")[0]
    )
    assert only_place(run).name.startswith("offline-run-")
    assert inspect(only_place(run))["exit"][-1]["exit_code"] == 0


def test_wandb__malformed_key(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "short")
    words = ["logger=wandb", "trainer.max_epochs=1", f"hydra.run.dir={tmp_path / 'run'}"]
    assert main(["train", *tiny_run, *words]) == 0
    assert "W&B: offline (WANDB_API_KEY invalid: " in capsys.readouterr().out


def test_wandb__no_server(
    tiny_run: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:1")
    words = ["logger=wandb", "logger.answer_timeout_s=2", "trainer.max_epochs=1"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    assert "W&B: offline (Timed out while retrying: " in capsys.readouterr().out
    assert inspect(only_place(tmp_path / "run"))["exit"][-1]["exit_code"] == 0


@pytest.mark.slow
@pytest.mark.enable_socket
def test_wandb__network_gone_amidst_a_run(
    tiny_run: list[str],
    tmp_path: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    service.knows_the_key, service.fate = True, "withheld"
    run = tmp_path / "run"
    words = ["logger=wandb", "logger.answer_timeout_s=6", "logger.finish_timeout_s=2"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 0
    place, output = only_place(run), capsys.readouterr().out
    assert "W&B: online at http://127.0.0.1:" in output
    assert f"W&B: not all could be sent; to upload it: wandb sync --include-online {place}" in output
    assert len((run / "metrics.csv").read_text().splitlines()) == 3
    records = inspect(place)
    assert [row["item"]["epoch"] for row in records["history"] if "epoch" in row["item"]] == [1, 2]
    metrics = json.loads((run / "metrics.json").read_text())
    assert summary_of(records)["test/accuracy"] == pytest.approx(metrics["test"]["accuracy"])


@pytest.mark.slow
@pytest.mark.enable_socket
def test_wandb__a_server_that_never_answers(
    tiny_run: list[str],
    tmp_path: Path,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    service.knows_the_key, service.fate = True, "withheld at once"
    run = tmp_path / "run"
    words = ["logger=wandb", "logger.answer_timeout_s=3", "trainer.max_epochs=1"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 0
    assert "W&B: offline (" in capsys.readouterr().out
    assert only_place(run).name.startswith("offline-run-")
    assert inspect(only_place(run))["exit"][-1]["exit_code"] == 0


def test_wandb__online_without_a_key(
    tiny_run: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["logger=wandb", "logger.mode=online", f"hydra.run.dir={run}"]
    assert main(["train", *tiny_run, *words]) == 2
    assert (
        "logger.mode: online needs an API key of W&B, and none is at hand; run `wandb login`"
        in capsys.readouterr().err
    )
    assert not run.exists()


@pytest.mark.slow
def test_wandb__several_processes_are_one_run(tiny_run: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    words = ["logger=wandb", "trainer=ddp_cpu", "trainer.max_epochs=1"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 0
    records = inspect(only_place(run))
    assert [row["item"]["epoch"] for row in records["history"] if "epoch" in row["item"]] == [1]
    metrics = json.loads((run / "metrics.json").read_text())
    assert summary_of(records)["test/accuracy"] == pytest.approx(metrics["test"]["accuracy"])
    assert records["exit"][-1]["exit_code"] == 0


@pytest.mark.slow
def test_wandb__a_failing_process_fails_the_run(
    tiny_run: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = ["logger=wandb", "trainer=ddp_cpu", "optimizer=sgd", "optimizer.lr=1e30", "trainer.max_epochs=5"]
    assert main(["train", *tiny_run, *words, f"hydra.run.dir={run}"]) == 2
    shown = capfd.readouterr().err
    assert "training diverged; lower optimizer.lr (now 1e+30)" in shown
    assert "one of 2 training processes failed with status 2" in shown
    assert inspect(only_place(run))["exit"][-1]["exit_code"] == 1
