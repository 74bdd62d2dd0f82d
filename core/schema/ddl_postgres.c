/* PostgreSQL's tables, in the server's names and its native types.
 *
 * json is `json`, which keeps the text byte for byte, and not `jsonb`, which does not. tern_v is
 * always the BLOB form of core/model/version.h. Limits that the type itself keeps need no CHECK.
 */
#include <string.h>

#include "schema/format.h"
#include "schema/writer.h"

void trn_postgres_enum(struct trn_writer *writer, const struct trn_enum *enumeration)
{
    trn_write(writer, "CREATE TYPE ");
    trn_write_name(writer, enumeration->name);
    trn_write(writer, " AS ENUM (");
    for (size_t i = 0; i < enumeration->value_count; i++) {
        trn_write(writer, i == 0 ? "" : ", ");
        trn_write_literal(writer, trn_slice_text(enumeration->values[i]));
    }
    trn_write(writer, ");\n");
}

static void write_type(struct trn_writer *writer, const struct trn_column *column)
{
    static const char *const types[] = {
        [TRN_TYPE_UUID] = "uuid",
        [TRN_TYPE_TEXT] = "text",
        [TRN_TYPE_INTEGER] = "integer",
        [TRN_TYPE_BIGINT] = "bigint",
        [TRN_TYPE_REAL] = "double precision",
        [TRN_TYPE_DECIMAL] = "numeric",
        [TRN_TYPE_BOOL] = "boolean",
        [TRN_TYPE_DATE] = "date",
        [TRN_TYPE_TIMESTAMPTZ] = "timestamptz",
        [TRN_TYPE_ENUM] = NULL,
        [TRN_TYPE_JSON] = "json",
        [TRN_TYPE_BYTES] = "bytea",
    };

    if (column->type == TRN_TYPE_ENUM) {
        trn_write_name(writer, column->enumeration->name);
    } else if (column->type == TRN_TYPE_TEXT && column->length_max != 0) {
        trn_write(writer, "varchar(%u)", column->length_max);
    } else if (column->type == TRN_TYPE_DECIMAL) {
        trn_write(writer, "numeric(%u,%u)", column->precision, column->scale);
    } else {
        trn_write(writer, "%s", types[column->type]);
    }
}

/* ---- Limits beyond the type's ---- */

static void write_length(struct trn_writer *writer, const struct trn_column *column)
{
    const char *length = column->type == TRN_TYPE_BYTES ? "octet_length" : "char_length";

    if (column->length_max == 0) {
        trn_write(writer, "%s(\"%s\") >= %u", length, column->server_name, column->length_min);
    } else {
        trn_write(writer,
                  "%s(\"%s\") BETWEEN %u AND %u",
                  length,
                  column->server_name,
                  column->length_min,
                  column->length_max);
    }
}

static void write_range(struct trn_writer *writer, const struct trn_column *column)
{
    double min = 0;
    double max = 0;
    bool has_min = trn_limit_min(column, &min);
    bool has_max = trn_limit_max(column, &max);

    if (has_min) {
        trn_write(writer, "\"%s\" >= ", column->server_name);
        trn_write_number(writer, column, min);
    }
    if (has_max) {
        trn_write(writer, "%s\"%s\" <= ", has_min ? " AND " : "", column->server_name);
        trn_write_number(writer, column, max);
    }
}

/* The set that begins at `glob` (its '['); returns what is behind it. */
static const char *write_set(struct trn_writer *writer, const char *glob)
{
    const char *end = strchr(glob, ']');

    for (; glob != end; glob++) {
        trn_write(writer, *glob == '\\' ? "\\\\" : "%c", *glob);
    }
    trn_write(writer, "]");
    return end + 1;
}

/* A GLOB pattern as a regular expression. */
static void write_regex(struct trn_writer *writer, const char *glob)
{
    trn_write(writer, "'^");
    while (*glob != '\0') {
        if (*glob == '[') {
            glob = write_set(writer, glob);
            continue;
        }
        if (*glob == '*') {
            trn_write(writer, ".*");
        } else if (*glob == '?') {
            trn_write(writer, ".");
        } else {
            trn_write(writer, strchr(".+()|{}^$\\", *glob) != NULL ? "\\%c" : "%c", *glob);
        }
        glob++;
    }
    trn_write(writer, "$'");
}

static void write_match(struct trn_writer *writer,
                        const struct trn_column *column,
                        const char *sign,
                        const char *glob)
{
    trn_write(writer, "\"%s\" COLLATE \"C\" %s ", column->server_name, sign);
    write_regex(writer, glob);
}

static void write_alternative(struct trn_writer *writer,
                              const struct trn_column *column,
                              const struct trn_format_alternative *alternative)
{
    size_t written = 0;

    for (const char *like = alternative->like; *like != '\0'; like = trn_format_next(like)) {
        trn_write(writer, written++ == 0 ? "" : " AND ");
        write_match(writer, column, "~", like);
    }
    for (const char *no = alternative->unlike; *no != '\0'; no = trn_format_next(no)) {
        trn_write(writer, written++ == 0 ? "" : " AND ");
        write_match(writer, column, "!~", no);
    }
}

