/*
 * Whatever a transaction does, its entry and its undo image tell all of it: the image laid over the
 * rows gives exactly the rows before, hidden columns included, and the entry's lines laid over
 * those give the values after.
 *
 * Transactions are made up by dice from a fixed seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "base/memory.h"
#include "engine/undo.h"
#include "tests/unit/api/fixture.h"
#include "wire/entry.h"

enum { ROUNDS = 400, USERS = 6, DOSES = 4 };

static uint32_t dice_state;

static unsigned dice(unsigned sides)
{
    dice_state = dice_state * 1664525u + 1013904223u;
    return (dice_state >> 8) % sides;
}

static tern_replica *replica;

/* ---- Dumps ---- */

static void append(struct trn_bytes *bytes, const char *text)
{
    assert_int_equal(trn_bytes_append_text(bytes, text), TERN_OK);
}

/* One text of a table's rows; with the hidden columns, or with what the app sees. */
static void dump_table(struct trn_bytes *out, const struct trn_table *table, bool hidden)
{
    struct trn_bytes sql = {0};
    tern_statement *statement = NULL;
    bool row = true;

    append(&sql, "SELECT quote(id)");
    for (size_t i = 0; i < table->column_count; i++) {
        append(&sql, " || '|' || quote(\"");
        append(&sql, table->columns[i].name);
        append(&sql, "\")");
    }
    append(&sql, " || '|' || quote(deleted_at)");
    append(&sql, hidden ? " || '|' || quote(updated_at) || quote(tern_v) FROM " : " FROM ");
    append(&sql, table->name);
    append(&sql, " ORDER BY id");
    assert_int_equal(
        tern_statement_prepare(replica, trn_bytes_text(&sql), sql.size, &statement, NULL),
        TERN_OK);
    for (;;) {
        tern_value value;

        assert_int_equal(tern_statement_step(statement, &row, NULL), TERN_OK);
        if (!row) {
            break;
        }
        value = tern_statement_value(statement, 0);
        assert_int_equal(trn_bytes_append(out, value.data, value.size), TERN_OK);
        append(out, "\n");
    }
    tern_statement_free(statement);
    trn_bytes_free(&sql);
}

static struct trn_bytes dump(bool hidden)
{
    struct trn_bytes out = {0};

    dump_table(&out, trn_schema_table(replica->schema, "users"), hidden);
    dump_table(&out, trn_schema_table(replica->schema, "dose_events"), hidden);
    return out;
}

/* ---- Dice ---- */

static const char *blob(unsigned number)
{
    static char text[4][48];
    static unsigned next;
    char *at = text[next++ % 4];
    tern_id id = fixture_id(number);

    (void)strcpy(at, "x'");
    for (size_t i = 0; i < sizeof(id.bytes); i++) {
        (void)sprintf(at + 2 + 2 * i, "%02X", id.bytes[i]);
    }
    (void)strcat(at, "'");
    return at;
}

