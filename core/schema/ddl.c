/* The statements of a whole schema, and those whose words are the same in every dialect. */
#include "base/assert.h"
#include "schema/writer.h"

void trn_write_unique(struct trn_writer *writer,
                      const struct trn_schema *schema,
                      const struct trn_table *table,
                      const struct trn_unique *unique,
                      bool is_server_only)
{
    trn_write(writer, "CREATE UNIQUE INDEX ");
    trn_write_name(writer, unique->name);
    trn_write(writer, " ON ");
    trn_write_name(writer, trn_writer_table(writer, table));
    trn_write_columns(writer, table, unique->columns, unique->column_count);
    if (!is_server_only) {
        trn_write(writer, " WHERE ");
        trn_write_name(writer, trn_writer_implied(writer, schema, TRN_IMPLIED_DELETED_AT));
        trn_write(writer, " IS NULL");
    }
    trn_write(writer, ";\n");
}

static void write_where(struct trn_writer *writer,
                        const struct trn_schema *schema,
                        const struct trn_table *table,
                        const struct trn_index *index)
{
    const struct trn_column *column;

    if (index->live_only) {
        trn_write(writer, " WHERE ");
        trn_write_name(writer, trn_writer_implied(writer, schema, TRN_IMPLIED_DELETED_AT));
        trn_write(writer, " IS NULL");
    }
    if (index->where_column == TRN_NO_COLUMN) {
        return;
    }
    column = &table->columns[index->where_column];
    trn_write(writer, index->live_only ? " AND " : " WHERE ");
    trn_write_name(writer, trn_writer_column(writer, column));
    trn_write(writer, index->where_value.kind == TERN_NULL ? " IS " : " = ");
    trn_write_value(writer, column, &index->where_value);
}

void trn_write_index(struct trn_writer *writer,
                     const struct trn_schema *schema,
                     const struct trn_table *table,
                     const struct trn_index *index)
{
    trn_write(writer, "CREATE INDEX ");
    trn_write_name(writer, index->name);
    trn_write(writer, " ON ");
    trn_write_name(writer, trn_writer_table(writer, table));
    trn_write_columns(writer, table, index->columns, index->column_count);
    write_where(writer, schema, table, index);
    trn_write(writer, ";\n");
}

static void write_indexes(struct trn_writer *writer,
                          const struct trn_schema *schema,
                          const struct trn_table *table,
                          bool is_server_only)
{
    for (size_t i = 0; i < table->unique_count; i++) {
        trn_write_unique(writer, schema, table, &table->uniques[i], is_server_only);
    }
    for (size_t i = 0; i < table->index_count; i++) {
        trn_write_index(writer, schema, table, &table->indexes[i]);
    }
}

void trn_write_table(struct trn_writer *writer,
                     const struct trn_schema *schema,
                     const struct trn_table *table,
                     bool is_server_only)
{
    if (writer->dialect == TRN_DIALECT_SERVER_POSTGRES) {
        trn_postgres_table(writer, schema, table, is_server_only);
    } else {
        trn_sqlite_table(writer, schema, table, is_server_only);
    }
    write_indexes(writer, schema, table, is_server_only);
}

static void write_references(struct trn_writer *writer,
                             const struct trn_schema *schema,
                             const struct trn_table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].target != TRN_NO_TABLE) {
            trn_postgres_reference(writer, schema, table, &table->columns[i]);
        }
    }
    for (size_t i = 0; i < table->server_column_count; i++) {
        if (table->server_columns[i].target != TRN_NO_TABLE) {
            trn_postgres_reference(writer, schema, table, &table->server_columns[i]);
        }
    }
}

/* PostgreSQL wants types before tables, and all tables before what references them. */
static void write_postgres_enums(struct trn_writer *writer, const struct trn_schema *schema)
{
    for (size_t i = 0; i < schema->enum_count; i++) {
        trn_postgres_enum(writer, &schema->enums[i]);
    }
}

static void write_postgres_references(struct trn_writer *writer, const struct trn_schema *schema)
{
    for (size_t i = 0; i < schema->table_count; i++) {
        write_references(writer, schema, &schema->tables[i]);
    }
    for (size_t i = 0; i < schema->server_table_count; i++) {
        write_references(writer, schema, &schema->server_tables[i]);
    }
}

tern_status trn_schema_ddl(const struct trn_schema *schema,
                           enum trn_dialect dialect,
                           struct trn_bytes *out,
                           tern_error *error)
{
    struct trn_writer writer = {.dialect = dialect};

    TRN_ASSERT(schema != NULL && out != NULL);

    if (dialect == TRN_DIALECT_SERVER_POSTGRES) {
        write_postgres_enums(&writer, schema);
    }
    for (size_t i = 0; i < schema->table_count; i++) {
        trn_write_table(&writer, schema, &schema->tables[i], false);
    }
    for (size_t i = 0; dialect != TRN_DIALECT_REPLICA && i < schema->server_table_count; i++) {
        trn_write_table(&writer, schema, &schema->server_tables[i], true);
    }
    if (dialect == TRN_DIALECT_SERVER_POSTGRES) {
        write_postgres_references(&writer, schema);
    }
    return trn_writer_finish(&writer, out, error);
}

tern_status trn_schema_query_sql(const struct trn_table *table,
                                 const struct trn_query *query,
                                 struct trn_bytes *out,
                                 tern_error *error)
{
    struct trn_writer writer = {.dialect = TRN_DIALECT_REPLICA};
    unsigned parameter = 1;

    trn_write(&writer, "SELECT * FROM \"%s\" WHERE \"deleted_at\" IS NULL", table->name);
    for (size_t i = 0; i < query->equal_count; i++) {
        trn_write(&writer, " AND \"%s\" = ?%u", table->columns[query->equal[i]].name, parameter++);
    }
    if (query->range != TRN_NO_COLUMN) {
        trn_write(&writer,
                  " AND \"%s\" BETWEEN ?%u AND ?%u",
                  table->columns[query->range].name,
                  parameter,
                  parameter + 1);
    }
    for (size_t i = 0; i < query->order_count; i++) {
        trn_write(&writer,
                  "%s\"%s\"",
                  i == 0 ? " ORDER BY " : ", ",
                  table->columns[query->order[i]].name);
    }
    return trn_writer_finish(&writer, out, error);
}
