// src/rapport.ts from Node, over gRPC.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { DirectoryService } from "../gen/rapport/v1/directory_pb.ts";
import { Channel, Recording, type InteractionEvent } from "../gen/rapport/v1/interaction_pb.ts";
import { bearer, explain, interactions, watchCustomer, type Interactions } from "../src/rapport.ts";
import { Server } from "./server.ts";

const server = new Server();
let client: Interactions;

before(async () => {
  await server.start();
  const transport = createGrpcTransport({ baseUrl: server.url, interceptors: [bearer(server.token("app"))] });
  client = interactions(transport);
  const customer = { customerId: "carla", salutation: "王女士" };
  await createClient(DirectoryService, transport).upsertCustomer({ requestId: "carla", customer });
});
after(() => server.remove());

function record(requestId: string, topic: string) {
  const requestedTime = timestampFromDate(new Date("2025-03-03T09:00:00Z"));
  const interaction = { channel: Channel.INBOUND_CALL, customerId: "carla", topic, requestedTime };
  return client.recordInteraction({ requestId, interaction });
}

test("records once and lists", async () => {
  const first = await record("one", "换货");
  const again = await record("one", "换货");
  assert.equal(again.recording, Recording.ALREADY_PRESENT);
  const { interactions: listed } = await client.listInteractions({ filter: { customerId: "carla" } });
  assert.deepEqual(listed.map((one) => [one.interactionId, one.topic]), [[first.interactionId, "换货"]]);
});

test("watches, and goes on after a cut", async () => {
  const stop = new AbortController();
  const topics: string[] = [];
  let cuts = 0;
  const options = { pause: 100, signal: stop.signal, onCut: () => (cuts += 1) };
  const next = watchCustomer(client, "carla", options);
  const event = async (): Promise<InteractionEvent> => {
    for (;;) {
      const { value } = await next.next();
      if (value?.event) return value.event;
    }
  };
  await next.next();
  await record("two", "before");
  topics.push((await event()).interaction!.topic);
  const later = event();
  await server.stop();
  await server.start();
  await record("three", "after");
  topics.push((await later).interaction!.topic);
  assert.deepEqual(topics, ["before", "after"]);
  assert.ok(cuts > 0);
  stop.abort();
});

test("says what is wrong, field by field", async () => {
  const refused = await client.recordInteraction({ interaction: {} }).then(() => [], explain);
  assert.match(refused[0]!, /^InvalidArgument FIELD_REQUIRED/);
  assert.ok(refused.some((line) => line.startsWith("request_id ")), refused.join("\n"));
  assert.ok(refused.some((line) => line.startsWith("interaction.channel ")), refused.join("\n"));
});
