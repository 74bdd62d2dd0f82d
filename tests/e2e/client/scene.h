/*
 * Two devices of one user and a real ternd: the phone syncs through the relay, the tablet straight.
 *
 * Each round both write the same again, under the round's number, and contradict each other in one
 * place. However the phone's connection was treated, the round must end as one without a fault
 * does.
 */
#ifndef TRN_TESTS_E2E_SCENE_H
#define TRN_TESTS_E2E_SCENE_H

#include "tern/curl.h"
#include "tern/replica.h"
#include "tests/e2e/client/relay.h"
#include "tests/e2e/server/daemon.h"

enum { SCENE_TEXT_BYTES = 2048, SCENE_PHONE_TXS = 4 };

struct scene_device {
    const struct scene *scene;
    tern_replica *replica;
    char file[512];
    int author;
};

struct scene {
    struct daemon daemon;
    struct relay *relay;
    tern_id user;
    char *token;
    struct scene_device phone;
    struct scene_device tablet;
    int round;
    unsigned up;   /* records of a connection that nothing happens to, to the end of its answer */
    unsigned down; /* likewise */
    char outcome[SCENE_TEXT_BYTES]; /* what a round without a fault left */
};

/* Starts all, and lives through one round without a fault. */
void scene_open(struct scene *scene);
void scene_close(struct scene *scene);

/* Both devices write; the tablet's writes are on the server. */
void scene_write(struct scene *scene);
/* The phone syncs through the relay. `timeout_ms`: of the exchange and of connecting; 0: as the
 * library has it. */
tern_status scene_sync(struct scene *scene, int64_t timeout_ms);
/* Transactions that the server has of the phone. */
int scene_arrived(struct scene *scene);
/* Another sync of both succeeds; everything is everywhere, once, and as without a fault. */
void scene_check(struct scene *scene);
/* A whole round: writes, a sync that follows the script and must end with `wanted`, checks. */
void scene_round(struct scene *scene, struct relay_script script, tern_status wanted);
/* A round for each record of the way, struck there: NETWORK, but where it comes behind all. */
void scene_everywhere(struct scene *scene,
                      enum relay_deed deed,
                      enum relay_way way,
                      enum relay_where where);

#endif
