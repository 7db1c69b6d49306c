/*
 * The finality rules of Windlass (protocol-spec/06-validation) as a Promela model: who may vote for
 * what, what a quorum makes of it, and what survives a crash. No clock, no network, no fork choice:
 * any block may be built at any time, any vote may be late or lost, and what remains must be safe.
 *
 * Bounds: N validators, F of them Byzantine, B blocks beside genesis. Slots have no bound (README).
 * Switches: one -D per mutant, listed where they act. README.md says what this does not prove.
 */
#ifndef N
#define N 4
#endif
#ifndef F
#define F 1
#endif
#define HONEST (N - F)
#include "tree.pml"

#ifdef QUORUM_LESS_ONE
#define QUORUM ((2 * N + 2) / 3 - 1)
#else
#define QUORUM ((2 * N + 2) / 3)
#endif

/* Honest validators: votes sent (mask of targets), floors in memory and on disk, and the vote that
   was persisted and is not yet sent. */
byte vote[HONEST];
byte memS[HONEST];
byte memT[HONEST];
byte diskS[HONEST];
byte diskT[HONEST];
byte pending[HONEST];

/* One Byzantine validator, or all F together, have voted for everything from the start: votes only
   ever enable, so this covers every other behaviour. BYZ_STEPS lets them vote one by one instead. */
#ifdef BYZ_STEPS
byte byzantine = 0;
#define BYZ(t) (F * HAS(byzantine, t))
#else
#define BYZ(t) F
#endif

hidden byte NoSelfSlash, NothingFinal;

/* R-VOTE: the target strictly rises, the source never falls. */
#ifdef DROP_TFLOOR
#define TARGET_RISES(v, b) true
#else
#define TARGET_RISES(v, b) (slot[b] > memT[v])
#endif
#ifdef DROP_SFLOOR
#define SOURCE_HOLDS(v, b) true
#else
#define SOURCE_HOLDS(v, b) (slot[source[b]] >= memS[v])
#endif
#define MAY_VOTE(v, b) (HAS(exists, b) && !HAS(vote[v], b) && pending[v] == 0 \
                        && TARGET_RISES(v, b) && SOURCE_HOLDS(v, b))

/* Validators are alike, so only one order of them is kept. */
#define KEY(v) ((((((vote[v] << 4 | memS[v]) << 4 | memT[v]) << 4 | diskS[v]) << 4) | diskT[v]) << 3 | pending[v])
#define EXCHANGE(field) count = field[i]; field[i] = field[i + 1]; field[i + 1] = count
inline order_pair() {
  if
  :: KEY(i) > KEY(i + 1) ->
     EXCHANGE(vote); EXCHANGE(memS); EXCHANGE(memT); EXCHANGE(diskS); EXCHANGE(diskT); EXCHANGE(pending)
  :: else
  fi
}
inline order_validators() {
  i = 0;
  do
  :: i < HONEST - 1 -> order_pair(); i++
  :: else -> break
  od;
  do
  :: i > 0 -> i--; order_pair()
  :: else -> break
  od;
  i = 0; j = 0; count = 0
}

#define SURROUNDS(a, b) (slot[source[a]] < slot[source[b]] && slot[b] < slot[a])

/* The vote's signature is in the world: compare it with the voter's others (evidence types 2, 3). */
inline check_own_votes() {
  i = 1;
  NoSelfSlash = true;
  do
  :: i <= B ->
     if
     :: HAS(vote[who], i) && i != what ->
        NoSelfSlash = NoSelfSlash && slot[i] != slot[what] && !SURROUNDS(i, what) && !SURROUNDS(what, i)
     :: else
     fi;
     i++
  :: else -> break
  od;
#ifndef ONLY_SAFETY
  assert(NoSelfSlash)
#endif
}

/* Justified, existing and final blocks from the votes, by the definition. */
inline count_votes() {
  i = 1; justified = 1; exists = 1; final = 1;
  do
  :: i <= B ->
     count = BYZ(i); j = 0;
     do
     :: j < HONEST -> count = count + HAS(vote[j], i); j++
     :: else -> break
     od;
     if
     :: HAS(exists, parent[i]) && HAS(justified, source[i]) ->
        exists = exists | BIT(i);
        if
        :: count >= QUORUM ->
           justified = justified | BIT(i);
           if
           :: FINALISES(i) -> final = final | BIT(source[i])
           :: else
           fi
        :: else
        fi
     :: else
     fi;
     i++
  :: else -> break
  od
}

