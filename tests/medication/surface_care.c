/* Calls about doses, prescriptions and medications that nobody should make. */
#include "tests/medication/surface.h"

static tern_care_error error;
static tern_id unsent; /* nothing is put there */

static bool no_dose(void *context, const tern_dose *dose)
{
    (void)context;
    (void)dose;
    fail_msg("a dose is told");
    return false;
}

static bool no_medication(void *context, const tern_medication *row)
{
    (void)context;
    (void)row;
    fail_msg("a medication is told");
    return false;
}

static bool no_prescription(void *context, const tern_prescription_row *row)
{
    (void)context;
    (void)row;
    fail_msg("a prescription is told");
    return false;
}

static bool
no_part(void *context, const tern_prescription_row *row, const tern_medication *medicine)
{
    (void)medicine;
    return no_prescription(context, row);
}

static bool no_version(void *context, const tern_prescription_version *version)
{
    (void)context;
    (void)version;
    fail_msg("a version is told");
    return false;
}

static bool
no_refused(void *context, const tern_refused_version *version, const tern_medication *of)
{
    (void)context;
    (void)version;
    (void)of;
    fail_msg("a refused version is told");
    return false;
}

/* ---- Doses ---- */

static void try_takes(void)
{
    tern_dose_act act = {.size = 1};

    BAD(tern_dose_take, MISUSE, NONE, (NULL, &given.due, NULL, NULL, &error));
    BAD(tern_dose_take, MISUSE, NONE, (care, NULL, NULL, NULL, &error));
    BAD(tern_dose_take, MISUSE, NONE, (care, &given.due, &act, NULL, &error));
    BAD(tern_dose_take, NOT_FOUND, NO_DOSE, (care, &given.nobody, NULL, NULL, &error));
    BAD(tern_dose_take, NOT_FOUND, NO_DOSE, (care, &given.medication, NULL, NULL, &error));
    BAD(tern_dose_take, EXISTS, RECORDED, (care, &given.taken, NULL, NULL, &error));
    BAD(tern_dose_take, RANGE, TOO_EARLY, (care, &given.due, NULL, NULL, &error));
    BAD(tern_dose_take_prn, MISUSE, NONE, (NULL, &given.prn, NULL, NULL, &error));
    BAD(tern_dose_take_prn, MISUSE, NONE, (care, NULL, NULL, NULL, &error));
    BAD(tern_dose_take_prn, MISUSE, NONE, (care, &given.prn, &act, NULL, &error));
    BAD(tern_dose_take_prn, NOT_FOUND, NO_MEDICATION, (care, &given.nobody, NULL, NULL, &error));
    BAD(tern_dose_take_prn, CHECK, NOT_PRN, (care, &given.medication, NULL, NULL, &error));
    act = (tern_dose_act){.size = sizeof(act), .insist = true};
    for (size_t i = 0; i < SURFACE_NO_MOMENTS; i++) {
        act.taken_us = surface_no_moments[i];
        BAD(tern_dose_take, FORMAT, DATE, (care, &given.due, &act, NULL, &error));
        BAD(tern_dose_take_prn, FORMAT, DATE, (care, &given.prn, &act, NULL, &error));
    }
    act = (tern_dose_act){.size = sizeof(act), .taken_us = care_time("2026-03-02 18:30")};
    BAD(tern_dose_take, RANGE, AHEAD, (care, &given.due, &act, NULL, &error));
    BAD(tern_dose_take_prn, RANGE, AHEAD, (care, &given.prn, &act, NULL, &error));
    act.taken_us = care_time("2026-03-04 17:30");
    BAD(tern_dose_take, RANGE, TOO_LATE, (care, &given.due, &act, NULL, &error));
}

