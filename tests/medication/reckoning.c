/* Each dose of a patient is read as it stands; whether an unrecorded one is still prescribed is
 * asked of an almanac that shares nothing with the library. */
#include "tests/medication/reckoning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tests/medication/almanac.h"

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

/* What was prescribed, from a row whose columns from `at` on are: the zone, the first and the last
 * day, the words, the meals, when it was created, and then, from `parts` on, what has a dosage, the
 * duration, whether it is taken as needed, ..., which dosages come before the meal, its own start
 * and its first minute. */
struct prescribed {
    char texts[8][TEXT_BYTES];
    struct almanac_source source;
};

static void read_prescribed(tern_statement *row, int at, int parts, struct prescribed *ret)
{
    struct almanac_source *source = &ret->source;
    const tern_value first = tern_statement_value(row, parts + 9);
    char own[TEXT_BYTES];

    for (int i = 0; i < 8; i++) {
        text_of(row, at + i, ret->texts[i]);
    }
    *source = (struct almanac_source){
        .zone = ret->texts[0],
        .start_date = ret->texts[1],
        .end_date = ret->texts[2],
        .frequency = ret->texts[3],
        .timing = ret->texts[4],
        .duration_days = tern_statement_value(row, parts + 3).integer,
        .is_prn = tern_statement_value(row, parts + 4).integer != 0,
    };
    for (int i = 0; i < ALMANAC_SLOTS; i++) {
        source->meals[i] = ret->texts[5 + i];
        source->has_dosage[i] = tern_statement_value(row, parts + i).integer != 0;
        source->before_meal[i] = tern_statement_value(row, parts + 5 + i).integer != 0;
    }
    if (ret->texts[1][0] == '\0') {
        almanac_date_of(almanac_today(ret->texts[0], tern_statement_value(row, at + 8).integer),
                        ret->texts[1]);
    }
    text_of(row, parts + 8, own);
    if (strcmp(own, ret->texts[1]) > 0) {
        (void)snprintf(ret->texts[1], TEXT_BYTES, "%s", own);
    }
    source->first_minute = first.kind == TERN_NULL ? 420 : first.integer;
}

