/* What a column holds: its type, and the limits that a document may set to that. */
#ifndef TRN_SCHEMA_COLUMN_TYPE_H
#define TRN_SCHEMA_COLUMN_TYPE_H

#include "schema/loader.h"

/* The type at `node`, and the keys that go with it. */
TERN_MUST_USE tern_status trn_load_type(struct trn_loader *loader,
                                        const struct trn_node *node,
                                        struct trn_column *column);
/* Its limits, once it has its name and its type. */
TERN_MUST_USE tern_status trn_load_limits(struct trn_loader *loader,
                                          const struct trn_node *node,
                                          struct trn_column *column);

#endif
