/** What happened, as the host or the simulator tells the core. */
import type { Conn, Job, Ticket } from "./conn.ts";

export type Input =
  /** The first input, once. */
  | { readonly type: "started" }
  /** TCP is up. `address` is the remote `ip:port` ([ip]:port for IPv6). */
  | {
      readonly type: "connected";
      readonly conn: Conn;
      readonly inbound: boolean;
      readonly address: string;
    }
  | { readonly type: "dial-failed"; readonly conn: Conn; readonly reason: string }
  /** Borrowed for the step: whatever is kept is copied. */
  | { readonly type: "bytes"; readonly conn: Conn; readonly bytes: Uint8Array }
  /** What `take` gave is with the kernel; more may be taken. */
  | { readonly type: "room"; readonly conn: Conn }
  | { readonly type: "closed"; readonly conn: Conn; readonly reason: string }
  /** Index of the first transaction or header with a bad signature; -1 none, -2 the certificate's. */
  | { readonly type: "verified"; readonly job: Job; readonly firstBad: number }
  | {
      readonly type: "loaded";
      readonly job: Job;
      readonly values: readonly (Uint8Array | undefined)[];
    }
  /** Everything up to and including this ticket survives a power cut. */
  | { readonly type: "persisted"; readonly through: Ticket }
  /** `signature` is undefined when the signer refused; `reason` says why. */
  | {
      readonly type: "signed";
      readonly job: Job;
      readonly signature: Uint8Array | undefined;
      readonly reason?: string;
    }
  | { readonly type: "command"; readonly job: Job; readonly command: Command }
  | { readonly type: "tick" };

/** What an operator or a client asks; answered by an `answer` effect with the same job. */
export type Command =
  /** The bytes of a signed transaction (05-objects §2). */
  | { readonly type: "submit-transaction"; readonly bytes: Uint8Array }
  /** Dial and keep `host:port`. */
  | { readonly type: "connect"; readonly address: string }
  | { readonly type: "disconnect"; readonly conn: Conn }
  /** Turn away an address, a range or an identity (09-connections §8); undefined: until lifted. */
  | {
      readonly type: "ban";
      readonly subject: string;
      readonly reason: string;
      readonly forMs: number | undefined;
    }
  | { readonly type: "lift-ban"; readonly subject: string }
  /** Say goodbye to every peer and persist what is pending; then nothing more is done. */
  | { readonly type: "shutdown" };
