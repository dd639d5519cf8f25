// A page that shows a customer live and records calls, over gRPC-Web, with nothing between it and the server. The
// server must be told the page's origin: RAPPORT_WEB_ORIGINS.
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Channel, Outcome } from "../gen/rapport/v1/interaction_pb.ts";
import { bearer, explain, interactions, watchCustomer } from "../src/rapport.ts";

const input = (id: string) => document.getElementById(id) as HTMLInputElement;
const state = document.getElementById("state")!;
const errors = document.getElementById("errors")!;
const events = document.getElementById("events")!;

function client() {
  const interceptors = [bearer(input("token").value)];
  return interactions(createGrpcWebTransport({ baseUrl: input("server").value, interceptors }));
}

function show(error: unknown) {
  errors.textContent = explain(error).join("\n");
}

document.getElementById("record")!.addEventListener("click", async () => {
  errors.textContent = "";
  try {
    const { interactionId } = await client().recordInteraction({
      requestId: `page-${crypto.randomUUID()}`,
      interaction: {
        channel: Channel.INBOUND_CALL,
        outcome: Outcome.ANSWERED,
        topic: input("topic").value,
        customerId: input("customer").value,
        requestedTime: timestampFromDate(new Date()),
      },
    });
    state.dataset.recorded = interactionId;
  } catch (error) {
    show(error);
  }
});

document.getElementById("watch")!.addEventListener("click", async () => {
  errors.textContent = "";
  let cuts = 0;
  const onCut = () => {
    cuts += 1;
    state.textContent = "cut off; trying again";
  };
  try {
    for await (const { event } of watchCustomer(client(), input("customer").value, { onCut })) {
      state.textContent = cuts ? `watching, resumed ${cuts}` : "watching";
      if (!event?.interaction) continue;
      const line = document.createElement("li");
      line.textContent = `${Channel[event.interaction.channel]} ${event.interaction.topic}`;
      events.append(line);
    }
  } catch (error) {
    state.textContent = "not watching";
    show(error);
  }
});
