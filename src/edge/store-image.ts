/** The store as found at start, read synchronously; the host preloads what `restore` asks for. */
export interface StoreImage {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Records whose key begins with `prefix`, in key order. */
  range(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]>;
}

/** A store with nothing in it. */
export const emptyImage: StoreImage = {
  get: () => undefined,
  range: () => [],
};
