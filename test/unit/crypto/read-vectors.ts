/** Public test vectors from test/vectors, typed by the caller. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

export function readVectorText(path: string): string {
  const bytes = readFileSync(new URL(`../../vectors/${path}`, import.meta.url));
  return (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
}

export function readVectors<T>(path: string): T {
  return JSON.parse(readVectorText(path)) as T;
}

interface Wycheproof<Group> {
  readonly testGroups: readonly Group[];
}

/** The groups of a Wycheproof file, each with its `tests`. */
export function readWycheproof<Group>(name: string): readonly Group[] {
  return readVectors<Wycheproof<Group>>(`wycheproof/${name}_test.json.gz`).testGroups;
}
