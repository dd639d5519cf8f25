// Checks a record from itself alone, as `rapport verify` does and with the same words: crates/vote/src/verify.rs, and
// crates/vote/tests/vectors holds both to the same findings.
import { audit } from "./audit.ts";
import { chain, signatures, type Pinned } from "./chain.ts";
import { Checks, type Report } from "./found.ts";
import { OPENING, bodiesOf, kinds, opening, times } from "./opening.ts";
import type { Record_ } from "./record.ts";
import { lastRound, results, seed } from "./results.ts";
import { storyOf } from "./story.ts";

export function verify(record: Record_, pinned: Pinned, onSubject: (subject: string) => void = () => {}): Report {
  const checks = new Checks(onSubject);
  checks.check("the revisions are a chain: none missing, moved or altered", (found) => chain(record, found));
  checks.check("every revision is signed", (found) => signatures(record, pinned, found));
  if (pinned.size === 0) {
    checks.cannot("whose keys signed: compare their ids and public keys with known ones, or give --key");
  }
  const bodies = checks.check("every revision is of a known kind, in an order that can be", (found) => {
    const bodies = bodiesOf(record, found);
    kinds(bodies, found);
    return bodies;
  });
  const text = record.manifest;
  if (text === null) {
    checks.check("the manifest is kept back until the close", (found) => {
      if (!bodies.every(({ body }) => body.kind === "OPENED")) found.add(OPENING, "it is missing");
    });
    checks.cannot("the manifest: it tells the teams of entries, which are hidden while voting is open");
    return checks.report;
  }
  const manifest = checks.check("the manifest is the one whose hash was signed at the opening", (found) =>
    opening(record, text, bodies, found),
  );
  if (!manifest) return checks.report;
  checks.check("opening, close, disputes and end keep their deadlines", (found) => times(manifest, bodies, found));
  const story = storyOf(manifest, text, bodies);
  const { closed } = story;
  if (closed) {
    checks.check("results name the manifest's entries, and places and prizes follow from scores and lots", (found) =>
      results(story, closed, found),
    );
    if (manifest.rules.tally === "PAIRWISE_CONSENSUS" || closed.ballots_hash !== null) {
      checks.check("strengths follow from what judge teams said in the last round", (found) =>
        lastRound(story, closed, found),
      );
    }
  } else checks.cannot("the result: voting has not closed");
  if (story.secret) {
    checks.check("the seed was committed to at the opening, and lots follow from it", (found) =>
      seed(story, closed, found),
    );
  } else checks.cannot("lots: the secret behind the draw is told when the result is final");
  if (record.auditor && closed) audit(story, closed, record.auditor, checks);
  else if (record.auditor) {
    checks.check("sums are told after the close only", (found) =>
      found.add("auditor's sums", "they must not be there before the close"),
    );
  } else checks.cannot("scores, intervals and dealing: they take the auditor's record");
  return checks.report;
}
