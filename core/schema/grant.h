/* The table of users, and grants. */
#ifndef TRN_SCHEMA_GRANT_H
#define TRN_SCHEMA_GRANT_H

#include "schema/loader.h"

TERN_MUST_USE tern_status trn_load_users(struct trn_loader *loader);
TERN_MUST_USE tern_status trn_load_grants(struct trn_loader *loader);

#endif
