"""The command line: `binrecon train …` is `python train.py …`. The verbs are in `verbs/`."""

import errno
import os
import sys
from collections.abc import Sequence

from binrecon.deadline import ending_when_told
from binrecon.errors import (
    EXIT_INCOMPLETE,
    EXIT_INTERRUPTED,
    EXIT_MISUSE,
    BinreconError,
    IncompleteFetchError,
)
from binrecon.escaping import escape_controls
from binrecon.output_streams import prepare_streams
from binrecon.verbs import (
    calibrate,
    compare,
    export,
    features,
    fetch,
    launch,
    reconcile,
    reproduce,
    show,
    sweep,
    train,
)
from binrecon.verbs.verb import Verb

VERBS = {
    "fetch": fetch.VERB,
    "train": train.VERB,
    "sweep": sweep.VERB,
    "reproduce": reproduce.VERB,
    "launch": launch.VERB,
    "compare": compare.VERB,
    "calibrate": calibrate.VERB,
    "reconcile": reconcile.VERB,
    "export": export.VERB,
    "features": features.VERB,
    "show": show.VERB,
}
"""The verbs, in the order in which `--help` lists them."""

_OF_THE_DISK = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "your quota of the disk is used up"}
"""System errors that a user can fix, with their meaning."""

_STOPPED = (
    "stopped; a fetch, a sweep, a reconciliation or a reproduction goes on with the same command, "
    "a training run with `binrecon train resume=RUN_FOLDER`\n"
)


def main(arguments: Sequence[str] | None = None, *, is_whole_process: bool | None = None) -> int:
    """Run a verb.

    Args:
        arguments: A verb, then Hydra overrides; those of the process by default.
        is_whole_process: Whether the process ends with it; by default, if no arguments are given.

    Returns:
        Exit status: 0, or 2 after an error that the user can mend, or 3 if a fetch left objects out, or 130
        after Ctrl-C or SIGTERM.
    """
    prepare_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_list_verbs())
        return 0
    try:
        is_last = arguments is None if is_whole_process is None else is_whole_process
        with ending_when_told(is_whole_process=is_last):
            return _run(words[0], words[1:])
    except BinreconError as error:
        if words[0] != "train" or _speaks():
            sys.stderr.write(escape_controls(f"{type(error).__name__}: {error}\n"))
        return EXIT_INCOMPLETE if isinstance(error, IncompleteFetchError) else EXIT_MISUSE
    except OSError as error:
        if error.errno not in _OF_THE_DISK:
            raise
        place = f" at '{error.filename}'" if error.filename else ""
        sys.stderr.write(
            f"OutputError: {_OF_THE_DISK[error.errno]}{place}; free some space, then go on: a training run "
            "with resume=RUN_FOLDER, all else with the same command\n"
        )
        return EXIT_MISUSE
    except KeyboardInterrupt:
        sys.stderr.write(_STOPPED)
        return EXIT_INTERRUPTED


def _speaks() -> bool:
    """Return whether this process has local rank 0 among those that torchrun or srun started."""
    return os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", "0")) == "0"


def _run(name: str, words: Sequence[str]) -> int:
    verb = VERBS.get(name)
    if verb is None:
        from binrecon.config.spelling import did_you_mean

        hint = did_you_mean(name, VERBS)
        sys.stderr.write(f"'{name}' is no verb of binrecon; there are {', '.join(VERBS)}{hint}\n")
        return EXIT_MISUSE
    if {"-h", "--help"} & set(words):
        sys.stdout.write(_explain_verb(name, verb, words))
        return 0
    from binrecon.config.credentials import refuse_credentials
    from binrecon.config.paths import read_paths

    refuse_credentials(words)
    verb.run(read_paths(words))
    return 0


def _list_verbs() -> str:
    lines = [f"  {name:<9} {verb.summary}" for name, verb in VERBS.items()]
    return "\n".join(
        ["usage: binrecon VERB [KEY=VALUE ...]", "", *lines, "", "binrecon VERB --help tells more", ""]
    )


def _explain_verb(name: str, verb: Verb, words: Sequence[str]) -> str:
    """List what can be chosen and what can be set, from the configuration files themselves."""
    from binrecon.config.help import describe_groups, describe_keys

    flag, config_name = next((mode for mode in verb.modes if mode[0] in words), ("", name))
    usage = " ".join(filter(None, ["binrecon", name, flag, f"{verb.words}[KEY=VALUE ...]"]))
    groups = list(describe_groups(config_name))
    return "\n".join(
        [
            f"usage: {usage}     {verb.summary}",
            "",
            *(["Choose by a word (group=option):", *groups, ""] if groups else []),
            "Set a value (key=value):",
            *describe_keys(config_name),
            "",
            *verb.notes,
            "",
            "For instance:",
            *(f"  binrecon {name} {example}" for example in verb.examples),
            "",
        ]
    )
