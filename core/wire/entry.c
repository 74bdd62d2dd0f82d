/* Entries: the changes of one transaction as lines. */
#include "wire/entry.h"

#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "wire/frame.h"
#include "wire/limits.h"
#include "wire/upcast.h"

static const char tags[] = {
    [TRN_OP_INSERT] = 'i',
    [TRN_OP_UPDATE] = 'u',
    [TRN_OP_UNDO] = 'b',
    [TRN_OP_DELETE] = 'd',
    [TRN_OP_UNDELETE] = 'n',
};

bool trn_entry_kind_is_left(unsigned kind)
{
    return kind == TRN_ENTRY_LEFT_RECORDED || kind == TRN_ENTRY_LEFT_INFERRED;
}

bool trn_entry_kind_is_inferred(unsigned kind)
{
    return kind == TRN_ENTRY_INFERRED || kind == TRN_ENTRY_LEFT_INFERRED;
}

tern_status trn_entry_write_header(struct trn_line_writer *writer,
                                   const struct trn_entry_header *header,
                                   tern_error *error)
{
    trn_line_begin(writer, 'x');
    trn_line_write_integer(writer, (int64_t)header->ordinal);
    trn_line_write_id(writer, &header->tx);
    trn_line_write_integer(writer, header->time_us);
    trn_line_write_integer(writer, (int64_t)header->kind);
    trn_line_write_integer(writer, header->schema_version);
    if (header->epoch[0] == '\0') {
        trn_line_write_null(writer);
    } else {
        trn_line_write_text(writer, trn_slice_text(header->epoch));
    }
    if (trn_entry_kind_is_left(header->kind)) {
        trn_line_write_integer(writer, header->former);
    }
    for (size_t i = 0; i < header->depends_count; i++) {
        trn_line_write_integer(writer, (int64_t)header->depends_on[i]);
    }
    return trn_line_finish(writer, error);
}

static void write_unit(struct trn_line_writer *writer, const struct trn_change *change)
{
    const struct trn_unit *unit = &change->table->units[change->unit];

    trn_line_write_integer(writer, (int64_t)change->unit);
    trn_line_write_integer(writer, change->base);
    for (size_t i = 0; i < unit->column_count; i++) {
        uint16_t column = unit->columns[i];

        trn_line_write_value(writer, &change->table->columns[column], &change->values[column]);
    }
}

tern_status trn_entry_write_change(struct trn_line_writer *writer,
                                   const struct trn_change *change,
                                   tern_error *error)
{
    const struct trn_table *table = change->table;

    trn_line_begin(writer, tags[change->operation]);
    trn_line_write_integer(writer, table->index);
    trn_line_write_id(writer, &change->id);
    switch (change->operation) {
    case TRN_OP_INSERT:
        for (size_t i = 0; i < table->column_count; i++) {
            trn_line_write_value(writer, &table->columns[i], &change->values[i]);
        }
        break;
    case TRN_OP_UPDATE:
    case TRN_OP_UNDO:
        TRN_ASSERT(change->unit > TRN_UNIT_EXISTENCE && change->unit < table->unit_count);
        write_unit(writer, change);
        break;
    case TRN_OP_DELETE:
    case TRN_OP_UNDELETE:
        trn_line_write_integer(writer, change->base);
        break;
    }
    return trn_line_finish(writer, error);
}

static tern_status
read_epoch(struct trn_line_reader *lines, char ret_epoch[TRN_EPOCH_BYTES], tern_error *error)
{
    struct trn_token token;
    tern_status status = trn_line_read(lines, &token, error);

    if (status != TERN_OK) {
        return status;
    }
    if (token.kind == TRN_TOKEN_NULL) {
        ret_epoch[0] = '\0';
        return TERN_OK;
    }
    if (token.kind != TRN_TOKEN_TEXT || !trn_wire_is_epoch(token.text)) {
        return trn_line_fail(lines, TERN_ERR_PROTOCOL, "not an epoch", error);
    }
    memcpy(ret_epoch, token.text.data, TRN_EPOCH_BYTES - 1);
    ret_epoch[TRN_EPOCH_BYTES - 1] = '\0';
    return TERN_OK;
}