/* The columns of `query` from 7 on are what was prescribed when the dose's grace ended. */
static bool is_prescribed(tern_statement *row, const char *date, const char *slot)
{
    struct prescribed was;

    if (tern_statement_value(row, 16).integer == 0) {
        return false;
    }
    read_prescribed(row, 7, 17, &was);
    return almanac_yields(&was.source, almanac_day_of(date), slot);
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
/* By the last turn until then, or before all of them the opposite of the first; behind the last by
 * the status. */
#define WAS_ACTIVE                                                                                 \
    "CASE (SELECT count(*) FROM prescription_turns x WHERE x.prescription_id = p.id AND "          \
    "x.turned_at > " ENDS ") WHEN 0 THEN p.status = 'ACTIVE' ELSE coalesce((SELECT x.begins FROM " \
    "prescription_turns x WHERE x.prescription_id = p.id AND x.turned_at <= " ENDS                 \
    " ORDER BY x.turned_at DESC, x.begins DESC), (SELECT NOT x.begins FROM prescription_turns x "  \
    "WHERE x.prescription_id = p.id ORDER BY x.turned_at, x.begins)) END"
#define IN_FORCE                                                                                   \
    "coalesce((SELECT max(x.version_number) FROM prescription_versions x WHERE "                   \
    "x.prescription_id = p.id AND x.created_at <= " ENDS "), (SELECT min(x.version_number) FROM "  \
    "prescription_versions x WHERE x.prescription_id = p.id))"
/* The first day under which a dose was recorded, else the first on which it was put in force. */
#define BEGINS_ON                                                                                  \
    "(SELECT substr(min(CASE WHEN b.is_taken THEN 'a' ELSE 'b' END || b.begins_on), 2) FROM "      \
    "prescription_beginnings b WHERE b.prescription_id = p.id)"
#define REGIMEN                                                                                    \
    "coalesce(" OF_DATE("start_date") ", " BEGINS_ON "), " OF_DATE("end_date") "," OF("frequency") \
        OF("timing") "t.morning_meal, t.afternoon_meal, t.night_meal, p.created_at, "
#define BEFORE(column)                                                                             \
    "coalesce(iif(w.version_number < p.current_version, s.value -> '" column "', m." column        \
    ") ->> 'before_meal', 0), "
#define PARTS                                                                                      \
    HAS("morning_dosage") HAS("daytime_dosage") HAS("night_dosage") OF("duration") OF("is_prn")
#define BEFORES                                                                                    \
    BEFORE("morning_dosage")                                                                       \
    BEFORE("daytime_dosage") BEFORE("night_dosage") OF("starts_on") OF("first_minute")

static const char query[] =
    "SELECT d.medication_id, d.local_date, d.slot, d.time_period, d.status, d.scheduled_time, "
    "d.grace_minutes, coalesce(u.time_zone, 'Asia/Phnom_Penh'), " REGIMEN WAS_ACTIVE
    " AND p.deleted_at IS NULL AND iif(w.version_number < p.current_version, s.value IS NOT NULL, "
    "m.deleted_at IS NULL), " PARTS BEFORES
    "d.flags IS 'UNDONE', d.status = 'DUE' OR (d.status = 'MISSED' AND d.flags IS 'INFERRED') FROM "
    "dose_events d JOIN "
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
    if (tern_statement_value(row, 28).integer != 0) { /* nobody said what became of it */
        return now_us > passes_us && (tern_statement_value(row, 27).integer != 0 ||
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
static int32_t read_today(const tern_id *patient, int64_t now_us)
{
    const char *sql = "SELECT coalesce((SELECT time_zone FROM users WHERE id = ?1 AND deleted_at "
                      "IS NULL), 'Asia/Phnom_Penh')";
    tern_statement *row = NULL;
    char zone[TEXT_BYTES];
    bool more = false;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(patient), NULL), TERN_OK);
    CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
    text_of(row, 0, zone);
    tern_statement_free(row);
    return almanac_today(zone, now_us);
}

static void reckon(const tern_id *patient, const tern_adherence_query *asked)
{
    int64_t now_us = fixture_number(care_replica, "SELECT tern_now()");
    const tern_value medication =
        asked->medication != NULL ? tern_value_id(asked->medication) : tern_value_null();
    tern_statement *row = NULL;
    const char *last = asked->last_date;
    char today[11];
    bool more = true;

    almanac_date_of(read_today(patient, now_us), today);
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

static bool compare(char says[RECKONING_SAYS_BYTES])
{
    qsort(rows.list, rows.count, sizeof(rows.list[0]), by_key);
    qsort(kept.list, kept.count, sizeof(kept.list[0]), by_key);
    for (size_t i = 0; i < rows.count && i < kept.count; i++) {
        if (memcmp(&rows.list[i].counts, &kept.list[i].counts, sizeof(rows.list[i].counts)) != 0 ||
            strcmp(rows.list[i].key, kept.list[i].key) != 0) {
            (void)snprintf(says,
                           RECKONING_SAYS_BYTES,
                           "%s %lld/%lld/%lld/%lld of the rows, %s %lld/%lld/%lld/%lld read",
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
            return false;
        }
    }
    (void)snprintf(says,
                   RECKONING_SAYS_BYTES,
                   "%zu sums of the rows, %zu read",
                   rows.count,
                   kept.count);
    return rows.count == kept.count;
}

bool reckoning_agrees(const tern_id *patient,
                      const tern_id *medication,
                      const char *first_date,
                      const char *last_date,
                      char says[RECKONING_SAYS_BYTES])
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
    return compare(says);
}

void reckoning_compare_span(const tern_id *patient,
                            const tern_id *medication,
                            const char *first_date,
                            const char *last_date,
                            uint64_t seed)
{
    char says[RECKONING_SAYS_BYTES];

    if (!reckoning_agrees(patient, medication, first_date, last_date, says)) {
        fail_msg("%llu: %s", (unsigned long long)seed, says);
    }
}

/* ---- What is to come ---- */

struct coming {
    int64_t now_us;
    int32_t today;
    tern_statement *dose;
    char *says;
};

/* The row of a dose that is to come is there, and stands at its time unless it has a record, or had
 * come when its time was changed. */
static bool
has_dose(const struct coming *coming, tern_id id, int32_t day, const struct almanac_dose *dose)
{
    char date[11];
    char status[TEXT_BYTES] = "none";
    int64_t scheduled_us = 0;
    bool found = false;

    almanac_date_of(day, date);
    CHECK_INT(tern_statement_bind(coming->dose, 1, tern_value_id(&id), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(coming->dose, 2, tern_value_text(date), NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(coming->dose, 3, tern_value_text(dose->slot), NULL), TERN_OK);
    CHECK_INT(tern_statement_step(coming->dose, &found, NULL), TERN_OK);
    if (found) {
        scheduled_us = tern_statement_value(coming->dose, 0).integer;
        text_of(coming->dose, 1, status);
    }
    tern_statement_reset(coming->dose);
    if (found && (strcmp(status, "DUE") != 0 || scheduled_us <= coming->now_us ||
                  scheduled_us == dose->scheduled_us)) {
        return true;
    }
    (void)snprintf(coming->says,
                   RECKONING_SAYS_BYTES,
                   "%s %.32s at %lld: the row is %.32s at %lld",
                   date,
                   dose->slot,
                   (long long)dose->scheduled_us,
                   status,
                   (long long)scheduled_us);
    return false;
}

static bool has_doses(const struct coming *coming, tern_statement *row)
{
    struct almanac_dose doses[ALMANAC_TIMES_MAX];
    struct prescribed prescribed;
    tern_id id;

    memcpy(&id, tern_statement_value(row, 0).data, sizeof(id));
    read_prescribed(row, 1, 10, &prescribed);
    for (int32_t day = coming->today - 1; day < coming->today + TERN_SCHEDULE_DAYS; day++) {
        const size_t count = almanac_day(&prescribed.source, day, doses);

        for (size_t i = 0; i < count; i++) {
            if (doses[i].scheduled_us > coming->now_us && !has_dose(coming, id, day, &doses[i])) {
                return false;
            }
        }
    }
    return true;
}

#define NOW_HAS(column) "coalesce(m." column ", 'null') <> 'null', "
#define NOW_BEFORE(column) "coalesce(m." column " ->> 'before_meal', 0)"

#define NOW_HASES NOW_HAS("morning_dosage") NOW_HAS("daytime_dosage") NOW_HAS("night_dosage")
#define NOW_BEFORES                                                                                \
    NOW_BEFORE("morning_dosage") ", " NOW_BEFORE("daytime_dosage") ", " NOW_BEFORE("night_dosage")

static const char prescribed_now[] =
    "SELECT m.id, coalesce(u.time_zone, 'Asia/Phnom_Penh'), "
    "coalesce(p.start_date, " BEGINS_ON "), p.end_date, m.frequency, "
    "m.timing, t.morning_meal, t.afternoon_meal, t.night_meal, p.created_at, " NOW_HASES
    "m.duration, m.is_prn, " NOW_BEFORES ", m.starts_on, m.first_minute FROM prescriptions p "
    "JOIN medications m ON m.prescription_id = p.id LEFT JOIN users u ON u.id = p.patient_id "
    "LEFT JOIN meal_time_preferences t ON t.user_id = p.patient_id AND t.deleted_at IS NULL WHERE "
    "p.patient_id = ?1 AND p.status = 'ACTIVE' AND p.deleted_at IS NULL AND m.deleted_at IS NULL";

bool reckoning_plan_agrees(const tern_id *patient, char says[RECKONING_SAYS_BYTES])
{
    const char *sql = "SELECT scheduled_time, status FROM dose_events WHERE medication_id = ?1 AND "
                      "local_date = ?2 AND slot = ?3 AND deleted_at IS NULL";
    struct coming coming = {.now_us = fixture_number(care_replica, "SELECT tern_now()"),
                            .says = says};
    tern_statement *row = NULL;
    bool more = true;
    bool agrees = true;

    coming.today = read_today(patient, coming.now_us);
    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &coming.dose, NULL), TERN_OK);
    CHECK_INT(
        tern_statement_prepare(care_replica, prescribed_now, strlen(prescribed_now), &row, NULL),
        TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(patient), NULL), TERN_OK);
    while (more && agrees) {
        CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
        agrees = !more || has_doses(&coming, row);
    }
    tern_statement_free(row);
    tern_statement_free(coming.dose);
    return agrees;
}

void reckoning_compare_plan(const tern_id *patient, uint64_t seed)
{
    char says[RECKONING_SAYS_BYTES];

    if (!reckoning_plan_agrees(patient, says)) {
        fail_msg("%llu: %s", (unsigned long long)seed, says);
    }
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
