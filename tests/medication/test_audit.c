/* The audit log: acts and values set aside, in one list by time. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/audit.h"
#include "tests/medication/pair.h"

static tern_care_error error;
static char told[2048];
static tern_audit_entry last;
static char place[100];

static bool tell(void *context, const tern_audit_entry *entry)
{
    size_t used = strlen(told);

    (void)snprintf(told + used,
                   sizeof(told) - used,
                   "%s%s%s",
                   used > 0 ? ", " : "",
                   tern_audit_code(entry->kind),
                   entry->is_undone ? " undone" : "");
    last = *entry; /* its texts are gone with the callback */
    (void)snprintf(place,
                   sizeof(place),
                   "%.*s %.*s",
                   (int)entry->table.size,
                   (const char *)entry->table.data,
                   (int)(entry->is_set_aside ? entry->unit.size : entry->actor_role.size),
                   (const char *)(entry->is_set_aside ? entry->unit.data : entry->actor_role.data));
    return context == NULL;
}

static const char *page(const tern_id *row, uint32_t limit, tern_audit_cursor *cursor, bool *more)
{
    const tern_audit_query query = {.size = sizeof(query), .row = row, .limit = limit};

    told[0] = '\0';
    care_ok(tern_audit_read(care, &query, cursor, tell, NULL, more, &error), &error);
    return told;
}

TEST(acts_are_listed_the_newest_first_and_paged_without_gap_or_double)
{
    tern_audit_cursor cursor = {.time_us = 0};
    tern_id morning;
    bool more = false;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    morning = care_dose("2026-03-02", "MORNING");
    care_clock("2026-03-02 06:30");
    care_ok(tern_dose_take(care, &morning, NULL, NULL, &error), &error);
    care_ok(tern_dose_undo(care, &morning, &error), &error);
    care_ok(tern_dose_skip(care, &morning, NULL, false, &error), &error);
    CHECK_TEXT(page(NULL, 2, &cursor, &more), "DOSE_SKIPPED, DOSE_TAKEN undone");
    CHECK(more);
    CHECK_TEXT(page(NULL, 2, &cursor, &more), "DOSE_TAKEN, PRESCRIPTION_CONFIRM");
    CHECK(more);
    CHECK_TEXT(page(NULL, 2, &cursor, &more), "PRESCRIPTION_CREATE");
    CHECK(!more);
    CHECK_TEXT(page(NULL, 2, &cursor, &more), "");
    CHECK(!more);
    cursor = (tern_audit_cursor){.time_us = 0};
    CHECK_TEXT(page(&morning, 10, &cursor, &more), "DOSE_SKIPPED, DOSE_TAKEN undone, DOSE_TAKEN");
    CHECK(!more && memcmp(&last.row, &morning, sizeof(morning)) == 0);
    CHECK_TEXT(place, "dose_events PATIENT");
    care_end();
}

/* What a call left: its action, in the one transaction that it queued. */
static const char *left_by(tern_status status)
{
    static uint64_t queued;
    tern_audit_cursor cursor = {.time_us = 0};
    tern_replica_status state = {.size = sizeof(state)};
    bool more = false;

    care_ok(status, &error);
    CHECK_INT(tern_replica_read_status(care_replica, &state, NULL), TERN_OK);
    CHECK(state.pending == queued + 1 || queued == 0);
    queued = state.pending;
    return page(NULL, 1, &cursor, &more);
}