void surface_try_doses(void)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    bool more = false;

    surface_begin();
    try_takes();
    BAD(tern_dose_skip, MISUSE, NONE, (NULL, &given.due, NULL, false, &error));
    BAD(tern_dose_skip, MISUSE, NONE, (care, NULL, NULL, false, &error));
    BAD(tern_dose_skip, NOT_FOUND, NO_DOSE, (care, &given.nobody, NULL, false, &error));
    BAD(tern_dose_skip, EXISTS, RECORDED, (care, &given.taken, NULL, false, &error));
    BAD(tern_dose_skip, FORMAT, NOT_TEXT, (care, &given.due, "\xff", false, &error));
    BAD(tern_dose_skip, LENGTH, TOO_LONG, (care, &given.due, given.too_long, false, &error));
    BAD(tern_dose_undo, MISUSE, NONE, (NULL, &given.taken, &error));
    BAD(tern_dose_undo, MISUSE, NONE, (care, NULL, &error));
    BAD(tern_dose_undo, NOT_FOUND, NO_DOSE, (care, &given.nobody, &error));
    BAD(tern_dose_undo, NOT_FOUND, NOT_RECORDED, (care, &given.due, &error));
    BAD(tern_dose_list, MISUSE, NONE, (NULL, NULL, "2026-03-02", no_dose, NULL, &error));
    BAD(tern_dose_list, MISUSE, NONE, (care, NULL, NULL, no_dose, NULL, &error));
    BAD(tern_dose_list, MISUSE, NONE, (care, NULL, "2026-03-02", NULL, NULL, &error));
    for (size_t i = 0; i < SURFACE_NO_DATES; i++) {
        BAD(tern_dose_list, FORMAT, DATE, (care, NULL, surface_no_dates[i], no_dose, NULL, &error));
    }
    NOTHING(tern_dose_list, (care, &given.nobody, "2026-03-02", no_dose, NULL, &error));
    BAD(tern_dose_read, MISUSE, NONE, (NULL, &given.due, no_dose, NULL, &error));
    BAD(tern_dose_read, MISUSE, NONE, (care, NULL, no_dose, NULL, &error));
    BAD(tern_dose_read, MISUSE, NONE, (care, &given.due, NULL, NULL, &error));
    BAD(tern_dose_read, NOT_FOUND, NO_DOSE, (care, &given.nobody, no_dose, NULL, &error));
    BAD(tern_doses_infer_missed, MISUSE, NONE, (NULL, NULL, 1, &cursor, NULL, &more, &error));
    BAD(tern_doses_infer_missed, MISUSE, NONE, (care, NULL, 0, &cursor, NULL, &more, &error));
    BAD(tern_doses_infer_missed, MISUSE, NONE, (care, NULL, 10001, &cursor, NULL, &more, &error));
    BAD(tern_doses_infer_missed, MISUSE, NONE, (care, NULL, 1, NULL, NULL, &more, &error));
    BAD(tern_doses_infer_missed, MISUSE, NONE, (care, NULL, 1, &cursor, NULL, NULL, &error));
    care_end();
}

/* ---- Prescriptions ---- */

/* A form that is wrong, created and as an edit of the active one. */
#define FORM(wanted, problem, ...)                                                                 \
    do {                                                                                           \
        tern_prescription form = surface_form();                                                   \
                                                                                                   \
        __VA_ARGS__;                                                                               \
        BAD(tern_prescription_create, wanted, problem, (care, &form, NULL, &unsent, &error));      \
        BAD(tern_prescription_edit,                                                                \
            wanted,                                                                                \
            problem,                                                                               \
            (care, &given.active, &form, "why", NULL, &error));                                    \
    } while (0)

static void try_forms(void)
{
    for (size_t i = 0; i < SURFACE_NO_DATES; i++) {
        FORM(FORMAT, DATE, form.start_date = surface_no_dates[i]);
        FORM(FORMAT, DATE, form.end_date = surface_no_dates[i]);
    }
    FORM(MISUSE, NONE, form.size = 1);
    FORM(RANGE, END_DATE, form.end_date = "2026-03-01");
    FORM(NOT_NULL, MISSING, form.patient_name = NULL);
    FORM(NOT_NULL, MISSING, form.patient_name = "");
    FORM(NOT_NULL, MISSING, form.patient_name = "\u200b");
    FORM(FORMAT, NOT_TEXT, form.patient_name = "\xc3");
    FORM(LENGTH, TOO_LONG, form.patient_name = given.too_long);
    FORM(ENUM, CHOICE, form.patient_gender = "");
    FORM(ENUM, CHOICE, form.patient_gender = "female");
    FORM(ENUM, CHOICE, form.patient_gender = "\xff");
    FORM(RANGE, OUT_OF_RANGE, form.patient_age = 151);
    FORM(RANGE, OUT_OF_RANGE, form.patient_age = INT32_MAX);
    FORM(FORMAT, NOT_TEXT, form.symptoms = "\xed\xa0\x80");
    FORM(LENGTH, TOO_LONG, form.symptoms = given.too_long);
    FORM(FORMAT, NOT_TEXT, form.diagnosis = "\xc0\xaf");
    FORM(LENGTH, TOO_LONG, form.diagnosis = given.too_long);
    FORM(NOT_NULL, URGENT_REASON, form.is_urgent = true);
    FORM(NOT_NULL, URGENT_REASON, form.is_urgent = true; form.urgent_reason = " ");
    FORM(FORMAT, NOT_TEXT, form.is_urgent = true; form.urgent_reason = "\xfe");
    FORM(LENGTH, TOO_LONG, form.is_urgent = true; form.urgent_reason = given.too_long);
    FORM(NOT_NULL, NO_MEDICATIONS, form.medicines = NULL);
    FORM(NOT_NULL, NO_MEDICATIONS, form.medicine_count = 0);
}

