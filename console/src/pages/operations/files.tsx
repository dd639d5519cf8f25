// A file of another system: what its columns seem to mean, what the mapping makes of it, and then its rows, a page at a time, into
// the methods that record anything else.
import { useRef, useState } from "preact/hooks";
import {
    ImportKind,
    ImportService,
    type ReadFileResponse,
    type SuggestMappingResponse,
} from "../../../gen/rapport/v1/import_pb.ts";
import { whole } from "../../format.ts";
import { Refusal } from "../../load.tsx";
import { loadNames } from "../../names.ts";
import { save } from "../../parts/save.ts";
import { client } from "../../session.ts";
import { t, word } from "../../words.ts";
import { ensureTemplate, record, rejects, type Progress } from "./recording.ts";

/** What the contract takes in one call. */
const LARGEST = 4_000_000;
/** Rows at a time: the contract's largest batch. */
const ROWS = 500;
/** Rows of the preview. */
const SHOWN = 12;
const KINDS = [ImportKind.INTERACTIONS, ImportKind.RATINGS, ImportKind.DIRECTORY];

interface Source {
    fileName: string;
    content: Uint8Array;
}

export function Files() {
    const [source, setSource] = useState<Source>();
    const [kind, setKind] = useState(ImportKind.UNSPECIFIED);
    const [mapping, setMapping] = useState("");
    const [suggested, setSuggested] = useState<SuggestMappingResponse>();
    const [checked, setChecked] = useState<ReadFileResponse>();
    const [progress, setProgress] = useState<Progress>();
    const [busy, setBusy] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const stop = useRef<AbortController>(undefined);
    const words = t.value.operations;

    const during = async (what: string, work: (signal: AbortSignal) => Promise<void>) => {
        setFailed(undefined);
        setBusy(what);
        stop.current = new AbortController();
        try {
            await work(stop.current.signal);
        } catch (cause) {
            if (!stop.current.signal.aborted) setFailed(cause);
        } finally {
            setBusy("");
        }
    };
    const suggest = (given: Source, as: ImportKind) =>
        during(words.reading, async (signal) => {
            const answer = await client(ImportService).suggestMapping({ ...given, kind: as }, { signal });
            setSuggested(answer);
            setKind(answer.kind);
            setMapping(answer.mapping);
            setChecked(undefined);
        });
    const choose = async (file: File | undefined) => {
        setProgress(undefined);
        setChecked(undefined);
        setSuggested(undefined);
        setMapping("");
        setFailed(undefined);
        if (!file) return setSource(undefined);
        if (file.size > LARGEST) return setFailed(new Error(words.tooLarge(whole(LARGEST / 1_000_000))));
        const given = { fileName: file.name, content: new Uint8Array(await file.arrayBuffer()) };
        setSource(given);
        await suggest(given, ImportKind.UNSPECIFIED);
    };
    const check = () =>
        during(words.checking, async (signal) => {
            setProgress(undefined);
            setChecked(await client(ImportService).readFile({ ...source!, kind, mapping, pageSize: SHOWN }, { signal }));
        });
    const run = () =>
        during(words.importing, async (signal) => {
            const all = Number(checked!.rowCount);
            const into: Progress = { done: 0, all, recorded: 0, present: 0, skipped: 0, rejected: [] };
            setProgress({ ...into });
            await ensureTemplate(checked!);
            while (into.done < all && !signal.aborted) {
                const read = await client(ImportService).readFile(
                    { ...source!, kind, mapping, skipRows: BigInt(into.done), pageSize: ROWS },
                    { signal },
                );
                if (!read.rows.length) break;
                await record(read, into);
                into.done += read.rows.length;
                setProgress({ ...into });
            }
            await loadNames();
        });

    return (
        <>
            <section class="card">
                <h2>{words.file}</h2>
                <p class="note">{words.fileNote(whole(LARGEST / 1_000_000))}</p>
                <input
                    type="file"
                    aria-label={words.file}
                    disabled={busy !== ""}
                    onChange={(event) => void choose(event.currentTarget.files?.[0])}
                />
                {busy && (
                    <p class="waiting" role="status">
                        {busy}
                    </p>
                )}
                {failed !== undefined && <Refusal error={failed} />}
            </section>
            {source && (
                <section class="card">
                    <h2>{words.mapping}</h2>
                    <label class="field narrow">
                        {words.rowsAre}
                        <select
                            value={kind}
                            disabled={busy !== ""}
                            onChange={(event) => void suggest(source, Number(event.currentTarget.value))}
                        >
                            {kind === ImportKind.UNSPECIFIED && <option value="0">–</option>}
                            {KINDS.map((one) => (
                                <option value={one}>{word(words.kinds, ImportKind[one] ?? "")}</option>
                            ))}
                        </select>
                    </label>
                    {suggested && <Columns of={suggested} />}
                    <label class="field">
                        {words.mappingText}
                        <textarea
                            class="code"
                            rows={18}
                            spellcheck={false}
                            value={mapping}
                            onInput={(event) => {
                                setMapping(event.currentTarget.value);
                                setChecked(undefined);
                            }}
                        />
                    </label>
                    <div class="actions">
                        <button
                            type="button"
                            class={checked ? "" : "primary"}
                            disabled={busy !== "" || !mapping || kind === ImportKind.UNSPECIFIED}
                            onClick={() => void check()}
                        >
                            {words.check}
                        </button>
                    </div>
                </section>
            )}
            {checked && (
                <section class="card">
                    <h2>{words.checkedTitle}</h2>
                    <dl class="facts">
                        <div>
                            <dt>{words.rows}</dt>
                            <dd>{whole(checked.rowCount)}</dd>
                        </div>
                        <div>
                            <dt>{words.toSend}</dt>
                            <dd>{whole(checked.sentCount)}</dd>
                        </div>
                        <div>
                            <dt>{words.leftOut}</dt>
                            <dd>{whole(checked.skippedCount)}</dd>
                        </div>
                        <div>
                            <dt>{words.notTaken}</dt>
                            <dd>{whole(checked.rejectedCount)}</dd>
                        </div>
                    </dl>
                    {[...checked.notes, ...checked.remarks].map((note) => (
                        <p class="note" dir="auto">
                            {note}
                        </p>
                    ))}
                    <Preview of={checked} />
                    <div class="actions">
                        {progress && busy ? (
                            <button type="button" onClick={() => stop.current?.abort()}>
                                {t.value.cancel}
                            </button>
                        ) : (
                            <button
                                type="button"
                                class="primary"
                                disabled={busy !== "" || checked.sentCount === 0n}
                                onClick={() => void run()}
                            >
                                {words.importRows(whole(checked.sentCount))}
                            </button>
                        )}
                    </div>
                </section>
            )}
            {progress && <Outcome of={progress} header={checked?.header ?? []} name={source?.fileName ?? ""} />}
        </>
    );
}

