"""A run's log in W&B. It may fail, the training must not: what W&B cannot do is said in a line, once."""

import os
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar, cast
from uuid import uuid4

import wandb

from binrecon.config.schema import TrainConfig, WandbLoggerConfig
from binrecon.console import get_console
from binrecon.errors import ConfigError
from binrecon.training.logs.run_log import RunLog
from binrecon.training.logs.wandb_results import draw, summarise
from binrecon.training.logs.wandb_settings import describe_run, name_run
from binrecon.training.results import Results
from binrecon.training.run_folder import RunFolder

T = TypeVar("T")


def require_key(mode: str) -> None:
    """Refuse `logger.mode=online` where no API key is at hand.

    Raises:
        ConfigError: In that case.
    """
    if mode != "online":
        return
    is_at_hand = _is_key_at_hand()
    wandb.teardown()  # each training process starts W&B for itself
    if not is_at_hand:
        raise ConfigError(
            [
                "logger.mode: online needs an API key of W&B, and none is at hand; run `wandb login`, "
                "set WANDB_API_KEY, or use logger.mode=offline"
            ]
        )


class WandbLog(RunLog):
    """One run in W&B, kept in the run folder and, online, sent on while it goes.

    Args:
        config: Of the run, with `logger=wandb`.
        folder: The run folder, with its facts.
    """

    def __init__(self, config: TrainConfig, folder: RunFolder) -> None:
        self.config = config
        self.folder = folder
        self.logger = cast(WandbLoggerConfig, config.logger)
        self.run: wandb.Run | None = None
        self._said: set[str] = set()

    def __enter__(self) -> Self:
        os.environ["WANDB_DATA_DIR"] = str(self.folder.path / "wandb")  # drafts of tables
        reason = self._why_offline()
        if reason is None:
            reason = self._start_online()
        if self.run is None:
            self.run = self._attempt("this run is not logged", lambda: self._start("offline"))
        if self.run is not None:
            run, place = self.run, self._place(self.run)
            self.folder.update_facts(wandb={"id": run.id, "url": run.url, "folder": str(place)})
            run.define_metric("epoch")
            for metrics in ("train/*", "val/*", "lr"):
                run.define_metric(metrics, step_metric="epoch")
            is_online = reason is None
            self._say(f"online at {run.url}" if is_online else f"offline ({reason}); {self._how_to_sync()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run: as failed after any error, Ctrl-C included."""
        run = self.run
        if run is not None:
            self._attempt(
                f"not all could be sent; {self._how_to_sync()}",
                lambda: run.finish(exit_code=0 if kind is None else 1),
            )

    def log_epoch(self, row: Mapping[str, float]) -> None:
        """Log an epoch."""
        run = self.run
        if run is not None:
            self._attempt("epochs are not logged", lambda: run.log(dict(row)))

    def log_results(self, results: Results) -> None:
        """Log final numbers, tables, plots and files."""
        run = self.run
        if run is None:
            return
        self._attempt("results are not logged", lambda: run.summary.update(summarise(results, self.folder)))
        self._attempt(
            "tables and plots are not logged", lambda: run.log(draw(results, self.config, self.folder))
        )
        files = threading.Thread(
            target=lambda: self._attempt("files are not logged", lambda: self._log_files(run, results)),
            daemon=True,
        )
        files.start()  # W&B asks its server about each artifact, and would wait for as long as it takes
        files.join(self.logger.answer_timeout_s if run.url else None)
        if files.is_alive():
            self._say(f"no answer in {self.logger.answer_timeout_s:g} s, files are not logged")

    def _why_offline(self) -> str | None:
        if self.logger.mode == "offline":
            return "as asked"
        wish = os.environ.get("WANDB_MODE", "online")
        if self.logger.mode == "auto" and wish != "online":
            return f"WANDB_MODE={wish}"
        return None if _is_key_at_hand() else "no API key at hand; `wandb login` or WANDB_API_KEY gives one"

    def _start_online(self) -> str | None:
        """Start online, or return why that failed."""
        root = self.folder.path / "wandb"
        earlier = set(root.glob("run-*"))
        try:
            self.run = self._start("online")
        except Exception as error:  # noqa: BLE001  # whatever it is, there is the way offline
            for empty in set(root.glob("run-*")) - earlier:
                shutil.rmtree(empty, ignore_errors=True)
            return _first_line(error)
        return None

    def _start(self, mode: Literal["online", "offline"]) -> wandb.Run:
        facts = self.folder.read_facts()
        names = name_run(self.config, facts)
        known_id = facts.get("wandb", {}).get("id")
        return wandb.init(
            dir=self.folder.path,
            id=known_id or uuid4().hex[:8],
            resume="allow" if mode == "online" and known_id else None,
            mode=mode,
            project=self.logger.project,
            entity=self.logger.entity,
            group=names.group,
            job_type=names.job_type,
            name=names.name,
            tags=names.tags,
            config=describe_run(self.config, facts),
            reinit="create_new",
            settings=wandb.Settings(
                silent=True,
                init_timeout=self.logger.answer_timeout_s,
                finish_timeout=self.logger.finish_timeout_s,
                finish_timeout_raises=True,
                # What might hold secrets, and is told by `describe_run` where it is needed:
                console="off",
                disable_code=True,
                save_code=False,
                disable_git=True,
                x_disable_meta=True,  # command line, paths, host, user
                x_disable_machine_info=True,
                x_save_requirements=False,
                host="",
            ),
        )

    def _log_files(self, run: wandb.Run, results: Results) -> None:
        facts = self.folder.read_facts()
        if self.logger.log_manifest:
            content_hash = facts["manifest_hash"]
            manifest = wandb.Artifact(
                f"manifest-{content_hash[:12]}", "manifest", metadata={"content_hash": content_hash}
            )
            manifest.add_file(self._pin(run, self.folder.manifest), policy="immutable", skip_cache=True)
            # `run.use_artifact` does this too, but refuses to offline and waits for the server without end
            run._log_artifact(manifest, is_user_created=True, use_after_commit=True)
        if self.logger.log_checkpoint:
            metadata = {**summarise(results, self.folder), "weights_hash": facts["weights_hash"]}
            model = wandb.Artifact(f"model-{run.id}", "model", metadata=metadata)
            model.add_file(self._pin(run, self.folder.best_checkpoint), policy="immutable", skip_cache=True)
            run.log_artifact(model, aliases=["best"])

    def _pin(self, run: wandb.Run, path: Path) -> str:
        """Link a file into the run's own folder, where it stays as it is even if the run is resumed later."""
        pinned = self._place(run) / "artifacts" / path.name
        pinned.parent.mkdir(exist_ok=True)
        try:
            os.link(path, pinned)
        except OSError:  # a file system without hard links
            shutil.copy2(path, pinned)
        return str(pinned)

    @staticmethod
    def _place(run: wandb.Run) -> Path:
        return Path(run.dir).parent

    def _how_to_sync(self) -> str:
        run = cast(wandb.Run, self.run)
        return f"to upload it: wandb sync {'--include-online ' if run.url else ''}{self._place(run)}"

    def _attempt(self, failure: str, work: Callable[[], T]) -> T | None:
        """Do something with W&B; if it fails, say so and go on."""
        try:
            return work()
        except Exception as error:  # noqa: BLE001  # no failure of W&B's may end a training
            self._say(f"{failure} ({_first_line(error)})")
            return None

    def _say(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            get_console().print(f"W&B: {line}", highlight=False, markup=False)


def _is_key_at_hand() -> bool:
    """Ask W&B for its credentials: environment, netrc and settings files, without prompt or network."""
    wandb.setup(wandb.Settings(silent=True))
    try:
        return wandb.login(prompt=False, verify=False)
    except wandb.Error:
        return True  # there is one, of which the start of the run will say what is wrong


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
