// What makes a transport one to Rapport.
import { Code, ConnectError, type Interceptor, type StreamRequest, type UnaryRequest } from "@connectrpc/connect";
import { RapportError } from "./error.js";
import { Pauses, mendable, prepare, sleep } from "./retry.js";
import { Token, type TokenFunction } from "./token.js";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export interface RapportOptions {
  /**
   * Gives a bearer token. It is asked again shortly before the token's `exp`, and once for a call that is answered
   * UNAUTHENTICATED.
   */
  token: TokenFunction;
  /** How long a call may take with all its repetitions, if its own `timeoutMs` is not less. Default: 30 s. */
  deadlineMs?: number;
}

/** The interceptor for a transport of connect-web or connect-node, whatever protocol it speaks. */
export function rapport({ token, deadlineMs = 30_000 }: RapportOptions): Interceptor {
  const renewed = new Token(token);
  return (next) => (request) =>
    request.stream ? stream(renewed, next, request) : unary(renewed, deadlineMs, next, request);
}

type Next = Parameters<Interceptor>[0];

async function unary(token: Token, deadlineMs: number, next: Next, request: UnaryRequest) {
  const deadline = new AbortController();
  const late = () => deadline.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded));
  const timer = setTimeout(late, deadlineMs);
  const signal = AbortSignal.any([request.signal, deadline.signal]);
  const ends = Date.now() + deadlineMs;
  const [message, repeatable] = prepare(request.method, request.message);
  const pauses = new Pauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  try {
    for (let askedAgain = false; ; ) {
      const bearer = await token.get();
      let error: RapportError;
      try {
        return await next({ ...request, message, signal, header: withToken(request.header, bearer) });
      } catch (cause) {
        error = RapportError.from(deadline.signal.aborted ? deadline.signal.reason : cause);
      }
      if (error.code === Code.Unauthenticated) {
        token.refused(bearer);
        if (!askedAgain) {
          askedAgain = true;
          continue;
        }
      }
      const wait = error.retryAfterMs + pauses.next();
      if (signal.aborted || !repeatable || !mendable(error) || Date.now() + wait >= ends) throw error;
      await sleep(wait, signal);
    }
  } finally {
    clearTimeout(timer);
  }
}

async function stream(token: Token, next: Next, request: StreamRequest) {
  const bearer = await token.get();
  const explained = (cause: unknown) => {
    const error = RapportError.from(cause);
    if (error.code === Code.Unauthenticated) token.refused(bearer);
    return error;
  };
  const response = await next({ ...request, header: withToken(request.header, bearer) }).catch((cause: unknown) => {
    throw explained(cause);
  });
  if (!response.stream) return response;
  return { ...response, message: explaining(response.message, explained) };
}

async function* explaining<T>(messages: AsyncIterable<T>, explained: (cause: unknown) => RapportError) {
  try {
    yield* messages;
  } catch (cause) {
    throw explained(cause);
  }
}

function withToken(header: Headers, token: string): Headers {
  const copy = new Headers(header);
  copy.set("authorization", `Bearer ${token}`);
  return copy;
}
