/**
 * HELLO: what one node tells the other inside the handshake, a MsgPack array of 15 fields.
 * The only message that may be longer than we know: later versions append, we read over it. NOT a
 * proof of anything: height and role are claims. Invariant: the first 15 fields are strict.
 * protocol-spec/02-handshake §4.
 */
import { assert } from "../base/assert.ts";
import { copyBytes } from "../base/bytes.ts";
import { wireLimits } from "../params/limits.ts";
import { WireError } from "./errors.ts";
import {
  fixedField,
  hashField,
  namesOf,
  TextField,
  UintField,
  u16Field,
  u32Field,
  u53Field,
} from "./field.ts";
import { type Feature, type Hello, nodeRoleNumbers } from "./messages.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";

const fieldCount = 15;
const version = new UintField(1, 0xffff);
const text = new TextField(wireLimits.agentBytesMax);
const bootId = fixedField(8);
const role = new UintField(1, 0x7f);
const roleNames = namesOf(nodeRoleNumbers);
/** Beside identity and signature. */
const helloBytesMax = wireLimits.handshakePayloadBytesMax - 96;

/** What is in it is copied before the next use. */
const writer = new MsgpackWriter(helloBytesMax);

/** Does it list the feature? protocol-spec/02-handshake §4. */
export function hasFeature(hello: Pick<Hello, "features">, id: number): boolean {
  return hello.features.some((feature) => feature.id === id);
}

/** Memory of its own. */
export function encodeHello(hello: Hello): Uint8Array {
  const fault = faultOf(hello);
  assert(fault === undefined, `a HELLO of ours is legal: ${fault}`);
  const w = writer;
  w.reset(helloBytesMax);
  w.array(fieldCount);
  version.write(w, hello.versionMin);
  version.write(w, hello.versionMax);
  text.write(w, hello.agent);
  bootId.write(w, hello.bootId);
  u32Field.write(w, hello.services);
  role.write(w, nodeRoleNumbers[hello.role]);
  u16Field.write(w, hello.listenPort);
  u53Field.write(w, hello.height);
  hashField.write(w, hello.headHash);
  u53Field.write(w, hello.finalizedHeight);
  hashField.write(w, hello.finalizedHash);
  u53Field.write(w, hello.wallTimeMs);
  text.write(w, hello.seenAddress);
  u32Field.write(w, hello.bulkCredit);
  w.array(hello.features.length);
  for (const feature of hello.features) {
    w.array(2);
    u16Field.write(w, feature.id);
    u16Field.write(w, feature.version);
  }
  assert(w.size <= helloBytesMax, "our HELLO fits into a handshake");
  return copyBytes(w.written(0));
}

/** Bins are views into `bytes`. Throws "bad-hello", whatever is wrong. */
export function decodeHello(bytes: Uint8Array): Hello {
  try {
    return readHello(new MsgpackReader(bytes));
  } catch (error) {
    if (error instanceof WireError) throw new WireError("bad-hello", error.message);
    throw error;
  }
}

function readHello(r: MsgpackReader): Hello {
  const elements = r.array();
  if (elements < fieldCount) throw new WireError("bad-hello", `${elements} elements`);
  const hello: Hello = {
    versionMin: version.read(r),
    versionMax: version.read(r),
    agent: text.read(r),
    bootId: bootId.read(r),
    services: u32Field.read(r),
    role: readRole(r),
    listenPort: u16Field.read(r),
    height: u53Field.read(r),
    headHash: hashField.read(r),
    finalizedHeight: u53Field.read(r),
    finalizedHash: hashField.read(r),
    wallTimeMs: u53Field.read(r),
    seenAddress: text.read(r),
    bulkCredit: u32Field.read(r),
    features: readFeatures(r),
  };
  r.skip(elements - fieldCount);
  r.end();
  const fault = faultOf(hello);
  if (fault !== undefined) throw new WireError("bad-hello", fault);
  return hello;
}

function readRole(r: MsgpackReader): Hello["role"] {
  const name = roleNames[role.read(r)];
  if (name === undefined) throw new WireError("bad-hello", "unknown role");
  return name;
}

function readFeatures(r: MsgpackReader): Feature[] {
  const count = r.array();
  if (count > wireLimits.featuresMax) throw new WireError("bad-hello", `${count} features`);
  const features: Feature[] = [];
  for (let i = 0; i < count; i++) {
    if (r.array() !== 2) throw new WireError("bad-hello", "a feature is [id, version]");
    features.push({ id: u16Field.read(r), version: u16Field.read(r) });
  }
  return features;
}

/** What no single field shows. */
function faultOf(hello: Hello): string | undefined {
  if (hello.versionMin > hello.versionMax) return "an empty range of versions";
  if (hello.features.length > wireLimits.featuresMax) return "too many features";
  let last = -1;
  for (const feature of hello.features) {
    if (feature.id <= last) return "features ascend and are unique";
    last = feature.id;
  }
  return undefined;
}
