"""A channel whose calls carry a token and are repeated where they may be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import grpc

from .errors import RapportError
from .retry import mendable, pauses, prepare
from .token import Token, TokenFunction

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0

Continuation = Callable[[grpc.aio.ClientCallDetails, Any], Any]


def connect(url: str, token: TokenFunction, *, deadline: float = 30.0,
            credentials: grpc.ChannelCredentials | None = None) -> grpc.aio.Channel:
    """A channel to `https://host:port`, or in plain text to `http://host:port`.

    `token` gives a bearer token, or awaits one. It is asked again shortly before the token's `exp`, and once for a call
    that is answered UNAUTHENTICATED. `deadline` is how long, in seconds, a call may take with all its repetitions,
    unless it has a `timeout` of its own. `credentials` replace the system's certificates.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("the URL must be http://HOST:PORT or https://HOST:PORT")
    renewed = Token(token)
    interceptors = [_Unary(renewed, deadline), _Responses(renewed), _BothWays(renewed)]
    # gRPC's own pauses between two attempts to connect grow to minutes.
    options = [("grpc.initial_reconnect_backoff_ms", 200), ("grpc.max_reconnect_backoff_ms", 5_000)]
    if parts.scheme == "http":
        return grpc.aio.insecure_channel(parts.netloc, options, interceptors=interceptors)
    credentials = credentials or grpc.ssl_channel_credentials()
    return grpc.aio.secure_channel(parts.netloc, credentials, options, interceptors=interceptors)


def _with_token(details: grpc.aio.ClientCallDetails, token: str, **changes: Any) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()), ("authorization", f"Bearer {token}"))
    # A named tuple, of which its types do not tell.
    return details._replace(metadata=metadata, **changes)  # type: ignore[attr-defined, no-any-return]


class _Unary(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, token: Token, deadline: float) -> None:
        self._token, self._deadline = token, deadline

    async def intercept_unary_unary(self, continuation: Continuation, client_call_details: grpc.aio.ClientCallDetails,
                                    request: Any) -> Any:
        details = client_call_details
        ends = time.monotonic() + (self._deadline if details.timeout is None else details.timeout)
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        request, repeatable = prepare(method.rsplit("/", 1)[1], request)
        pause, asked_again = pauses(FIRST_PAUSE, LONGEST_PAUSE), False
        while True:
            token = await self._token.get()
            try:
                call = await continuation(_with_token(details, token, timeout=ends - time.monotonic()), request)
                await call
                return call
            except grpc.aio.AioRpcError as cause:
                error = RapportError(cause)
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                self._token.refused(token)
                if not asked_again:
                    asked_again = True
                    continue
            wait = error.retry_after + next(pause)
            if not (repeatable and mendable(error)) or time.monotonic() + wait >= ends:
                raise error
            await asyncio.sleep(wait)


class _Stream:
    def __init__(self, token: Token) -> None:
        self._token = token

    async def _open(self, continuation: Continuation, details: grpc.aio.ClientCallDetails,
                    request: Any) -> AsyncIterator[Any]:
        token = await self._token.get()
        call = await continuation(_with_token(details, token), request)

        async def responses() -> AsyncIterator[Any]:
            try:
                async for response in call:
                    yield response
            except grpc.aio.AioRpcError as cause:
                if cause.code() is grpc.StatusCode.UNAUTHENTICATED:
                    self._token.refused(token)
                raise RapportError(cause) from None

        return responses()


class _Responses(_Stream, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Continuation, client_call_details: grpc.aio.ClientCallDetails,
                                     request: Any) -> Any:
        return await self._open(continuation, client_call_details, request)


class _BothWays(_Stream, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(self, continuation: Continuation, client_call_details: grpc.aio.ClientCallDetails,
                                      request_iterator: Any) -> Any:
        return await self._open(continuation, client_call_details, request_iterator)
