/*
 * What an app shows of prescriptions, medications and settings, one dose by its id, and sums that
 * are made anew. Each beside what SQL of our own finds in the file at that moment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "sim/care_call.h"
#include "sim/care_zones.h"
#include "sim/memory.h"

enum { TEXT_MAX = 400, LINE_MAX = 2600 };

/* A line of cells, spelled as the looks spell them. */
struct line {
    char text[LINE_MAX];
    size_t size;
};

static void put_text(struct line *line, const char *text, size_t size)
{
    if (line->size > 0) {
        line->text[line->size++] = '|';
    }
    size = size < TEXT_MAX ? size : TEXT_MAX;
    if (line->size + size + 3 < sizeof line->text) {
        memcpy(line->text + line->size, text, size);
        line->size += size;
    }
}

static void put_number(struct line *line, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    put_text(line, text, strlen(text));
}

static void put_id(struct line *line, const tern_id *id)
{
    char hex[33];

    trn_hex_encode(id->bytes, sizeof id->bytes, hex);
    put_text(line, hex, 32);
}

static void put_value(struct line *line, tern_value value)
{
    if (value.kind == TERN_NULL) {
        put_text(line, "null", 4);
    } else {
        put_text(line, (const char *)value.data, value.size);
    }
}

static void end_line(struct line *line, struct care_lines *lines)
{
    line->text[line->size++] = '\n';
    line->text[line->size] = '\0';
    care_line(lines, line->text);
}

/* ---- Prescriptions ---- */

static void put_prescription(struct line *line, const tern_prescription_row *row)
{
    static const char *const statuses[] = {"DRAFT", "ACTIVE", "PAUSED", "INACTIVE"};

    put_id(line, &row->id);
    put_id(line, &row->patient);
    put_id(line, &row->doctor);
    put_value(line, row->patient_name);
    put_value(line, row->start_date);
    put_value(line, row->begins_on);
    put_value(line, row->end_date);
    put_text(line, statuses[row->status], strlen(statuses[row->status]));
    put_number(line, row->is_urgent);
    put_value(line, row->urgent_reason);
    put_number(line, row->created_us);
    put_number(line, row->version);
    put_number(line, row->version_us);
    put_id(line, &row->author);
    put_value(line, row->change_reason);
    put_number(line, row->medication_count);
}

#define NIL "zeroblob(16)"
#define PRESCRIPTION                                                                               \
    "p.id,p.patient_id,coalesce(p.doctor_id," NIL "),p.patient_name,"                              \
    "p.start_date,coalesce(p.start_date," CARE_BEGINS_ON "),p.end_date,"                           \
    "p.status,p.is_urgent,p.urgent_reason,p.created_at,p.current_version,"                         \
    "coalesce((SELECT created_at " OF_VERSION "),0),coalesce((SELECT author_id " OF_VERSION        \
    ")," NIL "),(SELECT change_reason " OF_VERSION "),(SELECT count(*) FROM medications c WHERE "  \
    "c.prescription_id=p.id AND c.deleted_at IS NULL)"
#define OF_VERSION                                                                                 \
    "FROM prescription_versions v WHERE v.prescription_id=p.id AND v.version_number="              \
    "p.current_version AND v.deleted_at IS NULL"

static bool note_prescription(void *context, const tern_prescription_row *row)
{
    struct line line = {.size = 0};

    put_prescription(&line, row);
    end_line(&line, context);
    return true;
}

tern_status care_run_prescriptions(struct care_call *call)
{
    const unsigned statuses = call->by_dice ? care_roll(call, 16) : 0;
    struct care_lines lines = {NULL, 0};
    char sql[2400];
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_list(call->state->handle,
                                                         &call->patient,
                                                         statuses,
                                                         note_prescription,
                                                         &lines,
                                                         &call->error));

    if (status == TERN_OK) {
        (void)snprintf(sql,
                       sizeof sql,
                       "SELECT " PRESCRIPTION " FROM prescriptions p WHERE p.patient_id=?1 AND "
                       "p.deleted_at IS NULL AND p.status IN ('-'%s%s%s%s) ORDER BY p.created_at "
                       "DESC,p.id DESC",
                       statuses == 0 || (statuses & 1) != 0 ? ",'DRAFT'" : "",
                       statuses == 0 || (statuses & 2) != 0 ? ",'ACTIVE'" : "",
                       statuses == 0 || (statuses & 4) != 0 ? ",'PAUSED'" : "",
                       statuses == 0 || (statuses & 8) != 0 ? ",'INACTIVE'" : "");
        care_compare(call, "shelf", "the list of prescriptions", &lines, sql);
    }
    free(lines.text);
    return status;
}

