/* Reminders of a file that an app put back to a copy: what it has set in the end is what is due. */
#include "tern/medication/reminder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/medication/fixture.h"

enum { SET_MAX = 400 };

/* What an app keeps of one patient, whatever becomes of the file. */
struct app {
    tern_id patient;
    int64_t cursor;
    tern_id set[SET_MAX];
    size_t set_count;
    tern_id named[SET_MAX];
    size_t named_count;
    size_t stops_at; /* dies as so many have been named; 0: never */
};

static tern_care_error error;

static bool has(const tern_id *ids, size_t count, const tern_id *id)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&ids[i], id, sizeof(*id)) == 0) {
            return true;
        }
    }
    return false;
}

static void put_off(struct app *app, const tern_id *id)
{
    for (size_t i = 0; i < app->set_count; i++) {
        if (memcmp(&app->set[i], id, sizeof(*id)) == 0) {
            app->set[i] = app->set[--app->set_count];
            return;
        }
    }
}

static bool obey(void *context, const tern_reminder *reminder)
{
    struct app *app = context;

    put_off(app, &reminder->dose);
    app->named[app->named_count++] = reminder->dose;
    if (!reminder->is_cancelled) {
        app->set[app->set_count++] = reminder->dose;
    }
    return app->named_count != app->stops_at;
}

static void remove_unnamed(struct app *app)
{
    for (size_t i = app->set_count; i-- > 0;) {
        if (!has(app->named, app->named_count, &app->set[i])) {
            put_off(app, &app->set[i]);
        }
    }
}

static void read_into(struct app *app)
{
    bool all = true;

    app->named_count = 0;
    care_ok(tern_reminders_read(care, &app->patient, &app->cursor, obey, app, &all, &error),
            &error);
    if (all) {
        remove_unnamed(app);
    }
}

/* What it has set is what a new app would. */
static void check_set(struct app *app)
{
    struct app fresh = {.patient = app->patient};

    read_into(&fresh);
    CHECK_INT(app->set_count, fresh.set_count);
    for (size_t i = 0; i < fresh.set_count; i++) {
        CHECK(has(app->set, app->set_count, &fresh.set[i]));
    }
}

/* ---- The file ---- */

static char *bytes;
static size_t size;

static void open_again(void)
{
    const tern_care_options options = {.size = sizeof(options), .zones = care_zones()};

    care_replica = fixture_open(care_path());
    care_ok(tern_care_open(care_replica, &options, &care, &error), &error);
}

static void close_file(void)
{
    tern_care_close(care);
    tern_replica_close(care_replica);
}

