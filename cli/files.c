/* Files and what is in them. */
#include "cli/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/uuid.h"
#include "tern/platform.h"

enum { READ_BYTES = 16 * 1024 };

static tern_status
read_to_end(FILE *file, const char *path, size_t limit, struct trn_bytes *bytes, tern_error *error)
{
    char part[READ_BYTES];
    size_t size;

    while ((size = fread(part, 1, sizeof(part), file)) > 0) {
        if (size > limit - bytes->size) {
            return trn_fail(error, TERN_ERR_TOO_LARGE, "%s: larger than %zu bytes", path, limit);
        }
        if (trn_bytes_append(bytes, part, size) != TERN_OK) {
            return trn_fail_nomem(error);
        }
    }
    if (ferror(file) != 0) {
        return trn_fail(error, TERN_ERR_IO, "%s: %s", path, strerror(errno));
    }
    return TERN_OK;
}

tern_status
trn_file_read(const char *path, size_t limit, struct trn_bytes *bytes, tern_error *error)
{
    FILE *file = fopen(path, "re");
    tern_status status;

    if (file == NULL) {
        return trn_fail(error, TERN_ERR_IO, "%s: %s", path, strerror(errno));
    }
    status = read_to_end(file, path, limit, bytes, error);
    (void)fclose(file);
    return status;
}

static void write_log(void *context, tern_log_level level, const char *message)
{
    (void)context;
    if (level <= TERN_LOG_WARNING) {
        (void)fprintf(stderr, "tern: %s\n", message);
    }
}

void trn_ports_of(tern_ports *ret_ports)
{
    tern_platform_ports(ret_ports);
    ret_ports->log.write = write_log;
}

tern_status
trn_replica_of(const struct trn_call *call, tern_replica **ret_replica, tern_error *error)
{
    const char *path = trn_option(call, TRN_OPT_REPLICA);
    tern_ports ports;
    tern_replica_options options = {.size = sizeof(options), .must_exist = true, .ports = &ports};
    tern_status status;

    trn_ports_of(&ports);
    status = tern_replica_open(path, &options, ret_replica, error);
    if (status == TERN_ERR_NOT_FOUND) {
        trn_error_clear(error);
        return trn_fail(error, status, "%s: no such replica; \"tern init\" makes one", path);
    }
    if (status != TERN_OK) {
        trn_error_context(error, "%s", path);
    }
    return status;
}

bool trn_id_of(const struct trn_call *call, const char *text, tern_id *ret_id)
{
    if (!trn_id_parse(trn_slice_text(text), ret_id)) {
        (void)trn_usage_error(call, "\"%s\" is not a UUID", text);
        return false;
    }
    return true;
}

bool trn_ordinal_of(const struct trn_call *call, const char *text, uint64_t *ret_ordinal)
{
    char *end = NULL;
    unsigned long long number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number == 0) {
        (void)trn_usage_error(call, "\"%s\" is not the number of an entry", text);
        return false;
    }
    *ret_ordinal = number;
    return true;
}

tern_status trn_prepare_with(tern_reader *reader,
                             const char *sql,
                             const tern_value *values,
                             size_t count,
                             tern_statement **ret_statement,
                             tern_error *error)
{
    tern_statement *statement = NULL;
    tern_status status = tern_reader_prepare(reader, sql, strlen(sql), &statement, error);

    for (size_t i = 0; status == TERN_OK && i < count; i++) {
        status = tern_statement_bind(statement, (int)i + 1, values[i], error);
    }
    if (status != TERN_OK) {
        tern_statement_free(statement);
        return status;
    }
    *ret_statement = statement;
    return TERN_OK;
}

/* The synced tables are those that carry the library's version column. */
static const char tables_query[] = "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                                   "sql LIKE '%\"tern\\_v\"%' ESCAPE '\\' ORDER BY name";

tern_status trn_tables_of(tern_reader *reader, json_t *names, tern_error *error)
{
    tern_statement *statement = NULL;
    tern_status status = trn_prepare_with(reader, tables_query, NULL, 0, &statement, error);
    bool ready = false;

    while (status == TERN_OK &&
           (status = tern_statement_step(statement, &ready, error)) == TERN_OK && ready) {
        tern_value name = tern_statement_value(statement, 0);

        if (json_array_append_new(names, json_stringn(name.data, name.size)) != 0) {
            status = trn_fail_nomem(error);
        }
    }
    tern_statement_free(statement);
    return status;
}
