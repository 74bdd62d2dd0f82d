/* Versions: snapshots never change, two doctors' never mix, and what was taken under an older one
 * stays. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tern/medication/message.h"
#include "tern/outbox.h"
#include "tests/medication/pair.h"

#define MINUTE_US INT64_C(60000000)

static const char shown[] =
    "SELECT symptoms, current_version, (SELECT group_concat(medicine_name, '+') FROM (SELECT "
    "medicine_name FROM medications m WHERE m.prescription_id = p.id AND m.deleted_at IS NULL "
    "ORDER BY row_number)), (SELECT group_concat(coalesce(change_reason, '-'), '+') FROM (SELECT "
    "change_reason FROM prescription_versions v WHERE v.prescription_id = p.id ORDER BY "
    "version_number)) FROM prescriptions p WHERE deleted_at IS NULL";

static tern_care_error error;

/* A patient with two devices, and two doctors to whom the record is open. */
struct round {
    struct care_pair pair;
    struct care_device first;
    struct care_device second;
    tern_id id;
};

static void round_sync(struct round *round)
{
    for (int i = 0; i < 2; i++) {
        device_sync_well(&round->first.device);
        world_pass(&round->pair.world, MINUTE_US);
        device_sync_well(&round->second.device);
        world_pass(&round->pair.world, MINUTE_US);
        care_pair_sync(&round->pair);
    }
}

static void round_begin(struct round *round)
{
    care_pair_begin(&round->pair);
    care_pair_open_to(&round->pair, 'd', "DOCTOR");
    care_pair_open_to(&round->pair, 'e', "DOCTOR");
    care_device_begin(&round->pair.world, &round->first, "first", 'd');
    care_device_begin(&round->pair.world, &round->second, "second", 'e');
    round->pair.prescription.symptoms = "s";
    device_sync_well(&round->first.device);
    round->id = care_pair_prescribe(&round->pair, &round->first);
    round_sync(round);
    care_ok(tern_schedule_generate(round->pair.phone.care, NULL, NULL, &error), &error);
    round_sync(round);
}

static void round_end(struct round *round)
{
    care_device_end(&round->first);
    care_device_end(&round->second);
    care_pair_end(&round->pair);
}

/* Edits all there is: another medicine, other symptoms. */
static void edit(struct round *round, struct care_device *doctor, const char *name)
{
    const tern_medicine two[2] = {
        {.name = name, .morning_dosage = "{\"amount\":1}", .timing = "mon; thu"},
        {.name = "second of it", .is_prn = true}};
    tern_prescription prescription = round->pair.prescription;
    int32_t version = 0;

    prescription.symptoms = name;
    prescription.medicines = two;
    prescription.medicine_count = 2;
    care_ok(tern_prescription_edit(doctor->care, &round->id, &prescription, name, &version, &error),
            &error);
    CHECK_INT(version, 2);
}

struct refusals {
    char text[1024];
    uint64_t ordinal;
};

static bool
tell(void *context, const tern_refused_version *version, const tern_medication *medication)
{
    struct refusals *refusals = context;
    size_t used = strlen(refusals->text);

    CHECK(version->snapshot.size > 10 && version->time_us > 0);
    refusals->ordinal = version->ordinal;
    (void)snprintf(refusals->text + used,
                   sizeof(refusals->text) - used,
                   "%s%s %d %.*s: %.*s %d",
                   used > 0 ? "; " : "",
                   tern_problem_code(version->problem),
                   (int)version->version,
                   (int)version->change_reason.size,
                   (const char *)version->change_reason.data,
                   medication != NULL ? (int)medication->name.size : 0,
                   medication != NULL ? (const char *)medication->name.data : "",
                   medication != NULL && medication->is_prn);
    if (medication != NULL && medication->timing.size > 0) {
        char clinical[1024];

        (void)snprintf(clinical,
                       sizeof(clinical),
                       "%.*s",
                       (int)version->clinical.size,
                       (const char *)version->clinical.data);
        CHECK(strstr(clinical, "\"symptoms\":\"two\"") != NULL);
        CHECK(medication->timing.size == strlen("mon; thu"));
    }
    return true;
}

