// A team's entry, while entries are taken: handed in, changed, taken back; and conflicts, which keep a ballot clear of
// an entry.
import { useState } from "preact/hooks";
import { CompetitionService, type Competition, type Entry } from "../../gen/rapport/v1/competition_pb.ts";
import { Reach } from "../../gen/rapport/v1/access_pb.ts";
import { requestId } from "../format.ts";
import { Refusal, Show, useLoad } from "../load.tsx";
import { people, teamIds, teamName } from "../names.ts";
import { client, may, reach } from "../session.ts";
import { t } from "../words.ts";

const methods = CompetitionService.method;

/** Teams for which the role may hand in: all, or those whose people it is shown. */
function handsInFor(): string[] {
    if (!may(methods.submitEntry)) return [];
    if (reach(methods.submitEntry) === Reach.ALL) return teamIds.value;
    return [...new Set([...people.value.values()].map((one) => one.teamId).filter(Boolean))].sort();
}

export function Entries({ of, isTaking }: { of: Competition; isTaking: boolean }) {
    const { competitionId } = of;
    const [open, setOpen] = useState("");
    const listed = useLoad(
        `entries ${competitionId}`,
        async (signal) =>
            (await client(CompetitionService).listEntries({ competitionId, pageSize: 500 }, { signal })).entries,
    );
    const done = () => (setOpen(""), listed.reload());
    const mine = handsInFor();
    const missing = mine.filter((team) => !listed.value?.some((one) => one.teamId === team));
    return (
        <section class="card">
            <h2>{t.value.entries}</h2>
            <Show of={listed} empty={(all) => all.length === 0} nothing={t.value.noEntries}>
                {(all) => (
                    <ul class="entries">
                        {all.map((one) => (
                            <li key={one.entryId}>
                                {open === one.entryId ? (
                                    <EntryForm of={of} entry={one} teams={[one.teamId]} onDone={done} />
                                ) : (
                                    <Plan of={one} />
                                )}
                                {isTaking && open !== one.entryId && mine.includes(one.teamId) && (
                                    <p class="actions">
                                        <button type="button" onClick={() => setOpen(one.entryId)}>
                                            {t.value.reviseEntry}
                                            <span class="hidden"> {one.title}</span>
                                        </button>
                                    </p>
                                )}
                            </li>
                        ))}
                    </ul>
                )}
            </Show>
            {isTaking && listed.value && missing.length > 0 && (
                <div class="actions">
                    {open === "new" ? (
                        <EntryForm of={of} teams={missing} onDone={done} />
                    ) : (
                        <button type="button" onClick={() => setOpen("new")}>
                            {t.value.submitEntry}
                        </button>
                    )}
                </div>
            )}
            {isTaking && may(methods.declareConflict) && <Conflict of={of} />}
        </section>
    );
}

export function Plan({ of }: { of: Entry }) {
    return (
        <>
            <h3 dir="auto">
                {of.title} {of.teamId && <small>{teamName(of.teamId)}</small>}
            </h3>
            <p dir="auto">{of.what}</p>
            <p class="note" dir="auto">
                {of.why}
            </p>
            {of.cases
                .filter((one) => one.text)
                .map((one) => (
                    <blockquote dir="auto">
                        <p>{one.text}</p>
                    </blockquote>
                ))}
        </>
    );
}