static void try_medicines(void)
{
    FORM(NOT_NULL, MISSING, surface_medicines[1].name = NULL);
    FORM(NOT_NULL, MISSING, surface_medicines[0].name = "");
    FORM(FORMAT, NOT_TEXT, surface_medicines[0].name = "\x80");
    FORM(LENGTH, TOO_LONG, surface_medicines[0].name = given.too_long);
    FORM(LENGTH, TOO_LONG, surface_medicines[0].name_khmer = given.too_long);
    FORM(FORMAT, NOT_TEXT, surface_medicines[0].name_khmer = "\xff");
    FORM(LENGTH, TOO_LONG, surface_medicines[0].image_url = given.too_long);
    FORM(FORMAT, NOT_TEXT, surface_medicines[0].image_url = "\xff");
    FORM(LENGTH, TOO_LONG, surface_medicines[0].frequency = given.too_long);
    FORM(FORMAT, NOT_TEXT, surface_medicines[0].frequency = "\xff");
    FORM(LENGTH, TOO_LONG, surface_medicines[0].timing = given.too_long);
    FORM(FORMAT, NOT_TEXT, surface_medicines[0].timing = "\xff");
    FORM(FORMAT, DOSAGE, surface_medicines[0].morning_dosage = "");
    FORM(FORMAT, DOSAGE, surface_medicines[0].morning_dosage = "5");
    FORM(FORMAT, DOSAGE, surface_medicines[0].daytime_dosage = "[]");
    FORM(FORMAT, DOSAGE, surface_medicines[0].night_dosage = "{");
    FORM(FORMAT, NOT_TEXT, surface_medicines[0].morning_dosage = "{\"a\":\"\xff\"}");
    FORM(LENGTH, TOO_LONG, surface_medicines[0].daytime_dosage = given.too_long);
    FORM(RANGE, OUT_OF_RANGE, surface_medicines[0].duration_days = -1);
    FORM(RANGE, OUT_OF_RANGE, surface_medicines[1].duration_days = INT32_MIN);
    FORM(CHECK,
         TIMES,
         surface_medicines[0] =
             (tern_medicine){.name = "x", .frequency = "once a day", .timing = "08:00; 20:00"});
}

