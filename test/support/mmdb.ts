/**
 * Writes small MaxMind databases (format 2, IPv6 tree, records of 24 bits), so that tests need no
 * file of anybody's. Values are text, numbers below 2^32, and maps of those.
 */
import assert from "node:assert/strict";
import ipaddr from "ipaddr.js";

export type MmdbValue = string | number | { readonly [key: string]: MmdbValue };

interface TreeNode {
  readonly at: [Branch, Branch];
}
type Branch = TreeNode | MmdbLeaf | undefined;
interface MmdbLeaf {
  readonly record: MmdbValue;
}

export function mmdbOf(
  type: string,
  records: Readonly<Record<string, MmdbValue>>,
  format = 2,
): Buffer {
  const root: TreeNode = { at: [undefined, undefined] };
  for (const [range, record] of Object.entries(records)) place(root, range, { record });
  const nodes: TreeNode[] = [root];
  // The list grows while it is walked: all nodes below come behind.
  for (const { at } of nodes) for (const branch of at) if (isNode(branch)) nodes.push(branch);
  const data: Buffer[] = [];
  let dataBytes = 0;
  const tree = Buffer.alloc(nodes.length * 6);
  nodes.forEach(({ at }, i) => {
    at.forEach((branch, side) => {
      let pointer = nodes.length;
      if (isNode(branch)) pointer = nodes.indexOf(branch);
      else if (branch !== undefined) {
        pointer = nodes.length + 16 + dataBytes;
        const bytes = encode(branch.record);
        data.push(bytes);
        dataBytes += bytes.length;
      }
      tree.writeUIntBE(pointer, i * 6 + side * 3, 3);
    });
  });
  const about = encode({
    ...{ binary_format_major_version: format, binary_format_minor_version: 0 },
    ...{ database_type: type, build_epoch: 1_700_000_000, ip_version: 6 },
    ...{ node_count: nodes.length, record_size: 24 },
  });
  const marker = Buffer.concat([Buffer.from("abcdef", "hex"), Buffer.from("MaxMind.com")]);
  return Buffer.concat([tree, Buffer.alloc(16), ...data, marker, about]);
}

function place(root: TreeNode, range: string, leaf: MmdbLeaf): void {
  const [address, length] = ipaddr.parseCIDR(range);
  const isV4 = address.kind() === "ipv4";
  const bytes = [...(isV4 ? new Array<number>(12).fill(0) : []), ...address.toByteArray()];
  const depth = length + (isV4 ? 96 : 0);
  let node = root;
  for (let i = 0; i < depth; i++) {
    const side = ((bytes[i >> 3]! >> (7 - (i & 7))) & 1) as 0 | 1;
    if (i === depth - 1) node.at[side] = leaf;
    else {
      const next = node.at[side];
      const below: TreeNode = isNode(next) ? next : { at: [undefined, undefined] };
      node.at[side] = below;
      node = below;
    }
  }
}

function isNode(branch: Branch): branch is TreeNode {
  return branch !== undefined && "at" in branch;
}

/** Sizes below 29 only. */
function encode(value: MmdbValue): Buffer {
  if (typeof value !== "number") {
    assert.ok((typeof value === "string" ? value : Object.keys(value)).length < 29);
  }
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([(2 << 5) | bytes.length]), bytes]);
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([Buffer.from([(6 << 5) | 4]), bytes]);
  }
  const entries = Object.entries(value);
  const parts = entries.flatMap(([key, each]) => [encode(key), encode(each)]);
  return Buffer.concat([Buffer.from([(7 << 5) | entries.length]), ...parts]);
}
