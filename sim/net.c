/* Exchanges: what the network does to a request and to its answer, and the session around them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/backup.h"
#include "sim/bounded.h"
#include "sim/care.h"
#include "sim/counted.h"
#include "sim/life.h"
#include "sim/look.h"
#include "sim/memory.h"
#include "sim/net.h"
#include "sim/remains.h"
#include "sim/restored.h"
#include "sim/serve.h"
#include "sim/server.h"
#include "sim/shown.h"
#include "sim/steady.h"
#include "sim/whole.h"
#include "sim/world.h"
#include "sim/write.h"
#include "wire/gzip.h"

enum { STEPS_MAX = 3000, CODED_LIVES = 4 /* in one of so many requests are compressed */ };

static bool is_coded = true;

const char *__real_trn_coding_for(size_t size, bool takes_gzip, bool takes_small);
const char *__wrap_trn_coding_for(size_t size, bool takes_gzip, bool takes_small);

/* By the linker's --wrap: compressing takes as long as a tenth of the sync. */
const char *__wrap_trn_coding_for(size_t size, bool takes_gzip, bool takes_small)
{
    return is_coded ? __real_trn_coding_for(size, takes_gzip, takes_small) : NULL;
}

void sim_net_begin(uint64_t seed)
{
    is_coded = seed % CODED_LIVES == 0;
}

static const char *next_weather(struct sim_device *device, char room[32])
{
    if (device->weather_count == 0) {
        return "fine";
    }
    (void)snprintf(room, 32, "%s", device->weather[0]);
    device->weather_count--;
    memmove(device->weather[0],
            device->weather[1],
            device->weather_count * sizeof device->weather[0]);
    return room;
}

/* The number behind the words of a weather, as in "cut 100". */
static size_t size_in(const char *weather)
{
    const char *space = strrchr(weather, ' ');

    return space != NULL ? (size_t)strtoul(space + 1, NULL, 10) : 0;
}

static bool is(const char *weather, const char *name)
{
    size_t size = strlen(name);

    return strncmp(weather, name, size) == 0 && (weather[size] == '\0' || weather[size] == ' ');
}

/* What was under way for long. */
static struct sim_arrival late_arrival(const struct sim_world *world, const struct trn_bytes *late)
{
    return (struct sim_arrival){.user = world->late_user,
                                .power = world->devices[world->late_device].power,
                                .body = trn_bytes_slice(late)};
}

enum { TOGETHER = 2 };

/* In one group with what was under way for long, whose answer nobody waits for. */
static bool serve_with_late(struct sim_world *world,
                            const struct sim_arrival *own,
                            bool behind,
                            struct trn_sync_call *ret_call)
{
    struct trn_bytes late = trn_bytes_move(&world->late);
    struct sim_arrival together[TOGETHER];
    struct trn_sync_call calls[TOGETHER] = {{.status = 0}};
    bool served;

    together[behind ? 1 : 0] = *own;
    together[behind ? 0 : 1] = late_arrival(world, &late);
    served = sim_serve(world, together, calls, TOGETHER);
    if (served) {
        *ret_call = calls[behind ? 1 : 0];
        trn_sync_call_free(&calls[behind ? 0 : 1]);
    }
    trn_bytes_free(&late);
    return served;
}

/* A request that was under way for long arrives; nobody waits for the answer any more. */
static void deliver_late(struct sim_world *world)
{
    struct trn_sync_call call = {0};
    struct trn_bytes late = trn_bytes_move(&world->late);
    const struct sim_arrival arrival = late_arrival(world, &late);

    if (late.size > 0 && sim_serve(world, &arrival, &call, 1)) {
        trn_sync_call_free(&call);
    }
    trn_bytes_free(&late);
}

static void
hand_over(unsigned status, struct trn_slice body, int64_t retry_ms, tern_http_answer *ret_answer)
{
    void *copy = malloc(body.size + 1);

    if (copy == NULL) {
        abort();
    }
    if (body.size > 0) {
        memcpy(copy, body.data, body.size);
    }
    *ret_answer = (tern_http_answer){.status = (int)status,
                                     .is_problem = status != 200,
                                     .retry_after_ms = retry_ms,
                                     .body = copy,
                                     .body_size = body.size};
}

