/*
 * What holds of every call: one that fails has changed nothing, history only grows, no guess
 * touches a record, and an act leaves the one audit row that it has to.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "sim/care_call.h"
#include "sim/look.h"

static size_t line_size(const char *at)
{
    const char *end = strchr(at, '\n');

    return end != NULL ? (size_t)(end + 1 - at) : strlen(at);
}

static int by_id(const void *left, const void *right)
{
    return strncmp(*(const char *const *)left, *(const char *const *)right, 32);
}

static void copy(struct trn_bytes *to, const void *data, size_t size)
{
    if (size > 0 && trn_bytes_append(to, data, size) != TERN_OK) {
        abort();
    }
}

/* Rows in the order of their ids, with which each begins: SQLite would take longer, as it would
 * walk along the index. */
static struct trn_bytes sorted_rows(struct care_call *call, const char *sql)
{
    struct trn_bytes rows = care_rows_warm(call, sql);
    struct trn_bytes sorted = {0};
    const char **lines;
    size_t count = 0;

    for (const char *at = trn_bytes_text(&rows); *at != '\0'; at += line_size(at)) {
        count++;
    }
    lines = malloc((count + 1) * sizeof *lines);
    if (lines == NULL) {
        abort();
    }
    lines[0] = trn_bytes_text(&rows);
    for (size_t i = 1; i < count; i++) {
        lines[i] = lines[i - 1] + line_size(lines[i - 1]);
    }
    qsort((void *)lines, count, sizeof *lines, by_id);
    for (size_t i = 0; i < count; i++) {
        copy(&sorted, lines[i], line_size(lines[i]));
    }
    free((void *)lines);
    trn_bytes_free(&rows);
    return sorted;
}

static int64_t version_of(struct care_call *call)
{
    sqlite3 *db = sim_look(call->world, call->device->index);
    int64_t version = sim_look_number(call->world, db, "PRAGMA data_version", 0);

    sim_look_away(call->world, call->device->index);
    return version;
}

static int64_t count_all_actions(struct care_call *call)
{
    sqlite3 *db = sim_look_warm(call->world, call->device->index);
    int64_t count = sim_look_number(call->world, db, "SELECT count(*) FROM audit_logs", 0);

    sim_look_away(call->world, call->device->index);
    return count;
}

void care_still_forget(struct care_still *kept)
{
    trn_bytes_free(&kept->versions);
    trn_bytes_free(&kept->rows);
    trn_bytes_free(&kept->records);
    trn_bytes_free(&kept->guessed);
    trn_bytes_free(&kept->counted);
    trn_bytes_free(&kept->passed);
    kept->is_taken = false;
    kept->is_timed = false;
}

static void keep(struct care_call *call, int64_t version)
{
    struct care_still *kept = &call->state->still;

    if (kept->is_taken && kept->version == version) {
        return;
    }
    care_still_forget(kept);
    kept->versions = sorted_rows(call,
                                 "SELECT id,prescription_id,version_number,author_id,change_reason,"
                                 "medications_snapshot FROM prescription_versions");
    kept->rows = sorted_rows(call,
                             "SELECT id,medication_id,local_date,slot,prescription_id,patient_id "
                             "FROM dose_events UNION ALL SELECT id,prescription_id,0,0,0,0 FROM "
                             "medications UNION ALL SELECT id,patient_id,0,0,0,0 FROM "
                             "prescriptions");
    kept->records = sorted_rows(
        call,
        "SELECT id,status,taken_at,skip_reason,was_offline,flags,scheduled_time,"
        "time_period,reminder_time,grace_minutes FROM dose_events WHERE status IN " CARE_RECORDED);
    kept->guessed = sorted_rows(call, "SELECT id FROM dose_events WHERE status='MISSED'");
    kept->version = version;
    kept->is_taken = true;
}

/* Whether some dose came, or its grace ended, between then and now. */
static bool has_passed_since(struct care_call *call, int64_t then_us)
{
    struct sim_world *world = call->world;
    sqlite3 *db = sim_look_warm(world, call->device->index);
    sqlite3_stmt *stmt = sim_look_prepare(
        world,
        db,
        "SELECT 1 FROM dose_events d WHERE d.scheduled_time BETWEEN ?1 AND ?2 OR " CARE_ENDS
        " BETWEEN ?1 AND ?2 LIMIT 1");
    bool passed = true;

    if (stmt != NULL) {
        (void)sqlite3_bind_int64(stmt, 1, then_us < call->now_us ? then_us : call->now_us);
        (void)sqlite3_bind_int64(stmt, 2, then_us < call->now_us ? call->now_us : then_us);
        passed = sqlite3_step(stmt) != SQLITE_DONE;
        (void)sqlite3_reset(stmt);
    }
    sim_look_away(world, call->device->index);
    return passed;
}

