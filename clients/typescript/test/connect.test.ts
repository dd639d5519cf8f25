// The same package over the Connect protocol, binary and JSON, HTTP/1.1 and 2.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { RapportError, rapport, watch } from "rapport-client";
import { Channel, InteractionService, Recording } from "rapport-client/v1/interaction";
import { Server } from "./server.ts";

const server = new Server();

before(async () => {
  await server.start();
  await server.knowCarla();
});
after(() => server.remove());

for (const httpVersion of ["1.1", "2"] as const) {
  for (const useBinaryFormat of [true, false]) {
    test(`HTTP/${httpVersion}, ${useBinaryFormat ? "binary" : "JSON"}`, async () => {
      const interceptors = [rapport({ token: () => server.token() })];
      const transport = createConnectTransport({ baseUrl: server.url, httpVersion, useBinaryFormat, interceptors });
      const client = createClient(InteractionService, transport);
      const watching = watch(client.watchInteractions, { customerId: "carla" });
      const { resumeCursor } = (await watching.next()).value!;
      assert.ok(resumeCursor);

      const topic = `换货 ${httpVersion} ${useBinaryFormat}`;
      const requestedTime = timestampFromDate(new Date("2025-03-03T09:00:00Z"));
      const interaction = { channel: Channel.INBOUND_CALL, customerId: "carla", topic, requestedTime };
      const { interactionId } = await client.recordInteraction({ requestId: topic, interaction });
      const again = await client.recordInteraction({ requestId: topic, interaction });
      assert.deepEqual([again.interactionId, again.recording], [interactionId, Recording.ALREADY_PRESENT]);
      const listed = await client.listInteractions({ filter: { customerId: "carla" } });
      assert.ok(listed.interactions.some((one) => one.interactionId === interactionId && one.topic === topic));
      const shown = (await watching.next()).value!;
      assert.equal(shown.event?.interaction?.interactionId, interactionId);
      await watching.return();

      await assert.rejects(client.recordInteraction({ interaction: {} }), (error) => {
        assert.ok(error instanceof RapportError);
        assert.deepEqual([error.code, error.reason], [Code.InvalidArgument, "FIELD_REQUIRED"]);
        return error.fields.some((one) => one.field === "interaction.channel");
      });
      const lost = watch(client.watchInteractions, { customerId: "carla", resumeCursor: "42" });
      await assert.rejects(lost.next(), (error) => (error as RapportError).reason === "CURSOR_INVALID");
    });
  }
}
