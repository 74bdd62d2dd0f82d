/* The database file: created, upgraded, refused, and what a snapshot sees. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "tests/unit/schema/documents.h"
#include "tests/unit/server/lab.h"

/* Das Tern with pieces of its text replaced: pairs of from and to, ended by NULL. */
static struct trn_schema *altered(const char *const *pairs)
{
    char *text = documents_read("schemas/dastern.json");
    struct trn_schema *schema;

    for (; pairs[0] != NULL; pairs += 2) {
        char *at = strstr(text, pairs[0]);
        struct trn_bytes next = {0};

        CHECK(at != NULL);
        CHECK(trn_bytes_append(&next, text, (size_t)(at - text)) == TERN_OK);
        CHECK(trn_bytes_append_text(&next, pairs[1]) == TERN_OK);
        CHECK(trn_bytes_append_text(&next, at + strlen(pairs[0])) == TERN_OK);
        free(text);
        text = strdup(trn_bytes_text(&next));
        trn_bytes_free(&next);
    }
    schema = documents_load(text);
    free(text);
    return schema;
}

static struct trn_schema *second_version(bool requires_it)
{
    const char *const pairs[] = {
        "\"version\": 1,",
        "\"version\": 2,",
        "\"minimum_version\": 1",
        requires_it ? "\"minimum_version\": 2" : "\"minimum_version\": 1",
        "{\"name\": \"flags\", \"type\": \"text\", \"length\": 100, \"nullable\": true}",
        "{\"name\": \"flags\", \"type\": \"text\", \"length\": 100, \"nullable\": true},"
        "{\"name\": \"snack\", \"type\": \"text\", \"nullable\": true, \"since\": 2}",
        "\"values\": [\"DUE\", \"MISSED\"]}\n        }",
        "\"values\": [\"DUE\", \"MISSED\"]}\n        }, {\"name\": \"later\", \"columns\": "
        "[\"snack\"]}",
        NULL};

    return altered(pairs);
}

/* Opens the file with the schema; the status, the database closed again. */
static tern_status open_status(const char *path, const struct trn_schema *schema)
{
    const struct trn_db_sqlite_options options = {.path = path, .unsafe_fast = true};
    struct trn_db *db = NULL;
    tern_error error = {.status = TERN_OK};
    tern_status status = trn_db_sqlite_open(&options, schema, &db, &error);

    if (status == TERN_OK) {
        db->ops->close(db);
    } else {
        CHECK(db == NULL && error.message[0] != '\0');
    }
    return status;
}

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(file != NULL && fwrite(text, 1, size, file) == size && fclose(file) == 0);
}

TEST(foreign_and_damaged_files_are_refused_and_left_alone)
{
    struct trn_schema *schema = documents_dastern();
    const char *path = trn_test_path(trn_test_folder(), "foreign.db");
    char noise[8192];
    sqlite3 *db = NULL;

    memset(noise, 'x', sizeof(noise));
    write_file(path, noise, sizeof(noise));
    CHECK_INT(open_status(path, schema), TERN_ERR_NOT_A_REPLICA);
    CHECK(remove(path) == 0);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, "CREATE TABLE theirs(x)", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
    CHECK_INT(open_status(path, schema), TERN_ERR_NOT_A_REPLICA);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK_INT(documents_number(db, "SELECT count(*) FROM sqlite_schema"), 1);
    sqlite3_close(db);
    CHECK_INT(open_status("/nonexistent/folder/server.db", schema), TERN_ERR_IO);
    trn_schema_free(schema);
}

TEST(a_newer_document_upgrades_the_file_and_an_older_one_is_refused)
{
    struct trn_schema *first = documents_dastern();
    struct trn_schema *second = second_version(false);
    const char *path = trn_test_path(trn_test_folder(), "server.db");
    sqlite3 *db = NULL;

    CHECK_INT(open_status(path, first), TERN_OK);
    CHECK_INT(open_status(path, first), TERN_OK);
    CHECK_INT(open_status(path, second), TERN_OK);
    CHECK_INT(open_status(path, first), TERN_ERR_SCHEMA_OLDER);
    CHECK_INT(open_status(path, second), TERN_OK);
    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK_INT(documents_number(db,
                               "SELECT count(*) FROM pragma_table_info("
                               "'dose_events') WHERE name = 'snack'"),
              1);
    sqlite3_close(db);
    trn_schema_free(first);
    trn_schema_free(second);
}

TEST(another_system_s_document_is_refused)
{
    struct trn_schema *first = documents_dastern();
    struct trn_schema *notes = documents_notes("", "");
    const char *path = trn_test_path(trn_test_folder(), "server.db");

    CHECK_INT(open_status(path, first), TERN_OK);
    CHECK(open_status(path, notes) != TERN_OK);
    CHECK_INT(open_status(path, first), TERN_OK);
    trn_schema_free(first);
    trn_schema_free(notes);
}

