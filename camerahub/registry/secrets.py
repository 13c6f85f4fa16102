"""Camera passwords at rest: AES-GCM under a key file that lives apart from the database.

``v1:kid:nonce:ciphertext`` (base64url), associated data = the credential's id, so that a row copied to another
camera does not open. The fingerprint is a keyed hash: the same user and password give the same one, and it tells
nothing without the key. Rotation adds a key and seals anew; the fingerprint key stays for the life of the register.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from camerahub.core.errors import EnvironmentFault

_KID = re.compile(r"[A-Za-z0-9_-]{1,16}")
_KEY_BYTES = 32
_NONCE_BYTES = 12


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by kid, the one that seals now, and the fingerprint key. Never shown."""

    path: Path
    current: str
    keys: dict[str, bytes] = field(repr=False)
    fingerprint_key: bytes = field(repr=False)
    #: Making one costs more than sealing a password with it.
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def create(cls, path: Path) -> KeyRing:
        """Write a new key file (mode 0600). EnvironmentFault when the file is there already or cannot be written."""
        ring = cls(path, "k1", {"k1": os.urandom(_KEY_BYTES)}, os.urandom(_KEY_BYTES))
        try:
            ring._write(os.O_EXCL)
        except FileExistsError as error:
            raise EnvironmentFault("register.key_exists", path=path) from error
        except OSError as error:
            raise EnvironmentFault("register.key_unwritable", path=path, detail=error.strerror) from error
        return ring

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a key file. EnvironmentFault when missing, readable by others, or not a key file."""
        try:
            mode = path.stat().st_mode
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise EnvironmentFault("register.key_missing", path=path) from error
        except OSError as error:
            raise EnvironmentFault("register.key_unreadable", path=path, detail=error.strerror) from error
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise EnvironmentFault("register.key_mode", path=path, mode=f"{stat.S_IMODE(mode):04o}")
        try:
            return cls._parse(path, data)
        except (ValueError, KeyError, TypeError, AttributeError):
            # the cause is dropped on purpose: it would quote the file
            raise EnvironmentFault("register.key_corrupt", path=path) from None

    @classmethod
    def _parse(cls, path: Path, data: bytes) -> KeyRing:
        read = json.loads(data)
        keys = {kid: _unb64(value) for kid, value in read["keys"].items()}
        ring = cls(path, read["current"], keys, _unb64(read["fingerprint"]))
        sizes = {len(key) for key in [*keys.values(), ring.fingerprint_key]}
        if read["format"] != 1 or ring.current not in keys or sizes != {_KEY_BYTES}:
            raise ValueError("key file")
        if not all(_KID.fullmatch(kid) for kid in keys):
            raise ValueError("kid")
        return ring

    def _write(self, flags: int) -> None:
        body = {
            "format": 1,
            "current": self.current,
            "keys": {kid: _b64(key) for kid, key in self.keys.items()},
            "fingerprint": _b64(self.fingerprint_key),
        }
        target = self.path if flags & os.O_EXCL else self.path.with_name(self.path.name + ".new")
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | (flags or os.O_TRUNC), 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump(body, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        if target != self.path:
            target.replace(self.path)

    def rotate(self) -> KeyRing:
        """A ring that seals with a new key and still opens with the old ones; the file is replaced atomically."""
        kid = f"k{1 + max((int(k[1:]) for k in self.keys if k[1:].isdigit()), default=0)}"
        ring = KeyRing(self.path, kid, {**self.keys, kid: os.urandom(_KEY_BYTES)}, self.fingerprint_key)
        try:
            ring._write(0)
        except OSError as error:
            raise EnvironmentFault(
                "register.key_unwritable", path=self.path, detail=error.strerror
            ) from error
        return ring

    def _cipher(self, kid: str) -> AESGCM:
        if kid not in self._ciphers:
            self._ciphers[kid] = AESGCM(self.keys[kid])
        return self._ciphers[kid]

    def encrypt(self, password: str, credential_id: int) -> str:
        """``v1:kid:nonce:ciphertext`` bound to this credential id."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(self.current).encrypt(nonce, password.encode(), _associated(credential_id))
        return f"v1:{self.current}:{_b64(nonce)}:{_b64(sealed)}"

    def decrypt(self, secret: str, credential_id: int) -> str:
        """The password. EnvironmentFault when the key is gone or the row was altered or moved."""
        try:
            version, kid, nonce, sealed = secret.split(":")
            if version != "v1":
                raise ValueError(version)
            opened = self._cipher(kid).decrypt(_unb64(nonce), _unb64(sealed), _associated(credential_id))
            return opened.decode()
        except (ValueError, KeyError, InvalidTag, binascii.Error):
            raise EnvironmentFault("register.secret_closed", id=credential_id, path=self.path) from None

    def seal(self, data: bytes, label: str) -> bytes:
        """Bytes sealed as passwords are, without base64: ``v1:kid:``, nonce, ciphertext; bound to ``label``."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(self.current).encrypt(nonce, data, f"camerahub {label}".encode())
        return f"v1:{self.current}:".encode() + nonce + sealed

    def unseal(self, sealed: bytes, label: str) -> bytes:
        """What ``seal`` took. EnvironmentFault when the key is gone or the bytes or the label are others."""
        try:
            version, kid, body = sealed.split(b":", 2)
            if version != b"v1":
                raise ValueError(version)
            nonce, data = body[:_NONCE_BYTES], body[_NONCE_BYTES:]
            return self._cipher(kid.decode()).decrypt(nonce, data, f"camerahub {label}".encode())
        except (ValueError, KeyError, InvalidTag):
            raise EnvironmentFault("register.secret_closed", id=label, path=self.path) from None

    def sealed_now(self, secret: str) -> bool:
        """Whether the key that seals now sealed this."""
        return secret.startswith(f"v1:{self.current}:")

    def fingerprint(self, username: str, password: str) -> str:
        """Keyed hash of the pair, 32 hex digits: equal pairs are equal, nothing else can be learnt."""
        message = f"{len(username)}:{username}:{password}".encode()
        return hmac.digest(self.fingerprint_key, message, "sha256").hex()[:32]


def _associated(credential_id: int) -> bytes:
    return f"camerahub credential {credential_id}".encode()
