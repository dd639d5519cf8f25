// A voter's ballot: a panel to put in order by dragging, by touch, or by the keys. What is done is kept as a draft,
// which another page of the same voter may have changed in the meantime: casting says which ballot it replaces.
import { useEffect, useRef, useState } from "preact/hooks";
import {
    CompetitionService,
    NoBallotReason,
    type Entry,
    type GetMyBallotResponse,
} from "../../gen/rapport/v1/competition_pb.ts";
import { requestId } from "../format.ts";
import { Refusal, Show, reasonOf, useLoad } from "../load.tsx";
import { client } from "../session.ts";
import { t, word } from "../words.ts";
import { Plan } from "./entry.tsx";

const PAUSE = 800;

export function Ballot({ id }: { id: string }) {
    const mine = useLoad(`ballot ${id}`, (signal) =>
        client(CompetitionService).getMyBallot({ competitionId: id }, { signal }),
    );
    const isOffRoll = mine.error !== undefined && reasonOf(mine.error) === "NOT_ON_ROLL";
    return (
        <section class="card">
            <h2>{t.value.ballot}</h2>
            {isOffRoll ? (
                <p class="empty">{t.value.noBallots.UNSPECIFIED}</p>
            ) : (
                <Show of={mine}>
                    {(ballot) =>
                        ballot.panel.length === 0 ? (
                            <p class="empty">{word(t.value.noBallots, NoBallotReason[ballot.noBallotReason])}</p>
                        ) : (
                            <Panel id={id} ballot={ballot} onDone={mine.reload} />
                        )
                    }
                </Show>
            )}
        </section>
    );
}

/** A ballot as the server keeps it: the draft, if there is one, else what was cast; what is not ranked comes last. */
function keptOrder(ballot: GetMyBallotResponse): string[] {
    const panel = ballot.panel.map((one) => one.entryId);
    const begun = ballot.draftEntryIds.length > 0 ? ballot.draftEntryIds : ballot.entryIds;
    const known = begun.filter((one) => panel.includes(one));
    return ballot.fewestRanked > 0 ? [...known, ...panel.filter((one) => !known.includes(one))] : known;
}

