// Rapport from pages and from Node: `rapport` makes any transport renew its token, repeat what may be repeated and
// throw RapportError; `watch` reads any Watch method and goes on after a cut. Messages and services are in
// rapport-client/v1/...
export { RapportError, type FieldViolation } from "./error.js";
export { rapport, type RapportOptions } from "./rapport.js";
export type { TokenFunction } from "./token.js";
export { watch, type WatchOptions } from "./watch.js";
