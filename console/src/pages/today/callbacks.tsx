// Customers who wait to be rung, live.
import { useState } from "preact/hooks";
import { CallbackService, CallbackState } from "../../../gen/rapport/v1/callback_pb.ts";
import { personName } from "../../names.ts";
import { PAGE, Section } from "../../parts/section.tsx";
import { useWatch } from "../../parts/watch.ts";
import { client, may } from "../../session.ts";
import { t, word } from "../../words.ts";
import { Clock } from "./due.tsx";

const RINGING = [CallbackState.WAITING, CallbackState.CLAIMED, CallbackState.DIALLING, CallbackState.CONNECTED];

async function* watched(resumeCursor: string, signal: AbortSignal) {
    for await (const told of client(CallbackService).watchCallbacks({ resumeCursor }, { signal })) {
        yield { resumeCursor: told.resumeCursor, isNews: told.event !== undefined };
    }
}

export function Callbacks() {
    const [rung, setRung] = useState(0);
    const watches = may(CallbackService.method.watchCallbacks);
    useWatch("callbacks", watches ? watched : undefined, () => setRung((old) => old + 1));
    return (
        <Section
            title={t.value.callbacks}
            round={rung}
            ask={async (pageToken, signal) => {
                const answer = await client(CallbackService).listCallbacks(
                    { states: RINGING, pageSize: PAGE, pageToken },
                    { signal },
                );
                return { items: answer.callbacks, next: answer.nextPageToken };
            }}
            row={(one) => (
                <>
                    <span class="grow">
                        <bdi>{one.contactPoint}</bdi> <small dir="auto">{one.topic}</small>
                        <small class="under">
                            {word(t.value.callbackStates, CallbackState[one.state])}
                            {one.claimedByStaffId && ` · ${personName(one.claimedByStaffId)}`}
                        </small>
                    </span>
                    <Clock at={one.quotedTime} isOver={one.breachTime !== undefined} />
                </>
            )}
        />
    );
}
