/* A server hears of its bug by the environment, since its arguments are those of any server. */
#include "tests/kill/mutant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

static const char variable[] = "TERN_MUTANT";

static const char *const names[] = {[TRN_MUTANT_NONE] = "",
#define PLANTED(name, seed, text) [TRN_MUTANT_##name] = #name,
                                    TRN_MUTANTS(PLANTED)
#undef PLANTED
};

enum trn_mutant trn_mutant_chosen = TRN_MUTANT_NONE;

void mutant_choose(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            trn_mutant_chosen = (enum trn_mutant)i;
            (void)setenv(variable, name, 1);
            return;
        }
    }
    (void)fprintf(stderr, "there is no planted bug %s\n", name);
    exit(2);
}

__attribute__((constructor)) static void hear(void)
{
    const char *name = getenv(variable);

    if (name != NULL) {
        mutant_choose(name);
    }
}
