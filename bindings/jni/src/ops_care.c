/* The medication day: schedules, doses, settings, adherence, reminders, words for people. */
#include <string.h>

#include "bindings/jni/src/bridge.h"
#include "tern/medication/adherence.h"
#include "tern/medication/medication.h"
#include "tern/medication/message.h"
#include "tern/medication/reminder.h"

/* ---- The handle ---- */

/* The handle is that of the ports, which outlive the care. */
tern_status bridge_careOpen(struct bridge_call *call)
{
    tern_replica *replica = bridge_pointer(call);
    tern_care_options options = {.size = sizeof options};
    tern_zone_port zones;
    tern_care *care = NULL;
    tern_status status;

    bridge_zone_port(call->handle, &zones);
    options.zones = &zones;
    status = tern_care_open(replica, &options, &care, &call->error);
    bridge_put_opened(call, care, bridge_careClose);
    return status;
}

tern_status bridge_careClose(struct bridge_call *call)
{
    tern_care_close(call->handle);
    return TERN_OK;
}

tern_status bridge_scheduleGenerate(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    tern_schedule_report report = {0};
    tern_status status = tern_schedule_generate(call->handle, patient, &report, &call->error);

    bridge_put_int(call, (int32_t)report.made);
    bridge_put_int(call, (int32_t)report.moved);
    bridge_put_int(call, (int32_t)report.unscheduled);
    return status;
}

static void read_regimen(struct bridge_call *call, tern_regimen *regimen)
{
    regimen->size = sizeof *regimen;
    regimen->zone = bridge_text(call);
    regimen->start_date = bridge_text(call);
    regimen->end_date = bridge_text(call);
    regimen->duration_days = bridge_int(call);
    regimen->slots = (unsigned)bridge_int(call);
    regimen->before_meal = (unsigned)bridge_int(call);
    regimen->frequency = bridge_text(call);
    regimen->timing = bridge_text(call);
    regimen->is_prn = bridge_byte(call) != 0;
    for (size_t i = 0; i < sizeof regimen->meal_minutes / sizeof regimen->meal_minutes[0]; i++) {
        regimen->meal_minutes[i] = bridge_int(call);
    }
    regimen->grace_minutes = bridge_int(call);
}

static bool put_planned(void *context, const tern_planned_dose *dose)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_text(call, dose->local_date);
    bridge_put_text(call, dose->slot);
    bridge_put_long(call, dose->scheduled_us);
    bridge_put_int(call, (int32_t)dose->period);
    bridge_put_text(call, dose->reminder_time);
    bridge_put_int(call, dose->grace_minutes);
    return !call->out.failed;
}

/* The handle is that of the ports, whose zones are asked. */
tern_status bridge_schedulePlan(struct bridge_call *call)
{
    tern_regimen regimen;
    tern_zone_port zones;
    const char *first;
    uint32_t days;
    bool understood = false;
    tern_status status;

    bridge_zone_port(call->handle, &zones);
    read_regimen(call, &regimen);
    first = bridge_text(call);
    days = (uint32_t)bridge_int(call);
    status = bridge_check(call);
    if (status == TERN_OK) {
        status = tern_schedule_plan(&zones,
                                    &regimen,
                                    first,
                                    days,
                                    put_planned,
                                    call,
                                    &understood,
                                    &call->error.error);
    }
    bridge_put_byte(call, 0);
    bridge_put_byte(call, understood);
    return status;
}

tern_status bridge_mealParse(struct bridge_call *call)
{
    const char *text = bridge_text(call);
    int32_t minutes = -1;
    tern_status status = bridge_check(call);

    if (status == TERN_OK && text != NULL) {
        (void)tern_meal_parse(text, &minutes);
    }
    bridge_put_int(call, minutes);
    return status;
}

/* ---- Doses ---- */

