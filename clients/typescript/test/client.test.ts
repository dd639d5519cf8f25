// The package, as others import it, from Node over gRPC.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, createClient, createRouterTransport, ConnectError, type Client } from "@connectrpc/connect";
import { RapportError, rapport, watch, type TokenFunction, type WatchOptions } from "rapport-client";
import {
  Channel,
  InteractionService,
  RecordInteractionRequestSchema,
  Recording,
  type WatchInteractionsResponse,
} from "rapport-client/v1/interaction";
import { ErrorInfoSchema, RetryInfoSchema } from "../src/gen/google/rpc/error_details_pb.ts";
import { Server } from "./server.ts";

const customerId = "carla";
const filter = { customerId };
const server = new Server();
let client: Client<typeof InteractionService>;

const connect = (token?: TokenFunction) => createClient(InteractionService, server.transport(token));

before(async () => {
  await server.start();
  await server.knowCarla();
  client = connect();
});
after(() => server.remove());

function aCall(topic: string) {
  const requestedTime = timestampFromDate(new Date("2025-03-03T09:00:00Z"));
  return { channel: Channel.INBOUND_CALL, customerId, topic, requestedTime };
}

async function record(topic: string, requestId = "") {
  return client.recordInteraction({ requestId, interaction: aCall(topic) });
}

/** The next topics that a watch shows. */
async function topics(watching: AsyncGenerator<WatchInteractionsResponse>, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const { value } = await watching.next();
    if (value?.event) seen.push(value.event.interaction?.topic ?? "");
  }
  return seen;
}

test("records once under a request id", async () => {
  const first = await record("换货", "one");
  const again = await record("换货", "one");
  assert.equal(again.recording, Recording.ALREADY_PRESENT);
  assert.equal(again.interactionId, first.interactionId);
  // Without one, each call is another request.
  assert.notEqual((await record("退款")).interactionId, (await record("退款")).interactionId);
  const listed = (await client.listInteractions({ filter })).interactions.map((one) => one.topic);
  assert.deepEqual(listed.sort(), ["换货", "退款", "退款"].sort());
});

test("a refusal names every field", async () => {
  await assert.rejects(client.recordInteraction({ interaction: {} }), (error) => {
    assert.ok(error instanceof RapportError && error instanceof ConnectError);
    assert.deepEqual([error.code, error.reason], [Code.InvalidArgument, "FIELD_REQUIRED"]);
    assert.ok(error.fields.some((one) => one.field === "interaction.channel" && one.reason === "FIELD_REQUIRED"));
    assert.match(String(error), /^InvalidArgument FIELD_REQUIRED: .*\n  interaction\.channel /);
    return true;
  });
  await record("one", "same");
  await assert.rejects(record("two", "same"), (error) => {
    assert.ok(error instanceof RapportError && error.info.interaction_id);
    return error.reason === "REQUEST_ID_REUSED";
  });
  assert.ok(!(new ConnectError("another") instanceof RapportError));
});

test("calls go on where the server is back", async () => {
  await server.stop();
  let done = 0;
  const calls = [record("written"), client.listInteractions({ filter })];
  const waiting = calls.map((call) => call.finally(() => (done += 1)));
  await sleep(500);
  assert.equal(done, 0);
  await server.start();
  await Promise.all(waiting);
  const listed = await client.listInteractions({ filter });
  assert.equal(listed.interactions.filter((one) => one.topic === "written").length, 1);
});

test("a deadline ends the repetitions", async () => {
  const always = Array.from({ length: 100 }, () => refusal(Code.Unavailable, "OVERLOADED"));
  const { client } = refusing(always, 700);
  const begun = Date.now();
  await assert.rejects(client.recordInteraction({}), (error) => (error as RapportError).code === Code.Unavailable);
  assert.ok(Date.now() - begun < 3_000);
});

test("a token is renewed before it expires", async () => {
  const asked: Promise<string>[] = [];
  const renewing = connect(() => {
    asked.push(server.token("--ttl", "3s"));
    return asked.at(-1)!;
  });
  await Promise.all(Array.from({ length: 5 }, () => renewing.listInteractions({ filter })));
  assert.equal(asked.length, 1);
  for (let round = 0; round < 7; round++) {
    await sleep(500);
    await renewing.listInteractions({ filter });
  }
  assert.ok([2, 3, 4, 5].includes(asked.length), `${asked.length}`);
});

test("a token that is refused is asked for once more", async () => {
  const tokens = ["stale", await server.token(), "stale", "stale"];
  await connect(() => tokens.shift()!).listInteractions({ filter });
  const refused = connect(() => tokens.shift()!).listInteractions({ filter });
  await assert.rejects(refused, (error) => (error as RapportError).code === Code.Unauthenticated);
  assert.deepEqual(tokens, []);
});

test("a watch goes on with a new token where the old one expires", async () => {
  const cuts: string[] = [];
  const expiring = connect(() => server.token("--ttl", "2s"));
  const watching = watch(expiring.watchInteractions, { customerId }, { onCut: (cut) => cuts.push(cut.reason) });
  while (!cuts.includes("TOKEN_REJECTED")) await watching.next();
  await record("after");
  assert.deepEqual(await topics(watching, 1), ["after"]);
  await watching.return();
});