TEST(each_act_writes_the_row_of_its_action_in_its_own_transaction)
{
    static const int32_t noon = 720;
    tern_dose_act late = {.size = sizeof(late)};
    tern_medicine two[2];
    tern_id id = {{0}};
    tern_id made = {{0}};
    tern_id medication;
    tern_id dose;

    care_begin("2026-03-02 05:00");
    two[0] = care_medicine;
    two[1] = (tern_medicine){.name = "as needed", .is_prn = true};
    care_prescription.medicines = two;
    care_prescription.medicine_count = 2;
    CHECK_TEXT(left_by(tern_prescription_create(care, &care_prescription, NULL, &id, &error)),
               "PRESCRIPTION_CREATE");
    CHECK_TEXT(left_by(tern_prescription_edit(care, &id, &care_prescription, "why", NULL, &error)),
               "PRESCRIPTION_UPDATE");
    CHECK_TEXT(left_by(tern_prescription_activate(care, &id, &error)), "PRESCRIPTION_CONFIRM");
    CHECK_TEXT(left_by(tern_prescription_pause(care, &id, &error)), "PRESCRIPTION_UPDATE");
    CHECK_TEXT(left_by(tern_prescription_resume(care, &id, &error)), "PRESCRIPTION_CONFIRM");
    CHECK_TEXT(left_by(tern_schedule_generate(care, NULL, NULL, &error)), "PRESCRIPTION_CONFIRM");
    medication = care_id("SELECT id FROM medications WHERE is_prn AND deleted_at IS NULL");
    CHECK_TEXT(left_by(tern_medication_set_prn_times(care, &medication, &noon, 1, &error)),
               "PRESCRIPTION_UPDATE");
    CHECK_TEXT(left_by(tern_dose_take_prn(care, &medication, NULL, &dose, &error)), "DOSE_TAKEN");
    CHECK_TEXT(left_by(tern_dose_undo(care, &dose, &error)), "DOSE_TAKEN undone");
    dose = care_id("SELECT id FROM dose_events WHERE slot = 'MORNING' ORDER BY local_date LIMIT 1");
    care_clock("2026-03-02 08:00");
    late.taken_us = care_time("2026-03-02 07:30");
    CHECK_TEXT(left_by(tern_dose_take(care, &dose, &late, NULL, &error)), "DOSE_TAKEN");
    CHECK_TEXT(left_by(tern_dose_undo(care, &dose, &error)), "DOSE_TAKEN undone");
    CHECK_TEXT(left_by(tern_dose_skip(care, &dose, "why", true, &error)), "DOSE_SKIPPED");
    CHECK_TEXT(left_by(tern_dose_undo(care, &dose, &error)), "DOSE_SKIPPED undone");
    CHECK_TEXT(left_by(tern_prescription_end(care, &id, &error)), "PRESCRIPTION_UPDATE");
    CHECK_TEXT(left_by(tern_prescription_retake(care, &id, NULL, NULL, NULL, &made, &error)),
               "PRESCRIPTION_RETAKE");
    CHECK_INT(fixture_number(care_replica, "SELECT count(*) FROM audit_logs"), 14);
    care_end();
}

TEST(one_who_stops_goes_on_behind_the_last_entry_seen)
{
    tern_audit_query query = {.size = sizeof(query)};
    tern_audit_cursor cursor = {.time_us = 0};
    bool more = false;

    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    told[0] = '\0';
    care_ok(tern_audit_read(care, NULL, &cursor, tell, &more, &more, &error), &error);
    CHECK_TEXT(told, "PRESCRIPTION_CONFIRM");
    CHECK(more);
    CHECK_TEXT(page(NULL, 10, &cursor, &more), "PRESCRIPTION_CREATE");
    CHECK(!more);
    query.limit = 1001;
    CHECK_INT(tern_audit_read(care, &query, &cursor, tell, NULL, &more, &error), TERN_ERR_MISUSE);
    query.size = 0;
    CHECK_INT(tern_audit_read(care, &query, &cursor, tell, NULL, &more, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_audit_read(care, NULL, NULL, tell, NULL, &more, &error), TERN_ERR_MISUSE);
    care_end();
}

TEST(what_a_sync_set_aside_stands_between_the_acts_and_can_be_brought_back)
{
    tern_audit_cursor cursor = {.time_us = 0};
    struct care_pair pair;
    bool more = false;

    care_pair_begin(&pair);
    care_ok(tern_settings_set_theme(pair.phone.care, TERN_THEME_DARK, &error), &error);
    world_pass(&pair.world, 1000000);
    care_ok(tern_settings_set_language(pair.tablet.care, TERN_ENGLISH, &error), &error);
    care_pair_sync(&pair);
    told[0] = '\0';
    care_ok(tern_audit_read(pair.phone.care, NULL, &cursor, tell, NULL, &more, &error), &error);
    CHECK_TEXT(told, "LATER");
    CHECK(last.is_set_aside);
    CHECK_TEXT(place, "users settings");
    CHECK(last.lost_us < last.kept_us);
    CHECK_INT(tern_audit_reinstate(pair.phone.device.replica, &last.id, &error.error), TERN_OK);
    care_pair_sync(&pair);
    CHECK_TEXT(device_ask(&pair.tablet.device, "SELECT theme, language FROM users"), "DARK,KHMER");
    care_pair_end(&pair);
}

TEST(every_kind_is_a_sentence_of_its_own_in_both_languages)
{
    const tern_locale locales[] = {{.size = sizeof(tern_locale), .language = TERN_KHMER},
                                   {.size = sizeof(tern_locale), .language = TERN_ENGLISH}};
    char seen[2][2 * (TERN_AUDIT_UNKNOWN + 1)][300];
    size_t count = 0;

    for (int at = 0; at <= TERN_AUDIT_UNKNOWN; at++) {
        for (int undone = 0;
             undone < (at == TERN_AUDIT_DOSE_TAKEN || at == TERN_AUDIT_DOSE_SKIPPED ? 2 : 1);
             undone++) {
            tern_audit_entry entry = {.kind = (tern_audit_kind)at, .is_undone = undone != 0};

            for (int i = 0; i < 2; i++) {
                size_t length =
                    tern_say_audit(&locales[i], &entry, seen[i][count], sizeof(seen[i][count]));

                CHECK(length > 10 && length == strlen(seen[i][count]));
                for (size_t other = 0; other < count; other++) {
                    CHECK(strcmp(seen[i][other], seen[i][count]) != 0);
                }
            }
            CHECK(strcmp(seen[0][count], seen[1][count]) != 0);
            count++;
        }
    }
    CHECK_TEXT(tern_audit_code((tern_audit_kind)(TERN_AUDIT_UNKNOWN + 1)), "UNKNOWN");
    CHECK_INT(tern_say_audit(&locales[0], NULL, seen[0][0], sizeof(seen[0][0])), 0);
}

TEST(a_page_is_whole_or_says_that_memory_ran_out)
{
    care_begin("2026-03-02 05:00");
    (void)care_prescribe();
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_audit_cursor cursor = {.time_us = 0};
        bool more = false;
        tern_status status;

        told[0] = '\0';
        status = tern_audit_read(care, NULL, &cursor, tell, NULL, &more, &error);
        CHECK(status == TERN_OK ? strcmp(told, "PRESCRIPTION_CONFIRM, PRESCRIPTION_CREATE") == 0
                                : status == TERN_ERR_NOMEM && cursor.time_us == 0);
    }
    care_end();
}

