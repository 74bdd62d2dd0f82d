/* All people of the real data: what their requests say is what is scheduled, and adherence is what
 * a second reckoning makes of their rows, whatever they do. */
#include "tests/medication/people.h"

#include <stdio.h>
#include <string.h>

#include "tern/medication/adherence.h"
#include "tests/medication/lives.h"
#include "tests/medication/reckoning.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define HOUR_US (INT64_C(3600) * 1000000)
/* Of Phnom Penh, all year round. */
#define OFFSET_US (7 * HOUR_US)

/* Every eighth, where a sanitizer looks on. */
enum { EVERY = TERN_TEST_SANITIZED ? 8 : 1 };

static tern_care_error error;
static char path[1100];

/* Reads everybody, and names the file of one after the other. */
static void begin_all(void)
{
    people_read();
    (void)snprintf(path, sizeof(path), "%s/person.db", trn_test_folder());
}

static void open_care(void)
{
    const tern_care_options options = {.size = sizeof(options), .zones = care_zones()};

    care_ok(tern_care_open(care_replica, &options, &care, &error), &error);
}

static tern_replica *open_file(const tern_id *user)
{
    static tern_ports ports;
    tern_replica_options options = fixture_options();
    tern_replica *replica = NULL;

    ports = *fixture_ports();
    ports.vfs = fixture_vfs();
    options.ports = &ports;
    options.user = *user;
    if (tern_replica_open(path, &options, &replica, &error.error) != TERN_OK) {
        fail_msg("%s", error.error.message);
    }
    return replica;
}

/* A replica of a person with all that was ever prescribed, on the second of March 2026. */
static void begin(size_t number)
{
    const tern_id user = people_id(number);

    care_clock("2026-03-02 00:00");
    care_replica = open_file(&user);
    people_put(number, care_replica);
    open_care();
}

static void end(void)
{
    tern_care_close(care);
    tern_replica_close(care_replica); /* which leaves one file */
    CHECK_INT(remove(path), 0);
}

/* ---- Timings ---- */

struct wanted {
    tern_id prescription;
    const json_t *request;
    int32_t first_day;
    int32_t minutes[PEOPLE_TIMES_MAX];
    size_t count;
    size_t at;
};

static void want_day(struct wanted *wanted, int32_t day, bool is_active)
{
    wanted->count =
        is_active ? people_times(wanted->request, wanted->first_day, day, wanted->minutes) : 0;
    wanted->at = 0;
}

/* The doses of one prescription are those of its request, day by day; how many. */
static size_t
compare_doses(const tern_id *prescription, const json_t *request, int32_t first_day, bool is_active)
{
    const char *sql = "SELECT scheduled_time, unixepoch(local_date) / 86400 FROM dose_events WHERE "
                      "prescription_id = ?1 ORDER BY scheduled_time";
    const int32_t today = (int32_t)((fixture_clock.wall_us + OFFSET_US) / DAY_US);
    struct wanted wanted = {.request = request, .first_day = first_day};
    tern_statement *row = NULL;
    int32_t day = today;
    size_t found = 0;
    bool more = true;

    want_day(&wanted, day, is_active);
    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    CHECK_INT(tern_statement_bind(row, 1, tern_value_id(prescription), NULL), TERN_OK);
    while (more) {
        CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
        while (wanted.at == wanted.count && day < today + TERN_SCHEDULE_DAYS) {
            day++;
            want_day(&wanted, day, is_active && day < today + TERN_SCHEDULE_DAYS);
        }
        if (more) {
            CHECK(day < today + TERN_SCHEDULE_DAYS);
            CHECK_INT(tern_statement_value(row, 1).integer, day);
            CHECK_INT(tern_statement_value(row, 0).integer + OFFSET_US,
                      day * DAY_US + wanted.minutes[wanted.at++] * (HOUR_US / 60));
            found++;
        }
    }
    tern_statement_free(row);
    CHECK_INT(day, today + TERN_SCHEDULE_DAYS);
    return found;
}

