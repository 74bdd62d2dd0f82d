/* A name that is not there is told with its place. */
#include "schema/named.h"

#include <string.h>

#include "model/change.h"

tern_status trn_load_column_name(struct trn_loader *loader,
                                 const struct trn_draft *draft,
                                 const struct trn_node *node,
                                 uint16_t *ret_column)
{
    const char *name = NULL;
    uint16_t column;
    tern_status status = trn_node_text(&loader->reader, node, &name);

    if (status != TERN_OK) {
        return status;
    }
    column = trn_table_column(draft->table, name);
    if (column == TRN_NO_COLUMN) {
        return trn_node_fail(&loader->reader,
                             node,
                             "%s has no column \"%.60s\"",
                             draft->table->name,
                             name);
    }
    *ret_column = column;
    return TERN_OK;
}

tern_status trn_load_column_list(struct trn_loader *loader,
                                 const struct trn_draft *draft,
                                 const struct trn_node *node,
                                 size_t min,
                                 const uint16_t **ret_columns,
                                 size_t *ret_count)
{
    uint16_t *columns;
    size_t count = 0;
    tern_status status = trn_node_array(&loader->reader, node, min, TRN_COLUMNS_MAX, &count);

    if (status != TERN_OK) {
        return status;
    }
    columns = trn_reader_take(&loader->reader, count, sizeof(*columns));
    if (columns == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(node, i);

        status = trn_load_column_name(loader, draft, &item, &columns[i]);
        for (size_t k = 0; k < i && status == TERN_OK; k++) {
            if (columns[k] == columns[i]) {
                status = trn_node_fail(&loader->reader, &item, "the column is listed twice");
            }
        }
    }
    if (status == TERN_OK) {
        *ret_columns = columns;
        *ret_count = count;
    }
    return status;
}

tern_status
trn_load_table_name(struct trn_loader *loader, const struct trn_node *node, uint16_t *ret_table)
{
    const struct trn_schema *schema = loader->schema;
    const char *name = NULL;
    tern_status status = trn_node_text(&loader->reader, node, &name);

    for (size_t i = 0; status == TERN_OK && i < schema->table_count; i++) {
        if (strcmp(schema->tables[i].name, name) == 0) {
            *ret_table = (uint16_t)i;
            return TERN_OK;
        }
    }
    return status == TERN_OK
               ? trn_node_fail(&loader->reader, node, "there is no table \"%.60s\"", name)
               : status;
}
