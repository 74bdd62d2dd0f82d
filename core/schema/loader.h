/*
 * A document being loaded: the parts of the description while they can still be written.
 *
 * Each step of loading runs over all tables before the next one, so that it may look at what the
 * earlier ones left anywhere.
 */
#ifndef TRN_SCHEMA_LOADER_H
#define TRN_SCHEMA_LOADER_H

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

#endif
