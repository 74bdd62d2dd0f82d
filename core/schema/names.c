/* Names that must differ across tables: SQLite keeps tables and indexes in one list, PostgreSQL
 * types too. Ordered comparison of each with each: a document has some hundred names. */
#include "schema/names.h"

#include <string.h>

struct named {
    const char *name;
    const struct trn_node *node;
};

struct names {
    struct named *list;
    size_t count;
};

static void add(struct names *names, const char *name, const struct trn_node *node)
{
    names->list[names->count++] = (struct named){.name = name, .node = node};
}

static size_t count_names(const struct trn_loader *loader)
{
    size_t count = loader->schema->enum_count;

    for (size_t i = 0; i < loader->draft_count; i++) {
        const struct trn_table *table = loader->drafts[i].table;

        count += 2 + table->index_count + table->unique_count;
    }
    return count;
}

static void collect(const struct trn_loader *loader, struct names *names)
{
    for (size_t i = 0; i < loader->schema->enum_count; i++) {
        add(names, loader->schema->enums[i].name, &loader->root);
    }
    for (size_t i = 0; i < loader->draft_count; i++) {
        const struct trn_table *table = loader->drafts[i].table;
        const struct trn_node *node = &loader->drafts[i].node;

        add(names, table->name, node);
        if (strcmp(table->name, table->server_name) != 0) {
            add(names, table->server_name, node);
        }
        for (size_t k = 0; k < table->unique_count; k++) {
            add(names, table->uniques[k].name, node);
        }
        for (size_t k = 0; k < table->index_count; k++) {
            add(names, table->indexes[k].name, node);
        }
    }
}

tern_status trn_load_names(struct trn_loader *loader)
{
    struct names names = {.count = 0};

    names.list = trn_reader_take(&loader->reader, count_names(loader), sizeof(*names.list));
    if (names.list == NULL) {
        return TERN_ERR_NOMEM;
    }
    collect(loader, &names);
    for (size_t i = 1; i < names.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names.list[i].name, names.list[k].name) == 0) {
                return trn_node_fail(&loader->reader,
                                     names.list[i].node,
                                     "the name %s is given twice: tables, indexes and enums share "
                                     "one list",
                                     names.list[i].name);
            }
        }
    }
    return TERN_OK;
}