static void write_words(struct trn_writer *writer, const struct trn_column *column)
{
    trn_write(writer, "\"%s\" IN (", column->server_name);
    for (size_t i = 0; i < column->word_count; i++) {
        trn_write(writer, i == 0 ? "" : ", ");
        trn_write_literal(writer, trn_slice_text(column->words[i]));
    }
    trn_write(writer, ")");
}

static void write_format(struct trn_writer *writer, const struct trn_column *column)
{
    const struct trn_format_rule *rule = trn_format_rule(column->format);

    if (column->word_count != 0) {
        write_words(writer, column);
    }
    for (size_t i = 0; i < rule->count; i++) {
        trn_write(writer, i == 0 && column->word_count == 0 ? "(" : " OR (");
        write_alternative(writer, column, &rule->alternatives[i]);
        trn_write(writer, ")");
    }
}

/* Whether the type leaves something of the limit to a CHECK. */
static bool needs_check(const struct trn_column *column, enum trn_limit limit)
{
    if (!trn_limit_applies(column, limit)) {
        return false;
    }
    switch (limit) {
    case TRN_LIMIT_LENGTH:
        return column->length_min != 0 || column->type == TRN_TYPE_BYTES;
    case TRN_LIMIT_RANGE:
        return column->has_min || column->has_max || column->type == TRN_TYPE_REAL;
    case TRN_LIMIT_FORMAT:
        return true;
    default:
        return false;
    }
}

static void write_limits(struct trn_writer *writer,
                         const struct trn_table *table,
                         const struct trn_column *column)
{
    for (int i = 0; i < TRN_LIMIT_COUNT; i++) {
        enum trn_limit limit = (enum trn_limit)i;

        if (!needs_check(column, limit)) {
            continue;
        }
        trn_write(writer,
                  "\n    CONSTRAINT \"%s.%s.%s\" CHECK (",
                  table->name,
                  column->name,
                  trn_limit_name(limit));
        if (limit == TRN_LIMIT_LENGTH) {
            write_length(writer, column);
        } else if (limit == TRN_LIMIT_RANGE) {
            write_range(writer, column);
        } else {
            write_format(writer, column);
        }
        trn_write(writer, ")");
    }
}

/* ---- Tables ---- */

void trn_postgres_column(struct trn_writer *writer,
                         const struct trn_table *table,
                         const struct trn_column *column)
{
    trn_write_name(writer, column->server_name);
    trn_write(writer, " ");
    write_type(writer, column);
    trn_write(writer, column->nullable ? "" : " NOT NULL");
    if (column->has_default) {
        trn_write(writer, " DEFAULT ");
        trn_write_value(writer, column, &column->default_value);
    }
    write_limits(writer, table, column);
}

static void write_columns(struct trn_writer *writer,
                          const struct trn_table *table,
                          const struct trn_column *columns,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trn_write(writer, ",\n  ");
        trn_postgres_column(writer, table, &columns[i]);
    }
}

void trn_postgres_table(struct trn_writer *writer,
                        const struct trn_schema *schema,
                        const struct trn_table *table,
                        bool is_server_only)
{
    trn_write(writer, "CREATE TABLE \"%s\" (\n", table->server_name);
    trn_write(writer, "  \"id\" uuid NOT NULL PRIMARY KEY");
    write_columns(writer, table, table->columns, table->column_count);
    write_columns(writer, table, table->server_columns, table->server_column_count);
    if (!is_server_only) {
        trn_write(
            writer,
            ",\n  \"%s\" timestamptz NOT NULL,\n  \"%s\" timestamptz,\n  \"tern_v\" bytea NOT "
            "NULL",
            trn_writer_implied(writer, schema, TRN_IMPLIED_UPDATED_AT),
            trn_writer_implied(writer, schema, TRN_IMPLIED_DELETED_AT));
    }
    for (size_t i = 0; i < table->check_count; i++) {
        trn_write(writer, ",\n  ");
        trn_write_check(writer, table, &table->checks[i]);
    }
    trn_write(writer, "\n);\n");
}

void trn_postgres_reference(struct trn_writer *writer,
                            const struct trn_schema *schema,
                            const struct trn_table *table,
                            const struct trn_column *column)
{
    trn_write(
        writer,
        "ALTER TABLE \"%s\" ADD CONSTRAINT \"%s.%s.reference\" FOREIGN KEY (\"%s\") REFERENCES "
        "\"%s\"(\"id\")",
        table->server_name,
        table->name,
        column->name,
        column->server_name,
        schema->tables[column->target].server_name);
    trn_write_action(writer, column);
    trn_write(writer, " DEFERRABLE INITIALLY DEFERRED;\n");
}
