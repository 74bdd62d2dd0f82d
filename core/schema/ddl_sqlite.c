/* SQLite's tables. Every limit of a column is a CHECK of its own, named "table.column.limit", so
 * that a breach can be explained; check.c says the same in C. */
#include <string.h>

#include "schema/format.h"
#include "schema/writer.h"

/* ---- The limits of one column ---- */

static void
write_typeof(struct trn_writer *writer, const struct trn_column *column, const char *type)
{
    if (column->nullable) {
        trn_write(writer, "typeof(\"%s\") IN ('%s', 'null')", column->name, type);
    } else {
        trn_write(writer, "typeof(\"%s\") = '%s'", column->name, type);
    }
}

static void write_type(struct trn_writer *writer, const struct trn_column *column)
{
    switch (column->type) {
    case TRN_TYPE_UUID:
        write_typeof(writer, column, "blob");
        trn_write(writer, " AND length(\"%s\") = 16", column->name);
        break;
    case TRN_TYPE_TEXT:
    case TRN_TYPE_DECIMAL:
    case TRN_TYPE_JSON:
        write_typeof(writer, column, "text");
        trn_write(writer, " AND instr(\"%s\", char(0)) = 0", column->name);
        break;
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_TIMESTAMPTZ:
        write_typeof(writer, column, "integer");
        break;
    case TRN_TYPE_BOOL:
        trn_write(writer, "\"%s\" IN (0, 1)", column->name);
        break;
    case TRN_TYPE_REAL:
        write_typeof(writer, column, "real");
        break;
    case TRN_TYPE_BYTES:
        write_typeof(writer, column, "blob");
        break;
    case TRN_TYPE_DATE:
    case TRN_TYPE_ENUM:
        break;
    }
}

/* A chain, not IN (...): for more than two values SQLite makes a temporary table at every
 * statement, which takes as long as a third of the insert. */
static void write_list(struct trn_writer *writer,
                       const struct trn_column *column,
                       const char *const *texts,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trn_write(writer, "%s\"%s\" = ", i == 0 ? "" : " OR ", column->name);
        trn_write_literal(writer, trn_slice_text(texts[i]));
    }
}

static void write_length(struct trn_writer *writer, const struct trn_column *column)
{
    if (column->length_min == 0) {
        trn_write(writer, "length(\"%s\") <= %u", column->name, column->length_max);
    } else if (column->length_max == 0) {
        trn_write(writer, "length(\"%s\") >= %u", column->name, column->length_min);
    } else {
        trn_write(writer,
                  "length(\"%s\") BETWEEN %u AND %u",
                  column->name,
                  column->length_min,
                  column->length_max);
    }
}

/* date() counts on from 31 April to 1 May, so a date is what it leaves alone. It is asked only
 * about texts of the right shape: the word 'now' would be an error in a CHECK. */
static void write_date(struct trn_writer *writer, const char *name)
{
    trn_write(writer,
              "\"%s\" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND \"%s\" >= '0001' AND "
              "date(\"%s\", '+0 days') IS \"%s\"",
              name,
              name,
              name,
              name);
}

/* What stands before the point, sign included. */
static void write_whole_part(struct trn_writer *writer, const struct trn_column *column)
{
    if (column->scale == 0) {
        trn_write_name(writer, column->name);
    } else {
        trn_write(writer,
                  "substr(\"%s\", 1, length(\"%s\") - %u)",
                  column->name,
                  column->name,
                  column->scale + 1U);
    }
}

static void
write_unlike(struct trn_writer *writer, const struct trn_column *column, const char *glob)
{
    trn_write(writer, " AND ");
    write_whole_part(writer, column);
    trn_write(writer, " NOT GLOB '%s'", glob);
}

static void write_decimal(struct trn_writer *writer, const struct trn_column *column)
{
    static const char *const unlikes[] = {"*[^0-9-]*", "?*-*", "0?*", "-0?*", "-", ""};

    if (column->scale != 0) {
        trn_write(writer, "substr(\"%s\", -%u) GLOB '.", column->name, column->scale + 1U);
        for (unsigned i = 0; i < column->scale; i++) {
            trn_write(writer, "[0-9]");
        }
        trn_write(writer, "' AND ");
    }
    trn_write(writer,
              "(\"%s\" GLOB '*[1-9]*' OR \"%s\" NOT GLOB '-*')",
              column->name,
              column->name);
    for (size_t i = 0; i < sizeof(unlikes) / sizeof(unlikes[0]); i++) {
        write_unlike(writer, column, unlikes[i]);
    }
}

static void write_digits(struct trn_writer *writer, const struct trn_column *column)
{
    trn_write(writer, "length(ltrim(");
    write_whole_part(writer, column);
    trn_write(writer, ", '-')) <= %d", column->precision - column->scale);
}

