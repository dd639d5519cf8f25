// What customers raise again and again, by the department that has to mend it, and whether departments do what they said.
import { VoiceService } from "../../gen/rapport/v1/voice_pb.ts";
import { Show, useLoad } from "../load.tsx";
import { Page, Tabs } from "../parts/controls.tsx";
import { go, route, turned } from "../route.ts";
import { client, may } from "../session.ts";
import { t } from "../words.ts";
import { Concerns } from "./voice/concerns.tsx";
import { Kept } from "./voice/kept.tsx";
import { Lines } from "./voice/lines.tsx";

const WEEKS = ["4", "13", "26", "52"] as const;
const LISTS = ["lines", "concerns", "kept"] as const;
type List = (typeof LISTS)[number];
const asks = {
    lines: VoiceService.method.summarizeVoice,
    concerns: VoiceService.method.listConcerns,
    kept: VoiceService.method.summarizeConcerns,
};

export function Voice() {
    const { query } = route.value;
    const mine = LISTS.filter((one) => may(asks[one]));
    const chosen: List = mine.find((one) => one === query.get("list")) ?? mine[0] ?? "lines";
    const weeks = WEEKS.find((one) => one === query.get("weeks")) ?? "4";
    const departments = useLoad("departments", async (signal) => {
        if (!may(VoiceService.method.listDepartments)) return [];
        const answer = await client(VoiceService).listDepartments({ pageSize: 500 }, { signal });
        return answer.departments;
    });
    const words = t.value.voices;
    return (
        <Page
            title={t.value.pages.voice}
            lead={words.lead}
            tools={
                <>
                    <Tabs
                        label={t.value.pages.voice}
                        name="list"
                        chosen={chosen}
                        of={mine.map((one) => [one, words.lists[one]] as const)}
                    />
                    {chosen !== "concerns" && (
                        <label class="choice">
                            {t.value.period}
                            <select value={weeks} onChange={(event) => go(turned({ weeks: event.currentTarget.value }))}>
                                {WEEKS.map((one) => (
                                    <option value={one}>{words.weeks(one)}</option>
                                ))}
                            </select>
                        </label>
                    )}
                </>
            }
        >
            <Show of={departments}>
                {(known) => (
                    <>
                        {chosen === "lines" && <Lines key={weeks} weeks={Number(weeks)} departments={known} />}
                        {chosen === "concerns" && <Concerns departments={known} />}
                        {chosen === "kept" && <Kept key={weeks} weeks={Number(weeks)} departments={known} />}
                    </>
                )}
            </Show>
        </Page>
    );
}
