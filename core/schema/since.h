/* The order of versions in which things came. */
#ifndef TRN_SCHEMA_SINCE_H
#define TRN_SCHEMA_SINCE_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_since(struct trn_loader *loader, struct trn_draft *draft);

#endif
