// What people call teams and colleagues; where they may not be looked up, their ids.
import { computed, signal } from "@preact/signals";
import { DirectoryService, type StaffMember } from "../gen/rapport/v1/directory_pb.ts";
import { client, may } from "./session.ts";

const teams = signal(new Map<string, string>());
/** All teams, by what they are called. */
export const teamIds = computed(() =>
  [...teams.value].sort(([, one], [, other]) => one.localeCompare(other)).map(([id]) => id),
);
export const people = signal(new Map<string, StaffMember>());

export async function loadNames() {
  const directory = client(DirectoryService);
  const all = async <T>(page: (token: string) => Promise<{ items: T[]; next: string }>) => {
    const found: T[] = [];
    for (let token = "", first = true; first || token; first = false) {
      const { items, next } = await page(token);
      found.push(...items);
      token = next;
    }
    return found;
  };
  const loadTeams = async () => {
    if (!may(DirectoryService.method.listTeams)) return;
    const found = await all(async (pageToken) => {
      const answer = await directory.listTeams({ pageSize: 1000, pageToken });
      return { items: answer.teams, next: answer.nextPageToken };
    });
    teams.value = new Map(found.map((one) => [one.teamId, one.displayName || one.teamId]));
  };
  const loadPeople = async () => {
    if (!may(DirectoryService.method.listStaffMembers)) return;
    const found = await all(async (pageToken) => {
      const answer = await directory.listStaffMembers({ pageSize: 1000, pageToken });
      return { items: answer.staffMembers, next: answer.nextPageToken };
    });
    people.value = new Map(found.map((one) => [one.staffId, one]));
  };
  await Promise.all([loadTeams(), loadPeople()]);
}

export const teamName = (id: string) => teams.value.get(id) ?? id;
export const personName = (id: string) => people.value.get(id)?.displayName || id;
