// RAPPORT_TOKEN=... npx tsx example/node.ts http://127.0.0.1:50051 CUSTOMER_ID
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { rapport, watch } from "rapport-client";
import { Channel, InteractionService, Outcome } from "rapport-client/v1/interaction";

const [baseUrl = "", customerId = ""] = process.argv.slice(2);
const interceptors = [rapport({ token: () => process.env.RAPPORT_TOKEN ?? "" })];
const client = createClient(InteractionService, createGrpcTransport({ baseUrl, interceptors }));

const call = { channel: Channel.INBOUND_CALL, outcome: Outcome.ANSWERED, topic: "Opening hours", customerId };
const recorded = await client.recordInteraction({ interaction: { ...call, requestedTime: timestampNow() } });
console.log("recorded", recorded.interactionId);
const listed = await client.listInteractions({ filter: { customerId } });
for (const one of listed.interactions) console.log("listed", one.interactionId, one.topic);
for await (const { event } of watch(client.watchInteractions, { customerId }))
  console.log(...(event ? ["watched", event.interaction?.topic] : ["watching"]));
