/**
 * What a node says when it has started: who it is, where it listens, which accounts have money, how
 * another node joins. As text for people and as one object for programs.
 */
import { resolve } from "node:path";
import type { Config } from "./config.ts";
import type { DevAccount } from "./devnet.ts";
import { grouped } from "./status-line.ts";

export interface BannerFacts {
  readonly version: string;
  readonly config: Config;
  readonly network: { readonly name: string; readonly origin: string; readonly slotMs: number };
  readonly genesisHash: string;
  /** Undefined unless it went through recoveries: what other operators must see alike. */
  readonly recovered: { readonly networkId: string; readonly from: string } | undefined;
  readonly nodeId: string;
  readonly role: string;
  /** With their keys when the devnet was made just now, else empty. */
  readonly accounts: readonly (DevAccount & { readonly balance: bigint })[];
  readonly accountsFile: string | undefined;
}

const origins: Readonly<Record<string, string>> = {
  folder: "kept in the data folder",
  file: "from the given file",
  peer: "as the peer says: compare its genesis with someone you trust",
  devnet: "new, of your own",
};

export function bannerText(facts: BannerFacts): string {
  const { config, network } = facts;
  const http = config.http === undefined ? "off" : `http://${hostPort(config.http)}`;
  const role =
    facts.role === "validator" ? `validator, slots of ${network.slotMs / 1000} s` : facts.role;
  const rows = [
    ["network", `${network.name} (${origins[network.origin] ?? network.origin})`],
    ["genesis", facts.genesisHash],
    ...(facts.recovered === undefined
      ? []
      : [
          ["RECOVERED", `a hard fork: ${facts.recovered.from}`],
          ["", `network id ${facts.recovered.networkId}`],
        ]),
    ["node id", facts.nodeId],
    ["role", role],
    ["peers", `TCP port ${config.listen}`],
    ["HTTP", http],
    ["data", resolve(config.dataDir)],
  ];
  const lines = [`Windlass ${facts.version}`, ...rows.map(([k, v]) => `  ${k!.padEnd(9)}${v}`)];
  if (facts.accountsFile !== undefined) {
    lines.push("", `Funded accounts, for trying out (keys in ${facts.accountsFile}):`);
    for (const account of facts.accounts) {
      lines.push(
        `  ${account.name.padEnd(9)}${account.address}  balance ${grouped(account.balance)}`,
      );
      lines.push(`           key ${account.seed}`);
    }
  }
  lines.push("", "Another node joins with:", `  ${joinCommand(config.listen)}`, "Ctrl-C ends.");
  return `${lines.join("\n")}\n`;
}

/** One JSON line; secrets stay in their files. */
export function bannerJson(facts: BannerFacts): Record<string, unknown> {
  const { config, network } = facts;
  return {
    type: "started",
    version: facts.version,
    nodeId: facts.nodeId,
    network: network.name,
    genesisHash: facts.genesisHash,
    recovered: facts.recovered ?? null,
    role: facts.role,
    listen: config.listen,
    http: config.http === undefined ? null : hostPort(config.http),
    dataDir: resolve(config.dataDir),
    accountsFile: facts.accountsFile ?? null,
    join: joinCommand(config.listen),
  };
}

function joinCommand(port: number): string {
  // The HTTP port of the joiner, its port + 1000, must exist too.
  const other = port + 1 <= 64535 ? port + 1 : port - 1;
  return `npx tsx bin/node.ts --listen ${other} --connect 127.0.0.1:${port}`;
}

function hostPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
