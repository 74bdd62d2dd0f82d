/* A document becomes a description: parsed by jansson, then read step by step over all tables. */
#include "schema/loader.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "model/change.h"
#include "schema/audit.h"
#include "schema/column.h"
#include "schema/document.h"
#include "schema/grant.h"
#include "schema/index.h"
#include "schema/key.h"
#include "schema/names.h"
#include "schema/reference.h"
#include "schema/since.h"
#include "schema/unit.h"

enum { ENUMS_MAX = 256, ENUM_VALUES_MAX = 256, VERSION_MAX = 1000000, LANGUAGE = 1 };

static const char *const document_keys[] = {"tern",
                                            "name",
                                            "description",
                                            "version",
                                            "minimum_version",
                                            "server_naming",
                                            "users",
                                            "enums",
                                            "tables",
                                            "server_tables",
                                            "grants",
                                            NULL};

static const char *const table_keys[] = {"name",    "server_name",  "description",
                                         "since",   "columns",      "server_columns",
                                         "units",   "natural_key",  "natural_key_partial",
                                         "ids",     "append_only",  "write",
                                         "scopes",  "unique",       "indexes",
                                         "checks",  "window",       "retention_days",
                                         "queries", "write_scopes", NULL};

static const char *const server_table_keys[] =
    {"name", "server_name", "description", "since", "columns", "unique", "indexes", NULL};

/* What trn_schema_free gets back to from the description. */
struct loaded {
    struct trn_schema schema; /* first */
    struct trn_arena arena;
};

/* ---- The document's head ---- */

static tern_status load_versions(struct trn_loader *loader)
{
    struct trn_schema *schema = loader->schema;
    struct trn_node node;
    int64_t language = 0;
    int64_t version = 0;
    tern_status status = trn_node_need(&loader->reader, &loader->root, "tern", &node);

    if (status == TERN_OK) {
        status = trn_node_integer(&loader->reader, &node, LANGUAGE, LANGUAGE, &language);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, &loader->root, "version", &node);
    }
    if (status == TERN_OK) {
        status = trn_node_integer(&loader->reader, &node, 1, VERSION_MAX, &version);
    }
    if (status != TERN_OK) {
        return status;
    }
    schema->version = (uint32_t)version;
    schema->minimum_version = 1;
    return trn_node_version(&loader->reader,
                            &loader->root,
                            "minimum_version",
                            schema->version,
                            &schema->minimum_version);
}

static tern_status load_head(struct trn_loader *loader)
{
    static const char *const namings[] = {"same", "camelCase", NULL};
    struct trn_node node;
    size_t naming = 0;
    tern_status status = trn_node_object(&loader->reader, &loader->root, document_keys);

    if (status == TERN_OK) {
        status = load_versions(loader);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, &loader->root, "name", &node);
    }
    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &node, &loader->schema->name);
    }
    if (status == TERN_OK && trn_node_member(&loader->root, "server_naming", &node)) {
        status = trn_node_word(&loader->reader, &node, namings, &naming);
    }
    loader->schema->camel_case = naming == 1;
    return status;
}

/* ---- Enums ---- */

static size_t find_value(const char *const *values, size_t count, const char *text)
{
    size_t i = 0;

    while (i < count && strcmp(values[i], text) != 0) {
        i++;
    }
    return i;
}

/* An enum's lists while they are filled. */
struct values {
    const char **names;
    const char **fallbacks;
    uint32_t *sinces;
};

/* A later value, {"value": ..., "since": ..., "fallback": ...}: older versions read the fallback.
 */
static tern_status load_late_value(struct trn_loader *loader,
                                   const struct trn_node *node,
                                   struct values *values,
                                   size_t index)
{
    static const char *const keys[] = {"value", "since", "fallback", NULL};
    struct trn_node member;
    size_t fallback;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "value", &member);
    }
    if (status == TERN_OK) {
        status = trn_node_identifier(&loader->reader, &member, &values->names[index]);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "since", &member);
    }
    if (status == TERN_OK) {
        status = trn_node_version(&loader->reader,
                                  node,
                                  "since",
                                  loader->schema->version,
                                  &values->sinces[index]);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "fallback", &member);
    }
    if (status == TERN_OK) {
        status = trn_node_identifier(&loader->reader, &member, &values->fallbacks[index]);
    }
    if (status != TERN_OK) {
        return status;
    }
    fallback = find_value(values->names, index, values->fallbacks[index]);
    if (fallback == index || values->sinces[fallback] >= values->sinces[index]) {
        return trn_node_fail(&loader->reader, &member, "must be a value of an earlier version");
    }
    return TERN_OK;
}