static struct trn_schema *with_a_table_more(void)
{
    const char *const pairs[] = {
        "\"version\": 1,",
        "\"version\": 2,",
        "\n  ],\n  \"grants\"",
        ",\n{\"name\": \"visits\", \"since\": 2, \"columns\": [{\"name\": \"patient_id\", "
        "\"type\": "
        "\"uuid\", \"references\": {\"table\": \"users\", \"may_leave_scope\": true}}, {\"name\": "
        "\"day\", \"type\": \"date\"}, {\"name\": \"note\", \"type\": \"text\", \"nullable\": "
        "true}], "
        "\"natural_key\": [\"patient_id\", \"day\"], \"write\": \"insert_only\", \"scopes\": "
        "[\"patient_id\"]}\n  ],\n  \"grants\"",
        NULL};

    return altered(pairs);
}

/* A patient's two phones that did not know of each other's word on a dose, one transaction each. */
static void quarrel(struct phone *phone, struct phone *other)
{
    tern_id dose;

    phone_insert_user(phone, "PATIENT");
    phone_insert_prescription(phone, lab_id('p', 1), phone->auth.user, "One");
    phone_insert_medication(phone, lab_id('m', 1), lab_id('p', 1));
    dose = phone_insert_dose(phone, lab_id('p', 1), lab_id('m', 1));
    phone_push(phone);
    phone_update_dose(phone, dose, 0, "SKIPPED", TRN_ENTRY_RECORDED);
    phone_push(phone);
    phone_update_dose(other, dose, 0, "TAKEN_LATE", TRN_ENTRY_RECORDED);
    phone_push(other);
    phone_update_dose(phone, dose, 0, "MISSED", TRN_ENTRY_RECORDED);
    phone_push(phone);
}

/* All that is left to send to the phone, of one table. */
static size_t rest_of(struct phone *phone, const char *table)
{
    struct reply reply = {.more = true};
    size_t count = 0;

    while (reply.more) {
        phone_sync(phone, 1, &reply);
        count += reply_count(&reply, table);
        reply_free(&reply);
    }
    return count;
}

TEST(a_table_more_leaves_the_audit_where_devices_find_it)
{
    struct trn_schema *old = documents_dastern();
    struct lab lab;
    struct phone phones[5];
    struct reply reply;
    int64_t audits;

    lab_open(&lab);
    for (unsigned number = 0; number < 5; number++) {
        phone_open(&phones[number], &lab, 1, 1 + number);
    }
    quarrel(&phones[0], &phones[1]);
    audits = lab_number(&lab, "SELECT count(*) FROM sync_audit");
    CHECK(audits >= 2);
    for (unsigned page = 0; page < 5; page++) {
        phone_sync(&phones[4], 1, &reply); /* the page ends among the rows of the last numbers */
        reply_free(&reply);
    }
    CHECK(reply.more);
    lab_upgrade(&lab, with_a_table_more());
    CHECK_INT(
        lab_number(&lab, "SELECT count(*) FROM tern_log JOIN sync_audit USING(id) WHERE tab = 14"),
        audits);
    CHECK_INT((int64_t)rest_of(&phones[2], "sync_audit"), audits);
    lab.spoken = old;
    CHECK_INT((int64_t)rest_of(&phones[3], "sync_audit"), audits);
    CHECK(rest_of(&phones[4], "sync_audit") > 0);
    for (unsigned number = 0; number < 5; number++) {
        phone_close(&phones[number]);
    }
    lab_close(&lab);
    trn_schema_free(old);
}

static void visit(struct phone *phone, const char *note)
{
    struct trn_change change = lab_change(phone->lab, TRN_OP_INSERT, "visits", lab_id('?', 0));
    bool derived = false;

    lab_set(&change, "patient_id", tern_value_id(&phone->auth.user));
    lab_set(&change, "day", tern_value_text("2026-01-02"));
    lab_set(&change, "note", tern_value_text(note));
    CHECK(trn_natural_id(change.table, change.values, &derived, &change.id, NULL) == TERN_OK);
    phone_begin(phone, TRN_ENTRY_RECORDED);
    phone_change(phone, &change);
    phone_commit(phone);
}

TEST(where_rows_are_only_inserted_a_second_insert_alters_none)
{
    struct lab lab;
    struct phone phone;
    struct phone other;
    struct reply reply;

    lab_open(&lab);
    lab_upgrade(&lab, with_a_table_more());
    phone_open(&phone, &lab, 1, 1);
    phone_open(&other, &lab, 1, 2);
    phone_insert_user(&phone, "PATIENT");
    visit(&phone, "first");
    phone_push(&phone);
    visit(&other, "second");
    phone_sync(&other, 0, &reply);
    CHECK_INT(reply.verdicts[0].code, TERN_ERR_FORBIDDEN);
    CHECK_TEXT(lab_text(&lab, "SELECT note FROM visits"), "first");
    reply_free(&reply);
    phone_close(&phone);
    phone_close(&other);
    lab_close(&lab);
}

