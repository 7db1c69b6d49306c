/** One option of `bin/node.ts`, as the tables of options.ts and access-options.ts describe it. */
export interface OptionSpec {
  /** `--name`; in the environment WINDLASS_NAME with underscores. */
  readonly name: string;
  /** A `list` may be given several times, or comma-separated in the environment. */
  readonly kind: "text" | "list" | "flag";
  readonly argument?: string;
  readonly says: string;
  /** The default in words. */
  readonly otherwise: string;
  /** For `.env.example`. */
  readonly example: string;
}
