/* Which version brought what: later columns stand behind earlier ones, in units of their own, and
 * leave old rows whole. */
#include "schema/since.h"

static tern_status check_column(struct trn_loader *loader,
                                const struct trn_draft *draft,
                                const struct trn_node *node,
                                size_t index)
{
    const struct trn_column *column = &draft->columns[index];

    if (column->since < draft->columns[index - 1].since) {
        return trn_node_fail(&loader->reader, node, "stands behind a column of a later version");
    }
    if (column->since == draft->table->since) {
        return TERN_OK;
    }
    if (!column->nullable && !column->has_default) {
        return trn_node_fail(&loader->reader, node, "a later column is nullable or has a default");
    }
    for (size_t i = 1; i < index; i++) {
        if (draft->columns[i].unit == column->unit && draft->columns[i].since != column->since) {
            return trn_node_fail(&loader->reader,
                                 node,
                                 "a later column is in a unit of its own version: an older writer "
                                 "would wipe it");
        }
    }
    return TERN_OK;
}

tern_status trn_load_since(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_node list;
    tern_status status = trn_node_need(&loader->reader, &draft->node, "columns", &list);

    for (size_t i = 1; i < draft->table->column_count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i - 1);

        status = check_column(loader, draft, &item, i);
    }
    return status;
}
