/* Makes, binds and encodes rows of dose_events; the same seed gives the same rows. */
#include "tests/bench/choices/dose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/choices/bench.h"

const char *const DOSE_INSERT = "INSERT INTO dose_events(id, prescription_id, medication_id, "
                                "patient_id, scheduled_time, local_date, slot,"
                                " time_period, reminder_time, grace_minutes, status, taken_at, "
                                "skip_reason, was_offline, flags, created_at)"
                                " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
const char *const DOSE_UPDATE = "UPDATE dose_events SET status = ? WHERE id = ?";
const char *const DOSE_INDEXES =
    "CREATE INDEX dose_patient ON dose_events(patient_id);"
    "CREATE INDEX dose_scheduled ON dose_events(scheduled_time);"
    "CREATE INDEX dose_status ON dose_events(status);"
    "CREATE INDEX dose_patient_scheduled ON dose_events(patient_id, scheduled_time);"
    "CREATE INDEX dose_prescription ON dose_events(prescription_id);"
    "CREATE INDEX dose_medication ON dose_events(medication_id);";

uint64_t bench_random(uint64_t *state)
{
    uint64_t word = (*state += 0x9E3779B97F4A7C15u);

    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9u;
    word = (word ^ word >> 27) * 0x94D049BB133111EBu;
    return word ^ word >> 31;
}

static void put_word(unsigned char *bytes, uint64_t word)
{
    int i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(word >> (56 - 8 * i));
    }
}

static void
make_id(unsigned char id[DOSE_ID_BYTES], enum key_kind kind, uint64_t time_ms, uint64_t *state)
{
    put_word(id, bench_random(state));
    put_word(id + 8, bench_random(state));
    if (kind == KEY_V7 || kind == KEY_V7_BURST) {
        put_word(id, time_ms << 16 | (uint64_t)id[6] << 8 | id[7]);
    }
    id[6] = (unsigned char)((id[6] & 15) | (kind == KEY_V4        ? 0x40
                                            : kind == KEY_DERIVED ? 0x50
                                                                  : 0x70));
    id[8] = (unsigned char)((id[8] & 63) | 0x80);
}

