/* The steps of the medication day, by the calls of libtern-medication. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/shared/shared.h"

enum { MEDICINES_MAX = 8, SENTENCE_BYTES = 1024 };

static tern_care *care_of(struct device *device)
{
    struct story *story = device->story;
    tern_care_options options = {.size = sizeof(options)};
    tern_zone_port zones;
    tern_care_error error;

    if (device->care != NULL) {
        return device->care;
    }
    if (story->zones == NULL &&
        tern_posix_zones_open(NULL, &story->zones, &error.error) != TERN_OK) {
        broken("no zones");
    }
    tern_posix_zones_port(story->zones, &zones);
    options.zones = &zones;
    if (tern_care_open(device->replica, &options, &device->care, &error) != TERN_OK) {
        broken("care: %s", error.error.message);
    }
    return device->care;
}

static void fill_sheet(const struct story *story,
                       const json_t *step,
                       tern_prescription *sheet,
                       tern_medicine *medicines)
{
    const json_t *list = json_object_get(step, "medicines");

    id_of(story, json_object_get(step, "patient"), &sheet->patient);
    sheet->patient_name = need(step, "patient_name");
    sheet->patient_age = -1;
    sheet->diagnosis = text_of(step, "diagnosis");
    sheet->start_date = text_of(step, "start");
    sheet->medicines = medicines;
    sheet->medicine_count = json_array_size(list);
    for (size_t i = 0; i < sheet->medicine_count && i < MEDICINES_MAX; i++) {
        const json_t *medicine = json_array_get(list, i);

        medicines[i] = (tern_medicine){.name = need(medicine, "name"),
                                       .name_khmer = text_of(medicine, "name_khmer"),
                                       .morning_dosage = text_of(medicine, "morning"),
                                       .daytime_dosage = text_of(medicine, "daytime"),
                                       .night_dosage = text_of(medicine, "night"),
                                       .is_prn = json_is_true(json_object_get(medicine, "prn"))};
        if (json_object_get(medicine, "id") != NULL) {
            id_of(story, json_object_get(medicine, "id"), &medicines[i].id);
        }
    }
}

static void
play_prescribe(struct device *device, const json_t *step, bool edits, struct outcome *out)
{
    struct story *story = device->story;
    tern_medicine medicines[MEDICINES_MAX];
    tern_prescription sheet = {.size = sizeof(sheet)};
    int32_t version = 0;
    tern_id id;

    fill_sheet(story, step, &sheet, medicines);
    if (edits) {
        id_of(story, json_object_get(step, "prescription"), &id);
        out->status = tern_prescription_edit(care_of(device),
                                             &id,
                                             &sheet,
                                             text_of(step, "reason"),
                                             &version,
                                             &out->error);
        if (out->status == TERN_OK) {
            (void)fprintf(story->told, "version %" PRId32 "\n", version);
        }
        return;
    }
    out->status = tern_prescription_create(care_of(device),
                                           &sheet,
                                           text_of(step, "reason"),
                                           &id,
                                           &out->error);
    if (out->status == TERN_OK) {
        keep_name(story, json_object_get(step, "as"), &id);
    }
}

static bool
play_move(struct device *device, const json_t *step, const char *what, struct outcome *out)
{
    static const struct {
        const char *name;
        tern_status (*move)(tern_care *care, const tern_id *id, tern_care_error *error);
    } moves[] = {{"activate", tern_prescription_activate},
                 {"pause", tern_prescription_pause},
                 {"resume", tern_prescription_resume},
                 {"end", tern_prescription_end}};
    tern_id id;

    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        if (strcmp(moves[i].name, what) == 0) {
            id_of(device->story, json_object_get(step, "prescription"), &id);
            out->status = moves[i].move(care_of(device), &id, &out->error);
            return true;
        }
    }
    return false;
}

/* ---- Doses ---- */

struct listing {
    struct story *story;
    const json_t *names;
    size_t count;
};

static void tell_value(FILE *file, const tern_value *value)
{
    (void)fputc(' ', file);
    spell(file, value);
}

static bool tell_dose(void *context, const tern_dose *dose)
{
    struct listing *listing = context;
    FILE *told = listing->story->told;
    char id[TERN_ID_TEXT_BYTES];

    tern_id_format(&dose->id, id);
    (void)fprintf(told,
                  "dose %s %" PRId64 " %d %d %" PRId64 " %d",
                  id,
                  dose->scheduled_us,
                  (int)dose->period,
                  (int)dose->status,
                  dose->taken_us,
                  (int)dose->was_offline);
    tell_value(told, &dose->slot);
    tell_value(told, &dose->skip_reason);
    tell_value(told, &dose->medicine_name);
    tell_value(told, &dose->medicine_name_khmer);
    tell_value(told, &dose->dosage);
    (void)fputc('\n', told);
    if (listing->count < json_array_size(listing->names)) {
        keep_name(listing->story, json_array_get(listing->names, listing->count++), &dose->id);
    }
    return true;
}

static void play_doses(struct device *device, const json_t *step, struct outcome *out)
{
    struct listing listing = {.story = device->story, .names = json_object_get(step, "as")};

    out->status =
        tern_dose_list(care_of(device), NULL, need(step, "date"), tell_dose, &listing, &out->error);
}

static tern_dose_act act_of(const json_t *step)
{
    const char *taken = text_of(step, "taken");

    return (tern_dose_act){.size = sizeof(tern_dose_act),
                           .taken_us = taken == NULL ? 0 : time_of(taken),
                           .insist = json_is_true(json_object_get(step, "insist")),
                           .was_offline = json_is_true(json_object_get(step, "offline"))};
}

