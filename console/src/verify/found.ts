// What a check comes to.

/** Something that does not agree: the part of the record, and what is wrong with it. */
export interface Failure {
  where: string;
  what: string;
}

export interface Report {
  /** What was checked and agrees. */
  checked: string[];
  /** What this record gives no means to check. */
  unchecked: string[];
  /** In the order of the record. */
  failures: Failure[];
}

/** Failures of one subject. */
export class Found {
  readonly all: Failure[] = [];

  add(where: string, what: string): void {
    this.all.push({ where, what });
  }

  /** Two things that should be equal. */
  same<T extends string | bigint | number | boolean>(where: string, name: string, told: T, follows: T): void {
    if (told !== follows) this.add(where, `${name} is ${told}, but ${follows} follows`);
  }
}

/** A report on its way: `onSubject` is told what is looked at next. */
export class Checks {
  readonly report: Report = { checked: [], unchecked: [], failures: [] };

  constructor(private readonly onSubject: (subject: string) => void) {}

  check<T>(subject: string, check: (found: Found) => T): T {
    this.onSubject(subject);
    const found = new Found();
    const answer = check(found);
    if (found.all.length === 0) this.report.checked.push(subject);
    this.report.failures.push(...found.all);
    return answer;
  }

  cannot(subject: string): void {
    this.report.unchecked.push(subject);
  }
}
