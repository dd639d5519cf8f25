// Surveys: what customers are asked, by version. A published one is never changed; a draft is.
import { useState } from "preact/hooks";
import { Channel } from "../../../gen/rapport/v1/interaction_pb.ts";
import {
    IssueMode,
    ScaleDirection,
    SurveyService,
    TemplateState,
    type SurveyTemplate,
} from "../../../gen/rapport/v1/survey_pb.ts";
import { dayOf, requestId, span } from "../../format.ts";
import { Refusal } from "../../load.tsx";
import { Act, Section } from "../../parts/section.tsx";
import { client } from "../../session.ts";
import { t, word } from "../../words.ts";

const PAGE = 100;

export function Templates() {
    const [round, setRound] = useState(0);
    const words = t.value.operations;
    return (
        <>
            <Section
                title={words.views.templates}
                note={words.templatesNote}
                nothing={t.value.nothing}
                round={round}
                ask={async (pageToken, signal) => {
                    const answer = await client(SurveyService).listTemplates({ pageSize: PAGE, pageToken }, { signal });
                    return { items: answer.templates, next: answer.nextPageToken };
                }}
                row={(one, reload) => <Template of={one} onDone={reload} />}
            />
            <section class="card">
                <h2>{words.newTemplate}</h2>
                <Draft onDone={() => setRound((old) => old + 1)} />
            </section>
        </>
    );
}

function Template({ of: one, onDone }: { of: SurveyTemplate; onDone: () => void }) {
    const [reason, setReason] = useState("");
    const words = t.value.operations;
    const { templateId, version } = one;
    const isDraft = one.state === TemplateState.DRAFT;
    const isLive = one.state === TemplateState.PUBLISHED;
    const facts = [
        word(words.directions, ScaleDirection[one.direction] ?? ""),
        one.answerWindow && words.within(span(one.answerWindow)),
        one.issueMode === IssueMode.AUTOMATIC && words.automatic,
        one.followUpLevel > 0 && words.followedUp(one.followUpLevel),
        one.channels.map((each) => word(t.value.channels, (Channel[each] ?? "").toLowerCase())).join(", "),
    ];
    return (
        <div class="grow">
            <p>
                <b dir="auto">{one.displayName || templateId}</b>{" "}
                <small>
                    <code>
                        {templateId}/{version}
                    </code>
                </small>{" "}
                <span class={`tag ${isLive ? "accent" : ""}`}>
                    {word(words.templateStates, TemplateState[one.state] ?? "")}
                </span>
            </p>
            <p class="note">{facts.filter(Boolean).join(" · ")}</p>
            {one.wordings.map((each) => (
                <p lang={each.locale} dir="auto">
                    {each.question}{" "}
                    <small>{each.labels.map((label, place) => `${place + 1} ${label}`).join(" · ")}</small>
                </p>
            ))}
            {(one.publishTime ?? one.retireTime) && (
                <p class="note">
                    {one.publishTime && words.publishedAt(dayOf(one.publishTime))}
                    {one.retireTime && ` ${words.retiredAt(dayOf(one.retireTime))}`}
                </p>
            )}
            {isDraft && (
                <form class="inline" onSubmit={(event) => event.preventDefault()}>
                    <label class="field">
                        {words.directionReason}
                        <input
                            maxLength={1000}
                            value={reason}
                            onInput={(event) => setReason(event.currentTarget.value)}
                        />
                    </label>
                    <Act
                        primary
                        label={words.publish}
                        do={() =>
                            client(SurveyService).publishTemplate({
                                requestId: requestId(),
                                templateId,
                                version,
                                directionOverrideReason: reason,
                                etag: one.etag,
                            })
                        }
                        then={onDone}
                    />
                </form>
            )}
            {isLive && (
                <div class="actions">
                    <Act
                        label={words.retire}
                        do={() => client(SurveyService).retireTemplate({ requestId: requestId(), templateId, version })}
                        then={onDone}
                    />
                </div>
            )}
        </div>
    );
}

function Draft({ onDone }: { onDone: () => void }) {
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.operations;
    const send = async (form: HTMLFormElement) => {
        const given = new FormData(form);
        const text = (name: string) => String(given.get(name) ?? "").trim();
        const minutes = Number(text("window"));
        const wordings = (["zh", "en"] as const)
            .map((locale) => ({ locale, question: text(locale) }))
            .filter((one) => one.question !== "");
        setFailed(undefined);
        try {
            await client(SurveyService).createTemplate({
                requestId: requestId(),
                template: {
                    templateId: text("id"),
                    displayName: text("name"),
                    direction: Number(text("direction")),
                    issueMode: given.has("automatic") ? IssueMode.AUTOMATIC : IssueMode.MANUAL,
                    followUpLevel: Number(text("level")),
                    answerWindow: minutes > 0 ? { seconds: BigInt(Math.round(minutes * 60)) } : undefined,
                    wordings,
                },
            });
            form.reset();
            onDone();
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <form
            class="stack wide"
            onSubmit={(event) => {
                event.preventDefault();
                void send(event.currentTarget);
            }}
        >
            <label class="field">
                {words.templateId}
                <input name="id" required maxLength={64} />
            </label>
            <label class="field">
                {words.displayName}
                <input name="name" maxLength={200} />
            </label>
            <label class="field">
                {words.direction}
                <select name="direction">
                    {[ScaleDirection.HIGH_BEST, ScaleDirection.LOW_BEST].map((one) => (
                        <option value={one}>{word(words.directions, ScaleDirection[one] ?? "")}</option>
                    ))}
                </select>
            </label>
            <label class="field">
                {words.questionZh}
                <input name="zh" maxLength={1000} lang="zh" />
            </label>
            <label class="field">
                {words.questionEn}
                <input name="en" maxLength={1000} lang="en" />
            </label>
            <label class="field">
                {words.window}
                <input name="window" type="number" min={1} max={129_600} placeholder="60" />
            </label>
            <label class="field">
                {words.followUpLevel}
                <select name="level">
                    <option value="0">{words.nobodyFollows}</option>
                    {[1, 2, 3, 4].map((level) => (
                        <option value={level}>{words.followedUp(level)}</option>
                    ))}
                </select>
            </label>
            <label class="check">
                <input name="automatic" type="checkbox" /> {words.automatic}
            </label>
            <button class="primary">{words.createDraft}</button>
            {failed !== undefined && <Refusal error={failed} />}
        </form>
    );
}
