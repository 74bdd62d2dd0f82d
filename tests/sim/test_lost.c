/* What others wrote and a restored server has lost, whose unique key is another row's by now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)

/* A place is taken once among all patients, so a note of one record makes way for one of another.
 */
static void found(struct world *world)
{
    static const char of_a_record[] = "[\"owner_id\",\"place\"]";
    static const char of_all[] = "[\"place\"]";
    const char *at = strstr(world->document, of_a_record);
    char *text = malloc(strlen(world->document) + 1);

    CHECK(at != NULL && text != NULL);
    (void)sprintf(text,
                  "%.*s%s%s",
                  (int)(at - world->document),
                  world->document,
                  of_all,
                  at + strlen(of_a_record));
    world_found(world, text);
    free(text);
}

static void write_note(struct device *patient, const char *note)
{
    char sql[200];

    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO notes(id, owner_id, place, title) SELECT tern_id(), id, 1, '%s' "
                   "FROM users",
                   note);
    device_run(patient, sql);
}

static void open_to_doctor(struct device *patient)
{
    device_run(patient,
               "INSERT INTO bonds(id, patient_id, doctor_id, status) SELECT tern_key('bonds', id, "
               "@d), id, @d, 'ACCEPTED' FROM users");
}

static void enter(struct world *world, struct device *patient, const char *name, char user)
{
    char sql[200];

    device_begin(world, patient, name, user);
    (void)snprintf(sql,
                   sizeof sql,
                   "INSERT INTO users(id, role, name) VALUES(@%c, 'PATIENT', '%s')",
                   user,
                   name);
    device_run(patient, sql);
    device_sync_well(patient);
}

/* A note that its patient's phone has lost as the server has stands with a doctor alone, and the
 * server gives its place to a note of a record that is opened to the doctor after that. */
static void lose(char first, char second)
{
    struct world world;
    struct device before;
    struct device after;
    struct device doctor;

    world_begin(&world);
    found(&world);
    device_begin(&world, &doctor, "doctor", 'd');
    doctor.power = TRN_POWER_OPERATOR; /* lets it name its role */
    device_run(&doctor, "INSERT INTO users(id, role, name) VALUES(@d, 'DOCTOR', 'Dr')");
    device_sync_well(&doctor);
    doctor.power = TRN_POWER_USER;
    enter(&world, &before, "before", first);
    enter(&world, &after, "after", second);
    open_to_doctor(&before);
    device_sync_well(&before);
    world_save(&world, "backup");
    world_pass(&world, SECOND_US);
    write_note(&before, "lost");
    device_sync_well(&before);
    device_sync_well(&doctor);
    device_end(&before);
    world_restore(&world, "backup");
    world_pass(&world, SECOND_US);
    open_to_doctor(&after);
    write_note(&after, "new");
    device_sync_well(&after);
    device_sync_well(&doctor);
    CHECK_TEXT(device_ask(&doctor, "SELECT title FROM notes"), "new");
    CHECK_INT(device_status(&doctor).quarantined, 1);
    device_check_converged(&doctor);
    device_end(&after);
    device_end(&doctor);
    world_end(&world);
}

TEST(what_makes_way_for_a_row_of_another_record_is_parked_in_whatever_order_they_come)
{
    lose('a', 'b');
    lose('b', 'a');
}
