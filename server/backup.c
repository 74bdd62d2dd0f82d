/* A file that is being written, or badly, is as good as none: devices keep more then. */
#include "server/backup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

enum { LINE_BYTES = 128, TX_DIGITS = 32 };

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

/* Reads a number and what stands behind it. */
static bool read_number(const char *text, char behind, int64_t *ret_number, const char **ret_end)
{
    char *end = NULL;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    *ret_number = number;
    *ret_end = end;
    return errno == 0 && end != text && *end == behind && number > 0;
}

struct trn_backup trn_backup_read(const char *database)
{
    const struct trn_backup none = {.number = 0};
    struct trn_backup backup = none;
    char line[LINE_BYTES];
    const char *at = NULL;

    if (!read_line(database, line)) {
        return none;
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (!read_number(line, ' ', &backup.number, &at) || strlen(at) <= TX_DIGITS + 2 ||
        at[TX_DIGITS + 1] != ' ' ||
        !trn_hex_decode(trn_slice_make(at + 1, TX_DIGITS),
                        backup.tx.bytes,
                        sizeof(backup.tx.bytes)) ||
        !read_number(at + TX_DIGITS + 2, '\0', &backup.received_us, &at)) {
        return none;
    }
    return backup;
}
