// When customers may be contacted, and how often: the policy in force, and the next one. Earlier versions stay.
import { useState } from "preact/hooks";
import { ContactService, type ContactPolicy } from "../../../gen/rapport/v1/contact_pb.ts";
import { ContactPurpose } from "../../../gen/rapport/v1/interaction_pb.ts";
import { moment, requestId } from "../../format.ts";
import { Refusal, Show, useLoad } from "../../load.tsx";
import { personName } from "../../names.ts";
import { client } from "../../session.ts";
import { t, word } from "../../words.ts";

const PURPOSES = Object.values(ContactPurpose).filter(
    (one): one is ContactPurpose => typeof one === "number" && one !== ContactPurpose.UNSPECIFIED,
);
const purpose = (one: ContactPurpose) => word(t.value.operations.purposes, ContactPurpose[one] ?? "");
const DAY = 86_400;

/** A cap as it is typed in. */
interface Cap {
    purposes: ContactPurpose[];
    counted: ContactPurpose[];
    most: number;
    days: number;
}

export function Policy() {
    const policy = useLoad("policy", async (signal) => {
        const answer = await client(ContactService).getContactPolicy({}, { signal });
        return answer.policy!;
    });
    return <Show of={policy}>{(now) => <Form key={now.etag} now={now} onDone={policy.reload} />}</Show>;
}

function Purposes(props: { label: string; chosen: ContactPurpose[]; onChange: (chosen: ContactPurpose[]) => void }) {
    return (
        <fieldset class="purposes">
            <legend>{props.label}</legend>
            {PURPOSES.map((one) => (
                <label class="check">
                    <input
                        type="checkbox"
                        checked={props.chosen.includes(one)}
                        onChange={(event) => {
                            const others = props.chosen.filter((each) => each !== one);
                            props.onChange(event.currentTarget.checked ? [...others, one].sort() : others);
                        }}
                    />{" "}
                    {purpose(one)}
                </label>
            ))}
        </fieldset>
    );
}

function Form({ now, onDone }: { now: ContactPolicy; onDone: () => void }) {
    const words = t.value.operations;
    const [quiet, setQuiet] = useState([now.quietHours?.startTime ?? "", now.quietHours?.endTime ?? ""]);
    const [waiting, setWaiting] = useState(now.quietHoursPurposes);
    const [refused, setRefused] = useState(now.doNotContactPurposes);
    const [caps, setCaps] = useState<Cap[]>(
        now.frequencyCaps.map((cap) => ({
            purposes: cap.purposes,
            counted: cap.countedPurposes,
            most: cap.maxContacts,
            days: Number(cap.window?.seconds ?? 0n) / DAY,
        })),
    );
    const [reason, setReason] = useState("");
    const [failed, setFailed] = useState<unknown>();
    const set = (place: number, change: Partial<Cap>) =>
        setCaps(caps.map((cap, each) => (each === place ? { ...cap, ...change } : cap)));
    const save = async () => {
        const [startTime = "", endTime = ""] = quiet;
        setFailed(undefined);
        try {
            await client(ContactService).setContactPolicy({
                requestId: requestId(),
                reason,
                etag: now.etag,
                policy: {
                    quietHours: startTime || endTime ? { startTime, endTime } : undefined,
                    quietHoursPurposes: waiting,
                    doNotContactPurposes: refused,
                    frequencyCaps: caps.map((cap) => ({
                        purposes: cap.purposes,
                        countedPurposes: cap.counted,
                        maxContacts: cap.most,
                        window: { seconds: BigInt(Math.round(cap.days * DAY)) },
                    })),
                },
            });
            onDone();
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <form
            class="card stack"
            onSubmit={(event) => {
                event.preventDefault();
                void save();
            }}
        >
            <h2>
                {words.inForce}{" "}
                <small class="count">
                    {words.policyOf(`${now.version}`, now.author ? personName(now.author) : words.shipped)}
                    {now.effectiveTime && now.author && ` · ${moment(now.effectiveTime)}`}
                </small>
            </h2>
            <div class="inline">
                {[words.quietFrom, words.quietTo].map((label, place) => (
                    <label class="field">
                        {label}
                        <input
                            type="time"
                            value={quiet[place]}
                            onInput={(event) => {
                                const { value } = event.currentTarget;
                                setQuiet(quiet.map((old, each) => (each === place ? value : old)));
                            }}
                        />
                    </label>
                ))}
            </div>
            <Purposes label={words.quietPurposes} chosen={waiting} onChange={setWaiting} />
            <Purposes label={words.refusedPurposes} chosen={refused} onChange={setRefused} />
            {caps.map((cap, place) => (
                <fieldset class="cap">
                    <legend>{words.cap(place + 1)}</legend>
                    <div class="inline">
                        <label class="field">
                            {words.capMost}
                            <input
                                type="number"
                                min={1}
                                max={1000}
                                value={cap.most}
                                onInput={(event) => set(place, { most: event.currentTarget.valueAsNumber || 1 })}
                            />
                        </label>
                        <label class="field">
                            {words.capDays}
                            <input
                                type="number"
                                min={0.001}
                                max={366}
                                step="any"
                                value={cap.days}
                                onInput={(event) => set(place, { days: event.currentTarget.valueAsNumber || 1 })}
                            />
                        </label>
                        <button type="button" onClick={() => setCaps(caps.filter((_, each) => each !== place))}>
                            {words.removeCap}
                        </button>
                    </div>
                    <Purposes
                        label={words.capPurposes}
                        chosen={cap.purposes}
                        onChange={(purposes) => set(place, { purposes })}
                    />
                    <Purposes
                        label={words.capCounted}
                        chosen={cap.counted}
                        onChange={(counted) => set(place, { counted })}
                    />
                </fieldset>
            ))}
            <button
                type="button"
                onClick={() => setCaps([...caps, { purposes: [PURPOSES[0]!], counted: [], most: 1, days: 7 }])}
            >
                {words.addCap}
            </button>
            <label class="field">
                {t.value.reason}
                <input
                    maxLength={1000}
                    value={reason}
                    onInput={(event) => setReason(event.currentTarget.value)}
                />
            </label>
            <button class="primary" disabled={reason.trim().length < 3}>
                {words.putInForce}
            </button>
            {failed !== undefined && <Refusal error={failed} />}
        </form>
    );
}
