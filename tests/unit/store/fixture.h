/* A small replica for the store's tests: people, their doses with a natural key, and the audit. */
#ifndef TERN_TEST_STORE_FIXTURE_H
#define TERN_TEST_STORE_FIXTURE_H

#include "store/capture.h"
#include "store/statement.h"
#include "store/store.h"
#include "tests/harness/harness.h"

enum { PEOPLE, DOSES, AUDIT, TABLES };
enum { PERSON_CREATED_AT, PERSON_NAME, PERSON_EMAIL, PERSON_THEME, PERSON_COLUMNS };
enum { PERSON_UNIT_PROFILE = 1, PERSON_UNIT_SETTINGS, PERSON_UNITS };
enum { DOSE_CREATED_AT, DOSE_PERSON_ID, DOSE_SLOT, DOSE_AMOUNT, DOSE_STATUS, DOSE_COLUMNS };
enum { DOSE_UNIT_SCHEDULE = 1, DOSE_UNIT_OUTCOME, DOSE_UNITS };

const struct trn_schema *fixture_schema(void);
/* The DDL of the replica, as core/schema would write it. */
const char *fixture_ddl(void);

/* Opens, creating and migrating, and fails the test where that fails. */
struct trn_store *fixture_open(const char *path);
/* As fixture_open, with failures for the caller. */
tern_status fixture_try(const char *path, struct trn_store **ret_store, tern_error *error);

tern_id fixture_id(unsigned number);
/* A person of that number, live, written by `key`. Borrowed static texts. */
struct trn_row fixture_person(unsigned number, int64_t key);
struct trn_row fixture_dose(unsigned number, const tern_id *person, int64_t key);

/* The one integer that the SQL gives, asked through a connection of the test's own. */
int64_t fixture_number(const char *path, const char *sql);
/* Runs SQL through a connection of the test's own: SQLite's result code. */
int fixture_outside(const char *path, const char *sql);

#endif
