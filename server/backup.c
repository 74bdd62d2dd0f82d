/* A file that is being written, or badly, is as good as none: devices keep more then. */
#include "server/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

enum { LINE_BYTES = 128 };

static bool read_line(const char *database, char line[LINE_BYTES])
{
    struct trn_bytes name = {0};
    FILE *file = NULL;
    bool found = false;

    if (trn_bytes_append_format(&name, "%s.backed-up", database) == TERN_OK) {
        file = fopen(trn_bytes_text(&name), "r");
    }
    if (file != NULL) {
        found = fgets(line, LINE_BYTES, file) != NULL;
        (void)fclose(file);
    }
    trn_bytes_free(&name);
    return found;
}

struct trn_backup trn_backup_read(const char *database)
{
    const struct trn_backup none = {.number = 0};
    struct trn_backup backup = none;
    char line[LINE_BYTES];
    char *end = NULL;
    size_t size;

    if (!read_line(database, line)) {
        return none;
    }
    errno = 0;
    backup.number = strtoll(line, &end, 10);
    if (errno != 0 || end == line || *end != ' ' || backup.number < 1) {
        return none;
    }
    end++;
    size = strcspn(end, "\r\n");
    return size == 2 * sizeof(backup.tx.bytes) && trn_hex_decode(trn_slice_make(end, size),
                                                                 backup.tx.bytes,
                                                                 sizeof(backup.tx.bytes))
               ? backup
               : none;
}
