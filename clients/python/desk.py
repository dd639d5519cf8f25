"""Rapport from Python through reflection alone: no generated code, no proto files.

RAPPORT_TOKEN=... python desk.py 127.0.0.1:50051 CUSTOMER_ID

Records an interaction, lists the customer's, and watches them. The server must describe itself (--reflection).
"""

import os
import sys
import time
import uuid
from datetime import datetime, timezone

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2, status_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


class Rapport:
    """Calls any method of package rapport.v1; messages are dicts in their JSON form."""

    def __init__(self, address, token):
        self.channel = grpc.insecure_channel(address)
        self.pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        self.metadata = [("authorization", f"Bearer {token}")]

    def _prepare(self, service, method, body):
        described = self.pool.FindServiceByName(f"rapport.v1.{service}").FindMethodByName(method)
        request = json_format.ParseDict(body, message_factory.GetMessageClass(described.input_type)())
        answer = message_factory.GetMessageClass(described.output_type)
        codec = {"request_serializer": lambda message: message.SerializeToString(),
                 "response_deserializer": answer.FromString}
        return f"/rapport.v1.{service}/{method}", codec, request

    def call(self, service, method, body):
        path, codec, request = self._prepare(service, method, body)
        answer = self.channel.unary_unary(path, **codec)(request, metadata=self.metadata, timeout=10)
        return json_format.MessageToDict(answer)

    def stream(self, service, method, body):
        """The answers as they come, and the call, which can be cancelled."""
        path, codec, request = self._prepare(service, method, body)
        call = self.channel.unary_stream(path, **codec)(request, metadata=self.metadata)
        return map(json_format.MessageToDict, call), call


def watch_customer(rapport, customer_id, cursor=""):
    """Every event from now on, or from a cursor on, with the cursor to go on from. Resumes after a cut."""
    while True:
        try:
            body = {"customerId": customer_id, "resumeCursor": cursor}
            for response in rapport.stream("InteractionService", "WatchInteractions", body)[0]:
                cursor = response["resumeCursor"]
                yield response.get("event"), cursor
        except grpc.RpcError as error:
            if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
                raise
        time.sleep(1)


def explain(error):
    """A refusal in words: code, reason, and every field at fault."""
    lines = [f"{error.code().name}: {error.details()}"]
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                bad = error_details_pb2.BadRequest()
                if detail.Unpack(bad):
                    lines += [f"{one.field} {one.description} ({one.reason})" for one in bad.field_violations]
    return lines


def main():
    if len(sys.argv) != 3 or "RAPPORT_TOKEN" not in os.environ:
        sys.exit(__doc__)
    address, customer_id = sys.argv[1:]
    rapport = Rapport(address, os.environ["RAPPORT_TOKEN"])
    try:
        recorded = rapport.call("InteractionService", "RecordInteraction", {
            # The same for every attempt at this interaction, so that a retry records nothing twice.
            "requestId": str(uuid.uuid4()),
            "interaction": {"channel": "CHANNEL_INBOUND_CALL", "outcome": "OUTCOME_ANSWERED", "topic": "Opening hours",
                            "customerId": customer_id, "requestedTime": datetime.now(timezone.utc).isoformat()}})
        print("recorded", recorded["interactionId"])
        listed = rapport.call("InteractionService", "ListInteractions", {"filter": {"customerId": customer_id}})
        for one in listed.get("interactions", []):
            print("listed", one["interactionId"], one["channel"], one.get("topic", ""))
        for event, _ in watch_customer(rapport, customer_id):
            if event:
                print("watched", event["interaction"]["interactionId"], event["kind"], flush=True)
            else:
                print("watching", flush=True)
    except grpc.RpcError as error:
        sys.exit("\n  ".join(explain(error)))


if __name__ == "__main__":
    main()
