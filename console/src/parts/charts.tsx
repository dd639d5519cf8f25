// Figures drawn. Everything that is drawn is also said in words, for those who hear the page.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Where a value lies between two others, in percent. */
export const at = (value: number, [low, high]: [number, number]) =>
    Math.min(100, Math.max(0, ((value - low) / (high - low || 1)) * 100));

export interface Interval {
    value: number;
    low?: number;
    high?: number;
}

/** A dot with its interval on a scale that rows share. */
export function Whisker(props: { of: Interval; scale: [number, number]; mark?: number; tone?: string; label: string }) {
    const { of, scale, mark, tone = "accent", label } = props;
    return (
        <div class={`whisker ${tone}`} role="img" aria-label={label}>
            {mark !== undefined && <i class="mark" style={{ left: `${at(mark, scale)}%` }} />}
            {of.low !== undefined && of.high !== undefined && (
                <i class="line" style={{ left: `${at(of.low, scale)}%`, right: `${100 - at(of.high, scale)}%` }} />
            )}
            <i class="dot" style={{ left: `${at(of.value, scale)}%` }} />
        </div>
    );
}

/** The numbers along a shared scale. */
export function Axis({
    scale,
    ticks,
    write,
}: {
    scale: [number, number];
    ticks: number[];
    write: (tick: number) => string;
}) {
    return (
        <div class="axis" aria-hidden="true">
            {ticks.map((tick) => (
                <span style={{ left: `${at(tick, scale)}%` }}>{write(tick)}</span>
            ))}
        </div>
    );
}

/** Shares as bars, each with its label and figure. */
export function Bars(props: {
    rows: { key: string; label: ComponentChildren; share: number; text: string; tone?: string }[];
}) {
    const most = Math.max(...props.rows.map((row) => row.share), 0) || 1;
    return (
        <ul class="bars">
            {props.rows.map((row) => (
                <li key={row.key}>
                    <span class="label">{row.label}</span>
                    <span class="bar" aria-hidden="true">
                        <i class={row.tone} style={{ width: `${(row.share / most) * 100}%` }} />
                    </span>
                    <span class="figure">{row.text}</span>
                </li>
            ))}
        </ul>
    );
}

/** A few counts over time beside a line of text, on a scale that rows share. */
export function Spark({ points, most, label }: { points: number[]; most: number; label: string }) {
    return (
        <span class="spark" role="img" aria-label={label}>
            {points.map((point) => (
                <i style={{ height: `${Math.max(at(point, [0, most]), point ? 8 : 3)}%` }} />
            ))}
        </span>
    );
}

export interface Line {
    name: string;
    kind: "main" | "second" | "before";
    /** By the step's number; where there is nothing, the line is broken. */
    points: (number | undefined)[];
}

/** Lines over steps of time, each named at its end. */
export function Trend(props: {
    lines: Line[];
    steps: string[];
    scale: [number, number];
    ticks: number[];
    write: (value: number) => string;
    label: string;
}) {
    const frame = useRef<HTMLDivElement>(null);
    const [width, setWidth] = useState(600);
    useEffect(() => {
        const seen = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
        seen.observe(frame.current!);
        return () => seen.disconnect();
    }, []);
    const { lines, steps, scale, ticks, write } = props;
    const [height, left, right, top, bottom] = [196, 28, width < 480 ? 12 : 84, 12, 24];
    const x = (step: number) => left + (step / Math.max(steps.length - 1, 1)) * (width - left - right);
    const y = (value: number) => top + (1 - at(value, scale) / 100) * (height - top - bottom);
    const path = (points: Line["points"]) => {
        let open = false;
        return points
            .map((value, step) => {
                if (value === undefined) return ((open = false), "");
                const command = open ? "L" : "M";
                open = true;
                return `${command}${x(step).toFixed(1)} ${y(value).toFixed(1)}`;
            })
            .join("");
    };
    const ends = lines
        .map((line) => ({ line, step: line.points.findLastIndex((value) => value !== undefined) }))
        .filter(({ step }) => step >= 0)
        .map(({ line, step }) => ({ line, x: x(step), y: y(line.points[step]!), value: line.points[step]! }))
        .sort((one, other) => one.y - other.y);
    // Names that would lie on one another move apart.
    let last = -Infinity;
    const named = ends.map((end) => ({ ...end, at: (last = Math.max(end.y, last + 15)) }));
    const every = Math.ceil(steps.length / Math.max(2, Math.floor((width - left - right) / 72)));
    return (
        <div class="trend" ref={frame}>
            <svg width={width} height={height} role="img" aria-label={props.label}>
                {ticks.map((tick) => (
                    <g class="grid">
                        <line x1={left} x2={width - right} y1={y(tick)} y2={y(tick)} />
                        <text x={left - 8} y={y(tick) + 4} text-anchor="end">
                            {write(tick)}
                        </text>
                    </g>
                ))}
                {steps.map(
                    (step, number) =>
                        number % every === 0 && (
                            <text class="step" x={x(number)} y={height - 4} text-anchor={number ? "middle" : "start"}>
                                {step}
                            </text>
                        ),
                )}
                {lines.map((line) => (
                    <path class={line.kind} d={path(line.points)} />
                ))}
                {named.map(({ line, x, y }) => (
                    <circle class={line.kind} cx={x} cy={y} r="3" />
                ))}
                {width >= 480 &&
                    named.map(({ line, x, at }) => (
                        <text class={`name ${line.kind}`} x={x + 8} y={at + 4}>
                            {line.name}
                        </text>
                    ))}
            </svg>
            {width < 480 && (
                <p class="legend">
                    {lines.map((line) => (
                        <span class={line.kind}>{line.name}</span>
                    ))}
                </p>
            )}
        </div>
    );
}

export interface Fall {
    label: ComponentChildren;
    note?: string;
    from: number;
    to: number;
    kind: "total" | "work" | "own";
    text: string;
}

/** What led from one figure to another, step by step. */
export function Waterfall({ steps }: { steps: Fall[] }) {
    const all = steps.flatMap((step) => (step.kind === "total" ? [step.to] : [step.from, step.to]));
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const pad = (high - low || 1) * 0.12;
    const scale: [number, number] = [low - pad, high + pad];
    return (
        <ol class="waterfall">
            {steps.map((step) => {
                const [a, b] =
                    step.kind === "total"
                        ? [step.to, step.to]
                        : [Math.min(step.from, step.to), Math.max(step.from, step.to)];
                const tone = step.kind === "total" ? "total" : `${step.kind} ${step.to < step.from ? "down" : "up"}`;
                return (
                    <li class={step.kind}>
                        <span class="label">
                            {step.label}
                            {step.note && <small>{step.note}</small>}
                        </span>
                        <span class="run" aria-hidden="true">
                            <i class={tone} style={{ left: `${at(a, scale)}%`, right: `${100 - at(b, scale)}%` }} />
                        </span>
                        <span class="figure">{step.text}</span>
                    </li>
                );
            })}
        </ol>
    );
}