static bool put_dose(void *context, const tern_dose *dose)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_id(call, &dose->id);
    bridge_put_id(call, &dose->prescription);
    bridge_put_id(call, &dose->medication);
    bridge_put_long(call, dose->scheduled_us);
    bridge_put_value(call, &dose->slot);
    bridge_put_int(call, (int32_t)dose->period);
    bridge_put_value(call, &dose->reminder_time);
    bridge_put_int(call, dose->grace_minutes);
    bridge_put_int(call, (int32_t)dose->status);
    bridge_put_long(call, dose->taken_us);
    bridge_put_value(call, &dose->skip_reason);
    bridge_put_value(call, &dose->flags);
    bridge_put_byte(call, dose->was_offline);
    bridge_put_value(call, &dose->medicine_name);
    bridge_put_value(call, &dose->medicine_name_khmer);
    bridge_put_value(call, &dose->dosage);
    return !call->out.failed;
}

tern_status bridge_doseList(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    const char *date = bridge_text(call);
    tern_status status = bridge_check(call);

    if (status == TERN_OK) {
        status = tern_dose_list(call->handle, patient, date, put_dose, call, &call->error);
    }
    bridge_put_byte(call, 0);
    return status;
}

tern_status bridge_doseRead(struct bridge_call *call)
{
    tern_id dose = bridge_id(call);
    tern_status status = tern_dose_read(call->handle, &dose, put_dose, call, &call->error);

    bridge_put_byte(call, 0);
    return status;
}

tern_status bridge_medicationSetPrnTimes(struct bridge_call *call)
{
    tern_id medication = bridge_id(call);
    int32_t minutes[TERN_PRN_TIMES_MAX + 1] = {0};
    int32_t count = bridge_int(call);
    int32_t kept = count < 0 ? 0 : count <= TERN_PRN_TIMES_MAX ? count : TERN_PRN_TIMES_MAX + 1;
    tern_status status;

    for (int32_t i = 0; i < kept; i++) {
        minutes[i] = bridge_int(call);
    }
    status = bridge_check(call);
    return status == TERN_OK ? tern_medication_set_prn_times(call->handle,
                                                             &medication,
                                                             minutes,
                                                             (size_t)kept,
                                                             &call->error)
                             : status;
}

static tern_dose_act read_act(struct bridge_call *call)
{
    tern_dose_act act = {.size = sizeof act};

    act.taken_us = bridge_long(call);
    act.insist = bridge_byte(call) != 0;
    act.was_offline = bridge_byte(call) != 0;
    return act;
}

tern_status bridge_doseTake(struct bridge_call *call)
{
    tern_id dose = bridge_id(call);
    tern_dose_act act = read_act(call);
    tern_dose_status outcome = TERN_DOSE_DUE;
    tern_status status = tern_dose_take(call->handle, &dose, &act, &outcome, &call->error);

    bridge_put_int(call, (int32_t)outcome);
    return status;
}

tern_status bridge_doseTakePrn(struct bridge_call *call)
{
    tern_id medication = bridge_id(call);
    tern_dose_act act = read_act(call);
    tern_id dose = {{0}};
    tern_status status = tern_dose_take_prn(call->handle, &medication, &act, &dose, &call->error);

    bridge_put_id(call, &dose);
    return status;
}

tern_status bridge_doseSkip(struct bridge_call *call)
{
    tern_id dose = bridge_id(call);
    const char *reason = bridge_text(call);
    bool was_offline = bridge_byte(call) != 0;
    tern_status status = bridge_check(call);

    return status == TERN_OK
               ? tern_dose_skip(call->handle, &dose, reason, was_offline, &call->error)
               : status;
}

tern_status bridge_doseUndo(struct bridge_call *call)
{
    tern_id dose = bridge_id(call);

    return tern_dose_undo(call->handle, &dose, &call->error);
}

