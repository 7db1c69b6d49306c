/** Databases of autonomous systems and countries, as the operator gives them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { HostError } from "../../../src/host/host-error.ts";
import { asnOfFile, countryOfFile } from "../../../src/host/network-tables.ts";
import { endpointOf } from "../../../src/net/addresses/endpoint.ts";
import { netgroupOf } from "../../../src/net/addresses/netgroup.ts";
import { mmdbOf } from "../../support/mmdb.ts";
import { inFolder } from "./temporary-folder.ts";

const asns = mmdbOf("GeoLite2-ASN", {
  "8.8.0.0/16": { autonomous_system_number: 15_169 },
  "9.9.0.0/16": { autonomous_system_number: 15_169 },
  "7.0.0.0/8": { asn: "AS64500" },
  "6.0.0.0/8": { autonomous_system_number: "many" },
  "2a00:1450::/32": { autonomous_system_number: 15_169 },
});
const countries = mmdbOf("DBIP-Country-Lite", {
  "8.8.0.0/16": { country: { iso_code: "US" } },
  "9.9.0.0/16": { country_code: "CH" },
  "7.0.0.0/8": { country: { iso_code: "<script>" } },
});

test("addresses of one autonomous system are one netgroup, whatever their prefix", () =>
  inFolder((folder) => {
    const fileOf = filesIn(folder);
    const asnOf = asnOfFile(fileOf(asns));
    const groupOf = (address: string) => {
      const at = endpointOf(address);
      assert.ok(at !== undefined);
      return netgroupOf(at, asnOf);
    };
    assert.equal(groupOf("8.8.4.4:5000"), "as15169");
    assert.equal(groupOf("9.9.9.9:5000"), "as15169");
    assert.equal(groupOf("[2a00:1450::1]:5000"), "as15169");
    assert.equal(groupOf("7.1.1.1:5000"), "as64500");
    assert.equal(groupOf("6.1.1.1:5000"), "6.1");
    assert.equal(groupOf("5.1.1.1:5000"), "5.1");
    assert.equal(groupOf("127.0.0.1:5000"), "local");
  }));

test("countries are two capital letters, and nothing else of a file is believed", () =>
  inFolder((folder) => {
    const fileOf = filesIn(folder);
    const countryOf = countryOfFile(fileOf(countries));
    const found = ["8.8.1.1", "9.9.1.1", "7.1.1.1", "1.1.1.1", "2a00::1"].map(countryOf);
    assert.deepEqual(found, ["US", "CH", undefined, undefined, undefined]);
    assert.equal(countryOf("8.8.1.1"), "US");
  }));

test("a file that is missing, none, cut short or of another kind says what was expected and what came", () =>
  inFolder((folder) => {
    const fileOf = filesIn(folder);
    const refused = (run: () => unknown, found: RegExp, mend: RegExp) =>
      assert.throws(run, (error) => {
        assert.ok(error instanceof HostError);
        assert.equal(error.code, "usage");
        assert.match(error.message, found);
        assert.match(error.mend, mend);
        return true;
      });
    refused(() => asnOfFile("/nowhere/a.mmdb"), /there is no such file/, /--asn-db/);
    const none = fileOf(Buffer.from("<html>404</html>"));
    refused(() => asnOfFile(none), /expected: a MaxMind DB file[\s\S]*got: 16 bytes/, /download/);
    const empty = fileOf(Buffer.alloc(0));
    refused(() => countryOfFile(empty), /got: 0 bytes/, /download/);
    const cut = fileOf(asns.subarray(asns.indexOf("MaxMind.com") - 3));
    refused(() => asnOfFile(cut), /damaged or cut short/, /download/);
    const other = fileOf(countries);
    refused(() => asnOfFile(other), /another kind, "DBIP-Country-Lite"/, /ASN/);
    const swapped = fileOf(asns);
    refused(() => countryOfFile(swapped), /another kind, "GeoLite2-ASN"/, /Country/);
    const old = fileOf(mmdbOf("GeoLite2-ASN", { "8.0.0.0/8": 1 }, 1));
    refused(() => asnOfFile(old), /format 1/, /download/);
  }));

test("a lookup never throws, whatever byte of the file is damaged", () =>
  inFolder((folder) => {
    const fileOf = filesIn(folder);
    const bytes = Buffer.from(asns);
    for (let i = 0; i < bytes.length; i += 3) {
      const damaged = Buffer.from(bytes);
      damaged[i] = damaged[i]! ^ 0xff;
      const path = fileOf(damaged);
      let asnOf: ReturnType<typeof asnOfFile>;
      try {
        asnOf = asnOfFile(path);
      } catch (error) {
        assert.ok(error instanceof HostError);
        continue;
      }
      for (const ip of ["8.8.4.4", "7.1.1.1", "2a00:1450::1"]) {
        assert.match(asnOf(ip) ?? "as1", /^as[1-9][0-9]*$/);
      }
    }
  }));

/** Each under a name of its own. */
function filesIn(folder: string): (bytes: Uint8Array) => string {
  let count = 0;
  return (bytes) => {
    const path = join(folder, `${count++}.mmdb`);
    writeFileSync(path, bytes);
    return path;
  };
}
