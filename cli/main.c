/* tern: the command. */
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cli/command.h"

/* jansson 2.14 loses characters where memory runs out while it reads, and tells nobody. */
static void *allocate_or_end(size_t size)
{
    void *block = malloc(size);

    if (block == NULL && size != 0) {
        (void)fputs("tern: out of memory\n", stderr);
        _Exit(TRN_EXIT_FAILED);
    }
    return block;
}

/* What was printed may still wait, and a disk be full: who keeps the output must hear of it. */
static enum trn_exit finish(enum trn_exit result)
{
    const bool written = fflush(stdout) == 0 && ferror(stdout) == 0;

    if (written || (result != TRN_EXIT_OK && result != TRN_EXIT_ATTENTION)) {
        return result;
    }
    (void)fputs("tern: the output could not be written\n", stderr);
    return TRN_EXIT_FAILED;
}

int main(int argc, char **argv)
{
    json_set_alloc_funcs(allocate_or_end, free);
    return (int)finish(trn_run(argc, argv));
}
