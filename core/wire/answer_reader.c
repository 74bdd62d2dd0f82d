/* Answers as the device reads them, line by line, every line in its place. */
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/uuid.h"
#include "wire/answer.h"
#include "wire/envelope.h"
#include "wire/frame.h"
#include "wire/limits.h"

static tern_status
read_members(struct trn_answer_reader *reader, const json_t *object, tern_error *error)
{
    struct trn_answer_envelope *envelope = &reader->envelope;
    struct trn_slice epoch = {0};
    struct trn_slice cursor = {0};
    int64_t number = 0;
    int64_t verdicts = 0;
    tern_status status = trn_envelope_integer(object, "tern", 1, 1, &number, error);

    if (status == TERN_OK) {
        status = trn_envelope_integer(object, "schema", 1, UINT32_MAX, &number, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_text(object, "epoch", &epoch, error);
    }
    if (status == TERN_OK && !trn_wire_is_epoch(epoch)) {
        status = trn_envelope_fail("epoch", error);
    }
    if (status == TERN_OK) {
        status =
            trn_envelope_integer(object, "time", 0, TRN_WIRE_TIME_MAX, &envelope->time_us, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_text(object, "cursor", &cursor, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_integer(object, "verdicts", 0, UINT32_MAX, &verdicts, error);
    }
    if (status == TERN_OK) {
        status = trn_envelope_bool(object, "more", &envelope->more, error);
    }
    if (status == TERN_OK && json_object_get(object, "backup") != NULL) {
        status = trn_envelope_integer(object, "backup", 1, INT64_MAX, &envelope->backup, error);
    }
    if (status == TERN_OK && json_object_get(object, "any") != NULL) {
        status = trn_envelope_bool(object, "any", &envelope->any, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (trn_bytes_append_slice(&reader->cursor, cursor) != TERN_OK) {
        return trn_fail_nomem(error);
    }
    memcpy(envelope->epoch, epoch.data, epoch.size);
    envelope->schema_version = (uint32_t)number;
    envelope->cursor = trn_bytes_slice(&reader->cursor);
    envelope->verdict_count = (size_t)verdicts;
    return TERN_OK;
}

static size_t count_lines(struct trn_slice text)
{
    size_t count = 0;
    const uint8_t *at = text.data;
    size_t left = text.size;

    while (left != 0) {
        const uint8_t *end = memchr(at, '\n', left);

        if (end == NULL) {
            break;
        }
        count++;
        left -= (size_t)(end - at) + 1;
        at = end + 1;
    }
    return count;
}

/* Looks at the end line without reading what stands before it. */
static tern_status
check_end(struct trn_slice body, struct trn_line_reader *lines, tern_error *error)
{
    size_t start = body.size - 1; /* of the last line: behind the last newline but one */
    char tag = '\0';
    tern_status status;

    while (start > 0 && body.data[start - 1] != '\n') {
        start--;
    }
    lines->at = start;
    lines->count = count_lines(trn_slice_make(body.data, start));
    status = trn_frame_next(lines, &tag, error);
    if (status != TERN_OK) {
        return status;
    }
    if (tag != 'z') {
        return trn_fail(error, TERN_ERR_PROTOCOL, "the end line is missing");
    }
    return trn_frame_read_last(lines, error);
}

void trn_answer_rewind(struct trn_answer_reader *reader)
{
    reader->lines.at = reader->first;
    reader->lines.count = reader->is_piece ? 0 : 1;
    reader->in_scope = reader->is_piece;
    reader->verdicts = 0;
    reader->last = 0;
    reader->last_line = (struct trn_slice){0};
}

tern_status trn_answer_open(struct trn_answer_reader *reader,
                            const struct trn_schema *schema,
                            struct trn_slice body,
                            tern_error *error)
{
    struct trn_slice line = {0};
    json_t *object = NULL;
    tern_status status;

    *reader = (struct trn_answer_reader){.schema = schema};
    status = trn_envelope_line(body, &line, error);
    if (status == TERN_OK) {
        status = trn_envelope_parse(line, "envelope", &object, error);
    }
    if (status == TERN_OK) {
        status = read_members(reader, object, error);
    }
    if (status == TERN_OK) {
        trn_envelope_pass(&reader->lines, body, line);
        status = check_end(body, &reader->lines, error);
    }
    reader->first = line.size + 1;
    trn_answer_rewind(reader);
    json_decref(object);
    return status;
}

void trn_answer_open_piece(struct trn_answer_reader *reader,
                           const struct trn_schema *schema,
                           struct trn_slice piece)
{
    *reader = (struct trn_answer_reader){.schema = schema, .is_piece = true};
    trn_line_reader_open(&reader->lines, piece);
    trn_answer_rewind(reader);
}

/* ---- Verdicts ---- */

static tern_status read_time(struct trn_line_reader *lines, int64_t *ret_time_us, tern_error *error)
{
    return trn_line_read_count(lines, TRN_WIRE_TIME_MIN, TRN_WIRE_TIME_MAX, ret_time_us, error);
}

static tern_status
read_stored(struct trn_line_reader *lines, struct trn_verdict *verdict, tern_error *error)
{
    tern_status status = trn_line_read_count(lines, 1, TRN_KEY_MAX, &verdict->number, error);

    return status == TERN_OK ? read_time(lines, &verdict->stored_us, error) : status;
}

static tern_status
read_rejection(struct trn_line_reader *lines, struct trn_verdict *verdict, tern_error *error)
{
    char code[64] = "";
    struct trn_slice text;
    tern_status status = trn_line_read_text(lines, &text, error);

    if (status != TERN_OK) {
        return status;
    }
    if (text.size < sizeof(code)) {
        memcpy(code, text.data, text.size);
    }
    verdict->code = tern_status_from_code(code);
    status = trn_line_read_count(lines, -1, INT64_MAX, &verdict->change, error);
    return status == TERN_OK ? trn_line_read_text(lines, &verdict->sentence, error) : status;
}

static tern_status
read_verdict(struct trn_answer_reader *reader, struct trn_verdict *verdict, tern_error *error)
{
    struct trn_line_reader *lines = &reader->lines;
    struct trn_slice word = {0};
    int64_t index = 0;
    tern_status status = trn_line_read_count(lines, 0, INT32_MAX, &index, error);

    if (status == TERN_OK) {
        status = trn_line_read_text(lines, &word, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (reader->verdicts++ != (size_t)index || (size_t)index >= reader->envelope.verdict_count) {
        return trn_frame_fail_order(lines, error);
    }
    verdict->index = (size_t)index;
    if (!trn_verdict_of_word(word, &verdict->kind)) {
        return trn_line_fail(lines, TERN_ERR_PROTOCOL, "no such verdict", error);
    }
    switch (verdict->kind) {
    case TRN_VERDICT_APPLIED:
    case TRN_VERDICT_DUPLICATE:
        return read_stored(lines, verdict, error);
    case TRN_VERDICT_REJECTED:
        return read_rejection(lines, verdict, error);
    case TRN_VERDICT_RETRY:
        break;
    }
    return TERN_OK;
}

/* ---- Scopes and their lines ---- */

static tern_status
read_scope(struct trn_answer_reader *reader, struct trn_answer_item *item, tern_error *error)
{
    tern_status status = trn_line_read_id(&reader->lines, &item->scope, error);

    if (status == TERN_OK && item->kind == TRN_ANSWER_SCOPE) {
        status = trn_line_read_bool(&reader->lines, &item->fresh, error);
    }
    if (status == TERN_OK && item->kind == TRN_ANSWER_GONE && trn_line_has_more(&reader->lines)) {
        status = trn_line_read_count(&reader->lines, 1, INT64_MAX, &item->erased, error);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (item->kind == TRN_ANSWER_SCOPE) {
        reader->in_scope = true;
        reader->scope = item->scope;
        reader->last = 0;
        reader->last_line = (struct trn_slice){0};
    } else if (item->kind == TRN_ANSWER_COMPLETE) {
        if (!trn_id_equal(&item->scope, &reader->scope)) {
            return trn_frame_fail_order(&reader->lines, error);
        }
        reader->in_scope = false;
    }
    return TERN_OK;
}

static tern_status
read_tx(struct trn_answer_reader *reader, struct trn_answer_tx *tx, tern_error *error)
{
    struct trn_line_reader *lines = &reader->lines;
    tern_status status = trn_line_read_count(lines, 1, TRN_KEY_MAX, &tx->number, error);

    if (status == TERN_OK) {
        status = read_time(lines, &tx->time_us, error);
    }
    if (status == TERN_OK) {
        status = trn_line_read_id(lines, &tx->device, error);
    }
    if (status == TERN_OK) {
        reader->last = tx->number;
        reader->last_line = trn_line_bytes(lines);
    }
    return status;
}

static tern_status
read_deleted_at(struct trn_line_reader *lines, int64_t *ret_deleted_at_us, tern_error *error)
{
    struct trn_token token;

    if (trn_line_is_null(lines)) {
        *ret_deleted_at_us = 0;
        return trn_line_read(lines, &token, error);
    }
    return trn_line_read_count(lines, 1, TRN_WIRE_TIME_MAX, ret_deleted_at_us, error);
}

/* The number of each unit: that of the last "t" line in an "r", named one by one in an "m". */
static tern_status read_numbers(struct trn_answer_reader *reader,
                                size_t unit_count,
                                bool is_of_last,
                                struct trn_version *version,
                                tern_error *error)
{
    tern_status status = TERN_OK;

    if (is_of_last && reader->last == 0) {
        return trn_line_fail(&reader->lines, TERN_ERR_PROTOCOL, "names no tx", error);
    }
    for (size_t unit = 0; status == TERN_OK && unit < unit_count; unit++) {
        if (is_of_last) {
            version->keys[unit] = reader->last;
        } else {
            status =
                trn_line_read_count(&reader->lines, 0, TRN_KEY_MAX, &version->keys[unit], error);
        }
    }
    return status;
}

static tern_status read_place(struct trn_answer_reader *reader,
                              const struct trn_table **ret_table,
                              tern_id *ret_id,
                              tern_error *error)
{
    const struct trn_schema *schema = reader->schema;
    int64_t index = 0;
    tern_status status = trn_line_read_integer(&reader->lines, &index, error);

    if (status != TERN_OK) {
        return status;
    }
    if (index < 0 || (uint64_t)index >= schema->table_count) {
        return trn_line_fail(&reader->lines, TERN_ERR_UNKNOWN_TABLE, "no such table", error);
    }
    *ret_table = &schema->tables[index];
    return trn_line_read_id(&reader->lines, ret_id, error);
}

static tern_status read_columns(struct trn_line_reader *lines,
                                const struct trn_table *table,
                                tern_value *values,
                                tern_error *error)
{
    tern_status status = TERN_OK;
    size_t count = 0;

    while (status == TERN_OK && count < table->column_count && trn_line_has_more(lines)) {
        status = trn_line_read_value(lines, &table->columns[count], &values[count], error);
        count++;
    }
    if (status == TERN_OK && (count < table->column_count || trn_line_has_more(lines))) {
        return trn_fail(error,
                        TERN_ERR_UNKNOWN_COLUMN,
                        "line %zu, table %s: not its columns",
                        lines->count,
                        table->name);
    }
    return status;
}

static tern_status read_row(struct trn_answer_reader *reader,
                            bool is_of_last,
                            const struct trn_table **ret_table,
                            struct trn_row *row,
                            tern_error *error)
{
    struct trn_line_reader *lines = &reader->lines;
    const struct trn_table *table = NULL;
    int64_t ranks = 0;
    tern_status status = read_place(reader, &table, &row->id, error);

    if (status != TERN_OK) {
        return status;
    }
    TRN_ASSERT(table != NULL);

    status = trn_line_read_count(lines, 0, (INT64_C(1) << table->unit_count) - 1, &ranks, error);
    if (status == TERN_OK) {
        status = read_time(lines, &row->updated_at_us, error);
    }
    if (status == TERN_OK) {
        status = read_deleted_at(lines, &row->deleted_at_us, error);
    }
    row->version.ranks = (uint16_t)ranks;
    if (status == TERN_OK) {
        status = read_numbers(reader, table->unit_count, is_of_last, &row->version, error);
    }
    if (status == TERN_OK) {
        status = read_columns(lines, table, row->values, error);
    }
    *ret_table = table;
    return status;
}

/* ---- Items ---- */

/* What a tag means, and whether it may stand here. False where not. All verdicts come first: who
 * takes them looks no further than the first line of another kind. */
static bool
kind_of(const struct trn_answer_reader *reader, char tag, enum trn_answer_kind *ret_kind)
{
    const bool is_decided = reader->verdicts == reader->envelope.verdict_count;

    switch (tag) {
    case 'v':
        *ret_kind = TRN_ANSWER_VERDICT;
        return !is_decided;
    case 'g':
        *ret_kind = TRN_ANSWER_GONE;
        return is_decided && !reader->in_scope;
    case 's':
        *ret_kind = TRN_ANSWER_SCOPE;
        return is_decided && !reader->is_piece;
    case 't':
        *ret_kind = TRN_ANSWER_TX;
        return reader->in_scope;
    case 'r':
    case 'm':
        *ret_kind = TRN_ANSWER_ROW;
        return reader->in_scope;
    case 'e':
        *ret_kind = TRN_ANSWER_COMPLETE;
        return reader->in_scope && !reader->is_piece;
    case 'z':
        *ret_kind = TRN_ANSWER_END;
        return !reader->is_piece && is_decided;
    case '\0':
        *ret_kind = TRN_ANSWER_END;
        return reader->is_piece;
    default:
        return false;
    }
}

static tern_status read_item(struct trn_answer_reader *reader,
                             char tag,
                             struct trn_answer_item *item,
                             struct trn_row *row,
                             tern_error *error)
{
    tern_status status;

    switch (item->kind) {
    case TRN_ANSWER_VERDICT:
        status = read_verdict(reader, &item->verdict, error);
        break;
    case TRN_ANSWER_GONE:
    case TRN_ANSWER_SCOPE:
    case TRN_ANSWER_COMPLETE:
        status = read_scope(reader, item, error);
        break;
    case TRN_ANSWER_TX:
        status = read_tx(reader, &item->tx, error);
        break;
    case TRN_ANSWER_ROW:
        status = read_row(reader, tag == 'r', &item->table, row, error);
        break;
    default:
        return tag == 'z' ? trn_frame_read_last(&reader->lines, error) : TERN_OK;
    }
    return status == TERN_OK ? trn_line_read_end(&reader->lines, error) : status;
}

tern_status trn_answer_next(struct trn_answer_reader *reader,
                            struct trn_answer_item *ret_item,
                            struct trn_row *ret_row,
                            tern_error *error)
{
    struct trn_answer_item item = {.kind = TRN_ANSWER_END};
    char tag = '\0';
    tern_status status = trn_frame_next(&reader->lines, &tag, error);

    if (status != TERN_OK) {
        return status;
    }
    if (!kind_of(reader, tag, &item.kind)) {
        return trn_frame_fail_order(&reader->lines, error);
    }
    status = read_item(reader, tag, &item, ret_row, error);
    if (status != TERN_OK) {
        return status;
    }
    if (tag != '\0') {
        item.line = trn_line_bytes(&reader->lines);
    }
    *ret_item = item;
    return TERN_OK;
}

tern_status trn_answer_check(struct trn_answer_reader *reader, tern_error *error)
{
    struct trn_answer_item item = {.kind = TRN_ANSWER_TX};
    struct trn_row row;
    tern_status status = TERN_OK;

    TRN_ASSERT(reader->lines.at == reader->first);

    while (status == TERN_OK && item.kind != TRN_ANSWER_END) {
        status = trn_answer_next(reader, &item, &row, error);
    }
    trn_answer_rewind(reader);
    return status;
}

void trn_answer_close(struct trn_answer_reader *reader)
{
    trn_line_reader_free(&reader->lines);
    trn_bytes_free(&reader->cursor);
}
