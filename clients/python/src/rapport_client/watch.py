"""Watches that go on after a cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeVar

import grpc

from .errors import RapportError
from .retry import pauses

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# What a broken connection looks like depends on where it broke; then there is no reason.
BROKEN = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED)


class _Response(Protocol):
    resume_cursor: str


Request = TypeVar("Request")
Response = TypeVar("Response", bound=_Response)


async def watch(method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, *,
                silence: float = 60.0, on_cut: Callable[[RapportError], None] | None = None) -> AsyncIterator[Response]:
    """The responses of a Watch method, for as long as they are read.

    After a cut it goes on from the last `resume_cursor`: nothing is missed, and nothing comes twice. Responses without
    an event tell how far the watch is; to go on in another process, keep the `resume_cursor` of the last response and
    put it into the request. A connection that says nothing for `silence` seconds counts as cut: the server is heard
    every 15 s unless configured otherwise. `on_cut` is told of each cut.

    Raises RapportError when coming back would not help, for example NOT_FOUND, or a token that is refused twice.
    """
    resumed = type(request)()
    resumed.CopyFrom(request)  # type: ignore[attr-defined]
    pause, heard = pauses(FIRST_PAUSE, LONGEST_PAUSE), True
    while True:
        call = method(resumed)
        responses = aiter(call)
        try:
            while True:
                try:
                    response = await asyncio.wait_for(anext(responses), silence)
                except asyncio.TimeoutError:
                    raise RapportError(_cut("nothing was heard")) from None
                resumed.resume_cursor = response.resume_cursor  # type: ignore[attr-defined]
                pause, heard = pauses(FIRST_PAUSE, LONGEST_PAUSE), True
                yield response
        except StopAsyncIteration:
            error = RapportError(_cut("the watch ended"))
        except RapportError as cause:
            error = cause
        finally:
            call.cancel()
        expired = error.code() is grpc.StatusCode.UNAUTHENTICATED
        if not (_mendable(error) or expired and heard):
            raise error
        if cursor := error.info.get("resume_cursor"):
            resumed.resume_cursor = cursor  # type: ignore[attr-defined]
        if on_cut:
            on_cut(error)
        heard = False
        if not expired:
            await asyncio.sleep(error.retry_after + next(pause))


def _mendable(error: RapportError) -> bool:
    code = error.code()
    return (code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)
            or code in BROKEN and not error.reason)


def _cut(details: str) -> grpc.aio.AioRpcError:
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, nothing, nothing, details)
