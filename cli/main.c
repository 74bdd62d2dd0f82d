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

int main(int argc, char **argv)
{
    json_set_alloc_funcs(allocate_or_end, free);
    return (int)trn_run(argc, argv);
}
