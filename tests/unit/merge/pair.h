/* The merge and the reference model as one case has them: the rows of one, and the other. */
#ifndef TERN_TEST_MERGE_PAIR_H
#define TERN_TEST_MERGE_PAIR_H

#include "merge/merge.h"
#include "sim/model/model.h"

enum { DOSES = 1, LOGS = 2, ROWS = 3, DEVICES = 3, CHANGES = 3, TXS = 16, CASES = 4000 };
enum { STATUS = 3 };

#define MINUTE_US INT64_C(60000000)
#define START_US INT64_C(1763600000000000)

/* A row as the code under test leaves it; the number of a unit is that of its tx. */
struct row {
    bool exists;
    int64_t deleted_us;
    int64_t numbers[TRN_UNITS_MAX];
    struct trn_stamp stamps[TRN_UNITS_MAX];
    tern_value values[TRN_COLUMNS_MAX];
};

struct aside {
    size_t row;
    size_t unit;
    const char *rule;
    int64_t lost;
    int64_t kept;
};

enum { ASIDES = 512 };

/* One case: the rows that the merge makes, and the model. */
struct pair {
    uint64_t seed;
    uint64_t dice;
    const struct trn_schema *schema;
    struct model *model;
    struct row rows[ROWS];
    struct aside asides[ASIDES];
    size_t aside_count;
    int64_t previous_us[DEVICES];
    int64_t times_us[TXS + 2]; /* stored, by number */
    size_t devices[TXS + 2];
    int64_t number; /* of the last tx applied */
};

/* A transaction of dice. */
struct draft {
    struct model_tx tx;
    struct model_change changes[CHANGES];
    size_t rows[CHANGES];
    size_t device;
    int64_t received_us;
    int64_t sent_us;
};

/* Whether its author has lost what it wrote of it, and sends what is left in the row. */
bool is_left(const struct draft *draft);
/* What the merge makes of a transaction: all changes or none. */
struct model_verdict merge_draft(struct pair *pair, const struct draft *draft);

#endif
