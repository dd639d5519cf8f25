// Following what happens: a watch that comes back after a cut where it was.
import { Code, ConnectError } from "@connectrpc/connect";
import { useEffect } from "preact/hooks";

/** What a watch told: where it is, and whether something happened. */
export interface Told {
    resumeCursor: string;
    isNews: boolean;
}

const AGAIN = 2_000;
/** By which a watch is refused for good. */
const FOR_GOOD = [Code.InvalidArgument, Code.NotFound, Code.PermissionDenied];

/** Tells of news while the page is shown; opened anew when `key` changes. Without a watch nothing is followed. */
export function useWatch(
    key: string,
    watch: ((resumeCursor: string, signal: AbortSignal) => AsyncIterable<Told>) | undefined,
    onNews: () => void,
) {
    useEffect(() => {
        if (!watch) return;
        const stop = new AbortController();
        void (async () => {
            let cursor = "";
            while (!stop.signal.aborted) {
                try {
                    for await (const told of watch(cursor, stop.signal)) {
                        if (told.isNews) onNews();
                        cursor = told.resumeCursor;
                    }
                } catch (cause) {
                    if (FOR_GOOD.includes(ConnectError.from(cause).code)) return;
                }
                await new Promise((resolve) => setTimeout(resolve, AGAIN));
            }
        })();
        return () => stop.abort();
    }, [key]);
}