static struct refusals refused(struct care_device *doctor)
{
    struct refusals refusals = {.ordinal = 0};

    care_ok(tern_prescription_refused(doctor->care, tell, &refusals, &error), &error);
    return refusals;
}

static void expect_first_everywhere(struct round *round)
{
    CHECK_TEXT(device_ask(&round->pair.phone.device, shown), "one,2,one+second of it,-+one");
    CHECK_TEXT(device_ask(&round->pair.tablet.device, shown), "one,2,one+second of it,-+one");
    CHECK_TEXT(device_ask(&round->first.device, shown), "one,2,one+second of it,-+one");
    CHECK_TEXT(device_ask(&round->second.device, shown), "one,2,one+second of it,-+one");
    CHECK_TEXT(world_ask(&round->pair.world,
                         "SELECT count(*) FROM audit_logs WHERE action_type = "
                         "'PRESCRIPTION_UPDATE'"),
               "1");
}

TEST(of_two_doctors_versions_the_later_is_rejected_whole_and_its_text_kept)
{
    struct round round;
    struct refusals kept;

    round_begin(&round);
    edit(&round, &round.second, "two");
    world_pass(&round.pair.world, MINUTE_US);
    edit(&round, &round.first, "one");
    CHECK_TEXT(refused(&round.second).text, "");
    round_sync(&round);
    expect_first_everywhere(&round);
    kept = refused(&round.second);
    CHECK_TEXT(kept.text, "OVERTAKEN 2 two: two 0; OVERTAKEN 2 two: second of it 1");
    CHECK_TEXT(refused(&round.first).text, "");
    /* Its author gives it up, and writes on top of the one that came first. */
    CHECK_INT(tern_quarantine_discard(round.second.device.replica, kept.ordinal, &error.error),
              TERN_OK);
    CHECK_TEXT(refused(&round.second).text, "");
    CHECK_TEXT(device_ask(&round.second.device, shown), "one,2,one+second of it,-+one");
    round_end(&round);
}

/* An edit of the medicine that stands there, and of nothing else. */
static void
edit_one(struct round *round, struct care_device *doctor, const char *name, const char *reason)
{
    tern_medicine one = {.id = care_pair_id(doctor, "SELECT quote(id) FROM medications"),
                         .name = name,
                         .morning_dosage = "{\"amount\":1}"};
    tern_prescription prescription = round->pair.prescription;

    prescription.symptoms = reason;
    prescription.medicines = &one;
    prescription.medicine_count = 1;
    care_ok(tern_prescription_edit(doctor->care, &round->id, &prescription, reason, NULL, &error),
            &error);
}

static bool note_last(void *context, const tern_entry *entry)
{
    *(tern_entry *)context = *entry;
    return true;
}

TEST(an_edit_on_top_of_a_refused_one_is_not_sent_without_it)
{
    struct round round;
    tern_entry last = {.ordinal = 0};

    round_begin(&round);
    edit_one(&round, &round.second, "two", "why");
    edit_one(&round, &round.second, "two", "again");
    world_pass(&round.pair.world, MINUTE_US);
    edit(&round, &round.first, "one");
    round_sync(&round);
    CHECK_INT(tern_outbox_visit(round.second.device.replica,
                                1U << TERN_ENTRY_QUARANTINED,
                                note_last,
                                &last,
                                &error.error),
              TERN_OK);
    CHECK(last.waits_for != 0);
    CHECK_INT(tern_quarantine_retry(round.second.device.replica, last.ordinal, NULL, &error.error),
              TERN_ERR_DEPENDENCY_REJECTED);
    round_sync(&round);
    expect_first_everywhere(&round);
    CHECK(strstr(refused(&round.second).text, " 3 again: two 0") != NULL);
    round_end(&round);
}

static bool
refuse_pushes(struct device *device, const tern_http_request *request, tern_http_answer *ret_answer)
{
    (void)device;
    if (request_entries(request) == 0) {
        return false;
    }
    device_answer_problem(ret_answer, 500, NULL);
    return true;
}