/* ---- Medications ---- */

static void put_medication(struct line *line, const tern_medication *medication)
{
    put_id(line, &medication->id);
    put_id(line, &medication->prescription);
    put_number(line, medication->row_number);
    put_value(line, medication->name);
    put_value(line, medication->frequency);
    put_value(line, medication->timing);
    put_number(line, medication->duration_days);
    put_number(line, medication->is_prn);
}

static void put_state(struct line *line, const tern_medication *medication)
{
    static const char *const states[] =
        {"SCHEDULED", "PRN", "WORDS", "TIMELESS", "TO_COME", "OVER", "INACTIVE", "SNAPSHOT"};

    put_value(line, medication->morning_dosage);
    put_value(line, medication->daytime_dosage);
    put_value(line, medication->night_dosage);
    put_value(line, medication->prn_times);
    put_text(line, states[medication->state], strlen(states[medication->state]));
}

#define MEDICATION                                                                                 \
    "m.id,m.prescription_id,m.row_number,m.medicine_name,m.frequency,m.timing,"                    \
    "coalesce(m.duration,0),m.is_prn,m.morning_dosage,m.daytime_dosage,m.night_dosage,"            \
    "m.prn_times,"
#define BEGINS CARE_BEGIN(CARE_NOW, CARE_NOW_DATE)
/* The state by today, thrice %s; these lives' words all make a schedule. */
#define STATE                                                                                      \
    "CASE WHEN p.status<>'ACTIVE' THEN 'INACTIVE' WHEN m.is_prn THEN 'PRN' WHEN "                  \
    "p.end_date<'%s' OR (m.duration>0 AND date(" BEGINS ",'+'||(m.duration-1)||' days')<"          \
    "'%s') THEN 'OVER' WHEN " BEGINS ">'%s' THEN 'TO_COME' ELSE 'SCHEDULED' END"

static bool note_medication(void *context, const tern_medication *medication)
{
    struct line line = {.size = 0};

    put_medication(&line, medication);
    put_state(&line, medication);
    end_line(&line, context);
    return true;
}

tern_status care_run_medications(struct care_call *call)
{
    struct care_lines lines = {NULL, 0};
    char today[11];
    char sql[2400];
    tern_status status = SIM_CALL(call->device->index,
                                  tern_medication_list(call->state->handle,
                                                       &call->patient,
                                                       0,
                                                       note_medication,
                                                       &lines,
                                                       &call->error));

    if (status == TERN_OK) {
        sim_zones_date(call->zone, call->now_us, 0, today);
        (void)snprintf(
            sql,
            sizeof sql,
            "SELECT " MEDICATION STATE
            " FROM medications m JOIN prescriptions p ON p.id=m.prescription_id" CARE_BEGUN
            " WHERE "
            "p.patient_id=?1 AND p.status='ACTIVE' AND p.deleted_at IS NULL AND "
            "m.deleted_at IS NULL ORDER BY p.created_at,p.id,m.row_number,m.id",
            today,
            today,
            today);
        care_compare(call, "shelf", "the list of medications", &lines, sql);
    }
    free(lines.text);
    return status;
}

/* ---- One prescription ---- */

struct parts {
    struct care_lines lines;
    int32_t version;
    bool is_bare; /* there is no medication */
};

static bool
note_part(void *context, const tern_prescription_row *row, const tern_medication *medication)
{
    struct parts *parts = context;
    struct line line = {.size = 0};

    put_prescription(&line, row);
    parts->version = row->version;
    parts->is_bare = medication == NULL;
    if (medication != NULL) {
        put_medication(&line, medication);
        put_state(&line, medication);
    }
    end_line(&line, &parts->lines);
    return true;
}

bool care_prepare_shelf(struct care_call *call)
{
    return care_pick(call,
                     "SELECT id FROM prescriptions WHERE patient_id=?1 ORDER BY id LIMIT 12",
                     &call->subject);
}

