// What somebody arrives with behind `#`: a one-time link, or why the identity provider's way ended. Read before anything else reads the
// address, and taken out of it.
const ARRIVING = /^#(link|refused)=(.+)$/;

const [, kind, value = ""] = ARRIVING.exec(location.hash) ?? [];
if (kind) history.replaceState(null, "", `${location.pathname}${location.search}#/`);

/** A link that is pasted into a tab of the console begins anew. */
addEventListener("hashchange", () => ARRIVING.test(location.hash) && location.reload());

export const arrival = { link: kind === "link" ? value : "", refused: kind === "refused" ? value : undefined };