function Columns({ of }: { of: SuggestMappingResponse }) {
    const words = t.value.operations;
    return (
        <>
            {of.questions.length > 0 && (
                <div class="refusal" role="status">
                    <strong>{words.questions}</strong>
                    <ul>
                        {of.questions.map((one) => (
                            <li dir="auto">{one}</li>
                        ))}
                    </ul>
                </div>
            )}
            <div class="scroll" tabIndex={0} role="region" aria-label={words.columns}>
                <table>
                    <thead>
                        <tr>
                            <th>{words.column}</th>
                            <th>{words.takenFor}</th>
                            <th class="number">{words.filled}</th>
                            <th>{words.examples}</th>
                        </tr>
                    </thead>
                    <tbody>
                        {of.columns.map((one) => (
                            <tr class={one.used ? undefined : "faint"}>
                                <th dir="auto">{one.column}</th>
                                <td>{one.role.replaceAll("_", " ") || (one.used ? words.attribute : words.unused)}</td>
                                <td class="number">{whole(one.filledCount)}</td>
                                <td dir="auto">{one.examples.join(" · ")}</td>
                            </tr>
                        ))}
                    </tbody>
                </table>
            </div>
        </>
    );
}

function Preview({ of }: { of: ReadFileResponse }) {
    const words = t.value.operations;
    return (
        <div class="scroll" tabIndex={0} role="region" aria-label={words.checkedTitle}>
            <table>
                <thead>
                    <tr>
                        <th class="number">{words.line}</th>
                        <th>{words.becomes}</th>
                        {of.header.map((name) => (
                            <th dir="auto">{name}</th>
                        ))}
                    </tr>
                </thead>
                <tbody>
                    {of.rows.map((row) => {
                        const taken = row.interaction ?? row.team ?? row.staffMember ?? row.customer;
                        return (
                            <tr class={taken ? undefined : "faint"}>
                                <td class="number">{whole(row.line)}</td>
                                <td class={row.reasons.length ? "warm" : undefined} dir="auto">
                                    {row.reasons.length
                                        ? row.reasons.join("; ")
                                        : taken
                                          ? word(words.becomesOne, taken.$typeName.split(".").at(-1)!)
                                          : words.leftOut}
                                </td>
                                {row.cells.map((cell) => (
                                    <td dir="auto">{cell}</td>
                                ))}
                            </tr>
                        );
                    })}
                </tbody>
            </table>
        </div>
    );
}

function Outcome({ of, header, name }: { of: Progress; header: string[]; name: string }) {
    const words = t.value.operations;
    return (
        <section class="card" role="status" aria-live="polite">
            <h2>{words.outcome}</h2>
            <progress value={of.done} max={of.all || 1} aria-label={words.outcome} />
            <p>
                {words.done(whole(of.done), whole(of.all))}{" "}
                {words.counts(whole(of.recorded), whole(of.present), whole(of.skipped), whole(of.rejected.length))}
            </p>
            {of.rejected.length > 0 && (
                <>
                    <ul class="rows">
                        {of.rejected.slice(0, SHOWN).map((row) => (
                            <li>
                                <span class="grow" dir="auto">
                                    <b>{words.inLine(whole(row.line))}</b> {row.reasons.join("; ")}
                                </span>
                            </li>
                        ))}
                    </ul>
                    <div class="actions">
                        <button
                            type="button"
                            onClick={() => save(`rejects-${name}.csv`, "text/csv", rejects(header, of.rejected))}
                        >
                            {words.downloadRejects(whole(of.rejected.length))}
                        </button>
                    </div>
                </>
            )}
        </section>
    );
}
