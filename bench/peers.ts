/**
 * Programs of others, run in the same run as ours: a folder with their drivers and their installed
 * packages, given by the user. They print JSON lines `{metric, value, unit, params}`. What is not
 * there, or fails, is told and left out.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export interface PeerLine {
  readonly metric: string;
  readonly value: number;
  readonly unit: string;
  readonly params?: { readonly load?: readonly number[]; readonly foreign_cpu?: unknown };
}

export interface Peers {
  /** Undefined: it is not there, or it failed. */
  run(
    program: string,
    args: readonly string[],
    nodeFlags?: readonly string[],
  ): Promise<readonly PeerLine[] | undefined>;
}

const limitMs = 600_000;

export function peersIn(folder: string | undefined): Peers {
  return {
    run: async (program, args, nodeFlags = []) => {
      if (folder === undefined) return undefined;
      if (!existsSync(join(folder, program))) {
        process.stderr.write(`peers: there is no ${program}\n`);
        return undefined;
      }
      const text = await output(folder, [...nodeFlags, program, ...args]);
      const lines = text.split("\n").filter((line) => line.startsWith("{"));
      if (lines.length > 0) return lines.map((line) => JSON.parse(line) as PeerLine);
      process.stderr.write(`peers: ${program} ${args.join(" ")} printed no figures\n`);
      return undefined;
    },
  };
}

/** One of the figures, and the load when it was taken. */
export function peerFigure(lines: readonly PeerLine[] | undefined, metric: string) {
  const line = lines?.find((each) => each.metric === metric);
  if (line === undefined) return undefined;
  const { value, unit, params } = line;
  return { value, unit, loadavg: params?.load, foreignCores: params?.foreign_cpu };
}

function output(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    let errors = "";
    child.stdout.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      errors = (errors + bytes.toString()).slice(-2000);
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    child.on("error", (error) => {
      errors += error.message;
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      if (code !== 0) process.stderr.write(`peers: ${args.join(" ")} failed: ${errors}\n`);
      resolve(text);
    });
  });
}
