/*
 * The merge: one change's unit against one row's unit. Pure, and compiled into device and server
 * alike.
 *
 * Order never decides: whichever of two writes arrives first, the same one ends as the value, and
 * whenever a value is set aside that its overwriter had not seen, the result says so.
 */
#ifndef TRN_MERGE_MERGE_H
#define TRN_MERGE_MERGE_H

#include "model/change.h"

/* Why the winner won; the names are stored in audit entries. */
enum trn_merge_rule {
    TRN_RULE_NONE,   /* nothing was set aside */
    TRN_RULE_RANK,   /* recorded before inferred */
    TRN_RULE_LATER,  /* the later time */
    TRN_RULE_DEVICE, /* equal times: the greater device id */
    TRN_RULE_OWN     /* one tx: what it said itself before what is left of it and holds of others */
};

struct trn_merge_unit_input {
    bool current_written; /* false where nothing has written the unit: any change wins */
    struct trn_stamp current;
    struct trn_stamp incoming;
    bool base_is_current; /* the incoming writer had seen the current value */
    bool same_tx; /* the very tx wrote it, under the same number: what is left of a tx and its entry
                     have two */
    bool same_values;
    bool yields; /* the incoming one is an insert of what is left of a transaction, sent apart from
                    it: it may carry what others wrote later, so what that one said itself stays */
};

struct trn_merge_unit_result {
    bool incoming_wins; /* its stamp becomes the unit's, its values too */
    bool audit;         /* a value is set aside that must be kept in an audit entry: the loser's */
    enum trn_merge_rule rule; /* why the winner won, where there is an audit */
};

/* Equal stamps are one tx's own: its later word wins. What a tx writes over what it wrote itself,
 * at a lower rank too, sets nothing aside: it had seen that. */
struct trn_merge_unit_result trn_merge_unit(const struct trn_merge_unit_input *input);

/* "RANK", "LATER", "DEVICE", "OWN"; "" for none. */
const char *trn_merge_rule_name(enum trn_merge_rule rule);

/* What a change meets. Of `existence`, `base_is_current` and `same_values` are worked out here from
 * the members above it. */
struct trn_merge_row_input {
    enum trn_operation operation;
    bool exists; /* a row of that id is there, live or deleted */
    bool deleted;
    bool base_is_current; /* of existence */
    bool append_only;
    bool same_content; /* append-only insert of an id that is there: all columns equal */
    struct trn_merge_unit_input existence;
};

struct trn_merge_row_result {
    tern_status status; /* TERN_OK, or why the whole tx is rejected: _DELETED, _APPEND_ONLY,
                           _NOT_FOUND, _OUTRANKED (an inferred tx deletes nothing) */
    bool create;        /* the row does not exist yet: write it whole */
    bool merge_units;   /* go on unit by unit (an insert that met a row of the same derived id, an
                           update) */
    struct trn_merge_unit_result existence; /* what happens to deleted_at */
};

/* Decides what an operation does to the row as such, before its units are merged. */
struct trn_merge_row_result trn_merge_row(const struct trn_merge_row_input *input);

#endif
