// The audit trail: who looked at or changed what others have a right to know was looked at or changed.
import { useState } from "preact/hooks";
import { Role } from "../../../gen/rapport/v1/access_pb.ts";
import { AuditAction, AuditService } from "../../../gen/rapport/v1/audit_pb.ts";
import { moment } from "../../format.ts";
import { personName } from "../../names.ts";
import { Section } from "../../parts/section.tsx";
import { client } from "../../session.ts";
import { t, word } from "../../words.ts";

const PAGE = 200;
const ACTIONS = Object.values(AuditAction)
    .filter((one): one is AuditAction => typeof one === "number" && one !== AuditAction.UNSPECIFIED)
    .sort((one, other) => AuditAction[one]!.localeCompare(AuditAction[other]!));

/** In words; without some of its own, TIMELINE_READ as a person writes it. */
const plain = (action: AuditAction) => {
    const name = AuditAction[action] ?? `${action}`;
    return t.value.operations.actions[name] ?? name.toLowerCase().replaceAll("_", " ");
};

/** JSON that is not, as it stands. */
function pretty(text: string): string {
    try {
        return JSON.stringify(JSON.parse(text), undefined, 2);
    } catch {
        return text;
    }
}

export function Trail() {
    const [asked, setAsked] = useState({ action: AuditAction.UNSPECIFIED, actor: "", objectId: "" });
    const words = t.value.operations;
    return (
        <>
            <form
                class="inline card"
                onSubmit={(event) => {
                    event.preventDefault();
                    const given = new FormData(event.currentTarget);
                    const text = (name: string) => String(given.get(name) ?? "").trim();
                    setAsked({ action: Number(text("action")), actor: text("actor"), objectId: text("object") });
                }}
            >
                <label class="field">
                    {words.action}
                    <select name="action">
                        <option value="0">{words.every}</option>
                        {ACTIONS.map((one) => (
                            <option value={one}>{plain(one)}</option>
                        ))}
                    </select>
                </label>
                <label class="field">
                    {words.actor}
                    <input name="actor" maxLength={128} />
                </label>
                <label class="field">
                    {words.object}
                    <input name="object" maxLength={128} />
                </label>
                <button class="primary">{t.value.find}</button>
            </form>
            <Section
                key={JSON.stringify(asked)}
                title={words.views.trail}
                nothing={t.value.nothing}
                ask={async (pageToken, signal) => {
                    const answer = await client(AuditService).listAuditEvents(
                        { ...asked, pageSize: PAGE, pageToken },
                        { signal },
                    );
                    return { items: answer.auditEvents, next: answer.nextPageToken };
                }}
                row={(one) => (
                    <div class="grow">
                        <p>
                            <b>{plain(one.action)}</b> <bdi>{one.objectId}</bdi>{" "}
                            <small>
                                {personName(one.actor) || words.server}
                                {one.actorRole !== Role.UNSPECIFIED && `, ${word(t.value.roles, Role[one.actorRole] ?? "")}`}
                                {" · "}
                                {moment(one.eventTime)}
                            </small>
                        </p>
                        {one.reason && (
                            <p class="note" dir="auto">
                                {one.reason}
                            </p>
                        )}
                        {one.detailJson && (
                            <details class="small">
                                <summary>{words.detail}</summary>
                                <pre tabIndex={0}>{pretty(one.detailJson)}</pre>
                            </details>
                        )}
                    </div>
                )}
            />
        </>
    );
}
