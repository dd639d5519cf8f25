// What customers and colleagues praise.
import { QualityService } from "../../../gen/rapport/v1/quality_pb.ts";
import { moment } from "../../format.ts";
import { personName } from "../../names.ts";
import { Section } from "../../parts/section.tsx";
import { client } from "../../session.ts";
import { t } from "../../words.ts";

export function Praise() {
    return (
        <Section
            title={t.value.praise}
            nothing={t.value.noPraise}
            ask={async (pageToken, signal) => {
                const answer = await client(QualityService).listPraise(
                    { pageSize: 5, pageToken },
                    { signal },
                );
                return { items: answer.praise, next: answer.nextPageToken };
            }}
            row={(one) => (
                <blockquote>
                    <p dir="auto">{one.text}</p>
                    <small>
                        {personName(one.staffId)} · {moment(one.shareTime)}
                    </small>
                </blockquote>
            )}
        />
    );
}
