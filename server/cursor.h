/*
 * Where a device stands: one sealed, opaque text for all the scopes that it is served.
 *
 * Sealed for one user and one device with the server's key, so nobody can make one, and none works
 * for another device. It holds the server's highest number when it was given and a tag of that
 * number's tx: a server that came back from a backup does not know them.
 */
#ifndef TRN_SERVER_CURSOR_H
#define TRN_SERVER_CURSOR_H

#include "server/db.h"

enum { TRN_CURSOR_TAG_BYTES = 2, TRN_CURSOR_SEAL_BYTES = 8, TRN_CURSOR_SCOPES_MAX = 10000 };

struct trn_position {
    tern_id scope;
    int64_t version; /* of the grant, or of a later erasure of some of its rows; 0 for the user's
                        own record without one */
    struct trn_db_place place;
    bool begun; /* false: nothing of it was sent yet */
    bool fresh; /* a whole copy is under way */
    bool partial;
    bool erased; /* the answer that this cursor came with said so */
};

struct trn_cursor {
    bool same_epoch;
    uint8_t epoch[TRN_EPOCH_TAG_BYTES]; /* by which it was opened */
    int64_t high;
    uint8_t tag[TRN_CURSOR_TAG_BYTES]; /* of the tx at `high` */
    struct trn_position own;
    struct trn_position *others; /* in the order of their scopes */
    size_t count;
    size_t capacity;
};

/* The tag of a tx and of when it came: offered again to a restored server it may take the same
 * number and keep its stored time, but it comes later. */
void trn_cursor_tag(const struct trn_db_tx *tx, uint8_t ret_tag[TRN_CURSOR_TAG_BYTES]);

void trn_cursor_free(struct trn_cursor *cursor);
/* Adds the position of a scope that has none, in its place. */
tern_status trn_cursor_add(struct trn_cursor *cursor, const struct trn_position *position);
/* NULL if it has none. */
const struct trn_position *trn_cursor_find(const struct trn_cursor *cursor, const tern_id *scope);

/* Appends the text. `own.scope` is left out of it: it is `user`. */
tern_status trn_cursor_seal(const struct trn_cursor *cursor,
                            const struct trn_db_meta *meta,
                            const tern_id *user,
                            const tern_id *device,
                            struct trn_bytes *text,
                            tern_error *error);

/* Reads a text. TERN_ERR_CURSOR unless this server gave it to this device of this user, in whatever
 * epoch; `ret_cursor` is freed with trn_cursor_free. */
tern_status trn_cursor_open(struct trn_slice text,
                            const struct trn_db_meta *meta,
                            const tern_id *user,
                            const tern_id *device,
                            struct trn_cursor *ret_cursor,
                            tern_error *error);

#endif
