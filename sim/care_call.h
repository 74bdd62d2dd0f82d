/*
 * What the files of the care calls share: one call with its arguments, what an app keeps beside a
 * device, what a world remembers of acts, and the looks into files.
 */
#ifndef TERN_SIM_CARE_CALL_H
#define TERN_SIM_CARE_CALL_H

#include "sim/care.h"
#include "sim/write.h"
#include "tern/medication/adherence.h"
#include "tern/medication/prescription.h"
#include "tern/medication/reminder.h"
#include "tern/medication/settings.h"

enum { CARE_LINE = 240, CARE_OUTCOME = 300 };

/* A notification that the app has set. */
struct care_rung {
    tern_id dose;
    tern_id medication;
    int64_t scheduled_us;
    int64_t grace_us;
    int64_t rings_us; /* first, by the machine's wall clock */
};

/* What a file holds, as it was taken last: what goes by no time of a call, and what goes by which
 * doses have passed. */
struct care_still {
    bool is_taken;
    int64_t version; /* of the file then */
    struct trn_bytes versions;
    struct trn_bytes rows;
    struct trn_bytes records;
    struct trn_bytes guessed;
    bool is_timed;
    int64_t now_us;
    struct trn_bytes counted;
    struct trn_bytes passed;
};

/* A form that the app has open: a prescription as it was when it was shown. */
struct care_form {
    tern_id prescription;
    int32_t version;
};

enum { CARE_FORMS = 8 };

