"""The bearer token, and when another one is due."""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import math
import time
from collections.abc import Awaitable, Callable

TokenFunction = Callable[[], "str | Awaitable[str]"]

LONGEST_MARGIN = 60.0


class Token:
    """A token that is asked for when there is none, when it is about to expire, and after the server refused it."""

    def __init__(self, give: TokenFunction) -> None:
        self._give = give
        self._token = ""
        self._renew_at = 0.0
        # Calls that need a new one at the same time ask once.
        self._asking = asyncio.Lock()

    async def get(self) -> str:
        async with self._asking:
            if not self._token or time.time() >= self._renew_at:
                given = self._give()
                self._token = await given if inspect.isawaitable(given) else given
                self._renew_at = _renew_at(self._token, time.time())
            return self._token

    def refused(self, token: str) -> None:
        """The server did not accept this one. Another call may have brought a newer one since."""
        if token == self._token:
            self._token = ""


def _renew_at(token: str, now: float) -> float:
    """A while before the token's `exp`; never, where it does not tell."""
    try:
        claims = token.split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return math.inf
    return expires - min(LONGEST_MARGIN, (expires - now) / 5)
