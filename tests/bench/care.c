/* The medication day: recording a dose, a day's list and a year of adherence in a replica of
 * 100,000 doses, and a month's schedule in one of a patient's size. */
#include "tests/bench/tern.h"

#include <stdlib.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tern/medication/care.h"
#include "tern/medication/dose.h"
#include "tern/medication/schedule.h"

enum {
    MEDICATIONS = 10,
    PER_DAY = 3 * MEDICATIONS,
    PAIRS = 50,
    WINDOW_DAYS = 90,
    LIST_DAYS = 50,
    DAYS_AT_ONCE = 30,
    VERSIONS = 4
};

#define VERSIONS_TEXT "4"

struct life {
    struct bench_record record; /* of which the patient alone is taken */
    tern_replica *replica;
    tern_posix_zones *zones;
    tern_care *care;
};

static void run(struct life *life, const char *sql, const tern_value *values, size_t count)
{
    tern_statement *statement = bench_tern_prepare(life->replica, sql);

    bench_tern_bind(statement, values, count);
    bench_tern_step(statement);
    tern_statement_free(statement);
}

/* Versions that others have overtaken and the current one, each with the snapshot of all
 * medications; those are written before they are needed. */
static void make_versions(struct life *life, const tern_id *patient, const char *start)
{
    static const int64_t days_ago[VERSIONS] = {0, 200, 40, 10}; /* 0: at the start */

    for (int i = 0; i < VERSIONS; i++) {
        const tern_value values[] = {tern_value_id(patient),
                                     tern_value_integer(i + 1),
                                     tern_value_integer(days_ago[i]),
                                     tern_value_text(start)};

        run(life,
            "INSERT INTO prescription_versions(id,created_at,prescription_id,version_number,"
            "author_id,change_reason,medications_snapshot)"
            " SELECT tern_key('prescription_versions',p.id,?2),"
            "iif(?3=0,unixepoch(?4),unixepoch('now','-'||?3||' days'))*1000000,p.id,?2,?1,"
            "'it changed',(SELECT json_group_array(json_object('id',tern_id_text(m.id),"
            "'row_number',m.row_number,'medicine_name',m.medicine_name,'medicine_name_khmer',NULL,"
            "'image_url',NULL,'morning_dosage',json(m.morning_dosage),"
            "'daytime_dosage',json(m.daytime_dosage),'night_dosage',json(m.night_dosage),"
            "'frequency',NULL,'duration',NULL,'timing',NULL,'is_prn',json('false'),"
            "'prn_times',NULL,'start_date',p.start_date,'end_date',NULL)) FROM medications m"
            " WHERE m.prescription_id=p.id) FROM prescriptions p WHERE p.patient_id=?1",
            values,
            4);
    }
}

/* A patient with an active prescription of MEDICATIONS, each of three slots a day, that has been
 * edited thrice and paused twice: a week, a hundred days ago, and an hour, a year ago. */
static void make_patient(struct life *life, const tern_id *patient, const char *start)
{
    const tern_value values[] = {tern_value_id(patient), tern_value_text(start)};
    tern_tx *tx = bench_tern_begin(life->replica);

    run(life, "INSERT INTO users(id,role) VALUES(?1,'PATIENT')", values, 1);
    run(life,
        "INSERT INTO prescriptions(id,patient_id,patient_name,start_date,status)"
        " VALUES(tern_id(),?1,'A patient',?2,'ACTIVE')",
        values,
        2);
    run(life,
        "UPDATE prescriptions SET current_version=" VERSIONS_TEXT " WHERE patient_id=?1",
        values,
        1);
    run(life,
        "INSERT INTO prescription_turns(id,prescription_id,turned_at,begins) SELECT "
        "tern_key('prescription_turns',p.id,t.turned_at,t.begins),p.id,t.turned_at,t.begins FROM "
        "prescriptions p,(SELECT unixepoch('now',column1,column2)*1000000 AS turned_at,column3 AS "
        "begins FROM (VALUES ('-365 days','+0 hours',0),('-365 days','+1 hour',1),('-107 days',"
        "'+0 hours',0),('-100 days','+0 hours',1))) t WHERE p.patient_id=?1",
        values,
        1);
    for (int i = 0; i < MEDICATIONS; i++) {
        const tern_value cells[] = {values[0], tern_value_integer(i + 1)};

        run(life,
            "INSERT INTO medications(id,prescription_id,row_number,medicine_name,morning_dosage,"
            "daytime_dosage,night_dosage) SELECT tern_id(),id,?2,'Paracetamol 500 mg',"
            "'{\"amount\":1,\"before_meal\":true}','{\"amount\":1,\"before_meal\":true}',"
            "'{\"amount\":1,\"before_meal\":false}' FROM prescriptions WHERE patient_id=?1",
            cells,
            2);
    }
    make_versions(life, patient, start);
    bench_tern_commit(tx);
}