/* Any of these may fail or match nothing; that is part of the game. */
static void write_sql(char *sql, size_t size)
{
    static const char *const states[] = {"DUE", "MISSED", "TAKEN_LATE", "SKIPPED"};
    const char *user = blob(100 + dice(USERS));
    unsigned number = dice(5);
    const char *state = states[dice(4)];

    switch (dice(13)) {
    case 0:
    case 1:
        (void)snprintf(sql,
                       size,
                       "INSERT INTO users(id, role, first_name) VALUES(%s, 'DOCTOR', 'n%u')",
                       user,
                       number);
        return;
    case 2:
        (void)snprintf(sql,
                       size,
                       "UPDATE users SET first_name = 'n%u', theme = '%s' WHERE id = %s",
                       number,
                       number % 2 != 0 ? "DARK" : "LIGHT",
                       user);
        return;
    case 3:
        (void)
            snprintf(sql, size, "UPDATE users SET theme = 'DARK' WHERE first_name = 'n%u'", number);
        return;
    case 4:
        (void)snprintf(sql,
                       size,
                       "UPDATE users SET email = lower(hex(id)) || '%u@example.org' WHERE "
                       "first_name >= 'n%u'",
                       number,
                       number);
        return;
    case 5:
        (void)snprintf(sql, size, "DELETE FROM users WHERE id = %s", user);
        return;
    case 6:
        (void)snprintf(sql,
                       size,
                       "UPDATE users SET deleted_at = NULL WHERE id IN (%s, %s)",
                       user,
                       blob(100 + number));
        return;
    case 7:
        (void)snprintf(sql,
                       size,
                       "UPDATE users SET updated_at = 1, tern_v = 2, gender = %s",
                       number > 2 ? "'MALE'" : "gender");
        return;
    case 8:
        (void)snprintf(sql,
                       size,
                       "INSERT INTO users(id, role) VALUES(%s, 'DOCTOR'), (%s, 'PATIENT') ON "
                       "CONFLICT(id) DO UPDATE SET last_name = 'u%u', role = excluded.role",
                       user,
                       blob(100 + number),
                       number);
        return;
    case 9:
        (void)snprintf(sql,
                       size,
                       "UPDATE users SET grace_period_minutes = grace_period_minutes + %u",
                       7 * number);
        return;
    case 10:
        (void)snprintf(
            sql,
            size,
            "INSERT INTO dose_events(id, prescription_id, medication_id, patient_id, "
            "scheduled_time, local_date, slot, time_period, grace_minutes, status) SELECT "
            "tern_key('dose_events', m.id, '2025-01-0%u', 'NIGHT'), prescription_id, m.id, %s, 5, "
            "'2025-01-0%u', 'NIGHT', 'NIGHT', 30, '%s' FROM medications m",
            1 + number % DOSES,
            blob(1),
            1 + number % DOSES,
            state);
        return;
    case 11:
        (void)snprintf(sql,
                       size,
                       "UPDATE dose_events SET status = '%s', flags = 'f%u'",
                       state,
                       number);
        return;
    default:
        (void)snprintf(sql,
                       size,
                       "UPDATE dose_events SET status = '%s', grace_minutes = %u WHERE local_date "
                       "<= '2025-01-0%u'",
                       state,
                       20 + number,
                       number);
        return;
    }
}

static void undo_a_dose(tern_tx *tx)
{
    const tern_cell cells[] = {{"status", tern_value_text("DUE")}, {"taken_at", tern_value_null()}};
    tern_statement *statement = NULL;
    const char *sql = "SELECT id FROM dose_events ORDER BY local_date LIMIT 1";
    bool row = false;
    tern_id id;

    assert_int_equal(tern_statement_prepare(replica, sql, strlen(sql), &statement, NULL), TERN_OK);
    assert_int_equal(tern_statement_step(statement, &row, NULL), TERN_OK);
    if (row) {
        tern_status status;

        memcpy(id.bytes, tern_statement_value(statement, 0).data, sizeof(id.bytes));
        status = tern_row_undo(tx, "dose_events", &id, cells, 2, NULL);
        (void)status;
    }
    tern_statement_free(statement);
}

/* True if it was committed with an entry. */
static bool play(void)
{
    int64_t before = fixture_number(replica, LAST_ORDINAL);
    tern_tx *tx = fixture_begin(replica, dice(4) == 0);

    for (unsigned i = 1 + dice(9); i > 0; i--) {
        char sql[768];
        tern_status status;

        if (dice(12) == 0) {
            undo_a_dose(tx);
            continue;
        }
        write_sql(sql, sizeof(sql));
        status = fixture_sql(replica, sql, NULL);
        CHECK(status != TERN_ERR_INTERNAL && status != TERN_ERR_CORRUPT);
    }
    if (dice(10) == 0) {
        tern_tx_rollback(tx);
        return false;
    }
    return tern_tx_commit(tx, NULL, NULL) == TERN_OK &&
           fixture_number(replica, LAST_ORDINAL) == before + 1;
}

/* ---- The proof ---- */

static void lay_back(const struct trn_undo_record *record)
{
    struct trn_row row;
    bool found = false;

    if (record->absent) {
        CHECK_INT(trn_store_row_erase(replica->store, record->table, &record->id, NULL), TERN_OK);
        return;
    }
    CHECK_INT(trn_store_row_read(replica->store, record->table, &record->id, &found, &row, NULL),
              TERN_OK);
    CHECK(found);
    for (size_t u = 1; u < record->table->unit_count; u++) {
        const struct trn_unit *unit = &record->table->units[u];

        for (size_t i = 0; (record->units >> u & 1) != 0 && i < unit->column_count; i++) {
            row.values[unit->columns[i]] = record->values[unit->columns[i]];
        }
    }
    row.deleted_at_us = record->deleted_at_us;
    row.updated_at_us = record->updated_at_us;
    row.version = record->version;
    CHECK_INT(trn_store_row_write(replica->store, record->table, &row, NULL), TERN_OK);
}

