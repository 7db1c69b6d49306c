/*
 * Included by slot-ffg.pml and set-change.pml: every tree of B blocks beside genesis, guessed in one
 * step before the first vote, and which of its links would make a block final. No votes here.
 */
#ifndef B
#define B 4
#endif
#define BIT(i) (1 << (i))
#define HAS(mask, i) (((mask) >> (i)) & 1)

/* The tree. Block 0 is genesis; ids rise with slots, so a parent has a smaller id. */
byte parent[B + 1];
byte slot[B + 1];       /* rules compare slots by order and by "next", so gaps of 2 stand for all */
byte source[B + 1];     /* header.justified */
byte ancestors[B + 1];  /* mask, the block itself included */

/* What the votes sent so far make of it, as masks of blocks. */
byte justified = 1;
byte exists = 1;        /* a block exists once the certificate it carries, and its parent, exist */
byte final = 1;

byte who, what, s;            /* the step under way; 0 between steps */
hidden byte i, j, count;      /* scratch inside one d_step */
hidden byte Safety;

/* R-FIN: the link source -> target finalises its source only across adjacent slots. */
#if defined(ANY_LINK)
#define FINALISES(b) true
#elif defined(PARENT_CHILD)
#define FINALISES(b) (parent[b] == source[b])
#else
#define FINALISES(b) (slot[b] == slot[source[b]] + 1)
#endif

/* Do two final blocks conflict? */
inline find_conflict() {
  i = 1; Safety = true;
  do
  :: i <= B ->
     j = i + 1;
     do
     :: j <= B ->
        Safety = Safety && !(HAS(final, i) && HAS(final, j) && !HAS(ancestors[j], i));
        j++
     :: else -> break
     od;
     i++
  :: else -> break
  od
}

/* Every tree of B blocks: slot not below the block before it, any parent in an earlier slot, any
   source from the parent's own source up to the parent. Twins in one slot stand in one order. */
inline guess_tree() {
  what = 1; ancestors[0] = 1;
  do
  :: what <= B ->
     if
     :: what > 1 -> slot[what] = slot[what - 1]
     :: slot[what] = slot[what - 1] + 1
     :: slot[what] = slot[what - 1] + 2   /* a wider gap behaves as this one */
     fi;
     who = (slot[what] == slot[what - 1] -> parent[what - 1] : 0);
     do
     :: slot[who + 1] < slot[what] && who + 1 < what -> who++
     :: break
     od;
     parent[what] = who;
     ancestors[what] = ancestors[who] | BIT(what);
     s = (slot[what] == slot[what - 1] && who == parent[what - 1] -> source[what - 1] : source[who]);
     do
     :: who != s -> who = parent[who]
     :: break
     od;
     source[what] = who;
     printf("block %d: slot %d, parent %d, source %d\n", what, slot[what], parent[what], source[what]);
     what++
  :: else -> break
  od;
  what = 0;
  d_step {
    s = 0; who = 0;
#ifdef FORKS_ONLY  /* skip trees in which no two finals could conflict, whatever the votes */
    i = 1; final = 1;
    do
    :: i <= B -> final = (FINALISES(i) -> final | BIT(source[i]) : final); i++
    :: else -> break
    od;
    find_conflict();
    who = Safety;
#endif
#ifdef ESSENTIAL   /* skip trees with a block that no counterexample needs (README) */
    i = 1; count = B; final = 0;
    do
    :: i <= B ->
       count = (source[i] == 0 || HAS(final, source[i]) -> count : count - 1);
       final = final | BIT(source[i]);
       i++
    :: else -> break
    od;
    who = who || count > 2;
#endif
    final = 1;
    i = 0; j = 0; count = 0
  }
}
