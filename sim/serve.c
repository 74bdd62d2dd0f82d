#include "sim/serve.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/bounded.h"
#include "sim/granted.h"
#include "sim/life.h"
#include "sim/memory.h"
#include "sim/model/twin.h"
#include "sim/server.h"
#include "sim/watch.h"

static void
tell_twin(struct sim_world *world, const struct trn_sync_call *call, int64_t now_us, bool more)
{
    struct twin_call told = {.user = call->auth.user,
                             .power = call->auth.power == TRN_POWER_OPERATOR  ? MODEL_OPERATOR
                                      : call->auth.power == TRN_POWER_SERVICE ? MODEL_JOB
                                                                              : MODEL_USER,
                             .role = call->auth.role,
                             .now_us = now_us,
                             .request = call->request,
                             .status = call->status,
                             .answer = trn_bytes_slice(&call->answer),
                             .more = more};
    char says[TWIN_SAYS_BYTES];

    sim_disk_pause(world->disk, true); /* what is armed is not for the model's looks */
    if (world->twin != NULL && !twin_hear(world->twin, &told, world->db, says)) {
        sim_fail(world, "model", "%.500s", says);
    }
    sim_disk_pause(world->disk, false);
}

void sim_tell_twin(struct sim_world *world, const struct trn_sync_call *call, int64_t now_us)
{
    tell_twin(world, call, now_us, false);
}

/* The server's process handles them in one group. */
static void handle(struct sim_world *world,
                   const struct sim_arrival *arrivals,
                   struct trn_sync_call *calls,
                   size_t count)
{
    struct sim_held before = sim_bounded_begin_exchange();
    size_t asked = 0;
    size_t answered = 0;

    for (size_t i = 0; i < count; i++) {
        calls[i].auth = (struct trn_auth){.user = world->users[arrivals[i].user].id,
                                          .power = arrivals[i].power,
                                          .role = world->users[arrivals[i].user].role};
        calls[i].request = arrivals[i].body;
        asked += arrivals[i].body.size;
    }
    sim_memory_enter(SIM_SERVER);
    trn_server_handle(world->server, sim_server_now(world), calls, count);
    (void)sim_memory_leave(TERN_OK);
    for (size_t i = 0; i < count; i++) {
        answered += calls[i].answer.size;
    }
    sim_bounded_end_exchange(world, before, asked, answered);
    world->ops += count;
}

static void check_answer(struct sim_world *world, size_t user, const struct trn_sync_call *call)
{
    if (call->rows > world->limits.page_rows) {
        sim_fail(world,
                 "bounded page",
                 "an answer has %zu rows, of which %u are allowed",
                 call->rows,
                 world->limits.page_rows);
    }
    if (call->status >= 500 && getenv("SIM_TRACE") != NULL) {
        (void)fprintf(stderr, "server: %u %s\n", call->status, call->cause.message);
    }
    if (call->status >= 500 && !world->troubled) {
        sim_fail(world,
                 "server",
                 "status %u in fair weather: %s %s",
                 call->status,
                 tern_status_code(call->cause.status),
                 call->cause.message);
    }
    if (call->status == 200) {
        sim_granted_check(world, user, &call->answer);
    }
}

/* Which epoch is in force is known before one may begin amid the group. */
static void begin_group(struct sim_world *world, size_t user)
{
    sim_watch_look(world, user, false);
    sim_disk_pause(world->disk, true);
    if (world->twin != NULL) {
        twin_before_group(world->twin, world->db);
    }
    sim_disk_pause(world->disk, false);
}

static bool is_taken(const struct trn_sync_call *call)
{
    return call->status == 200 || call->status == 426;
}

/* Nobody heard any of it. */
static void die(struct sim_world *world, struct trn_sync_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct trn_sync_call unheard = {.auth = calls[i].auth, .request = calls[i].request};

        trn_sync_call_free(&calls[i]);
        calls[i] = unheard;
    }
    sim_world_mend(world);
    for (size_t i = 0; i < count; i++) {
        tell_twin(world, &calls[i], sim_server_now(world), i + 1 < count);
    }
}

bool sim_serve(struct sim_world *world,
               const struct sim_arrival *arrivals,
               struct trn_sync_call *calls,
               size_t count)
{
    if (world->server == NULL) {
        return false;
    }
    if (count > 1) {
        begin_group(world, arrivals[0].user);
    }
    handle(world, arrivals, calls, count);
    if (sim_disk_is_dead(world->disk)) {
        die(world, calls, count);
        return false;
    }
    sim_bounded_log(world, SIM_SERVER);
    for (size_t i = 0; i < count; i++) {
        check_answer(world, arrivals[i].user, &calls[i]);
        tell_twin(world, &calls[i], sim_server_now(world), i + 1 < count);
    }
    sim_watch_look(world, arrivals[0].user, count > 1 && is_taken(&calls[0]));
    return true;
}