static tern_status read_depends(struct trn_entry_reader *reader, tern_error *error)
{
    struct trn_entry_header *header = &reader->header;
    tern_status status = TERN_OK;

    while (status == TERN_OK && trn_line_has_more(&reader->lines)) {
        int64_t ordinal = 0;
        uint64_t earlier;

        status = trn_line_read_count(&reader->lines, 1, INT64_MAX, &ordinal, error);
        if (status != TERN_OK) {
            return status;
        }
        earlier = (uint64_t)ordinal;
        if (earlier >= header->ordinal) {
            return trn_line_fail(&reader->lines,
                                 TERN_ERR_PROTOCOL,
                                 "depends on no earlier entry",
                                 error);
        }
        if (++header->depends_count > TRN_WIRE_TX_CHANGES_MAX) {
            return trn_line_fail(&reader->lines,
                                 TERN_ERR_TOO_LARGE,
                                 "depends on too many entries",
                                 error);
        }
        if (trn_bytes_append(&reader->depends, &earlier, sizeof(earlier)) != TERN_OK) {
            return trn_fail_nomem(error);
        }
    }
    /* The bytes come from the allocator, whose blocks are aligned for any type. */
    header->depends_on = (const uint64_t *)(const void *)reader->depends.data;
    return status;
}

static tern_status read_header(struct trn_entry_reader *reader, tern_error *error)
{
    struct trn_line_reader *lines = &reader->lines;
    struct trn_entry_header *header = &reader->header;
    int64_t ordinal = 0;
    int64_t kind = 0;
    int64_t version = 0;
    tern_status status = trn_line_read_count(lines, 1, INT64_MAX, &ordinal, error);

    if (status == TERN_OK) {
        status = trn_line_read_id(lines, &header->tx, error);
    }
    if (status == TERN_OK) {
        status = trn_line_read_integer(lines, &header->time_us, error);
    }
    if (status == TERN_OK) {
        status = trn_line_read_count(lines, 0, TRN_ENTRY_LEFT_INFERRED, &kind, error);
    }
    if (status == TERN_OK) {
        status = trn_line_read_count(lines, 1, UINT32_MAX, &version, error);
    }
    if (status == TERN_OK) {
        status = read_epoch(lines, header->epoch, error);
    }
    header->ordinal = (uint64_t)ordinal;
    header->kind = (enum trn_entry_kind)kind;
    header->schema_version = (uint32_t)version;
    if (status == TERN_OK && trn_entry_kind_is_left(header->kind)) {
        status = trn_line_read_count(lines, 0, INT64_MAX, &header->former, error);
    }
    if (status == TERN_OK) {
        status = read_depends(reader, error);
    }
    return status == TERN_OK ? trn_line_read_end(lines, error) : status;
}

tern_status trn_entry_open(struct trn_entry_reader *reader,
                           const struct trn_schema *schema,
                           struct trn_slice entry,
                           tern_error *error)
{
    char tag = '\0';
    tern_status status;

    *reader = (struct trn_entry_reader){.schema = schema};
    trn_line_reader_open(&reader->lines, entry);
    if (entry.size > TRN_WIRE_TX_BYTES_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "a tx of more than 8 MiB");
    }
    status = trn_frame_next(&reader->lines, &tag, error);
    if (status == TERN_OK && tag != 'x') {
        return trn_fail(error, TERN_ERR_PROTOCOL, "no beginning of a tx");
    }
    if (status == TERN_OK) {
        status = read_header(reader, error);
    }
    if (status == TERN_OK && schema != NULL && reader->header.schema_version > schema->version) {
        return trn_fail(error,
                        TERN_ERR_CANNOT_UPCAST,
                        "written under version %u of the schema, %u is known",
                        (unsigned)reader->header.schema_version,
                        (unsigned)schema->version);
    }
    return status;
}

/* Columns that the writer's version did not know. */
static void fill_defaults(const struct trn_table *table, size_t from, tern_value *values)
{
    for (size_t i = from; i < table->column_count; i++) {
        const struct trn_column *column = &table->columns[i];

        values[i] = column->has_default ? column->default_value : tern_value_null();
    }
}

static tern_status
fail_count(const struct trn_entry_reader *reader, const struct trn_table *table, tern_error *error)
{
    return trn_fail(error,
                    TERN_ERR_UNKNOWN_COLUMN,
                    "line %zu, table %s: not the columns that version %u has",
                    reader->lines.count,
                    table->name,
                    (unsigned)reader->header.schema_version);
}

static tern_status
read_insert(struct trn_entry_reader *reader, struct trn_change *change, tern_error *error)
{
    const struct trn_table *table = change->table;
    size_t known = trn_wire_columns(table, reader->header.schema_version);
    tern_status status = TERN_OK;

    for (size_t i = 0; status == TERN_OK && i < known; i++) {
        if (!trn_line_has_more(&reader->lines)) {
            return fail_count(reader, table, error);
        }
        status = trn_line_read_value(&reader->lines, &table->columns[i], &change->values[i], error);
    }
    if (status == TERN_OK) {
        fill_defaults(table, known, change->values);
    }
    return status;
}

