"""desk.py against a real server; RAPPORT names its program."""

import os
import re
import subprocess
import tempfile
import time
import unittest

import grpc

from desk import Rapport, explain, watch_customer

PROGRAM = os.environ.get("RAPPORT", os.path.join(os.path.dirname(__file__), "../../target/debug/rapport"))
CALL = {"channel": "CHANNEL_INBOUND_CALL", "outcome": "OUTCOME_ANSWERED", "customerId": "carla",
        "requestedTime": "2025-03-03T09:00:00Z"}


class Desk(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        data_dir = ["--data-dir", self.directory.name]
        self.server = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--reflection", *data_dir],
                                       stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        for line in self.server.stderr:
            if found := re.search(r"serving address=(\S+)", line):
                self.address = found[1]
                break
        token = subprocess.run([PROGRAM, "token", "--role", "app", "--subject", "desk", *data_dir],
                               capture_output=True, text=True, check=True).stdout.strip()
        self.rapport = Rapport(self.address, token)
        self.rapport.call("DirectoryService", "UpsertCustomer",
                          {"requestId": "carla", "customer": {"customerId": "carla", "salutation": "王女士"}})

    def stop(self):
        self.server.terminate()
        self.server.wait(timeout=20)
        self.server.stderr.close()

    def record(self, request_id, **fields):
        body = {"requestId": request_id, "interaction": {**CALL, **fields}}
        return self.rapport.call("InteractionService", "RecordInteraction", body)["interactionId"]

    def test_records_and_lists(self):
        first = self.record("one", conclusion="换货，明天送到")
        self.assertEqual(self.record("one", conclusion="换货，明天送到"), first)
        listed = self.rapport.call("InteractionService", "ListInteractions", {"filter": {"customerId": "carla"}})
        self.assertEqual([one["interactionId"] for one in listed["interactions"]], [first])
        self.assertEqual(listed["interactions"][0]["conclusion"], "换货，明天送到")

    def test_watches_and_resumes(self):
        watching = watch_customer(self.rapport, "carla")
        event, cursor = next(watching)
        self.assertIsNone(event)
        first = self.record("one")
        event, cursor = next(watching)
        self.assertEqual(event["interaction"]["interactionId"], first)
        watching.close()
        missed = [self.record(f"missed {number}") for number in range(3)]
        seen = []
        for event, cursor in watch_customer(self.rapport, "carla", cursor):
            if event:
                seen.append(event["interaction"]["interactionId"])
            if len(seen) == 3:
                break
        self.assertEqual(seen, missed)

    def test_a_refusal_names_every_field(self):
        with self.assertRaises(grpc.RpcError) as refused:
            self.record("", channel="CHANNEL_UNSPECIFIED", customerId="nobody")
        lines = explain(refused.exception)
        self.assertTrue(lines[0].startswith("INVALID_ARGUMENT"), lines)
        self.assertTrue(any(line.startswith("request_id ") for line in lines), lines)
        self.assertTrue(any(line.startswith("interaction.channel ") for line in lines), lines)


if __name__ == "__main__":
    unittest.main()
