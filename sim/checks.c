#include "sim/checks.h"

#include <string.h>

const char *const sim_check_names[] = {
    "acknowledged",
    "adherence",
    "alerts",
    "applied",
    "atomic visibility",
    "audit rows",
    "beginnings",
    "bounded heap",
    "bounded log",
    "bounded page",
    "calm sync",
    "coding",
    "convergence",
    "counters",
    "day",
    "dependents",
    "discards",
    "drained",
    "durable acks",
    "durable commits",
    "endless",
    "erasure",
    "expectation",
    "honest clocks",
    "integrity",
    "isolated",
    "isolation",
    "job",
    "kept",
    "look",
    "lost",
    "measured clock",
    "model",
    "monotone cursors",
    "monotone stamps",
    "number",
    "one row",
    "open",
    "past",
    "pieces",
    "quiet",
    "quota",
    "rebuilt",
    "records",
    "references",
    "remains",
    "reminders",
    "restored",
    "retaken",
    "retried",
    "rules",
    "server",
    "shelf",
    "shown",
    "stale forms",
    "start",
    "status",
    "stored times",
    "strangers",
    "unchanged",
    "vanished history",
    "windows",
    "windows of doses",
};

const size_t sim_check_count = sizeof sim_check_names / sizeof *sim_check_names;

bool sim_is_check(const char *name)
{
    for (size_t i = 0; i < sim_check_count; i++) {
        if (strcmp(sim_check_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}
