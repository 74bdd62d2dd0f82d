/*
 * Devices that sync with a real server, which is killed, and so are they.
 *
 * A life is one database of the server and the replicas of a few devices of one user, all writing
 * and syncing at once. After each death of the server it is started again and its database looked
 * at; at the end of a life all sync until nothing is pending, and must hold the same rows.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sim/dice.h"
#include "tern/error.h"
#include "tests/kill/child.h"
#include "tests/kill/files.h"
#include "tests/kill/look.h"
#include "tests/kill/moment.h"
#include "tests/kill/server.h"

enum {
    SEATS = 3,
    LIFE_KILLS = 120,
    SERVER_PERCENT = 55,
    ARMED_PERCENT = 40,
    AGAIN_PERCENT = 30,
    LOOK_PERCENT = 40,
    CALLS_MAX = 20000,
    WORDS_MAX = 12,
    AFTER_US_MAX = 4000,
    DELAY_US_MAX = 120000,
    START_US_MAX = 60000
};

struct seat {
    struct worker worker;
    struct book book;
    struct book server_book;
    struct child child;
    uint32_t written;
    uint32_t synced;
    tern_id id;
    char file[KILL_PATH_BYTES];
};

struct life {
    struct kill_run *run;
    struct sim_dice dice;
    struct server server;
    struct seat seats[SEATS];
    uint64_t end;    /* kills after which it ends */
    unsigned synced; /* acknowledgements by the server heard so far */
    char folder[KILL_PATH_BYTES];
    char ca[KILL_PATH_BYTES];
    char token[SERVER_TOKEN_BYTES];
};

/* ---- What devices say ---- */

static void take(struct life *life, struct seat *seat, const struct said *said)
{
    struct kill_run *run = life->run;

    switch ((enum word)said->word) {
    case WORD_FAILED:
        kill_broken(run,
                    "a call of device %u failed with %s",
                    (unsigned)seat->worker.author,
                    tern_status_code((tern_status)said->value));
        break;
    case WORD_OPENED:
        if (said->value < seat->written) {
            run->totals.lost += seat->written - said->value;
            kill_broken(run, "%s: a commit that returned is gone", seat->file);
        }
        seat->written = said->value;
        break;
    case WORD_WROTE:
        run->totals.acknowledged++;
        seat->written = said->value;
        break;
    case WORD_SYNCED:
        run->totals.acknowledged += said->value - seat->synced;
        seat->synced = said->value;
        life->synced++;
        break;
    case WORD_CODE:
    case WORD_DONE:
        break;
    }
}

static struct look_device look_of(struct life *life, struct seat *seat)
{
    return (struct look_device){.worker = &seat->worker,
                                .book = &seat->book,
                                .written = seat->written,
                                .synced = seat->synced,
                                .server = life->server.database,
                                .server_book = &seat->server_book,
                                .id = seat->id};
}

static void look_at_seat(struct life *life, struct seat *seat)
{
    const struct look_device device = look_of(life, seat);

    if (life->run->broken) {
        return;
    }
    look_at_device(life->run, &device);
    if (!life->run->broken) {
        seat->written = seat->book.count;
    }
}

/* Hears the last of a device that was killed, or killed itself. */
static void bury(struct life *life, struct seat *seat)
{
    struct said said;
    int status;

    while (child_hear(&seat->child, &said)) {
        take(life, seat, &said);
    }
    status = child_wait(&seat->child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        kill_broken(life->run, "device %u ended of itself", (unsigned)seat->worker.author);
    }
    life->run->totals.kills++;
    life->run->totals.device_kills++;
}

static void start_seat(struct life *life, struct seat *seat)
{
    bool armed = sim_chance(&life->dice, ARMED_PERCENT);

    seat->worker.fatal_at = armed ? moment_roll(&life->dice, CALLS_MAX) : 0;
    seat->worker.moment = (enum fatal_moment)sim_roll(&life->dice, FATAL_MOMENTS);
    child_start(&seat->child, worker_run, &seat->worker);
}

