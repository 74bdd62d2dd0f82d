/* Indexes, declared queries and windows. */
#ifndef TRN_SCHEMA_INDEX_H
#define TRN_SCHEMA_INDEX_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_indexes(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_queries(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_window(struct trn_loader *loader, struct trn_draft *draft);

#endif
