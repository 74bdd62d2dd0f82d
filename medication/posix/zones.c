/* The zones of a folder of TZif files. Each is read once and kept; a name leads to nothing outside
 * the folder. */
#include "tern/medication/zone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "medication/calendar.h"
#include "medication/tzif.h"

enum { NAME_MAX_BYTES = 64, FILE_MAX_BYTES = 256 * 1024, READ_BYTES = 4096 };

struct kept {
    struct kept *next;
    struct trn_tzif zone;
    char name[NAME_MAX_BYTES + 1];
};

struct tern_posix_zones {
    struct kept *kept;
    char *folder;
};

static bool begins_with(const char *name, const char *letters)
{
    for (; *letters != '\0'; name++, letters++) {
        if ((*name | 0x20) != *letters) {
            return false;
        }
    }
    return true;
}

/* What stands beside the zones in the folder, also where it does not tell capitals apart: the
 * machine's own, which is another one on each; a rule; none; all once more by other rules. */
static bool is_of_machine(const char *name)
{
    return begins_with(name, "localtime") || begins_with(name, "posixrules") ||
           begins_with(name, "factory") || begins_with(name, "posix/") ||
           begins_with(name, "right/");
}

/* Letters, digits, '_', '+' and '-' in parts between single slashes. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    size_t size = strlen(name);

    return size > 0 && size <= NAME_MAX_BYTES && strspn(name, allowed) == size && name[0] != '/' &&
           name[size - 1] != '/' && strstr(name, "//") == NULL && !is_of_machine(name);
}

static tern_status read_all(FILE *file, struct trn_bytes *bytes, tern_error *error)
{
    tern_status status = TERN_OK;
    size_t got = READ_BYTES;
    char buffer[READ_BYTES];

    while (status == TERN_OK && got == READ_BYTES) {
        got = fread(buffer, 1, READ_BYTES, file);
        status = trn_bytes_append(bytes, buffer, got);
        if (status == TERN_OK && bytes->size > FILE_MAX_BYTES) {
            return trn_fail(error, TERN_ERR_CORRUPT, "zone file: it is too large");
        }
    }
    if (status != TERN_OK) {
        return trn_fail_nomem(error);
    }
    if (ferror(file) && errno == EISDIR) {
        return trn_fail(error, TERN_ERR_NOT_FOUND, "there is no such time zone");
    }
    return ferror(file) ? trn_fail(error, TERN_ERR_IO, "a zone file cannot be read") : TERN_OK;
}

static tern_status read_file(const tern_posix_zones *zones,
                             const char *name,
                             struct trn_bytes *bytes,
                             tern_error *error)
{
    struct trn_bytes path = {0};
    FILE *file = NULL;
    tern_status status = trn_bytes_append_format(&path, "%s/%s", zones->folder, name);

    if (status != TERN_OK) {
        status = trn_fail_nomem(error);
        goto out;
    }
    file = fopen(trn_bytes_text(&path), "rb");
    if (file == NULL) {
        status = errno == ENOENT || errno == ENOTDIR
                     ? trn_fail(error, TERN_ERR_NOT_FOUND, "there is no such time zone")
                     : trn_fail(error, TERN_ERR_IO, "a zone file cannot be opened");
        goto out;
    }
    status = read_all(file, bytes, error);

out:
    if (file != NULL) {
        (void)fclose(file);
    }
    trn_bytes_free(&path);
    return status;
}

static tern_status
keep(tern_posix_zones *zones, const char *name, struct kept **ret_kept, tern_error *error)
{
    struct trn_bytes bytes = {0};
    struct kept *kept = trn_calloc(1, sizeof(*kept));
    tern_status status;

    if (kept == NULL) {
        return trn_fail_nomem(error);
    }
    status = read_file(zones, name, &bytes, error);
    if (status == TERN_OK) {
        status = trn_tzif_read(bytes.data, bytes.size, &kept->zone, error);
    }
    if (status == TERN_OK) {
        memcpy(kept->name, name, strlen(name) + 1);
        kept->next = zones->kept;
        zones->kept = kept;
        *ret_kept = kept;
    } else {
        trn_free(kept);
    }
    trn_bytes_free(&bytes);
    return status;
}

static tern_status
offset(void *context, const char *name, int64_t utc_us, int32_t *ret_offset_s, tern_error *error)
{
    tern_posix_zones *zones = context;
    struct kept *kept = zones->kept;
    int64_t rest;

    while (kept != NULL && strcmp(kept->name, name) != 0) {
        kept = kept->next;
    }
    if (kept == NULL && !is_name(name)) {
        return trn_fail(error, TERN_ERR_FORMAT, "this is not the name of a time zone");
    }
    if (kept == NULL) {
        tern_status status = keep(zones, name, &kept, error);

        if (status != TERN_OK) {
            return status;
        }
    }
    *ret_offset_s = trn_tzif_offset(&kept->zone, trn_floor_divide(utc_us, TRN_SECOND_US, &rest));
    return TERN_OK;
}

tern_status
tern_posix_zones_open(const char *folder, tern_posix_zones **ret_zones, tern_error *error)
{
    tern_posix_zones *zones;

    trn_error_clear(error);
    if (ret_zones == NULL) {
        return trn_fail(error, TERN_ERR_MISUSE, "tern_posix_zones_open: an argument is missing");
    }
    zones = trn_calloc(1, sizeof(*zones));
    if (zones != NULL) {
        zones->folder =
            trn_text_copy(trn_slice_text(folder != NULL ? folder : "/usr/share/zoneinfo"));
    }
    if (zones == NULL || zones->folder == NULL) {
        trn_free(zones);
        return trn_fail_nomem(error);
    }
    *ret_zones = zones;
    return TERN_OK;
}

void tern_posix_zones_port(tern_posix_zones *zones, tern_zone_port *ret_port)
{
    if (ret_port != NULL) {
        *ret_port = (tern_zone_port){.context = zones, .offset = zones != NULL ? offset : NULL};
    }
}

void tern_posix_zones_close(tern_posix_zones *zones)
{
    if (zones == NULL) {
        return;
    }
    while (zones->kept != NULL) {
        struct kept *next = zones->kept->next;

        trn_tzif_free(&zones->kept->zone);
        trn_free(zones->kept);
        zones->kept = next;
    }
    trn_free(zones->folder);
    trn_free(zones);
}
