"""Which engine is meant: as the docker CLI would choose, certificates included (C-2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from console.observe.engine import EngineError, endpoint


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A docker CLI configuration of its own, with a remote context `lab` that has certificates."""
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker"))
    choose(tmp_path, "default")  # without a file the SDK keeps its contexts in the working directory
    from docker import context
    from docker.tls import TLSConfig

    ca, cert, key = (tmp_path / f"{n}.pem" for n in ("ca", "cert", "key"))
    for file in (ca, cert, key):
        file.write_text("x")
    certificates = TLSConfig(client_cert=(str(cert), str(key)), ca_cert=str(ca))
    made = context.ContextAPI.create_context("lab", host="tcp://lab.example:2376", tls_cfg=certificates)
    assert made is not None
    return tmp_path


def choose(home: Path, name: str) -> None:
    config = home / ".docker" / "config.json"
    config.parent.mkdir(exist_ok=True)
    config.write_text(json.dumps({"currentContext": name}))


def test_nothing_said(home: Path) -> None:
    assert endpoint().url == "unix:///var/run/docker.sock"


def test_the_current_context_and_its_certificates(home: Path) -> None:
    choose(home, "lab")
    found = endpoint()
    assert (found.url, found.source, found.remote) == ("https://lab.example:2376", "context lab", True)
    assert found.tls is not None
    again = endpoint(found.url)
    assert again.tls is not None, "a watchdog is handed the address alone, and must reach the engine all the same"
    assert again.tls.cert == found.tls.cert


def test_environment_beats_context(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(home, "lab")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    found = endpoint()
    assert (found.url, found.source, found.remote, found.tls) == ("tcp://127.0.0.1:2375", "DOCKER_HOST", False, None)


def test_a_context_that_is_not_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(home, "lab")
    monkeypatch.setenv("DOCKER_CONTEXT", "nowhere")
    with pytest.raises(EngineError, match="'nowhere' does not exist"):
        endpoint()


def test_certificates_of_the_environment_that_cannot_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(home / "nothing"))
    with pytest.raises(EngineError, match="certificates for tcp"):
        endpoint("tcp://x.example:2376")
