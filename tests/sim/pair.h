/*
 * Two devices of one patient and a server, met once: what most stories about merging begin with.
 */
#ifndef TERN_TEST_SIM_PAIR_H
#define TERN_TEST_SIM_PAIR_H

#include "tests/sim/world.h"

struct pair {
    struct world world;
    struct device phone;
    struct device tablet;
};

/* A phone in a new world with its user's row and note 1, 'one', in place 1; nothing of it is sent.
 */
void pair_begin(struct pair *pair);
/* The phone syncs, the tablet begins with what the phone has sent, and a second passes. */
void pair_meet(struct pair *pair);
/* Both hold what the server has, and the world ends. */
void pair_end(struct pair *pair);

/* To be a device's `meddle`: what it sends is not heard, what it asks for is. */
bool refuse_pushes(struct device *device,
                   const tern_http_request *request,
                   tern_http_answer *ret_answer);

#endif
