// What every page does while it waits, when there is nothing, and when it was refused.
import { ConnectError } from "@connectrpc/connect";
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren, ComponentType } from "preact";
import { BadRequestSchema, ErrorInfoSchema } from "./details.ts";
import { t } from "./words.ts";

export interface Loaded<T> {
    value?: T;
    error?: unknown;
    loading: boolean;
    reload: () => void;
}

/** Asks whenever `key` changes; what was shown stays until the answer is there. An answer that comes too late is dropped. */
export function useLoad<T>(key: string, ask: (signal: AbortSignal) => Promise<T>): Loaded<T> {
    const [round, setRound] = useState(0);
    const [state, setState] = useState<{ key?: string; value?: T; error?: unknown; loading: boolean }>({
        loading: true,
    });
    useEffect(() => {
        const stop = new AbortController();
        setState((old) => ({ ...old, error: undefined, loading: true }));
        ask(stop.signal).then(
            (value) => stop.signal.aborted || setState({ key, value, loading: false }),
            (error: unknown) => stop.signal.aborted || setState({ key, error, loading: false }),
        );
        return () => stop.abort();
    }, [key, round]);
    return { ...state, reload: () => setRound((old) => old + 1) };
}

/** Why the server refuses, by its name in the contract. */
export const reasonOf = (error: unknown) => ConnectError.from(error).findDetails(ErrorInfoSchema)[0]?.reason;

/** A refusal in words: what the server says, its reason, and every field at fault. */
export function Refusal({ error, again }: { error: unknown; again?: () => void }) {
    const refused = ConnectError.from(error);
    const reason = reasonOf(error);
    const fields = refused.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
    return (
        <div class="refusal" role="alert">
            <strong>{t.value.refused}</strong>
            <p>
                {refused.rawMessage}
                {reason && <code>{reason}</code>}
            </p>
            {fields.length > 0 && (
                <ul>
                    {fields.map((one) => (
                        <li>
                            <code>{one.field}</code> {one.description}
                        </li>
                    ))}
                </ul>
            )}
            {again && (
                <button type="button" onClick={again}>
                    {t.value.again}
                </button>
            )}
        </div>
    );
}

export function Empty({ children }: { children: ComponentChildren }) {
    return <p class="empty">{children}</p>;
}

/** One of the four: still to come, refused, nothing, or what was asked for. */
export function Show<T>(props: {
    of: Loaded<T>;
    empty?: (value: T) => boolean;
    nothing?: string;
    children: (value: T) => ComponentChildren;
}) {
    const { value, error, loading, reload } = props.of;
    if (error !== undefined) return <Refusal error={error} again={reload} />;
    if (value === undefined)
        return (
            <p class="waiting" role="status">
                {loading ? t.value.loading : ""}
            </p>
        );
    if (props.empty?.(value)) return <Empty>{props.nothing ?? t.value.nothing}</Empty>;
    return (
        <div class={loading ? "stale" : undefined} aria-busy={loading}>
            {props.children(value)}
        </div>
    );
}

/** A part of the console that is fetched when it is looked at first. */
export function later<P extends object = object>(fetch: () => Promise<ComponentType<P>>): ComponentType<P> {
    return (props) => {
        const part = useLoad("", fetch);
        return <Show of={part}>{(Part) => <Part {...props} />}</Show>;
    };
}