/* Doses of DAYS_AT_ONCE days, the last of them so many days ago: six of ten taken, and the others
 * late, skipped, missed and unrecorded. */
static void make_doses(struct life *life, size_t days_ago)
{
    const tern_value values[] = {tern_value_id(&life->record.patient),
                                 tern_value_integer((int64_t)days_ago),
                                 tern_value_integer((int64_t)days_ago + DAYS_AT_ONCE - 1)};
    tern_tx *tx = bench_tern_begin(life->replica);

    run(life,
        "WITH RECURSIVE n(i) AS (SELECT ?2 UNION ALL SELECT i+1 FROM n WHERE i<?3),"
        " d(day,date) AS (SELECT unixepoch('now','+7 hours','start of day','-'||i||' days'),"
        "date('now','+7 hours','-'||i||' days') FROM n),"
        " s(slot,minute,period,clock) AS (VALUES('MORNING',390,'DAYTIME','06:30'),"
        "('DAYTIME',690,'DAYTIME','11:30'),('NIGHT',1110,'NIGHT','18:30')),"
        " e AS (SELECT *,m.id AS medication,(day-25200+minute*60)*1000000 AS due,"
        "(day/86400*7+m.row_number*3+minute/60)%10 AS outcome FROM d CROSS JOIN s"
        " CROSS JOIN prescriptions p CROSS JOIN medications m"
        " WHERE p.patient_id=?1 AND m.prescription_id=p.id)"
        " INSERT INTO dose_events(id,prescription_id,medication_id,patient_id,scheduled_time,"
        "local_date,slot,time_period,reminder_time,grace_minutes,status,taken_at)"
        " SELECT tern_key('dose_events',medication,date,slot),prescription_id,medication,?1,due,"
        "date,slot,period,clock,30,CASE outcome WHEN 6 THEN 'TAKEN_LATE' WHEN 7 THEN 'SKIPPED'"
        " WHEN 8 THEN 'MISSED' WHEN 9 THEN 'DUE' ELSE 'TAKEN_ON_TIME' END,"
        "iif(outcome<7,due,NULL) FROM e",
        values,
        3);
    bench_tern_commit(tx);
}

static void open_life(struct life *life, size_t doses)
{
    tern_care_options options = {.size = sizeof(options)};
    tern_zone_port port;
    tern_care_error error;

    bench_record_make(1, &life->record);
    life->replica = bench_tern_create(bench_path("tern.db"), BENCH_DERIVED, &life->record.patient);
    make_patient(life, &life->record.patient, "2015-01-01");
    for (size_t day = 0; day * PER_DAY < doses; day += DAYS_AT_ONCE) {
        make_doses(life, day + 1);
    }
    bench_ok(tern_posix_zones_open(NULL, &life->zones, &error.error), &error.error, "zones");
    tern_posix_zones_port(life->zones, &port);
    options.zones = &port;
    bench_ok(tern_care_open(life->replica, &options, &life->care, &error), &error.error, "care");
}

static void close_life(struct life *life)
{
    tern_care_close(life->care);
    tern_posix_zones_close(life->zones);
    tern_replica_close(life->replica);
    bench_remove(bench_path("tern.db"));
}

/* ---- Recording ---- */

struct due {
    tern_id id;
    int64_t scheduled_us;
};

