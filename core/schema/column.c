/* Of a column its names, and what it is beside its type. */
#include "schema/column.h"

#include <string.h>

#include "model/change.h"
#include "schema/column_type.h"

enum { CONSTRAINT_MAX_BYTES = 63, LIMIT_NAME_BYTES = 11 };

static const char *const column_keys[] = {
    "name",      "server_name", "description", "type",       "enum",   "length", "length_min",
    "precision", "scale",       "min",         "max",        "format", "words",  "nullable",
    "default",   "sensitive",   "immutable",   "references", "since",  "filled", NULL};

/* Taken by the implied columns, by SQLite's names of the rowid and by PostgreSQL's own columns. */
static const char *const reserved_columns[] = {"id",
                                               "created_at",
                                               "updated_at",
                                               "deleted_at",
                                               "rowid",
                                               "oid",
                                               "tableoid",
                                               "ctid",
                                               "xmin",
                                               "xmax",
                                               "cmin",
                                               "cmax",
                                               NULL};

static bool is_reserved(const char *name)
{
    for (size_t i = 0; reserved_columns[i] != NULL; i++) {
        if (strcmp(reserved_columns[i], name) == 0) {
            return true;
        }
    }
    return strncmp(name, "tern_", 5) == 0;
}

/* "scheduled_time" -> "scheduledTime", in place. */
static void to_camel_case(char *name)
{
    char *to = name;

    for (const char *from = name; *from != '\0'; from++) {
        if (*from == '_' && from[1] >= 'a' && from[1] <= 'z') {
            from++;
            *to++ = (char)(*from - 'a' + 'A');
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

static tern_status
load_server_name(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    char *copy;

    if (trn_node_member(node, "server_name", &member)) {
        return trn_node_identifier(&loader->reader, &member, &column->server_name);
    }
    copy = trn_arena_copy(loader->reader.arena, column->name, strlen(column->name));
    if (copy == NULL) {
        return trn_fail_nomem(loader->reader.error);
    }
    if (loader->schema->camel_case) {
        to_camel_case(copy);
    }
    column->server_name = copy;
    return TERN_OK;
}

static tern_status load_names(struct trn_loader *loader,
                              const struct trn_draft *draft,
                              const struct trn_node *node,
                              struct trn_column *column)
{
    struct trn_node member;
    tern_status status = trn_node_need(&loader->reader, node, "name", &member);

    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &member, &column->name);
    }
    if (status == TERN_OK && is_reserved(column->name)) {
        return trn_node_fail(&loader->reader, &member, "the name is reserved");
    }
    if (status == TERN_OK && strlen(draft->table->name) + strlen(column->name) + LIMIT_NAME_BYTES >
                                 CONSTRAINT_MAX_BYTES) {
        return trn_node_fail(&loader->reader,
                             &member,
                             "the names of table and column are too long together: at most %d",
                             CONSTRAINT_MAX_BYTES - LIMIT_NAME_BYTES);
    }
    if (status == TERN_OK) {
        status = load_server_name(loader, node, column);
    }
    if (status == TERN_OK && is_reserved(column->server_name)) {
        return trn_node_fail(&loader->reader, node, "the server's name is reserved");
    }
    return status;
}

static tern_status
load_filled(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    static const char *const words[] = {"received", NULL};
    struct trn_node member;
    size_t word = 0;
    tern_status status;

    if (!trn_node_member(node, "filled", &member)) {
        return TERN_OK;
    }
    status = trn_node_word(&loader->reader, &member, words, &word);
    if (status == TERN_OK && (column->type != TRN_TYPE_TIMESTAMPTZ || !column->nullable)) {
        return trn_node_fail(&loader->reader, &member, "is of a nullable timestamptz");
    }
    column->is_arrival = status == TERN_OK;
    return status;
}

static tern_status load_column(struct trn_loader *loader,
                               const struct trn_draft *draft,
                               const struct trn_node *node,
                               struct trn_column *column)
{
    tern_status status = trn_node_object(&loader->reader, node, column_keys);

    column->unit = TRN_UNITS_MAX;
    column->target = TRN_NO_TABLE;
    column->since = draft->table->since;
    if (status == TERN_OK) {
        status = load_names(loader, draft, node, column);
    }
    if (status == TERN_OK) {
        status = trn_load_type(loader, node, column);
    }
    if (status == TERN_OK) {
        status = trn_load_limits(loader, node, column);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "nullable", &column->nullable);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "sensitive", &column->sensitive);
    }
    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader, node, "immutable", &column->immutable);
    }
    if (status == TERN_OK) {
        status = load_filled(loader, node, column);
    }
    return status == TERN_OK ? trn_node_version(&loader->reader,
                                                node,
                                                "since",
                                                loader->schema->version,
                                                &column->since)
                             : status;
}

