"""Which calls may be repeated, after which errors, and after how long."""

from __future__ import annotations

import os
import random
import re
import time
import uuid
from collections.abc import Iterator

import grpc
from google.protobuf.message import Message

from .errors import RapportError

# A method whose request has no request id changes nothing if its name begins with one of these.
READS = re.compile("Brief|Check|Estimate|Explain|Export|Find|Get|List|Preview|Quote|Rank|Read|Review|Suggest|Summarize")


def prepare(method: str, request: Message) -> tuple[Message, bool]:
    """The request with a request id wherever it lacks one, and whether the call may be repeated.

    The caller's own message stays as it is: sent again, it is another request.
    """
    prepared = type(request)()
    prepared.CopyFrom(request)
    items = [prepared, *getattr(prepared, "requests", ())]
    written = [one for one in items if "request_id" in one.DESCRIPTOR.fields_by_name]
    for one in written:
        if not one.request_id:
            one.request_id = str(uuid7())
    return prepared, bool(written) or READS.match(method) is not None


def mendable(error: RapportError) -> bool:
    """Whether a call that may be repeated should be."""
    code = error.code()
    return (code is grpc.StatusCode.UNAVAILABLE
            or code is grpc.StatusCode.RESOURCE_EXHAUSTED and error.reason == "RATE_LIMITED"
            or code is grpc.StatusCode.DEADLINE_EXCEEDED and error.info.get("outcome") == "unknown")


def pauses(first: float, longest: float) -> Iterator[float]:
    """Seconds, twice as long each time, half of it by chance: callers refused at once should not be back at once."""
    while True:
        yield first * random.uniform(0.5, 1.0)
        first = min(2 * first, longest)


def uuid7() -> uuid.UUID:
    """Time-ordered (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    number = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=number & ~(3 << 62) | 2 << 62)
