/* What happens. Everything is real: the server, its certificate, the files, the failures; only the
 * day is told faster than it would pass, and one clock is wrong on purpose. */
#include "demo/scenes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/sample.h"
#include "demo/write.h"
#include "tern/outbox.h"

enum { PATH_BYTES = 512, TEXT_BYTES = 256, ROUNDS_MAX = 20 };

#define MINUTE_US ((int64_t)60 * 1000000)
#define HOUR_US (60 * MINUTE_US)
#define DAY_US (24 * HOUR_US)
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void tell(struct demo_cast *cast,
                 enum demo_lane lane,
                 const char *kind,
                 const char *title,
                 const char *detail)
{
    demo_story_tell(&cast->world.story, demo_now_us(), lane, kind, title, detail);
}

/* ---- 1. The clinic ---- */

static void run_tern(struct demo_cast *cast, const char *const *more)
{
    char replica[PATH_BYTES];
    const char *arguments[24] = {cast->tern};
    size_t count = 1;

    (void)snprintf(replica, sizeof(replica), "%s/operator.db", cast->world.folder);
    while (more[count - 1] != NULL) {
        arguments[count] = more[count - 1];
        count++;
    }
    arguments[count++] = "--replica";
    arguments[count] = replica;
    demo_run(arguments);
}

static void import_files(struct demo_cast *cast)
{
    char patient[PATH_BYTES];
    char neighbour[PATH_BYTES];
    const char *arguments[] = {"import", "fhir", patient, neighbour, "--quiet", NULL};

    (void)snprintf(patient, sizeof(patient), "%s/patient.json", cast->fhir);
    (void)snprintf(neighbour, sizeof(neighbour), "%s/neighbour.ndjson", cast->fhir);
    run_tern(cast, arguments);
    tell(cast,
         DEMO_OPERATOR,
         "import",
         "imports the patient's and the neighbour's FHIR files",
         "4 MedicationRequests: 4 prescriptions, 4 medications");
}

static void add_doctor(struct demo_cast *cast)
{
    char doctor[TERN_ID_TEXT_BYTES];
    char patient[TERN_ID_TEXT_BYTES];
    const char *user[] = {"sql",
                          "--write",
                          "INSERT INTO users(id, role, full_name, phone_number, specialty) "
                          "VALUES(?1, 'DOCTOR', 'the doctor', '012 000 900', 'general medicine')",
                          doctor,
                          NULL};
    const char *connection[] = {
        "sql",
        "--write",
        "INSERT INTO connections(id, initiator_id, recipient_id, status, permission_level, "
        "requested_at, accepted_at) VALUES(tern_key('connections', ?1, ?2), ?1, ?2, 'ACCEPTED', "
        "'ALLOWED', tern_now(), tern_now())",
        doctor,
        patient,
        NULL};

    tern_id_format(&cast->doctor_user, doctor);
    tern_id_format(&cast->patient, patient);
    run_tern(cast, user);
    run_tern(cast, connection);
    tell(cast,
         DEMO_OPERATOR,
         "edit",
         "adds the doctor, and the connection that the patient accepted",
         "it opens the patient's record to the doctor, and nobody else's");
}

void demo_scene_import(struct demo_cast *cast)
{
    char token[PATH_BYTES];
    char user[TERN_ID_TEXT_BYTES];
    const char *init[] = {"init", "--schema", cast->server.schema, "--user", user, "--quiet", NULL};
    const char *sync[] = {"sync",
                          "--url",
                          cast->server.url,
                          "--ca",
                          cast->world.ca_file,
                          "--token-file",
                          token,
                          "--quiet",
                          NULL};

    demo_story_scene(&cast->world.story, "1. The clinic imports its prescriptions");
    (void)snprintf(token, sizeof(token), "%s/operator.jwt", cast->world.folder);
    tern_id_format(&cast->operator_user, user);
    run_tern(cast, init);
    import_files(cast);
    add_doctor(cast);
    run_tern(cast, sync);
    demo_sample(&cast->world);
    tell(cast, DEMO_OPERATOR, "push", "pushes them with an operator token", "over HTTPS");
}

