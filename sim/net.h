/* Sessions over a network of weathers. */
#ifndef TERN_SIM_NET_H
#define TERN_SIM_NET_H

#include "sim/world.h"

/* Before a life. */
void sim_net_begin(uint64_t seed);

struct sim_sync {
    json_t *weather; /* array of texts, or NULL */
    unsigned stop;   /* after so many steps; 0: not before the end */
    uint32_t page_rows;
    uint32_t push_bytes;
    uint64_t busy;  /* a seed: the app writes between steps; 0: it does not */
    size_t as;      /* 1 + the user whose token the app sends by mistake; 0: its own user's */
    bool overtaken; /* its first answer comes when a later session has been through */
};

/* Whether an exchange can meet `word`, as "away" or "slow 100". */
bool sim_is_weather(const char *word);
/* Whether such a one is answered all the same, sooner or later. */
bool sim_is_slow_weather(const char *word);

/* A whole sync, or the beginning of one. What ended it; TERN_ERR_CANCELLED where it was stopped. */
tern_status sim_sync(struct sim_device *device, const struct sim_sync *how);

#endif
