/* Constants of a document as cells. */
#ifndef TRN_SCHEMA_VALUE_H
#define TRN_SCHEMA_VALUE_H

#include "schema/loader.h"

/* The constant at `node` as a cell of the column; checked. */
TERN_MUST_USE tern_status trn_load_value(struct trn_loader *loader,
                                         const struct trn_draft *draft,
                                         const struct trn_column *column,
                                         const struct trn_node *node,
                                         tern_value *ret_value);

#endif