/* ---- 2. First sync ---- */

static void find_medication(struct demo_cast *cast, size_t index)
{
    char *text = demo_device_text(&cast->phone,
                                  "SELECT tern_id_text(id) FROM medications WHERE "
                                  "prescription_id = ?",
                                  &cast->prescriptions[index]);

    if (text == NULL || !tern_id_parse(text, &cast->medications[index])) {
        (void)fprintf(stderr, "demo: a medication did not reach the phone\n");
        exit(EXIT_FAILURE);
    }
    free(text);
}

void demo_scene_first_sync(struct demo_cast *cast)
{
    demo_story_scene(&cast->world.story, "2. The phones and the doctor sync for the first time");
    (void)demo_device_sync(&cast->phone);
    (void)demo_device_sync(&cast->tablet);
    (void)demo_device_sync(&cast->doctor);
    for (size_t i = 0; i < COUNT_OF(cast->medications); i++) {
        find_medication(cast, i);
    }
}

/* ---- 3. Offline ---- */

static struct demo_dose
dose_of(struct demo_cast *cast, size_t medicine, const char *slot, int64_t at_us)
{
    return (struct demo_dose){.patient = &cast->patient,
                              .prescription = &cast->prescriptions[medicine],
                              .medication = &cast->medications[medicine],
                              .date = cast->date,
                              .slot = slot,
                              .scheduled_us = cast->midnight_us + at_us};
}

static void morning(struct demo_cast *cast)
{
    struct demo_dose skipped = dose_of(cast, 0, "MORNING", 7 * HOUR_US + 30 * MINUTE_US);
    struct demo_dose taken = skipped;

    skipped.status = "SKIPPED";
    skipped.reason = "felt dizzy";
    skipped.title = "morning, amlodipine: SKIPPED";
    skipped.detail = "recorded first, under a clock in the future";
    demo_record_dose(&cast->tablet, &skipped);

    taken.status = "TAKEN_ON_TIME";
    taken.taken_us = cast->midnight_us + 7 * HOUR_US + 41 * MINUTE_US;
    taken.title = "morning, amlodipine: TAKEN at 07:41";
    taken.detail = "the same dose, so the same row, made on two phones";
    demo_record_dose(&cast->phone, &taken);
}

static void metformin(struct demo_cast *cast)
{
    struct demo_dose noon = dose_of(cast, 1, "MORNING", 7 * HOUR_US + 30 * MINUTE_US);
    struct demo_dose night = dose_of(cast, 1, "NIGHT", 18 * HOUR_US + 30 * MINUTE_US);
    struct demo_dose missed = night;

    noon.status = "TAKEN_ON_TIME";
    noon.taken_us = cast->midnight_us + 7 * HOUR_US + 45 * MINUTE_US;
    noon.title = "morning, metformin: TAKEN at 07:45";
    demo_record_dose(&cast->tablet, &noon);

    night.status = "TAKEN_ON_TIME";
    night.taken_us = cast->midnight_us + 18 * HOUR_US + 33 * MINUTE_US;
    night.title = "night, metformin: TAKEN at 18:33";
    night.detail = "a person's record";
    demo_record_dose(&cast->tablet, &night);

    missed.status = "MISSED";
    missed.inferred = true;
    missed.title = "night, metformin: the phone's own job says MISSED";
    missed.detail = "a guess, made later: it must never overrule a person";
    demo_record_dose(&cast->phone, &missed);
}

