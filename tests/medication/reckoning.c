/* Each dose of a patient is read as it stands; whether an unrecorded one is still prescribed is
 * asked of the plan of its day. */
#include "tests/medication/reckoning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/medication/adherence.h"

enum { TEXT_BYTES = 160, SUMS_MAX = 4096 };

struct sums {
    struct {
        char key[48];
        int64_t counts[4];
    } list[SUMS_MAX];
    size_t count;
};

tern_replica *reckoning_rows;

static struct sums rows;
static struct sums kept;

uint64_t reckoning_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

static void add(struct sums *sums, const char *key, int place, int64_t count)
{
    size_t i = 0;

    while (i < sums->count && strcmp(sums->list[i].key, key) != 0) {
        i++;
    }
    CHECK(i < SUMS_MAX);
    if (i == sums->count) {
        memset(&sums->list[i], 0, sizeof(sums->list[i]));
        (void)snprintf(sums->list[i].key, sizeof(sums->list[i].key), "%s", key);
        sums->count++;
    }
    sums->list[i].counts[place] += count;
}

static void text_of(tern_statement *row, int column, char *text)
{
    tern_value value = tern_statement_value(row, column);
    size_t size = value.kind == TERN_TEXT ? value.size : 0;

    CHECK(size < TEXT_BYTES);
    if (size > 0) {
        memcpy(text, value.data, size);
    }
    text[size] = '\0';
}

static void id_of(tern_statement *row, int column, char *text)
{
    tern_value value = tern_statement_value(row, column);

    for (size_t i = 0; i < value.size; i++) {
        (void)snprintf(text + 2 * i, 3, "%02x", ((const uint8_t *)value.data)[i]);
    }
}

static bool find_slot(void *context, const tern_planned_dose *dose)
{
    const char **slot = context;

    if (strcmp(*slot, dose->slot) == 0) {
        *slot = NULL;
        return false;
    }
    return true;
}

/* The columns of `query` from 7 on are what was prescribed when the dose's grace ended. */
static bool is_prescribed(tern_statement *row, const char *date, const char *slot)
{
    char texts[9][TEXT_BYTES];
    tern_regimen regimen = {.size = sizeof(regimen), .meal_minutes = {420, 720, 1080}};
    tern_error error = {0};

    for (int i = 0; i < 9; i++) {
        text_of(row, 7 + i, texts[i]);
    }
    if (tern_statement_value(row, 16).integer == 0) {
        return false;
    }
    regimen.zone = texts[0];
    regimen.start_date = texts[1];
    regimen.end_date = texts[2][0] != '\0' ? texts[2] : NULL;
    regimen.frequency = texts[3];
    regimen.timing = texts[4];
    for (int i = 0; i < 3; i++) {
        (void)tern_meal_parse(texts[5 + i], &regimen.meal_minutes[i]);
        regimen.slots |= tern_statement_value(row, 17 + i).integer != 0 ? 1u << i : 0;
    }
    regimen.duration_days = (int32_t)tern_statement_value(row, 20).integer;
    regimen.is_prn = tern_statement_value(row, 21).integer != 0;
    regimen.grace_minutes = 30;
    if (tern_schedule_plan(care_zones(), &regimen, date, 1, find_slot, &slot, NULL, &error) !=
        TERN_OK) {
        fail_msg("%s", error.message);
    }
    return slot == NULL;
}

/* By the version w that was in force, and its snapshot s, unless that is the current one. */
#define ENDS "(d.scheduled_time + d.grace_minutes * 60000000)"
#define OF(column)                                                                                 \
    "iif(w.version_number < p.current_version, s.value ->> '" column "', m." column "),"
#define OF_DATE(column)                                                                            \
    "iif(w.version_number < p.current_version AND s.value -> '" column "' IS NOT NULL, s.value "   \
    "->> '" column "', p." column ")"
#define HAS(column)                                                                                \
    "coalesce(iif(w.version_number < p.current_version, s.value ->> '" column "', m." column       \
    "), 'null') <> 'null', "
#define WAS_ACTIVE                                                                                 \
    "iif(p.active_spans IS NULL, p.status = 'ACTIVE', (SELECT count(*) FROM "                      \
    "json_each('[' || p.active_spans || ']') WHERE value <= " ENDS ") % 2 = 1)"
#define IN_FORCE                                                                                   \
    "coalesce((SELECT max(x.version_number) FROM prescription_versions x WHERE "                   \
    "x.prescription_id = p.id AND x.created_at <= " ENDS "), (SELECT min(x.version_number) FROM "  \
    "prescription_versions x WHERE x.prescription_id = p.id))"