/* ---- Who looked ---- */

#define DAY_US INT64_C(86400000000)

static bool look(struct care_device *device, char whose)
{
    const tern_id patient = world_user(whose);
    bool written = false;

    care_ok(tern_audit_access(device->care, &patient, &written, &error), &error);
    return written;
}

TEST(who_looks_at_a_patients_record_is_noted_once_a_day_of_the_patient)
{
    static const char *const roles[] = {"DOCTOR", "FAMILY_MEMBER"};

    for (int i = 0; i < 2; i++) {
        const tern_id patient = world_user('p');
        tern_audit_query query = {.size = sizeof(query), .row = &patient};
        tern_audit_cursor cursor = {.time_us = 0};
        struct care_pair pair;
        struct care_device desk;
        struct care_device home;
        char expected[40];

        care_pair_begin(&pair);
        care_pair_open_to(&pair, 'd', roles[i]);
        care_device_begin(&pair.world, &desk, "at the desk", 'd');
        care_device_begin(&pair.world, &home, "at home", 'd');
        device_sync_well(&desk.device);
        device_sync_well(&home.device);
        CHECK(look(&desk, 'p'));
        CHECK(!look(&desk, 'p'));
        CHECK(!look(&desk, 'd'));
        device_sync_well(&desk.device);
        CHECK_INT(device_status(&desk.device).quarantined, 0);
        device_sync_well(&home.device);
        CHECK(!look(&home, 'p'));
        world_pass(&pair.world, DAY_US);
        CHECK(look(&home, 'p'));
        /* One of the two has not heard of the other. */
        CHECK(look(&desk, 'p'));
        told[0] = '\0';
        care_ok(tern_audit_read(desk.care, &query, &cursor, tell, NULL, NULL, &error), &error);
        CHECK_TEXT(told, "DATA_ACCESS, DATA_ACCESS");
        (void)snprintf(expected, sizeof(expected), "users %s", roles[i]);
        CHECK_TEXT(place, expected);
        CHECK(memcmp(&last.row, &patient, sizeof(patient)) == 0);
        care_device_end(&desk);
        care_device_end(&home);
        care_pair_end(&pair);
    }
}

TEST(a_day_to_be_noted_ends_at_the_patients_midnight)
{
    const tern_id other = fixture_id(9);

    care_begin("2026-03-02 05:00");
    fixture_run(care_replica,
                "INSERT INTO users(id, role, time_zone) VALUES(x'6170692d666978747572652d00000009',"
                " 'PATIENT', 'America/New_York')");
    for (int i = 0; i < 4; i++) {
        static const char *const times[] = {"2026-03-02 11:59",
                                            "2026-03-02 12:01",
                                            "2026-03-03 11:59:59",
                                            "2026-03-03 12:00:01"};
        bool written = false;

        care_clock(times[i]);
        care_ok(tern_audit_access(care, &other, &written, &error), &error);
        CHECK_INT(written, i != 2);
    }
    FOR_EACH_ALLOC_FAILURE (nth) {
        bool written = false;
        tern_status status;

        care_clock("2026-03-05 12:00:01");
        status = tern_audit_access(care, &other, &written, &error);
        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && !written));
    }
    CHECK_INT(fixture_number(care_replica,
                             "SELECT count(*) FROM audit_logs WHERE action_type='DATA_ACCESS'"),
              4);
    CHECK_INT(tern_audit_access(care, NULL, NULL, &error), TERN_ERR_MISUSE);
    CHECK_INT(tern_audit_access(care, &(tern_id){{5}}, NULL, &error), TERN_ERR_NOT_FOUND);
    CHECK_INT(error.problem, TERN_PROBLEM_NO_PATIENT);
    care_end();
}