static void write_operand(struct trn_writer *writer, const struct trn_column *column)
{
    trn_write(writer,
              column->type == TRN_TYPE_DECIMAL ? "CAST(\"%s\" AS REAL)" : "\"%s\"",
              column->name);
}

static void write_range(struct trn_writer *writer, const struct trn_column *column)
{
    double min = 0;
    double max = 0;
    bool has_min = trn_limit_min(column, &min);
    bool has_max = trn_limit_max(column, &max);

    write_operand(writer, column);
    if (has_min && has_max) {
        trn_write(writer, " BETWEEN ");
        trn_write_number(writer, column, min);
        trn_write(writer, " AND ");
        trn_write_number(writer, column, max);
    } else {
        trn_write(writer, has_min ? " >= " : " <= ");
        trn_write_number(writer, column, has_min ? min : max);
    }
}

static void write_alternative(struct trn_writer *writer,
                              const struct trn_column *column,
                              const struct trn_format_alternative *alternative)
{
    size_t written = 0;

    for (const char *like = alternative->like; *like != '\0'; like = trn_format_next(like)) {
        trn_write(writer, "%s\"%s\" GLOB '%s'", written++ == 0 ? "" : " AND ", column->name, like);
    }
    for (const char *no = alternative->unlike; *no != '\0'; no = trn_format_next(no)) {
        trn_write(writer,
                  "%s\"%s\" NOT GLOB '%s'",
                  written++ == 0 ? "" : " AND ",
                  column->name,
                  no);
    }
}

static void write_format(struct trn_writer *writer, const struct trn_column *column)
{
    const struct trn_format_rule *rule = trn_format_rule(column->format);

    if (column->word_count != 0) {
        write_list(writer, column, column->words, column->word_count);
    }
    for (size_t i = 0; i < rule->count; i++) {
        trn_write(writer, i == 0 && column->word_count == 0 ? "(" : " OR (");
        write_alternative(writer, column, &rule->alternatives[i]);
        trn_write(writer, ")");
    }
}

/* Before 3.45, json_valid(NULL) is false. */
static void write_json(struct trn_writer *writer, const struct trn_column *column)
{
    if (column->nullable) {
        trn_write(writer, "\"%s\" IS NULL OR ", column->name);
    }
    trn_write(writer, "json_valid(\"%s\")", column->name);
}

static void
write_limit(struct trn_writer *writer, const struct trn_column *column, enum trn_limit limit)
{
    switch (limit) {
    case TRN_LIMIT_TYPE:
        write_type(writer, column);
        break;
    case TRN_LIMIT_ENUM:
        write_list(writer, column, column->enumeration->values, column->enumeration->value_count);
        break;
    case TRN_LIMIT_DATE:
        write_date(writer, column->name);
        break;
    case TRN_LIMIT_LENGTH:
        write_length(writer, column);
        break;
    case TRN_LIMIT_DECIMAL:
        write_decimal(writer, column);
        break;
    case TRN_LIMIT_DIGITS:
        write_digits(writer, column);
        break;
    case TRN_LIMIT_RANGE:
        write_range(writer, column);
        break;
    case TRN_LIMIT_JSON:
        write_json(writer, column);
        break;
    case TRN_LIMIT_FORMAT:
        write_format(writer, column);
        break;
    case TRN_LIMIT_NOT_NULL:
    case TRN_LIMIT_COUNT:
        break;
    }
}

static void write_constraint(struct trn_writer *writer,
                             const struct trn_table *table,
                             const struct trn_column *column,
                             enum trn_limit limit)
{
    trn_write(writer,
              "CONSTRAINT \"%s.%s.%s\" CHECK (",
              table->name,
              column->name,
              trn_limit_name(limit));
    write_limit(writer, column, limit);
    trn_write(writer, ")");
}

void trn_sqlite_enum_check(struct trn_writer *writer,
                           const struct trn_table *table,
                           const struct trn_column *column)
{
    write_constraint(writer, table, column, TRN_LIMIT_ENUM);
}

/* ---- Columns and tables ---- */

static const char *affinity(enum trn_type type)
{
    switch (type) {
    case TRN_TYPE_UUID:
    case TRN_TYPE_BYTES:
        return "BLOB";
    case TRN_TYPE_INTEGER:
    case TRN_TYPE_BIGINT:
    case TRN_TYPE_BOOL:
    case TRN_TYPE_TIMESTAMPTZ:
        return "INTEGER";
    case TRN_TYPE_REAL:
        return "REAL";
    case TRN_TYPE_TEXT:
    case TRN_TYPE_DECIMAL:
    case TRN_TYPE_DATE:
    case TRN_TYPE_ENUM:
    case TRN_TYPE_JSON:
        break;
    }
    return "TEXT";
}

