// What colleagues may give to customers without a script: budgets, what waits for an approval, what was given and what it buys.
import { DiscretionService } from "../../gen/rapport/v1/discretion_pb.ts";
import { Page, Tabs } from "../parts/controls.tsx";
import { route } from "../route.ts";
import { may } from "../session.ts";
import { t } from "../words.ts";
import { Budgets } from "./giving/budgets.tsx";
import { Colleagues } from "./giving/colleagues.tsx";
import { Effect } from "./giving/effect.tsx";
import { Grants } from "./giving/grants.tsx";

const LISTS = ["grants", "budgets", "colleagues", "effect"] as const;
type List = (typeof LISTS)[number];
const asks = {
    grants: DiscretionService.method.listGrants,
    budgets: DiscretionService.method.listBudgets,
    colleagues: DiscretionService.method.summarizeGrants,
    effect: DiscretionService.method.estimateGrantEffect,
};

export function Giving() {
    const mine = LISTS.filter((one) => may(asks[one]));
    const chosen: List = mine.find((one) => one === route.value.query.get("list")) ?? mine[0] ?? "grants";
    const words = t.value.giving;
    return (
        <Page
            title={t.value.pages.giving}
            lead={words.lead}
            tools={
                <Tabs
                    label={t.value.pages.giving}
                    name="list"
                    chosen={chosen}
                    of={mine.map((one) => [one, words.lists[one]] as const)}
                />
            }
        >
            {chosen === "grants" && <Grants />}
            {chosen === "budgets" && <Budgets />}
            {chosen === "colleagues" && <Colleagues />}
            {chosen === "effect" && <Effect />}
        </Page>
    );
}
