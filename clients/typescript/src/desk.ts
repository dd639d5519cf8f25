// Rapport from Node over gRPC: records an interaction, lists the customer's, and watches them.
//
//   RAPPORT_TOKEN=... npm run desk -- http://127.0.0.1:50051 CUSTOMER_ID
import { createGrpcTransport } from "@connectrpc/connect-node";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Channel, Outcome } from "../gen/rapport/v1/interaction_pb.ts";
import { bearer, explain, interactions, watchCustomer } from "./rapport.ts";

const [baseUrl = "http://127.0.0.1:50051", customerId] = process.argv.slice(2);
const token = process.env.RAPPORT_TOKEN;
if (!customerId || !token) {
  console.error("usage: RAPPORT_TOKEN=... npm run desk -- URL CUSTOMER_ID");
  process.exit(2);
}
const client = interactions(createGrpcTransport({ baseUrl, interceptors: [bearer(token)] }));

try {
  const recorded = await client.recordInteraction({
    // The same for every attempt at this interaction, so that a retry records nothing twice.
    requestId: `desk-${crypto.randomUUID()}`,
    interaction: {
      channel: Channel.INBOUND_CALL,
      outcome: Outcome.ANSWERED,
      topic: "Opening hours",
      customerId,
      requestedTime: timestampFromDate(new Date()),
    },
  });
  console.log(`recorded ${recorded.interactionId}`);
  const { interactions: listed } = await client.listInteractions({ filter: { customerId }, pageSize: 5 });
  for (const one of listed) console.log(`listed ${one.interactionId} ${Channel[one.channel]} ${one.topic}`);
  for await (const { event } of watchCustomer(client, customerId)) {
    if (event?.interaction) console.log(`watched ${event.interaction.interactionId} ${event.interaction.topic}`);
    else console.log("watching");
  }
} catch (error) {
  console.error(explain(error).join("\n  "));
  process.exit(1);
}