TEST(a_version_that_hears_of_another_before_it_is_sent_is_never_mixed_with_it)
{
    struct round round;
    const char *seen;

    round_begin(&round);
    edit(&round, &round.second, "two");
    world_pass(&round.pair.world, MINUTE_US);
    edit(&round, &round.first, "one");
    device_sync_well(&round.first.device);
    round.second.device.meddle = refuse_pushes;
    CHECK(device_sync(&round.second.device) != TERN_OK);
    seen = device_ask(&round.second.device, shown);
    CHECK(strcmp(seen, "two,2,two+second of it,-+two") == 0 ||
          strcmp(seen, "one,2,one+second of it,-+one") == 0);
    round.second.device.meddle = NULL;
    round_sync(&round);
    expect_first_everywhere(&round);
    CHECK_TEXT(refused(&round.second).text,
               "OVERTAKEN 2 two: two 0; OVERTAKEN 2 two: second of it 1");
    round_end(&round);
}

/* The second doctor saves a form that was opened on `base`. */
static tern_status save(struct round *round, int32_t base, const char *name, int32_t *ret_version)
{
    const tern_medicine medicine = {.name = name, .morning_dosage = "{\"amount\":1}"};
    tern_prescription prescription = round->pair.prescription;

    prescription.base_version = base;
    prescription.symptoms = name;
    prescription.medicines = &medicine;
    prescription.medicine_count = 1;
    return tern_prescription_edit(round->second.care,
                                  &round->id,
                                  &prescription,
                                  name,
                                  ret_version,
                                  &error);
}

TEST(a_form_that_another_version_has_overtaken_changes_nothing)
{
    const tern_locale khmer = {.size = sizeof(khmer), .language = TERN_KHMER};
    const tern_locale english = {.size = sizeof(english), .language = TERN_ENGLISH};
    int32_t version = 0;
    struct round round;
    char said[400];

    round_begin(&round);
    edit(&round, &round.first, "one"); /* while the second has the form open */
    round_sync(&round);
    CHECK_INT(save(&round, 1, "two", &version), TERN_ERR_APPEND_ONLY);
    CHECK_INT(error.problem, TERN_PROBLEM_OVERTAKEN);
    CHECK_INT(error.first, 2);
    CHECK_INT(version, 0);
    CHECK(tern_say_problem(&english, &error, said, sizeof(said)) > 0);
    CHECK_TEXT(said,
               "This prescription was changed meanwhile (version 2). Please open it again before "
               "you change it.");
    CHECK(tern_say_problem(&khmer, &error, said, sizeof(said)) > 0);
    CHECK_INT(save(&round, 3, "two", &version), TERN_ERR_APPEND_ONLY);
    CHECK_INT(save(&round, -1, "two", &version), TERN_ERR_APPEND_ONLY);
    round_sync(&round);
    expect_first_everywhere(&round);
    care_ok(save(&round, 2, "two", &version), &error);
    CHECK_INT(version, 3);
    care_ok(save(&round, 0, "three", &version), &error);
    CHECK_INT(version, 4);
    round_end(&round);
}

TEST(a_refusal_is_said_in_both_languages)
{
    const tern_care_error refusal = {.problem = TERN_PROBLEM_OVERTAKEN,
                                     .error = {.status = TERN_ERR_APPEND_ONLY}};
    const tern_locale khmer = {.size = sizeof(khmer), .language = TERN_KHMER};
    const tern_locale english = {.size = sizeof(english), .language = TERN_ENGLISH};
    char said[400];

    CHECK(tern_say_problem(&english, &refusal, said, sizeof(said)) > 0);
    CHECK(strstr(said, "its text is kept") != NULL);
    CHECK(tern_say_problem(&khmer, &refusal, said, sizeof(said)) > 0);
}

static const char versions[] =
    "SELECT version_number, author_id, change_reason, medications_snapshot, created_at, deleted_at "
    "FROM prescription_versions ORDER BY version_number";

