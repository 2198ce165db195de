"""Who may ask: bearer keys from `$MEDMODEL_API_KEY` (several with commas between), or everyone when it is unset.

Each key is a tenant. A tenant's `cache_salt` is a secret of this process bound to its key, so that no tenant can time
another's prompts in vLLM's prefix cache. Covers no users, roles or quotas: put a gateway in front for those.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets

from fastapi import Request

from medmodel.errors import InputError
from medmodel.serve.problems import Problem

VARIABLE = "MEDMODEL_API_KEY"
EVERYONE = "everyone"  # the tenant when no key is asked for


class Keys:
    """A FastAPI dependency: returns the tenant's cache salt, or refuses with 401."""

    def __init__(self, keys: str | None = None) -> None:
        listed = os.environ.get(VARIABLE, "") if keys is None else keys
        self._keys = [key.strip().encode() for key in listed.split(",") if key.strip()]
        if listed and not self._keys:
            raise InputError(f"${VARIABLE} is set and holds no key: set a key, or unset it to let everyone ask")
        self._secret = secrets.token_bytes(32)

    async def __call__(self, request: Request) -> str:  # async, or FastAPI would hand every request to a thread for it
        return self.salt(await self.tenant(request))

    async def tenant(self, request: Request) -> str:
        """Whose request it is, by a name that outlives this process and tells nothing of the key: what is stored is his."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if not self._keys:
            return EVERYONE
        for key in self._keys:
            if scheme.lower() == "bearer" and hmac.compare_digest(key, given.strip().encode()):
                return hashlib.sha256(b"medmodel tenant\0" + key).hexdigest()[:32]
        raise Problem(401, "unauthorized", "give a valid API key as `Authorization: Bearer KEY`")

    def salt(self, tenant: str) -> str:
        return hmac.new(self._secret, tenant.encode(), hashlib.sha256).hexdigest()
