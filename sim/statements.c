/* What the simulator asks a replica again and again, by the public interface and compiled once. */
#include "sim/statements.h"

#include <stdlib.h>
#include <string.h>

struct sim_statement {
    struct sim_statement *next;
    char *sql;
    tern_statement *statement;
};

/* Nothing of it is the device's own: it does not fail for what is armed. */
tern_statement *sim_statement_of(struct sim_device *device, const char *sql)
{
    struct sim_statement *kept = device->statements;
    tern_statement *statement = NULL;

    while (kept != NULL && strcmp(kept->sql, sql) != 0) {
        kept = kept->next;
    }
    if (kept != NULL) {
        tern_statement_reset(kept->statement);
        return kept->statement;
    }
    if (tern_statement_prepare(device->replica, sql, strlen(sql), &statement, NULL) != TERN_OK) {
        return NULL;
    }
    kept = malloc(sizeof *kept);
    if (kept == NULL || (kept->sql = strdup(sql)) == NULL) {
        abort();
    }
    kept->statement = statement;
    kept->next = device->statements;
    device->statements = kept;
    return statement;
}

void sim_statements_free(struct sim_device *device)
{
    while (device->statements != NULL) {
        struct sim_statement *next = device->statements->next;

        tern_statement_free(device->statements->statement);
        free(device->statements->sql);
        free(device->statements);
        device->statements = next;
    }
}
