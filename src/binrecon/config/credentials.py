"""A configuration holds no credential: it is kept with results, and copied into jobs."""

from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

from binrecon.errors import ConfigError
from binrecon.masking import hide_text, note_named_secret, note_secrets

_ADVICE = {
    "sweep.storage": "put it into PGPASSWORD or ~/.pgpass",
    "source.endpoint_url": "put it where AWS's tools look (AWS_PROFILE, AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY), with source.is_signed=true",
    "cloud.endpoint_url": "put it where AWS's tools look: AWS_PROFILE, AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY",
    "logger": "put it into WANDB_API_KEY or ~/.netrc",
}
_ELSEWHERE = (
    "put it into the environment or a file of its own: WANDB_API_KEY or ~/.netrc, PGPASSWORD or ~/.pgpass, "
    "AWS_PROFILE"
)


def refuse_credentials(words: Sequence[str]) -> None:
    """Refuse a command line that holds a credential, before anything else reads, shows or keeps it.

    Raises:
        ConfigError: With every such override; its credential is masked there, and in all later output.
    """
    problems = []
    for word in words:
        key, equals, value = word.partition("=")
        is_named = bool(equals) and note_named_secret(key.lstrip("+"), value)
        if note_secrets(word) or is_named:
            problems.append(_explain(key.lstrip("+"), "***" if is_named else value or word))
    if problems:
        raise ConfigError(problems)


def find_credentials(config: DictConfig) -> Iterator[str]:
    """Yield a problem for each value of a composed configuration that holds a credential."""
    yield from find_credentials_in(OmegaConf.to_container(config, resolve=True))


def find_credentials_in(plain: object) -> Iterator[str]:
    """Yield a problem for each text in nested dicts and lists that holds a credential."""
    for key, value in _texts(plain, ""):
        if note_secrets(value):
            yield _explain(key, value)


def _texts(node: Any, key: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # a tree of plain values
    if isinstance(node, dict):
        for name, branch in node.items():
            yield from _texts(branch, f"{key}.{name}" if key else str(name))
    elif isinstance(node, list):
        for branch in node:
            yield from _texts(branch, key)
    elif isinstance(node, str):
        yield key, node


def _explain(key: str, value: str) -> str:
    advice = _ADVICE.get(key) or _ADVICE.get(key.partition(".")[0], _ELSEWHERE)
    return (
        f"{key}: '{hide_text(value)}' holds a password or key, which would be kept with the results; "
        f"leave it out, and {advice}"
    )