/* Doses that nobody has recorded, in the order of their time, back from now. */
static void read_due(struct life *life, struct due *due, size_t count)
{
    tern_statement *statement =
        bench_tern_prepare(life->replica,
                           "SELECT id,scheduled_time FROM dose_events WHERE status='DUE' AND "
                           "deleted_at IS NULL ORDER BY scheduled_time DESC");
    tern_error error = {0};
    bool row = false;

    for (size_t i = 0; i < count; i++) {
        bench_ok(tern_statement_step(statement, &row, &error), &error, "doses that are due");
        bench_check(row, "too few doses are due");
        memcpy(&due[i].id, tern_statement_value(statement, 0).data, sizeof(due[i].id));
        due[i].scheduled_us = tern_statement_value(statement, 1).integer;
    }
    tern_statement_free(statement);
}

static double take_dose(struct life *life, const struct due *due)
{
    const tern_dose_act act = {.size = sizeof(act), .taken_us = due->scheduled_us};
    const double begin = bench_seconds();
    tern_care_error error;

    bench_ok(tern_dose_take(life->care, &due->id, &act, NULL, &error), &error.error, "take");
    return (bench_seconds() - begin) * 1e6;
}

struct bare {
    tern_statement *dose;
    tern_statement *action;
};

/* The same rows, and nothing asked. */
static double write_bare(struct life *life, const struct bare *bare, const struct due *due)
{
    const tern_value dose[] = {tern_value_id(&due->id), tern_value_integer(due->scheduled_us)};
    const tern_value action[] = {tern_value_id(&life->record.patient), tern_value_id(&due->id)};
    const double begin = bench_seconds();
    tern_tx *tx = bench_tern_begin(life->replica);

    bench_tern_bind(bare->dose, dose, 2);
    bench_tern_step(bare->dose);
    bench_tern_bind(bare->action, action, 2);
    bench_tern_step(bare->action);
    bench_tern_commit(tx);
    return (bench_seconds() - begin) * 1e6;
}

/* Calls of the two take turns. Each is told by its median, as one commit in fifty or so does the
 * log's checkpoint for all. */
static void record_round(struct life *life,
                         const struct bare *bare,
                         const struct due *due,
                         double *ret_call_us,
                         double *ret_bare_us)
{
    double calls[PAIRS];
    double bares[PAIRS];

    for (int i = 0; i < PAIRS; i++) {
        if (i % 2 == 0) {
            calls[i] = take_dose(life, &due[2 * i]);
            bares[i] = write_bare(life, bare, &due[2 * i + 1]);
        } else {
            bares[i] = write_bare(life, bare, &due[2 * i]);
            calls[i] = take_dose(life, &due[2 * i + 1]);
        }
    }
    *ret_call_us = bench_median(calls, PAIRS);
    *ret_bare_us = bench_median(bares, PAIRS);
}

static void record(struct life *life)
{
    const size_t rounds = bench_settings.rounds;
    struct due *due = bench_alloc(2 * PAIRS * rounds, sizeof(*due));
    double ratios[BENCH_ROUNDS_MAX];
    double calls[BENCH_ROUNDS_MAX];
    struct bare bare = {
        bench_tern_prepare(life->replica,
                           "UPDATE dose_events SET status='TAKEN_ON_TIME',taken_at=?2,"
                           "skip_reason=NULL,was_offline=0,flags=NULL WHERE id=?1"),
        bench_tern_prepare(life->replica,
                           "INSERT INTO audit_logs(id,actor_id,actor_role,action_type,"
                           "resource_type,resource_id,details) VALUES(tern_id(),?1,'PATIENT',"
                           "'DOSE_TAKEN','dose_events',?2,NULL)")};

    read_due(life, due, 2 * PAIRS * rounds);
    for (size_t round = 0; round < rounds; round++) {
        double bare_us = 0;

        record_round(life, &bare, &due[2 * PAIRS * round], &calls[round], &bare_us);
        ratios[round] = calls[round] / bare_us;
    }
    tern_statement_free(bare.dose);
    tern_statement_free(bare.action);
    free(due);
    bench_figure("dose_record_us", bench_median(calls, rounds), "us");
    bench_figure("dose_record_x", bench_median(ratios, rounds), "x");
}

/* ---- Reading ---- */

static bool count_dose(void *context, const tern_dose *dose)
{
    *(size_t *)context += dose->grace_minutes > 0;
    return true;
}

