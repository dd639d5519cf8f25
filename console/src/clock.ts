// The present as the server has it: the browser's clock may be wrong by a day.
let ahead = 0;

/** Takes an instant that the server just told, in milliseconds since 1970. */
export function setClock(told: number) {
  ahead = told - Date.now();
}

/** Milliseconds since 1970. */
export const now = () => Date.now() + ahead;
