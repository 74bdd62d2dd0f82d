/* Devices that nobody syncs with: each life is one file, written by one process after the other. */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sim/dice.h"
#include "tern/error.h"
#include "tests/kill/child.h"
#include "tests/kill/files.h"
#include "tests/kill/look.h"
#include "tests/kill/moment.h"

enum { LIFE_KILLS = 60, CHECK_PERCENT = 50 };

struct life {
    struct kill_run *run;
    struct sim_dice dice;
    struct worker worker;
    struct book book;
    uint32_t written; /* commits that returned */
    char folder[KILL_PATH_BYTES];
    char file[KILL_PATH_BYTES];
};

static void open_life(struct life *life, struct kill_run *run, uint64_t seed)
{
    char name[40];

    *life = (struct life){.run = run, .dice = sim_dice_make(seed)};
    (void)snprintf(name, sizeof name, "alone-%016llx", (unsigned long long)seed);
    kill_path(life->folder, run->settings.folder, name);
    kill_need(mkdir(life->folder, 0700) == 0, life->folder);
    kill_path(life->file, life->folder, "device.db");
    life->worker = (struct worker){.settings = &run->settings, .file = life->file, .seed = seed};
    sim_dice_fill(&life->dice, &life->worker.user, sizeof life->worker.user);
    book_open(&life->book, seed, 0);
}

static void close_life(struct life *life)
{
    book_close(&life->book);
    if (!life->run->broken) {
        files_remove(life->folder);
    }
}

/* The commit that was under way may have come through. */
static void take(struct life *life, const struct said *said)
{
    struct kill_run *run = life->run;

    if (said->word == WORD_FAILED) {
        kill_broken(run,
                    "a call of a device failed with %s",
                    tern_status_code((tern_status)said->value));
    } else if (said->word == WORD_OPENED && said->value < life->written) {
        run->totals.lost += life->written - said->value;
        kill_broken(run,
                    "%s: reopened with %u of %u transactions whose commit returned",
                    life->file,
                    (unsigned)said->value,
                    (unsigned)life->written);
    } else if (said->word == WORD_OPENED || said->word == WORD_WROTE) {
        run->totals.acknowledged += said->word == WORD_WROTE;
        life->written = said->value;
    }
}

/* One process, from its start to its death. */
static void live_and_die(struct life *life)
{
    struct moment moment = moment_choose(&life->dice);
    struct child child;
    struct said said;
    int status;

    life->worker.fatal_at = moment.call;
    life->worker.moment = moment.where;
    child_start(&child, worker_run, &life->worker);
    moment_begin(&moment);
    while (moment_wait(&moment, &child) && child_hear(&child, &said)) {
        take(life, &said);
        moment_count(&moment, said.word == WORD_WROTE);
    }
    status = child_wait(&child);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        kill_broken(life->run, "a device ended of itself, with status %d", status);
    }
    life->run->totals.kills++;
    life->run->totals.device_kills++;
}

static void look(struct life *life)
{
    const struct look_device device = {.worker = &life->worker,
                                       .book = &life->book,
                                       .written = life->written};

    look_at_device(life->run, &device);
    if (!life->run->broken && life->book.count > life->written) {
        life->written = life->book.count; /* it came through, and is owed from now on */
    }
}

void kill_alone(struct kill_run *run, uint64_t kills)
{
    struct sim_dice seeds = sim_dice_make(run->settings.seed);
    uint64_t end = run->totals.kills + kills;

    while (run->totals.kills < end && !run->broken) {
        struct life life;

        open_life(&life, run, sim_dice_next(&seeds));
        for (unsigned i = 0; i < LIFE_KILLS && run->totals.kills < end && !run->broken; i++) {
            live_and_die(&life);
            if (!run->broken && (sim_chance(&life.dice, CHECK_PERCENT) || i + 1 == LIFE_KILLS)) {
                look(&life);
            }
        }
        close_life(&life);
    }
}