static void try_edits(void)
{
    tern_prescription form = surface_form();

    BAD(tern_prescription_create, MISUSE, NONE, (NULL, &form, NULL, &unsent, &error));
    BAD(tern_prescription_create, MISUSE, NONE, (care, NULL, NULL, &unsent, &error));
    BAD(tern_prescription_create, MISUSE, NONE, (care, &form, NULL, NULL, &error));
    BAD(tern_prescription_create, FORMAT, NOT_TEXT, (care, &form, "\xff", &unsent, &error));
    BAD(tern_prescription_create, LENGTH, TOO_LONG, (care, &form, given.too_long, &unsent, &error));
    BAD(tern_prescription_edit, MISUSE, NONE, (NULL, &given.active, &form, "why", NULL, &error));
    BAD(tern_prescription_edit, MISUSE, NONE, (care, NULL, &form, "why", NULL, &error));
    BAD(tern_prescription_edit, MISUSE, NONE, (care, &given.active, NULL, "why", NULL, &error));
    BAD(tern_prescription_edit, NOT_NULL, REASON, (care, &given.active, &form, NULL, NULL, &error));
    BAD(tern_prescription_edit, NOT_NULL, REASON, (care, &given.active, &form, "\n", NULL, &error));
    BAD(tern_prescription_edit,
        FORMAT,
        NOT_TEXT,
        (care, &given.active, &form, "\xff", NULL, &error));
    BAD(tern_prescription_edit,
        LENGTH,
        TOO_LONG,
        (care, &given.active, &form, given.too_long, NULL, &error));
    BAD(tern_prescription_edit, CHECK, STATUS, (care, &given.ended, &form, "why", NULL, &error));
    BAD(tern_prescription_edit,
        NOT_FOUND,
        NO_PRESCRIPTION,
        (care, &given.nobody, &form, "why", NULL, &error));
    form.base_version = -1;
    BAD(tern_prescription_edit,
        APPEND_ONLY,
        OVERTAKEN,
        (care, &given.active, &form, "w", NULL, &error));
    form.base_version = INT32_MAX;
    BAD(tern_prescription_edit,
        APPEND_ONLY,
        OVERTAKEN,
        (care, &given.active, &form, "w", NULL, &error));
    form = surface_form();
    surface_medicines[0].id = given.nobody;
    BAD(tern_prescription_edit,
        NOT_FOUND,
        NO_MEDICATION,
        (care, &given.active, &form, "why", NULL, &error));
    surface_medicines[0].id = given.medication;
    surface_medicines[1].id = given.medication;
    BAD(tern_prescription_edit, MISUSE, NONE, (care, &given.active, &form, "why", NULL, &error));
    form = surface_form();
    form.start_date = NULL;
    form.end_date = "2026-03-01";
    BAD(tern_prescription_edit, RANGE, END_DATE, (care, &given.active, &form, "why", NULL, &error));
    form = surface_form();
    form.patient = given.nobody;
    BAD(tern_prescription_edit, MISUSE, NONE, (care, &given.active, &form, "why", NULL, &error));
    BAD(tern_prescription_create, NOT_FOUND, NO_PATIENT, (care, &form, NULL, &unsent, &error));
    form.patient = fixture_id(2);
    BAD(tern_prescription_create, FORBIDDEN, NOT_PATIENT, (care, &form, NULL, &unsent, &error));
}

#define STATUS(function, other)                                                                    \
    do {                                                                                           \
        BAD(function, MISUSE, NONE, (NULL, &given.active, &error));                                \
        BAD(function, MISUSE, NONE, (care, NULL, &error));                                         \
        BAD(function, NOT_FOUND, NO_PRESCRIPTION, (care, &given.nobody, &error));                  \
        BAD(function, NOT_FOUND, NO_PRESCRIPTION, (care, &given.medication, &error));              \
        BAD(function, CHECK, STATUS, (care, &(other), &error));                                    \
    } while (0)

static void try_retakes(void)
{
#define RETAKE(wanted, problem, arguments) BAD(tern_prescription_retake, wanted, problem, arguments)
    RETAKE(MISUSE, NONE, (NULL, &given.ended, NULL, NULL, NULL, &unsent, &error));
    RETAKE(MISUSE, NONE, (care, NULL, NULL, NULL, NULL, &unsent, &error));
    RETAKE(MISUSE, NONE, (care, &given.ended, NULL, NULL, NULL, NULL, &error));
    RETAKE(NOT_FOUND, NO_PRESCRIPTION, (care, &given.nobody, NULL, NULL, NULL, &unsent, &error));
    RETAKE(CHECK, STATUS, (care, &given.active, NULL, NULL, NULL, &unsent, &error));
    for (size_t i = 0; i < SURFACE_NO_DATES; i++) {
        RETAKE(FORMAT,
               DATE,
               (care, &given.ended, surface_no_dates[i], NULL, NULL, &unsent, &error));
        RETAKE(FORMAT,
               DATE,
               (care, &given.ended, NULL, surface_no_dates[i], NULL, &unsent, &error));
    }
    RETAKE(RANGE,
           END_DATE,
           (care, &given.ended, "2026-03-10", "2026-03-09", NULL, &unsent, &error));
    RETAKE(FORMAT, NOT_TEXT, (care, &given.ended, NULL, NULL, "\xff", &unsent, &error));
    RETAKE(LENGTH, TOO_LONG, (care, &given.ended, NULL, NULL, given.too_long, &unsent, &error));
}