/* The doses that count, each with its prescription and whether it has passed without a record;
 * and those that have come. */
static void keep_time(struct care_call *call)
{
    struct care_still *kept = &call->state->still;
    char sql[6000];

    if (kept->is_timed && !has_passed_since(call, kept->now_us)) {
        return;
    }
    trn_bytes_free(&kept->counted);
    trn_bytes_free(&kept->passed);
    (void)snprintf(
        sql,
        sizeof sql,
        "SELECT d.id,d.prescription_id,d.status IN ('DUE','MISSED') AND " CARE_PASSED CARE_DOSES
        " WHERE %s",
        CARE_COUNTS);
    kept->counted = sorted_rows(call, sql);
    kept->passed = sorted_rows(call,
                               "SELECT id,scheduled_time,grace_minutes FROM dose_events WHERE "
                               "scheduled_time<=?2");
    kept->now_us = call->now_us;
    kept->is_timed = true;
}

/* The doses that count; and of the subject, a prescription, those without a record that have
 * passed. */
static void take_counted(struct care_call *call, struct care_view *view)
{
    char subject[33];

    trn_hex_encode(call->subject.bytes, sizeof call->subject.bytes, subject);
    for (const char *at = trn_bytes_text(&call->state->still.counted); *at != '\0';
         at += line_size(at)) {
        copy(&view->counted, at, 32);
        copy(&view->counted, "\n", 1);
        if (at[66] == '1' && strncmp(at + 33, subject, 32) == 0) {
            copy(&view->missed, at, 32);
            copy(&view->missed, "\n", 1);
        }
    }
}

static int64_t number_of(struct care_call *call, const char *sql)
{
    struct trn_bytes count = care_rows(call, sql);
    int64_t number = strtoll(trn_bytes_text(&count), NULL, 10);

    trn_bytes_free(&count);
    return number;
}

void care_view_take(struct care_call *call, struct care_view *ret_view)
{
    const struct care_still *kept = &call->state->still;

    *ret_view = (struct care_view){.version = version_of(call)};
    keep(call, ret_view->version);
    keep_time(call);
    copy(&ret_view->versions, kept->versions.data, kept->versions.size);
    copy(&ret_view->rows, kept->rows.data, kept->rows.size);
    copy(&ret_view->records, kept->records.data, kept->records.size);
    copy(&ret_view->guessed, kept->guessed.data, kept->guessed.size);
    ret_view->actions = count_all_actions(call);
    if (call->kind == CARE_ACT) {
        ret_view->settled =
            number_of(call, "SELECT count(*) FROM prescription_beginnings WHERE is_taken");
    }
    take_counted(call, ret_view);
    copy(&ret_view->passed, kept->passed.data, kept->passed.size);
}

void care_view_free(struct care_view *view)
{
    trn_bytes_free(&view->versions);
    trn_bytes_free(&view->rows);
    trn_bytes_free(&view->records);
    trn_bytes_free(&view->guessed);
    trn_bytes_free(&view->counted);
    trn_bytes_free(&view->passed);
    trn_bytes_free(&view->missed);
}

const char *
care_lost(const struct trn_bytes *left, const struct trn_bytes *right, const tern_id *but)
{
    static char line[CARE_LINE];
    const char *here = trn_bytes_text(left);
    const char *there = trn_bytes_text(right);
    char id[33] = "";

    if (but != NULL) {
        trn_hex_encode(but->bytes, sizeof but->bytes, id);
    }
    while (*here != '\0') {
        size_t size = line_size(here);

        while (*there != '\0' && strncmp(there, here, 32) < 0) {
            there += line_size(there);
        }
        if ((but == NULL || strncmp(here, id, 32) != 0) &&
            (line_size(there) != size || memcmp(here, there, size) != 0)) {
            (void)snprintf(line, sizeof line, "%.*s", (int)(size < 200 ? size - 1 : 200), here);
            return line;
        }
        here += size;
    }
    return NULL;
}

