/* What a replica holds, as one text, and its hash: all tables but the library's and SQLite's own,
 * all columns of all rows in the order of their values; then the outbox. */
#include <inttypes.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <string.h>

#include "tests/shared/shared.h"

static void spell_bytes(FILE *file, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(file, "%02x", bytes[i]);
    }
}

void spell(FILE *file, const tern_value *value)
{
    uint64_t bits;

    switch (value->kind) {
    case TERN_NULL:
        (void)fputs("N", file);
        break;
    case TERN_INTEGER:
        (void)fprintf(file, "I%" PRId64, value->integer);
        break;
    case TERN_REAL:
        memcpy(&bits, &value->real, sizeof(bits));
        (void)fprintf(file, "R%016" PRIx64, bits);
        break;
    case TERN_TEXT:
    case TERN_BLOB:
        (void)fputc(value->kind == TERN_TEXT ? 'T' : 'B', file);
        spell_bytes(file, value->data, value->size);
        break;
    }
}

static void dump_rows(struct device *device, const char *sql, FILE *file)
{
    size_t size;
    char *rows = read_rows(device, sql, NULL, &size);

    (void)fwrite(rows, 1, size, file);
    free(rows);
}

/* "1, 2, ... count" */
static void order(char *into, size_t room, int count)
{
    size_t at = 0;

    for (int i = 1; i <= count; i++) {
        at += (size_t)snprintf(into + at, room - at, i == 1 ? "%d" : ", %d", i);
    }
}

static int columns_of(struct device *device, const char *sql)
{
    tern_statement *statement;
    tern_error error;
    int count;

    if (tern_statement_prepare(device->replica, sql, strlen(sql), &statement, &error) != TERN_OK) {
        broken("%s: %s", sql, error.message);
    }
    count = tern_statement_columns(statement);
    tern_statement_free(statement);
    return count;
}

static void dump_table(struct device *device, const char *table, FILE *file)
{
    char sql[1024];
    char columns[512] = "";

    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\"", table);
    order(columns, sizeof(columns), columns_of(device, sql));
    (void)snprintf(sql, sizeof(sql), "SELECT * FROM \"%s\" ORDER BY %s", table, columns);
    (void)fprintf(file, "table %s\n", table);
    dump_rows(device, sql, file);
}

static bool dump_change(void *context, const tern_entry_change *change)
{
    char row[TERN_ID_TEXT_BYTES];

    tern_id_format(&change->row, row);
    (void)fprintf(context,
                  "change %s %s %s %s %s\n",
                  change->operation,
                  change->table,
                  row,
                  change->unit,
                  change->values);
    return true;
}

struct entries {
    FILE *file;
    uint64_t ordinals[256];
    size_t count;
};

static bool dump_entry(void *context, const tern_entry *entry)
{
    struct entries *entries = context;
    char tx[TERN_ID_TEXT_BYTES];
    char device[TERN_ID_TEXT_BYTES];

    tern_id_format(&entry->tx, tx);
    tern_id_format(&entry->device, device);
    (void)fprintf(entries->file,
                  "entry %" PRIu64 " %s %s %d %" PRId64 " %" PRIu64 " %" PRIu32 " %s\n",
                  entry->ordinal,
                  tx,
                  device,
                  (int)entry->state,
                  entry->time_us,
                  entry->number,
                  entry->changes,
                  tern_status_code(entry->reason));
    if (entries->count < 256) {
        entries->ordinals[entries->count++] = entry->ordinal;
    }
    return true;
}

static void dump_outbox(struct device *device, FILE *file)
{
    struct entries entries = {.file = file};
    tern_error error;
    tern_status status;

    if (tern_outbox_visit(device->replica, 0, dump_entry, &entries, &error) != TERN_OK) {
        broken("the outbox: %s", error.message);
    }
    for (size_t i = 0; i < entries.count; i++) {
        (void)fprintf(file, "changes of %" PRIu64 "\n", entries.ordinals[i]);
        status =
            tern_outbox_changes(device->replica, entries.ordinals[i], dump_change, file, &error);
        if (status == TERN_ERR_FORBIDDEN) {
            (void)fputs("FORBIDDEN\n", file);
        } else if (status != TERN_OK) {
            broken("an entry: %s", error.message);
        }
    }
}

static const char TABLES[] =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'tern\\_%' ESCAPE '\\' "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";

char *dump(struct device *device, size_t *ret_size)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, ret_size);
    tern_statement *statement;
    tern_error error;
    bool row = true;

    if (file == NULL ||
        tern_statement_prepare(device->replica, TABLES, strlen(TABLES), &statement, &error) !=
            TERN_OK) {
        broken("the tables of %s: %s", device->name, error.message);
    }
    while (tern_statement_step(statement, &row, &error) == TERN_OK && row) {
        tern_value name = tern_statement_value(statement, 0);
        char table[64];

        (void)snprintf(table, sizeof(table), "%.*s", (int)name.size, (const char *)name.data);
        dump_table(device, table, file);
    }
    tern_statement_free(statement);
    dump_outbox(device, file);
    (void)fclose(file);
    return text;
}

void hash(const char *text, size_t size, char ret_hex[65])
{
    unsigned char digest[32];

    if (mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256),
                   (const unsigned char *)text,
                   size,
                   digest) != 0) {
        broken("no digest");
    }
    for (size_t i = 0; i < sizeof(digest); i++) {
        (void)snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    }
}
