/** Nominal types over primitives: a `Height` is a number that no other number passes for. */
declare const brand: unique symbol;
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