static tern_status read_one(struct care_call *call)
{
    struct parts parts = {.is_bare = false};
    char today[11];
    char sql[4000];
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_read(call->state->handle,
                                                         &call->subject,
                                                         note_part,
                                                         &parts,
                                                         &call->error));

    sim_zones_date(call->zone, call->now_us, 0, today);
    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT " PRESCRIPTION "," MEDICATION STATE
                   " FROM medications m JOIN prescriptions p ON p.id=m.prescription_id" CARE_BEGUN
                   " WHERE "
                   "p.id=?3 AND p.deleted_at IS NULL AND m.deleted_at IS NULL ORDER BY "
                   "m.row_number,m.id",
                   today,
                   today,
                   today);
    if (!parts.is_bare &&
        (status == TERN_OK || call->error.problem == TERN_PROBLEM_NO_PRESCRIPTION)) {
        care_compare(call, "shelf", "a prescription", &parts.lines, sql);
    }
    if (status == TERN_OK) {
        care_form_keep(call, parts.version);
    }
    free(parts.lines.text);
    return status;
}

/* ---- Its versions ---- */

static bool note_version(void *context, const tern_prescription_version *version)
{
    struct line line = {.size = 0};

    put_id(&line, &version->id);
    put_number(&line, version->version);
    put_id(&line, &version->author);
    put_value(&line, version->reason);
    put_number(&line, version->created_us);
    put_number(&line, version->is_current);
    end_line(&line, context);
    return true;
}

static tern_status read_versions(struct care_call *call)
{
    struct care_lines lines = {NULL, 0};
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_versions(call->state->handle,
                                                             &call->subject,
                                                             note_version,
                                                             &lines,
                                                             &call->error));

    if (status == TERN_OK || call->error.problem == TERN_PROBLEM_NO_PRESCRIPTION) {
        care_compare(call,
                     "shelf",
                     "the versions of a prescription",
                     &lines,
                     "SELECT v.id,v.version_number,coalesce(v.author_id," NIL
                     "),v.change_reason,v.created_at,v.version_number=p.current_version FROM "
                     "prescription_versions v JOIN prescriptions p ON p.id=v.prescription_id WHERE "
                     "p.id=?3 AND p.deleted_at IS NULL AND v.deleted_at IS NULL ORDER BY 2");
    }
    free(lines.text);
    return status;
}

static bool note_snapshot(void *context, const tern_medication *medication)
{
    struct line line = {.size = 0};

    put_medication(&line, medication);
    end_line(&line, context);
    return true;
}

static tern_status read_snapshot(struct care_call *call)
{
    const int32_t version = 1 + (int32_t)care_roll(call, 4);
    struct care_lines lines = {NULL, 0};
    char sql[1200];
    tern_status status = SIM_CALL(call->device->index,
                                  tern_prescription_snapshot(call->state->handle,
                                                             &call->subject,
                                                             version,
                                                             note_snapshot,
                                                             &lines,
                                                             &call->error));

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT replace(s.value->>'id','-',''),v.prescription_id,s.value->>'row_number',"
                   "s.value->>'medicine_name',s.value->>'frequency',s.value->>'timing',"
                   "coalesce(s.value->>'duration',0),s.value->>'is_prn' FROM "
                   "prescription_versions v JOIN json_each(v.medications_snapshot) s WHERE "
                   "v.prescription_id=?3 AND v.version_number=%d AND v.deleted_at IS NULL",
                   (int)version);
    if (status == TERN_OK || call->error.problem == TERN_PROBLEM_NO_VERSION) {
        care_compare(call, "shelf", "the snapshot of a version", &lines, sql);
    }
    free(lines.text);
    return status;
}

tern_status care_run_shelf(struct care_call *call)
{
    switch (care_roll(call, 3)) {
    case 0:
        return read_one(call);
    case 1:
        return read_versions(call);
    default:
        return read_snapshot(call);
    }
}

/* ---- Settings ---- */

