// A list of a page: a card that asks for itself, page by page, and is left out for roles that may not ask.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Refusal, Show, useLoad } from "../load.tsx";
import { t } from "../words.ts";
import { More } from "./controls.tsx";
import { Rows } from "./rows.tsx";

/** Items that a list asks for at once. */
export const PAGE = 20;

export interface Answer<T> {
    items: T[];
    next: string;
}

export function Section<T>(props: {
    title: string;
    note?: string;
    nothing?: string;
    /** Asks again when it changes. */
    round?: number;
    ask: (pageToken: string, signal?: AbortSignal) => Promise<Answer<T>>;
    row: (item: T, reload: () => void) => ComponentChildren;
}) {
    const [all, setAll] = useState<T[]>([]);
    const [next, setNext] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const page = async (token: string, signal?: AbortSignal) => {
        const answer = await props.ask(token, signal);
        setAll((old) => (token ? [...old, ...answer.items] : answer.items));
        setNext(answer.next);
        return answer.items.length;
    };
    const first = useLoad(`${props.round ?? 0}`, (signal) => page("", signal));
    return (
        <section class="card">
            <h2>
                {props.title}{" "}
                {all.length > 0 && (
                    <small class="count">
                        {all.length}
                        {next && "+"}
                    </small>
                )}
            </h2>
            {props.note && <p class="note">{props.note}</p>}
            <Show of={first} empty={(count) => count === 0} nothing={props.nothing ?? t.value.nothingWaits}>
                {() => (
                    <Rows of={all} name={(_, place) => `${place}`} row={(item) => props.row(item, first.reload)} />
                )}
            </Show>
            {failed !== undefined && <Refusal error={failed} />}
            <More token={next} onMore={() => void page(next).catch(setFailed)} />
        </section>
    );
}

/** An action of a row: what it was refused for stands beside it. */
export function Act(props: { label: string; primary?: boolean; do: () => Promise<unknown>; then: () => void }) {
    const [failed, setFailed] = useState<unknown>();
    const act = () => {
        setFailed(undefined);
        props.do().then(props.then, setFailed);
    };
    return (
        <>
            <button type="button" class={props.primary ? "primary" : ""} onClick={act}>
                {props.label}
            </button>
            {failed !== undefined && <Refusal error={failed} />}
        </>
    );
}
