// How the server does now, from the differences between what it counted: calls a second, how long they take, what is open.
import { useEffect, useState } from "preact/hooks";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import {
    OperationsService,
    type GetServerStatusResponse as Reading,
    type Histogram,
} from "../../../gen/rapport/v1/operations_pb.ts";
import { dayOf, fixed, lasting, moment, percent, whole } from "../../format.ts";
import { Refusal } from "../../load.tsx";
import { Bars, Trend } from "../../parts/charts.tsx";
import { client } from "../../session.ts";
import { t } from "../../words.ts";

const EVERY = 2_000;
/** Two minutes. */
const KEPT = 61;

/** Reads while the page is shown; begins anew where another server answers, since its counts are others. */
function useReadings(): { readings: Reading[]; failed?: unknown } {
    const [state, setState] = useState<{ readings: Reading[]; failed?: unknown }>({ readings: [] });
    useEffect(() => {
        const stop = new AbortController();
        let timer = 0;
        const read = async () => {
            try {
                const { signal } = stop;
                const next = await client(OperationsService).getServerStatus({}, { signal });
                setState(({ readings }) => {
                    const same = readings.filter((one) => one.serverId === next.serverId);
                    return { readings: [...same, next].slice(-KEPT) };
                });
            } catch (failed) {
                if (!stop.signal.aborted) setState(({ readings }) => ({ readings, failed }));
            }
            if (!stop.signal.aborted) timer = window.setTimeout(read, EVERY);
        };
        void read();
        return () => (stop.abort(), clearTimeout(timer));
    }, []);
    return state;
}

const time = (reading: Reading) => (reading.readTime ? timestampMs(reading.readTime) / 1000 : 0);
const answered = (reading: Reading) => reading.calls.reduce((sum, one) => sum + Number(one.count), 0);
const between = (now?: Histogram, before?: Histogram) =>
    (now?.counts ?? []).map((count, place) => Number(count - (before?.counts[place] ?? 0n)));

/** The upper bound of the range in which a share of all values lies or below; undefined: above all bounds, or no values. */
function quantile(bounds: number[], counts: number[], share: number): number | undefined {
    const all = counts.reduce((sum, count) => sum + count, 0);
    let below = 0;
    const place = counts.findIndex((count) => (below += count) >= all * share);
    return all ? bounds[place] : undefined;
}