TEST(no_path_changes_a_snapshot)
{
    static const char *const writes[] = {
        "UPDATE prescription_versions SET medications_snapshot = '[]'",
        "UPDATE prescription_versions SET change_reason = 'x'",
        "UPDATE prescription_versions SET version_number = 7",
        "UPDATE prescription_versions SET author_id = NULL",
        "UPDATE prescription_versions SET created_at = 1",
        "UPDATE prescription_versions SET deleted_at = 1",
        "DELETE FROM prescription_versions",
        "INSERT INTO prescription_versions(id, prescription_id, version_number, "
        "medications_snapshot) SELECT id, prescription_id, version_number, '[]' FROM "
        "prescription_versions",
        "INSERT INTO prescription_versions(id, prescription_id, version_number, "
        "medications_snapshot) SELECT id, prescription_id, version_number, '[]' FROM "
        "prescription_versions WHERE true ON CONFLICT(id) DO UPDATE SET medications_snapshot = "
        "'[]'",
        "INSERT OR REPLACE INTO prescription_versions(id, prescription_id, version_number, "
        "medications_snapshot) SELECT id, prescription_id, version_number, '[]' FROM "
        "prescription_versions",
    };
    const tern_cell cell = {"medications_snapshot", tern_value_text("[]")};
    struct care_pair pair;
    char before[4096];
    tern_tx *tx = NULL;
    tern_id version;
    tern_id id;

    care_pair_begin(&pair);
    id = care_pair_prescribe(&pair, &pair.phone);
    care_pair_sync(&pair);
    (void)snprintf(before, sizeof(before), "%s", device_ask(&pair.phone.device, versions));
    version = care_pair_id(&pair.phone, "SELECT quote(id) FROM prescription_versions");
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
        if (device_try(&pair.phone.device, writes[i]) == TERN_OK) {
            fail_msg("taken: %s", writes[i]);
        }
        CHECK_TEXT(device_ask(&pair.phone.device, versions), before);
    }
    CHECK_INT(tern_tx_begin(pair.phone.device.replica, NULL, &tx, NULL), TERN_OK);
    CHECK_INT(tern_row_update(tx, "prescription_versions", &version, &cell, 1, NULL),
              TERN_ERR_APPEND_ONLY);
    CHECK_INT(tern_row_undo(tx, "prescription_versions", &version, &cell, 1, NULL),
              TERN_ERR_APPEND_ONLY);
    CHECK(tern_row_delete(tx, "prescription_versions", &version, NULL) != TERN_OK);
    CHECK(tern_row_undelete(tx, "prescription_versions", &version, NULL) != TERN_OK);
    CHECK(tern_tx_commit(tx, NULL, NULL) == TERN_OK);
    CHECK(fixture_outside(pair.phone.device.path,
                          "UPDATE prescription_versions SET medications_snapshot = '[]'") != 0);
    care_ok(tern_prescription_pause(pair.phone.care, &id, &error), &error);
    care_ok(tern_prescription_resume(pair.phone.care, &id, &error), &error);
    pair.medicine.name = "another";
    care_ok(tern_prescription_edit(pair.phone.care, &id, &pair.prescription, "why", NULL, &error),
            &error);
    care_ok(tern_prescription_end(pair.phone.care, &id, &error), &error);
    care_pair_sync(&pair);
    CHECK(strncmp(device_ask(&pair.tablet.device, versions), before, strlen(before)) == 0);
    CHECK_TEXT(device_ask(&pair.phone.device, versions), device_ask(&pair.tablet.device, versions));
    CHECK_INT(device_status(&pair.phone.device).quarantined, 0);
    care_pair_end(&pair);
}

static bool count(void *context, const tern_dose *dose)
{
    char *text = context;
    size_t used = strlen(text);

    (void)snprintf(text + used,
                   200 - used,
                   "%s%.*s %d",
                   used > 0 ? ", " : "",
                   (int)dose->medicine_name.size,
                   (const char *)dose->medicine_name.data,
                   (int)dose->status);
    return true;
}

static const char *day(struct care_device *device, const char *date)
{
    static char text[200];

    text[0] = '\0';
    care_ok(tern_dose_list(device->care, NULL, date, count, text, &error), &error);
    return text;
}

static bool add(void *context, const tern_adherence *sum)
{
    *(int64_t *)context += sum->taken;
    return true;
}