TEST(a_device_of_an_older_version_goes_on_pushing_and_pulling)
{
    struct trn_schema *old = documents_dastern();
    struct lab lab;
    struct phone phone;
    struct phone second;
    struct reply reply;

    lab_open(&lab);
    lab_upgrade(&lab, second_version(false));
    phone_open(&phone, &lab, 1, 1);
    phone_open(&second, &lab, 1, 2);
    lab.spoken = old;
    phone_insert_user(&phone, "PATIENT");
    phone_insert_prescription(&phone, lab_id('p', 1), phone.auth.user, "One");
    phone_insert_medication(&phone, lab_id('m', 1), lab_id('p', 1));
    (void)phone_insert_dose(&phone, lab_id('p', 1), lab_id('m', 1));
    phone_push(&phone);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM dose_events WHERE snack IS NULL"), 1);
    phone_sync(&second, 100, &reply);
    CHECK_INT(reply_count(&reply, "dose_events"), 1);
    reply_free(&reply);
    phone_close(&phone);
    phone_close(&second);
    lab_close(&lab);
    trn_schema_free(old);
}

TEST(a_device_below_the_minimum_is_told_to_upgrade_and_its_push_is_taken)
{
    struct trn_schema *old = documents_dastern();
    struct lab lab;
    struct phone phone;
    struct trn_bytes body = {0};
    struct reply reply;

    lab_open(&lab);
    lab_upgrade(&lab, second_version(true));
    phone_open(&phone, &lab, 1, 1);
    lab.spoken = old;
    phone_insert_user(&phone, "PATIENT");
    phone_request(&phone, 100, &body);
    phone_send(&phone, trn_bytes_slice(&body), &reply);
    CHECK_INT(reply.call.status, 426);
    CHECK_INT(reply.call.code, TERN_ERR_UPGRADE_REQUIRED);
    CHECK(strstr(trn_bytes_text(&reply.call.answer), "\"verdicts\":[") != NULL);
    CHECK(strstr(trn_bytes_text(&reply.call.answer), "applied") != NULL);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM users"), 1);
    reply_free(&reply);
    trn_bytes_free(&body);
    phone_close(&phone);
    lab_close(&lab);
    trn_schema_free(old);
}

TEST(a_snapshot_sees_one_committed_state_however_long_it_lives)
{
    struct lab lab;
    struct phone phone;
    struct trn_db_view *view = NULL;
    struct trn_db_place from = {.table = TRN_NO_TABLE};
    struct trn_db_place places[8];
    size_t count = 99;
    int64_t last = 0;

    lab_open(&lab);
    phone_open(&phone, &lab, 1, 1);
    phone_insert_user(&phone, "PATIENT");
    phone_push(&phone);
    CHECK(lab.db->ops->snapshot_open(lab.db, &view, NULL) == TERN_OK);
    phone_insert_prescription(&phone, lab_id('p', 1), phone.auth.user, "One");
    phone_push(&phone);
    CHECK(lab.db->ops->last_number(view, &last, NULL) == TERN_OK);
    CHECK_INT(last, 1);
    CHECK(lab.db->ops->log_read(view, &phone.auth.user, &from, places, 8, &count, NULL) == TERN_OK);
    CHECK_INT(count, 1);
    lab.db->ops->snapshot_close(lab.db, view);
    CHECK(lab.db->ops->snapshot_open(lab.db, &view, NULL) == TERN_OK);
    CHECK(lab.db->ops->last_number(view, &last, NULL) == TERN_OK);
    CHECK_INT(last, 2);
    lab.db->ops->snapshot_close(lab.db, view);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(the_log_names_each_row_once_at_its_highest_number)
{
    struct lab lab;
    struct phone phone;
    struct trn_change change;

    lab_open(&lab);
    phone_open(&phone, &lab, 1, 1);
    phone_insert_user(&phone, "PATIENT");
    phone_insert_prescription(&phone, lab_id('p', 1), phone.auth.user, "One");
    phone_push(&phone);
    for (int64_t round = 0; round < 5; round++) {
        change = lab_change(&lab, TRN_OP_UPDATE, "prescriptions", lab_id('p', 1));
        change.base = -(int64_t)phone.ordinal;
        lab_set(&change, "status", tern_value_text(round % 2 == 0 ? "PAUSED" : "ACTIVE"));
        phone_begin(&phone, TRN_ENTRY_RECORDED);
        phone_change(&phone, &change);
        phone_commit(&phone);
        phone_push(&phone);
    }
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM tern_log"), 2);
    CHECK_INT(lab_number(&lab, "SELECT max(number) FROM tern_log"), 7);
    CHECK_INT(lab_number(&lab, "SELECT count(*) FROM sync_audit"), 0);
    phone_close(&phone);
    lab_close(&lab);
}

TEST(a_group_is_taken_back_with_no_memory_left)
{
    tern_error error = {.status = TERN_OK};
    struct lab lab;

    lab_open(&lab);
    FOR_EACH_ALLOC_FAILURE (nth) {
        harness_fault_suspend();
        CHECK_INT(lab.db->ops->begin(lab.db, &error), TERN_OK);
        harness_fault_resume();
        lab.db->ops->rollback(lab.db);
    }
    CHECK_INT(lab.db->ops->begin(lab.db, &error), TERN_OK);
    lab.db->ops->rollback(lab.db);
    lab_close(&lab);
}
