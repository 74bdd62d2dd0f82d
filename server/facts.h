/*
 * What the server looks up again and again within one group or page: which device wrote a number,
 * and which scopes a row lies in.
 *
 * Both never change once true, except that a restored savepoint or a rolled back group unmakes what
 * it had written: forget them all then. Of fixed size; a lookup that falls out is made again.
 */
#ifndef TRN_SERVER_FACTS_H
#define TRN_SERVER_FACTS_H

#include "server/db.h"

enum { TRN_ROW_SCOPES_MAX = 4, TRN_FACT_TXS = 4096, TRN_FACT_ROWS = 4096 };

struct trn_row_scopes {
    tern_id scopes[TRN_ROW_SCOPES_MAX];
    size_t count;
};

struct trn_facts;

/* `view` is what it reads through, borrowed; NULL when memory ran out. */
struct trn_facts *trn_facts_new(const struct trn_db *db, struct trn_db_view *view);
void trn_facts_free(struct trn_facts *facts);
void trn_facts_forget(struct trn_facts *facts);
void trn_facts_set_view(struct trn_facts *facts, struct trn_db_view *view); /* forgets, too */

/* TERN_ERR_CORRUPT where no entry has the number. */
tern_status
trn_facts_tx(struct trn_facts *facts, int64_t number, struct trn_db_tx *ret_tx, tern_error *error);
/* Makes known what is about to be written. */
void trn_facts_put_tx(struct trn_facts *facts, int64_t number, const struct trn_db_tx *tx);

/* The scopes of a stored row. Reads rows. */
tern_status trn_facts_row_scopes(struct trn_facts *facts,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 bool *ret_found,
                                 struct trn_row_scopes *ret_scopes,
                                 tern_error *error);
/* The scopes of a row about to be written, by its columns; a path that leads nowhere (yet) gives
 * none and sets `ret_open`. `values` may not be borrowed from the database. Reads rows. */
tern_status trn_facts_new_scopes(struct trn_facts *facts,
                                 const struct trn_table *table,
                                 const tern_id *id,
                                 const tern_value *values,
                                 bool *ret_open,
                                 struct trn_row_scopes *ret_scopes,
                                 tern_error *error);
/* Makes known the scopes of a row that has just been added. */
void trn_facts_put_row(struct trn_facts *facts,
                       const struct trn_table *table,
                       const tern_id *id,
                       const struct trn_row_scopes *scopes);

bool trn_row_scopes_have(const struct trn_row_scopes *scopes, const tern_id *scope);
bool trn_row_scopes_meet(const struct trn_row_scopes *a, const struct trn_row_scopes *b);

#endif
