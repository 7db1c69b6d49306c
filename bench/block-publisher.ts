/**
 * Makes one node of a virtual network the publisher of a block: a validator for as long as it takes
 * to hand over a block that was sealed elsewhere. From there on it is the node's own block: it is
 * executed and written to disk, and only then given to peers. Looks into private parts, as the
 * simulator does. NOT a validator that seals or votes.
 */
import { commandJob } from "../src/edge/conn.ts";
import { decodeSealedHeader } from "../src/model/header.ts";
import type { Validator } from "../src/node/validator.ts";
import { insidesOf } from "../src/sim/insides.ts";
import type { VirtualNode } from "./virtual-node.ts";
import type { MadeSlot } from "./vote-maker.ts";

type Asked = Pick<
  Validator,
  "deadline" | "tick" | "onDurable" | "onSigned" | "onHeader" | "onVote"
>;

const idle: Omit<Asked, "onSigned"> = {
  deadline: Number.POSITIVE_INFINITY,
  tick: () => [],
  onDurable: () => undefined,
  onHeader: () => undefined,
  onVote: () => undefined,
};

/** As if the seal had come back from the signer of `by`. */
export function publishAsOwn(
  by: VirtualNode,
  made: Pick<MadeSlot, "hash" | "header" | "body">,
): void {
  const sealed = decodeSealedHeader(made.header);
  if ("code" in sealed) throw new Error(sealed.detail);
  const owner = by.node as unknown as { validator: Asked | undefined };
  const { chain } = insidesOf(by.node);
  owner.validator = {
    ...idle,
    onSigned: () => chain.importBlock(sealed, made.body, undefined),
  };
  by.step({ type: "signed", job: commandJob(0), signature: sealed.seal });
  owner.validator = undefined;
}