static void must_hold(struct care_call *call,
                      const char *check,
                      const char *what,
                      const struct trn_bytes *before,
                      const struct trn_bytes *after,
                      const tern_id *but)
{
    const char *line = care_lost(before, after, but);

    if (line != NULL) {
        sim_fail(call->world, check, "%s: %s %s: %s", call->device->name, call->name, what, line);
    }
}

/* Whether this record was the first of what two put in force, and not under the day that stood:
 * what had passed under that one counts no more. */
static bool moves_beginning(struct care_call *call,
                            const struct care_view *before,
                            const struct care_view *after)
{
    return after->settled > before->settled &&
           number_of(call,
                     "SELECT min(iif(b.is_taken,b.begins_on,NULL))>min(iif(b.is_taken,NULL,"
                     "b.begins_on)) FROM dose_events d JOIN prescription_beginnings b ON "
                     "b.prescription_id=d.prescription_id WHERE d.id=?3") > 0;
}

static void
judge_grown(struct care_call *call, const struct care_view *before, const struct care_view *after)
{
    const tern_id *own = call->kind == CARE_ACT ? &call->subject : NULL;
    bool undo = strcmp(call->name, "undo") == 0;

    must_hold(call, "past", "changed a version", &before->versions, &after->versions, NULL);
    must_hold(call, "past", "took away a row", &before->rows, &after->rows, NULL);
    must_hold(call, "records", "touched what is recorded", &before->records, &after->records, own);
    if (!moves_beginning(call, before, after)) {
        must_hold(call,
                  "past",
                  "hides a dose that counted",
                  &before->counted,
                  &after->counted,
                  undo ? own : NULL);
    }
    must_hold(call, "past", "moved what has passed", &before->passed, &after->passed, NULL);
    /* A restored server may have lost the activation by which doses were made. */
    if (call->kind == CARE_CHANGE && strcmp(call->name, "settings") != 0 &&
        !care_book(call->world)->put_back) {
        must_hold(call,
                  "past",
                  "makes count what did not when it passed",
                  &after->counted,
                  &before->counted,
                  NULL);
    }
}

static int64_t count_actions(struct care_call *call, const char *action)
{
    char sql[300];

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT count(*) FROM audit_logs WHERE resource_id=?3 AND action_type='%s'",
                   action);
    return number_of(call, sql);
}

static void judge_action(struct care_call *call, int64_t before, int64_t after)
{
    int64_t due = call->action != NULL ? 1 : 0;

    if (after - before != due || (call->action != NULL && call->action[0] != '\0' &&
                                  count_actions(call, call->action) == 0)) {
        sim_fail(call->world,
                 "audit rows",
                 "%s: %s left %lld audit rows, not %lld (%s)",
                 call->device->name,
                 call->name,
                 (long long)(after - before),
                 (long long)due,
                 call->action != NULL ? call->action : "none");
    }
}

/* A guess is right by what it could know. */
static void judge_guess(struct care_call *call, const struct care_view *before)
{
    struct trn_bytes early = care_rows(call,
                                       "SELECT id FROM dose_events WHERE status='MISSED' AND "
                                       "scheduled_time+grace_minutes*60000000>=?2 ORDER BY 1");
    struct trn_bytes strange =
        care_rows(call,
                  "SELECT id FROM dose_events GROUP BY medication_id,local_date,slot HAVING "
                  "count(*)>1");

    if (early.size > 0 && care_lost(&early, &before->guessed, NULL) != NULL) {
        sim_fail(call->world,
                 "windows of doses",
                 "%s: %s calls a dose missed before its grace has passed: %.32s",
                 call->device->name,
                 call->name,
                 care_lost(&early, &before->guessed, NULL));
    }
    if (strange.size > 0) {
        sim_fail(call->world,
                 "one row",
                 "%s: %s made a second row of a dose: %.32s",
                 call->device->name,
                 call->name,
                 trn_bytes_text(&strange));
    }
    trn_bytes_free(&early);
    trn_bytes_free(&strange);
}