TEST(a_medication_whose_prescription_was_replaced_keeps_the_history_of_its_doses)
{
    static const char *const date = "2025-11-20";
    struct round round;
    tern_dose_act act = {.size = sizeof(act), .insist = true};
    int64_t taken = 0;
    tern_id dose;
    tern_id made;

    round_begin(&round);
    dose = care_pair_id(&round.pair.phone,
                        "SELECT quote(id) FROM dose_events WHERE local_date = '2025-11-20'");
    care_ok(tern_dose_take(round.pair.phone.care, &dose, &act, NULL, &error), &error);
    world_pass(&round.pair.world, 24 * 60 * MINUTE_US);
    /* While the record of the dose is on its way, the doctor replaces the prescription. */
    care_ok(tern_prescription_end(round.first.care, &round.id, &error), &error);
    round.pair.medicine.name = "its heir";
    care_ok(
        tern_prescription_create(round.first.care, &round.pair.prescription, NULL, &made, &error),
        &error);
    care_ok(tern_prescription_activate(round.first.care, &made, &error), &error);
    round_sync(&round);
    CHECK_TEXT(day(&round.pair.phone, date), "a medicine 1");
    CHECK_TEXT(day(&round.pair.tablet, date), "a medicine 1");
    /* Even where the old one is deleted. */
    device_run(&round.first.device, "DELETE FROM medications WHERE medicine_name = 'a medicine'");
    device_run(&round.first.device, "DELETE FROM prescriptions WHERE status = 'INACTIVE'");
    round_sync(&round);
    CHECK_TEXT(day(&round.pair.tablet, date), "a medicine 1");
    CHECK_TEXT(device_ask(&round.pair.tablet.device,
                          "SELECT count(*) FROM dose_events WHERE deleted_at IS NOT NULL"),
               "0");
    care_ok(tern_adherence_read(round.pair.tablet.care, NULL, add, &taken, NULL, &error), &error);
    CHECK_INT(taken, 1);
    round_end(&round);
}

TEST(a_doctor_who_pauses_or_edits_writes_nothing_that_the_server_refuses)
{
    struct round round;

    round_begin(&round);
    world_pass(&round.pair.world, 24 * 60 * MINUTE_US);
    edit(&round, &round.first, "one");
    care_ok(tern_prescription_pause(round.first.care, &round.id, &error), &error);
    round_sync(&round);
    CHECK_INT(device_status(&round.first.device).locked, 0);
    CHECK_INT(device_status(&round.first.device).quarantined, 0);
    CHECK_TEXT(device_ask(&round.pair.phone.device, "SELECT status FROM prescriptions"), "PAUSED");
    round_end(&round);
}

TEST(a_prescription_for_one_whose_record_is_not_here_is_told_before_anything_is_written)
{
    struct care_pair pair;
    struct care_device early;
    tern_id id = {{0}};

    care_pair_begin(&pair);
    care_device_begin(&pair.world, &early, "early", 'p');
    CHECK_INT(tern_prescription_create(early.care, &pair.prescription, NULL, &id, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    CHECK_INT(device_status(&early.device).pending, 0);
    device_sync_well(&early.device);
    care_ok(tern_prescription_create(early.care, &pair.prescription, NULL, &id, &error), &error);
    pair.prescription.patient = world_user('x');
    CHECK_INT(tern_prescription_create(early.care, &pair.prescription, NULL, &id, &error),
              TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    device_sync_well(&early.device);
    CHECK_TEXT(world_ask(&pair.world, "SELECT count(*) FROM prescriptions"), "1");
    CHECK_INT(device_status(&early.device).quarantined, 0);
    CHECK_INT(device_status(&early.device).locked, 0);
    care_device_end(&early);
    care_pair_end(&pair);
}

TEST(what_was_refused_is_read_whole_or_not_at_all)
{
    struct round round;

    round_begin(&round);
    edit(&round, &round.second, "two");
    world_pass(&round.pair.world, MINUTE_US);
    edit(&round, &round.first, "one");
    round_sync(&round);
    FOR_EACH_ALLOC_FAILURE (nth) {
        struct refusals refusals = {.ordinal = 0};
        tern_status status = tern_prescription_refused(round.second.care, tell, &refusals, &error);

        CHECK(status == TERN_OK ? strlen(refusals.text) > 50 : status == TERN_ERR_NOMEM);
    }
    CHECK_INT(tern_prescription_refused(round.second.care, NULL, NULL, &error), TERN_ERR_MISUSE);
    round_end(&round);
}