static void list(struct life *life)
{
    tern_statement *dates =
        bench_tern_prepare(life->replica,
                           "SELECT DISTINCT local_date FROM dose_events ORDER BY 1 DESC");
    double times[LIST_DAYS];
    size_t days = 0;
    tern_error engine = {0};
    tern_care_error error;
    bool row = true;

    while (days < LIST_DAYS && row) {
        char date[11] = "";
        size_t doses = 0;
        double begin;

        bench_ok(tern_statement_step(dates, &row, &engine), &engine, "dates");
        if (!row) {
            break;
        }
        memcpy(date, tern_statement_value(dates, 0).data, sizeof(date) - 1);
        begin = bench_seconds();
        bench_ok(tern_dose_list(life->care, NULL, date, count_dose, &doses, &error),
                 &error.error,
                 "list");
        times[days++] = (bench_seconds() - begin) * 1e6;
        bench_check(doses == PER_DAY, "a day has other doses");
    }
    tern_statement_free(dates);
    bench_figure("day_list_us", bench_median(times, days), "us");
}

static bool count_sum(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->scheduled;
    return true;
}

/* The slowest of the reads there are: in all, by day, by time of the day, by medication; of all
 * medications, and of one. */
static void adhere(struct life *life)
{
    tern_id medication;
    double slowest = 0;
    char first[11] = "";
    tern_statement *day =
        bench_tern_prepare(life->replica,
                           "SELECT date('now','+7 hours','-364 days'),(SELECT id FROM medications "
                           "LIMIT 1)");
    tern_error engine = {0};
    bool row = false;

    bench_ok(tern_statement_step(day, &row, &engine), &engine, "a year ago");
    memcpy(first, tern_statement_value(day, 0).data, sizeof(first) - 1);
    memcpy(&medication, tern_statement_value(day, 1).data, sizeof(medication));
    tern_statement_free(day);
    for (int i = 0; i < 8; i++) {
        const tern_adherence_query query = {.size = sizeof(query),
                                            .first_date = first,
                                            .medication = i < 4 ? NULL : &medication,
                                            .by = (tern_adherence_by)(i % 4)};
        double times[BENCH_ROUNDS_MAX];
        tern_care_error error;

        for (size_t round = 0; round <= bench_settings.rounds; round++) {
            const double begin = bench_seconds();
            int64_t scheduled = 0;

            bench_ok(tern_adherence_read(life->care, &query, count_sum, &scheduled, NULL, &error),
                     &error.error,
                     "adherence");
            bench_check(scheduled > 0, "nothing was scheduled");
            if (round > 0) { /* the first one makes the sums */
                times[round - 1] = (bench_seconds() - begin) * 1e6;
            }
        }
        times[0] = bench_median(times, bench_settings.rounds);
        bench_note("adherence of a year, by %d%s: %.0f us",
                   i % 4,
                   i < 4 ? "" : " of one medication",
                   times[0]);
        slowest = times[0] > slowest ? times[0] : slowest;
    }
    bench_figure("adherence_year_us", slowest, "us");
}

/* ---- Scheduling ---- */

/* 30 days of MEDICATIONS for new patients, one a round, beside the doses of the window. */
static void schedule(struct life *life)
{
    double times[BENCH_ROUNDS_MAX];
    uint64_t seed = 5;

    for (size_t round = 0; round < bench_settings.rounds; round++) {
        tern_schedule_report report = {0};
        tern_care_error error;
        tern_id patient;
        double begin;

        bench_random_id(&seed, &patient);
        make_patient(life, &patient, "2026-01-01");
        begin = bench_seconds();
        bench_ok(tern_schedule_generate(life->care, &patient, &report, &error),
                 &error.error,
                 "schedule");
        times[round] = (bench_seconds() - begin) * 1e3;
        bench_check(report.made > (TERN_SCHEDULE_DAYS - 2) * PER_DAY, "doses were not made");
    }
    bench_figure("schedule_30d_ms", bench_median(times, bench_settings.rounds), "ms");
}

void bench_medication(void)
{
    struct life life;

    open_life(&life, bench_size(100000, 12000));
    adhere(&life);
    list(&life);
    record(&life);
    close_life(&life);
    open_life(&life, WINDOW_DAYS * PER_DAY);
    schedule(&life);
    close_life(&life);
}