function EntryForm(props: { of: Competition; entry?: Entry; teams: string[]; onDone: () => void }) {
    const { entry, teams } = props;
    const { competitionId } = props.of;
    const [teamId, setTeam] = useState(teams[0] ?? "");
    const [title, setTitle] = useState(entry?.title ?? "");
    const [what, setWhat] = useState(entry?.what ?? "");
    const [why, setWhy] = useState(entry?.why ?? "");
    const [example, setExample] = useState(entry?.cases.find((one) => one.text)?.text ?? "");
    const [failed, setFailed] = useState<unknown>();
    const service = client(CompetitionService);
    const act = (action: Promise<unknown>) => {
        setFailed(undefined);
        action.then(props.onDone, setFailed);
    };
    const send = () => {
        // An interaction that a case names stays as it is.
        const kept = entry?.cases.filter((one) => one.interactionId) ?? [];
        const cases = [...kept, ...(example.trim() ? [{ text: example.trim() }] : [])];
        const told = { competitionId, teamId, title, what, why, cases };
        act(
            entry
                ? service.reviseEntry({ requestId: requestId(), entryId: entry.entryId, etag: entry.etag, entry: told })
                : service.submitEntry({ requestId: requestId(), entry: told }),
        );
    };
    return (
        <form class="stack wide" onSubmit={(event) => (event.preventDefault(), send())}>
            {teams.length > 1 && (
                <label class="field">
                    {t.value.team}
                    <select value={teamId} onChange={(event) => setTeam(event.currentTarget.value)}>
                        {teams.map((one) => (
                            <option value={one}>{teamName(one)}</option>
                        ))}
                    </select>
                </label>
            )}
            <label class="field">
                {t.value.title}
                <input
                    required
                    maxLength={200}
                    value={title}
                    onInput={(event) => setTitle(event.currentTarget.value)}
                />
            </label>
            <label class="field">
                {t.value.entryWhat}
                <textarea
                    required
                    rows={3}
                    maxLength={8000}
                    value={what}
                    onInput={(event) => setWhat(event.currentTarget.value)}
                />
            </label>
            <label class="field">
                {t.value.entryWhy}
                <textarea
                    required
                    rows={3}
                    maxLength={8000}
                    value={why}
                    onInput={(event) => setWhy(event.currentTarget.value)}
                />
            </label>
            <label class="field">
                {t.value.entryCase}
                <textarea
                    rows={3}
                    maxLength={4000}
                    value={example}
                    onInput={(event) => setExample(event.currentTarget.value)}
                />
            </label>
            <div class="actions">
                <button class="primary">{entry ? t.value.reviseEntry : t.value.submitEntry}</button>
                {entry && (
                    <button
                        type="button"
                        onClick={() => act(service.withdrawEntry({ requestId: requestId(), entryId: entry.entryId }))}
                    >
                        {t.value.withdraw}
                    </button>
                )}
                <button type="button" onClick={props.onDone}>
                    {t.value.cancel}
                </button>
            </div>
            {failed !== undefined && <Refusal error={failed} />}
        </form>
    );
}

/** Whose entry somebody must not judge: the caller, or for administrators anybody. */
function Conflict({ of }: { of: Competition }) {
    const isOwn = reach(methods.declareConflict) === Reach.OWN;
    const [teamId, setTeam] = useState("");
    const [staffId, setStaff] = useState("");
    const [told, setTold] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const declare = async () => {
        setFailed(undefined);
        setTold("");
        try {
            const { competitionId } = of;
            await client(CompetitionService).declareConflict({
                requestId: requestId(),
                competitionId,
                teamId,
                staffId,
            });
            setTold(t.value.conflictKept(teamName(teamId)));
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <details class="conflict">
            <summary>{t.value.conflict}</summary>
            <p class="note">{t.value.conflictWhy}</p>
            <form class="inline" onSubmit={(event) => (event.preventDefault(), void declare())}>
                {!isOwn && (
                    <label class="field">
                        {t.value.colleague}
                        <select required value={staffId} onChange={(event) => setStaff(event.currentTarget.value)}>
                            <option value="" />
                            {[...people.value.values()].map((one) => (
                                <option value={one.staffId}>{one.displayName || one.staffId}</option>
                            ))}
                        </select>
                    </label>
                )}
                <label class="field">
                    {t.value.team}
                    <select required value={teamId} onChange={(event) => setTeam(event.currentTarget.value)}>
                        <option value="" />
                        {teamIds.value.map((one) => (
                            <option value={one}>{teamName(one)}</option>
                        ))}
                    </select>
                </label>
                <button class="primary">{t.value.declare}</button>
            </form>
            {told && (
                <p class="note" role="status">
                    {told}
                </p>
            )}
            {failed !== undefined && <Refusal error={failed} />}
        </details>
    );
}
