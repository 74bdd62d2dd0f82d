/* Rows of dose_events, as one patient on eight medications would have them. */
#ifndef CHOICES_DOSE_H
#define CHOICES_DOSE_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "tests/bench/choices/buffer.h"

enum {
    DOSE_ID_BYTES = 16,
    DOSE_COLUMNS = 16,       /* that an application binds, id first */
    DOSE_IDS = 4,            /* of them are ids */
    DOSE_OUTCOME_FIRST = 10, /* the first column of the outcome unit: status */
    DOSE_OUTCOME_COUNT = 5
};

/* KEY_V7_BURST: within one burst of 1,000 the next id is the previous one plus a random 1..65536.
 */
enum key_kind { KEY_V7, KEY_V7_BURST, KEY_V4, KEY_DERIVED };

struct dose {
    unsigned char id[DOSE_ID_BYTES];
    unsigned char prescription_id[DOSE_ID_BYTES];
    unsigned char medication_id[DOSE_ID_BYTES];
    unsigned char patient_id[DOSE_ID_BYTES];
    int64_t scheduled_time;
    char local_date[12];
    const char *slot;
    const char *time_period;
    char reminder_time[8];
    int64_t grace_minutes;
    const char *status;
    int64_t taken_at; /* 0: NULL */
    const char *skip_reason;
    int64_t was_offline;
    const char *flags;
    int64_t created_at;
};

extern const char *const DOSE_INSERT;
extern const char *const DOSE_UPDATE; /* of status, by id */
extern const char *const DOSE_INDEXES;

uint64_t bench_random(uint64_t *state);
/* Freed by free(). */
struct dose *doses_make(size_t count, enum key_kind kind, uint64_t seed);
/* CREATE TABLE, `updated_at` and `version` being what follows those columns' names; sqlite3_free.
 */
char *dose_ddl(const char *updated_at, const char *version);
void dose_bind(sqlite3_stmt *stmt, const struct dose *dose);
/* One NDJSON line. */
void dose_encode(struct buffer *buffer, const struct dose *dose);

#endif
