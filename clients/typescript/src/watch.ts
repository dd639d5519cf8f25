// Watches that go on after a cut.
import { Code, ConnectError, type CallOptions } from "@connectrpc/connect";
import { RapportError } from "./error.js";
import { Pauses, sleep } from "./retry.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** What a broken connection looks like depends on where it broke; then there is no reason. */
const BROKEN = [Code.Unknown, Code.Internal, Code.Canceled];

export interface WatchOptions {
  /** Ends the watch when it is aborted. */
  signal?: AbortSignal;
  /** After how long without a response the connection counts as cut. Default: 60 s; the server is heard every 15 s. */
  silenceMs?: number;
  /** Is told of each cut. */
  onCut?: (error: RapportError) => void;
}

/**
 * The responses of a Watch method, for as long as they are read: `watch(client.watchInteractions, {customerId})`.
 *
 * After a cut it goes on from the last `resumeCursor`: nothing is missed, and nothing comes twice. Responses without an
 * event tell how far the watch is; to go on in another process, keep the `resumeCursor` of the last response and put it
 * into the request. Throws RapportError when coming back would not help, for example NOT_FOUND, or a token that is
 * refused twice.
 */
export async function* watch<Request extends { resumeCursor?: string }, Response extends { resumeCursor: string }>(
  method: (request: Request, options?: CallOptions) => AsyncIterable<Response>,
  request: NoInfer<Request>,
  { signal = new AbortController().signal, silenceMs = 60_000, onCut }: WatchOptions = {},
): AsyncGenerator<Response, void> {
  let resumeCursor = request.resumeCursor;
  let pauses = new Pauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
  let heard = true;
  while (!signal.aborted) {
    const call = new AbortController();
    const silent = () => call.abort(cut("nothing was heard"));
    let timer = setTimeout(silent, silenceMs);
    let error: RapportError;
    try {
      const options = { signal: AbortSignal.any([signal, call.signal]) };
      for await (const response of method({ ...request, resumeCursor }, options)) {
        clearTimeout(timer);
        ({ resumeCursor } = response);
        pauses = new Pauses(FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
        heard = true;
        yield response;
        timer = setTimeout(silent, silenceMs);
      }
      error = cut("the watch ended");
    } catch (cause) {
      error = RapportError.from(cause);
    } finally {
      clearTimeout(timer);
      call.abort();
    }
    if (signal.aborted) return;
    const expired = error.code === Code.Unauthenticated;
    if (!mendable(error) && !(expired && heard)) throw error;
    resumeCursor = error.info.resume_cursor ?? resumeCursor;
    onCut?.(error);
    heard = false;
    if (!expired) await sleep(error.retryAfterMs + pauses.next(), signal);
  }
}

function cut(message: string): RapportError {
  return RapportError.from(new ConnectError(message, Code.Unavailable));
}

function mendable({ code, reason }: RapportError): boolean {
  return code === Code.Unavailable || code === Code.ResourceExhausted || (BROKEN.includes(code) && !reason);
}