export function Status() {
    const { readings, failed } = useReadings();
    const words = t.value.operations;
    const now = readings.at(-1);
    if (!now)
        return failed === undefined ? (
            <p class="waiting" role="status">
                {t.value.loading}
            </p>
        ) : (
            <Refusal error={failed} />
        );
    const first = readings[0]!;
    const seconds = time(now) - time(first);
    const rate = (one: Reading, before: Reading) =>
        (answered(one) - answered(before)) / Math.max(time(one) - time(before), 0.001);
    const rates = readings.slice(1).map((one, place) => rate(one, readings[place]!));
    const bounds = now.callSeconds?.bounds ?? [];
    const counts = between(now.callSeconds, first.callSeconds);
    const took = (share: number) => {
        const value = quantile(bounds, counts, share);
        return value === undefined ? "–" : words.below(value < 1 ? `${fixed(value * 1000, value < 0.01 ? 1 : 0)} ms` : `${fixed(value, 1)} s`);
    };
    const codes = now.calls
        .map((one) => ({
            code: one.code,
            count: Number(one.count) - Number(first.calls.find((old) => old.code === one.code)?.count ?? 0n),
        }))
        .filter((one) => one.count > 0);
    const total = codes.reduce((sum, one) => sum + one.count, 0);
    const groups = now.writeGroupSizes;
    const sizes = (groups?.counts ?? []).map(Number);
    const most = Math.max(...rates, 1);
    return (
        <>
            {failed !== undefined && <Refusal error={failed} />}
            <section class="card">
                <h2>
                    {words.now}{" "}
                    <small class="count">
                        {words.version(now.version, now.database === "sqlite" ? "SQLite" : "PostgreSQL")}
                    </small>
                </h2>
                <dl class="facts">
                    <div>
                        <dt>{words.callsPerSecond}</dt>
                        <dd>{rates.length ? fixed(rates.at(-1)!, 1) : "–"}</dd>
                    </div>
                    <div>
                        <dt>{words.half}</dt>
                        <dd>{took(0.5)}</dd>
                    </div>
                    <div>
                        <dt>{words.almostAll}</dt>
                        <dd>{took(0.99)}</dd>
                    </div>
                    <div>
                        <dt>{words.streams}</dt>
                        <dd>{whole(now.openStreams)}</dd>
                    </div>
                    <div>
                        <dt>{words.connections}</dt>
                        <dd>{whole(now.openConnections)}</dd>
                    </div>
                    <div>
                        <dt>{words.inFlight}</dt>
                        <dd>{whole(now.callsInFlight)}</dd>
                    </div>
                </dl>
                {rates.length > 1 && (
                    <Trend
                        label={words.callsPerSecond}
                        lines={[{ name: words.callsPerSecond, kind: "main", points: rates }]}
                        steps={readings.slice(1).map((one) => lasting(Math.round(time(now) - time(one))))}
                        scale={[0, most * 1.1]}
                        ticks={[0, most / 2, most]}
                        write={(value) => fixed(value, most < 10 ? 1 : 0)}
                    />
                )}
                <p class="note">
                    {words.since(lasting(Math.round(seconds)))}{" "}
                    {now.startTime && words.startedAt(`${dayOf(now.startTime)}, ${moment(now.startTime)}`)}
                </p>
            </section>
            <div class="pair">
                <section class="card">
                    <h2>{words.answers}</h2>
                    <Bars
                        rows={codes.map((one) => ({
                            key: one.code,
                            label: <code>{one.code}</code>,
                            share: one.count / (total || 1),
                            text: `${whole(one.count)} · ${percent(one.count / (total || 1))}`,
                            tone: one.code === "OK" ? undefined : "warm",
                        }))}
                    />
                </section>
                <section class="card">
                    <h2>{words.groups}</h2>
                    <p class="note">{words.groupsNote}</p>
                    <Bars
                        rows={sizes
                            .map((count, place) => ({ count, place }))
                            .filter((one) => one.count > 0)
                            .map(({ count, place }) => {
                                const bound = groups!.bounds[place];
                                const before = place ? groups!.bounds[place - 1]! + 1 : 1;
                                const label =
                                    bound === undefined ? `> ${before - 1}` : bound === before ? `${bound}` : `${before}–${bound}`;
                                return { key: label, label, share: count, text: whole(count) };
                            })}
                    />
                    {sizes.every((count) => count === 0) && <p class="empty">{words.noGroups}</p>}
                </section>
                <section class="card">
                    <h2>{words.pools}</h2>
                    <ul class="rows">
                        {now.pools.map((pool) => (
                            <li>
                                <span class="grow">
                                    <code>{pool.name}</code>
                                </span>
                                <span>{words.pool(pool.inUse, pool.idle)}</span>
                            </li>
                        ))}
                    </ul>
                </section>
                <section class="card">
                    <h2>{words.webhooks}</h2>
                    <dl class="facts">
                        <div>
                            <dt>{words.delivered}</dt>
                            <dd>{whole(now.webhookAttempts?.delivered ?? 0n)}</dd>
                        </div>
                        <div>
                            <dt>{words.failed}</dt>
                            <dd>{whole(now.webhookAttempts?.failed ?? 0n)}</dd>
                        </div>
                        <div>
                            <dt>{words.deadLetters}</dt>
                            <dd>{whole(now.webhookAttempts?.deadLetters ?? 0n)}</dd>
                        </div>
                    </dl>
                </section>
            </div>
        </>
    );
}
