/* Merge units, and the checks of a table. */
#ifndef TRN_SCHEMA_UNIT_H
#define TRN_SCHEMA_UNIT_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_units(struct trn_loader *loader, struct trn_draft *draft);
TERN_MUST_USE tern_status trn_load_checks(struct trn_loader *loader, struct trn_draft *draft);

#endif