#define START                                                                                      \
    "coalesce(" OF_DATE("start_date") ", date(p.created_at / 1000000 + 7 * 3600, 'unixepoch')),"
#define REGIMEN                                                                                    \
    START OF_DATE("end_date") "," OF("frequency")                                                  \
        OF("timing") "t.morning_meal, t.afternoon_meal, t.night_meal, '', "
#define PARTS                                                                                      \
    HAS("morning_dosage") HAS("daytime_dosage") HAS("night_dosage") OF("duration") OF("is_prn")

static const char query[] =
    "SELECT d.medication_id, d.local_date, d.slot, d.time_period, d.status, d.scheduled_time, "
    "d.grace_minutes, coalesce(u.time_zone, 'Asia/Phnom_Penh'), " REGIMEN WAS_ACTIVE
    " AND p.deleted_at IS NULL AND iif(w.version_number < p.current_version, s.value IS NOT NULL, "
    "m.deleted_at IS NULL), " PARTS "d.flags IS 'UNDONE' FROM dose_events d JOIN "
    "medications m ON m.id = d.medication_id JOIN prescriptions p ON p.id = d.prescription_id "
    "LEFT JOIN prescription_versions w ON w.prescription_id = p.id AND w.version_number = " IN_FORCE
    " LEFT JOIN json_each(w.medications_snapshot) s ON s.value ->> 'id' = tern_id_text(m.id) "
    "LEFT JOIN users u ON u.id = d.patient_id LEFT JOIN meal_time_preferences t ON t.user_id = "
    "d.patient_id AND t.deleted_at IS NULL WHERE d.patient_id = ?1 AND d.local_date >= ?2 AND "
    "d.deleted_at IS NULL AND (?3 IS NULL OR d.medication_id = ?3)";

/* 0 on time, 1 late, 2 skipped, 3 missed, -1: does not count. */
static int judge(tern_statement *row, const char *date, const char *slot, int64_t now_us)
{
    char status[TEXT_BYTES];
    int64_t passes_us = tern_statement_value(row, 5).integer +
                        tern_statement_value(row, 6).integer * INT64_C(60000000);

    text_of(row, 4, status);
    if (strlen(slot) == 8) {
        return -1;
    }
    if (strcmp(status, "DUE") == 0) {
        return now_us > passes_us && (tern_statement_value(row, 22).integer != 0 ||
                                      is_prescribed(row, date, slot))
                   ? 3
                   : -1;
    }
    return strcmp(status, "TAKEN_ON_TIME") == 0 ? 0
           : strcmp(status, "TAKEN_LATE") == 0  ? 1
           : strcmp(status, "SKIPPED") == 0     ? 2
                                                : 3;
}

static void count_row(tern_statement *row, const char *last, int64_t now_us)
{
    char date[TEXT_BYTES];
    char slot[TEXT_BYTES];
    char period[TEXT_BYTES];
    char medication[33] = "";
    int place;

    text_of(row, 1, date);
    text_of(row, 2, slot);
    text_of(row, 3, period);
    id_of(row, 0, medication);
    place = judge(row, date, slot, now_us);
    if (place < 0 || strcmp(date, last) > 0) {
        return;
    }
    add(&rows, "all", place, 1);
    add(&rows, date, place, 1);
    add(&rows, strcmp(period, "NIGHT") == 0 ? "night" : "day", place, 1);
    add(&rows, medication, place, 1);
}

/* Today where the patient is. */
static void read_today(const tern_id *patient, int64_t now_us, char today[40])
{
    const char *sql = "SELECT coalesce((SELECT time_zone FROM users WHERE id = ?1 AND deleted_at "
                      "IS NULL), 'Asia/Phnom_Penh')";
    tern_statement *row = NULL;
    tern_local_time local;
    char zone[TEXT_BYTES];
    bool more = false;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(patient), NULL), TERN_OK);
    CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
    text_of(row, 0, zone);
    tern_statement_free(row);
    CHECK_INT(tern_zone_to_local(care_zones(), zone, now_us, &local, NULL), TERN_OK);
    (void)snprintf(today, 40, "%04d-%02d-%02d", (int)local.year, (int)local.month, (int)local.day);
}

static void reckon(const tern_id *patient, const tern_adherence_query *asked)
{
    int64_t now_us = fixture_number(care_replica, "SELECT tern_now()");
    const tern_value medication =
        asked->medication != NULL ? tern_value_id(asked->medication) : tern_value_null();
    tern_statement *row = NULL;
    const char *last = asked->last_date;
    char today[40];
    bool more = true;

    read_today(patient, now_us, today);
    last = last != NULL && strcmp(last, today) < 0 ? last : today;
    CHECK_INT(tern_statement_prepare(reckoning_rows != NULL ? reckoning_rows : care_replica,
                                     query,
                                     strlen(query),
                                     &row,
                                     NULL),
              TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(patient), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 2, tern_value_text(asked->first_date), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 3, medication, NULL), TERN_OK);
    while (more) {
        CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
        if (more) {
            count_row(row, last, now_us);
        }
    }
    tern_statement_free(row);
}