static void problem(int status, const char *code, tern_http_answer *ret_answer)
{
    char text[160];
    int size = snprintf(text,
                        sizeof text,
                        "{\"type\":\"about:blank\",\"title\":\"t\",\"status\":%d,\"code\":\"%s\","
                        "\"detail\":\"d\"}",
                        status,
                        code);

    hand_over((unsigned)status,
              trn_slice_make(text, (size_t)size),
              status == 503 ? 2000 : -1,
              ret_answer);
}

/* What the device hears of an answer that the server gave. */
static tern_status hear(struct sim_device *device,
                        const char *weather,
                        const struct trn_sync_call *call,
                        tern_http_answer *ret_answer)
{
    struct trn_slice body = trn_bytes_slice(&call->answer);

    if (is(weather, "answer lost") || is(weather, "late")) {
        return TERN_ERR_TIMEOUT;
    }
    if (is(weather, "stalled")) {
        device->world->now_us += 100 * SIM_SECOND_US;
        return TERN_ERR_TIMEOUT;
    }
    if (is(weather, "slow")) {
        device->world->now_us += (int64_t)size_in(weather) * SIM_SECOND_US;
    }
    if (is(weather, "cut") && body.size > 0) {
        body.size = size_in(weather) % body.size;
    }
    hand_over(call->status,
              body,
              call->retry_after_s > 0 ? (int64_t)call->retry_after_s * 1000 : -1,
              ret_answer);
    return TERN_OK;
}

bool sim_is_slow_weather(const char *word)
{
    return is(word, "fine") || is(word, "slow") || is(word, "request slow");
}

bool sim_is_weather(const char *word)
{
    static const char *const words[] = {"fine",
                                        "request lost",
                                        "request cut",
                                        "answer lost",
                                        "cut",
                                        "twice",
                                        "late",
                                        "behind the late",
                                        "before the late",
                                        "stalled",
                                        "slow",
                                        "request slow",
                                        "away",
                                        "token expired"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is(word, words[i])) {
            return true;
        }
    }
    return false;
}

static bool serve_in(struct sim_world *world,
                     const char *weather,
                     const struct sim_arrival *arrival,
                     struct trn_sync_call *ret_call)
{
    bool behind = is(weather, "behind the late");

    return world->late.size > 0 && (behind || is(weather, "before the late"))
               ? serve_with_late(world, arrival, behind, ret_call)
               : sim_serve(world, arrival, ret_call, 1);
}

static tern_status carry(struct sim_device *device,
                         const char *weather,
                         struct trn_slice body,
                         tern_http_answer *ret_answer)
{
    struct sim_world *world = device->world;
    struct trn_sync_call call = {0};
    struct sim_arrival arrival = {.user = device->bearer, .power = device->power};
    tern_status status;

    if (is(weather, "request lost")) {
        return TERN_ERR_NETWORK;
    }
    if (is(weather, "request cut") && body.size > 0) {
        body.size = size_in(weather) % body.size;
    }
    if (is(weather, "request slow")) {
        world->now_us += (int64_t)size_in(weather) * SIM_SECOND_US;
    }
    if (is(weather, "token expired") || is(weather, "away")) {
        problem(is(weather, "away") ? 503 : 401,
                is(weather, "away") ? "UNAVAILABLE" : "UNAUTHORIZED",
                ret_answer);
        return TERN_OK;
    }
    if (is(weather, "late")) {
        deliver_late(world);
        world->late_user = device->bearer;
        world->late_device = device->index;
        return trn_bytes_append_slice(&world->late, body) == TERN_OK ? TERN_ERR_TIMEOUT
                                                                     : TERN_ERR_NOMEM;
    }
    arrival.body = body;
    device->trip.served_us = sim_server_now(world);
    if (is(weather, "twice") && sim_serve(world, &arrival, &call, 1)) {
        trn_sync_call_free(&call);
    }
    if (!serve_in(world, weather, &arrival, &call)) {
        return TERN_ERR_NETWORK;
    }
    sim_hash(world, call.answer.data, call.answer.size);
    status = hear(device, weather, &call, ret_answer);
    trn_sync_call_free(&call);
    if (world->ops % 3 != 0) {
        deliver_late(world);
    }
    return status;
}

static void note_message(struct sim_device *device, size_t size)
{
    device->message = size > device->message ? size : device->message;
}

