// Grants: what waits for an approval first, then all; and the form by which a colleague gives something.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import { now } from "../../clock.ts";
import {
    DiscretionService,
    GrantState,
    GrantVerdict,
    type BudgetStanding,
    type DiscretionGrant,
} from "../../../gen/rapport/v1/discretion_pb.ts";
import { InteractionService, type Interaction } from "../../../gen/rapport/v1/interaction_pb.ts";
import { moment, requestId } from "../../format.ts";
import { Refusal, Show, reasonOf, useLoad } from "../../load.tsx";
import { personName } from "../../names.ts";
import { Act, PAGE, Section } from "../../parts/section.tsx";
import { client, isSelf, may } from "../../session.ts";
import { t, word } from "../../words.ts";
import { read, written } from "./amount.ts";

/** The newest of a colleague's interactions, for one of which something is given. */
const LATEST = 50;
/** How long ago it may be. */
const WINDOW = 30 * 86_400_000;

export function Grants() {
    const [round, setRound] = useState(0);
    const changed = () => setRound((old) => old + 1);
    const words = t.value.giving;
    const list = (states: GrantState[]) => async (pageToken: string, signal?: AbortSignal) => {
        const answer = await client(DiscretionService).listGrants({ states, pageSize: PAGE, pageToken }, { signal });
        return { items: answer.grants, next: answer.nextPageToken };
    };
    return (
        <>
            {may(DiscretionService.method.makeGrant) && <Give key={`give ${round}`} onDone={changed} />}
            <Section
                title={words.waiting}
                round={round}
                ask={list([GrantState.REQUESTED, GrantState.APPROVED])}
                row={(one) => <GrantRow of={one} onDone={changed} />}
            />
            <Section
                title={words.all}
                round={round}
                nothing={words.noGrants}
                ask={list([GrantState.GIVEN, GrantState.DECLINED, GrantState.EXPIRED, GrantState.WITHDRAWN])}
                row={(one) => <GrantRow of={one} onDone={changed} />}
            />
        </>
    );
}

function GrantRow({ of: one, onDone }: { of: DiscretionGrant; onDone: () => void }) {
    const words = t.value.giving;
    const own = isSelf(one.staffId);
    const waits = one.state === GrantState.REQUESTED;
    const about = { requestId: requestId(), grantId: one.grantId };
    const decide = (verdict: GrantVerdict) => () => client(DiscretionService).decideGrant({ ...about, verdict });
    return (
        <div class="grow">
            <p>
                <b dir="auto">{written(one.quantity, one.unit)}</b>{" "}
                <small>
                    {personName(one.staffId)}
                    {one.customerId && ` → ${one.customerId}`} · {moment(one.makeTime)}
                </small>{" "}
                <span class={`tag ${waits ? "warm" : one.state === GrantState.GIVEN ? "accent" : ""}`}>
                    {word(words.states, GrantState[one.state] ?? "")}
                </span>
            </p>
            <p dir="auto">{one.reason}</p>
            {one.note && (
                <p class="note" dir="auto">
                    {one.note}
                </p>
            )}
            <p class="acts">
                {one.expireTime && <small>{words.until(moment(one.expireTime))} </small>}
                {waits && !own && may(DiscretionService.method.decideGrant) && (
                    <>
                        <Act label={words.approve} primary do={decide(GrantVerdict.APPROVE)} then={onDone} />{" "}
                        <Act label={words.decline} do={decide(GrantVerdict.DECLINE)} then={onDone} />
                    </>
                )}
                {one.state === GrantState.APPROVED && own && may(DiscretionService.method.giveGrant) && (
                    <Act
                        label={words.handOver}
                        primary
                        do={() => client(DiscretionService).giveGrant(about)}
                        then={onDone}
                    />
                )}
            </p>
        </div>
    );
}

/** What a colleague has to give, and for which of their interactions. */
function Give({ onDone }: { onDone: () => void }) {
    const loaded = useLoad("give", async (signal) => {
        const [budgets, served] = await Promise.all([
            client(DiscretionService).listBudgets({ pageSize: 500 }, { signal }),
            client(InteractionService).listInteractions(
                { filter: { fromTime: timestampFromDate(new Date(now() - WINDOW)) }, pageSize: LATEST },
                { signal },
            ),
        ]);
        const own = served.interactions.filter(
            (one) => one.customerId && one.participants.some((each) => isSelf(each.staffId)),
        );
        return { budgets: budgets.budgets, served: own };
    });
    const words = t.value.giving;
    return (
        <section class="card">
            <h2>{words.give}</h2>
            <Show
                of={loaded}
                empty={({ budgets, served }) => budgets.length === 0 || served.length === 0}
                nothing={words.nothingToGive}
            >
                {({ budgets, served }) => <Form budgets={budgets} served={served} onDone={onDone} />}
            </Show>
        </section>
    );
}

function Form(props: { budgets: BudgetStanding[]; served: Interaction[]; onDone: () => void }) {
    const words = t.value.giving;
    const [interactionId, setInteraction] = useState(props.served[0]!.interactionId);
    const [unit, setUnit] = useState(props.budgets[0]!.unit);
    const [amount, setAmount] = useState("");
    const [reason, setReason] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const budget = props.budgets.find((one) => one.unit === unit) ?? props.budgets[0]!;
    const quantity = read(amount, unit);
    const isWhole = quantity !== undefined && reason.trim().length >= 3;
    const send = (asks: boolean) => {
        setFailed(undefined);
        const grant = { interactionId, unit, quantity: quantity ?? 0n, reason };
        const service = client(DiscretionService);
        const sent = asks
            ? service.requestGrant({ requestId: requestId(), grant })
            : service.makeGrant({ requestId: requestId(), grant });
        sent.then(props.onDone, setFailed);
    };
    return (
        <form
            class="inline"
            onSubmit={(event) => {
                event.preventDefault();
                if (isWhole) send(false);
            }}
        >
            <label class="field">
                {words.interaction}
                <select value={interactionId} onChange={(event) => setInteraction(event.currentTarget.value)}>
                    {props.served.map((one) => (
                        <option value={one.interactionId}>
                            {[one.customerId, one.topic, moment(one.requestedTime ?? one.endedTime)]
                                .filter(Boolean)
                                .join(" · ")}
                        </option>
                    ))}
                </select>
            </label>
            <label class="field">
                {words.unit}
                <select value={unit} onChange={(event) => setUnit(event.currentTarget.value)}>
                    {[...new Set(props.budgets.map((one) => one.unit))].map((one) => (
                        <option value={one}>{one}</option>
                    ))}
                </select>
                <small>
                    {words.left(written(budget.left ?? 0n, unit))} {words.limit(written(budget.grantLimit, unit))}
                </small>
            </label>
            <label class="field">
                {words.amount}
                <input
                    inputMode="decimal"
                    maxLength={15}
                    value={amount}
                    onInput={(event) => setAmount(event.currentTarget.value)}
                />
            </label>
            <label class="field">
                {words.reason}
                <input
                    maxLength={1000}
                    dir="auto"
                    value={reason}
                    onInput={(event) => setReason(event.currentTarget.value)}
                />
            </label>
            <button type="submit" class="primary" disabled={!isWhole}>
                {words.giveNow}
            </button>
            <button type="button" disabled={!isWhole} onClick={() => send(true)}>
                {words.ask}
            </button>
            {failed !== undefined && <Refusal error={failed} />}
            {failed !== undefined && reasonOf(failed) === "GRANT_NEEDS_APPROVAL" && (
                <p class="note">{words.askInstead}</p>
            )}
        </form>
    );
}
