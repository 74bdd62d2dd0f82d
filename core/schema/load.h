/*
 * A document being loaded: the parts of the description while they can still be written, and the
 * steps that fill them, in this order.
 *
 * Each step runs over all tables before the next one, so that it may look at what the earlier ones
 * left anywhere.
 */
#ifndef TRN_SCHEMA_LOAD_H
#define TRN_SCHEMA_LOAD_H

#include "schema/node.h"
#include "schema/schema.h"

/* A table under way. */
struct trn_draft {
    struct trn_node node;
    struct trn_table *table;
    struct trn_column *columns;        /* the table's, created_at first */
    struct trn_column *server_columns; /* the table's */
    bool is_builtin;                   /* sync_audit: reserved names are its own */
    bool is_server;                    /* never in a replica */
};

struct trn_loader {
    struct trn_reader reader;
    struct trn_schema *schema;
    struct trn_enum *enums;
    struct trn_draft *drafts; /* of tables, sync_audit last, then of server tables */
    size_t draft_count;
    struct trn_node root;
    struct trn_node tables;
    struct trn_node server_tables;
    struct trn_node audit;
    struct trn_node audit_tables;
};

/* document.c: the tree of a text, owned by the caller. TERN_ERR_SCHEMA, TERN_ERR_NOMEM. */
TERN_MUST_USE tern_status trn_document_parse(const char *json,
                                             size_t size,
                                             json_t **ret_tree,
                                             tern_error *error);

/* column.c: names, types, limits. */
TERN_MUST_USE tern_status trn_load_columns(struct trn_loader *loader, struct trn_draft *draft);
/* reference.c, once all tables are known. */
TERN_MUST_USE tern_status trn_load_references(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_defaults(struct trn_loader *loader, struct trn_draft *draft);
/* key.c */
TERN_MUST_USE tern_status trn_load_natural_key(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_scopes(struct trn_loader *loader, struct trn_draft *draft);
/* unit.c */
TERN_MUST_USE tern_status trn_load_units(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_checks(struct trn_loader *loader, struct trn_draft *draft);
/* since.c */
TERN_MUST_USE tern_status trn_load_since(struct trn_loader *loader, struct trn_draft *draft);
/* index.c */
TERN_MUST_USE tern_status trn_load_indexes(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_queries(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_window(struct trn_loader *loader, struct trn_draft *draft);
/* names.c: no two tables, enum types and indexes of one name. */
TERN_MUST_USE tern_status trn_load_names(struct trn_loader *loader);
/* grant.c */
TERN_MUST_USE tern_status trn_load_users(struct trn_loader *loader);
TERN_MUST_USE tern_status trn_load_grants(struct trn_loader *loader);

/* value.c: the constant at `node` as a cell of the column; checked. */
TERN_MUST_USE tern_status trn_load_value(struct trn_loader *loader,
                                         const struct trn_draft *draft,
                                         const struct trn_column *column,
                                         const struct trn_node *node,
                                         tern_value *ret_value);

/* The column that the text at `node` names; server-only ones are not found. */
TERN_MUST_USE tern_status trn_load_column_name(struct trn_loader *loader,
                                               const struct trn_draft *draft,
                                               const struct trn_node *node,
                                               uint16_t *ret_column);
/* A list of `min` or more different columns. */
TERN_MUST_USE tern_status trn_load_column_list(struct trn_loader *loader,
                                               const struct trn_draft *draft,
                                               const struct trn_node *node,
                                               size_t min,
                                               const uint16_t **ret_columns,
                                               size_t *ret_count);
/* The index of the synced table that the text at `node` names. */
TERN_MUST_USE tern_status trn_load_table_name(struct trn_loader *loader,
                                              const struct trn_node *node,
                                              uint16_t *ret_table);

/* The document of the implied tables. */
extern const char trn_audit_document[];

#endif
