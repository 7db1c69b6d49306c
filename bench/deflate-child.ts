/** A node as in `sync-child.ts` that counts what it sends; one that serves may deflate nothing. */
import { Deflation } from "../src/peer/deflation.ts";
import { Session } from "../src/peer/session.ts";
import { planOf, tellParent } from "./child.ts";
import type { SyncPlan } from "./sync-child.ts";

export interface DeflatePlan extends SyncPlan {
  readonly plain: boolean;
}

const { take } = Session.prototype;
let bytesSent = 0;
Session.prototype.take = function counted(this: Session, bytesMax) {
  const frame = take.call(this, bytesMax);
  bytesSent += frame?.length ?? 0;
  return frame;
};
process.on("message", (told) => {
  if ((told as { type: string }).type === "use") tellParent({ type: "sent", bytesSent });
});
if (planOf<DeflatePlan>().plain) Deflation.prototype.isDue = () => false;
await import("./sync-child.ts");
