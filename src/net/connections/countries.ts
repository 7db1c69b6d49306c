/**
 * Of which countries full outbound peers are, when the operator gave a table: so that no one
 * country's lines are all that we hear by. A preference and no more: where nobody else is known,
 * or answers, a crowded country is dialled all the same. NOT netgroups (net/addresses/netgroup.ts),
 * which no two outbound peers share. protocol-spec/09-connections §2
 */
import { type Endpoint, endpointOf } from "../addresses/endpoint.ts";
import type { CountryOf } from "../addresses/netgroup.ts";
import type { Connection, ConnectionTable } from "./connection-table.ts";
import type { Slots } from "./slots.ts";

export class Countries {
  private readonly table: ConnectionTable;
  private readonly slots: Slots;
  private readonly countryOf: CountryOf | undefined;

  constructor(table: ConnectionTable, slots: Slots, countryOf: CountryOf | undefined) {
    this.table = table;
    this.slots = slots;
    this.countryOf = countryOf;
  }

  /** Undefined when every country may have one more; else whether an address is in one that may not. */
  crowded(): ((at: Endpoint) => boolean) | undefined {
    const { countryOf, slots, table } = this;
    if (countryOf === undefined) return undefined;
    const held = new Map<string, number>();
    const full = new Set<string>();
    const most = Math.max(1, Math.floor(slots.fullMax / 2));
    for (const connection of table.outboundValues()) {
      const kind = connection.target?.kind;
      const ip = kind === "full" || kind === "manual" ? ipOf(connection) : undefined;
      const country = ip === undefined ? undefined : countryOf(ip);
      if (country === undefined) continue;
      const count = (held.get(country) ?? 0) + 1;
      held.set(country, count);
      if (count >= most) full.add(country);
    }
    if (full.size === 0) return undefined;
    return ({ ip }) => {
      const country = countryOf(ip);
      return country !== undefined && full.has(country);
    };
  }
}

function ipOf(connection: Connection): string | undefined {
  if (connection.type !== "dialling") return connection.endpoint?.ip;
  return endpointOf(connection.target.address)?.ip;
}
