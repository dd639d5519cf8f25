// A page that was open when the server was replaced: it says so, and offers the new one. It does not reload by itself,
// since that signs out.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t } from "./words.ts";

const isStale = signal(false);
const HOURLY = 3_600_000;

/** Whether the server names another script than the one that runs here. */
async function look() {
    const own = import.meta.url.split("/").pop() ?? "";
    try {
        const page = await (await fetch(new URL(".", location.href), { cache: "no-cache" })).text();
        isStale.value = page.includes("assets/") && !page.includes(own);
    } catch {
        // A server that is away says nothing of its version.
    }
}

export function Stale() {
    useEffect(() => {
        const onShow = () => void (document.visibilityState === "visible" && look());
        document.addEventListener("visibilitychange", onShow);
        const timer = setInterval(look, HOURLY);
        return () => (document.removeEventListener("visibilitychange", onShow), clearInterval(timer));
    }, []);
    return isStale.value ? (
        <p class="banner" role="status">
            {t.value.stale}{" "}
            <button type="button" onClick={() => location.reload()}>
                {t.value.reload}
            </button>
        </p>
    ) : null;
}