static tern_status
exchange(struct sim_device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    struct sim_world *world = device->world;
    struct trn_bytes body = {0};
    struct trn_slice raw = trn_slice_make(request->body, request->body_size);
    char room[32];
    const char *weather = next_weather(device, room);
    tern_status status;

    world->now_us += 10000;
    status = request->body_coding != NULL ? trn_gunzip(raw, (size_t)64 << 20, &body, NULL)
                                          : trn_bytes_append_slice(&body, raw);
    if (status != TERN_OK) {
        sim_fail(world, "coding", "%s sent what cannot be read", device->name);
        trn_bytes_free(&body);
        return status;
    }
    sim_hash(world, body.data, body.size);
    note_message(device, body.size);
    if (!is(weather, "fine")) {
        world->faults++;
    }
    status = carry(device, weather, trn_bytes_slice(&body), ret_answer);
    if (status == TERN_OK) {
        note_message(device, ret_answer->body_size);
        sim_remains_hear(device, trn_slice_make(ret_answer->body, ret_answer->body_size));
    }
    if (getenv("SIM_TALK") != NULL) {
        (void)fprintf(stderr, "%s (%s) >> %s", device->name, weather, trn_bytes_text(&body));
        (void)fprintf(stderr,
                      "%s << %d %.*s\n",
                      device->name,
                      status == TERN_OK ? ret_answer->status : -(int)status,
                      status == TERN_OK ? (int)ret_answer->body_size : 0,
                      status == TERN_OK ? (const char *)ret_answer->body : "");
    }
    trn_bytes_free(&body);
    world->now_us += 10000;
    return status;
}

/* ---- Sessions ---- */

/* The app writes in the midst of a session, of which its transaction is no part: neither what
 * that holds counts, nor what it leaves compiled. Its entry is one that the session looks at. */
static void write_meanwhile(struct sim_device *device, uint64_t seed, unsigned changes, bool care)
{
    struct sim_held held = sim_held_mark(device->index);

    device->writing++;
    if (care) {
        sim_care_anything(device, seed);
    } else {
        sim_write_anything(device, seed, changes, false);
    }
    device->writing--;
    sim_held_overlook(device->index, held);
    if (device->replica != NULL && !sim_disk_is_dead(device->disk)) {
        note_message(device, sim_bounded_largest(device));
    }
}

/* While an answer is under way the session's lease runs out, the app writes, and another session
 * of the device comes and goes. */
static void overtake(struct sim_device *device)
{
    const struct sim_sync how = {0};

    device->world->now_us += 200 * SIM_SECOND_US;
    device->world->faults++;
    write_meanwhile(device, (uint64_t)device->world->now_us, 1, false);
    if (device->replica != NULL && !sim_disk_is_dead(device->disk)) {
        (void)sim_sync(device, &how);
    }
}

static tern_status
send(struct sim_device *device, tern_sync *sync, const tern_http_request *request, bool overtaken)
{
    tern_http_answer answer = {0};
    struct sim_trip trip = {.sent_us = device->world->now_us};
    tern_status status;

    status = exchange(device, request, &answer);
    trip.served_us = device->trip.served_us;
    if (status != TERN_OK) {
        return SIM_CALL(device->index, tern_sync_failed(sync, status, NULL));
    }
    if (overtaken) {
        overtake(device);
    }
    trip.read_us = device->world->now_us;
    if (answer.status == 200 && device->replica != NULL && !sim_disk_is_dead(device->disk)) {
        sim_steady_trip(device, &trip);
    }
    status = SIM_CALL(device->index, tern_sync_answered(sync, &answer, NULL));
    free(answer.body);
    return status;
}

/* Does what a step says. False where the session has come to its end; `ret_status` is why. */
static bool take(struct sim_device *device,
                 tern_sync *sync,
                 const tern_sync_step *step,
                 bool *overtaken,
                 tern_status *ret_status)
{
    switch (step->action) {
    case TERN_SYNC_WORK:
        return true;
    case TERN_SYNC_SEND:
        *ret_status = send(device, sync, step->request, *overtaken);
        *overtaken = false;
        return *ret_status == TERN_OK;
    case TERN_SYNC_TOKEN:
        *ret_status = tern_sync_set_token(sync, "another", NULL);
        return *ret_status == TERN_OK;
    case TERN_SYNC_WAIT:
        device->world->now_us += step->wait_ms * 1000;
        return true;
    case TERN_SYNC_DONE:
        *ret_status = step->result;
        return false;
    }
    return false;
}

