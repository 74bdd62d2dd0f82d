/* The columns of a table: names, types and limits. */
#ifndef TRN_SCHEMA_COLUMN_H
#define TRN_SCHEMA_COLUMN_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_columns(struct trn_loader *loader, struct trn_draft *draft);

#endif
