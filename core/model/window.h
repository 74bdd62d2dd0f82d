/*
 * The window of a table: which of its rows a replica holds for their age. Pure.
 *
 * A floor is a time in microseconds: rows whose window column lies before it have left. A row
 * without a value there never leaves. A date lasts until its day has ended everywhere on earth, at
 * noon UTC of the day after.
 */
#ifndef TRN_MODEL_WINDOW_H
#define TRN_MODEL_WINDOW_H

#include "model/schema.h"

#define TRN_DAY_US (INT64_C(24) * 3600 * 1000000)

/* Room for the text of a date, and its NUL. */
enum { TRN_DATE_BYTES = 11 };

/* Whether rows of the table leave a replica for their age. */
bool trn_window_is_declared(const struct trn_table *table);
/* Whether some row of a replica may reference rows of the table by a foreign key that the replica
 * enforces. */
bool trn_window_is_referenced(const struct trn_schema *schema, const struct trn_table *table);

/* The floor of a window of so many days at this time. */
int64_t trn_window_floor(int64_t now_us, uint32_t days);
/* The least value that a column of this type may hold for its row to stay, borrowed from `room` if
 * it is a text. */
tern_value trn_window_bound(enum trn_type type, int64_t floor_us, char room[TRN_DATE_BYTES]);
/* Whether a row with this value in its window column stays. */
bool trn_window_covers(enum trn_type type, int64_t floor_us, const tern_value *value);

#endif
