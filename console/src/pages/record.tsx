// The record of a competition: downloaded as the server gives it out, and verified here, by a program of its own that
// the browser fetches when it is asked for.
import { useEffect, useRef, useState } from "preact/hooks";
import { CompetitionService, RecordAudience } from "../../gen/rapport/v1/competition_pb.ts";
import { Refusal } from "../load.tsx";
import { save } from "../parts/save.ts";
import { client, may } from "../session.ts";
import type { Report } from "../verify/found.ts";
import type { Asked, Told } from "../verify/worker.ts";
import { t, word } from "../words.ts";

/** The file of the verifier, as console/build named it. */
declare const VERIFIER: string;

type Standing =
    | { kind: "idle" }
    | { kind: "running"; subject: string }
    | { kind: "done"; told: Exclude<Told, { kind: "subject" }> }
    | { kind: "failed"; why: unknown };

export function CompetitionRecord({ id }: { id: string }) {
    const [standing, setStanding] = useState<Standing>({ kind: "idle" });
    const worker = useRef<Worker | undefined>(undefined);
    useEffect(() => () => worker.current?.terminate(), []);
    // Auditors are those to whom flags are shown.
    const isAuditor = may(CompetitionService.method.listFlags);
    const fetched = async (isAuditors: boolean): Promise<Uint8Array> => {
        const audience = isAuditors ? RecordAudience.AUDITOR : RecordAudience.PUBLIC;
        return (await client(CompetitionService).exportRecord({ competitionId: id, audience })).record;
    };
    const download = async (isAuditors: boolean) => {
        try {
            const record = await fetched(isAuditors);
            save(isAuditors ? `${id}-auditor.json` : `${id}.json`, "application/json", record as BlobPart);
        } catch (why) {
            setStanding({ kind: "failed", why });
        }
    };
    const check = async (isAuditors: boolean, before?: File) => {
        worker.current?.terminate();
        setStanding({ kind: "running", subject: "" });
        try {
            const asked: Asked = { record: await fetched(isAuditors) };
            if (before) asked.before = new Uint8Array(await before.arrayBuffer());
            const running = new Worker(new URL(VERIFIER, import.meta.url), { type: "module" });
            worker.current = running;
            running.onmessage = ({ data }: MessageEvent<Told>) =>
                setStanding(
                    data.kind === "subject" ? { kind: "running", subject: data.subject } : { kind: "done", told: data },
                );
            running.onerror = (event) => setStanding({ kind: "failed", why: new Error(event.message) });
            running.postMessage(asked);
        } catch (why) {
            setStanding({ kind: "failed", why });
        }
    };
    return (
        <section class="card">
            <h2>{t.value.record}</h2>
            <p class="note">{t.value.recordNote}</p>
            <div class="actions">
                <button type="button" class="primary" onClick={() => void check(false)}>
                    {t.value.verifyHere}
                </button>
                <button type="button" onClick={() => void download(false)}>
                    {t.value.downloadRecord}
                </button>
                {isAuditor && (
                    <>
                        <button type="button" onClick={() => void check(true)}>
                            {t.value.verifyAuditors}
                        </button>
                        <button type="button" onClick={() => void download(true)}>
                            {t.value.downloadAuditors}
                        </button>
                    </>
                )}
            </div>
            {isAuditor && (
                <div class="auditors">
                    <p class="note">{t.value.auditorsNote}</p>
                    <label class="field">
                        {t.value.verifyBefore}
                        <input
                            type="file"
                            accept="application/json,.json"
                            onChange={(event) => {
                                const [file] = event.currentTarget.files ?? [];
                                if (file) void check(true, file);
                            }}
                        />
                    </label>
                </div>
            )}
            {standing.kind === "running" && (
                <p class="waiting" role="status">
                    {t.value.verifying} {word(t.value.subjects, standing.subject)}
                </p>
            )}
            {standing.kind === "failed" && <Refusal error={standing.why} />}
            {standing.kind === "done" && <Outcome of={standing.told} />}
        </section>
    );
}

function Outcome({ of }: { of: Exclude<Told, { kind: "subject" }> }) {
    if (of.kind === "unreadable") {
        return (
            <p class="verdict warm" role="alert">
                {t.value.noRecord} <span dir="auto">{of.why}</span>
            </p>
        );
    }
    const { report, head, keys } = of;
    const failed = report.failures.length;
    return (
        <div class="verified">
            <p class={`verdict ${failed ? "warm" : "accent"}`} role={failed ? "alert" : "status"}>
                {failed ? t.value.disagrees(failed) : t.value.agrees(report.checked.length, report.unchecked.length)}
            </p>
            <Failures of={report} />
            <Subjects title={t.value.isChecked} mark="✓" of={report.checked} />
            <Subjects title={t.value.isUnchecked} mark="–" of={report.unchecked} />
            <h3>{t.value.compareKeys}</h3>
            <p class="note">{t.value.compareNote}</p>
            <dl class="keys">
                {keys.map((key) => (
                    <div>
                        <dt>
                            {t.value.key} <code>{key.id}</code>
                        </dt>
                        <dd>
                            <code>{key.public_key}</code>
                        </dd>
                    </div>
                ))}
                {head && (
                    <div>
                        <dt>{t.value.lastRevision(head.revision)}</dt>
                        <dd>
                            <code>{head.hash}</code>
                        </dd>
                    </div>
                )}
            </dl>
        </div>
    );
}

/** What somebody altered stands here as the verifier found it, in its own words. */
function Failures({ of }: { of: Report }) {
    return of.failures.length === 0 ? null : (
        <ul class="findings">
            {of.failures.slice(0, 100).map((one) => (
                <li class="warm">
                    <b dir="auto">{one.where}</b> <span dir="auto">{one.what}</span>
                </li>
            ))}
        </ul>
    );
}

function Subjects({ title, mark, of }: { title: string; mark: string; of: string[] }) {
    return of.length === 0 ? null : (
        <>
            <h3>{title}</h3>
            <ul class="findings">
                {of.map((subject) => (
                    <li>
                        <b aria-hidden="true">{mark}</b> {word(t.value.subjects, subject)}
                    </li>
                ))}
            </ul>
        </>
    );
}
