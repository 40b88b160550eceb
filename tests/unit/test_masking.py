import pytest

from binrecon.errors import BinreconError, ConfigError, JobsFailedError
from binrecon.masking import HIDDEN, find_secrets, hide_secrets, hide_text, note_secrets


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:S3CRET@h:1", "http://***@h:1"),
        ("https://S3CRET@h/x", "https://***@h/x"),
        ("http://me:S3@CRET@h:8333", "http://***@h:8333"),
        ("postgresql://u:S3CRET@h:notaport/db", "postgresql://***@h:notaport/db"),
        ("postgresql://u:S3/CRET@h/db", "postgresql://***@h/db"),
        ("postgresql+psycopg://u:1234@h/db", "postgresql+psycopg://***@h/db"),
        ("postgresql://u@h/db?sslpassword=S3CRET", "postgresql://u@h/db?sslpassword=***"),
        ("postgresql://h/db?user=u&password=S3@CRET", "postgresql://h/db?user=u&password=***"),
        ("postgresql://u:S3CRET", "postgresql://***"),
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=S3CRET&x=1", "https://b.s3.amazonaws.com/k?X-Amz-Signature=***&x=1"),
    ],
)  # fmt: skip
def test_hide_text(address: str, shown: str) -> None:
    assert find_secrets(address)
    assert hide_text(f"'{address}' failed") == f"'{shown}' failed"
    assert str(BinreconError(f"no '{address}'")) == f"no '{shown}'"
    assert ConfigError([address]).problems == (shown,)
    assert JobsFailedError(1, {"a": address}).reasons == {"a": shown}


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me@host/db", "postgresql://host:5432/db?host=/a@b&passfile=x", "https://host:80/a@b", "/a@b:c",
        "postgresql://h:5432", "postgresql://h:5432/db", "https://host/a@b", "s3://bucket/prefix", "http://127.0.0.1:8333", "arn:aws:iam::123456789012:role/x@y",
    ],
)  # fmt: skip
def test_hide_text__no_secret(address: str) -> None:
    assert find_secrets(address) == []
    assert hide_text(address) == address


@pytest.mark.parametrize(
    "name",
    ["password", "db_passwd", "secret_access_key", "session_token", "apiKey", "api-key", "CREDENTIALS"],
)
def test_hide_secrets__by_name(name: str) -> None:
    hidden = hide_secrets({"outer": [{name: "x"}], name: None, "wandb_secret": "its-name"})
    assert hidden == {"outer": [{name: HIDDEN}], name: None, "wandb_secret": "its-name"}


def test_hide_text__what_was_refused_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parser that takes an address apart prints it without what shows that it is one."""
    monkeypatch.setattr("binrecon.masking._known", set())
    assert note_secrets("postgresql://u:pa%2Fss w0rd@h:x/db")
    assert hide_text("invalid port 'pa/ss w0rd@h'") == "invalid port '***@h'"
    assert hide_text("user u, password pa%2Fss w0rd") == "user u, password ***"


def test_hide_text__of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very/secret+value")
    monkeypatch.setenv("SHORT_TOKEN", "abc")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path))
    assert hide_text(f"abc very/secret+value {tmp_path}") == f"abc *** {tmp_path}"