/* The next id of a burst is the previous one plus a random 1..65536, as one big-endian number. */
static void step_id(unsigned char id[DOSE_ID_BYTES], const unsigned char *previous, uint64_t *state)
{
    uint64_t carry = (bench_random(state) & 0xFFFF) + 1;
    int i;

    memcpy(id, previous, DOSE_ID_BYTES);
    for (i = DOSE_ID_BYTES - 1; i >= 9 && carry > 0; i--) {
        carry += id[i];
        id[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

struct dose *doses_make(size_t count, enum key_kind kind, uint64_t seed)
{
    static const char *const slots[] = {"MORNING", "DAYTIME", "NIGHT"};
    static const char *const reminders[] = {"07:30", "12:30", "18:30"};
    enum { MEDICATIONS = 8, PRESCRIPTIONS = 3 };
    unsigned char patient[DOSE_ID_BYTES];
    unsigned char medications[MEDICATIONS][DOSE_ID_BYTES];
    unsigned char prescriptions[PRESCRIPTIONS][DOSE_ID_BYTES];
    const int64_t start_us = 1767225600000000; /* 2026-01-01 */
    struct dose *doses = calloc(count, sizeof(*doses));
    uint64_t state = seed;
    size_t i;

    bench_check(doses != NULL, "memory", NULL);
    make_id(patient, KEY_V7, 1767225600000, &state);
    for (i = 0; i < MEDICATIONS; i++) {
        make_id(medications[i], KEY_V7, 1767225600000 + i, &state);
    }
    for (i = 0; i < PRESCRIPTIONS; i++) {
        make_id(prescriptions[i], KEY_V7, 1767225600000 + i, &state);
    }
    for (i = 0; i < count; i++) {
        struct dose *dose = &doses[i];
        size_t medication = i / 3 % MEDICATIONS;
        size_t day = i / (3 * MEDICATIONS);

        if (kind == KEY_V7_BURST && i % 1000 != 0) {
            step_id(dose->id, doses[i - 1].id, &state);
        } else {
            make_id(dose->id, kind, 1767225600000 + i / 50, &state);
        }
        memcpy(dose->patient_id, patient, DOSE_ID_BYTES);
        memcpy(dose->medication_id, medications[medication], DOSE_ID_BYTES);
        memcpy(dose->prescription_id, prescriptions[medication % PRESCRIPTIONS], DOSE_ID_BYTES);
        dose->scheduled_time =
            start_us + (int64_t)day * 86400000000 + (int64_t)(i % 3) * 19800000000;
        snprintf(dose->local_date,
                 sizeof(dose->local_date),
                 "%04u-%02u-%02u",
                 (unsigned)(2026 + day / 336 % 100),
                 (unsigned)(day / 28 % 12 + 1),
                 (unsigned)(day % 28 + 1));
        dose->slot = slots[i % 3];
        dose->time_period = i % 3 == 2 ? "NIGHT" : "DAYTIME";
        memcpy(dose->reminder_time, reminders[i % 3], 6);
        dose->grace_minutes = 30;
        dose->status = "DUE";
        dose->created_at = start_us + (int64_t)(i * 1000);
    }
    return doses;
}

char *dose_ddl(const char *updated_at, const char *version)
{
    char *ddl = sqlite3_mprintf(
        "CREATE TABLE dose_events("
        " id BLOB NOT NULL PRIMARY KEY CHECK(typeof(id) = 'blob' AND length(id) = 16),"
        " prescription_id BLOB NOT NULL, medication_id BLOB NOT NULL, patient_id BLOB NOT NULL,"
        " scheduled_time INTEGER NOT NULL, local_date TEXT NOT NULL CHECK(length(local_date) = 10),"
        " slot TEXT NOT NULL CHECK(length(slot) <= 16),"
        " time_period TEXT NOT NULL CHECK(time_period IN('DAYTIME','NIGHT')),"
        " reminder_time TEXT CHECK(length(reminder_time) <= 10), grace_minutes INTEGER NOT NULL,"
        " status TEXT NOT NULL DEFAULT 'DUE'"
        " CHECK(status IN('DUE','TAKEN_ON_TIME','TAKEN_LATE','MISSED','SKIPPED')),"
        " taken_at INTEGER, skip_reason TEXT, was_offline INTEGER NOT NULL DEFAULT 0 "
        "CHECK(was_offline IN(0,1)),"
        " flags TEXT CHECK(length(flags) <= 100), created_at INTEGER NOT NULL,"
        " deleted_at INTEGER, updated_at INTEGER NOT NULL %s, tern_v NOT NULL %s)",
        updated_at,
        version);

    bench_check(ddl != NULL, "memory", NULL);
    return ddl;
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
    sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

void dose_bind(sqlite3_stmt *stmt, const struct dose *dose)
{
    sqlite3_bind_blob(stmt, 1, dose->id, DOSE_ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 2, dose->prescription_id, DOSE_ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 3, dose->medication_id, DOSE_ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_blob(stmt, 4, dose->patient_id, DOSE_ID_BYTES, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 5, dose->scheduled_time);
    bind_text(stmt, 6, dose->local_date);
    bind_text(stmt, 7, dose->slot);
    bind_text(stmt, 8, dose->time_period);
    bind_text(stmt, 9, dose->reminder_time);
    sqlite3_bind_int64(stmt, 10, dose->grace_minutes);
    bind_text(stmt, 11, dose->status);
    if (dose->taken_at == 0) {
        sqlite3_bind_null(stmt, 12);
    } else {
        sqlite3_bind_int64(stmt, 12, dose->taken_at);
    }
    bind_text(stmt, 13, dose->skip_reason);
    sqlite3_bind_int64(stmt, 14, dose->was_offline);
    bind_text(stmt, 15, dose->flags);
    sqlite3_bind_int64(stmt, 16, dose->created_at);
}

static void encode_text(struct buffer *buffer, const char *text)
{
    if (text == NULL) {
        buffer_put(buffer, "null", 4);
    } else {
        buffer_put_text(buffer, (const unsigned char *)text, strlen(text));
    }
}

void dose_encode(struct buffer *buffer, const struct dose *dose)
{
    buffer_put(buffer, "[", 1);
    buffer_put_base64(buffer, dose->id, DOSE_ID_BYTES);
    buffer_put(buffer, ",", 1);
    buffer_put_base64(buffer, dose->prescription_id, DOSE_ID_BYTES);
    buffer_put(buffer, ",", 1);
    buffer_put_base64(buffer, dose->medication_id, DOSE_ID_BYTES);
    buffer_put(buffer, ",", 1);
    buffer_put_base64(buffer, dose->patient_id, DOSE_ID_BYTES);
    buffer_put(buffer, ",", 1);
    buffer_put_int(buffer, dose->scheduled_time);
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->local_date);
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->slot);
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->time_period);
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->reminder_time);
    buffer_put(buffer, ",", 1);
    buffer_put_int(buffer, dose->grace_minutes);
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->status);
    buffer_put(buffer, ",", 1);
    if (dose->taken_at == 0) {
        buffer_put(buffer, "null", 4);
    } else {
        buffer_put_int(buffer, dose->taken_at);
    }
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->skip_reason);
    buffer_put(buffer, ",", 1);
    buffer_put_int(buffer, dose->was_offline);
    buffer_put(buffer, ",", 1);
    encode_text(buffer, dose->flags);
    buffer_put(buffer, ",", 1);
    buffer_put_int(buffer, dose->created_at);
    buffer_put(buffer, "]\n", 2);
}
