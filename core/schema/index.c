/* Unique keys, indexes, the queries they must cover, and windows. */
#include "schema/index.h"

#include <stdio.h>

#include "model/change.h"
#include "schema/named.h"
#include "schema/value.h"

enum { INDEXES_MAX = 32, NAME_ROOM = 64 };

static const char *const unique_keys[] = {"name", "columns", NULL};
static const char *const index_keys[] = {"name", "columns", "live", "where", NULL};
static const char *const query_keys[] = {"name", "equal", "range", "order", NULL};

static void append(char *name, size_t *size, const char *text)
{
    int more = snprintf(name + *size, NAME_ROOM - *size, "%s", text);

    *size += (size_t)more < NAME_ROOM - *size ? (size_t)more : NAME_ROOM - *size;
}

/* "<table>_<column>_<column>_<suffix>", as PostgreSQL names its own. */
static tern_status make_name(struct trn_loader *loader,
                             const struct trn_draft *draft,
                             const struct trn_node *node,
                             const uint16_t *columns,
                             size_t count,
                             const char *suffix,
                             const char **ret_name)
{
    char name[NAME_ROOM] = "";
    size_t size = 0;
    struct trn_node member;

    if (trn_node_member(node, "name", &member)) {
        return trn_node_name(&loader->reader, &member, ret_name);
    }
    append(name, &size, draft->table->name);
    for (size_t i = 0; i < count && size < NAME_ROOM; i++) {
        append(name, &size, "_");
        append(name, &size, draft->columns[columns[i]].name);
    }
    append(name, &size, suffix);
    if (size >= NAME_ROOM) {
        return trn_node_fail(&loader->reader,
                             node,
                             "the name made of its columns is above %d characters: give it one",
                             NAME_ROOM - 1);
    }
    return trn_reader_copy(&loader->reader, name, ret_name);
}

/* The member "columns". */
static tern_status load_index_columns(struct trn_loader *loader,
                                      const struct trn_draft *draft,
                                      const struct trn_node *node,
                                      const uint16_t **ret_columns,
                                      size_t *ret_count)
{
    struct trn_node member;
    tern_status status = trn_node_need(&loader->reader, node, "columns", &member);

    return status == TERN_OK
               ? trn_load_column_list(loader, draft, &member, 1, ret_columns, ret_count)
               : status;
}

static tern_status load_unique(struct trn_loader *loader,
                               const struct trn_draft *draft,
                               const struct trn_node *node,
                               struct trn_unique *unique)
{
    tern_status status = trn_node_object(&loader->reader, node, unique_keys);

    if (status == TERN_OK) {
        status = load_index_columns(loader, draft, node, &unique->columns, &unique->column_count);
    }
    return status == TERN_OK ? make_name(loader,
                                         draft,
                                         node,
                                         unique->columns,
                                         unique->column_count,
                                         "_key",
                                         &unique->name)
                             : status;
}

static tern_status load_uniques(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_unique *uniques;
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&draft->node, "unique", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 1, INDEXES_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    uniques = trn_reader_take(&loader->reader, count, sizeof(*uniques));
    if (uniques == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_unique(loader, draft, &item, &uniques[i]);
    }
    draft->table->uniques = uniques;
    draft->table->unique_count = count;
    return status;
}

/* {"column": ..., "is": constant or null} */
static tern_status load_where(struct trn_loader *loader,
                              const struct trn_draft *draft,
                              const struct trn_node *node,
                              struct trn_index *index)
{
    static const char *const keys[] = {"column", "is", NULL};
    struct trn_node column;
    struct trn_node is;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "column", &column);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "is", &is);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &column, &index->where_column);
    }
    if (status != TERN_OK || json_is_null(is.json)) {
        return status;
    }
    return trn_load_value(loader,
                          draft,
                          &draft->columns[index->where_column],
                          &is,
                          &index->where_value);
}

static tern_status load_index(struct trn_loader *loader,
                              const struct trn_draft *draft,
                              const struct trn_node *node,
                              struct trn_index *index)
{
    struct trn_node member;
    tern_status status = trn_node_object(&loader->reader, node, index_keys);

    index->where_column = TRN_NO_COLUMN;
    if (status == TERN_OK) {
        status = load_index_columns(loader, draft, node, &index->columns, &index->column_count);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "live", &index->live_only);
    }
    if (status == TERN_OK && trn_node_member(node, "where", &member)) {
        status = load_where(loader, draft, &member, index);
    }
    return status == TERN_OK ? make_name(loader,
                                         draft,
                                         node,
                                         index->columns,
                                         index->column_count,
                                         "_idx",
                                         &index->name)
                             : status;
}

