/** Payloads that must be refused, each broken in one way. `messages.ts` gives them their codes. */

const nonce = "c4080001020304050607";

/** A `peers` message of one entry, its fields in hex. */
function peersOf(fields: {
  readonly port?: string;
  readonly owner?: string;
  readonly seen?: string;
  readonly signed?: string;
  readonly signature?: string;
}): string {
  const { port = "10e1", owner = "01".repeat(32), seen = `000f${"01".repeat(6)}` } = fields;
  const { signed = `000f${"01".repeat(6)}`, signature = "01".repeat(64) } = fields;
  return `919206c486${"01".repeat(16)}${port}${owner}00000001${seen}${signed}${signature}`;
}

/** A `compact_block` of no transactions, its fields in hex. */
function compactOf(fields: {
  readonly certificate?: string;
  readonly salt?: string;
  readonly shortIds?: string;
  readonly prefilled?: string;
}): string {
  const { certificate = "c400", salt = `c408${"00".repeat(8)}` } = fields;
  const { shortIds = "c400", prefilled = "c400" } = fields;
  return `919614c501a4${"00".repeat(420)}${certificate}${salt}${shortIds}${prefilled}`;
}

/** A `verified`, its fields in hex. */
function verifiedOf(fields: {
  readonly hash?: string;
  readonly mode?: string;
  readonly since?: string;
}): string {
  const { hash = `c420${"00".repeat(32)}`, mode = "00", since = "00" } = fields;
  return `9198190000${hash}00c420${"00".repeat(32)}${mode}${since}`;
}

