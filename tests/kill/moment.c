/* Choosing and waiting. */
#define _GNU_SOURCE /* ppoll */
#include "tests/kill/moment.h"

#include <poll.h>
#include <time.h>

#include "tests/kill/kill.h"

enum {
    CALLS_MAX = 3000,
    WORDS_MAX = 40,
    AFTER_US_MAX = 1500,
    DELAY_US_MAX = 60000,
    PATIENCE_S = 30
};

unsigned moment_roll(struct sim_dice *dice, unsigned limit)
{
    unsigned scale = 1;

    while (scale < limit && sim_chance(dice, 70)) {
        scale *= 4;
    }
    scale = scale < limit ? scale * 4 : limit;
    return 1 + sim_roll(dice, scale < limit ? scale : limit);
}

struct moment moment_choose(struct sim_dice *dice)
{
    struct moment moment = {.at_us = INT64_MAX};
    unsigned kind = sim_roll(dice, 100);

    if (kind < 50) {
        moment.call = moment_roll(dice, CALLS_MAX);
        moment.where = (enum fatal_moment)sim_roll(dice, FATAL_MOMENTS);
    } else if (kind < 75) {
        moment.words = moment_roll(dice, WORDS_MAX);
        moment.delay_us = sim_roll(dice, AFTER_US_MAX);
    } else {
        moment.delay_us = moment_roll(dice, DELAY_US_MAX);
    }
    return moment;
}

void moment_begin(struct moment *moment)
{
    if (moment->call == 0 && moment->words == 0) {
        moment->at_us = kill_now_us() + moment->delay_us;
    }
}

void moment_count(struct moment *moment, bool counts)
{
    if (counts && moment->words > 0 && --moment->words == 0) {
        moment->at_us = kill_now_us() + moment->delay_us;
    }
}

/* A process that waits for a system call which never comes is killed all the same. */
bool moment_wait(struct moment *moment, const struct child *child)
{
    struct pollfd poll_file = {.fd = child->pipe, .events = POLLIN};
    int64_t now = kill_now_us();
    int64_t left = moment->at_us == INT64_MAX ? PATIENCE_S * INT64_C(1000000) : moment->at_us - now;
    struct timespec wait = {0};

    if (moment->at_us == INT64_MAX - 1) {
        return true; /* what it said before is still to be heard */
    }
    if (left > 0) {
        wait = (struct timespec){.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
    }
    if (left <= 0 || ppoll(&poll_file, 1, &wait, NULL) == 0) {
        child_kill(child);
        moment->at_us = INT64_MAX - 1;
    }
    return true;
}