static void settings(struct demo_cast *cast)
{
    const tern_cell theme[] = {{"theme", tern_value_text("DARK")}};
    const tern_cell zone[] = {{"first_name", tern_value_text("\u1798\u17b8\u1784")}};
    const struct demo_write dark = {.verb = DEMO_UPDATE,
                                    .table = "users",
                                    .id = &cast->patient,
                                    .cells = theme,
                                    .count = COUNT_OF(theme),
                                    .title = "settings: dark theme",
                                    .detail = "one unit of the patient's row"};
    const struct demo_write name = {.verb = DEMO_UPDATE,
                                    .table = "users",
                                    .id = &cast->patient,
                                    .cells = zone,
                                    .count = COUNT_OF(zone),
                                    .title = "profile: first name \u1798\u17b8\u1784",
                                    .detail = "another unit of the same row: no conflict"};

    demo_write(&cast->phone, &dark, NULL);
    demo_write(&cast->tablet, &name, NULL);
}

/* The number belongs to the doctor, whom the phone cannot see: only the server can tell. */
static void taken_number(struct demo_cast *cast)
{
    const tern_cell cells[] = {{"email", tern_value_text("patient@example.org")},
                               {"phone_number", tern_value_text("012 000 900")}};
    const struct demo_write write = {.verb = DEMO_UPDATE,
                                     .table = "users",
                                     .id = &cast->neighbour,
                                     .cells = cells,
                                     .count = COUNT_OF(cells),
                                     .title =
                                         "profile: a telephone number that is somebody else's"};
    struct demo_write own = write;

    own.id = &cast->patient;
    own.detail = "the phone cannot know; the server will";
    demo_write(&cast->phone, &own, NULL);
}

static void clinical(struct demo_cast *cast)
{
    const tern_cell inactive[] = {{"status", tern_value_text("INACTIVE")}};
    const tern_cell paused[] = {{"status", tern_value_text("PAUSED")}};
    const tern_cell symptoms[] = {{"symptoms", tern_value_text("ankle swelling")}};
    const tern_cell often[] = {{"frequency", tern_value_text("up to 4 times a day")}};
    const struct demo_write stop = {.verb = DEMO_UPDATE,
                                    .table = "prescriptions",
                                    .id = &cast->prescriptions[0],
                                    .cells = inactive,
                                    .count = 1,
                                    .title = "amlodipine's prescription: INACTIVE"};
    struct demo_write pause = stop;
    struct demo_write note = stop;
    const struct demo_write edit = {.verb = DEMO_UPDATE,
                                    .table = "medications",
                                    .id = &cast->medications[2],
                                    .cells = often,
                                    .count = 1,
                                    .title = "paracetamol: up to 4 times a day"};
    const struct demo_write remove = {.verb = DEMO_DELETE,
                                      .table = "medications",
                                      .id = &cast->medications[2],
                                      .title = "deletes paracetamol"};

    demo_write(&cast->phone, &stop, NULL);
    pause.cells = paused;
    pause.title = "amlodipine's prescription: PAUSED";
    pause.action = "PRESCRIPTION_UPDATE";
    pause.detail = "the same unit as the phone's INACTIVE";
    demo_write(&cast->doctor, &pause, NULL);
    note.cells = symptoms;
    note.title = "amlodipine's prescription: symptoms, ankle swelling";
    note.detail = "another unit: it will stand beside either status";
    demo_write(&cast->doctor, &note, NULL);
    demo_write(&cast->doctor, &remove, NULL);
    demo_write(&cast->tablet, &edit, NULL);
}

void demo_scene_offline(struct demo_cast *cast)
{
    demo_story_scene(&cast->world.story, "3. A day without a network: all three write");
    tell(cast, DEMO_PHONE, "offline", "goes offline", NULL);
    tell(cast, DEMO_TABLET, "offline", "goes offline", NULL);
    tell(cast, DEMO_DOCTOR, "offline", "goes offline", NULL);
    cast->tablet.clock_offset_us = 3 * 365 * DAY_US;
    tell(cast,
         DEMO_TABLET,
         "clock",
         "comes up with its clock three years ahead",
         "nobody notices, and nothing is refused for it");
    morning(cast);
    settings(cast);
    taken_number(cast);
    metformin(cast);
    clinical(cast);
}

/* ---- 4. Back ---- */

