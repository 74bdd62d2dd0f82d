/* Natural keys and scope paths: the columns that decide what a row is and whose it is, and so never
 * change. */
#include "schema/key.h"

#include <string.h>

#include "model/change.h"
#include "schema/named.h"

enum { SCOPES_MAX = 4 };

static bool can_be_in_key(const struct trn_column *column)
{
    return column->type != TRN_TYPE_REAL && column->type != TRN_TYPE_JSON &&
           column->type != TRN_TYPE_BYTES;
}

static tern_status check_key_column(struct trn_loader *loader,
                                    const struct trn_draft *draft,
                                    const struct trn_node *node,
                                    uint16_t index)
{
    const struct trn_column *column = &draft->columns[index];

    if (index == 0) {
        return trn_node_fail(&loader->reader, node, "created_at cannot be part of a key");
    }
    if (!can_be_in_key(column)) {
        return trn_node_fail(&loader->reader,
                             node,
                             "%s: a column of type real, json or bytes cannot be part of a key",
                             column->name);
    }
    if (column->nullable && !draft->table->natural_key_is_partial) {
        return trn_node_fail(&loader->reader,
                             node,
                             "%s is nullable: a natural key is not, unless natural_key_partial is "
                             "set",
                             column->name);
    }
    return TERN_OK;
}

static tern_status load_id_kind(struct trn_loader *loader, struct trn_draft *draft)
{
    static const char *const words[] = {"v7", "v4", NULL};
    struct trn_node member;
    size_t word = 0;
    tern_status status = TERN_OK;

    if (trn_node_member(&draft->node, "ids", &member)) {
        status = trn_node_word(&loader->reader, &member, words, &word);
    }
    draft->table->mint_v4 = word == 1;
    return status;
}

tern_status trn_load_natural_key(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_table *table = draft->table;
    struct trn_node list;
    tern_status status = load_id_kind(loader, draft);

    if (status == TERN_OK) {
        status = trn_node_flag(&loader->reader,
                               &draft->node,
                               "natural_key_partial",
                               &table->natural_key_is_partial);
    }
    if (status != TERN_OK) {
        return status;
    }
    if (!trn_node_member(&draft->node, "natural_key", &list)) {
        return table->natural_key_is_partial
                   ? trn_node_fail(&loader->reader, &draft->node, "there is no natural_key")
                   : TERN_OK;
    }
    status = trn_load_column_list(loader,
                                  draft,
                                  &list,
                                  1,
                                  &table->natural_key,
                                  &table->natural_key_count);
    for (size_t i = 0; i < table->natural_key_count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = check_key_column(loader, draft, &item, table->natural_key[i]);
        draft->columns[table->natural_key[i]].immutable = true;
    }
    if (status == TERN_OK && trn_natural_space(table->name, &table->natural_space) != TERN_OK) {
        return trn_fail(loader->reader.error, TERN_ERR_INTERNAL, "SHA-1 failed");
    }
    return status;
}

/* The next name of a path "a.b.c", copied into `name`. False where it is too long to be one. */
static bool next_name(const char **path, char name[64])
{
    size_t size = strcspn(*path, ".");

    if (size == 0 || size >= 64) {
        return false;
    }
    memcpy(name, *path, size);
    name[size] = '\0';
    *path += size;
    return true;
}

static bool visits_table(const struct trn_scope_path *path, size_t hop_count, uint16_t table)
{
    for (size_t i = 0; i < hop_count; i++) {
        if (path->tables[i] == table) {
            return true;
        }
    }
    return false;
}

/* Takes one step: `column` of `table` is on the path. */
static tern_status add_hop(struct trn_loader *loader,
                           const struct trn_node *node,
                           struct trn_scope_path *path,
                           uint16_t table,
                           uint16_t column)
{
    struct trn_column *hop = &loader->drafts[table].columns[column];

    if (path->hop_count == TRN_SCOPE_HOPS_MAX) {
        return trn_node_fail(&loader->reader,
                             node,
                             "the path is longer than %d columns",
                             TRN_SCOPE_HOPS_MAX);
    }
    if (visits_table(path, path->hop_count, table)) {
        return trn_node_fail(&loader->reader,
                             node,
                             "the path is circular: it comes to %s twice",
                             loader->drafts[table].table->name);
    }
    if (hop->type != TRN_TYPE_UUID) {
        return trn_node_fail(&loader->reader, node, "%s is no uuid", hop->name);
    }
    hop->immutable = true;
    path->tables[path->hop_count] = table;
    path->columns[path->hop_count] = column;
    path->hop_count++;
    return TERN_OK;
}

