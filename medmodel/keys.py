"""Keys: who signs, whose signature is trusted, and the signature of one file.

The development key is made on first use in `$MEDMODEL_HOME/keys` with mode 0600, and trusted on the machine that made it.
A release is signed as a folder (`medmodel.release`); a gate report, which must be readable long before there is a release,
by ECDSA (P-256, SHA-256) over its bytes. The signature's nonce follows from key and bytes (RFC 6979), so the same report
has the same signature.

    python -m evals verify store/gate-*
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from medmodel.errors import InputError, ReleaseRefused
from medmodel.recipe import home_dir


def development_key() -> Path:
    """The development key (P-256, PEM, mode 0600), made and trusted on first use."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    path = home_dir() / "keys" / "development.pem"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        temporary = path.with_suffix(".tmp")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(pem)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    fingerprint = fingerprint_of(public_pem(path))
    if fingerprint not in trusted_fingerprints():
        with open(trusted_file(), "a", encoding="utf-8") as trusted:
            trusted.write(f"{fingerprint} development\n")
    return path


def private_key(name: str) -> Path:
    """The file of a key as a recipe names it: "development", or a path."""
    return development_key() if name == "development" else Path(name)


def key_name(name: str) -> str:
    """What a signature says of its key."""
    return "development" if name == "development" else Path(name).stem


def trusted_file() -> Path:
    return home_dir() / "trusted.txt"


def trusted_fingerprints() -> dict[str, str]:
    """Fingerprint -> label, from `$MEDMODEL_HOME/trusted.txt` (one `<fingerprint> <label>` a line)."""
    try:
        lines = trusted_file().read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    parts = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return {part[0].lower(): part[1] if len(part) > 1 else "" for part in parts}


def public_fingerprint(path: Path) -> str:
    """SHA-256 of a public key file's DER form, in hex. Raises ValueError when it holds no key."""
    return fingerprint_of(path.read_bytes())


def fingerprint_of(pem: bytes) -> str:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_public_key(pem)
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def public_pem(private: Path) -> bytes:
    """The public half of a private key's file."""
    from cryptography.hazmat.primitives import serialization

    public = serialization.load_pem_private_key(private.read_bytes(), password=None).public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def sign_file(path: Path, key: str) -> None:
    """Write `<name>.sig` beside a file: whose key, its public half, and the signature of the file's bytes."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = private_key(key)
    loaded = serialization.load_pem_private_key(private.read_bytes(), password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise InputError(f"{private} is no elliptic-curve key, and reports and releases are signed by one")
    signed = loaded.sign(path.read_bytes(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    said = {"key": key_name(key), "public": public_pem(private).decode(), "signature": base64.b64encode(signed).decode()}
    signature_of(path).write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def verify_file(path: Path, trust: Sequence[str] = ()) -> str:
    """The fingerprint that signed a file. Raises ReleaseRefused when nobody did, nobody trusted did, or it was changed since."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    signature = signature_of(path)
    if not signature.is_file():
        raise ReleaseRefused(f"{path} is not signed: {signature.name} is missing")
    try:
        said = json.loads(signature.read_bytes())
        pem, signed = said["public"].encode(), base64.b64decode(said["signature"])
        fingerprint = fingerprint_of(pem)
        public = serialization.load_pem_public_key(pem)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            raise ValueError("no elliptic-curve key")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ReleaseRefused(f"{signature} is damaged: it holds no signature") from None
    require_trust(fingerprint, path.name, trust)
    try:
        public.verify(signed, path.read_bytes(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise ReleaseRefused(f"{path} was changed after it was signed: {signature.name} is not its signature") from None
    return fingerprint


def require_trust(fingerprint: str, what: str, trust: Sequence[str] = ()) -> None:
    """Raise ReleaseRefused unless this key is configured or named."""
    if fingerprint not in trusted_fingerprints() | {value.lower(): "given by --trust" for value in trust}:
        raise ReleaseRefused(
            f"{what} is signed by a key this machine does not trust (fingerprint {fingerprint}); "
            f"if you know the signer, pass --trust {fingerprint} or add it to {trusted_file()}"
        )


def signature_of(path: Path) -> Path:
    """report.json -> report.sig"""
    return path.with_suffix(".sig")