static void lay_all_back(struct trn_slice image)
{
    struct trn_undo_reader reader;
    struct trn_undo_record record;
    bool any = true;

    trn_undo_reader_open(&reader, replica->schema, image);
    for (;;) {
        CHECK_INT(trn_undo_next(&reader, &any, &record, NULL), TERN_OK);
        if (!any) {
            break;
        }
        lay_back(&record);
    }
}

static void lay_change(const struct trn_change *change, int64_t time_us)
{
    struct trn_row row = {.id = change->id, .updated_at_us = 1};
    bool found = false;

    if (change->operation == TRN_OP_INSERT) {
        memcpy(row.values, change->values, sizeof(row.values));
        CHECK_INT(trn_store_row_write(replica->store, change->table, &row, NULL), TERN_OK);
        return;
    }
    CHECK_INT(trn_store_row_read(replica->store, change->table, &change->id, &found, &row, NULL),
              TERN_OK);
    CHECK(found);
    for (size_t i = 0; i < change->table->units[change->unit].column_count; i++) {
        uint16_t column = change->table->units[change->unit].columns[i];

        row.values[column] = change->values[column];
    }
    if (change->operation == TRN_OP_DELETE) {
        row.deleted_at_us = time_us;
    } else if (change->operation == TRN_OP_UNDELETE) {
        row.deleted_at_us = 0;
    }
    CHECK_INT(trn_store_row_write(replica->store, change->table, &row, NULL), TERN_OK);
}

static void lay_entry(struct trn_slice body)
{
    struct trn_entry_reader reader = {0};
    struct trn_change change;
    bool any = true;

    CHECK_INT(trn_entry_open(&reader, replica->schema, body, NULL), TERN_OK);
    for (;;) {
        CHECK_INT(trn_entry_next(&reader, &any, &change, NULL), TERN_OK);
        if (!any) {
            break;
        }
        lay_change(&change, reader.header.time_us);
    }
    trn_entry_close(&reader);
}

TEST(an_undo_image_gives_the_rows_before_and_the_entry_the_rows_after)
{
    unsigned committed = 0;

    dice_state = 20251121;
    replica = fixture_open(fixture_path());
    fixture_patient(replica, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct trn_bytes before = dump(true);
        struct trn_bytes after;
        struct trn_bytes now;
        struct trn_bytes image = {0};
        struct trn_bytes body = {0};
        struct trn_entry entry = {0};

        if (!play()) {
            now = dump(true);
            assert_string_equal(trn_bytes_text(&now), trn_bytes_text(&before));
            trn_bytes_free(&now);
            trn_bytes_free(&before);
            continue;
        }
        committed++;
        after = dump(false);
        CHECK_INT(trn_outbox_previous(replica->store, INT64_MAX, 1, &entry, NULL), TERN_OK);
        CHECK_INT(trn_outbox_undo(replica->store, entry.ordinal, &image, NULL), TERN_OK);
        CHECK_INT(trn_outbox_body(replica->store, entry.ordinal, &body, NULL), TERN_OK);
        CHECK_INT(trn_store_begin(replica->store, NULL), TERN_OK);
        lay_all_back(trn_bytes_slice(&image));
        now = dump(true);
        assert_string_equal(trn_bytes_text(&now), trn_bytes_text(&before));
        trn_bytes_free(&now);
        lay_entry(trn_bytes_slice(&body));
        now = dump(false);
        assert_string_equal(trn_bytes_text(&now), trn_bytes_text(&after));
        trn_store_rollback(replica->store);
        trn_bytes_free(&now);
        trn_bytes_free(&after);
        trn_bytes_free(&before);
        trn_bytes_free(&image);
        trn_bytes_free(&body);
    }
    CHECK(committed > ROUNDS / 4);
    tern_replica_close(replica);
}