static tern_status load_enum_value(struct trn_loader *loader,
                                   const struct trn_node *node,
                                   struct values *values,
                                   size_t index)
{
    tern_status status;

    values->sinces[index] = 1;
    status = json_is_object(node->json)
                 ? load_late_value(loader, node, values, index)
                 : trn_node_identifier(&loader->reader, node, &values->names[index]);
    if (status != TERN_OK) {
        return status;
    }
    if (find_value(values->names, index, values->names[index]) != index) {
        return trn_node_fail(&loader->reader, node, "the value is listed twice");
    }
    if (index > 0 && values->sinces[index] < values->sinces[index - 1]) {
        return trn_node_fail(&loader->reader, node, "stands behind a value of a later version");
    }
    return TERN_OK;
}

static tern_status
load_enum(struct trn_loader *loader, const struct trn_node *node, struct trn_enum *enumeration)
{
    static const char *const keys[] = {"name", "description", "values", NULL};
    struct trn_node member;
    struct values values;
    size_t count = 0;
    tern_status status = trn_node_object(&loader->reader, node, keys);

    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "name", &member);
    }
    if (status == TERN_OK) {
        status = trn_node_identifier(&loader->reader, &member, &enumeration->name);
    }
    if (status == TERN_OK) {
        status = trn_node_need(&loader->reader, node, "values", &member);
    }
    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader, &member, 1, ENUM_VALUES_MAX, &count);
    }
    if (status != TERN_OK) {
        return status;
    }
    values.names = trn_reader_take(&loader->reader, count, sizeof(*values.names));
    values.fallbacks = trn_reader_take(&loader->reader, count, sizeof(*values.fallbacks));
    values.sinces = trn_reader_take(&loader->reader, count, sizeof(*values.sinces));
    if (values.names == NULL || values.fallbacks == NULL || values.sinces == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&member, i);

        status = load_enum_value(loader, &item, &values, i);
    }
    enumeration->values = values.names;
    enumeration->fallbacks = values.fallbacks;
    enumeration->sinces = values.sinces;
    enumeration->value_count = count;
    return status;
}

static tern_status load_enums(struct trn_loader *loader)
{
    struct trn_node list;
    size_t count = 0;
    tern_status status;

    if (!trn_node_member(&loader->root, "enums", &list)) {
        return TERN_OK;
    }
    status = trn_node_array(&loader->reader, &list, 0, ENUMS_MAX, &count);
    if (status != TERN_OK) {
        return status;
    }
    loader->enums = trn_reader_take(&loader->reader, count, sizeof(*loader->enums));
    if (loader->enums == NULL) {
        return TERN_ERR_NOMEM;
    }
    for (size_t i = 0; i < count && status == TERN_OK; i++) {
        struct trn_node item = trn_node_item(&list, i);

        status = load_enum(loader, &item, &loader->enums[i]);
    }
    loader->schema->enums = loader->enums;
    loader->schema->enum_count = count;
    return status;
}

/* ---- Tables ---- */

static bool is_reserved_table(const char *name)
{
    return strncmp(name, "tern_", 5) == 0 || strncmp(name, "sqlite_", 7) == 0 ||
           strncmp(name, "pg_", 3) == 0 || strcmp(name, "sync_audit") == 0;
}

static tern_status load_table_names(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_table *table = draft->table;
    struct trn_node node;
    tern_status status = trn_node_need(&loader->reader, &draft->node, "name", &node);

    if (status == TERN_OK) {
        status = trn_node_name(&loader->reader, &node, &table->name);
    }
    if (status == TERN_OK && !draft->is_builtin && is_reserved_table(table->name)) {
        return trn_node_fail(&loader->reader, &node, "the name is reserved");
    }
    table->server_name = table->name;
    if (status == TERN_OK && trn_node_member(&draft->node, "server_name", &node)) {
        status = trn_node_identifier(&loader->reader, &node, &table->server_name);
        if (status == TERN_OK && is_reserved_table(table->server_name)) {
            return trn_node_fail(&loader->reader, &node, "the name is reserved");
        }
    }
    return status;
}