/* On time or late is told by when it was taken; what is taken as needed is on time whenever. */
static void judge_windows(struct care_call *call)
{
    struct trn_bytes wrong =
        care_rows(call,
                  "SELECT id,status,taken_at-scheduled_time,flags FROM dose_events WHERE id=?3 AND "
                  "iif(length(slot)=8,status<>'TAKEN_ON_TIME',"
                  "(status='TAKEN_ON_TIME')<>(taken_at<=scheduled_time+grace_minutes*60000000) "
                  "OR (flags IS NULL AND (taken_at<scheduled_time-grace_minutes*60000000 OR "
                  "taken_at>scheduled_time+86400000000)))");

    if (wrong.size > 0) {
        sim_fail(call->world,
                 "windows of doses",
                 "%s: %s stored %.120s",
                 call->device->name,
                 call->name,
                 trn_bytes_text(&wrong));
    }
    trn_bytes_free(&wrong);
}

#define OTHER_DAY "SELECT 1 FROM prescription_beginnings o WHERE o.prescription_id=p.id AND "
/* The first record of what names no start says under which day it counted: the only one, or else
 * one under which it is a dose at all. */
static void judge_beginning(struct care_call *call)
{
    struct trn_bytes unsaid =
        care_rows(call,
                  "SELECT p.id FROM dose_events d JOIN medications m ON m.id=d.medication_id JOIN "
                  "prescriptions p ON p.id=d.prescription_id JOIN prescription_beginnings b ON "
                  "b.prescription_id=p.id WHERE d.id=?3 AND p.start_date IS NULL AND d.slot NOT "
                  "LIKE '__:__:__' AND NOT EXISTS(" OTHER_DAY
                  "o.is_taken) AND (" CARE_YIELDS_OF("1",
                                                     "1",
                                                     CARE_NOW,
                                                     CARE_NOW_DATE) " OR NOT EXISTS(" OTHER_DAY
                                                                    "o.id<>b.id)) LIMIT 1");

    if (unsaid.size > 0) {
        sim_fail(call->world,
                 "beginnings",
                 "%s: %s does not say under which day it counted: %.32s",
                 call->device->name,
                 call->name,
                 trn_bytes_text(&unsaid));
    }
    trn_bytes_free(&unsaid);
}

static void judge_success(struct care_call *call, const struct care_view *before)
{
    struct care_view after;

    care_view_take(call, &after);
    if (call->kind == CARE_READ && (care_lost(&after.records, &before->records, NULL) != NULL ||
                                    care_lost(&after.rows, &before->rows, NULL) != NULL)) {
        sim_fail(call->world, "records", "%s: %s wrote", call->device->name, call->name);
    }
    judge_grown(call, before, &after);
    judge_action(call, before->actions, after.actions);
    if (call->kind == CARE_GUESS) {
        judge_guess(call, before);
    }
    if (strcmp(call->name, "take") == 0) {
        judge_windows(call);
    }
    if (strcmp(call->name, "take") == 0 || strcmp(call->name, "skip") == 0) {
        judge_beginning(call);
    }
    care_view_free(&after);
}

/* A dose with a record is not recorded again, and one without is not undone. */
static void judge_recorded(struct care_call *call, const struct care_view *before, bool done)
{
    bool undo = strcmp(call->name, "undo") == 0;
    char id[33];
    bool was;

    trn_hex_encode(call->subject.bytes, sizeof call->subject.bytes, id);
    was = strstr(trn_bytes_text(&before->records), id) != NULL;
    if (strcmp(call->name, "prn") != 0 && (done ? was != undo : false)) {
        sim_fail(call->world,
                 "records",
                 "%s: %s of a dose that is %s",
                 call->device->name,
                 call->name,
                 was ? "recorded" : "not recorded");
    }
}

void care_judge(struct care_call *call, const struct care_view *before, tern_status status)
{
    bool changed = version_of(call) != before->version;

    if (call->kind == CARE_ACT) {
        judge_recorded(call, before, status == TERN_OK);
    }
    if (status != TERN_OK && changed && call->error.problem != TERN_PROBLEM_NONE &&
        call->kind != CARE_READ) {
        sim_fail(call->world,
                 "unchanged",
                 "%s: %s failed with %s, and changed the file",
                 call->device->name,
                 call->name,
                 tern_problem_code(call->error.problem));
    }
    if (status == TERN_OK && (changed || call->action != NULL)) {
        judge_success(call, before);
    } else if (changed) {
        struct care_view after;

        care_view_take(call, &after);
        judge_grown(call, before, &after);
        if (after.actions != before->actions) {
            sim_fail(call->world,
                     "unchanged",
                     "%s: %s failed, and left an audit row",
                     call->device->name,
                     call->name);
        }
        care_view_free(&after);
    }
}