static bool take_sum(void *context, const tern_adherence *sum)
{
    const tern_adherence_by by = *(const tern_adherence_by *)context;
    char key[48] = "all";

    if (by == TERN_ADHERENCE_DAY) {
        memcpy(key, sum->local_date, sizeof(sum->local_date));
    } else if (by == TERN_ADHERENCE_PERIOD) {
        (void)snprintf(key, sizeof(key), "%s", sum->period == TERN_PERIOD_NIGHT ? "night" : "day");
    } else if (by == TERN_ADHERENCE_MEDICATION) {
        for (size_t i = 0; i < 16; i++) {
            (void)snprintf(key + 2 * i, 3, "%02x", sum->medication.bytes[i]);
        }
    }
    CHECK_INT(sum->taken, sum->on_time + sum->late);
    CHECK_INT(sum->scheduled, sum->taken + sum->skipped + sum->missed);
    if (sum->scheduled > 0) {
        add(&kept, key, 0, sum->on_time);
        add(&kept, key, 1, sum->late);
        add(&kept, key, 2, sum->skipped);
        add(&kept, key, 3, sum->missed);
    }
    return true;
}

static int by_key(const void *left, const void *right)
{
    return strcmp(left, right); /* the key stands first */
}

static void compare(uint64_t seed)
{
    qsort(rows.list, rows.count, sizeof(rows.list[0]), by_key);
    qsort(kept.list, kept.count, sizeof(kept.list[0]), by_key);
    for (size_t i = 0; i < rows.count && i < kept.count; i++) {
        if (memcmp(&rows.list[i].counts, &kept.list[i].counts, sizeof(rows.list[i].counts)) != 0 ||
            strcmp(rows.list[i].key, kept.list[i].key) != 0) {
            fail_msg("%llu: %s %lld/%lld/%lld/%lld of the rows, %s %lld/%lld/%lld/%lld read",
                     (unsigned long long)seed,
                     rows.list[i].key,
                     (long long)rows.list[i].counts[0],
                     (long long)rows.list[i].counts[1],
                     (long long)rows.list[i].counts[2],
                     (long long)rows.list[i].counts[3],
                     kept.list[i].key,
                     (long long)kept.list[i].counts[0],
                     (long long)kept.list[i].counts[1],
                     (long long)kept.list[i].counts[2],
                     (long long)kept.list[i].counts[3]);
        }
    }
    CHECK_INT(rows.count, kept.count);
}

void reckoning_compare_span(const tern_id *patient,
                            const tern_id *medication,
                            const char *first_date,
                            const char *last_date,
                            uint64_t seed)
{
    tern_adherence_query asked = {.size = sizeof(asked),
                                  .patient = patient,
                                  .medication = medication,
                                  .first_date = first_date,
                                  .last_date = last_date};
    tern_care_error error;

    rows.count = 0;
    kept.count = 0;
    for (int by = TERN_ADHERENCE_ALL; by <= (int)TERN_ADHERENCE_MEDICATION; by++) {
        asked.by = (tern_adherence_by)by;
        care_ok(tern_adherence_read(care, &asked, take_sum, &asked.by, NULL, &error), &error);
    }
    reckon(patient, &asked);
    compare(seed);
}

enum { MEDICATIONS_MAX = 64 };

static size_t read_medications(const tern_id *patient, tern_id ids[MEDICATIONS_MAX])
{
    const char *sql = "SELECT DISTINCT medication_id FROM dose_events WHERE patient_id = ?1";
    tern_statement *row = NULL;
    size_t count = 0;
    bool more = true;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(patient), NULL), TERN_OK);
    while (more) {
        CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
        if (more) {
            CHECK(count < MEDICATIONS_MAX);
            memcpy(&ids[count++], tern_statement_value(row, 0).data, sizeof(*ids));
        }
    }
    tern_statement_free(row);
    return count;
}

void reckoning_compare(const tern_id *patient, const char *first_date, uint64_t seed)
{
    tern_id ids[MEDICATIONS_MAX];
    const size_t count = read_medications(patient, ids);

    reckoning_compare_span(patient, NULL, first_date, NULL, seed);
    for (size_t i = 0; i < count; i++) {
        reckoning_compare_span(patient, &ids[i], first_date, NULL, seed);
    }
}