static void copy_file(void)
{
    FILE *file;

    close_file();
    free(bytes);
    file = fopen(care_path(), "rb");
    CHECK(file != NULL);
    CHECK_INT(fseek(file, 0, SEEK_END), 0);
    size = (size_t)ftell(file);
    rewind(file);
    bytes = malloc(size);
    CHECK(bytes != NULL);
    CHECK_INT(fread(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
    open_again();
}

static void put_back(void)
{
    FILE *file;

    close_file();
    file = fopen(care_path(), "wb");
    CHECK(file != NULL);
    CHECK_INT(fwrite(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
    open_again();
}

/* ---- Two patients, of whom the first is the doctor of the second ---- */

static struct app own;
static struct app other;
static tern_id prescription;

static void begin(void)
{
    care_begin("2026-03-02 05:00");
    fixture_run(care_replica, "UPDATE users SET role='DOCTOR'");
    fixture_run(care_replica,
                "INSERT INTO users(id, role) VALUES(x'6170692d666978747572652d00000002', "
                "'PATIENT')");
    own = (struct app){.patient = fixture_id(1)};
    other = (struct app){.patient = fixture_id(2)};
    prescription = care_prescribe();
    read_into(&own);
    CHECK_INT(own.set_count, 60);
}

static void prescribe_for_other(void)
{
    const tern_id patient = fixture_id(2);

    care_prescription.patient = patient;
    (void)care_prescribe();
    care_ok(tern_schedule_generate(care, &patient, NULL, &error), &error);
    care_prescription.patient = fixture_id(1);
}

static void pause_and_read(void)
{
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    read_into(&own);
    CHECK_INT(own.set_count, 0);
}

static void end(void)
{
    free(bytes);
    bytes = NULL;
    care_end();
}

TEST(what_was_taken_back_since_the_copy_is_set_again)
{
    begin();
    copy_file();
    pause_and_read();
    put_back();
    read_into(&own);
    CHECK_INT(own.set_count, 60);
    check_set(&own);
    end();
}

TEST(what_another_patient_has_read_first_hides_nothing)
{
    begin();
    prescribe_for_other();
    copy_file();
    pause_and_read();
    put_back();
    read_into(&other);
    CHECK_INT(other.set_count, 60);
    read_into(&own);
    CHECK_INT(own.set_count, 60);
    check_set(&own);
    check_set(&other);
    end();
}

TEST(a_first_read_that_did_not_finish_hides_nothing)
{
    begin();
    copy_file();
    pause_and_read();
    put_back();
    (void)care_prescribe();
    own.stops_at = 1;
    read_into(&own);
    own.stops_at = 0;
    read_into(&own);
    CHECK_INT(own.set_count, 100);
    check_set(&own);
    end();
}

TEST(what_was_set_since_the_copy_is_removed)
{
    begin();
    copy_file();
    care_medicine.night_dosage = NULL;
    (void)care_prescribe();
    read_into(&own);
    CHECK_INT(own.set_count, 90);
    put_back();
    read_into(&own);
    CHECK_INT(own.set_count, 60);
    check_set(&own);
    end();
}

TEST(another_reader_of_the_same_patient_hides_nothing)
{
    struct app widget = {.patient = fixture_id(1)};

    begin();
    copy_file();
    pause_and_read();
    put_back();
    (void)care_prescribe();
    read_into(&widget);
    read_into(&own);
    check_set(&own);
    check_set(&widget);
    end();
}

/* ---- Two readers at once ---- */

static struct app widget;
static void (*behind_commit)(void);

tern_status __real_tern_tx_commit(tern_tx *tx, uint64_t *ret_kept, tern_error *why);
tern_status __wrap_tern_tx_commit(tern_tx *tx, uint64_t *ret_kept, tern_error *why);

tern_status __wrap_tern_tx_commit(tern_tx *tx, uint64_t *ret_kept, tern_error *why)
{
    tern_status status = __real_tern_tx_commit(tx, ret_kept, why);
    void (*act)(void) = behind_commit;

    behind_commit = NULL;
    if (act != NULL) {
        act();
    }
    return status;
}

static void read_widget(void)
{
    read_into(&widget);
}

TEST(what_a_read_cancels_is_told_though_another_comes_before_it_is)
{
    begin();
    care_medicine.night_dosage = NULL;
    (void)care_prescribe();
    read_into(&own);
    CHECK_INT(own.set_count, 90);
    widget = (struct app){.patient = fixture_id(1)};
    read_into(&widget);
    care_ok(tern_prescription_pause(care, &prescription, &error), &error);
    behind_commit = read_widget;
    read_into(&own);
    read_into(&own);
    CHECK_INT(own.set_count, 30);
    check_set(&own);
    check_set(&widget);
    end();
}

TEST(a_cursor_of_no_file_at_all_is_as_good_as_none)
{
    static const int64_t cursors[] = {INT64_MAX, INT64_MAX - 1, INT64_MIN, -1, 1};

    begin();
    for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
        struct app stranger = {.patient = fixture_id(1), .cursor = cursors[i]};

        read_into(&stranger);
        CHECK_INT(stranger.set_count, 60);
        CHECK_INT(stranger.cursor, own.cursor);
        read_into(&stranger);
        CHECK_INT(stranger.named_count, 0);
    }
    end();
}

TEST(a_file_that_was_made_anew_has_nothing_of_the_one_before)
{
    begin();
    end();
    care_begin("2026-03-02 05:00");
    care_medicine.night_dosage = NULL;
    (void)care_prescribe();
    read_into(&own);
    CHECK_INT(own.set_count, 30);
    check_set(&own);
    end();
}
