/* Reads, each beside what SQL of our own finds in the file at that moment. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/uuid.h"
#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/memory.h"
#include "sim/room.h"

void care_line(struct care_lines *lines, const char *line)
{
    size_t size = strlen(line);
    char *grown;

    sim_memory_suspend();
    grown = realloc(lines->text, lines->size + size + 1);
    if (grown == NULL) {
        abort();
    }
    memcpy(grown + lines->size, line, size + 1);
    lines->text = grown;
    lines->size += size;
    sim_memory_resume();
}

void care_compare(struct care_call *call,
                  const char *check,
                  const char *what,
                  const struct care_lines *read,
                  const char *sql)
{
    struct trn_bytes due = care_rows(call, sql);
    const char *text = read->text != NULL ? read->text : "";

    if (strcmp(text, trn_bytes_text(&due)) != 0) {
        size_t at = 0;

        while (text[at] != '\0' && text[at] == trn_bytes_text(&due)[at]) {
            at++;
        }
        while (at > 0 && text[at - 1] != '\n') {
            at--;
        }
        sim_fail(call->world,
                 check,
                 "%s: %s reads %.100s where the rows say %.100s",
                 call->device->name,
                 what,
                 text + at,
                 trn_bytes_text(&due) + at);
    }
    trn_bytes_free(&due);
}

bool care_prepare_read(struct care_call *call)
{
    const char *date = care_text(call, "date");

    (void)date;
    return true;
}

/* ---- The day's list ---- */

static bool note_dose(void *context, const tern_dose *dose)
{
    static const char *const names[] = {"DUE", "TAKEN_ON_TIME", "TAKEN_LATE", "MISSED", "SKIPPED"};
    char id[33];
    char line[CARE_LINE];

    trn_hex_encode(dose->id.bytes, sizeof dose->id.bytes, id);
    (void)snprintf(line, sizeof line, "%s|%s\n", id, names[dose->status]);
    care_line(context, line);
    return true;
}

tern_status care_run_list(struct care_call *call)
{
    struct care_lines lines = {NULL, 0};
    char date[11];
    char sql[12000];
    tern_status status;

    sim_zones_date(call->zone, call->now_us, call->by_dice ? (int)care_roll(call, 6) - 4 : 0, date);
    if (care_text(call, "date") != NULL) {
        (void)snprintf(date, sizeof date, "%s", care_text(call, "date"));
    }
    status = SIM_CALL(
        call->device->index,
        tern_dose_list(call->state->handle, &call->patient, date, note_dose, &lines, &call->error));
    if (status == TERN_OK) {
        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT d.id," CARE_STATUS CARE_DOSES " WHERE d.patient_id=?1 AND "
                       "d.local_date='%s' AND d.deleted_at IS NULL AND " CARE_SHOWN
                       " ORDER BY d.scheduled_time,d.id",
                       date,
                       CARE_SHOWN_PARTS);
        care_compare(call, "day", "the list of a day", &lines, sql);
    }
    free(lines.text);
    return status;
}

/* ---- Adherence ---- */

struct sums {
    struct care_lines lines;
    tern_adherence_by by;
};

static bool note_sum(void *context, const tern_adherence *sum)
{
    struct sums *sums = context;
    char key[40] = "";
    char line[CARE_LINE];

    if (sums->by == TERN_ADHERENCE_MEDICATION) {
        trn_hex_encode(sum->medication.bytes, sizeof sum->medication.bytes, key);
    } else {
        (void)snprintf(key,
                       sizeof key,
                       "%s",
                       sums->by == TERN_ADHERENCE_DAY ? sum->local_date
                       : sums->by == TERN_ADHERENCE_PERIOD
                           ? sum->period == TERN_PERIOD_NIGHT ? "NIGHT" : "DAYTIME"
                           : "all");
    }
    (void)snprintf(line,
                   sizeof line,
                   "%s|%lld|%lld|%lld|%lld\n",
                   key,
                   (long long)sum->on_time,
                   (long long)sum->late,
                   (long long)sum->skipped,
                   (long long)sum->missed);
    care_line(&sums->lines, line);
    return true;
}