void demo_scene_return(struct demo_cast *cast)
{
    demo_story_scene(&cast->world.story, "4. They come back, over a bad network");
    cast->phone.fault = DEMO_LOSE_ANSWER;
    (void)demo_device_sync(&cast->phone);
    (void)demo_device_sync(&cast->phone);
    cast->tablet.fault = DEMO_SEND_TWICE;
    (void)demo_device_sync(&cast->tablet);
    cast->doctor.fault = DEMO_CUT_ANSWER;
    (void)demo_device_sync(&cast->doctor);
    (void)demo_device_sync(&cast->doctor);
}

/* ---- 5. A power cut ---- */

void demo_scene_power_cut(struct demo_cast *cast)
{
    const tern_cell meals[] = {{"user_id", tern_value_id(&cast->patient)},
                               {"morning_meal", tern_value_text("06:30")},
                               {"afternoon_meal", tern_value_text("12:00")},
                               {"night_meal", tern_value_text("18:00")}};
    const struct demo_write write = {.verb = DEMO_INSERT,
                                     .table = "meal_time_preferences",
                                     .cells = meals,
                                     .count = COUNT_OF(meals),
                                     .title = "meals at 06:30, 12:00 and 18:00",
                                     .detail = "writing needs no server"};

    demo_story_scene(&cast->world.story, "5. The server loses its power");
    demo_server_kill(&cast->server);
    tell(cast,
         DEMO_SERVER,
         "kill",
         "is killed in an instant",
         "what it acknowledged must be there");
    demo_write(&cast->phone, &write, NULL);
    cast->phone.impatient = true;
    (void)demo_device_sync(&cast->phone);
    cast->phone.impatient = false;
    demo_server_start(&cast->server);
    tell(cast, DEMO_SERVER, "restart", "starts again on the same files", NULL);
    (void)demo_device_sync(&cast->phone);
    (void)demo_device_sync(&cast->tablet);
}

/* ---- 6. Decisions ---- */

struct quarantined {
    uint64_t ordinal;
    tern_status reason;
};

static bool find_first(void *context, const tern_entry *entry)
{
    struct quarantined *found = context;

    *found = (struct quarantined){.ordinal = entry->ordinal, .reason = entry->reason};
    return false;
}

static void discard_rejected(struct demo_cast *cast)
{
    struct quarantined found = {0};
    char title[TEXT_BYTES];
    tern_error error = {0};

    demo_require(tern_outbox_visit(cast->phone.replica,
                                   1U << TERN_ENTRY_QUARANTINED,
                                   find_first,
                                   &found,
                                   &error),
                 &error,
                 "quarantine");
    if (found.ordinal == 0) {
        tell(cast, DEMO_PHONE, "rejected", "nothing stands in quarantine", NULL);
        return;
    }
    (void)snprintf(title,
                   sizeof(title),
                   "its %s waits in quarantine: %s",
                   "telephone number",
                   tern_status_code(found.reason));
    tell(cast, DEMO_PHONE, "rejected", title, "everything after it went through");
    demo_require(tern_quarantine_discard(cast->phone.replica, found.ordinal, &error),
                 &error,
                 "discard");
    tell(cast,
         DEMO_PHONE,
         "discard",
         "the patient gives the number up",
         "its value goes to the audit, not into nothing");
}

/* The status in the last of the audit's values that lost, or of those that were kept. Which of two
 * acts was the later one, clocks that were set over a slow network may see otherwise than people.
 */
