/* tern-kill: kills devices and servers at random moments, and looks at what they left. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sim/argument.h"
#include "tests/kill/begin.h"

static const char usage[] =
    "Usage: tern-kill [OPTION]...\n"
    "Kills processes that write and sync by SIGKILL, and checks that nothing acknowledged is "
    "lost.\n"
    "  --kills N         how many; 1000\n"
    "  --seed S          of the dice; 1\n"
    "  --alone PERCENT   of the kills, those of devices without a server; 50\n"
    "  --folder FOLDER   where the files live; a new folder beneath TMPDIR\n"
    "  --server PROGRAM  the ternd to kill\n";

struct options {
    uint64_t kills;
    unsigned alone_percent;
    const char *folder;
};

static uint64_t read_number(const char *option, uint64_t least, uint64_t most)
{
    uint64_t number = 0;

    if (!sim_argument_number(option, optarg, least, most, &number)) {
        exit(2);
    }
    return number;
}

static void read_options(int argc, char **argv, struct options *options, struct kill_run *run)
{
    static const struct option flags[] = {{"kills", required_argument, NULL, 'k'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"alone", required_argument, NULL, 'a'},
                                          {"folder", required_argument, NULL, 'f'},
                                          {"server", required_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int flag;

    while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
        switch (flag) {
        case 'k':
            options->kills = read_number("kills", 1, UINT32_MAX);
            break;
        case 's':
            run->settings.seed = read_number("seed", 0, UINT64_MAX);
            break;
        case 'a':
            options->alone_percent = (unsigned)read_number("alone", 0, 100);
            break;
        case 'f':
            options->folder = optarg;
            break;
        case 't':
            run->settings.ternd = optarg;
            break;
        default:
            (void)fputs(usage, flag == 'h' ? stdout : stderr);
            exit(flag == 'h' ? 0 : 2);
        }
    }
}

static void report(const struct kill_run *run, int64_t begin_us)
{
    const struct kill_totals *totals = &run->totals;

    (void)printf("seed %llu, %.1f s: %llu kills of devices, %llu of servers, %llu looks at files\n",
                 (unsigned long long)run->settings.seed,
                 (double)(kill_now_us() - begin_us) / 1e6,
                 (unsigned long long)totals->device_kills,
                 (unsigned long long)totals->server_kills,
                 (unsigned long long)totals->checks);
    (void)printf("kills: %llu, acknowledged: %llu, lost: %llu, doubled: %llu\n",
                 (unsigned long long)totals->kills,
                 (unsigned long long)totals->acknowledged,
                 (unsigned long long)totals->lost,
                 (unsigned long long)totals->doubled);
}

int main(int argc, char **argv)
{
    struct options options = {.kills = 1000, .alone_percent = 50};
    struct kill_run run = {.settings = {.seed = 1, .ternd = TERND_PROGRAM}};
    int64_t begin_us = kill_now_us();
    uint64_t alone;

    read_options(argc, argv, &options, &run);
    begin_run(&run, options.folder);
    alone = options.kills * options.alone_percent / 100;
    kill_alone(&run, alone);
    if (!run.broken && options.kills > run.totals.kills) {
        kill_together(&run, options.kills - run.totals.kills);
    }
    end_run(&run);
    report(&run, begin_us);
    return run.broken ? 1 : 0;
}