tern_status trn_load_indexes(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_index *indexes;
    struct trn_node list;
    size_t count = 0;
    tern_status status = load_uniques(loader, draft);

    if (status != TERN_OK || !trn_node_member(&draft->node, "indexes", &list)) {
        return status;
    }
    status = trn_node_array(&loader->reader, &list, 1, INDEXES_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    indexes = trn_reader_take(&loader->reader, count, sizeof(*indexes));
    if (indexes == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_index(loader, draft, &item, &indexes[i]);
    }
    draft->table->indexes = indexes;
    draft->table->index_count = count;
    return status;
}

/* ---- Queries ---- */

static bool has_column(const uint16_t *columns, size_t count, uint16_t column)
{
    for (size_t i = 0; i < count; i++) {
        if (columns[i] == column) {
            return true;
        }
    }
    return false;
}

/* Whether the index finds the rows and yields their order: the columns compared with = first, in
 * any order, then the one of the range, then those of the order that are not compared with =. */
static bool covers(const uint16_t *columns, size_t count, const struct trn_query *query)
{
    size_t at = query->equal_count;

    if (count < at) {
        return false;
    }
    for (size_t i = 0; i < at; i++) {
        if (!has_column(query->equal, query->equal_count, columns[i])) {
            return false;
        }
    }
    if (query->range != TRN_NO_COLUMN && (at >= count || columns[at] != query->range)) {
        return false;
    }
    for (size_t i = 0; i < query->order_count; i++) {
        if (has_column(query->equal, query->equal_count, query->order[i])) {
            continue;
        }
        if (at >= count || columns[at] != query->order[i]) {
            return false;
        }
        at++;
    }
    return true;
}

static bool is_covered(const struct trn_table *table, const struct trn_query *query)
{
    for (size_t i = 0; i < table->index_count; i++) {
        const struct trn_index *index = &table->indexes[i];

        if (index->where_column == TRN_NO_COLUMN &&
            covers(index->columns, index->column_count, query)) {
            return true;
        }
    }
    for (size_t i = 0; i < table->unique_count; i++) {
        if (covers(table->uniques[i].columns, table->uniques[i].column_count, query)) {
            return true;
        }
    }
    return false;
}

static tern_status load_query_columns(struct trn_loader *loader,
                                      const struct trn_draft *draft,
                                      const struct trn_node *node,
                                      struct trn_query *query)
{
    struct trn_node member;
    tern_status status = TERN_OK;

    query->range = TRN_NO_COLUMN;
    if (trn_node_member(node, "equal", &member)) {
        status =
            trn_load_column_list(loader, draft, &member, 1, &query->equal, &query->equal_count);
    }
    if (status == TERN_OK && trn_node_member(node, "range", &member)) {
        status = trn_load_column_name(loader, draft, &member, &query->range);
    }
    if (status == TERN_OK && trn_node_member(node, "order", &member)) {
        status =
            trn_load_column_list(loader, draft, &member, 1, &query->order, &query->order_count);
    }
    if (status == TERN_OK && query->equal_count == 0 && query->range == TRN_NO_COLUMN &&
        query->order_count == 0) {
        return trn_node_fail(&loader->reader, node, "names no column");
    }
    return status;
}

static tern_status load_query(struct trn_loader *loader,
                              const struct trn_draft *draft,
                              const struct trn_node *node,
                              struct trn_query *query)
{
    struct trn_node name;
    tern_status status = trn_node_object(&loader->reader, node, query_keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "name", &name);
    }
    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &name, &query->name);
    }
    if (status == TERN_OK) {
        status = load_query_columns(loader, draft, node, query);
    }
    if (status == TERN_OK && !is_covered(draft->table, query)) {
        return trn_node_fail(&loader->reader, node, "no index covers the query %s", query->name);
    }
    return status;
}

tern_status trn_load_queries(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_query *queries;
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&draft->node, "queries", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 1, INDEXES_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    queries = trn_reader_take(&loader->reader, count, sizeof(*queries));
    if (queries == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_query(loader, draft, &item, &queries[i]);
    }
    draft->table->queries = queries;
    draft->table->query_count = count;
    return status;
}

/* Rows that left are looked for by every sync. */
static bool leads_index(const struct trn_table *table, uint16_t column)
{
    for (size_t i = 0; i < table->index_count; i++) {
        const struct trn_index *index = &table->indexes[i];

        if (index->columns[0] == column && !index->live_only &&
            index->where_column == TRN_NO_COLUMN) {
            return true;
        }
    }
    return false;
}

/* {"column": ..., "days": ...} */
tern_status trn_load_window(struct trn_loader *loader, struct trn_draft *draft)
{
    static const char *const keys[] = {"column", "days", NULL};
    struct trn_table *table = draft->table;
    struct trn_node node;
    struct trn_node column;
    enum trn_type type;
    tern_status status = trn_node_count(&loader->reader,
                                        &draft->node,
                                        "retention_days",
                                        36525,
                                        &table->retention_days);

    table->window_column = TRN_NO_COLUMN;
    if (status == TERN_OK && table->retention_days > 0 &&
        table->index == loader->schema->users_table &&
        trn_node_member(&draft->node, "retention_days", &node)) {
        return trn_node_fail(&loader->reader, &node, "a person's record goes by erasure alone");
    }
    if (status != TERN_OK || !trn_node_member(&draft->node, "window", &node)) {
        return status;
    }
    status = trn_node_object(&loader->reader, &node, keys);
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, &node, "column", &column);
    }
    if (status == TERN_OK) {
        status = trn_load_column_name(loader, draft, &column, &table->window_column);
    }
    if (status == TERN_OK) {
        status = trn_node_count(&loader->reader, &node, "days", 36525, &table->window_days);
    }
    if (status != TERN_OK) {
        return status;
    }
    type = draft->columns[table->window_column].type;
    if (type != TRN_TYPE_DATE && type != TRN_TYPE_TIMESTAMPTZ) {
        return trn_node_fail(&loader->reader, &column, "must be a date or a timestamptz");
    }
    if (table->window_days == 0) {
        return trn_node_fail(&loader->reader, &node, "\"days\" must be at least 1");
    }
    if (!leads_index(table, table->window_column)) {
        return trn_node_fail(&loader->reader, &column, "must lead an index of all rows");
    }
    return TERN_OK;
}