static char *audited_status(struct demo_cast *cast, const char *values)
{
    char sql[256];
    char *status;

    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT value FROM json_each((SELECT %s FROM sync_audit WHERE row_id = ? AND "
                   "unit = 'status' ORDER BY created_at DESC LIMIT 1)) WHERE key = 'status'",
                   values);
    status = demo_device_text(&cast->phone, sql, &cast->prescriptions[0]);
    demo_require(status != NULL ? TERN_OK : TERN_ERR_NOT_FOUND, NULL, "a status in the audit");
    return status;
}

static void reinstate_status(struct demo_cast *cast)
{
    char *text = demo_device_text(&cast->phone,
                                  "SELECT tern_id_text(id) FROM sync_audit WHERE row_id = ? AND "
                                  "unit = 'status' ORDER BY created_at DESC LIMIT 1",
                                  &cast->prescriptions[0]);
    tern_error error = {0};
    tern_id audit;
    json_t *values;
    char row[TERN_ID_TEXT_BYTES];
    char title[128];
    char *lost;
    char *kept;

    if (text == NULL || !tern_id_parse(text, &audit)) {
        free(text);
        return;
    }
    free(text);
    lost = audited_status(cast, "lost_values");
    kept = audited_status(cast, "kept_values");
    demo_require(tern_audit_reinstate(cast->phone.replica, &audit, &error), &error, "reinstate");
    values = json_pack("{s:s}", "status", lost);
    tern_id_format(&cast->prescriptions[0], row);
    demo_story_change(&cast->world.story, DEMO_PHONE, "prescriptions", row, values);
    (void)snprintf(title,
                   sizeof(title),
                   "reads in the audit that %s lost against %s, and reinstates it",
                   lost,
                   kept);
    free(lost);
    free(kept);
    tell(cast, DEMO_PHONE, "reinstate", title, "a new change, by somebody who has seen both");
}

static void undelete(struct demo_cast *cast)
{
    const struct demo_write write = {.verb = DEMO_UNDELETE,
                                     .table = "medications",
                                     .id = &cast->medications[2],
                                     .title = "brings paracetamol back",
                                     .detail = "and beneath it stands what the phone had edited"};

    demo_write(&cast->doctor, &write, NULL);
}

void demo_scene_decisions(struct demo_cast *cast)
{
    demo_story_scene(&cast->world.story, "6. People decide what the merge could not");
    discard_rejected(cast);
    reinstate_status(cast);
    undelete(cast);
}

/* ---- 7. Quiet ---- */

static bool is_quiet(struct demo_device *device)
{
    size_t before = json_array_size(device->world->story.events);
    tern_status status = demo_device_sync(device);
    const json_t *last = json_array_get(device->world->story.events, before);

    return status == TERN_OK &&
           strcmp(json_string_value(json_object_get(last, "kind")), "quiet") == 0;
}

void demo_scene_quiet(struct demo_cast *cast)
{
    struct demo_device *devices[] = {&cast->phone, &cast->tablet, &cast->doctor};
    bool quiet = false;

    demo_story_scene(&cast->world.story, "7. Everyone syncs until nobody has anything new");
    for (int round = 0; round < ROUNDS_MAX && !quiet; round++) {
        quiet = true;
        for (size_t i = 0; i < COUNT_OF(devices); i++) {
            quiet &= is_quiet(devices[i]);
        }
    }
    if (!quiet) {
        (void)fprintf(stderr, "demo: the devices do not come to rest\n");
        exit(EXIT_FAILURE);
    }
}

static json_t *id_json(const tern_id *id)
{
    char text[TERN_ID_TEXT_BYTES];

    tern_id_format(id, text);
    return json_string(text);
}

static json_t *device_json(const struct demo_device *device)
{
    tern_id id;

    tern_replica_device(device->replica, &id);
    return id_json(&id);
}

json_t *demo_cast_json(const struct demo_cast *cast)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}, s:I, s:I, s:I}",
                     "patient",
                     id_json(&cast->patient),
                     "neighbour",
                     id_json(&cast->neighbour),
                     "doctor",
                     id_json(&cast->doctor_user),
                     "operator",
                     id_json(&cast->operator_user),
                     "devices",
                     "phone",
                     device_json(&cast->phone),
                     "tablet",
                     device_json(&cast->tablet),
                     "doctor",
                     device_json(&cast->doctor),
                     "wal_max_bytes",
                     (json_int_t)cast->world.wal_max_bytes,
                     "start_us",
                     (json_int_t)cast->world.story.start_us,
                     "midnight_us",
                     (json_int_t)cast->midnight_us);
}