/* Where the path goes on after the column `last`. */
static tern_status follow(struct trn_loader *loader,
                          const struct trn_node *node,
                          const struct trn_column *last,
                          uint16_t *table)
{
    if (last->target == TRN_NO_TABLE) {
        return trn_node_fail(&loader->reader, node, "%s references no table", last->name);
    }
    *table = last->target;
    return TERN_OK;
}

static tern_status walk(struct trn_loader *loader,
                        const struct trn_node *node,
                        const char *text,
                        uint16_t table,
                        struct trn_scope_path *path)
{
    char name[64];
    tern_status status = TERN_OK;

    for (;;) {
        const struct trn_draft *draft = &loader->drafts[table];
        uint16_t column = TRN_NO_COLUMN;

        if (next_name(&text, name)) {
            column = trn_table_column(draft->table, name);
        }
        if (column == TRN_NO_COLUMN) {
            return trn_node_fail(&loader->reader,
                                 node,
                                 "no path of columns: %s has none of that name",
                                 draft->table->name);
        }
        status = add_hop(loader, node, path, table, column);
        if (status != TERN_OK || *text == '\0') {
            return status;
        }
        text++;
        status = follow(loader, node, &draft->columns[column], &table);
        if (status != TERN_OK) {
            return status;
        }
    }
}

static tern_status load_path(struct trn_loader *loader,
                             const struct trn_draft *draft,
                             const struct trn_node *node,
                             struct trn_scope_path *path)
{
    const struct trn_schema *schema = loader->schema;
    const struct trn_column *last;
    const char *text = NULL;
    tern_status status = trn_node_text(&loader->reader, node, &text);

    if (status != TERN_OK) {
        return status;
    }
    if (strcmp(text, "id") == 0 && draft->table->index == schema->users_table) {
        return TERN_OK;
    }
    status = walk(loader, node, text, draft->table->index, path);
    if (status != TERN_OK || draft->is_builtin) {
        return status;
    }
    last = &loader->drafts[path->tables[path->hop_count - 1]]
                .columns[path->columns[path->hop_count - 1]];
    if (last->target != schema->users_table) {
        return trn_node_fail(&loader->reader,
                             node,
                             "the path must end in a column that references %s",
                             schema->tables[schema->users_table].name);
    }
    return TERN_OK;
}

static tern_status check_users_scope(struct trn_loader *loader,
                                     const struct trn_draft *draft,
                                     const struct trn_node *list)
{
    bool is_users = draft->table->index == loader->schema->users_table;

    if (is_users && (draft->table->scope_count != 1 || draft->table->scopes[0].hop_count != 0)) {
        return trn_node_fail(&loader->reader, list, "the scope of the users' table is [\"id\"]");
    }
    return TERN_OK;
}

tern_status trn_load_scopes(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_scope_path *paths;
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (draft->is_server) {
        return TERN_OK;
    }
    status = trn_node_need(&loader->reader, &draft->node, "scopes", &list);
    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &list, 1, SCOPES_MAX, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    paths = trn_reader_take(&loader->reader, count, sizeof(*paths));
    if (paths == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_path(loader, draft, &item, &paths[i]);
        for (size_t k = 0; k < i && status == TERN_OK; k++) {
            if (json_equal(item.json, json_array_get(list.json, k))) {
                status = trn_node_fail(&loader->reader, &item, "the path is listed twice");
            }
        }
    }
    draft->table->scopes = paths;
    draft->table->scope_count = count;
    return status == TERN_OK ? check_users_scope(loader, draft, &list) : status;
}
