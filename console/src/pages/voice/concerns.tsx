// What departments were told to mend, and what they may do about it.
import { useState } from "preact/hooks";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Reach } from "../../../gen/rapport/v1/access_pb.ts";
import { ConcernState, VoiceService, type Concern, type Department } from "../../../gen/rapport/v1/voice_pb.ts";
import { atLocalTime, dayOf, moment, requestId } from "../../format.ts";
import { Refusal } from "../../load.tsx";
import { people } from "../../names.ts";
import { Section } from "../../parts/section.tsx";
import { go, route, turned } from "../../route.ts";
import { client, may, reach } from "../../session.ts";
import { t, word } from "../../words.ts";
import { named } from "./departments.ts";

const WAITING = [ConcernState.RAISED, ConcernState.ACKNOWLEDGED];

export function Concerns({ departments }: { departments: Department[] }) {
    const words = t.value.voices;
    const waiting = route.value.query.get("all") !== "1";
    return (
        <>
            <p>
                <label class="check">
                    <input
                        type="checkbox"
                        checked={!waiting}
                        onChange={(event) => go(turned({ all: event.currentTarget.checked ? "1" : undefined }))}
                    />{" "}
                    {words.settledToo}
                </label>
            </p>
            <Section
                key={`${waiting}`}
                title={words.lists.concerns}
                nothing={words.noConcerns}
                ask={async (pageToken, signal) => {
                    const answer = await client(VoiceService).listConcerns(
                        { states: waiting ? WAITING : [], pageSize: 50, pageToken },
                        { signal },
                    );
                    return { items: answer.concerns, next: answer.nextPageToken };
                }}
                row={(one, reload) => <ConcernRow of={one} departments={departments} onDone={reload} />}
            />
        </>
    );
}

function ConcernRow({ of: one, departments, onDone }: { of: Concern; departments: Department[]; onDone: () => void }) {
    const words = t.value.voices;
    const last = one.fixTimes.at(-1);
    const isOver = one.level > 0 && WAITING.includes(one.state);
    return (
        <div class="grow">
            <p>
                <b dir="auto">{one.title}</b>{" "}
                <span class={`tag ${isOver ? "warm" : one.state === ConcernState.MENDED ? "accent" : ""}`}>
                    {isOver ? words.overdue : word(words.states, ConcernState[one.state] ?? "")}
                </span>
            </p>
            <p class="note">
                {named(departments, one.departmentId)} · <span dir="auto">{one.topics.join(", ")}</span> ·{" "}
                {words.raisedAt(dayOf(one.raiseTime))}
                {one.state === ConcernState.RAISED &&
                    one.acknowledgeDueTime &&
                    ` · ${words.acknowledgeBy(moment(one.acknowledgeDueTime))}`}
                {last && ` · ${words.fixBy(dayOf(last.fixTime))}`}
                {one.settleTime && ` · ${dayOf(one.settleTime)}`}
            </p>
            {one.fixTimes.length > 1 && (
                <p class="note">
                    {words.movedFrom(
                        one.fixTimes
                            .slice(0, -1)
                            .map((each) => dayOf(each.fixTime))
                            .join(", "),
                    )}{" "}
                    <span dir="auto">{last?.reason}</span>
                </p>
            )}
            {one.declineReason && (
                <p class="note" dir="auto">
                    {one.declineReason}
                </p>
            )}
            {one.mendedNotice && (
                <blockquote>
                    <p dir="auto">{one.mendedNotice}</p>
                </blockquote>
            )}
            <Steps of={one} isOurs={answersFor(departments, one.departmentId)} onDone={onDone} />
        </div>
    );
}

/** Whether a department's steps are for who looks: a supervisor answers for departments of their teams, whose people they are shown. */
function answersFor(departments: Department[], id: string): boolean {
    if (reach(VoiceService.method.acknowledgeConcern) !== Reach.TEAM) return true;
    const team = departments.find((one) => one.departmentId === id)?.teamId;
    return !!team && [...people.value.values()].some((one) => one.teamId === team);
}

/** What may be done with a concern as it stands. */
function Steps({ of: one, isOurs, onDone }: { of: Concern; isOurs: boolean; onDone: () => void }) {
    const [date, setDate] = useState("");
    const [text, setText] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.voices;
    const { concernId } = one;
    const service = client(VoiceService);
    const fixTime = date ? timestampFromDate(atLocalTime(date)) : undefined;
    const act = (work: () => Promise<unknown>) => {
        setFailed(undefined);
        work().then(onDone, setFailed);
    };
    const isOpen = WAITING.includes(one.state);
    const isTold = one.mendedNotice !== "";
    const mayTell = one.state === ConcernState.MENDED && !isTold && may(VoiceService.method.tellConcern);
    const mayDecide = isOpen && isOurs && may(VoiceService.method.acknowledgeConcern);
    if (!mayTell && !mayDecide) return null;
    return (
        <form class="inline" onSubmit={(event) => event.preventDefault()}>
            {mayDecide && (
                <label class="field short">
                    {words.fixDate}
                    <input
                        type="datetime-local"
                        value={date}
                        onInput={(event) => setDate(event.currentTarget.value)}
                    />
                </label>
            )}
            <label class="field">
                {mayTell ? words.noticeWords : words.stepReason}
                <input value={text} maxLength={1000} onInput={(event) => setText(event.currentTarget.value)} />
            </label>
            {one.state === ConcernState.RAISED && mayDecide && (
                <button
                    type="button"
                    class="primary"
                    disabled={!fixTime}
                    onClick={() =>
                        act(() => service.acknowledgeConcern({ requestId: requestId(), concernId, fixTime: fixTime! }))
                    }
                >
                    {words.acknowledge}
                </button>
            )}
            {one.state === ConcernState.ACKNOWLEDGED && mayDecide && (
                <>
                    <button
                        type="button"
                        class="primary"
                        onClick={() => act(() => service.mendConcern({ requestId: requestId(), concernId }))}
                    >
                        {words.mend}
                    </button>
                    <button
                        type="button"
                        disabled={!fixTime || text.trim().length < 3}
                        onClick={() =>
                            act(() =>
                                service.moveFixTime({
                                    requestId: requestId(),
                                    concernId,
                                    fixTime: fixTime!,
                                    reason: text,
                                }),
                            )
                        }
                    >
                        {words.move}
                    </button>
                </>
            )}
            {mayDecide && (
                <button
                    type="button"
                    disabled={text.trim().length < 3}
                    onClick={() => act(() => service.declineConcern({ requestId: requestId(), concernId, reason: text }))}
                >
                    {words.decline}
                </button>
            )}
            {mayTell && (
                <button
                    type="button"
                    class="primary"
                    disabled={text.trim().length < 3}
                    onClick={() => act(() => service.tellConcern({ requestId: requestId(), concernId, words: text }))}
                >
                    {words.tell}
                </button>
            )}
            {failed !== undefined && <Refusal error={failed} />}
        </form>
    );
}