tern_status bridge_dosesInferMissed(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    uint32_t limit = (uint32_t)bridge_int(call);
    tern_missed_cursor cursor;
    uint32_t missed = 0;
    bool more = false;
    tern_status status;

    cursor.scheduled_us = bridge_long(call);
    cursor.dose = bridge_id(call);
    status = tern_doses_infer_missed(call->handle,
                                     patient,
                                     limit,
                                     &cursor,
                                     &missed,
                                     &more,
                                     &call->error);
    bridge_put_int(call, (int32_t)missed);
    bridge_put_byte(call, more);
    bridge_put_long(call, cursor.scheduled_us);
    bridge_put_id(call, &cursor.dose);
    return status;
}

/* ---- Settings ---- */

tern_status bridge_settingsRead(struct bridge_call *call)
{
    tern_settings settings = {.size = sizeof settings};
    tern_status status = tern_settings_read(call->handle, &settings, &call->error);

    if (status != TERN_OK) {
        return status;
    }
    bridge_put_int(call, (int32_t)settings.language);
    bridge_put_int(call, (int32_t)settings.theme);
    bridge_put_int(call, settings.grace_minutes);
    bridge_put_text(call, settings.time_zone);
    for (size_t i = 0; i < 3; i++) {
        bridge_put_int(call, settings.meal_minutes[i]);
    }
    return TERN_OK;
}

enum setting { LANGUAGE = 0, THEME = 1, GRACE = 2, TIME_ZONE = 3, MEALS = 4 };

tern_status bridge_settingsSet(struct bridge_call *call)
{
    int32_t which = bridge_int(call);
    int32_t number = bridge_int(call);
    const char *texts[3] = {bridge_text(call), NULL, NULL};
    tern_status status;

    texts[1] = bridge_text(call);
    texts[2] = bridge_text(call);
    status = bridge_check(call);
    if (status != TERN_OK) {
        return status;
    }
    switch (which) {
    case LANGUAGE:
        return tern_settings_set_language(call->handle, (tern_language)number, &call->error);
    case THEME:
        return tern_settings_set_theme(call->handle, (tern_theme)number, &call->error);
    case GRACE:
        return tern_settings_set_grace(call->handle, number, &call->error);
    case TIME_ZONE:
        return tern_settings_set_time_zone(call->handle, texts[0], &call->error);
    case MEALS:
        return tern_settings_set_meals(call->handle, texts[0], texts[1], texts[2], &call->error);
    default:
        return TERN_ERR_MISUSE;
    }
}

/* ---- Looking back and ahead ---- */

static bool put_adherence(void *context, const tern_adherence *sum)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_text(call, sum->local_date);
    bridge_put_id(call, &sum->medication);
    bridge_put_int(call, (int32_t)sum->period);
    bridge_put_long(call, sum->on_time);
    bridge_put_long(call, sum->late);
    bridge_put_long(call, sum->skipped);
    bridge_put_long(call, sum->missed);
    bridge_put_long(call, sum->taken);
    bridge_put_long(call, sum->scheduled);
    return !call->out.failed;
}

tern_status bridge_adherenceRead(struct bridge_call *call)
{
    tern_id rooms[2];
    tern_adherence_query query = {.size = sizeof query};
    bool whole = false;
    tern_status status;

    query.patient = bridge_id_or_none(call, &rooms[0]);
    query.medication = bridge_id_or_none(call, &rooms[1]);
    query.first_date = bridge_text(call);
    query.last_date = bridge_text(call);
    query.by = (tern_adherence_by)bridge_int(call);
    status = bridge_check(call);
    if (status == TERN_OK) {
        status =
            tern_adherence_read(call->handle, &query, put_adherence, call, &whole, &call->error);
    }
    bridge_put_byte(call, 0);
    bridge_put_byte(call, whole);
    return status;
}

tern_status bridge_adherenceRebuild(struct bridge_call *call)
{
    return tern_adherence_rebuild(call->handle, &call->error);
}

