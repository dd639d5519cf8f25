"""The installed package against a real server."""

import asyncio
import importlib
import logging
import pkgutil
import re
import signal
import subprocess
import sys
import time
import unittest
import uuid
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2
from server import Server

import rapport_client.v1
from rapport_client import RapportError, connect, watch
from rapport_client.retry import READS, uuid7
from rapport_client.v1 import directory_pb2
from rapport_client.v1 import interaction_pb2 as v1
from rapport_client.v1.directory_pb2_grpc import DirectoryServiceStub
from rapport_client.v1.interaction_pb2_grpc import (
    InteractionServiceServicer,
    InteractionServiceStub,
    add_InteractionServiceServicer_to_server,
)

# Which steps were slow says nothing about the package.
logging.getLogger("asyncio").setLevel(logging.ERROR)


def a_call(customer_id: str, topic: str, request_id: str = "") -> v1.RecordInteractionRequest:
    interaction = v1.Interaction(channel=v1.CHANNEL_INBOUND_CALL, customer_id=customer_id, topic=topic)
    interaction.requested_time.FromJsonString("2025-03-03T09:00:00Z")
    return v1.RecordInteractionRequest(request_id=request_id, interaction=interaction)


class Client(unittest.IsolatedAsyncioTestCase):
    """A server for all tests of a class, and a customer for each."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.remove)

    async def asyncSetUp(self):
        self.customer_id = self.id().rsplit(".", 1)[1]
        token = self.server.token()
        self.channel = self.connect(lambda: token)
        customer = directory_pb2.Customer(customer_id=self.customer_id, salutation="王女士")
        await DirectoryServiceStub(self.channel).UpsertCustomer(directory_pb2.UpsertCustomerRequest(customer=customer))
        self.interactions = InteractionServiceStub(self.channel)
        self.listed = v1.ListInteractionsRequest(filter=v1.InteractionFilter(customer_id=self.customer_id))
        self.watched = v1.WatchInteractionsRequest(customer_id=self.customer_id)

    def connect(self, token, **options):
        channel = connect(self.server.url, token, **options)
        self.addAsyncCleanup(channel.close)
        return channel

    def a_call(self, topic, request_id=""):
        return a_call(self.customer_id, topic, request_id)

    async def record(self, topic, request_id=""):
        return (await self.interactions.RecordInteraction(self.a_call(topic, request_id))).interaction_id

    async def topics(self):
        return sorted(one.topic for one in (await self.interactions.ListInteractions(self.listed)).interactions)

    async def events(self, watching, count):
        topics = []
        async for response in watching:
            if response.HasField("event"):
                topics.append(response.event.interaction.topic)
            if len(topics) == count:
                return topics


class Calls(Client):
    async def test_records_once_under_a_request_id(self):
        first = await self.interactions.RecordInteraction(self.a_call("换货", "one"))
        again = await self.interactions.RecordInteraction(self.a_call("换货", "one"))
        self.assertEqual(again.interaction_id, first.interaction_id)
        self.assertEqual(again.recording, v1.RECORDING_ALREADY_PRESENT)
        # Without one, each call is another request.
        self.assertNotEqual(await self.record("退款"), await self.record("退款"))
        self.assertEqual(await self.topics(), ["换货", "退款", "退款"])

    async def test_a_refusal_names_every_field(self):
        with self.assertRaises(RapportError) as refused:
            await self.interactions.RecordInteraction(v1.RecordInteractionRequest(interaction=v1.Interaction()))
        error = refused.exception
        self.assertEqual((error.code(), error.reason), (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_REQUIRED"))
        self.assertIn(("interaction.channel", "FIELD_REQUIRED"), [(one.field, one.reason) for one in error.fields])
        self.assertIn("\n  interaction.channel ", str(error))
        with self.assertRaises(RapportError) as reused:
            await self.record("one", "same")
            await self.record("two", "same")
        self.assertEqual(reused.exception.reason, "REQUEST_ID_REUSED")
        self.assertIn("interaction_id", reused.exception.info)

    async def test_a_stream_records_too(self):
        async def requests():
            for topic in ("换货", "退款"):
                yield v1.RecordInteractionsRequest(request=self.a_call(topic, topic))

        settled = [response.settled_count async for response in self.interactions.RecordInteractions(requests())]
        self.assertEqual(settled[-1], 2)
        self.assertEqual(await self.topics(), ["换货", "退款"])

    async def test_calls_go_on_where_the_server_is_back(self):
        await asyncio.to_thread(self.server.stop)
        waiting = [asyncio.create_task(call) for call in (self.record("written"), self.topics())]
        await asyncio.sleep(0.5)
        self.assertFalse(any(one.done() for one in waiting))
        await asyncio.to_thread(self.server.start)
        recorded, _ = await asyncio.gather(*waiting)
        self.assertTrue(recorded)
        self.assertEqual(await self.topics(), ["written"])

    async def test_a_deadline_ends_the_repetitions(self):
        await asyncio.to_thread(self.server.stop)
        self.addCleanup(self.server.start)
        begun = time.monotonic()
        with self.assertRaises(RapportError) as refused:
            await self.interactions.ListInteractions(self.listed, timeout=1.0)
        self.assertIs(refused.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertLess(time.monotonic() - begun, 3.0)


class Refuses(InteractionServiceServicer):
    """Answers what it is told to, and remembers the request ids."""

    def __init__(self):
        self.answers, self.request_ids, self.opened, self.ends = [], [], 0, False

    async def RecordInteraction(self, request, context):
        self.request_ids.append(request.request_id)
        if self.answers:
            await context.abort_with_status(self.answers.pop(0))
        return v1.RecordInteractionResponse()

    async def WatchInteractions(self, request, context):
        self.opened += 1
        yield v1.WatchInteractionsResponse(resume_cursor=f"{request.resume_cursor}+")
        if self.answers:
            await context.abort_with_status(self.answers.pop(0))
        if not self.ends:
            await asyncio.sleep(60)


@dataclass
class Refusal(grpc.Status):
    """A status as the server gives it."""

    code: grpc.StatusCode
    trailing_metadata: tuple
    details: str = "no"


def refusal(code, reason, retry_after=0.0, **metadata):
    status = status_pb2.Status(code=code.value[0])
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="rapport", metadata=metadata))
    if retry_after:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(int(1000 * retry_after))
        status.details.add().Pack(retry)
    return Refusal(code, (("grpc-status-details-bin", status.SerializeToString()),))


WATCHED = v1.WatchInteractionsRequest(customer_id="carla")


class Repetitions(unittest.IsolatedAsyncioTestCase):
    """What the real server says too rarely for a test."""

    async def asyncSetUp(self):
        self.refuses, server = Refuses(), grpc.aio.server()
        add_InteractionServiceServicer_to_server(self.refuses, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self.addAsyncCleanup(server.stop, None)
        channel = connect(f"http://127.0.0.1:{port}", lambda: "any")
        self.addAsyncCleanup(channel.close)
        self.interactions = InteractionServiceStub(channel)

    async def test_a_call_is_repeated_with_its_request_id_and_not_before_it_may_be(self):
        self.refuses.answers = [
            refusal(grpc.StatusCode.UNAVAILABLE, "OVERLOADED", 0.8),
            refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", 0.8),
            refusal(grpc.StatusCode.DEADLINE_EXCEEDED, "TIMED_OUT", outcome="unknown"),
        ]
        begun = time.monotonic()
        request = a_call("carla", "换货")
        await self.interactions.RecordInteraction(request)
        # The package's own pauses are 1.4 s at most.
        self.assertGreaterEqual(time.monotonic() - begun, 1.6)
        self.assertEqual(len(self.refuses.request_ids), 4)
        self.assertEqual({uuid.UUID(one).version for one in set(self.refuses.request_ids)}, {7})
        self.assertEqual(len(set(self.refuses.request_ids)), 1)
        self.assertEqual(request.request_id, "")

    async def test_nothing_else_is_repeated(self):
        for code, reason in [
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS"),
            (grpc.StatusCode.DEADLINE_EXCEEDED, "TIMED_OUT"),
            (grpc.StatusCode.INTERNAL, "INTERNAL"),
            (grpc.StatusCode.ABORTED, "ETAG_MISMATCH"),
        ]:
            self.refuses.answers = [refusal(code, reason, 0.1)]
            with self.assertRaises(RapportError) as error:
                await self.interactions.RecordInteraction(a_call("carla", "换货"))
            self.assertEqual((error.exception.code(), error.exception.reason), (code, reason))
            self.assertEqual(self.refuses.answers, [])
        self.assertEqual(len(self.refuses.request_ids), 4)

    async def test_a_watch_that_is_not_heard_is_opened_anew(self):
        watching = watch(self.interactions.WatchInteractions, WATCHED, silence=0.3)
        self.assertEqual([(await anext(watching)).resume_cursor for _ in range(3)], ["+", "++", "+++"])
        self.assertEqual(self.refuses.opened, 3)

    async def test_a_watch_that_ends_without_a_word_is_opened_anew(self):
        self.refuses.ends = True
        watching = watch(self.interactions.WatchInteractions, WATCHED)
        self.assertEqual([(await anext(watching)).resume_cursor for _ in range(2)], ["+", "++"])

    async def test_a_watch_goes_on_from_the_cursor_of_its_end(self):
        self.refuses.answers = [
            refusal(grpc.StatusCode.UNAVAILABLE, "STREAM_LIFE_OVER", resume_cursor="end"),
            Refusal(grpc.StatusCode.INTERNAL, ()),
            refusal(grpc.StatusCode.INTERNAL, "INTERNAL"),
        ]
        watching = watch(self.interactions.WatchInteractions, WATCHED)
        self.assertEqual([(await anext(watching)).resume_cursor for _ in range(3)], ["+", "end+", "end++"])
        with self.assertRaises(RapportError) as error:
            await anext(watching)
        self.assertEqual(error.exception.reason, "INTERNAL")

    async def test_request_ids_are_of_version_7_and_ordered_by_time(self):
        first = uuid7()
        await asyncio.sleep(0.002)
        self.assertLess(first, uuid7())
        self.assertEqual((first.version, first.variant), (7, uuid.RFC_4122))

    def test_every_method_is_known_to_read_or_to_write(self):
        """A new one without a request id is either found by its name, in every package alike, or belongs here."""
        unrepeated = []
        for module in pkgutil.iter_modules(rapport_client.v1.__path__):
            described = importlib.import_module(f"rapport_client.v1.{module.name}")
            services = described.DESCRIPTOR.services_by_name if module.name.endswith("_pb2") else {}
            for method in (one for service in services.values() for one in service.methods):
                items = method.input_type.fields_by_name.get("requests")
                written = [method.input_type, *([items.message_type] if items else [])]
                by_request_id = any("request_id" in one.fields_by_name for one in written)
                if not (method.server_streaming or by_request_id or READS.match(method.name)):
                    unrepeated.append(method.name)
        self.assertEqual(sorted(unrepeated), ["RenewSession", "SaveDraft", "StartSession"])


class Tokens(Client):
    async def test_a_token_is_renewed_before_it_expires(self):
        asked = []

        async def give():
            asked.append(time.time())
            return await asyncio.to_thread(self.server.token, "--ttl", "3s")

        interactions = InteractionServiceStub(self.connect(give))
        await asyncio.gather(*(interactions.ListInteractions(self.listed) for _ in range(5)))
        self.assertEqual(len(asked), 1)
        for _ in range(7):
            await asyncio.sleep(0.5)
            await interactions.ListInteractions(self.listed)
        self.assertIn(len(asked), range(2, 6))

    async def test_a_token_that_is_refused_is_asked_for_once_more(self):
        tokens = iter(["stale", self.server.token(), "stale", "stale"])
        interactions = InteractionServiceStub(self.connect(lambda: next(tokens)))
        await interactions.ListInteractions(self.listed)
        refused = InteractionServiceStub(self.connect(lambda: next(tokens)))
        with self.assertRaises(RapportError) as error:
            await refused.ListInteractions(self.listed)
        self.assertIs(error.exception.code(), grpc.StatusCode.UNAUTHENTICATED)
        self.assertIsNone(next(tokens, None))

    async def test_a_watch_goes_on_with_a_new_token_where_the_old_one_expires(self):
        cuts = []
        interactions = InteractionServiceStub(self.connect(lambda: self.server.token("--ttl", "2s")))
        watching = watch(interactions.WatchInteractions, self.watched, on_cut=lambda cut: cuts.append(cut.reason))
        await anext(watching)
        while "TOKEN_REJECTED" not in cuts:
            await anext(watching)
        await self.record("after")
        self.assertEqual(await self.events(watching, 1), ["after"])


class Watches(Client):
    async def test_goes_on_after_cuts_without_gap_or_repetition(self):
        cuts = []
        self.server.settings["RAPPORT_LIMITS_STREAM_MAX_LIFE"] = "1s"
        watching = watch(self.interactions.WatchInteractions, self.watched, on_cut=lambda cut: cuts.append(cut.reason))
        cursor = (await anext(watching)).resume_cursor
        seen = asyncio.create_task(self.events(watching, 5))
        await self.record("before")
        await asyncio.to_thread(self.server.stop, signal.SIGKILL)
        await asyncio.to_thread(self.server.start)
        for topic in ("一", "二", "三"):
            await self.record(topic)
        while "STREAM_LIFE_OVER" not in cuts:
            await asyncio.sleep(0.1)
        await self.record("after")
        expected = ["before", "一", "二", "三", "after"]
        self.assertEqual(await asyncio.wait_for(seen, 20), expected)
        # Another process goes on by the cursor.
        again = v1.WatchInteractionsRequest(customer_id=self.customer_id, resume_cursor=cursor)
        self.assertEqual(await self.events(watch(self.interactions.WatchInteractions, again), 5), expected)

    async def test_ends_where_coming_back_would_not_help(self):
        request = v1.WatchInteractionsRequest(customer_id=self.customer_id, resume_cursor="42")
        with self.assertRaises(RapportError) as error:
            await anext(watch(self.interactions.WatchInteractions, request))
        self.assertEqual(error.exception.reason, "CURSOR_INVALID")


class Example(Client):
    async def test_records_lists_and_watches(self):
        program = Path(__file__).parent.parent / "example.py"
        command = [sys.executable, str(program), self.server.url, self.customer_id]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE,
                                                       env={"RAPPORT_TOKEN": self.server.token()})
        self.addAsyncCleanup(process.communicate)
        self.addCleanup(process.kill)
        lines = [(await process.stdout.readline()).decode() for _ in range(3)]
        self.assertRegex("".join(lines), re.compile("^recorded .*\nlisted .* Opening hours\nwatching"))
        await self.record("退款")
        self.assertEqual((await process.stdout.readline()).decode(), "watched 退款\n")


if __name__ == "__main__":
    unittest.main()