struct sim_care {
    tern_care *handle;
    struct care_form forms[CARE_FORMS];
    unsigned form_next;
    struct care_still still;
    tern_id reminded; /* whose reminders the app has set */
    int64_t cursor;   /* of these */
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

/* An edit, a pause, an end or an activation, which was made or may have been. */
struct care_turn {
    tern_id prescription;
    int device;
    int64_t at_us; /* by the device's clock */
    bool activates;
    bool ceases; /* a pause or an end: a row of prescription_turns */
};

/* A dose without a record that had passed, and counted, as a device changed its prescription. */
struct care_kept {
    tern_id dose;
    tern_id prescription;
    int device;
    int64_t at_us; /* of the change */
    int64_t heard; /* turns of before it passed that the device knew */
};

struct sim_book {
    struct care_turn *turns;
    size_t turn_count;
    size_t turn_room;
    struct care_kept *kept;
    size_t kept_count;
    size_t kept_room;
    struct care_act *acts;
    size_t act_count;
    size_t act_room;
    bool blurred; /* files were copied or put back, or entries tried again: no order of acts is told
                   */
    bool put_back; /* a file was copied or put back */
    int64_t seen;  /* the server's last number when it was last looked at */
    struct trn_bytes versions;
    struct trn_bytes rows;
    struct trn_bytes records;
};

struct care_call;

struct sim_book *care_book(struct sim_world *world);
void care_book_add(struct sim_world *world, const struct care_act *act);
/* Of a call that changed a prescription, or may have: the doses that it must not hide. */
void care_book_keep(struct care_call *call, const struct trn_bytes *passed);

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
/* The same by the device's own connection, between its transactions: it has the pages at hand. */
struct trn_bytes care_rows_warm(struct care_call *call, const char *sql);

/* ---- Doses: care_dose.c ---- */

bool care_prepare_take(struct care_call *call);
bool care_prepare_skip(struct care_call *call);
bool care_prepare_undo(struct care_call *call);
bool care_prepare_prn(struct care_call *call);
bool care_prepare_times(struct care_call *call);
tern_status care_run_take(struct care_call *call);
tern_status care_run_skip(struct care_call *call);
tern_status care_run_undo(struct care_call *call);
tern_status care_run_prn(struct care_call *call);
tern_status care_run_times(struct care_call *call);
tern_status care_run_generate(struct care_call *call);
tern_status care_run_missed(struct care_call *call);

/* ---- Prescriptions: care_prescribe.c ---- */

bool care_prepare_create(struct care_call *call);
bool care_prepare_edit(struct care_call *call);
bool care_prepare_status(struct care_call *call);
tern_status care_run_create(struct care_call *call);
tern_status care_run_edit(struct care_call *call);
tern_status care_run_status(struct care_call *call);

/* The prescription that the event names, or one that the statement lists. */
bool care_find_prescription(struct care_call *call, const char *sql);
/* Whether the patient has as many as these lives give them. */
bool care_is_prescribed_full(struct care_call *call);
/* Names the medications of the subject by their row: "<label>-1", "<label>-2", ... */
void care_label_medicines(struct care_call *call, const char *label);
/* The app shows the subject as that version; an edit may be written from there. */
void care_form_keep(struct care_call *call, int32_t version);

/* ---- Taken up again: care_retake.c; looked at: care_access.c ---- */

bool care_prepare_retake(struct care_call *call);
tern_status care_run_retake(struct care_call *call);
/* The subject is the patient; the action is there where a row is due. */
bool care_prepare_access(struct care_call *call);
tern_status care_run_access(struct care_call *call);

/* ---- Reads: care_read.c ---- */

bool care_prepare_read(struct care_call *call);
tern_status care_run_list(struct care_call *call);
tern_status care_run_adherence(struct care_call *call);
tern_status care_run_rebuild(struct care_call *call);
tern_status care_run_reminders(struct care_call *call);

/* Lines of a read, written while memory of the device's may be short. */
struct care_lines {
    char *text; /* NULL: none */
    size_t size;
};

void care_line(struct care_lines *lines, const char *line);
/* What was read must be what the statement finds. */
void care_compare(struct care_call *call,
                  const char *check,
                  const char *what,
                  const struct care_lines *read,
                  const char *sql);

/* ---- What stands on the shelf: care_shelf.c ---- */

/* The subject is a prescription of the patient's, or a dose. */
bool care_prepare_shelf(struct care_call *call);
bool care_prepare_dose(struct care_call *call);
tern_status care_run_prescriptions(struct care_call *call);
tern_status care_run_shelf(struct care_call *call);
tern_status care_run_medications(struct care_call *call);
tern_status care_run_preferences(struct care_call *call);
tern_status care_run_dose(struct care_call *call);

/* ---- What people are told of: care_told.c ---- */

/* The subject is the device's user. */
bool care_prepare_told(struct care_call *call);
tern_status care_run_alerts(struct care_call *call);
tern_status care_run_inbox(struct care_call *call);
tern_status care_run_heed(struct care_call *call);
tern_status care_run_audit(struct care_call *call);
tern_status care_run_quota(struct care_call *call);
/* Of a call that went well or was refused: whether there was room for what it wrote. */
void care_judge_quota(struct care_call *call, int64_t used, int64_t allowed, tern_status status);
/* What the device's user has used and may, by the files. */
void care_quota(struct care_call *call, int64_t *ret_used, int64_t *ret_allowed);
/* ---- What holds of a call: care_judge.c ---- */

struct care_view {
    int64_t version; /* of the file */
    struct trn_bytes versions;
    struct trn_bytes rows;
    struct trn_bytes records;
    struct trn_bytes guessed; /* what is stored as missed */
    struct trn_bytes counted;
    struct trn_bytes passed;
    struct trn_bytes missed; /* of the subject, a prescription */
    int64_t settled;         /* days under which a dose was recorded, of what names no start */
    int64_t actions;
};

void care_view_take(struct care_call *call, struct care_view *ret_view);
void care_view_free(struct care_view *view);
void care_still_forget(struct care_still *kept);
/* After the call, whose device is alive. */
void care_judge(struct care_call *call, const struct care_view *before, tern_status status);
/* The first line of `left` that the sorted lines of `right` do not have, but for those of the row
 * `but`; NULL for none. A static buffer. */
const char *
care_lost(const struct trn_bytes *left, const struct trn_bytes *right, const tern_id *but);

/* What a prescription yields, of dose_events d, medications m and prescriptions p: of the regimens
 * that these lives have (slots, every 2 days, once a week, weekdays, times of the day, every 6
 * hours), written once more. */
#define CARE_DATES(of, date)                                                                       \
    " AND d.local_date>=" CARE_BEGIN(of, date) CARE_UNTIL(date("end_date"))                        \
        CARE_LASTS(CARE_BEGIN(of, date), of("duration"))                                           \
            CARE_EVERY(CARE_BEGIN(of, date), of("frequency"))
/* Of what names no start, the first day on which it was put in force and a dose recorded, else the
 * first; of what an edit added, its own. */
#define CARE_BEGIN(of, date)                                                                       \
    "max(coalesce(" date("start_date") ",b.begins_on),coalesce(" of("starts_on") ",''))"
#define CARE_BEGINNINGS                                                                            \
    "(SELECT prescription_id AS begun,substr(min((is_taken=0)||begins_on),2) AS begins_on FROM "   \
    "prescription_beginnings GROUP BY 1)"
#define CARE_BEGUN " LEFT JOIN " CARE_BEGINNINGS " b ON b.begun=p.id"
#define CARE_BEGINS_ON "(SELECT begins_on FROM " CARE_BEGINNINGS " WHERE begun=p.id)"
#define CARE_UNTIL(end) " AND (" end " IS NULL OR d.local_date<=" end ")"
#define CARE_LASTS(start, days)                                                                    \
    " AND (" days " IS NULL OR julianday(d.local_date)-julianday(" start ")<" days ")"
#define CARE_EVERY(start, frequency)                                                               \
    " AND CASE " frequency " WHEN 'every 2 days' THEN " CARE_DAYS(                                 \
        start) "%2=0 WHEN "                                                                        \
               "'once a week' THEN " CARE_DAYS(start) "%7=0 ELSE 1 END"
#define CARE_DAYS(start) "CAST(julianday(d.local_date)-julianday(" start ") AS INTEGER)"
#define CARE_TIMED(timing)                                                                         \
    " AND (" timing " IS NULL OR instr(" timing ",':')>0 OR instr(" timing                         \
    ",substr('sunmontuewedthufrisat',1+3*strftime('%w',d.local_date),3))>0)"
#define CARE_SLOTTED(morning, daytime, night, timing, frequency, start, first)                     \
    " AND CASE d.slot WHEN 'MORNING' THEN " morning " IS NOT NULL OR (coalesce(" daytime "," night \
    ") IS NULL AND coalesce(" frequency ",'')='once a week') WHEN 'DAYTIME' THEN " daytime         \
    " IS NOT NULL WHEN 'NIGHT' THEN " night " IS NOT NULL ELSE coalesce(" morning "," daytime      \
    "," night ") IS NULL AND (instr(coalesce(" timing                                              \
    ",''),d.slot)>0 OR " CARE_HOURLY(frequency, start, first) ") END"
/* Six hours apart, from the morning meal of when it was prescribed on. */
#define CARE_HOURLY(frequency, start, first)                                                       \
    "(coalesce(" frequency ",'')='every 6 hours' AND length(d.slot)=5 AND max(1440*" CARE_DAYS(    \
        start) "+60*substr(d.slot,1,2)+substr(d.slot,4,2)-coalesce(" first ",420),-1)%360=0)"
#define CARE_DOSED(of, date)                                                                       \
    CARE_TIMED(of("timing"))                                                                       \
    CARE_SLOTTED(of("morning_dosage"),                                                             \
                 of("daytime_dosage"),                                                             \
                 of("night_dosage"),                                                               \
                 of("timing"),                                                                     \
                 of("frequency"),                                                                  \
                 CARE_BEGIN(of, date),                                                             \
                 of("first_minute"))
#define CARE_STANDS(active, live, prn) active " AND p.deleted_at IS NULL AND " live " AND " prn "=0"
#define CARE_YIELDS_OF(active, live, of, date)                                                     \
    "(" CARE_STANDS(active, live, of("is_prn")) CARE_DATES(of, date) CARE_DOSED(of, date) ")"
#define CARE_NOW(column) "m." column
#define CARE_NOW_DATE(column) "p." column
#define CARE_YIELDS                                                                                \
    CARE_YIELDS_OF("p.status='ACTIVE'", "m.deleted_at IS NULL", CARE_NOW, CARE_NOW_DATE)
/* The same of the moment at which its grace ended: by the turns around it, and the snapshot s of
 * the version w that was in force. */
#define CARE_ENDS "(d.scheduled_time+d.grace_minutes*60000000)"
#define CARE_OLD "o.old"
#define CARE_THEN(column) "iif(" CARE_OLD ",s." column ",m." column ")"
#define CARE_THEN_DATE(column) "iif(" CARE_OLD ",s." column ",p." column ")"
/* The last turn until then, else the opposite of the first; behind all of them the status. */
#define CARE_TURN "r.turned_at*2+r.begins"
#define CARE_ACTIVE                                                                                \
    "(SELECT iif(coalesce(max(r.turned_at)<=" CARE_ENDS ",1),p.status='ACTIVE',coalesce("          \
    "max(iif(r.turned_at<=" CARE_ENDS "," CARE_TURN ",NULL))%2,1-min(" CARE_TURN                   \
    ")%2)) FROM prescription_turns r WHERE r.prescription_id=p.id)"
#define CARE_YIELDED                                                                               \
    CARE_YIELDS_OF(CARE_ACTIVE,                                                                    \
                   "iif(" CARE_OLD ",s.medication IS NOT NULL,m.deleted_at IS NULL)",              \
                   CARE_THEN,                                                                      \
                   CARE_THEN_DATE)
#define CARE_DOSES                                                                                 \
    " FROM dose_events d JOIN medications m ON m.id=d.medication_id"                               \
    " JOIN prescriptions p ON p.id=d.prescription_id" CARE_BEGUN                                   \
    " LEFT JOIN prescription_versions w ON w.prescription_id=p.id AND w.version_number=coalesce("  \
    "(SELECT max(x.version_number) FROM prescription_versions x WHERE x.prescription_id=p.id AND " \
    "x.created_at<=" CARE_ENDS "),(SELECT min(x.version_number) FROM prescription_versions x "     \
    "WHERE x.prescription_id=p.id)) LEFT JOIN (SELECT v.id AS version," CARE_PART(                 \
        "id") " AS medication" CARE_SAID("start_date") CARE_SAID("end_date") CARE_SAID("duration") \
        CARE_SAID("is_prn") CARE_SAID("frequency") CARE_SAID("timing") CARE_SAID("starts_on")      \
            CARE_SAID("first_minute") CARE_SAID("morning_dosage") CARE_SAID("daytime_dosage")      \
                CARE_SAID("night_dosage") " FROM prescription_versions v JOIN "                    \
                                          "json_each(v.medications_snapshot) j) s ON "             \
                                          "s.version=w.id AND s.medication=lower(hex(m.id)) "      \
                                          "LEFT JOIN (SELECT 1 AS old) o ON "                      \
                                          "w.version_number<p.current_version"
/* Each snapshot is taken apart once in a statement, and not once for each dose: that took a fifth
 * of a life. */
#define CARE_PART(id) "replace(j.value->>'" id "','-','')"
#define CARE_SAID(column) ",j.value->>'" column "' AS " column
#define CARE_PASSED "(" CARE_ENDS "<?2)"
/* Nobody said what became of it: a stored guess is no more than what is read of a plan. */
#define CARE_UNSAID "(d.status='DUE' OR (d.status='MISSED' AND d.flags IS 'INFERRED'))"
#define CARE_STATUS "iif(" CARE_UNSAID ",iif(" CARE_PASSED ",'MISSED','DUE'),d.status)"
/* The turns of before it passed. */
#define CARE_TURNS_BEFORE                                                                          \
    "(SELECT count(*) FROM prescription_turns r WHERE r.prescription_id=d.prescription_id AND "    \
    "r.turned_at<=" CARE_ENDS ")"
/* What counts for adherence by now, and stays so whatever is prescribed later. */
#define CARE_COUNTS                                                                                \
    "(NOT " CARE_UNSAID " OR (" CARE_PASSED                                                        \
    " AND ((d.flags='UNDONE' AND d.slot NOT LIKE '__:__:__') OR " CARE_YIELDED ")))"
/* What the day's list shows, as a format and what is put into it: one text would be longer than
 * compilers must take. */
#define CARE_SHOWN "(%s OR (NOT " CARE_PASSED " AND %s))"
#define CARE_SHOWN_PARTS CARE_COUNTS, CARE_YIELDS
#define CARE_RECORDED "('TAKEN_ON_TIME','TAKEN_LATE','SKIPPED')"

#endif