static bool put_reminder(void *context, const tern_reminder *reminder)
{
    struct bridge_call *call = context;

    bridge_put_byte(call, 1);
    bridge_put_id(call, &reminder->dose);
    bridge_put_byte(call, reminder->is_cancelled);
    bridge_put_long(call, reminder->scheduled_us);
    for (size_t i = 0; i < 1 + TERN_REMINDER_REPEATS; i++) {
        bridge_put_long(call, reminder->at_us[i]);
    }
    bridge_put_int(call, reminder->rings);
    bridge_put_byte(call, reminder->is_prn);
    bridge_put_id(call, &reminder->medication);
    bridge_put_value(call, &reminder->medicine_name);
    bridge_put_value(call, &reminder->medicine_name_khmer);
    bridge_put_value(call, &reminder->dosage);
    return !call->out.failed;
}

tern_status bridge_remindersRead(struct bridge_call *call)
{
    tern_id room;
    const tern_id *patient = bridge_id_or_none(call, &room);
    int64_t cursor = bridge_long(call);
    bool is_all = false;
    tern_status status = tern_reminders_read(call->handle,
                                             patient,
                                             &cursor,
                                             put_reminder,
                                             call,
                                             &is_all,
                                             &call->error);

    bridge_put_byte(call, 0);
    bridge_put_long(call, cursor);
    bridge_put_byte(call, is_all);
    return status;
}

/* ---- Words ---- */

enum words { PROBLEM = 0, DATE = 1, TIME = 2, SPAN = 3, TITLE = 4, NOTICE = 5 };

/* What every kind of sentence may be made of; each takes its part. */
struct sayable {
    tern_locale locale;
    tern_care_error problem;
    tern_notice_words words;
    tern_notice notice;
    int64_t number;
    bool flag;
};

static void read_sayable(struct bridge_call *call, struct sayable *say)
{
    say->locale.size = sizeof say->locale;
    say->locale.language = (tern_language)bridge_int(call);
    say->locale.native_digits = bridge_byte(call) != 0;
    say->problem.error.status = (tern_status)bridge_int(call);
    say->problem.problem = (tern_problem)bridge_int(call);
    say->problem.first = bridge_long(call);
    say->problem.second = bridge_long(call);
    say->number = bridge_long(call);
    say->flag = bridge_byte(call) != 0;
    say->notice = (tern_notice)bridge_int(call);
    say->words.size = sizeof say->words;
    say->words.person = bridge_text(call);
    say->words.medicine = bridge_text(call);
    say->words.amount = bridge_text(call);
    say->words.local_date = bridge_text(call);
    say->words.reason = bridge_text(call);
    say->words.minute = bridge_int(call);
    say->words.meal = (tern_meal_relation)bridge_int(call);
    say->words.late = bridge_byte(call) != 0;
}

static size_t write_words(const struct sayable *say, int32_t kind, char *buffer, size_t size)
{
    switch (kind) {
    case PROBLEM:
        return tern_say_problem(&say->locale, &say->problem, buffer, size);
    case DATE:
        return tern_say_date(&say->locale, say->words.local_date, say->flag, buffer, size);
    case TIME:
        return tern_say_time(&say->locale, (int32_t)say->number, buffer, size);
    case SPAN:
        return tern_say_span(&say->locale, say->number, buffer, size);
    case TITLE:
        return tern_say_title(&say->locale, say->notice, buffer, size);
    case NOTICE:
        return tern_say_notice(&say->locale, say->notice, &say->words, buffer, size);
    default:
        return 0;
    }
}

/* Longer sentences are cut between characters. */
tern_status bridge_careSay(struct bridge_call *call)
{
    int32_t kind = bridge_int(call);
    struct sayable say = {.number = 0};
    char buffer[4096] = "";
    tern_status status;

    read_sayable(call, &say);
    status = bridge_check(call);
    if (status == TERN_OK) {
        (void)write_words(&say, kind, buffer, sizeof buffer);
        bridge_put_text(call, buffer);
    }
    return status;
}
