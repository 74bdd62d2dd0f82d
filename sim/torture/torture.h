/*
 * Torture: one operation, one fault, and the place where it strikes, until every place was tried.
 *
 * An operation is data (operations.json): a history that leads up to it, and the events that it
 * consists of. The world is built once; each point is then tried in a process of its own, a copy of
 * this one, so that all begin alike and a crash is a result like another.
 */
#ifndef TERN_SIM_TORTURE_H
#define TERN_SIM_TORTURE_H

#include "sim/history.h"
#include "sim/language.h"
#include "sim/play.h"

enum torture_fault {
    TORTURE_KILL,    /* the process dies before the nth write, sync, truncation or deletion */
    TORTURE_POWER,   /* so does the machine */
    TORTURE_TWICE,   /* it dies there, and again while it comes up */
    TORTURE_ERROR,   /* the nth of these fails */
    TORTURE_READ,    /* the nth read or opening fails */
    TORTURE_FULL,    /* from the nth on nothing grows */
    TORTURE_MEMORY,  /* the nth allocation fails */
    TORTURE_SECOND,  /* one of these that nobody dies of, and another while it is handled */
    TORTURE_ANSWER,  /* the answers, laid end to end, are cut once at the nth byte */
    TORTURE_REQUEST, /* so are the requests */
    TORTURE_FAULTS
};

enum {
    TORTURE_SECONDS = 64, /* places of second faults, of all that there are */
    TORTURE_EXCHANGES = 16,
    TORTURE_TEXT = 1 << 20,
    TORTURE_KNOWN = 1 << 16
};

struct torture_operation {
    const char *name;
    json_t *history; /* borrowed, as is the rest */
    json_t *setup;   /* behind the events of the history */
    json_t *events;  /* what the operation consists of */
    json_t *always;  /* what holds whenever somebody looks: "expect" events */
    char machine[24];
    bool alone;    /* another row of the table tries what travels */
    bool whole;    /* it happens at once or not at all */
    bool mute;     /* but where it fails it may have happened, and is done again */
    bool unsynced; /* what nobody was told of may go with a machine that dies in it */
    bool quiet;    /* the checks of sim_settle do not fit it */
};

/* A place where a fault strikes. */
struct torture_point {
    enum torture_fault fault;
    unsigned at;  /* from 1; bytes from 0 */
    unsigned way; /* how it goes on; of a power cut, which sectors are lost */
};

/* What the operation does where nothing strikes. */
struct torture_clean {
    unsigned counts[TORTURE_FAULTS]; /* points to try; of bytes, how many */
    size_t answers[TORTURE_EXCHANGES];
    size_t requests[TORTURE_EXCHANGES];
    size_t exchanges;
    uint8_t parked[64 * sizeof(tern_id)]; /* what had been set aside before */
    size_t parked_size;
    char before[TORTURE_TEXT];
    char after[TORTURE_TEXT];
    char counts_last[TORTURE_TEXT]; /* when all is quiet: rows of each table */
    char rows_last[TORTURE_TEXT];   /* all that was written */
};

/* States that all was well in from there on: places that come to the same bytes on all disks, at
 * the same time, with all closed, go on alike, and are not followed again. */
struct torture_known {
    uint64_t states[TORTURE_KNOWN]; /* 0: free */
};

struct torture_result {
    bool done;
    char check[32]; /* empty: all held */
    char failure[600];
};

/* Plays what leads up to the operation; false, and the world has failed, where it does not. */
bool torture_prepare(struct sim_world *world, const struct torture_operation *operation);
/* Without a fault, to the end. */
void torture_measure(struct sim_world *world,
                     const struct torture_operation *operation,
                     struct torture_clean *ret_clean,
                     struct torture_result *ret_result);
/* With the fault, and all that is looked at behind it; `held` is what the code held before there
 * was a world. */
void torture_try(struct sim_world *world,
                 const struct torture_operation *operation,
                 const struct torture_point *point,
                 const struct torture_clean *clean,
                 struct torture_known *known,
                 int64_t held,
                 struct torture_result *ret_result);
/* In how many ways a point is tried; the last one is behind the operation. */
unsigned torture_ways(enum torture_fault fault, bool last);

/* ---- language.c ---- */

/* Whether all of an operation on that base means something. */
bool torture_language_check(json_t *base, json_t *item, struct sim_slip *ret_slip);

/* ---- verbs.c ---- */

typedef tern_status torture_verb(struct sim_world *world, json_t *event);

/* One event, without reviving what died of it. */
torture_verb torture_do;
/* Whether the verb is one of torture's, or write or sync: such an event gives its status. */
bool torture_knows(const char *verb);

/* ---- operator.c, for the verbs ---- */

tern_status torture_erase(struct sim_world *world, size_t user);
tern_status torture_retain(struct sim_world *world);
/* What comes between and behind is done by `verb`. */
tern_status torture_copy(struct sim_world *world, json_t *event, torture_verb *verb);

/* ---- care.c ---- */

/* A call of the medication library by its name in care.c, on a row. */
tern_status torture_care(struct sim_device *device, const char *name, const tern_id *id);

/* ---- held.c ---- */

/* Counts what our code, SQLite and jansson hold from now on; before any of them is used. */
void torture_held_install(void);
int64_t torture_held(void);

/* ---- talk.c ---- */

/* Exchanges with the server from now on are noted here; NULL: no longer. */
void torture_listen(struct torture_clean *clean);

#endif
