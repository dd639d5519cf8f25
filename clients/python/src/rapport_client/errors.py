"""A refusal as an exception."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2


@dataclass(frozen=True)
class FieldViolation:
    """A field at fault, and the rule that it broke."""

    field: str
    """Path from the request, for example `interaction.channel`."""
    reason: str
    """A name of `ErrorReason` without its prefix."""
    description: str
    """The rule, for people."""


class RapportError(grpc.aio.AioRpcError):
    """What the server, or the connection to it, answered instead of a response."""

    reason: str
    """A name of `ErrorReason` without its prefix; empty where it is not the server that speaks."""
    fields: tuple[FieldViolation, ...]
    """Every field at fault."""
    info: Mapping[str, str]
    """More about the reason, for example `interaction_id` with REQUEST_ID_REUSED."""
    retry_after: float
    """Seconds before which the server does not want the call again; 0 where it does not say."""

    def __init__(self, error: grpc.aio.AioRpcError) -> None:
        trailers = error.trailing_metadata()
        super().__init__(error.code(), error.initial_metadata(), trailers, error.details(),
                         error.debug_error_string())
        self.reason, self.fields, self.info, self.retry_after = "", (), {}, 0.0
        for detail in _status(trailers).details:
            why, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
            retry = error_details_pb2.RetryInfo()
            if detail.Unpack(why):
                self.reason, self.info = why.reason, dict(why.metadata)
            elif detail.Unpack(bad):
                self.fields = tuple(
                    FieldViolation(one.field, one.reason, one.description) for one in bad.field_violations)
            elif detail.Unpack(retry):
                self.retry_after = retry.retry_delay.ToTimedelta().total_seconds()

    def __str__(self) -> str:
        lines = [f"{self.code().name} {self.reason}: {self.details()}"]
        return "\n  ".join(lines + [f"{one.field} {one.description} ({one.reason})" for one in self.fields])


def _status(trailers: grpc.aio.Metadata) -> status_pb2.Status:
    for key, value in trailers or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except DecodeError:
                break
    return status_pb2.Status()
