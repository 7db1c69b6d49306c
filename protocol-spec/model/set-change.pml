/*
 * Validator-set changes (R-SET) over the votes of slot-ffg.pml, without its crashes: two changes
 * wait in the queue, the first since genesis; each becomes active in the block whose chain shows,
 * by the certificates it carries, that the block which queued it is final; then the next is queued.
 *
 * Validator 0 is Byzantine (f = 1) and has voted for everything; 1 to 5 are honest and vote for what
 * their membership lets them. SET0 -> SET1 -> SET2 are masks of members. One -D per mutant.
 */
#if defined(TWO_AT_ONCE)     /* mutant: 2 and 3 leave, 4 and 5 come */
#define SET0 15
#define SET1 51
#define SET2 51
#elif defined(REMOVING)      /* 6, 5, 4 members */
#define SET0 63
#define SET1 31
#define SET2 15
#else                        /* 4, 5, 6 members */
#define SET0 15
#define SET1 31
#define SET2 63
#endif
#define SET(k) ((k) == 0 -> SET0 : ((k) == 1 -> SET1 : SET2))
#define VALIDATORS 6
#include "tree.pml"

#define VOTED(m, v, b) (HAS(m, v) && HAS(vote[v], b))
#define SIZE(m) (HAS(m, 0) + HAS(m, 1) + HAS(m, 2) + HAS(m, 3) + HAS(m, 4) + HAS(m, 5))
#define QUORATE(b, m) (3 * (VOTED(m, 0, b) + VOTED(m, 1, b) + VOTED(m, 2, b) + VOTED(m, 3, b) \
                            + VOTED(m, 4, b) + VOTED(m, 5, b)) >= 2 * SIZE(m))

byte vote[VALIDATORS];   /* votes in the world, as masks of targets */
byte memS[VALIDATORS];
byte memT[VALIDATORS];

byte before[B + 1];      /* changes active in V(b), which votes for b */
byte after[B + 1];       /* changes active in N(b), in charge of the children of b */
byte queuedAt[B + 1];    /* the block on b's chain that queued the change now waiting */
byte shown[B + 1];       /* 1 + the block that b's chain shows final by its certificates; 0 none */

hidden byte NoChange;

/* What each block's own chain says of the set; nothing here depends on who has seen what. */
inline derive_sets() {
  i = 1;
  do
  :: i <= B ->
     j = source[i];
     before[i] = after[parent[i]];
     queuedAt[i] = queuedAt[parent[i]];
     shown[i] = (j != source[parent[i]] && FINALISES(j) -> source[j] + 1 : shown[parent[i]]);
#ifdef UNGATED     /* mutant: active as soon as it is queued */
     after[i] = (before[i] < 2 -> before[i] + 1 : 2);
#else
     if
     :: before[i] < 2 && shown[i] > 0 && HAS(ancestors[shown[i] - 1], queuedAt[i]) ->
        after[i] = before[i] + 1; queuedAt[i] = i
     :: else -> after[i] = before[i]
     fi;
#endif
     i++
  :: else -> break
  od
}

/* Mutant LOCAL_FINALITY: a change is active for whoever has seen votes that make the block final
   which queued it (genesis; then the first block of the chain); another node may not have seen them. */
#ifdef LOCAL_FINALITY
byte seen;               /* 1 once votes make genesis final */
#define FIRST_FINAL(b) (seen && ((HAS(ancestors[b], 1) && HAS(final, 1)) || (HAS(ancestors[b], 2) && parent[2] == 0 && HAS(final, 2))))
#define QUORUM(b) (QUORATE(b, SET0) || (seen && QUORATE(b, SET1)) \
                   || (FIRST_FINAL(b) && QUORATE(b, SET2)))
#define MEMBER(v, b) (HAS(SET0, v) || (seen && HAS(SET1, v)) || (FIRST_FINAL(b) && HAS(SET2, v)))
#else
#define QUORUM(b) QUORATE(b, SET(before[b]))
#define MEMBER(v, b) HAS(SET(before[b]), v)
#endif

/* All masks only grow, so counting on from the last result is the same as counting anew. */
inline count_votes() {
  i = 1;
  do
  :: i <= B ->
     if
     :: HAS(exists, parent[i]) && HAS(justified, source[i]) ->
        exists = exists | BIT(i);
        if
        :: QUORUM(i) ->
           justified = justified | BIT(i);
           final = (FINALISES(i) -> final | BIT(source[i]) : final);
#ifdef LOCAL_FINALITY
           seen = (FINALISES(i) && source[i] == 0 -> 1 : seen);
#endif
        :: else
        fi
     :: else
     fi;
     i++
  :: else -> break
  od
}

/* Validators that come and go together are alike, so only one order of them is kept. */
#define ALIKE(a, b) (HAS(SET0, a) == HAS(SET0, b) && HAS(SET1, a) == HAS(SET1, b) && HAS(SET2, a) == HAS(SET2, b))
#define EXCHANGE(field) count = field[i]; field[i] = field[i + 1]; field[i + 1] = count
inline order_pair() {
  if
  :: ALIKE(i, i + 1) && (vote[i] << 8 | memS[i] << 4 | memT[i]) > (vote[i + 1] << 8 | memS[i + 1] << 4 | memT[i + 1]) ->
     EXCHANGE(vote); EXCHANGE(memS); EXCHANGE(memT)
  :: else
  fi
}
inline order_validators() {
  i = 1;
  do
  :: i < VALIDATORS - 1 -> order_pair(); i++
  :: else -> break
  od;
  do
  :: i > 1 -> i--; order_pair()
  :: else -> break
  od
}

/* Is there a block whose voters are a changed set? Without one, slot-ffg.pml has said it all. */
inline skip_unchanged() {
#ifdef SETS_USED
  i = 1; count = 0;
  do
  :: i <= B -> count = count + before[i]; i++
  :: else -> break
  od;
  who = who || count == 0
#else
  skip
#endif
}

#define VOTE(v, b) :: HAS(exists, b) && MEMBER(v, b) && slot[b] > memT[v] && slot[source[b]] >= memS[v] -> \
                      who = v; what = b
#if B == 4
#define ROW(v) VOTE(v, 1) VOTE(v, 2) VOTE(v, 3) VOTE(v, 4)
#elif B == 5
#define ROW(v) VOTE(v, 1) VOTE(v, 2) VOTE(v, 3) VOTE(v, 4) VOTE(v, 5)
#elif B == 6
#define ROW(v) VOTE(v, 1) VOTE(v, 2) VOTE(v, 3) VOTE(v, 4) VOTE(v, 5) VOTE(v, 6)
#endif

init {
  atomic {
    guess_tree();
    d_step {
      derive_sets();
      skip_unchanged();
      vote[0] = 255;
      count_votes(); i = 0; j = 0; count = 0
    };
    if
    :: who -> goto skipped
    :: else
    fi
  }
end:
  do
  :: atomic {
       if
       ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)
       fi;
       d_step {
         printf("validator %d sends: source %d, target %d, set %d\n", who, source[what], what, before[what]);
         memS[who] = slot[source[what]]; memT[who] = slot[what];
         vote[who] = vote[who] | BIT(what);
         count_votes(); find_conflict(); assert(Safety);
#ifdef REACHABLE  /* not a rule: fails when a changed set does make blocks final */
         NoChange = !(FINALISES(what) && before[what] > 0 && HAS(justified, what));
         assert(NoChange);
#endif
         order_validators();
         i = 0; j = 0; count = 0; who = 0; what = 0
       }
     }
  od;
skipped:
  skip
}
