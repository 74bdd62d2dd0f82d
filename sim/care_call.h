/*
 * What the files of the care calls share: one call with its arguments, what an app keeps beside a
 * device, what a world remembers of acts, and the looks into files.
 */
#ifndef TERN_SIM_CARE_CALL_H
#define TERN_SIM_CARE_CALL_H

#include "sim/care.h"
#include "sim/play.h"
#include "tern/medication/adherence.h"
#include "tern/medication/prescription.h"
#include "tern/medication/reminder.h"
#include "tern/medication/settings.h"

enum { CARE_LINE = 240, CARE_OUTCOME = 300 };

/* A notification that the app has set. */
struct care_rung {
    tern_id dose;
    int64_t scheduled_us;
    int64_t grace_us;
};

struct sim_care {
    tern_care *handle;
    int64_t cursor; /* of reminders */
    struct care_rung *rungs;
    size_t rung_count;
    size_t rung_room;
};

/* What a person recorded, or took back. */
struct care_act {
    tern_id dose;
    tern_id tx;
    int device;
    bool undo;
    bool sure; /* its call returned well */
    char outcome[CARE_OUTCOME];
};

struct sim_book {
    struct care_act *acts;
    size_t act_count;
    size_t act_room;
    bool blurred; /* files were copied or put back, or entries tried again: no order of acts is told
                   */
    int64_t seen; /* the server's last number when it was last looked at */
    struct trn_bytes versions;
    struct trn_bytes rows;
    struct trn_bytes records;
};

struct sim_book *care_book(struct sim_world *world);
void care_book_add(struct sim_world *world, const struct care_act *act);

enum care_kind { CARE_READ, CARE_ACT, CARE_CHANGE, CARE_GUESS };

struct care_call {
    struct sim_world *world;
    struct sim_device *device;
    struct sim_care *state;
    json_t *event;
    const char *name;
    enum care_kind kind;
    bool by_dice;
    struct sim_dice dice;
    tern_care_error error;
    tern_id patient;
    char zone[65];
    int64_t now_us;     /* the device's stamp clock */
    tern_id subject;    /* the dose, prescription or medication that it is about */
    const char *action; /* the audit row that it leaves; NULL: none */
};

const char *care_text(const struct care_call *call, const char *key);
int64_t care_number(const struct care_call *call, const char *key, int64_t none);
bool care_flag(const struct care_call *call, const char *key);
bool care_chance(struct care_call *call, unsigned percent);
unsigned care_roll(struct care_call *call, unsigned below);
/* One of the ids that a statement lists of the patient (?1), now (?2) and the subject (?3), by
 * dice. */
bool care_pick(struct care_call *call, const char *sql, tern_id *ret_id);
/* The rows of a statement with the same parameters. */
struct trn_bytes care_rows(struct care_call *call, const char *sql);

/* ---- Prescriptions: care_prescribe.c ---- */

bool care_prepare_create(struct care_call *call);
bool care_prepare_edit(struct care_call *call);
bool care_prepare_status(struct care_call *call);
tern_status care_run_create(struct care_call *call);
tern_status care_run_edit(struct care_call *call);
tern_status care_run_status(struct care_call *call);

/* ---- Reads: care_read.c ---- */

bool care_prepare_read(struct care_call *call);
tern_status care_run_list(struct care_call *call);
tern_status care_run_adherence(struct care_call *call);
tern_status care_run_reminders(struct care_call *call);

/* ---- What holds of a call: care_judge.c ---- */

struct care_view {
    int64_t version; /* of the file */
    struct trn_bytes versions;
    struct trn_bytes rows;
    struct trn_bytes records;
    struct trn_bytes counted;
    struct trn_bytes passed;
    int64_t actions;
};

void care_view_take(struct care_call *call, struct care_view *ret_view);
void care_view_free(struct care_view *view);
/* After the call, whose device is alive. */
void care_judge(struct care_call *call, const struct care_view *before, tern_status status);
/* The first line of `left` that the sorted lines of `right` do not have, but for those of the row
 * `but`; NULL for none. A static buffer. */
const char *
care_lost(const struct trn_bytes *left, const struct trn_bytes *right, const tern_id *but);

/* What a prescription yields, of dose_events d, medications m and prescriptions p: of the regimens
 * that these lives have (slots, every 2 days, weekdays, times of the day), written once more. */
#define CARE_YIELDS                                                                                \
    "(p.status='ACTIVE' AND p.deleted_at IS NULL AND m.deleted_at IS NULL AND m.is_prn=0"          \
    " AND d.local_date>=p.start_date AND (p.end_date IS NULL OR d.local_date<=p.end_date)"         \
    " AND (m.duration IS NULL OR julianday(d.local_date)-julianday(p.start_date)<m.duration)"      \
    " AND (m.frequency IS NULL"                                                                    \
    " OR CAST(julianday(d.local_date)-julianday(p.start_date) AS INTEGER)%2=0)"                    \
    " AND (m.timing IS NULL OR instr(m.timing,':')>0"                                              \
    " OR instr(m.timing,substr('sunmontuewedthufrisat',1+3*strftime('%w',d.local_date),3))>0)"     \
    " AND CASE d.slot WHEN 'MORNING' THEN m.morning_dosage IS NOT NULL"                            \
    " WHEN 'DAYTIME' THEN m.daytime_dosage IS NOT NULL"                                            \
    " WHEN 'NIGHT' THEN m.night_dosage IS NOT NULL"                                                \
    " ELSE coalesce(m.morning_dosage,m.daytime_dosage,m.night_dosage) IS NULL"                     \
    " AND instr(coalesce(m.timing,''),d.slot)>0 END)"
#define CARE_DOSES                                                                                 \
    " FROM dose_events d JOIN medications m ON m.id=d.medication_id"                               \
    " JOIN prescriptions p ON p.id=d.prescription_id"
#define CARE_PASSED "(d.scheduled_time+d.grace_minutes*60000000<?2)"
/* What counts for adherence by now, and stays so whatever is prescribed later. */
#define CARE_COUNTS                                                                                \
    "(d.status<>'DUE' OR (" CARE_PASSED " AND ((d.flags='UNDONE' AND d.slot NOT LIKE '__:__:__')"  \
    " OR " CARE_YIELDS ")))"
#define CARE_RECORDED "('TAKEN_ON_TIME','TAKEN_LATE','SKIPPED')"

#endif
