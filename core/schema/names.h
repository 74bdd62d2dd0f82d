/* No two tables, enum types and indexes of one name. */
#ifndef TRN_SCHEMA_NAMES_H
#define TRN_SCHEMA_NAMES_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_names(struct trn_loader *loader);

#endif
