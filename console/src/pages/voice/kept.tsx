// Whether departments do what they say.
import { VoiceService, type ConcernSummary, type Department } from "../../../gen/rapport/v1/voice_pb.ts";
import { percent, whole } from "../../format.ts";
import { Show, useLoad } from "../../load.tsx";
import { client } from "../../session.ts";
import { t } from "../../words.ts";
import { named, since } from "./departments.ts";

export function Kept({ weeks, departments }: { weeks: number; departments: Department[] }) {
    const kept = useLoad(`${weeks}`, async (signal) => {
        const answer = await client(VoiceService).summarizeConcerns(since(weeks), { signal });
        return answer.summaries;
    });
    const words = t.value.voices;
    const share = (part: bigint, of: bigint) => (of ? percent(Number(part) / Number(of)) : "–");
    const columns: [string, (one: ConcernSummary) => string][] = [
        [words.raised, (one) => whole(one.raisedCount)],
        [words.inTime, (one) => share(one.acknowledgedInTimeCount, one.acknowledgedCount + one.silentCount)],
        [words.silent, (one) => whole(one.silentCount)],
        [words.mendedCount, (one) => whole(one.mendedCount)],
        [words.byFirstDate, (one) => share(one.mendedInTimeCount, one.mendedCount)],
        [words.pastDate, (one) => whole(one.fixOverdueCount)],
        [words.movedDates, (one) => whole(one.movedDateCount)],
        [words.declined, (one) => whole(one.declinedCount)],
    ];
    return (
        <section class="card">
            <h2>{words.lists.kept}</h2>
            <p class="note">{words.keptNote}</p>
            <Show of={kept} empty={(summaries) => summaries.length === 0} nothing={words.noConcerns}>
                {(summaries) => (
                    <div class="scroll" tabIndex={0} role="region" aria-label={words.lists.kept}>
                        <table>
                            <thead>
                                <tr>
                                    <th>{words.department}</th>
                                    {columns.map(([name]) => (
                                        <th class="number">{name}</th>
                                    ))}
                                </tr>
                            </thead>
                            <tbody>
                                {summaries.map((one) => (
                                    <tr>
                                        <th>{named(departments, one.departmentId)}</th>
                                        {columns.map(([, write]) => (
                                            <td class="number">{write(one)}</td>
                                        ))}
                                    </tr>
                                ))}
                            </tbody>
                        </table>
                    </div>
                )}
            </Show>
        </section>
    );
}