static void restart_seat(struct life *life, struct seat *seat)
{
    if (sim_chance(&life->dice, LOOK_PERCENT)) {
        look_at_seat(life, seat);
    }
    if (!life->run->broken) {
        start_seat(life, seat);
    }
}

/* Hears whoever has something to say; waits `wait_us` at most for the first. */
static void hear_all(struct life *life, int64_t wait_us)
{
    struct pollfd files[SEATS];
    struct said said;

    for (size_t i = 0; i < SEATS; i++) {
        files[i] = (struct pollfd){.fd = life->seats[i].child.pipe, .events = POLLIN};
    }
    if (poll(files, SEATS, (int)(wait_us / 1000)) == 0) {
        kill_sleep_us(wait_us % 1000);
        return;
    }
    for (size_t i = 0; i < SEATS && !life->run->broken; i++) {
        struct seat *seat = &life->seats[i];

        if (files[i].revents == 0) {
            continue;
        }
        if (child_hear(&seat->child, &said)) {
            take(life, seat, &said);
        } else {
            bury(life, seat);
            restart_seat(life, seat);
        }
    }
}

/* Lets all live until so many syncs were acknowledged, 2 s at most, and a while more. */
static void let_live(struct life *life, unsigned words, int64_t delay_us)
{
    unsigned goal = life->synced + words;
    int64_t end_us = kill_now_us() + 2000000;

    while (!life->run->broken && life->synced < goal && kill_now_us() < end_us) {
        hear_all(life, 10000);
    }
    end_us = kill_now_us() + delay_us;
    for (int64_t left = delay_us; !life->run->broken && left > 0; left = end_us - kill_now_us()) {
        hear_all(life, left);
    }
}

/* ---- The server ---- */

static void look_at_database(struct life *life, bool whole)
{
    struct look_device devices[SEATS];

    for (size_t i = 0; i < SEATS; i++) {
        devices[i] = look_of(life, &life->seats[i]);
    }
    if (!life->run->broken) {
        look_at_server(life->run, life->server.database, devices, SEATS, whole);
    }
}

static void kill_server(struct life *life)
{
    if (!server_kill(&life->server)) {
        kill_broken(life->run, "the server ended of itself; see %s", life->server.log);
    }
    life->run->totals.kills++;
    life->run->totals.server_kills++;
}

static void start_server(struct life *life)
{
    server_start(&life->server);
    if (!server_listens(&life->server)) {
        kill_broken(life->run, "the server does not start; see %s", life->server.log);
    }
}

/* Kills it while it lives, and maybe again and again while it starts. */
static void strike_server(struct life *life)
{
    kill_server(life);
    while (!life->run->broken && sim_chance(&life->dice, AGAIN_PERCENT)) {
        server_start(&life->server);
        kill_sleep_us(moment_roll(&life->dice, START_US_MAX));
        kill_server(life);
    }
    if (!life->run->broken) {
        start_server(life);
    }
    look_at_database(life, sim_chance(&life->dice, 10));
}

static void strike_seat(struct life *life)
{
    struct seat *seat = &life->seats[sim_roll(&life->dice, SEATS)];

    child_kill(&seat->child);
    bury(life, seat);
    restart_seat(life, seat);
}

/* ---- Lives ---- */

/* Runs a child that comes to its end by itself. */
static void
run_child(struct life *life, struct seat *seat, void (*body)(const void *context, int pipe))
{
    struct said said;
    bool done = false;

    seat->worker.fatal_at = 0;
    child_start(&seat->child, body, &seat->worker);
    while (child_hear(&seat->child, &said)) {
        take(life, seat, &said);
        done = done || said.word == WORD_DONE;
    }
    if (child_wait(&seat->child) != 0 || !done) {
        kill_broken(life->run, "device %u does not sync", (unsigned)seat->worker.author);
    }
}

