// What those who run the server look after: how it does, files, surveys, calendars, the contact policy, the trail, erasure.
import type { ComponentType } from "preact";
import type { DescMethod } from "@bufbuild/protobuf";
import { AuditService } from "../../gen/rapport/v1/audit_pb.ts";
import { CalendarService } from "../../gen/rapport/v1/calendar_pb.ts";
import { ContactService } from "../../gen/rapport/v1/contact_pb.ts";
import { ImportService } from "../../gen/rapport/v1/import_pb.ts";
import { OperationsService } from "../../gen/rapport/v1/operations_pb.ts";
import { PrivacyService } from "../../gen/rapport/v1/privacy_pb.ts";
import { SurveyService } from "../../gen/rapport/v1/survey_pb.ts";
import { Page, Tabs } from "../parts/controls.tsx";
import { route } from "../route.ts";
import { may } from "../session.ts";
import { t } from "../words.ts";
import { Calendars } from "./operations/calendars.tsx";
import { Erasure } from "./operations/erasure.tsx";
import { Files } from "./operations/files.tsx";
import { Policy } from "./operations/policy.tsx";
import { Status } from "./operations/status.tsx";
import { Templates } from "./operations/templates.tsx";
import { Trail } from "./operations/trail.tsx";

type View = keyof typeof t.value.operations.views;

const VIEWS: { name: View; asks: DescMethod; view: ComponentType }[] = [
    { name: "status", asks: OperationsService.method.getServerStatus, view: Status },
    { name: "files", asks: ImportService.method.readFile, view: Files },
    { name: "templates", asks: SurveyService.method.createTemplate, view: Templates },
    { name: "calendars", asks: CalendarService.method.putCalendar, view: Calendars },
    { name: "policy", asks: ContactService.method.setContactPolicy, view: Policy },
    { name: "trail", asks: AuditService.method.listAuditEvents, view: Trail },
    { name: "erasure", asks: PrivacyService.method.eraseCustomer, view: Erasure },
];

export function Operations() {
    const mine = VIEWS.filter((one) => may(one.asks));
    const asked = route.value.query.get("view");
    const chosen = mine.find((one) => one.name === asked) ?? mine[0];
    if (!chosen) return null;
    const words = t.value.operations;
    return (
        <Page
            title={t.value.pages.operations}
            lead={words.leads[chosen.name]}
            tools={
                <Tabs
                    label={t.value.pages.operations}
                    name="view"
                    chosen={chosen.name}
                    of={mine.map((one) => [one.name, words.views[one.name]] as const)}
                />
            }
        >
            <chosen.view key={chosen.name} />
        </Page>
    );
}
