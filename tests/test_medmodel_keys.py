"""Keys: the development key is its owner's alone, and a foreign or unsuitable key is one sentence."""

import stat
from pathlib import Path

import pytest

from medmodel import keys
from medmodel.errors import InputError, ReleaseRefused


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDMODEL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_the_development_key_is_made_once_trusted_here_and_read_by_its_owner_alone(home: Path) -> None:
    first = keys.development_key()
    assert first.read_bytes() == keys.development_key().read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert list(keys.trusted_fingerprints().values()) == ["development"]


def test_a_signature_says_whose_key_it_is(home: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "clinic.pem").write_bytes(pem)
    (tmp_path / "report.json").write_text("{}")
    keys.sign_file(tmp_path / "report.json", str(tmp_path / "clinic.pem"))
    assert '"key": "clinic"' in (tmp_path / "report.sig").read_text()
    fingerprint = keys.fingerprint_of(keys.public_pem(tmp_path / "clinic.pem"))
    with pytest.raises(ReleaseRefused, match=fingerprint):
        keys.verify_file(tmp_path / "report.json")
    assert keys.verify_file(tmp_path / "report.json", [fingerprint.upper()]) == fingerprint


def test_a_key_of_another_kind_signs_nothing(home: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "other.pem").write_bytes(pem)
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(InputError, match="no elliptic-curve key"):
        keys.sign_file(tmp_path / "report.json", str(tmp_path / "other.pem"))