static void play_take(struct device *device, const json_t *step, struct outcome *out)
{
    const tern_dose_act act = act_of(step);
    tern_dose_status status = TERN_DOSE_DUE;
    tern_id dose;

    id_of(device->story, json_object_get(step, "dose"), &dose);
    out->status = tern_dose_take(care_of(device), &dose, &act, &status, &out->error);
    if (out->status == TERN_OK) {
        (void)fprintf(device->story->told, "taken %d\n", (int)status);
    }
}

static void play_take_prn(struct device *device, const json_t *step, struct outcome *out)
{
    const tern_dose_act act = act_of(step);
    tern_id id;

    id_of(device->story, json_object_get(step, "medication"), &id);
    out->status = tern_dose_take_prn(care_of(device), &id, &act, &id, &out->error);
    if (out->status == TERN_OK) {
        keep_name(device->story, json_object_get(step, "as"), &id);
    }
}

static void play_schedule(struct device *device, struct outcome *out)
{
    tern_schedule_report report = {0};

    out->status = tern_schedule_generate(care_of(device), NULL, &report, &out->error);
    if (out->status == TERN_OK) {
        (void)fprintf(device->story->told,
                      "schedule %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
                      report.made,
                      report.moved,
                      report.unscheduled);
    }
}

static void play_missed(struct device *device, struct outcome *out)
{
    tern_missed_cursor cursor = {0};
    uint32_t missed = 0;
    bool more = false;

    out->status =
        tern_doses_infer_missed(care_of(device), NULL, 1000, &cursor, &missed, &more, &out->error);
    if (out->status == TERN_OK) {
        (void)fprintf(device->story->told, "missed %" PRIu32 " %d\n", missed, (int)more);
    }
}

static void play_settings(struct device *device, const json_t *step, struct outcome *out)
{
    tern_care *care = care_of(device);
    const char *zone = text_of(step, "time_zone");
    const json_t *grace = json_object_get(step, "grace");
    const json_t *meals = json_object_get(step, "meals");

    if (zone != NULL) {
        out->status = tern_settings_set_time_zone(care, zone, &out->error);
    }
    if (grace != NULL && out->status == TERN_OK) {
        out->status =
            tern_settings_set_grace(care, (int32_t)json_integer_value(grace), &out->error);
    }
    if (meals != NULL && out->status == TERN_OK) {
        out->status = tern_settings_set_meals(care,
                                              json_string_value(json_array_get(meals, 0)),
                                              json_string_value(json_array_get(meals, 1)),
                                              json_string_value(json_array_get(meals, 2)),
                                              &out->error);
    }
}

/* ---- The audit ---- */

struct auditing {
    FILE *told;
    tern_locale locale;
};

static bool tell_audit(void *context, const tern_audit_entry *entry)
{
    struct auditing *auditing = context;
    char sentence[SENTENCE_BYTES];
    char row[TERN_ID_TEXT_BYTES];

    (void)tern_say_audit(&auditing->locale, entry, sentence, sizeof(sentence));
    tern_id_format(&entry->row, row);
    (void)fprintf(auditing->told,
                  "audit %" PRId64 " %s %d %d %s",
                  entry->time_us,
                  tern_audit_code(entry->kind),
                  (int)entry->is_undone,
                  (int)entry->is_set_aside,
                  row);
    tell_value(auditing->told, &entry->actor_role);
    tell_value(auditing->told, &entry->table);
    tell_value(auditing->told, &entry->details);
    tell_value(auditing->told, &entry->unit);
    tell_value(auditing->told, &entry->lost);
    tell_value(auditing->told, &entry->kept);
    (void)fprintf(auditing->told, " %s\n", sentence);
    return true;
}

static void play_audit(struct device *device, const json_t *step, struct outcome *out)
{
    struct auditing auditing = {.told = device->story->told,
                                .locale = {.size = sizeof(tern_locale),
                                           .language = strcmp(need(step, "language"), "km") == 0
                                                           ? TERN_KHMER
                                                           : TERN_ENGLISH}};
    const tern_audit_query query = {.size = sizeof(query), .limit = 1000};
    tern_audit_cursor cursor = {0};

    out->status =
        tern_audit_read(care_of(device), &query, &cursor, tell_audit, &auditing, NULL, &out->error);
}

bool play_care(struct story *story, const json_t *step, const char *what, struct outcome *out)
{
    struct device *device = device_of(story, step);
    tern_id id;

    if (strcmp(what, "prescribe") == 0 || strcmp(what, "edit") == 0) {
        play_prescribe(device, step, what[0] == 'e', out);
    } else if (strcmp(what, "schedule") == 0) {
        play_schedule(device, out);
    } else if (strcmp(what, "doses") == 0) {
        play_doses(device, step, out);
    } else if (strcmp(what, "take") == 0) {
        play_take(device, step, out);
    } else if (strcmp(what, "take_prn") == 0) {
        play_take_prn(device, step, out);
    } else if (strcmp(what, "skip") == 0) {
        id_of(story, json_object_get(step, "dose"), &id);
        out->status = tern_dose_skip(care_of(device),
                                     &id,
                                     text_of(step, "reason"),
                                     json_is_true(json_object_get(step, "offline")),
                                     &out->error);
    } else if (strcmp(what, "undo_dose") == 0) {
        id_of(story, json_object_get(step, "dose"), &id);
        out->status = tern_dose_undo(care_of(device), &id, &out->error);
    } else if (strcmp(what, "missed") == 0) {
        play_missed(device, out);
    } else if (strcmp(what, "settings") == 0) {
        play_settings(device, step, out);
    } else if (strcmp(what, "audit") == 0) {
        play_audit(device, step, out);
    } else {
        return play_move(device, step, what, out);
    }
    return true;
}
