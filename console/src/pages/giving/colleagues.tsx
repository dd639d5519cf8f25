// Who gives what this month, and who gives nothing though customers had cause.
import { DiscretionService, type GrantSummary } from "../../../gen/rapport/v1/discretion_pb.ts";
import { whole } from "../../format.ts";
import { Show, useLoad } from "../../load.tsx";
import { personName, teamName } from "../../names.ts";
import { client } from "../../session.ts";
import { t } from "../../words.ts";
import { written } from "./amount.ts";

export function Colleagues() {
    const words = t.value.giving;
    const loaded = useLoad("colleagues", async (signal) => {
        const found: GrantSummary[] = [];
        for (let pageToken = "", first = true; first || pageToken; first = false) {
            const answer = await client(DiscretionService).summarizeGrants({ pageSize: 500, pageToken }, { signal });
            found.push(...answer.summaries);
            pageToken = answer.nextPageToken;
        }
        return found;
    });
    return (
        <section class="card">
            <h2>{words.lists.colleagues}</h2>
            <p class="note">{words.colleaguesNote}</p>
            <Show of={loaded} empty={(found) => found.length === 0}>
                {(found) => (
                    <div class="scroll" tabIndex={0} role="region" aria-label={words.lists.colleagues}>
                        <table>
                            <thead>
                                <tr>
                                    <th>{words.colleague}</th>
                                    <th>{t.value.team}</th>
                                    <th class="number">{words.grants}</th>
                                    <th>{words.what}</th>
                                    <th class="number">{words.causes}</th>
                                </tr>
                            </thead>
                            <tbody>
                                {found.map((one) => (
                                    <tr>
                                        <th>
                                            {personName(one.staffId)}{" "}
                                            {one.givesNothing && <span class="tag warm">{words.givesNothing}</span>}
                                        </th>
                                        <td>{teamName(one.teamId)}</td>
                                        <td class="number">{whole(one.grantCount)}</td>
                                        <td>
                                            {one.amounts.map((each) => written(each.quantity, each.unit)).join(", ")}
                                        </td>
                                        <td class="number">
                                            {one.causeCount === undefined ? words.few : whole(one.causeCount)}
                                        </td>
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