function Panel({ id, ballot, onDone }: { id: string; ballot: GetMyBallotResponse; onDone: () => void }) {
    const service = client(CompetitionService);
    const byId = new Map(ballot.panel.map((one) => [one.entryId, one]));
    const isRanked = ballot.fewestRanked > 0;
    const [order, setOrder] = useState(() => keptOrder(ballot));
    const [touched, setTouched] = useState(false);
    const [kept, setKept] = useState<"" | "saved" | "cast">(
        ballot.entryIds.length > 0 ? "cast" : ballot.draftEntryIds.length > 0 ? "saved" : "",
    );
    // What another page of the same voter did in the meantime. The order here stays, until its voter says which one it
    // is to be.
    const [isOvertaken, setOvertaken] = useState(false);
    const [failed, setFailed] = useState<unknown>();
    const [said, setSaid] = useState("");
    const [dragged, setDragged] = useState("");
    const list = useRef<HTMLOListElement>(null);

    useEffect(() => {
        if (!touched) return;
        const timer = setTimeout(() => {
            service.saveDraft({ competitionId: id, entryIds: order }).then(() => setKept("saved"), setFailed);
        }, PAUSE);
        return () => clearTimeout(timer);
    }, [order, touched]);

    const change = (next: string[]) => {
        setFailed(undefined);
        setTouched(true);
        setKept("");
        setOrder(next);
    };
    const move = (entry: string, to: number) => {
        const next = order.filter((one) => one !== entry);
        const place = Math.min(Math.max(to, 0), next.length);
        next.splice(place, 0, entry);
        if (next.join() === order.join()) return;
        change(next);
        setSaid(t.value.moved(byId.get(entry)?.title ?? "", place + 1));
    };
    const onKey = (event: KeyboardEvent, entry: string, place: number) => {
        const by = { ArrowUp: -1, ArrowDown: 1, Home: -order.length, End: order.length }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        move(entry, place + by);
        // The handle keeps the focus, wherever it went.
        requestAnimationFrame(() =>
            list.current?.querySelector<HTMLElement>(`[data-entry="${entry}"] .handle`)?.focus(),
        );
    };
    const onDrag = (event: PointerEvent) => {
        if (!dragged || !list.current) return;
        const rows = [...list.current.children].filter((row) => (row as HTMLElement).dataset.entry !== dragged);
        const above = rows.filter((row) => {
            const box = row.getBoundingClientRect();
            return box.top + box.height / 2 < event.clientY;
        });
        move(dragged, above.length);
    };
    const send = async (action: () => Promise<unknown>, after: typeof kept) => {
        setFailed(undefined);
        setOvertaken(false);
        setTouched(false);
        try {
            await action();
            setKept(after);
            onDone();
        } catch (cause) {
            if (reasonOf(cause) !== "ETAG_MISMATCH") return setFailed(cause);
            setOvertaken(true);
            onDone();
        }
    };
    const takeOther = () => {
        setOvertaken(false);
        setOrder(ballot.entryIds.length > 0 ? keptOrder({ ...ballot, draftEntryIds: [] }) : keptOrder(ballot));
        setKept(ballot.entryIds.length > 0 ? "cast" : "");
    };
    const cast = () =>
        send(
            () =>
                service.castBallot({
                    requestId: requestId(),
                    competitionId: id,
                    entryIds: order,
                    revision: ballot.revision,
                }),
            "cast",
        );
    const withdraw = () =>
        send(
            () => service.withdrawBallot({ requestId: requestId(), competitionId: id, revision: ballot.revision }),
            "",
        );
    const isFull = isRanked || (order.length > 0 && order.length <= ballot.mostChosen);
    return (
        <>
            <p class="note">{isRanked ? t.value.rankNote : t.value.chooseNote(ballot.mostChosen)}</p>
            {isRanked ? (
                <ol
                    class="ballot"
                    ref={list}
                    onPointerMove={onDrag}
                    onPointerUp={() => setDragged("")}
                    onPointerCancel={() => setDragged("")}
                >
                    {order.map((entry, place) => (
                        <li key={entry} data-entry={entry} class={dragged === entry ? "dragged" : ""}>
                            <button
                                type="button"
                                class="handle"
                                aria-label={t.value.handle(byId.get(entry)!.title, place + 1)}
                                onKeyDown={(event) => onKey(event, entry, place)}
                                onPointerDown={(event) => {
                                    list.current?.setPointerCapture(event.pointerId);
                                    setDragged(entry);
                                }}
                            >
                                <b>{place + 1}</b>
                                <i aria-hidden="true" />
                            </button>
                            <div>
                                <Plan of={byId.get(entry)!} />
                            </div>
                            <span class="nudge">
                                <button
                                    type="button"
                                    disabled={place === 0}
                                    aria-label={t.value.up(byId.get(entry)!.title)}
                                    onClick={() => move(entry, place - 1)}
                                >
                                    ↑
                                </button>
                                <button
                                    type="button"
                                    disabled={place === order.length - 1}
                                    aria-label={t.value.down(byId.get(entry)!.title)}
                                    onClick={() => move(entry, place + 1)}
                                >
                                    ↓
                                </button>
                            </span>
                        </li>
                    ))}
                </ol>
            ) : (
                <ul class="ballot">
                    {ballot.panel.map((one: Entry) => (
                        <li key={one.entryId}>
                            <label class="pick">
                                <input
                                    type="checkbox"
                                    checked={order.includes(one.entryId)}
                                    onChange={(event) =>
                                        change(
                                            event.currentTarget.checked
                                                ? [...order, one.entryId]
                                                : order.filter((other) => other !== one.entryId),
                                        )
                                    }
                                />
                                <span class="hidden">{one.title}</span>
                            </label>
                            <div>
                                <Plan of={one} />
                            </div>
                        </li>
                    ))}
                </ul>
            )}
            <p class="hidden" role="status">
                {said}
            </p>
            {failed !== undefined && <Refusal error={failed} again={onDone} />}
            {isOvertaken && (
                <div class="refusal" role="alert">
                    <strong>{t.value.overtaken}</strong>
                    <p>{ballot.entryIds.length > 0 ? t.value.overtakenCast : t.value.overtakenWithdrawn}</p>
                    {ballot.entryIds.length > 0 && (
                        <button type="button" onClick={takeOther}>
                            {t.value.takeOther}
                        </button>
                    )}
                </div>
            )}
            <div class="actions">
                <button type="button" class="primary" disabled={!isFull} onClick={cast}>
                    {ballot.entryIds.length > 0 ? t.value.castAgain : t.value.cast}
                </button>
                {ballot.entryIds.length > 0 && (
                    <button type="button" onClick={withdraw}>
                        {t.value.withdraw}
                    </button>
                )}
                {kept && (
                    <span class="tag accent" role="status">
                        {kept === "cast" ? t.value.isCast : t.value.isSaved}
                    </span>
                )}
            </div>
        </>
    );
}
