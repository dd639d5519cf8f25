// A customer's identity and words are erased, and the receipt is shown: it cannot be undone, so it is asked for twice.
import { useState } from "preact/hooks";
import { toJson } from "@bufbuild/protobuf";
import {
    ErasureReceiptSchema,
    PrivacyService,
    type ErasureReceipt,
} from "../../../gen/rapport/v1/privacy_pb.ts";
import { moment, requestId } from "../../format.ts";
import { Refusal } from "../../load.tsx";
import { client } from "../../session.ts";
import { t } from "../../words.ts";
import { save } from "../../parts/save.ts";

export function Erasure() {
    const [customerId, setCustomerId] = useState("");
    const [again, setAgain] = useState("");
    const [reason, setReason] = useState("");
    const [receipt, setReceipt] = useState<ErasureReceipt>();
    const [failed, setFailed] = useState<unknown>();
    const words = t.value.operations;
    const ready = customerId !== "" && again === customerId && reason.trim().length >= 3;
    const erase = async () => {
        setFailed(undefined);
        try {
            const answer = await client(PrivacyService).eraseCustomer({ requestId: requestId(), customerId, reason });
            setReceipt(answer.receipt);
            for (const set of [setCustomerId, setAgain, setReason]) set("");
        } catch (cause) {
            setFailed(cause);
        }
    };
    return (
        <>
            <section class="card">
                <h2>{words.erase}</h2>
                <p class="note">{words.eraseNote}</p>
                <form
                    class="stack wide"
                    autoComplete="off"
                    onSubmit={(event) => {
                        event.preventDefault();
                        if (ready) void erase();
                    }}
                >
                    <label class="field">
                        {words.customerId}
                        <input
                            value={customerId}
                            maxLength={128}
                            onInput={(event) => setCustomerId(event.currentTarget.value.trim())}
                        />
                    </label>
                    <label class="field">
                        {words.customerIdAgain}
                        <input
                            value={again}
                            maxLength={128}
                            onInput={(event) => setAgain(event.currentTarget.value.trim())}
                        />
                    </label>
                    <label class="field">
                        {words.eraseReason}
                        <input
                            value={reason}
                            maxLength={1000}
                            onInput={(event) => setReason(event.currentTarget.value)}
                        />
                    </label>
                    <button class="danger" disabled={!ready}>
                        {words.erase}
                    </button>
                    {failed !== undefined && <Refusal error={failed} />}
                </form>
            </section>
            {receipt && (
                <section class="card" role="status">
                    <h2>{words.receipt}</h2>
                    <p>
                        {moment(receipt.erasureTime)} · <code>{receipt.erasureId}</code>
                    </p>
                    <pre tabIndex={0}>{receipt.text}</pre>
                    <p class="note">{words.signedBy(receipt.keyId)}</p>
                    <button
                        type="button"
                        onClick={() => {
                            const text = JSON.stringify(toJson(ErasureReceiptSchema, receipt), undefined, 2);
                            save(`receipt-${receipt.erasureId}.json`, "application/json", text);
                        }}
                    >
                        {words.downloadReceipt}
                    </button>
                </section>
            )}
        </>
    );
}
