// What every program here shares: a token before every call, watches that go on after a cut, errors in words.
import { Code, ConnectError, createClient, type Client, type Interceptor, type Transport } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.ts";
import { InteractionService, type InteractionEvent } from "../gen/rapport/v1/interaction_pb.ts";

export type Interactions = Client<typeof InteractionService>;

export function interactions(transport: Transport): Interactions {
  return createClient(InteractionService, transport);
}

/** Adds `authorization: Bearer ...` to every call. */
export function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

export interface Watched {
  /** Absent in the first response and in heartbeats. */
  event?: InteractionEvent;
  /** Where to go on after this response. */
  cursor: string;
}

/**
 * Everything that happens to a customer from now on, or from a cursor on. After a cut it resumes where it was: no event
 * is skipped and none comes twice. Ends when `signal` is aborted, and throws what trying again would not mend.
 */
export async function* watchCustomer(
  client: Interactions,
  customerId: string,
  options: { cursor?: string; pause?: number; signal?: AbortSignal; onCut?: (error: ConnectError) => void } = {},
): AsyncGenerator<Watched> {
  let cursor = options.cursor ?? "";
  while (!options.signal?.aborted) {
    try {
      const request = { customerId, resumeCursor: cursor };
      for await (const response of client.watchInteractions(request, { signal: options.signal })) {
        cursor = response.resumeCursor;
        yield { event: response.event, cursor };
      }
    } catch (cause) {
      if (options.signal?.aborted) return;
      const error = ConnectError.from(cause);
      const mendable = [Code.Unavailable, Code.Unknown, Code.Aborted, Code.Internal, Code.ResourceExhausted];
      if (!mendable.includes(error.code)) throw error;
      options.onCut?.(error);
    }
    await new Promise((resolve) => setTimeout(resolve, options.pause ?? 1000));
  }
}

/** A refusal in words: its reason, and every field at fault. */
export function explain(cause: unknown): string[] {
  const error = ConnectError.from(cause);
  const reasons = error.findDetails(ErrorInfoSchema).map((info) => info.reason);
  const fields = error.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
  return [
    `${Code[error.code]} ${reasons.join(" ")}: ${error.rawMessage}`,
    ...fields.map((one) => `${one.field} ${one.description}`),
  ];
}
