/* What columns refer to and what they hold by default: read once every table's columns are known.
 */
#include "schema/reference.h"

#include "schema/named.h"
#include "schema/value.h"

static const char *const reference_keys[] = {"table", "on_delete", "may_leave_scope", NULL};

static const char *const action_words[] = {
    [TRN_DELETE_RESTRICT] = "restrict",
    [TRN_DELETE_CASCADE] = "cascade",
    [TRN_DELETE_SET_NULL] = "set_null",
    NULL,
};

static tern_status
load_action(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    size_t action = TRN_DELETE_RESTRICT;
    tern_status status = TERN_OK;

    if (trn_node_member(node, "on_delete", &member)) {
        status = trn_node_word(&loader->reader, &member, action_words, &action);
    }
    if (status == TERN_OK && action == TRN_DELETE_SET_NULL && !column->nullable) {
        return trn_node_fail(&loader->reader, &member, "the column is not nullable");
    }
    column->on_delete = (enum trn_delete_action)action;
    return status;
}

static tern_status
load_reference(struct trn_loader *loader, const struct trn_node *node, struct trn_column *column)
{
    struct trn_node member;
    struct trn_node table;
    tern_status status;

    if (column->type != TRN_TYPE_UUID || !trn_node_member(node, "references", &member)) {
        return TERN_OK;
    }
    status = trn_node_object(&loader->reader, &member, reference_keys);
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, &member, "table", &table);
    }
    if (status == TERN_OK) {
        status = trn_load_table_name(loader, &table, &column->target);
    }
    if (status == TERN_OK) {
        status = load_action(loader, &member, column);
    }
    return status == TERN_OK
               ? trn_node_flag(&loader->reader, &member, "may_leave_scope", &column->may_leave)
               : status;
}

static tern_status load_default(struct trn_loader *loader,
                                const struct trn_draft *draft,
                                const struct trn_node *node,
                                struct trn_column *column)
{
    struct trn_node member;
    tern_status status;

    if (!trn_node_member(node, "default", &member)) {
        return TERN_OK;
    }
    if (json_is_null(member.json)) {
        return trn_node_fail(&loader->reader, &member, "leave the key out for no default");
    }
    if (column->target != TRN_NO_TABLE) {
        return trn_node_fail(&loader->reader, &member, "a reference has no default");
    }
    status = trn_load_value(loader, draft, column, &member, &column->default_value);
    column->has_default = status == TERN_OK;
    return status;
}

typedef tern_status (*visit_column)(struct trn_loader *loader,
                                    const struct trn_draft *draft,
                                    const struct trn_node *node,
                                    struct trn_column *column);

/* Calls back for every column that the document lists under `key`. */
static tern_status visit_list(struct trn_loader *loader,
                              struct trn_draft *draft,
                              const char *key,
                              struct trn_column *columns,
                              visit_column visit)
{
    struct trn_node list;
    tern_status status = TERN_OK;

    if (!trn_node_member(&draft->node, key, &list)) {
        return TERN_OK;
    }
    for (size_t i = 0; i < json_array_size(list.json) && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = visit(loader, draft, &item, &columns[i]);
    }
    return status;
}

static tern_status visit_all(struct trn_loader *loader, struct trn_draft *draft, visit_column visit)
{
    tern_status status = visit_list(loader, draft, "columns", draft->columns + 1, visit);

    return status == TERN_OK
               ? visit_list(loader, draft, "server_columns", draft->server_columns, visit)
               : status;
}

static tern_status visit_reference(struct trn_loader *loader,
                                   const struct trn_draft *draft,
                                   const struct trn_node *node,
                                   struct trn_column *column)
{
    (void)draft;
    return load_reference(loader, node, column);
}

tern_status trn_load_references(struct trn_loader *loader, struct trn_draft *draft)
{
    return visit_all(loader, draft, visit_reference);
}

tern_status trn_load_defaults(struct trn_loader *loader, struct trn_draft *draft)
{
    return visit_all(loader, draft, load_default);
}