static void open_seat(struct life *life, size_t index, const tern_id *user)
{
    struct seat *seat = &life->seats[index];
    char name[40];

    (void)snprintf(name, sizeof name, "device-%zu.db", index);
    kill_path(seat->file, life->folder, name);
    seat->worker = (struct worker){.settings = &life->run->settings,
                                   .file = seat->file,
                                   .user = *user,
                                   .seed = sim_dice_next(&life->dice),
                                   .author = (uint32_t)index,
                                   .setup = index == 0,
                                   .port_file = life->server.port_file,
                                   .ca = life->ca,
                                   .token = life->token};
    book_open(&seat->book, seat->worker.seed, seat->worker.author);
    book_open(&seat->server_book, seat->worker.seed, seat->worker.author);
    run_child(life, seat, index == 0 ? worker_found : worker_settle);
    seat->id = look_up_device(seat->file);
}

static void open_life(struct life *life, struct kill_run *run, uint64_t seed)
{
    tern_id user;
    char name[40];

    *life = (struct life){.run = run, .dice = sim_dice_make(seed)};
    (void)snprintf(name, sizeof name, "together-%016llx", (unsigned long long)seed);
    kill_path(life->folder, run->settings.folder, name);
    kill_need(mkdir(life->folder, 0700) == 0, life->folder);
    sim_dice_fill(&life->dice, &user, sizeof user);
    server_token(&user, life->token);
    server_authority(&run->settings, life->ca);
    server_make(&life->server, &run->settings, life->folder);
    start_server(life);
    for (size_t i = 0; i < SEATS && !run->broken; i++) {
        open_seat(life, i, &user);
    }
    for (size_t i = 0; i < SEATS && !run->broken; i++) {
        start_seat(life, &life->seats[i]);
    }
}

static void live(struct life *life)
{
    struct kill_run *run = life->run;

    while (!run->broken && run->totals.kills < life->end) {
        bool waits = sim_chance(&life->dice, 50);

        let_live(life,
                 waits ? moment_roll(&life->dice, WORDS_MAX) : 0,
                 waits ? sim_roll(&life->dice, AFTER_US_MAX)
                       : moment_roll(&life->dice, DELAY_US_MAX));
        if (run->broken) {
            break;
        }
        if (sim_chance(&life->dice, SERVER_PERCENT)) {
            strike_server(life);
        } else {
            strike_seat(life);
        }
    }
}

static void end_seats(struct life *life)
{
    for (size_t i = 0; i < SEATS; i++) {
        if (life->seats[i].child.pid != 0) {
            child_kill(&life->seats[i].child);
            bury(life, &life->seats[i]);
        }
    }
}

/* Once everything is up again for good, all have all. */
static void settle(struct life *life)
{
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < SEATS && !life->run->broken; i++) {
            run_child(life, &life->seats[i], worker_settle);
        }
    }
    look_at_database(life, true);
    for (size_t i = 0; i < SEATS && !life->run->broken; i++) {
        const tern_id id = look_up_device(life->seats[i].file);

        look_at_seat(life, &life->seats[i]);
        look_at_convergence(life->run, life->seats[i].file, life->server.database);
        if (memcmp(&id, &life->seats[i].id, sizeof id) != 0) {
            kill_broken(life->run, "device %zu was taken for a clone", i);
        }
    }
}

static void close_life(struct life *life)
{
    for (size_t i = 0; i < SEATS; i++) {
        book_close(&life->seats[i].book);
        book_close(&life->seats[i].server_book);
    }
    if (life->server.pid != 0) {
        kill_server(life);
    }
    if (!life->run->broken) {
        files_remove(life->folder);
    }
}

void kill_together(struct kill_run *run, uint64_t kills)
{
    struct sim_dice seeds = sim_dice_make(run->settings.seed ^ 1);
    uint64_t end = run->totals.kills + kills;

    while (run->totals.kills < end && !run->broken) {
        struct life life;

        open_life(&life, run, sim_dice_next(&seeds));
        life.end = run->totals.kills + LIFE_KILLS < end ? run->totals.kills + LIFE_KILLS : end;
        live(&life);
        end_seats(&life);
        settle(&life);
        close_life(&life);
    }
}
