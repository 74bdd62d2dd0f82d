/* Columns and tables that a document names elsewhere. */
#ifndef TRN_SCHEMA_NAMED_H
#define TRN_SCHEMA_NAMED_H

#include "schema/loader.h"

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

#endif
