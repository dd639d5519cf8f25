// Who is signed in: the one-time link becomes two tokens, which live in this module and nowhere else, and are renewed
// while the page is open. Times are counted, not read from a clock: that of the browser may be wrong by a day.
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Client, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { signal } from "@preact/signals";
import { arrival } from "./arrival.ts";
import { setClock } from "./clock.ts";
import { GRANTS, type MethodName } from "../gen/grants.ts";
import type { Reach } from "../gen/rapport/v1/access_pb.ts";
import { SessionService, type Session, type SessionTokens } from "../gen/rapport/v1/session_pb.ts";

export type Standing =
  | { kind: "starting" }
  | { kind: "in"; session: Session }
  /** `refused`: why the way by the identity provider ended, by the name that the server has for it. */
  | { kind: "out"; why?: unknown; refused?: string };

export const standing = signal<Standing>({ kind: "starting" });

/** Under whatever path a proxy serves the page. */
const baseUrl = new URL(".", location.href).href.replace(/\/$/, "");
const EARLY = 60_000;

let token = "";
let renewal = "";
let renewing: Promise<void> | undefined;
let timer = 0;

function transport(bearer: Interceptor) {
  return createGrpcWebTransport({ baseUrl, interceptors: [bearer] });
}

function with_(value: string): Client<typeof SessionService> {
  const bearer: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${value}`);
    return next(request);
  };
  return createClient(SessionService, transport(bearer));
}

/** Every call bears the token; one that was refused because it had expired is made once more with the next. */
const authorized: Interceptor = (next) => async (request) => {
  const used = token;
  request.header.set("authorization", `Bearer ${used}`);
  try {
    return await next(request);
  } catch (cause) {
    if (ConnectError.from(cause).code !== Code.Unauthenticated || standing.value.kind !== "in") throw cause;
    if (used === token) await renew();
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  }
};

const shared = transport(authorized);

export function client<S extends DescService>(service: S): Client<S> {
  return createClient(service, shared);
}

/** Whether the contract grants a method to the role that is signed in: its table of grants is the only one. */
export function may(method: DescMethod | MethodName): boolean {
  return reach(method) !== undefined;
}

/** How far the role reaches by it. */
export function reach(method: DescMethod | MethodName): Reach | undefined {
  const now = standing.value;
  if (now.kind !== "in") return undefined;
  const name = typeof method === "string" ? method : (`${method.parent.name}/${method.name}` as MethodName);
  return Number(GRANTS[name][now.session.role]) || undefined;
}

/** Whether it is the one who is signed in. */
export function isSelf(subject: string): boolean {
  const now = standing.value;
  return now.kind === "in" && now.session.subject === subject;
}

function keep(session: Session | undefined, tokens: SessionTokens | undefined) {
  if (!session || !tokens) throw new ConnectError("an answer without a session", Code.Internal);
  ({ token, renewalToken: renewal } = tokens);
  const ms = (time?: Timestamp) => (time ? timestampMs(time) : 0);
  setClock(ms(session.renewTime));
  const life = ms(tokens.tokenEndTime) - ms(session.renewTime);
  clearTimeout(timer);
  timer = window.setTimeout(() => void renew().catch(() => {}), Math.max(life - EARLY, life / 2));
  standing.value = { kind: "in", session };
}

/** Trades the renewal token for new ones; calls that want it at once share one. */
function renew(): Promise<void> {
  renewing ??= (async () => {
    try {
      const answer = await with_(renewal).renewSession({});
      keep(answer.session, answer.tokens);
    } catch (cause) {
      const { code } = ConnectError.from(cause);
      // A server that is away comes back; a session that is over does not.
      if ([Code.Unauthenticated, Code.PermissionDenied, Code.FailedPrecondition].includes(code)) leave(cause);
      else timer = window.setTimeout(() => void renew().catch(() => {}), 5_000);
      throw cause;
    } finally {
      renewing = undefined;
    }
  })();
  return renewing;
}

/** Where people sign in at the organisation's identity provider, if there is one. */
export async function provider(): Promise<string | undefined> {
  const answer = await fetch(new URL("signin/about", `${baseUrl}/`), { cache: "no-store" });
  return answer.ok ? ((await answer.json()) as { url?: string }).url : undefined;
}

/** Signs in with the link that somebody came by. */
export async function start() {
  const { link, refused } = arrival;
  if (!link) return void (standing.value = { kind: "out", refused });
  try {
    const answer = await with_(link).startSession({});
    keep(answer.session, answer.tokens);
  } catch (cause) {
    standing.value = { kind: "out", why: cause };
  }
}

/** Forgets the tokens. */
export function leave(why?: unknown) {
  clearTimeout(timer);
  token = renewal = "";
  standing.value = { kind: "out", why };
}
