/* Answers as the server writes them. */

#include "base/mutant.h"
#include "wire/answer.h"
#include "wire/envelope.h"
#include "wire/upcast.h"

void trn_answer_writer_open(struct trn_answer_writer *writer,
                            const struct trn_schema *schema,
                            uint32_t version,
                            struct trn_bytes *bytes)
{
    *writer = (struct trn_answer_writer){.schema = schema, .version = version};
    trn_line_writer_open(&writer->lines, bytes);
}

static json_t *make_envelope(const struct trn_answer_envelope *envelope)
{
    const char *cursor = (const char *)envelope->cursor.data;
    json_t *object = json_object();
    int failed = 0;

    failed |= json_object_set_new(object, "tern", json_integer(1));
    failed |= json_object_set_new(object, "schema", json_integer(envelope->schema_version));
    failed |= json_object_set_new(object, "epoch", json_string(envelope->epoch));
    failed |= json_object_set_new(object, "time", json_integer(envelope->time_us));
    failed |= json_object_set_new(object, "cursor", json_stringn(cursor, envelope->cursor.size));
    failed |=
        json_object_set_new(object, "verdicts", json_integer((json_int_t)envelope->verdict_count));
    failed |= json_object_set_new(object, "more", json_boolean(envelope->more));
    if (envelope->backup != 0) {
        failed |= json_object_set_new(object, "backup", json_integer(envelope->backup));
    }
    if (envelope->any) {
        failed |= json_object_set_new(object, "any", json_true());
    }
    if (failed != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

tern_status trn_answer_write_envelope(struct trn_answer_writer *writer,
                                      const struct trn_answer_envelope *envelope,
                                      tern_error *error)
{
    json_t *object = make_envelope(envelope);
    tern_status status = trn_envelope_write(&writer->lines, object, error);

    json_decref(object);
    return status;
}

tern_status trn_answer_write_verdict(struct trn_answer_writer *writer,
                                     const struct trn_verdict *verdict,
                                     tern_error *error)
{
    struct trn_line_writer *lines = &writer->lines;

    trn_line_begin(lines, 'v');
    trn_line_write_integer(lines, (int64_t)verdict->index);
    trn_line_write_text(lines, trn_slice_text(trn_verdict_word(verdict->kind)));
    switch (verdict->kind) {
    case TRN_VERDICT_APPLIED:
    case TRN_VERDICT_DUPLICATE:
        trn_line_write_integer(lines, verdict->number);
        trn_line_write_integer(lines, verdict->stored_us);
        break;
    case TRN_VERDICT_REJECTED:
        trn_line_write_text(lines, trn_slice_text(tern_status_code(verdict->code)));
        trn_line_write_integer(lines, verdict->change);
        trn_line_write_text(lines, verdict->sentence);
        break;
    case TRN_VERDICT_RETRY:
        break;
    }
    return trn_line_finish(lines, error);
}

tern_status
trn_answer_write_gone(struct trn_answer_writer *writer, const tern_id *scope, tern_error *error)
{
    trn_line_begin(&writer->lines, 'g');
    trn_line_write_id(&writer->lines, scope);
    return trn_line_finish(&writer->lines, error);
}

tern_status trn_answer_write_erased(struct trn_answer_writer *writer,
                                    const tern_id *scope,
                                    int64_t number,
                                    tern_error *error)
{
    trn_line_begin(&writer->lines, 'g');
    trn_line_write_id(&writer->lines, scope);
    trn_line_write_integer(&writer->lines, number);
    return trn_line_finish(&writer->lines, error);
}

tern_status trn_answer_begin_scope(struct trn_answer_writer *writer,
                                   const tern_id *scope,
                                   bool fresh,
                                   tern_error *error)
{
    writer->last = 0;
    trn_line_begin(&writer->lines, 's');
    trn_line_write_id(&writer->lines, scope);
    trn_line_write_bool(&writer->lines, fresh);
    return trn_line_finish(&writer->lines, error);
}

tern_status trn_answer_write_tx(struct trn_answer_writer *writer,
                                const struct trn_answer_tx *tx,
                                tern_error *error)
{
    writer->last = tx->number;
    trn_line_begin(&writer->lines, 't');
    trn_line_write_integer(&writer->lines, tx->number);
    trn_line_write_integer(&writer->lines, tx->time_us);
    trn_line_write_id(&writer->lines, &tx->device);
    return trn_line_finish(&writer->lines, error);
}

static size_t find_value(const struct trn_enum *enumeration, struct trn_slice text)
{
    size_t i = 0;

    while (i < enumeration->value_count && !trn_slice_equal_text(text, enumeration->values[i])) {
        i++;
    }
    return i;
}

/* What a version reads in place of an enum's value that it does not know: the fallback, or what
 * that falls back to in turn; each is of an earlier version than the one before it. */
static tern_value
fall_back(const struct trn_enum *enumeration, const tern_value *value, uint32_t version)
{
    tern_value read = *value;
    size_t at = find_value(enumeration, trn_slice_make(value->data, value->size));

    while (at < enumeration->value_count && enumeration->fallbacks != NULL &&
           enumeration->fallbacks[at] != NULL &&
           (enumeration->sinces == NULL || enumeration->sinces[at] > version)) {
        read = tern_value_text(enumeration->fallbacks[at]);
        at = find_value(enumeration, trn_slice_text(enumeration->fallbacks[at]));
    }
    return read;
}

static bool is_of_one_tx(const struct trn_row *row, size_t unit_count, int64_t number)
{
    for (size_t unit = 0; unit < unit_count; unit++) {
        if (row->version.keys[unit] != number) {
            return false;
        }
    }
    return number != 0;
}

static void write_columns(struct trn_answer_writer *writer,
                          const struct trn_table *table,
                          const struct trn_row *row)
{
    size_t count = trn_wire_columns(table, writer->version);
    bool is_older = writer->version < writer->schema->version;

    for (size_t i = 0; i < count; i++) {
        const struct trn_column *column = &table->columns[i];
        const tern_value *value = &row->values[i];
        tern_value fallback;

        if (is_older && column->enumeration != NULL && value->kind == TERN_TEXT &&
            !TRN_MUTANT(ENUM_UNKNOWN)) {
            fallback = fall_back(column->enumeration, value, writer->version);
            value = &fallback;
        }
        trn_line_write_value(&writer->lines, column, value);
    }
}

tern_status trn_answer_write_row(struct trn_answer_writer *writer,
                                 const struct trn_table *table,
                                 const struct trn_row *row,
                                 tern_error *error)
{
    struct trn_line_writer *lines = &writer->lines;
    size_t unit_count = trn_wire_units(table, writer->version);
    bool is_of_last = is_of_one_tx(row, unit_count, writer->last);
    uint16_t ranks = (uint16_t)(row->version.ranks & ((1U << unit_count) - 1));

    trn_line_begin(lines, is_of_last ? 'r' : 'm');
    trn_line_write_integer(lines,
                           (int64_t)trn_wire_table_index(writer->schema, table, writer->version));
    trn_line_write_id(lines, &row->id);
    trn_line_write_integer(lines, ranks);
    trn_line_write_integer(lines, row->updated_at_us);
    if (row->deleted_at_us == 0) {
        trn_line_write_null(lines);
    } else {
        trn_line_write_integer(lines, row->deleted_at_us);
    }
    for (size_t unit = 0; !is_of_last && unit < unit_count; unit++) {
        trn_line_write_integer(lines, row->version.keys[unit]);
    }
    write_columns(writer, table, row);
    return trn_line_finish(lines, error);
}

tern_status
trn_answer_end_scope(struct trn_answer_writer *writer, const tern_id *scope, tern_error *error)
{
    trn_line_begin(&writer->lines, 'e');
    trn_line_write_id(&writer->lines, scope);
    return trn_line_finish(&writer->lines, error);
}
