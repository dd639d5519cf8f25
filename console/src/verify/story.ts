// A competition as its record tells it.
import type { Entry } from "./dealing.ts";
import { Seed, sha256 } from "./draw.ts";
import type { Body, BodyOf, Manifest, Placing } from "./record.ts";
import { hash, utf8 } from "./text.ts";

export type Closed = BodyOf<"CLOSED"> & { number: bigint };

/** What became of the result. */
export interface Change {
  number: bigint;
  /** Teams that lost their places; absent: a provisional result was taken for good. */
  teams?: string[];
  result: Placing[];
}

export interface Story {
  manifest: Manifest;
  entries: Entry[];
  closed?: Closed;
  changes: Change[];
  /** With the revision's number. */
  secret?: { number: bigint; text: string };
  seed?: Seed;
}

/** The bodies of a record with the numbers of their revisions. */
export type Bodies = { number: bigint; body: Body }[];

export function storyOf(manifest: Manifest, text: string, bodies: Bodies): Story {
  const entries = manifest.entries.map(({ id, team }) => ({ id, team }));
  const story: Story = { manifest, entries, changes: [] };
  let publicDraw = "";
  for (const { number, body } of bodies) {
    switch (body.kind) {
      case "OPENED":
        publicDraw = body.public_draw;
        break;
      case "CLOSED":
        story.closed = { ...body, number };
        break;
      case "DISQUALIFIED":
        story.changes.push({ number, teams: body.teams, result: body.result });
        break;
      case "ACCEPTED":
        story.changes.push({ number, result: body.result });
        break;
      case "FINAL":
        story.secret = { number, text: body.secret };
        break;
      case "EXTENDED":
        break;
    }
  }
  const secret = story.secret && hash(story.secret.text);
  if (secret) story.seed = Seed.of(secret, sha256(utf8(text)), publicDraw);
  return story;
}
