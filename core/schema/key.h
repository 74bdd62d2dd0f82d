/* Natural keys, and the paths to the scopes of a row. */
#ifndef TRN_SCHEMA_KEY_H
#define TRN_SCHEMA_KEY_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_natural_key(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_scopes(struct trn_loader *loader, struct trn_draft *draft);

#endif