test("a watch goes on after cuts, without gap or repetition", async () => {
  const cuts: string[] = [];
  const stop = new AbortController();
  const options: WatchOptions = { signal: stop.signal, onCut: (cut) => cuts.push(cut.reason) };
  const watching = watch(client.watchInteractions, { customerId }, options);
  const { resumeCursor } = (await watching.next()).value!;
  const seen = topics(watching, 5);
  await record("before");
  await server.stop("SIGKILL");
  server.environment.RAPPORT_LIMITS_STREAM_MAX_LIFE = "1s";
  await server.start();
  for (const topic of ["一", "二", "三"]) await record(topic);
  while (!cuts.includes("STREAM_LIFE_OVER")) await sleep(100);
  await record("after");
  const expected = ["before", "一", "二", "三", "after"];
  assert.deepEqual(await seen, expected);
  // Another process goes on by the cursor.
  const again = watch(client.watchInteractions, { customerId, resumeCursor });
  assert.deepEqual(await topics(again, 5), expected);
  await again.return();
  const end = watching.next();
  stop.abort();
  assert.equal((await end).done, true);
});

test("a watch ends where coming back would not help", async () => {
  const watching = watch(client.watchInteractions, { customerId, resumeCursor: "42" });
  await assert.rejects(watching.next(), (error) => (error as RapportError).reason === "CURSOR_INVALID");
});

/** A server that answers what it is told to, for what the real one says too rarely for a test. */
function refusing(answers: ConnectError[], deadlineMs?: number) {
  const requestIds: string[] = [];
  const transport = createRouterTransport(
    (router) =>
      router.service(InteractionService, {
        recordInteraction({ requestId }) {
          requestIds.push(requestId);
          const answer = answers.shift();
          if (answer) throw answer;
          return {};
        },
        async *watchInteractions({ resumeCursor }, { signal }) {
          yield { resumeCursor: `${resumeCursor}+` };
          const answer = answers.shift();
          if (answer) throw answer;
          await sleep(60_000, undefined, { signal });
        },
      }),
    { transport: { interceptors: [rapport({ token: () => "any", deadlineMs })] } },
  );
  return { client: createClient(InteractionService, transport), requestIds };
}

function refusal(code: Code, reason: string, retryAfterMs = 0, metadata: Record<string, string> = {}): ConnectError {
  const details = [
    { desc: ErrorInfoSchema, value: { reason, domain: "rapport", metadata } },
    { desc: RetryInfoSchema, value: { retryDelay: { nanos: retryAfterMs * 1e6 } } },
  ];
  return new ConnectError("no", code, undefined, details);
}

test("a call is repeated with its request id, and not before it may be", async () => {
  const { client, requestIds } = refusing([
    refusal(Code.Unavailable, "OVERLOADED", 800),
    refusal(Code.ResourceExhausted, "RATE_LIMITED", 800),
    refusal(Code.DeadlineExceeded, "TIMED_OUT", 0, { outcome: "unknown" }),
    // As Node's connections break.
    new ConnectError("read ECONNRESET", Code.Aborted),
  ]);
  const begun = Date.now();
  const request = create(RecordInteractionRequestSchema, { interaction: aCall("换货") });
  await client.recordInteraction(request);
  // Without RetryInfo, the pauses would be 3 s at most.
  assert.ok(Date.now() - begun >= 3_100);
  assert.equal(requestIds.length, 5);
  assert.equal(new Set(requestIds).size, 1);
  assert.match(requestIds[0]!, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(Math.abs(parseInt(requestIds[0]!.slice(0, 13).replace("-", ""), 16) - Date.now()) < 10_000);
  assert.equal(request.requestId, "");
});

test("nothing else is repeated", async () => {
  for (const [code, reason] of [
    [Code.ResourceExhausted, "TOO_MANY_STREAMS"],
    [Code.DeadlineExceeded, "TIMED_OUT"],
    [Code.Internal, "INTERNAL"],
    [Code.Aborted, "ETAG_MISMATCH"],
  ] as const) {
    const { client, requestIds } = refusing([refusal(code, reason, 100)]);
    await assert.rejects(client.recordInteraction({}), (error) => {
      assert.deepEqual([(error as RapportError).code, (error as RapportError).reason], [code, reason]);
      return true;
    });
    assert.equal(requestIds.length, 1);
  }
});

test("a watch that is not heard is opened anew", async () => {
  const watching = watch(refusing([]).client.watchInteractions, { customerId }, { silenceMs: 300 });
  const cursors: string[] = [];
  while (cursors.length < 3) cursors.push((await watching.next()).value!.resumeCursor);
  assert.deepEqual(cursors, ["+", "++", "+++"]);
  await watching.return();
});

test("a watch goes on from the cursor of its end", async () => {
  const { client } = refusing([
    refusal(Code.Unavailable, "STREAM_LIFE_OVER", 0, { resume_cursor: "end" }),
    new ConnectError("no", Code.Internal),
    refusal(Code.Internal, "INTERNAL"),
  ]);
  const watching = watch(client.watchInteractions, { customerId });
  const cursors: string[] = [];
  while (cursors.length < 3) cursors.push((await watching.next()).value!.resumeCursor);
  assert.deepEqual(cursors, ["+", "end+", "end++"]);
  await assert.rejects(watching.next(), (error) => (error as RapportError).reason === "INTERNAL");
});

test("the example records, lists and watches", async () => {
  const program = join(import.meta.dirname, "../example/node.ts");
  const env = { ...process.env, RAPPORT_TOKEN: await server.token() };
  const process_ = spawn(process.execPath, ["--import", "tsx", program, server.url, customerId], { env });
  try {
    let told = "";
    for await (const line of createInterface(process_.stdout)) {
      told += `${line}\n`;
      if (line === "watching" && !told.includes("watched")) void record("by example");
      if (line.startsWith("watched")) break;
    }
    assert.match(told, /^recorded .*\nlisted \S+ Opening hours\n(listed .*\n)*(watching\n)+watched by example\n$/);
  } finally {
    process_.kill();
  }
});