/* The minute of a meal as these lives write it; -1: none of theirs. */
static int meal_minute(const char *text, int preset)
{
    static const struct {
        const char *text;
        int minute;
    } meals[] = {{"06:30", 390},
                 {"6-7AM", 390},
                 {"7:45", 465},
                 {"11-1PM", 720},
                 {"12:15", 735},
                 {"7PM", 1140},
                 {"18:00", 1080},
                 {"23:45", 1425}};

    for (size_t i = 0; i < sizeof meals / sizeof *meals; i++) {
        if (strcmp(meals[i].text, text) == 0) {
            return meals[i].minute;
        }
    }
    return strcmp(text, "null") == 0 ? preset : -1;
}

static void settings_due(struct care_call *call, struct line *line)
{
    static const int presets[] = {420, 720, 1080};
    struct trn_bytes user =
        care_rows(call,
                  "SELECT language,theme,grace_period_minutes,time_zone FROM users WHERE id=?3");
    struct trn_bytes row = care_rows(call,
                                     "SELECT morning_meal,afternoon_meal,night_meal FROM "
                                     "meal_time_preferences WHERE user_id=?3 AND deleted_at IS "
                                     "NULL");
    char texts[3][24] = {"null", "null", "null"};

    put_text(line, trn_bytes_text(&user), strcspn(trn_bytes_text(&user), "\n"));
    (void)sscanf(trn_bytes_text(&row), "%23[^|]|%23[^|]|%23[^\n]", texts[0], texts[1], texts[2]);
    for (int i = 0; i < 3; i++) {
        put_number(line, meal_minute(texts[i], presets[i]));
    }
    trn_bytes_free(&user);
    trn_bytes_free(&row);
}

tern_status care_run_preferences(struct care_call *call)
{
    tern_settings settings = {.size = sizeof settings};
    struct line read = {.size = 0};
    struct line due = {.size = 0};
    tern_status status = SIM_CALL(call->device->index,
                                  tern_settings_read(call->state->handle, &settings, &call->error));

    if (status != TERN_OK) {
        return status;
    }
    put_text(&read,
             settings.language == TERN_ENGLISH ? "ENGLISH" : "KHMER",
             settings.language == TERN_ENGLISH ? 7 : 5);
    put_text(&read,
             settings.theme == TERN_THEME_DARK ? "DARK" : "LIGHT",
             settings.theme == TERN_THEME_DARK ? 4 : 5);
    put_number(&read, settings.grace_minutes);
    put_text(&read, settings.time_zone, strlen(settings.time_zone));
    for (int i = 0; i < 3; i++) {
        put_number(&read, settings.meal_minutes[i]);
    }
    settings_due(call, &due);
    if (strstr(due.text, "-1") == NULL && strcmp(read.text, due.text) != 0) {
        sim_fail(call->world,
                 "shelf",
                 "%s: the settings read %.200s where the rows say %.200s",
                 call->device->name,
                 read.text,
                 due.text);
    }
    return status;
}

/* ---- One dose ---- */

bool care_prepare_dose(struct care_call *call)
{
    return care_pick(call,
                     "SELECT id FROM dose_events WHERE patient_id=?1 AND scheduled_time BETWEEN "
                     "?2-259200000000 AND ?2+86400000000 ORDER BY id LIMIT 40",
                     &call->subject);
}

static bool note_dose(void *context, const tern_dose *dose)
{
    static const char *const names[] = {"DUE", "TAKEN_ON_TIME", "TAKEN_LATE", "MISSED", "SKIPPED"};
    struct line line = {.size = 0};

    put_id(&line, &dose->id);
    put_text(&line, names[dose->status], strlen(names[dose->status]));
    put_value(&line, dose->slot);
    end_line(&line, context);
    return true;
}

tern_status care_run_dose(struct care_call *call)
{
    struct care_lines lines = {NULL, 0};
    char sql[12000];
    tern_status status = SIM_CALL(
        call->device->index,
        tern_dose_read(call->state->handle, &call->subject, note_dose, &lines, &call->error));

    (void)snprintf(sql,
                   sizeof sql,
                   "SELECT d.id," CARE_STATUS ",d.slot" CARE_DOSES
                   " WHERE d.id=?3 AND d.deleted_at IS NULL AND " CARE_SHOWN,
                   CARE_SHOWN_PARTS);
    if (status == TERN_OK || call->error.problem == TERN_PROBLEM_NO_DOSE) {
        care_compare(call, "day", "a dose by its id", &lines, sql);
    }
    free(lines.text);
    return status;
}