/** Payloads in hex, each broken in one way. */
export const broken: readonly (readonly [string, string])[] = [
  ["no bytes", ""],
  ["no messages", "90"],
  ["a map outside", "80"],
  ["a number outside", "05"],
  ["a message that is no array", "9105"],
  ["an empty message", "9190"],
  ["65,535 messages promised", "dcffff920501"],
  ["4,294,967,295 messages promised", "ddffffffff920501"],
  ["type 0", "91920001"],
  ["type 26", "91921a01"],
  ["type 127", "91927f01"],
  ["type 2^53", "9192cf002000000000000001"],
  ["type -1", "9192d0ff01"],
  ["type as negative fixint", "9192ff01"],
  ["type as str", "9192a10501"],
  ["type as float", "9192ca40a0000001"],
  ["type nil", "9192c001"],
  ["type false", "9192c201"],
  ["an element too many", "9193050101"],
  ["an element too few", "919105"],
  ["count 0", "91920500"],
  ["count 65", "91920541"],
  ["count as float", "919205ca3f800000"],
  ["count as double", "919205cb3ff0000000000000"],
  ["count as str", "919205a131"],
  ["count as bin", "919205c40101"],
  ["count nil", "919205c0"],
  ["count true", "919205c3"],
  ["count a map", "91920580"],
  ["count an ext", "919205d40100"],
  ["count ext8", "919205c7010100"],
  ["count a timestamp", "919205d6ff00000000"],
  ["count never-used c1", "919205c1"],
  ["count map16", "919205de0000"],
  ["count map32", "919205df00000000"],
  ["count -1", "919205d0ff"],
  ["count -1 as fixint", "919205ff"],
  ["count 2^63", "919205cf8000000000000000"],
  ["cut in an integer", "919205cd00"],
  ["cut after the type", "919205"],
  ["a trailing byte", "91920501c0"],
  ["a second value", "9192050191920501"],
  ["nonce of 7 bytes", "919301c4070001020304050600"],
  ["nonce as str", "919301a8000102030405060700"],
  ["nonce as array", "919301980001020304050607 00".replace(" ", "")],
  ["time 2^53", `919301${nonce}cf0020000000000000`],
  ["time negative", `919301${nonce}d3ffffffffffffffff`],
  ["disconnect code 0", "91930300a0"],
  ["disconnect code 10", "9193030aa0"],
  ["disconnect text of 129 bytes", `91930301d981${"61".repeat(129)}`],
  ["disconnect text with a line feed", "91930301a10a"],
  ["disconnect text not ASCII", "91930301a2c3a9"],
  ["disconnect text with an escape", "91930301a11b"],
  ["peers of 133 bytes", `919206c485${"01".repeat(133)}`],
  ["peers with port 0", peersOf({ port: "0000" })],
  ["peers last seen 2^53", peersOf({ seen: "0020000000000000" })],
  ["peers signed at 2^53", peersOf({ signed: "0020000000000000" })],
  ["peers signed at no time", peersOf({ signed: "00".repeat(8) })],
  ["peers of a time without a signature", peersOf({ signature: "00".repeat(64) })],
  ["peers signed by nobody", peersOf({ owner: "00".repeat(32) })],
  ["peers of 65 entries", `919206c52206${"01".repeat(8_710)}`],
  ["inv of no items", "919207c400"],
  ["inv of 34 bytes", `919207c422${"01".repeat(34)}`],
  ["inv of kind 3", `919207c42103${"00".repeat(32)}`],
  ["inv of kind 0", `919207c42100${"00".repeat(32)}`],
  ["locator empty", `91950a00c400c420${"00".repeat(32)}01`],
  ["locator of 33 bytes", `91950a00c421${"00".repeat(33)}c420${"00".repeat(32)}01`],
  ["stop of 31 bytes", `91950a00c420${"00".repeat(32)}c41f${"00".repeat(31)}01`],
  ["513 headers asked", `91950a00c420${"00".repeat(32)}c420${"00".repeat(32)}cd0201`],
  ["request 2^32", `91950acf0000000100000000c420${"00".repeat(32)}c420${"00".repeat(32)}01`],
  ["headers of 421 bytes", `91930b00c501a5${"00".repeat(421)}`],
  ["no blocks asked", "91930c00c400"],
  ["129 blocks asked", `91930c00c51020${"00".repeat(4_128)}`],
  ["body of 3 bytes", `91940d00c420${"00".repeat(32)}c403000000`],
  ["body false", `91940d00c420${"00".repeat(32)}c2`],
  ["header of 419 bytes", `91930ec501a3${"00".repeat(419)}c40400000000`],
  ["transaction of 167 bytes", `91920fc4a7${"00".repeat(167)}`],
  ["vote of 175 bytes", `919210c4af${"00".repeat(175)}`],
  ["vote of 177 bytes", `919210c4b1${"00".repeat(177)}`],
  ["vote nil", "919210c0"],
  ["vote as str", `919210d9b0${"61".repeat(176)}`],
  ["a vote and a number", `919310c4b0${"00".repeat(176)}00`],
  ["certificate of 178 bytes", `919211c4b2${"00".repeat(178)}`],
  ["certificate empty", "919211c400"],
  ["evidence of 324 bytes", `919212c50144${"00".repeat(324)}`],
  ["evidence of 878 bytes", `919212c5036e${"00".repeat(878)}`],
  ["get_data of kind 4", `919208c42104${"00".repeat(32)}`],
  ["salt of 7 bytes", compactOf({ salt: `c407${"00".repeat(7)}` })],
  ["short ids of 7 bytes", compactOf({ shortIds: `c407${"00".repeat(7)}` })],
  ["certificate of 8,323 bytes", compactOf({ certificate: `c52083${"00".repeat(8_323)}` })],
  ["prefilled cut in an index", compactOf({ prefilled: "c40100" })],
  ["prefilled cut in a transaction", compactOf({ prefilled: `c4a90000${"00".repeat(167)}` })],
  ["prefilled index 10,000", compactOf({ prefilled: `c4aa2710${"00".repeat(168)}` })],
  ["prefilled twice", compactOf({ prefilled: `c50154${`0001${"00".repeat(168)}`.repeat(2)}` })],
  [
    "prefilled of a length beyond it",
    compactOf({ prefilled: `c4aa0000${"00".repeat(103)}01${"00".repeat(64)}` }),
  ],
  ["no transactions asked", `919315c420${"00".repeat(32)}c400`],
  ["transactions of 3 bytes asked", `919315c420${"00".repeat(32)}c403000000`],
  ["transactions asked twice", `919315c420${"00".repeat(32)}c40400010001`],
  ["transactions asked backwards", `919315c420${"00".repeat(32)}c40400020001`],
  ["transaction 10,000 asked", `919315c420${"00".repeat(32)}c4022710`],
  ["block_txs of 167 bytes", `919316c420${"00".repeat(32)}c4a7${"00".repeat(167)}`],
  ["push 1", "91921701"],
  ["push nil", "919217c0"],
  ["verified asked with 2^32", "919218cf0000000100000000"],
  ["verified asked with nothing", "919118"],
  ["mode 2", verifiedOf({ mode: "02" })],
  ["mode true", verifiedOf({ mode: "c3" })],
  ["verified at 2^53", verifiedOf({ since: "cf0020000000000000" })],
  ["verified a hash of 31 bytes", verifiedOf({ hash: `c41f${"00".repeat(31)}` })],
];

/** Broken payloads too long to be written down: `prefix`, then `unit` many times. */
export const longBroken: readonly (readonly [string, string, string, number])[] = [
  ["6,000 bytes of nested arrays", "", "dcffff", 2_000],
  ["more messages than a payload may have", "dc4001", "920501", 16_385],
  ["inv of 1,025 items", "919207c58421", `02${"00".repeat(32)}`, 1_025],
  ["a transaction of 65,537 bytes", "91920fc600010001", "00", 65_537],
  ["a certificate of 8,323 bytes", "919211c52083", "00", 8_323],
  ["a body of 1,048,577 bytes", `91940d00c420${"00".repeat(32)}c600100001`, "00", 1_048_577],
];