/* All prescriptions of the replica; how many doses there are. */
static size_t compare_requests(void)
{
    const char *sql = "SELECT id, unixepoch(start_date) / 86400, status = 'ACTIVE' FROM "
                      "prescriptions";
    tern_statement *row = NULL;
    size_t doses = 0;
    bool more = true;

    CHECK_INT(tern_statement_prepare(care_replica, sql, strlen(sql), &row, NULL), TERN_OK);
    while (more) {
        CHECK_INT(tern_statement_step(row, &more, NULL), TERN_OK);
        if (more) {
            tern_id id;

            memcpy(&id, tern_statement_value(row, 0).data, sizeof(id));
            doses += compare_doses(&id,
                                   people_request(&id),
                                   (int32_t)tern_statement_value(row, 1).integer,
                                   tern_statement_value(row, 2).integer != 0);
        }
    }
    tern_statement_free(row);
    return doses;
}

static void schedule(void)
{
    care_ok(tern_schedule_generate(care, NULL, NULL, &error), &error);
}

TEST(every_timing_of_the_real_requests_yields_its_doses_or_none)
{
    size_t as_stated = 0;
    size_t all_active = 0;

    begin_all();
    for (size_t i = 0; i < PEOPLE; i += EVERY) {
        begin(i);
        schedule();
        as_stated += compare_requests();
        fixture_run(care_replica, "UPDATE prescriptions SET status = 'ACTIVE'");
        schedule();
        all_active += compare_requests();
        schedule();
        end();
    }
    print_message("%zu doses, and %zu were all requests active\n", as_stated, all_active);
    /* 184 once a day, 6 every six hours, 2 every four, and 3 every 60 days. */
    CHECK(as_stated >= (EVERY > 1 ? 1 : 30 * (184 + 6 * 4 + 2 * 6)));
    CHECK(all_active >= (EVERY > 1 ? 1 : 30 * (1476 + 2 * 50 + 38 * 4 + 27 * 6 + 3 * 9)));
}

/* ---- Lives ---- */

enum { STEPS = 12 };

static void reopen(const struct life *life)
{
    tern_care_close(care);
    tern_replica_close(care_replica);
    care_replica = open_file(&life->patient);
    open_care();
}

static void act(struct life *life)
{
    tern_missed_cursor cursor = {.scheduled_us = 0};
    bool more = false;

    switch (life_roll(life, 10)) {
    case 0:
    case 1:
        life_act_on_prescription(life);
        break;
    case 2:
        life_act_on_settings(life);
        break;
    case 3:
        care_ok(tern_doses_infer_missed(care, NULL, 50, &cursor, NULL, &more, &error), &error);
        break;
    case 4:
        reopen(life);
        break;
    default:
        for (int i = 0; i < 4; i++) {
            life_act_on_dose(life);
        }
    }
    if (life_roll(life, 3) == 0) {
        schedule();
        reckoning_compare_plan(&life->patient, life->seed);
    }
}

/* Since days in three months, by dice. */
static void compare(struct life *life)
{
    static const char *const firsts[] = {"2026-02-01", "2026-03-01", "2026-03-05"};

    life_compare(life, firsts[life_roll(life, 3)]);
}

static void live(struct life *life)
{
    for (int step = 0; step < STEPS; step++) {
        act(life);
        fixture_clock.wall_us += life_roll(life, 90 * 60) * (HOUR_US / 60);
        if (step % 4 == 3) {
            compare(life);
        }
    }
}

TEST(adherence_of_everybody_is_what_a_second_reckoning_makes_of_the_rows)
{
    begin_all();
    for (size_t i = 0; i < PEOPLE; i += EVERY) {
        struct life life = {.seed = i, .state = i * 7919 + 1, .patient = people_id(i)};

        begin(i);
        fixture_run(care_replica, "UPDATE prescriptions SET status = 'ACTIVE'");
        schedule();
        reckoning_compare_plan(&life.patient, i);
        live(&life);
        care_ok(tern_adherence_rebuild(care, &error), &error);
        compare(&life);
        end();
    }
}
