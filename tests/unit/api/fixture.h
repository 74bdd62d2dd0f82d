/* A replica of Das Tern for the tests of the public interface, with clocks that the test sets. */
#ifndef TERN_TEST_API_FIXTURE_H
#define TERN_TEST_API_FIXTURE_H

#include "tern/outbox.h"
#include "tern/replica.h"
#include "tern/row.h"
#include "tests/harness/harness.h"

/* One second after each other reading by default. */
struct fixture_clock {
    int64_t wall_us;
    int64_t step_us;
};

extern struct fixture_clock fixture_clock;

/* Name of a VFS that writes as the default one does, but syncs nothing, and whose disk is full once
 * `fixture_disk_left` bytes more are written; negative: never. */
const char *fixture_vfs(void);
extern int64_t fixture_disk_left;

/* A document of two tables, users and doses, for tests that would else take long; borrowed. */
const char *fixture_small_document(void);

/* The document of Das Tern; borrowed. */
const char *fixture_document(size_t *ret_size);
/* Ports of the test's clock and of a random stream that is the same in every run. */
const tern_ports *fixture_ports(void);
tern_replica_options fixture_options(void);
tern_id fixture_id(unsigned number);

/* "replica.db" in a new folder; borrowed. */
const char *fixture_path(void);
tern_replica *fixture_open(const char *path);

/* Runs SQL by a statement of the writer: the status. Rows are stepped over. */
tern_status fixture_sql(tern_replica *replica, const char *sql, tern_error *error);
/* Fails the test unless the SQL runs. */
void fixture_run(tern_replica *replica, const char *sql);
/* The one integer that the SQL gives, by the writer. */
int64_t fixture_number(tern_replica *replica, const char *sql);
/* Begins, or fails the test. */
tern_tx *fixture_begin(tern_replica *replica, bool inferred);

/* A user, a prescription and a medication with the ids 1, 2 and 3, and `doses` dose events. */
void fixture_patient(tern_replica *replica, unsigned doses);
/* Cells of one dose event of that patient; `day` from 0. Static. */
const tern_cell *fixture_dose(unsigned day, size_t *ret_count);
/* Its id. */
tern_id fixture_dose_id(tern_replica *replica, unsigned day);

/* SQL: the highest ordinal committed, in a file whose rows say so in two places. */
#define LAST_ORDINAL                                                                               \
    "SELECT max(last_ordinal, (SELECT coalesce(max(place), 0) FROM tern_outbox)) FROM tern_meta"

/* The lines of an entry, by reading the file with a connection of the test's own; borrowed until
 * the next call. Ordinal 0: the newest. */
const char *fixture_entry(const char *path, int64_t ordinal);
/* SQLite's result code of SQL run by a connection of the test's own. */
int fixture_outside(const char *path, const char *sql);
int64_t fixture_outside_number(const char *path, const char *sql);

#endif
