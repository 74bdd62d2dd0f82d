/* The authorizer: it lets a statement of the app's be compiled, or not, and notes what it does. */
#ifndef TRN_STORE_GUARD_H
#define TRN_STORE_GUARD_H

#include "store/state.h"

/* Puts the authorizer up. */
tern_status trn_guard_install(sqlite3 *db, struct trn_guard *guard, tern_error *error);
/* Whether the text of a CREATE or ALTER TABLE references a synced table or one of the library's, or
 * takes its name. A foreign key would hold up rows that a sync takes out, or go with those that it
 * only lifts for a moment. */
bool trn_guard_ties(const struct trn_guard *guard, struct trn_slice sql);

#endif
