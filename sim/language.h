/* The language of histories, as docs/SIMULATOR.md has it: what may be said in one, and how. */
#ifndef TERN_SIM_LANGUAGE_H
#define TERN_SIM_LANGUAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum sim_kind {
    SIM_TEXT,
    SIM_NUMBER,
    SIM_COUNT, /* a number, and none below 0 */
    SIM_FLAG,
    SIM_LIST,
    SIM_OBJECT,
    SIM_DOSE, /* true, or how it goes with the meal */
    SIM_EVENT,
    SIM_EVENTS,        /* a list of these */
    SIM_MACHINE_NAMES, /* likewise */
    SIM_DEVICE_NAME,
    SIM_MACHINE_NAME, /* a device's, or the server */
    SIM_USER_NAME,
    SIM_CHECK_NAME
};

enum sim_need { SIM_MAY, SIM_MUST, SIM_SOME /* one of these of its verb */ };

struct sim_word {
    const char *verb; /* or what else it belongs to */
    const char *key;
    enum sim_kind kind;
    enum sim_need need;
};

/* Words of somebody's own; a verb that is among them means what they say, and nothing else. */
struct sim_dialect {
    const struct sim_word *words;
    size_t count;
};

/* Where a slip was found. */
struct sim_slip {
    size_t event; /* counted from 1; 0: in none */
    char text[200];
};

/* Whether all of it means something. What would be passed over, as a key that is spelt wrong, would
 * let an expectation hold that nobody looked at. */
bool sim_language_check(json_t *history, struct sim_slip *ret_slip);
/* The same of an object that the dialect knows as `what`, with its events, among the people and
 * devices of the history. */
bool sim_language_check_object(json_t *history,
                               const struct sim_dialect *dialect,
                               const char *what,
                               json_t *object,
                               struct sim_slip *ret_slip);

#endif