inline send() {
  d_step {
    printf("validator %d sends: source %d, target %d\n", who, source[what], what);
    vote[who] = vote[who] | BIT(what);
    check_own_votes();
    count_votes();
    find_conflict(); assert(Safety);
#ifdef REACHABLE  /* not a rule: fails when the model is not empty talk */
    NothingFinal = (final == 1);
    assert(NothingFinal);
#endif
    i = 0; j = 0; count = 0
  }
}

/* What one validator can do, and the same for all of them. */
#define VOTE(v, b) :: MAY_VOTE(v, b) -> who = v; what = b
#define SEND(v) :: pending[v] != 0 -> who = v; what = pending[v]
#define CRASH(v) :: pending[v] != 0 || memS[v] != diskS[v] || memT[v] != diskT[v] -> who = v
#define WRITE(v) :: pending[v] == 0 && (memS[v] != diskS[v] || memT[v] != diskT[v]) -> who = v
#define LOSE(v) :: pending[v] == 0 && diskT[v] != 0 -> who = v

#if HONEST == 2
#define EACH(step) step(0) step(1)
#elif HONEST == 3
#define EACH(step) step(0) step(1) step(2)
#elif HONEST == 4
#define EACH(step) step(0) step(1) step(2) step(3)
#elif HONEST == 5
#define EACH(step) step(0) step(1) step(2) step(3) step(4)
#endif
#define VOTE1(v) VOTE(v, 1) VOTE(v, 2) VOTE(v, 3)
#if B == 3
#define ROW(v) VOTE1(v)
#elif B == 4
#define ROW(v) VOTE1(v) VOTE(v, 4)
#elif B == 5
#define ROW(v) VOTE1(v) VOTE(v, 4) VOTE(v, 5)
#elif B == 6
#define ROW(v) VOTE1(v) VOTE(v, 4) VOTE(v, 5) VOTE(v, 6)
#endif

init {
  atomic {
    guess_tree();
    if
    :: who -> goto skipped
    :: else -> d_step { count_votes(); i = 0; j = 0; count = 0 }
    fi
  }
end:
  do
  :: atomic {  /* decide, raise the floors, persist them */
       if
       EACH(ROW)
       fi;
       s = source[what];
#ifdef FREE_SOURCE  /* signs, and locks on, any older justified ancestor that its floor allows */
       do
       :: s != 0 && HAS(justified, parent[s]) && slot[parent[s]] >= memS[who] -> s = parent[s]
       :: break
       od;
#endif
       skip;
       d_step {
         memS[who] = slot[s]; memT[who] = slot[what]; pending[who] = what;
#ifndef SIGN_FIRST
         diskS[who] = memS[who]; diskT[who] = memT[who];
#endif
         s = 0
       }
#ifndef SPLIT
       if
       :: pending[who] = 0; send()
#ifndef NO_CRASH
       :: pending[who] = 0; printf("validator %d crashes before it sends target %d\n", who, what)
#endif
       fi;
#endif
       d_step { who = 0; what = 0; order_validators() }
     }
#ifdef SPLIT
  :: atomic {
       if
       EACH(SEND)
       fi;
       pending[who] = 0;
       send();
       d_step { who = 0; what = 0; order_validators() }
     }
  :: atomic {  /* crash and restart: what is on disk is all that is known */
       if
       EACH(CRASH)
       fi;
       d_step {
         printf("validator %d crashes and restarts\n", who);
         pending[who] = 0; memS[who] = diskS[who]; memT[who] = diskT[who];
         who = 0; order_validators()
       }
     }
#endif
#ifdef SIGN_FIRST
  :: atomic {  /* the mutant writes its floors only now */
       if
       EACH(WRITE)
       fi;
       d_step {
         printf("validator %d writes its floors\n", who);
         diskS[who] = memS[who]; diskT[who] = memT[who];
         who = 0; order_validators()
       }
     }
#endif
#ifdef LOST_FILE
  :: atomic {
       if
       EACH(LOSE)
       fi;
       d_step {
         printf("validator %d starts with an empty signer file\n", who);
         diskS[who] = 0; diskT[who] = 0; memS[who] = 0; memT[who] = 0;
         who = 0; order_validators()
       }
     }
#endif
#ifdef BYZ_STEPS
  :: atomic {
       what = 1;
       do
       :: what < B -> what++
       :: break
       od;
       if
       :: !HAS(byzantine, what) ->
          d_step {
            printf("Byzantine vote: target %d\n", what);
            byzantine = byzantine | BIT(what);
            count_votes(); find_conflict(); assert(Safety)
          }
       :: else
       fi;
       d_step { what = 0; i = 0; j = 0; count = 0 }
     }
#endif
  od;
skipped:
  skip
}