static void try_shelf(void)
{
    static const int32_t none[] = {0, -1, 2, INT32_MAX, INT32_MIN};

    BAD(tern_prescription_list, MISUSE, NONE, (NULL, NULL, 0, no_prescription, NULL, &error));
    BAD(tern_prescription_list, MISUSE, NONE, (care, NULL, 0, NULL, NULL, &error));
    NOTHING(tern_prescription_list, (care, &given.nobody, 0, no_prescription, NULL, &error));
    BAD(tern_prescription_read, MISUSE, NONE, (NULL, &given.active, no_part, NULL, &error));
    BAD(tern_prescription_read, MISUSE, NONE, (care, NULL, no_part, NULL, &error));
    BAD(tern_prescription_read, MISUSE, NONE, (care, &given.active, NULL, NULL, &error));
    BAD(tern_prescription_read,
        NOT_FOUND,
        NO_PRESCRIPTION,
        (care, &given.nobody, no_part, NULL, &error));
    BAD(tern_prescription_versions, MISUSE, NONE, (NULL, &given.active, no_version, NULL, &error));
    BAD(tern_prescription_versions, MISUSE, NONE, (care, NULL, no_version, NULL, &error));
    BAD(tern_prescription_versions, MISUSE, NONE, (care, &given.active, NULL, NULL, &error));
    BAD(tern_prescription_versions,
        NOT_FOUND,
        NO_PRESCRIPTION,
        (care, &given.nobody, no_version, NULL, &error));
    BAD(tern_prescription_snapshot,
        MISUSE,
        NONE,
        (NULL, &given.active, 1, no_medication, NULL, &error));
    BAD(tern_prescription_snapshot, MISUSE, NONE, (care, NULL, 1, no_medication, NULL, &error));
    BAD(tern_prescription_snapshot, MISUSE, NONE, (care, &given.active, 1, NULL, NULL, &error));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        BAD(tern_prescription_snapshot,
            NOT_FOUND,
            NO_VERSION,
            (care, &given.active, none[i], no_medication, NULL, &error));
    }
    BAD(tern_prescription_refused, MISUSE, NONE, (NULL, no_refused, NULL, &error));
    BAD(tern_prescription_refused, MISUSE, NONE, (care, NULL, NULL, &error));
}

void surface_try_prescriptions(void)
{
    surface_begin();
    try_forms();
    try_medicines();
    try_edits();
    STATUS(tern_prescription_activate, given.active);
    STATUS(tern_prescription_pause, given.draft);
    STATUS(tern_prescription_resume, given.active);
    STATUS(tern_prescription_end, given.ended);
    try_retakes();
    try_shelf();
    care_end();
}

void surface_try_medications(void)
{
    static const int32_t no_minutes[] = {-1, 1440, INT32_MIN, INT32_MAX};
    const int32_t minutes[TERN_PRN_TIMES_MAX + 1] = {0};

    surface_begin();
    BAD(tern_medication_list, MISUSE, NONE, (NULL, NULL, 0, no_medication, NULL, &error));
    BAD(tern_medication_list, MISUSE, NONE, (care, NULL, 0, NULL, NULL, &error));
    NOTHING(tern_medication_list, (care, &given.nobody, 0, no_medication, NULL, &error));
    BAD(tern_medication_read, MISUSE, NONE, (NULL, &given.prn, no_medication, NULL, &error));
    BAD(tern_medication_read, MISUSE, NONE, (care, NULL, no_medication, NULL, &error));
    BAD(tern_medication_read, MISUSE, NONE, (care, &given.prn, NULL, NULL, &error));
    BAD(tern_medication_read,
        NOT_FOUND,
        NO_MEDICATION,
        (care, &given.nobody, no_medication, NULL, &error));
    BAD(tern_medication_set_prn_times, MISUSE, NONE, (NULL, &given.prn, minutes, 1, &error));
    BAD(tern_medication_set_prn_times, MISUSE, NONE, (care, NULL, minutes, 1, &error));
    BAD(tern_medication_set_prn_times, MISUSE, NONE, (care, &given.prn, NULL, 1, &error));
    BAD(tern_medication_set_prn_times,
        RANGE,
        PRN_TIME,
        (care, &given.prn, minutes, TERN_PRN_TIMES_MAX + 1, &error));
    BAD(tern_medication_set_prn_times,
        RANGE,
        PRN_TIME,
        (care, &given.prn, minutes, SIZE_MAX, &error));
    for (size_t i = 0; i < sizeof(no_minutes) / sizeof(no_minutes[0]); i++) {
        BAD(tern_medication_set_prn_times,
            RANGE,
            PRN_TIME,
            (care, &given.prn, &no_minutes[i], 1, &error));
    }
    BAD(tern_medication_set_prn_times,
        CHECK,
        NOT_PRN,
        (care, &given.medication, minutes, 1, &error));
    BAD(tern_medication_set_prn_times,
        NOT_FOUND,
        NO_MEDICATION,
        (care, &given.nobody, minutes, 1, &error));
    care_end();
}
