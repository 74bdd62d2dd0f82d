/*
 * Whose records a user may read and write, by the grant rules of the schema document.
 *
 * A grant's version is the number of the transaction that last wrote its conditions: any change of
 * the grant has another version.
 */
#ifndef TRN_SERVER_GRANTS_H
#define TRN_SERVER_GRANTS_H

#include "server/facts.h"

enum { TRN_ROLE_BYTES = 64 };

/* Another user's record that is open to this one. */
struct trn_opened {
    tern_id scope;
    int64_t version;
    const struct trn_grant_holder *holder; /* what its role may write; borrowed from the schema */
};

struct trn_grants {
    struct trn_opened *items; /* in the order of their scopes, each once */
    size_t count;
    size_t capacity;
};

/* Reads all that is open to `user` now; replaces what `grants` held. */
tern_status trn_grants_load(const struct trn_db *db,
                            struct trn_db_view *view,
                            const tern_id *user,
                            struct trn_grants *grants,
                            tern_error *error);
void trn_grants_free(struct trn_grants *grants);

/* The users of a role to whom the record of `subject` is open now, each once and at most `room`. */
tern_status trn_grants_holders(const struct trn_db *db,
                               struct trn_db_view *view,
                               const tern_id *subject,
                               const char *role,
                               tern_id *ret_ids,
                               size_t room,
                               size_t *ret_count,
                               tern_error *error);

/* NULL if the scope is not open. */
const struct trn_opened *trn_grants_find(const struct trn_grants *grants, const tern_id *scope);
bool trn_grants_let_write(const struct trn_opened *opened, const struct trn_table *table);

/* Whether writing rows of the table may change what is open to whom. */
bool trn_grants_depend_on(const struct trn_schema *schema, const struct trn_table *table);

/**
 * Whether `writer` may change the row as it does, NULL before an insert. A record is opened by its
 * owner alone: bringing a row into the state that opens somebody else's is refused, and so is
 * making, in somebody else's name, the offer to do so. Who is offered a record may open it.
 */
tern_status trn_grant_allows(const struct trn_db *db,
                             struct trn_db_view *view,
                             const struct trn_grant *grant,
                             const struct trn_row *before,
                             const struct trn_row *after,
                             const tern_id *writer,
                             bool *ret_allows,
                             tern_error *error);

#endif
