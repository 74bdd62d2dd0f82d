/* What a column references, and its default: once all tables are known. */
#ifndef TRN_SCHEMA_REFERENCE_H
#define TRN_SCHEMA_REFERENCE_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_references(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_defaults(struct trn_loader *loader, struct trn_draft *draft);

#endif