/* The replica leaves to the server what it cannot see, and has no actions: rows are only ever
 * marked as deleted there. */
static void write_reference(struct trn_writer *writer,
                            const struct trn_schema *schema,
                            const struct trn_column *column)
{
    bool is_replica = writer->dialect == TRN_DIALECT_REPLICA;

    if (column->target == TRN_NO_TABLE || (is_replica && column->may_leave)) {
        return;
    }
    trn_write(writer, " REFERENCES ");
    trn_write_name(writer, schema->tables[column->target].name);
    trn_write(writer, "(\"id\")");
    if (!is_replica) {
        trn_write_action(writer, column);
    }
    trn_write(writer, " DEFERRABLE INITIALLY DEFERRED");
}

/* Rows that a device may make: all of a replica's but sync_audit's, whose index moves when tables
 * are added. */
static bool has_functions(const struct trn_writer *writer,
                          const struct trn_schema *schema,
                          const struct trn_table *table)
{
    return writer->dialect == TRN_DIALECT_REPLICA && table->index + 1U < schema->table_count;
}

static void write_default(struct trn_writer *writer,
                          const struct trn_schema *schema,
                          const struct trn_table *table,
                          const struct trn_column *column)
{
    if (column->has_default) {
        trn_write(writer, " DEFAULT ");
        trn_write_value(writer, column, &column->default_value);
    } else if (strcmp(column->name, "created_at") == 0 && has_functions(writer, schema, table)) {
        trn_write(writer, " DEFAULT (tern_now())");
    }
}

void trn_sqlite_column(struct trn_writer *writer,
                       const struct trn_schema *schema,
                       const struct trn_table *table,
                       const struct trn_column *column)
{
    trn_write(writer, "\"%s\" %s", column->name, affinity(column->type));
    trn_write(writer, column->nullable ? "" : " NOT NULL");
    write_default(writer, schema, table, column);
    write_reference(writer, schema, column);
    for (int limit = TRN_LIMIT_TYPE; limit < TRN_LIMIT_COUNT; limit++) {
        if (trn_limit_applies(column, (enum trn_limit)limit)) {
            trn_write(writer, "\n    ");
            write_constraint(writer, table, column, (enum trn_limit)limit);
        }
    }
}

static void write_columns(struct trn_writer *writer,
                          const struct trn_schema *schema,
                          const struct trn_table *table,
                          const struct trn_column *columns,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trn_write(writer, ",\n  ");
        trn_sqlite_column(writer, schema, table, &columns[i]);
    }
}

static void write_implied(struct trn_writer *writer,
                          const struct trn_schema *schema,
                          const struct trn_table *table)
{
    bool functions = has_functions(writer, schema, table);

    trn_write(writer,
              ",\n  \"updated_at\" INTEGER NOT NULL%s",
              functions ? " DEFAULT (tern_stamp())" : "");
    trn_write(writer, ",\n  \"deleted_at\" INTEGER");
    trn_write(writer, ",\n  \"tern_v\" NOT NULL");
    if (functions) {
        trn_write(writer, " DEFAULT (tern_version(%u))", table->index);
    }
}

static void write_guard(struct trn_writer *writer,
                        const struct trn_table *table,
                        const char *suffix,
                        const char *event)
{
    trn_write(writer,
              "CREATE TRIGGER \"tern_guard_%s_%s\" BEFORE %s ON \"%s\"\nBEGIN\n"
              "  SELECT RAISE(ABORT, 'write through the Tern library');\nEND;\n",
              table->name,
              suffix,
              event,
              table->name);
}

void trn_sqlite_table(struct trn_writer *writer,
                      const struct trn_schema *schema,
                      const struct trn_table *table,
                      bool is_server_only)
{
    trn_write(writer, "CREATE TABLE \"%s\" (\n", table->name);
    trn_write(writer,
              "  \"id\" BLOB NOT NULL PRIMARY KEY\n    CONSTRAINT \"%s.id.type\" CHECK "
              "(typeof(\"id\") = 'blob' AND length(\"id\") = 16)",
              table->name);
    write_columns(writer, schema, table, table->columns, table->column_count);
    if (writer->dialect != TRN_DIALECT_REPLICA) {
        write_columns(writer, schema, table, table->server_columns, table->server_column_count);
    }
    if (!is_server_only) {
        write_implied(writer, schema, table);
    }
    for (size_t i = 0; i < table->check_count; i++) {
        trn_write(writer, ",\n  ");
        trn_write_check(writer, table, &table->checks[i]);
    }
    trn_write(writer, "\n);\n");
    if (writer->dialect == TRN_DIALECT_REPLICA) {
        write_guard(writer, table, "insert", "INSERT");
        write_guard(writer, table, "update", "UPDATE");
        write_guard(writer, table, "delete", "DELETE");
    }
}