static tern_status load_write_scopes(struct trn_loader *loader, struct trn_draft *draft)
{
    static const char *const words[] = {"home", "any", NULL};
    struct trn_node node;
    size_t word = 0;
    tern_status status = TERN_OK;

    if (trn_node_member(&draft->node, "write_scopes", &node)) {
        status = trn_node_word(&loader->reader, &node, words, &word);
    }
    draft->table->any_scope_writes = word == 1;
    return status;
}

static tern_status load_write_rule(struct trn_loader *loader, struct trn_draft *draft)
{
    static const char *const words[] = {
        [TRN_WRITE_OWNER] = "owner",
        [TRN_WRITE_INSERT_ONLY] = "insert_only",
        [TRN_WRITE_SERVER] = "server",
        NULL,
    };
    struct trn_node node;
    size_t rule = TRN_WRITE_OWNER;
    tern_status status =
        trn_node_flag(&loader->reader, &draft->node, "append_only", &draft->table->append_only);

    if (status == TERN_OK && trn_node_member(&draft->node, "write", &node)) {
        status = trn_node_word(&loader->reader, &node, words, &rule);
    }
    draft->table->write_rule = (enum trn_write_rule)rule;
    if (status == TERN_OK && draft->table->append_only && rule == TRN_WRITE_OWNER) {
        return trn_node_fail(&loader->reader,
                             &draft->node,
                             "an append-only table is written insert_only or by the server");
    }
    return status;
}

static tern_status load_table(struct trn_loader *loader, struct trn_draft *draft)
{
    struct trn_table *table = draft->table;
    tern_status status = trn_node_object(&loader->reader,
                                         &draft->node,
                                         draft->is_server ? server_table_keys : table_keys);

    table->since = 1;
    table->window_column = TRN_NO_COLUMN;
    if (status == TERN_OK) {
        status = load_table_names(loader, draft);
    }
    if (status == TERN_OK) {
        status = trn_node_version(&loader->reader,
                                  &draft->node,
                                  "since",
                                  loader->schema->version,
                                  &table->since);
    }
    if (status == TERN_OK && !draft->is_server) {
        status = load_write_rule(loader, draft);
    }
    if (status == TERN_OK && !draft->is_server) {
        status = load_write_scopes(loader, draft);
    }
    return status == TERN_OK ? trn_load_columns(loader, draft) : status;
}

/* Lays out drafts: the document's tables, sync_audit, the server's own tables. */
static void set_drafts(struct trn_loader *loader,
                       struct trn_table *tables,
                       struct trn_table *server_tables,
                       size_t count,
                       size_t server_count)
{
    for (size_t i = 0; i < count + 1 + server_count; i++) {
        struct trn_draft *draft = &loader->drafts[i];

        draft->is_builtin = i == count;
        draft->is_server = i > count;
        if (i < count) {
            draft->node = trn_node_item(&loader->tables, i);
        } else if (i == count) {
            draft->node = trn_node_item(&loader->audit_tables, 0);
        } else {
            draft->node = trn_node_item(&loader->server_tables, i - count - 1);
        }
        draft->table = draft->is_server ? &server_tables[i - count - 1] : &tables[i];
        draft->table->index = draft->is_server ? TRN_NO_TABLE : (uint16_t)i;
    }
}

static tern_status count_tables(struct trn_loader *loader, size_t *ret_count, size_t *ret_server)
{
    tern_status status = trn_node_need(&loader->reader, &loader->root, "tables", &loader->tables);

    if (status == TERN_OK) {
        status = trn_node_array(&loader->reader,
                                &loader->tables,
                                1,
                                TRN_SCHEMA_TABLES_MAX - 1,
                                ret_count);
    }
    if (status == TERN_OK &&
        trn_node_member(&loader->root, "server_tables", &loader->server_tables)) {
        status = trn_node_array(&loader->reader,
                                &loader->server_tables,
                                0,
                                TRN_SCHEMA_TABLES_MAX,
                                ret_server);
    }
    return status;
}

static tern_status load_tables(struct trn_loader *loader)
{
    struct trn_schema *schema = loader->schema;
    struct trn_table *tables;
    struct trn_table *server_tables;
    size_t count = 0;
    size_t server_count = 0;
    tern_status status = count_tables(loader, &count, &server_count);

    if (status != TERN_OK) {
        return status;
    }
    tables = trn_reader_take(&loader->reader, count + 1, sizeof(*tables));
    server_tables = trn_reader_take(&loader->reader, server_count, sizeof(*server_tables));
    loader->draft_count = count + 1 + server_count;
    loader->drafts = trn_reader_take(&loader->reader, loader->draft_count, sizeof(*loader->drafts));
    if (tables == NULL || server_tables == NULL || loader->drafts == NULL) {
        return TERN_ERR_NOMEM;
    }
    set_drafts(loader, tables, server_tables, count, server_count);
    for (size_t i = 0; i < loader->draft_count && status == TERN_OK; i++) {
        status = load_table(loader, &loader->drafts[i]);
    }
    schema->tables = tables;
    schema->table_count = count + 1;
    schema->server_tables = server_tables;
    schema->server_table_count = server_count;
    return status;
}