static bool is_same_name(const struct trn_column *a, const struct trn_column *b)
{
    return strcmp(a->name, b->name) == 0 || strcmp(a->server_name, b->server_name) == 0;
}

/* Among the columns before it, and among all synced ones for a server-only column. */
static tern_status refuse_duplicate(struct trn_loader *loader,
                                    const struct trn_draft *draft,
                                    const struct trn_column *list,
                                    size_t index,
                                    const struct trn_node *node)
{
    bool is_taken = false;

    for (size_t i = 0; i < index; i++) {
        is_taken = is_taken || is_same_name(&list[i], &list[index]);
    }
    for (size_t i = 0; list != draft->columns && i < draft->table->column_count; i++) {
        is_taken = is_taken || is_same_name(&draft->columns[i], &list[index]);
    }
    if (is_taken) {
        return trn_node_fail(&loader->reader, node, "two columns of one name");
    }
    return TERN_OK;
}

/* The items of the list into `columns`, from `first` on. */
static tern_status load_list(struct trn_loader *loader,
                             const struct trn_draft *draft,
                             const struct trn_node *list,
                             struct trn_column *columns,
                             size_t first,
                             size_t count)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(list, i);

        status = load_column(loader, draft, &item, &columns[first + i]);
        if (status == TERN_OK && columns == draft->columns && columns[first + i].is_arrival) {
            return trn_node_fail(&loader->reader,
                                 &item,
                                 "the server fills server_columns of synced tables alone");
        }
        if (status == TERN_OK) {
            status = refuse_duplicate(loader, draft, columns, first + i, &item);
        }
    }
    return status;
}

static void describe_created_at(const struct trn_loader *loader,
                                const struct trn_table *table,
                                struct trn_column *column)
{
    *column = (struct trn_column){
        .name = "created_at",
        .server_name = loader->schema->camel_case ? "createdAt" : "created_at",
        .type = TRN_TYPE_TIMESTAMPTZ,
        .immutable = true,
        .unit = TRN_UNIT_EXISTENCE,
        .target = TRN_NO_TABLE,
        .since = table->since,
    };
}

static tern_status load_server_columns(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&draft->node, "server_columns", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 1, TRN_COLUMNS_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    draft->server_columns = trn_reader_take(&loader->reader, count, sizeof(*draft->server_columns));
    if (draft->server_columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    status = load_list(loader, draft, &list, draft->server_columns, 0, count);
    draft->table->server_columns = draft->server_columns;
    draft->table->server_column_count = count;
    return status;
}

tern_status trn_load_columns(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_node list;
    size_t count = 0;
    tern_status status = trn_node_need(&loader->reader, &draft->node, "columns", &list);

    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &list, 1, TRN_COLUMNS_MAX - 1, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    draft->columns = trn_reader_take(&loader->reader, count + 1, sizeof(*draft->columns));
    if (draft->columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    describe_created_at(loader, draft->table, &draft->columns[0]);
    status = load_list(loader, draft, &list, draft->columns, 1, count);
    draft->table->columns = draft->columns;
    draft->table->column_count = count + 1;
    return status == TERN_OK ? load_server_columns(loader, draft) : status;
}