static void compare_sums(struct care_call *call, const struct sums *sums, const char *today)
{
    static const char *const keys[] = {"'all'", "d.local_date", "d.time_period", "d.medication_id"};
    char sql[12000];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT %s,coalesce(sum(d.status='TAKEN_ON_TIME'),0),"
                   "coalesce(sum(d.status='TAKEN_LATE'),0),coalesce(sum(d.status='SKIPPED'),0),"
                   "coalesce(sum(d.status IN ('MISSED','DUE')),0)" CARE_DOSES
                   " WHERE d.patient_id=?1 AND d.deleted_at IS NULL AND d.slot NOT LIKE '__:__:__'"
                   " AND d.local_date BETWEEN date('%s','-29 days') AND '%s' AND %s%s",
                   keys[sums->by],
                   today,
                   today,
                   CARE_COUNTS,
                   sums->by == TERN_ADHERENCE_ALL ? "" : " GROUP BY 1 ORDER BY 1");
    care_compare(call, "adherence", "adherence", &sums->lines, sql);
}

/* Whether all rows of the days asked for are here. */
static bool has_rows(struct care_call *call)
{
    int64_t reach_us = INT64_MAX;

    return tern_replica_read_reach(call->device->replica, "dose_events", &reach_us, NULL) ==
               TERN_OK &&
           (reach_us == INT64_MAX || reach_us < call->now_us - 33 * INT64_C(86400000000));
}

tern_status care_run_adherence(struct care_call *call)
{
    tern_adherence_query query = {.size = sizeof query, .patient = &call->patient};
    struct sums sums = {.by = TERN_ADHERENCE_ALL};
    bool is_whole = false;
    char today[11];
    tern_status status;

    sums.by = call->by_dice ? (tern_adherence_by)care_roll(call, 4)
                            : (tern_adherence_by)care_number(call, "by", TERN_ADHERENCE_DAY);
    query.by = sums.by;
    sim_zones_date(call->zone, call->now_us, 0, today);
    status = SIM_CALL(
        call->device->index,
        tern_adherence_read(call->state->handle, &query, note_sum, &sums, &is_whole, &call->error));
    if (status == TERN_OK && is_whole && has_rows(call)) {
        compare_sums(call, &sums, today);
    }
    free(sums.lines.text);
    return status;
}

/* Sums by all that they are asked by, and whether all of their rows are here. */
static tern_status read_all(struct care_call *call, struct care_lines *lines, bool *ret_is_whole)
{
    tern_adherence_query query = {.size = sizeof query, .patient = &call->patient};
    struct sums sums = {.by = TERN_ADHERENCE_ALL};
    tern_status status = TERN_OK;

    *ret_is_whole = has_rows(call);
    for (int by = TERN_ADHERENCE_ALL; by <= (int)TERN_ADHERENCE_MEDICATION; by++) {
        bool is_whole = false;

        query.by = (tern_adherence_by)by;
        sums.by = query.by;
        status = status == TERN_OK ? SIM_CALL(call->device->index,
                                              tern_adherence_read(call->state->handle,
                                                                  &query,
                                                                  note_sum,
                                                                  &sums,
                                                                  &is_whole,
                                                                  &call->error))
                                   : status;
        *ret_is_whole = *ret_is_whole && is_whole;
    }
    *lines = sums.lines;
    return status;
}

/* Sums made anew are those that stood there. */
tern_status care_run_rebuild(struct care_call *call)
{
    struct care_lines before = {NULL, 0};
    struct care_lines after = {NULL, 0};
    bool was_whole = false;
    bool is_whole = false;
    tern_status status = read_all(call, &before, &was_whole);

    if (status == TERN_OK) {
        status = SIM_CALL(call->device->index,
                          tern_adherence_rebuild(call->state->handle, &call->error));
    }
    if (status == TERN_OK) {
        status = read_all(call, &after, &is_whole);
    }
    if (status == TERN_OK && was_whole && is_whole &&
        (before.size != after.size || memcmp(before.text, after.text, after.size) != 0)) {
        sim_fail(call->world,
                 "rebuilt",
                 "%s: sums made anew are %.200s and were %.200s",
                 call->device->name,
                 after.text,
                 before.text);
    }
    free(before.text);
    free(after.text);
    return status;
}

/* ---- Reminders ---- */

struct changes {
    struct care_rung *rungs;
    size_t count;
    size_t room;
};

enum { DUE_MAX = 4000, DUE_LINE = 100, RINGS_OFF_US = 30 * 1000000 };

struct due {
    char lines[DUE_MAX][DUE_LINE];
    size_t count;
};

