/** Seals on though it was convicted: its own node sees no jail. Honest ones must refuse the blocks. */
import type { RegistryView } from "../../chain/state-machine.ts";
import type { Trick } from "./puppet.ts";

export const brazen: Trick = {
  onStart({ insides: { state } }) {
    const registry = state.registry.bind(state);
    let seen = registry();
    let shown: RegistryView = { ...seen, jailed: [] };
    const free = (): RegistryView => {
      const view = registry();
      if (view !== seen) shown = { ...view, jailed: [] };
      seen = view;
      return shown;
    };
    Object.defineProperty(state, "registry", { value: free });
    Object.defineProperty(state, "isSealerJailed", { value: () => false });
  },
};
