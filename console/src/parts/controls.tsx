// What pages have in common to choose with. Each is a native control, so that it works by keyboard as it is.
import type { ComponentChildren } from "preact";
import { today } from "../format.ts";
import { go, turned } from "../route.ts";
import { t } from "../words.ts";

/** One of a few, as links: each is a place that can be shared. */
export function Tabs<K extends string>(props: {
    label: string;
    name: string;
    chosen: K;
    of: readonly (readonly [K, string])[];
    also?: Record<string, undefined>;
}) {
    return (
        <nav class="tabs" aria-label={props.label}>
            {props.of.map(([key, text]) => (
                <a
                    href={turned({ ...props.also, [props.name]: key })}
                    aria-current={key === props.chosen ? "true" : undefined}
                >
                    {text}
                </a>
            ))}
        </nav>
    );
}

export const PERIODS = ["4w", "13w", "26w", "all"] as const;
export type Period = (typeof PERIODS)[number];

export function period(chosen: string | null): Period {
    return PERIODS.find((one) => one === chosen) ?? "13w";
}

/** The days of a period, and of the one before it; empty: from the first on. */
export function days(chosen: Period): { first: string; last: string; before?: { first: string; last: string } } {
    if (chosen === "all") return { first: "", last: "" };
    const count = Number.parseInt(chosen) * 7;
    return {
        first: today(1 - count),
        last: today(),
        before: { first: today(1 - 2 * count), last: today(-count) },
    };
}

export function PeriodChoice({ chosen }: { chosen: Period }) {
    return (
        <label class="choice">
            {t.value.period}
            <select value={chosen} onChange={(event) => go(turned({ period: event.currentTarget.value }))}>
                {PERIODS.map((one) => (
                    <option value={one}>{t.value.periods[one]}</option>
                ))}
            </select>
        </label>
    );
}

export function Page(props: {
    title: string;
    lead?: ComponentChildren;
    tools?: ComponentChildren;
    children: ComponentChildren;
}) {
    return (
        <>
            <header class="page">
                <div>
                    <h1>{props.title}</h1>
                    {props.lead && <p class="lead">{props.lead}</p>}
                </div>
                {props.tools && <div class="tools">{props.tools}</div>}
            </header>
            {props.children}
        </>
    );
}

/** The rest of a list, a page at a time. */
export function More({ token, onMore }: { token: string; onMore: () => void }) {
    return token ? (
        <p class="more">
            <button type="button" onClick={onMore}>
                {t.value.more}
            </button>
        </p>
    ) : null;
}