static tern_status
read_unit(struct trn_entry_reader *reader, struct trn_change *change, tern_error *error)
{
    const struct trn_table *table = change->table;
    size_t known = trn_wire_units(table, reader->header.schema_version);
    int64_t number = 0;
    tern_status status = trn_line_read_integer(&reader->lines, &number, error);

    if (status == TERN_OK && (number <= TRN_UNIT_EXISTENCE || number >= (int64_t)known)) {
        return trn_fail(error,
                        TERN_ERR_UNKNOWN_COLUMN,
                        "line %zu, table %s: no such unit",
                        reader->lines.count,
                        table->name);
    }
    if (status == TERN_OK) {
        change->unit = (size_t)number;
        status = trn_line_read_integer(&reader->lines, &change->base, error);
    }
    for (size_t i = 0; status == TERN_OK && i < table->units[number].column_count; i++) {
        uint16_t column = table->units[number].columns[i];

        if (!trn_line_has_more(&reader->lines)) {
            return fail_count(reader, table, error);
        }
        status = trn_line_read_value(&reader->lines,
                                     &table->columns[column],
                                     &change->values[column],
                                     error);
    }
    return status;
}

static tern_status read_operation(const struct trn_entry_reader *reader,
                                  char tag,
                                  struct trn_change *change,
                                  tern_error *error)
{
    const char *known = memchr(tags, tag, sizeof(tags));

    if (known == NULL) {
        return trn_frame_fail_order(&reader->lines, error);
    }
    change->operation = (enum trn_operation)(known - tags);
    return TERN_OK;
}

static tern_status
read_place(struct trn_entry_reader *reader, struct trn_change *change, tern_error *error)
{
    int64_t index = 0;
    tern_status status = trn_line_read_integer(&reader->lines, &index, error);

    if (status != TERN_OK) {
        return status;
    }
    change->table = trn_wire_table(reader->schema, index, reader->header.schema_version);
    if (change->table == NULL) {
        return trn_fail(error,
                        TERN_ERR_UNKNOWN_TABLE,
                        "line %zu: version %u has no such table",
                        reader->lines.count,
                        (unsigned)reader->header.schema_version);
    }
    return trn_line_read_id(&reader->lines, &change->id, error);
}

static tern_status
read_columns(struct trn_entry_reader *reader, struct trn_change *change, tern_error *error)
{
    tern_status status;

    change->unit = TRN_UNIT_EXISTENCE;
    change->base = 0;
    switch (change->operation) {
    case TRN_OP_INSERT:
        status = read_insert(reader, change, error);
        break;
    case TRN_OP_UPDATE:
    case TRN_OP_UNDO:
        status = read_unit(reader, change, error);
        break;
    default:
        status = trn_line_read_integer(&reader->lines, &change->base, error);
        break;
    }
    if (status == TERN_OK && trn_line_has_more(&reader->lines)) {
        return fail_count(reader, change->table, error);
    }
    return status == TERN_OK ? trn_line_read_end(&reader->lines, error) : status;
}

tern_status trn_entry_next(struct trn_entry_reader *reader,
                           bool *ret_any,
                           struct trn_change *ret_change,
                           tern_error *error)
{
    char tag = '\0';
    tern_status status = trn_frame_next(&reader->lines, &tag, error);

    TRN_ASSERT(reader->schema != NULL);

    if (status != TERN_OK) {
        return status;
    }
    if (tag == '\0') {
        *ret_any = false;
        return TERN_OK;
    }
    if (++reader->change_count > TRN_WIRE_TX_CHANGES_MAX) {
        return trn_fail(error, TERN_ERR_TOO_LARGE, "a tx of more than 50,000 changes");
    }
    status = read_operation(reader, tag, ret_change, error);
    if (status == TERN_OK) {
        status = read_place(reader, ret_change, error);
    }
    if (status == TERN_OK) {
        status = read_columns(reader, ret_change, error);
    }
    if (status == TERN_OK) {
        *ret_any = true;
    }
    return status;
}

struct trn_entry_place trn_entry_place(const struct trn_entry_reader *reader)
{
    return (struct trn_entry_place){reader->lines.at, reader->lines.count, reader->change_count};
}

void trn_entry_return(struct trn_entry_reader *reader, struct trn_entry_place place)
{
    reader->lines.at = place.at;
    reader->lines.count = place.lines;
    reader->change_count = place.changes;
}

void trn_entry_close(struct trn_entry_reader *reader)
{
    trn_line_reader_free(&reader->lines);
    trn_bytes_free(&reader->depends);
}
