/* Makes records of patients and their doses. */
#include "tests/bench/doses.h"

#include <stdio.h>
#include <string.h>

#define CELLS                                                                                      \
    "created_at, prescription_id, medication_id, patient_id, scheduled_time, local_date, slot, "   \
    "time_period, reminder_time, grace_minutes, status, taken_at, was_offline, flags"
#define MARKS "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15"

const char *const BENCH_DOSE_INSERT =
    "INSERT INTO dose_events(id, " CELLS ") VALUES(?1, " MARKS ")";
const char *const BENCH_DOSE_INSERT_MINTED =
    "INSERT INTO dose_events(id, " CELLS ") VALUES(tern_id(), " MARKS ")";
const char *const BENCH_DOSE_UPSERT =
    "INSERT INTO dose_events(id, " CELLS ") VALUES(?1, " MARKS ") ON CONFLICT(id) DO UPDATE SET"
    " created_at = excluded.created_at, prescription_id = excluded.prescription_id,"
    " medication_id = excluded.medication_id, patient_id = excluded.patient_id,"
    " scheduled_time = excluded.scheduled_time, local_date = excluded.local_date,"
    " slot = excluded.slot, time_period = excluded.time_period,"
    " reminder_time = excluded.reminder_time, grace_minutes = excluded.grace_minutes,"
    " status = excluded.status, taken_at = excluded.taken_at, was_offline = excluded.was_offline,"
    " flags = excluded.flags";
const char *const BENCH_DOSE_UPDATE = "UPDATE dose_events SET status = ?1 WHERE id = ?2";
const char *const BENCH_DOSE_SCAN =
    "SELECT id, " CELLS ", skip_reason, updated_at FROM dose_events WHERE deleted_at IS NULL";

const char *const BENCH_PRESCRIPTION_INSERT =
    "INSERT INTO prescriptions(id, created_at, patient_id, patient_name, status)"
    " VALUES(?1, ?2, ?3, ?4, ?5)";
const char *const BENCH_MEDICATION_INSERT =
    "INSERT INTO medications(id, created_at, prescription_id, row_number, medicine_name)"
    " VALUES(?1, ?2, ?3, ?4, ?5)";

enum { SLOTS = 3 };

/* 2035-01-01: ahead of the replica's window of past days, whenever this runs. */
static const int64_t start_us = 2051222400000000;
static const int64_t created_us = 1767225600000000; /* 2026-01-01 */
static const int64_t day_us = 86400000000;

uint64_t bench_random(uint64_t *state)
{
    uint64_t word = (*state += 0x9E3779B97F4A7C15u);

    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9u;
    word = (word ^ word >> 27) * 0x94D049BB133111EBu;
    return word ^ word >> 31;
}

static void put_word(uint8_t *bytes, uint64_t word)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(word >> (56 - 8 * i));
    }
}

static void set_version(tern_id *id, unsigned version)
{
    id->bytes[6] = (uint8_t)((id->bytes[6] & 15u) | version << 4);
    id->bytes[8] = (uint8_t)((id->bytes[8] & 63u) | 0x80u);
}

void bench_random_id(uint64_t *state, tern_id *ret_id)
{
    put_word(ret_id->bytes, bench_random(state));
    put_word(ret_id->bytes + 8, bench_random(state));
    set_version(ret_id, 4);
}

void bench_ordered_id(uint64_t *state, int64_t time_us, tern_id *ret_id)
{
    put_word(ret_id->bytes, (uint64_t)(time_us / 1000) << 16 | (bench_random(state) & 0xFFFFu));
    put_word(ret_id->bytes + 8, bench_random(state));
    set_version(ret_id, 7);
}

void bench_record_make(uint64_t seed, struct bench_record *ret_record)
{
    uint64_t state = seed * 7919 + 1;

    memset(ret_record, 0, sizeof(*ret_record));
    bench_ordered_id(&state, created_us, &ret_record->patient);
    bench_ordered_id(&state, created_us, &ret_record->connection);
    bench_ordered_id(&state, created_us, &ret_record->prescription);
    for (size_t i = 0; i < DOSE_MEDICATIONS; i++) {
        bench_ordered_id(&state, created_us + (int64_t)i * 1000, &ret_record->medications[i]);
    }
}

/* Months of 28 days: only the shape of a date matters, and that each day has its own. */
static void write_date(size_t day, char date[11])
{
    snprintf(date,
             11,
             "%04u-%02u-%02u",
             (unsigned)(2035 + day / 336) % 10000u,
             (unsigned)(day / 28 % 12 + 1),
             (unsigned)(day % 28 + 1));
}

void bench_doses_make(const struct bench_record *record,
                      size_t first,
                      struct bench_dose *doses,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const size_t number = first + i;
        const size_t day = number / (SLOTS * DOSE_MEDICATIONS);
        struct bench_dose *dose = &doses[i];

        memset(dose, 0, sizeof(*dose));
        dose->record = record;
        dose->medication = &record->medications[number / SLOTS % DOSE_MEDICATIONS];
        dose->slot = (unsigned)(number % SLOTS);
        dose->created_us = created_us + (int64_t)number * 1000;
        dose->scheduled_us =
            start_us + (int64_t)day * day_us + (int64_t)dose->slot * 19800 * 1000000;
        write_date(day, dose->date);
    }
}

void bench_dose_cells(const struct bench_dose *dose, tern_value cells[DOSE_CELLS])
{
    static const char *const slots[SLOTS] = {"MORNING", "DAYTIME", "NIGHT"};
    static const char *const reminders[SLOTS] = {"07:30", "12:30", "18:30"};

    cells[0] = tern_value_id(&dose->id);
    cells[1] = tern_value_integer(dose->created_us);
    cells[2] = tern_value_id(&dose->record->prescription);
    cells[3] = tern_value_id(dose->medication);
    cells[4] = tern_value_id(&dose->record->patient);
    cells[5] = tern_value_integer(dose->scheduled_us);
    cells[6] = tern_value_text(dose->date);
    cells[7] = tern_value_text(slots[dose->slot]);
    cells[8] = tern_value_text(dose->slot == 2 ? "NIGHT" : "DAYTIME");
    cells[9] = tern_value_text(reminders[dose->slot]);
    cells[10] = tern_value_integer(30);
    cells[11] = tern_value_text("DUE");
    cells[12] = tern_value_null();
    cells[13] = tern_value_integer(0);
    cells[14] = tern_value_null();
}

void bench_prescription_cells(const struct bench_record *record, tern_value cells[PARENT_CELLS])
{
    cells[0] = tern_value_id(&record->prescription);
    cells[1] = tern_value_integer(created_us);
    cells[2] = tern_value_id(&record->patient);
    cells[3] = tern_value_text("A patient");
    cells[4] = tern_value_text("ACTIVE");
}

void bench_medication_cells(const struct bench_record *record,
                            size_t medication,
                            tern_value cells[PARENT_CELLS])
{
    cells[0] = tern_value_id(&record->medications[medication]);
    cells[1] = tern_value_integer(created_us);
    cells[2] = tern_value_id(&record->prescription);
    cells[3] = tern_value_integer((int64_t)medication + 1);
    cells[4] = tern_value_text("Paracetamol 500 mg");
}
