/* The words that all dialects share. */
#include "schema/writer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/digits.h"
#include "base/error.h"

void trn_write(struct trn_writer *writer, const char *format, ...)
{
    char text[512];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (writer->status == TERN_OK) {
        writer->status = size < 0 || (size_t)size >= sizeof(text)
                             ? TERN_ERR_INTERNAL
                             : trn_bytes_append(&writer->text, text, (size_t)size);
    }
}

void trn_write_name(struct trn_writer *writer, const char *name)
{
    trn_write(writer, "\"%s\"", name);
}

static void write_bytes(struct trn_writer *writer, const void *bytes, size_t size)
{
    if (writer->status == TERN_OK) {
        writer->status = trn_bytes_append(&writer->text, bytes, size);
    }
}

void trn_write_literal(struct trn_writer *writer, struct trn_slice text)
{
    write_bytes(writer, "'", 1);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'') {
            write_bytes(writer, "'", 1);
        }
        write_bytes(writer, &text.data[i], 1);
    }
    write_bytes(writer, "'", 1);
}

void trn_write_columns(struct trn_writer *writer,
                       const struct trn_table *table,
                       const uint16_t *columns,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trn_write(writer, i == 0 ? "(" : ", ");
        trn_write_name(writer, trn_writer_column(writer, &table->columns[columns[i]]));
    }
    trn_write(writer, ")");
}

/* With a point, whatever the locale says. */
static void write_real(struct trn_writer *writer, double real)
{
    char text[TRN_NUMBER_BYTES];

    write_bytes(writer, text, trn_real_format(real, text));
}

void trn_write_number(struct trn_writer *writer, const struct trn_column *column, double number)
{
    if (trn_limit_is_whole(column)) {
        trn_write(writer, "%" PRId64, (int64_t)number);
    } else {
        write_real(writer, number);
    }
}

static void write_blob(struct trn_writer *writer, const tern_value *value)
{
    const uint8_t *bytes = value->data;
    bool is_postgres = writer->dialect == TRN_DIALECT_SERVER_POSTGRES;

    trn_write(writer, is_postgres ? "'\\x" : "x'");
    for (size_t i = 0; i < value->size; i++) {
        trn_write(writer, "%02x", bytes[i]);
    }
    trn_write(writer, "'");
}

/* PostgreSQL spells some types in another way than the replica stores them. */
static bool write_postgres_value(struct trn_writer *writer,
                                 const struct trn_column *column,
                                 const tern_value *value)
{
    if (writer->dialect != TRN_DIALECT_SERVER_POSTGRES) {
        return false;
    }
    if (column->type == TRN_TYPE_BOOL) {
        trn_write(writer, value->integer != 0 ? "true" : "false");
        return true;
    }
    if (column->type == TRN_TYPE_TIMESTAMPTZ) {
        trn_write(writer,
                  "(timestamptz 'epoch' + %" PRId64 " * interval '1 microsecond')",
                  value->integer);
        return true;
    }
    if (column->type == TRN_TYPE_UUID) {
        char text[TERN_ID_TEXT_BYTES];

        tern_id_format(value->data, text);
        trn_write(writer, "'%s'", text);
        return true;
    }
    return false;
}

void trn_write_value(struct trn_writer *writer,
                     const struct trn_column *column,
                     const tern_value *value)
{
    if (write_postgres_value(writer, column, value)) {
        return;
    }
    switch (value->kind) {
    case TERN_NULL:
        trn_write(writer, "NULL");
        break;
    case TERN_INTEGER:
        /* The smallest one cannot be written as minus a number. */
        if (value->integer == INT64_MIN) {
            trn_write(writer, "(-9223372036854775807 - 1)");
        } else {
            trn_write(writer, "%" PRId64, value->integer);
        }
        break;
    case TERN_REAL:
        write_real(writer, value->real);
        break;
    case TERN_TEXT:
        trn_write_literal(writer, trn_slice_make(value->data, value->size));
        break;
    case TERN_BLOB:
        write_blob(writer, value);
        break;
    }
}

const char *trn_writer_table(const struct trn_writer *writer, const struct trn_table *table)
{
    return writer->dialect == TRN_DIALECT_SERVER_POSTGRES ? table->server_name : table->name;
}

const char *trn_writer_column(const struct trn_writer *writer, const struct trn_column *column)
{
    return writer->dialect == TRN_DIALECT_SERVER_POSTGRES ? column->server_name : column->name;
}

const char *trn_writer_implied(const struct trn_writer *writer,
                               const struct trn_schema *schema,
                               enum trn_implied implied)
{
    static const char *const names[][2] = {
        [TRN_IMPLIED_UPDATED_AT] = {"updated_at", "updatedAt"},
        [TRN_IMPLIED_DELETED_AT] = {"deleted_at", "deletedAt"},
    };

    return names[implied]
                [writer->dialect == TRN_DIALECT_SERVER_POSTGRES && schema->camel_case ? 1 : 0];
}

void trn_write_action(struct trn_writer *writer, const struct trn_column *column)
{
    if (column->on_delete == TRN_DELETE_CASCADE) {
        trn_write(writer, " ON DELETE CASCADE");
    } else if (column->on_delete == TRN_DELETE_SET_NULL) {
        trn_write(writer, " ON DELETE SET NULL");
    }
}

void trn_write_check(struct trn_writer *writer,
                     const struct trn_table *table,
                     const struct trn_check *check)
{
    const struct trn_column *left = &table->columns[check->left];
    const struct trn_column *right = &table->columns[check->right];

    trn_write(writer, "CONSTRAINT \"%s.%s.check\" CHECK (", table->name, check->name);
    trn_write_name(writer, trn_writer_column(writer, left));
    if (check->kind == TRN_CHECK_REQUIRE) {
        trn_write(writer, " IS NOT NULL OR ");
        trn_write_name(writer, trn_writer_column(writer, right));
        trn_write(writer, " <> ");
        trn_write_value(writer, right, &check->value);
    } else {
        trn_write(writer, " %s ", trn_comparison_sign(check->comparison));
        trn_write_name(writer, trn_writer_column(writer, right));
    }
    trn_write(writer, ")");
}

tern_status trn_writer_finish(struct trn_writer *writer, struct trn_bytes *out, tern_error *error)
{
    tern_status status = writer->status;

    if (status == TERN_OK) {
        status = trn_bytes_append_slice(out, trn_bytes_slice(&writer->text));
    }
    trn_bytes_free(&writer->text);
    if (status == TERN_ERR_INTERNAL) {
        return trn_fail(error, status, "a name too long for a statement");
    }
    return status == TERN_OK ? TERN_OK : trn_fail_nomem(error);
}
