// Where somebody is signed in, and how they end it.
import { useState } from "preact/hooks";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { SessionService } from "../../gen/rapport/v1/session_pb.ts";
import { moment, requestId } from "../format.ts";
import { Refusal, Show, useLoad } from "../load.tsx";
import { Page } from "../parts/controls.tsx";
import { client, leave } from "../session.ts";
import { t } from "../words.ts";

export function Sessions() {
    const sessions = client(SessionService);
    const [failed, setFailed] = useState<unknown>();
    const listed = useLoad("sessions", async (signal) => (await sessions.listSessions({}, { signal })).sessions);
    const end = async (sessionId: string, isCurrent: boolean) => {
        try {
            await sessions.endSessions({ requestId: requestId(), sessionId });
            if (isCurrent) leave();
            else listed.reload();
        } catch (cause) {
            setFailed(cause);
        }
    };
    const current = listed.value?.find((one) => one.current);
    const tools = (
        <>
            <button type="button" onClick={() => end(current?.sessionId ?? "", true)}>
                {t.value.signOut}
            </button>
            <button type="button" onClick={() => end("", true)}>
                {t.value.signOutAll}
            </button>
        </>
    );
    return (
        <Page title={t.value.sessions} lead={t.value.sessionsLead} tools={tools}>
            {failed !== undefined && <Refusal error={failed} />}
            <section class="card">
                <Show of={listed}>
                    {(all) => (
                        <ul class="rows">
                            {all.map((one) => (
                                <li key={one.sessionId}>
                                    <dl class="facts">
                                        <div>
                                            <dt>{t.value.session.started}</dt>
                                            <dd>{moment(one.startTime)}</dd>
                                        </div>
                                        <div>
                                            <dt>{t.value.session.renewed}</dt>
                                            <dd>{moment(one.renewTime)}</dd>
                                        </div>
                                        <div>
                                            <dt>{t.value.session.ends}</dt>
                                            <dd>{moment(one.endTime)}</dd>
                                        </div>
                                    </dl>
                                    {one.current ? (
                                        <span class="tag">{t.value.session.current}</span>
                                    ) : (
                                        <button
                                            type="button"
                                            aria-label={`${t.value.session.end} ${new Date(one.startTime ? timestampMs(one.startTime) : 0).toISOString()}`}
                                            onClick={() => end(one.sessionId, false)}
                                        >
                                            {t.value.session.end}
                                        </button>
                                    )}
                                </li>
                            ))}
                        </ul>
                    )}
                </Show>
            </section>
        </Page>
    );
}