static void put_rung(struct changes *set, const struct care_rung *rung)
{
    for (size_t i = 0; i < set->count; i++) {
        if (trn_id_equal(&set->rungs[i].dose, &rung->dose)) {
            set->rungs[i] = *rung;
            return;
        }
    }
    set->rungs = sim_room(set->rungs, set->count, &set->room, sizeof *set->rungs);
    set->rungs[set->count++] = *rung;
}

static bool note_reminder(void *context, const tern_reminder *reminder)
{
    struct changes *changes = context;
    struct care_rung rung = {.dose = reminder->dose,
                             .medication = reminder->medication,
                             .scheduled_us = reminder->scheduled_us,
                             .grace_us =
                                 reminder->is_cancelled
                                     ? -1
                                     : reminder->at_us[TERN_REMINDER_REPEATS] - reminder->at_us[0],
                             .rings_us = reminder->at_us[0]};

    sim_memory_suspend();
    put_rung(changes, &rung);
    sim_memory_resume();
    return true;
}

/* The app cancels what it is told to, and forgets what has rung out. */
static void sweep(struct changes *set, int64_t now_us)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct care_rung rung = set->rungs[i];

        if (rung.grace_us >= 0 && rung.scheduled_us + rung.grace_us >= now_us) {
            set->rungs[kept++] = rung;
        }
    }
    set->count = kept;
}

/* What rings at a moment: a dose, or a time that the patient has set. */
static void put_line(struct due *due, int64_t at_us, int64_t grace, const char *who)
{
    if (due->count < DUE_MAX) {
        (void)snprintf(due->lines[due->count++],
                       DUE_LINE,
                       "%020lld|%lld|%.66s\n",
                       (long long)at_us,
                       (long long)grace,
                       who);
    }
}

static int by_line(const void *left, const void *right)
{
    return strcmp(left, right);
}

/* The first hundred; of those at the last moment it is the names that decide, which are not looked
 * at of times that were set. */
static void cut(struct due *due)
{
    if (due->count > 0) {
        qsort(due->lines, due->count, sizeof due->lines[0], by_line);
    }
    if (due->count >= 100) {
        char last[21];

        (void)snprintf(last, sizeof last, "%.20s", due->lines[99]);
        due->count = 100;
        while (due->count > 0 && strncmp(due->lines[due->count - 1], last, 20) == 0) {
            due->count--;
        }
    }
}

static void add_due_doses(struct care_call *call, struct due *due)
{
    struct trn_bytes rows =
        care_rows(call,
                  "SELECT d.scheduled_time,d.grace_minutes,d.id" CARE_DOSES
                  " WHERE d.patient_id=?1 AND d.deleted_at IS NULL AND " CARE_UNSAID
                  " AND d.scheduled_time+d.grace_minutes*60000000>=?2 AND " CARE_YIELDS
                  " ORDER BY d.scheduled_time,d.id LIMIT 120");

    for (const char *at = trn_bytes_text(&rows); *at != '\0'; at += strcspn(at, "\n") + 1) {
        long long scheduled_us = 0;
        long long grace = 0;
        char id[33] = "";

        if (sscanf(at, "%lld|%lld|%32[0-9a-f]", &scheduled_us, &grace, id) == 3) {
            put_line(due, scheduled_us, grace, id);
        }
    }
    trn_bytes_free(&rows);
}

#define BEGINS CARE_BEGIN(CARE_NOW, CARE_NOW_DATE)

