/*
 * tern-kill-mutants: the proof that the loop can find bugs. Each planted one that a kill can bring
 * to light is let loose until a promise breaks; a run without any breaks none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kill/begin.h"
#include "tests/kill/mutant.h"

enum { KILLS_MAX = 400 };

static const struct {
    const char *name;
    void (*loop)(struct kill_run *run, uint64_t kills);
} hunted[] = {
    {"COMMIT_LATER", kill_alone},
    {"ENTRY_ALONE", kill_alone},
    {"ANSWER_FIRST", kill_together},
    {"RECEIPT_ALONE", kill_together},
    {"RECEIPT_IGNORED", kill_together},
    {"CURSOR_FIRST", kill_together},
};

static void forget(struct kill_run *run)
{
    run->broken = false; /* as it must be: nobody wants the files */
    end_run(run);
}

static bool hunt(const char *name, void (*loop)(struct kill_run *run, uint64_t kills))
{
    struct kill_run run = {.settings = {.seed = 1, .ternd = TERND_PROGRAM}};
    bool found;

    mutant_choose(name);
    begin_run(&run, NULL);
    loop(&run, KILLS_MAX);
    found = run.broken;
    (void)printf("mutant %s %s after %llu kills%s%s%s\n",
                 name,
                 found ? "found" : "NOT FOUND",
                 (unsigned long long)run.totals.kills,
                 found ? " (" : "",
                 found ? run.what : "",
                 found ? ")" : "");
    (void)fflush(stdout);
    forget(&run);
    return found;
}

int main(int argc, char **argv)
{
    unsigned missed = 0;

    for (size_t i = 0; i < sizeof hunted / sizeof *hunted; i++) {
        if (argc < 2 || strcmp(argv[1], hunted[i].name) == 0) {
            missed += !hunt(hunted[i].name, hunted[i].loop);
        }
    }
    (void)printf("%u not found\n", missed);
    return missed == 0 ? 0 : 1;
}