/* Before anything looks a table up by its name. */
static tern_status refuse_duplicate_tables(struct trn_loader *loader)
{
    for (size_t i = 1; i < loader->draft_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(loader->drafts[i].table->name, loader->drafts[k].table->name) == 0) {
                return trn_node_fail(&loader->reader,
                                     &loader->drafts[i].node,
                                     "two tables of one name");
            }
        }
    }
    return TERN_OK;
}

typedef tern_status (*load_step)(struct trn_loader *loader, struct trn_draft *draft);

static tern_status run_step(struct trn_loader *loader, load_step step)
{
    tern_status status = TERN_OK;

    for (size_t i = 0; i < loader->draft_count && status == TERN_OK; i++) {
        status = step(loader, &loader->drafts[i]);
    }
    return status;
}

static tern_status load_parts(struct trn_loader *loader)
{
    static const load_step steps[] = {
        trn_load_references,
        trn_load_defaults,
        trn_load_natural_key,
        trn_load_scopes,
        trn_load_units,
        trn_load_checks,
        trn_load_since,
        trn_load_indexes,
        trn_load_queries,
        trn_load_window,
    };
    tern_status status = refuse_duplicate_tables(loader);

    if (status == TERN_OK) {
        status = trn_load_users(loader);
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && status == TERN_OK; i++) {
        status = run_step(loader, steps[i]);
    }
    if (status == TERN_OK) {
        status = trn_load_names(loader);
    }
    return status == TERN_OK ? trn_load_grants(loader) : status;
}

static tern_status load_document(struct trn_loader *loader)
{
    tern_status status = load_head(loader);

    if (status == TERN_OK) {
        status = load_enums(loader);
    }
    if (status == TERN_OK) {
        status = load_tables(loader);
    }
    return status == TERN_OK ? load_parts(loader) : status;
}

/* ---- The whole ---- */

static tern_status
load_trees(struct loaded *loaded, json_t *document, json_t *audit, tern_error *error)
{
    struct trn_loader loader = {
        .reader = {.arena = &loaded->arena, .error = error},
        .schema = &loaded->schema,
        .root = {.json = document},
        .audit = {.json = audit},
    };

    loader.audit_tables = (struct trn_node){.up = &loader.audit,
                                            .key = "tables",
                                            .json = json_object_get(audit, "tables")};
    return load_document(&loader);
}

static tern_status
keep_document(struct loaded *loaded, const char *json, size_t size, tern_error *error)
{
    loaded->schema.document = trn_arena_copy(&loaded->arena, json, size);
    loaded->schema.document_size = size;
    return loaded->schema.document == NULL ? trn_fail_nomem(error) : TERN_OK;
}

tern_status
trn_schema_load(const char *json, size_t size, struct trn_schema **ret_schema, tern_error *error)
{
    struct loaded *loaded = trn_calloc(1, sizeof(*loaded));
    json_t *document = NULL;
    json_t *audit = NULL;
    tern_status status;

    TRN_ASSERT(json != NULL && ret_schema != NULL);

    if (loaded == NULL) {
        return trn_fail_nomem(error);
    }
    status = trn_document_parse(json, size, &document, error);
    if (status == TERN_OK) {
        status = trn_document_parse(trn_audit_document, strlen(trn_audit_document), &audit, error);
    }
    if (status == TERN_OK) {
        status = load_trees(loaded, document, audit, error);
    }
    if (status == TERN_OK) {
        status = keep_document(loaded, json, size, error);
    }
    json_decref(document);
    json_decref(audit);
    if (status != TERN_OK) {
        trn_schema_free(&loaded->schema);
        return status;
    }
    *ret_schema = &loaded->schema;
    return TERN_OK;
}

void trn_schema_free(struct trn_schema *schema)
{
    struct loaded *loaded = (struct loaded *)schema;

    if (loaded == NULL) {
        return;
    }
    trn_arena_free(&loaded->arena);
    trn_free(loaded);
}