/* Each time of each day from today on, as long as the medicine is prescribed. */
static void add_set_times(struct care_call *call, struct due *due)
{
    char sql[1200];
    char today[11];
    struct trn_bytes rows;

    sim_zones_date(call->zone, call->now_us, 0, today);
    (void)snprintf(
        sql,
        sizeof sql,
        "WITH RECURSIVE day(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM day WHERE n<29) "
        "SELECT date('%s','+'||n||' days')||' '||j.value,m.id FROM day,prescriptions p "
        "JOIN medications m ON m.prescription_id=p.id JOIN json_each(m.prn_times) j" CARE_BEGUN
        " WHERE p.patient_id=?1 AND p.status='ACTIVE' AND p.deleted_at IS NULL AND "
        "m.is_prn AND m.deleted_at IS NULL AND date('%s','+'||n||' days')>=" BEGINS
        " AND (p.end_date IS NULL OR date('%s','+'||n||' days')<=p.end_date) AND "
        "(m.duration IS NULL OR julianday('%s')+n-"
        "julianday(" BEGINS ")<m.duration)",
        today,
        today,
        today,
        today);
    rows = care_rows(call, sql);
    for (const char *at = trn_bytes_text(&rows); *at != '\0'; at += strcspn(at, "\n") + 1) {
        tern_local_time local = {0};
        int64_t utc_us = 0;
        char id[33] = "";

        if (sscanf(at,
                   "%d-%d-%d %d:%d|%32[0-9a-f]",
                   &local.year,
                   &local.month,
                   &local.day,
                   &local.hour,
                   &local.minute,
                   id) == 6 &&
            tern_zone_to_utc(&sim_zones, call->zone, &local, &utc_us, NULL, NULL) == TERN_OK &&
            utc_us >= call->now_us) {
            put_line(due, utc_us, 0, id);
        }
    }
    trn_bytes_free(&rows);
}

static void add_rungs(const struct changes *set, struct due *due)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct care_rung *rung = &set->rungs[i];
        const tern_id *who = rung->grace_us == 0 ? &rung->medication : &rung->dose;
        char id[33];

        trn_hex_encode(who->bytes, sizeof who->bytes, id);
        put_line(due, rung->scheduled_us, rung->grace_us / 60000000, id);
    }
}

static void compare_reminders(struct care_call *call, const struct changes *set)
{
    static struct due said;
    static struct due due;
    size_t at = 0;

    said.count = 0;
    due.count = 0;
    add_rungs(set, &said);
    add_due_doses(call, &due);
    add_set_times(call, &due);
    cut(&said);
    cut(&due);
    while (at < said.count && at < due.count && strcmp(said.lines[at], due.lines[at]) == 0) {
        at++;
    }
    if (at < said.count || at < due.count) {
        sim_fail(call->world,
                 "reminders",
                 "%s: the set of reminders has %.90s where the rows say %.90s",
                 call->device->name,
                 at < said.count ? said.lines[at] : "no more",
                 at < due.count ? due.lines[at] : "no more");
    }
}

/* At its true time as far as the device knows it, whatever its wall clock shows: to half a minute.
 */
static void check_rings(struct care_call *call, const struct changes *set)
{
    int64_t ahead_us = call->world->now_us + call->device->clock_off_us - call->now_us;

    for (size_t i = 0; i < set->count; i++) {
        const struct care_rung *rung = &set->rungs[i];
        int64_t off_us = rung->rings_us - rung->scheduled_us - ahead_us;

        if (off_us < -RINGS_OFF_US || off_us > RINGS_OFF_US) {
            sim_fail(call->world,
                     "reminders",
                     "%s: what is due at %lld rings %lld s off",
                     call->device->name,
                     (long long)rung->scheduled_us,
                     (long long)(off_us / 1000000));
            return;
        }
    }
}

/* An app obeys as it is told, also where the call fails in the end; it has the platform's
 * notifications still where its file was put back to a copy. */
tern_status care_run_reminders(struct care_call *call)
{
    struct sim_care *state = call->state;
    struct changes told = {NULL, 0, 0};
    struct changes set = {state->rungs, state->rung_count, state->rung_room};
    bool anew = care_flag(call, "anew") || (call->by_dice && care_chance(call, 10));
    bool is_own = trn_id_equal(&state->reminded, &call->patient);
    int64_t cursor = anew || !is_own ? 0 : state->cursor;
    bool is_all = false;
    tern_status status = SIM_CALL(call->device->index,
                                  tern_reminders_read(state->handle,
                                                      &call->patient,
                                                      &cursor,
                                                      note_reminder,
                                                      &told,
                                                      &is_all,
                                                      &call->error));

    set.count = is_all || !is_own ? 0 : set.count;
    for (size_t i = 0; i < told.count; i++) {
        put_rung(&set, &told.rungs[i]);
    }
    sweep(&set, call->now_us);
    if (status == TERN_OK) {
        compare_reminders(call, &set);
        check_rings(call, &set);
    }
    state->reminded = call->patient;
    state->cursor = cursor;
    state->rungs = set.rungs;
    state->rung_count = set.count;
    state->rung_room = set.room;
    free(told.rungs);
    return status;
}
