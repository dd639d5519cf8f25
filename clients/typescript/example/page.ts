// A page that shows a customer live and records calls, with nothing between it and the server: over gRPC-Web, or over
// Connect where its address ends with #connect. The server must be told the page's origin: RAPPORT_WEB_ORIGINS.
import { timestampNow } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { RapportError, rapport, watch } from "rapport-client";
import { Channel, InteractionService, Outcome } from "rapport-client/v1/interaction";

const input = (id: string) => document.getElementById(id) as HTMLInputElement;
const state = document.getElementById("state")!;
const errors = document.getElementById("errors")!;
const events = document.getElementById("events")!;

const createTransport = location.hash === "#connect" ? createConnectTransport : createGrpcWebTransport;

function client() {
  const interceptors = [rapport({ token: () => input("token").value, deadlineMs: 5_000 })];
  return createClient(InteractionService, createTransport({ baseUrl: input("server").value, interceptors }));
}

/** What a button does, with its errors in the page. */
function on(button: string, action: () => Promise<void>) {
  document.getElementById(button)!.addEventListener("click", () => {
    errors.textContent = "";
    action().catch((error: unknown) => (errors.textContent = String(RapportError.from(error))));
  });
}

on("record", async () => {
  const call = { channel: Channel.INBOUND_CALL, outcome: Outcome.ANSWERED, requestedTime: timestampNow() };
  const interaction = { ...call, topic: input("topic").value, customerId: input("customer").value };
  state.dataset.recorded = (await client().recordInteraction({ interaction })).interactionId;
});

on("watch", async () => {
  let cuts = 0;
  const onCut = () => {
    cuts += 1;
    state.textContent = "cut off; trying again";
  };
  for await (const { event } of watch(client().watchInteractions, { customerId: input("customer").value }, { onCut })) {
    state.textContent = cuts ? `watching, resumed ${cuts}` : "watching";
    if (!event?.interaction) continue;
    const line = document.createElement("li");
    line.textContent = `${Channel[event.interaction.channel]} ${event.interaction.topic}`;
    events.append(line);
  }
});
