/* Whether one version of a schema only adds to another. */
#ifndef TRN_SCHEMA_COMPARE_H
#define TRN_SCHEMA_COMPARE_H

#include "schema/schema.h"

/* TERN_OK, TERN_ERR_SCHEMA_OLDER or TERN_ERR_SCHEMA_INCOMPATIBLE with the place and the reason. */
TERN_MUST_USE tern_status trn_schema_compare(const struct trn_schema *from,
                                             const struct trn_schema *to,
                                             tern_error *error);

/* The server-only table of that name, or NULL. */
const struct trn_table *trn_schema_server_table(const struct trn_schema *schema, const char *name);
/* NULL if there is none of that name. */
const struct trn_enum *trn_schema_enum(const struct trn_schema *schema, const char *name);

#endif