static tern_status run(struct sim_device *device, tern_sync *sync, const struct sim_sync *how)
{
    struct sim_dice dice = sim_dice_make(how->busy);
    tern_sync_step step = {.action = TERN_SYNC_WORK};
    bool overtaken = how->overtaken;
    tern_status status = TERN_OK;

    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        status = SIM_CALL(device->index, tern_sync_next(sync, &step, NULL));
        if (status != TERN_OK || !take(device, sync, &step, &overtaken, &status)) {
            return status;
        }
        if (!sim_disk_is_dead(device->disk)) {
            sim_bounded_log(device->world, device->index);
            sim_counted_look(device);
        }
        if (how->page_rows > 0 && step.action == TERN_SYNC_WORK) {
            sim_whole_look(device);
        }
        if (sim_failed(device->world) || sim_disk_is_dead(device->disk)) {
            return TERN_ERR_IO;
        }
        if (how->stop > 0 && steps + 1 >= how->stop) {
            return TERN_ERR_CANCELLED;
        }
        if (how->busy != 0 && sim_chance(&dice, 30)) {
            uint64_t seed = sim_dice_next(&dice);
            bool care = device->world->care;

            write_meanwhile(device, seed, care ? 0 : 1 + sim_roll(&dice, 2), care);
        }
        if (device->replica == NULL || sim_disk_is_dead(device->disk)) {
            return TERN_ERR_IO;
        }
    }
    sim_fail(device->world, "endless", "a sync of %s has no end", device->name);
    return TERN_ERR_INTERNAL;
}

static void set_weather(struct sim_device *device, json_t *weather)
{
    size_t index;
    json_t *item;

    device->weather_count = 0;
    json_array_foreach(weather, index, item)
    {
        if (device->weather_count < SIM_WEATHERS) {
            (void)snprintf(device->weather[device->weather_count++],
                           sizeof device->weather[0],
                           "%s",
                           json_string_value(item));
        }
    }
}

/* A session that has come to its end has all of every record: no piece waits, nor one of a record
 * that was closed. */
static void check_pieces(struct sim_device *device)
{
    sqlite3 *db = sim_look_within(device->world, device->index);

    if (sim_look_number(device->world, db, "SELECT count(*) FROM tern_stage", 0) > 0) {
        sim_fail(device->world, "pieces", "%s keeps pieces behind a whole sync", device->name);
    }
    sim_look_away(device->world, device->index);
}

tern_status sim_sync(struct sim_device *device, const struct sim_sync *how)
{
    tern_sync_options options = {.size = sizeof options,
                                 .page_rows = how->page_rows,
                                 .push_bytes = how->push_bytes};
    size_t before = device->bearer;   /* of a session that this one overtakes */
    size_t message = device->message; /* likewise */
    struct sim_held held = sim_bounded_begin(device, &device->message);
    struct trn_bytes entries = sim_backup_entries(device);
    tern_sync *sync = NULL;
    tern_status status =
        SIM_CALL(device->index, tern_sync_open(device->replica, &options, &sync, NULL));

    set_weather(device, how->weather);
    device->bearer = how->as > 0 ? how->as - 1 : device->user;
    if (status == TERN_OK) {
        status = tern_sync_set_token(sync, "token", NULL);
    }
    if (status == TERN_OK) {
        status = run(device, sync, how);
    }
    sim_held_enter(device->index);
    tern_sync_close(sync);
    sim_held_leave();
    sim_bounded_end(device, held, status, device->message);
    device->message = message > device->message ? message : device->message;
    device->bearer = before;
    sim_steady_cursor(device);
    if (status == TERN_OK && device->replica != NULL && !sim_disk_is_dead(device->disk)) {
        check_pieces(device);
        sim_steady_clock(device);
    }
    sim_backup_look(device, &entries);
    sim_shown_look(device);
    sim_restored_sync(device, status == TERN_OK);
    device->weather_count = 0;
    sim_hash_number(device->world, status);
    return status;
}
