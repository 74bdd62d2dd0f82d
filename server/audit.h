/* Values that lost, kept as rows of the audit. */
#ifndef TRN_SERVER_AUDIT_H
#define TRN_SERVER_AUDIT_H

#include "server/push_state.h"

/* One side of a conflict. */
struct trn_audit_side {
    const tern_value *values; /* by column */
    int64_t deleted_at_us;    /* of existence */
    int64_t number;           /* 0: none */
    tern_id tx;               /* nil: unknown */
    int64_t time_us;
    tern_id device;
    bool absent; /* there was no such value */
};

struct trn_audit {
    const struct trn_table *table;
    tern_id id;
    size_t unit;
    const char *rule;
    const struct trn_row_scopes *scopes;
    struct trn_audit_side lost;
    struct trn_audit_side kept;
};

/* Writes one audit row into each of the scopes. */
tern_status
trn_audit_write(struct trn_push *push, const struct trn_audit *audit, tern_error *error);

#endif
