/* What a refused edit takes with it: what its own medicine was scheduled with, and no other's. */
#include "tests/medication/fixture.h"

#include <stdio.h>
#include <string.h>

#include "tern/outbox.h"
#include "tests/medication/pair.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

static tern_care_error error;

/* The phone's patient has A of a doctor, and B, of three pills a day. */
struct record {
    struct care_pair pair;
    struct care_device doctor;
    tern_id a;
    tern_id b;
    tern_medicine edited[2]; /* of A: its medicine, and one that is added */
};

static void sync_all(struct record *record)
{
    device_sync_well(&record->doctor.device);
    care_pair_sync(&record->pair);
}

static void generate(struct record *record)
{
    care_ok(tern_schedule_generate(record->pair.phone.care, NULL, NULL, &error), &error);
}

static void begin(struct record *record, bool is_draft)
{
    static const tern_medicine pill = {.name = "a pill",
                                       .morning_dosage = "{\"amount\":1}",
                                       .daytime_dosage = "{\"amount\":1}",
                                       .night_dosage = "{\"amount\":1}"};
    struct care_pair *pair = &record->pair;
    tern_prescription other;

    memset(record, 0, sizeof(*record));
    care_pair_begin(pair);
    care_pair_open_to(pair, 'd', "DOCTOR");
    care_device_begin(&pair->world, &record->doctor, "first", 'd');
    device_sync_well(&record->doctor.device);
    record->a = care_pair_prescribe(pair, &record->doctor);
    other = pair->prescription;
    other.medicines = &pill;
    care_ok(tern_prescription_create(record->doctor.care, &other, NULL, &record->b, &error),
            &error);
    if (!is_draft) {
        care_ok(tern_prescription_activate(record->doctor.care, &record->b, &error), &error);
    }
    sync_all(record);
    generate(record);
    care_pair_sync(pair);
}

static void end(struct record *record)
{
    care_device_end(&record->doctor);
    care_pair_end(&record->pair);
}

static void edit(struct record *record, struct care_device *device, const char *added)
{
    tern_prescription edited = record->pair.prescription;

    record->edited[0] = record->pair.medicine;
    record->edited[0].id =
        care_pair_id(device, "SELECT quote(id) FROM medications WHERE medicine_name='a medicine'");
    record->edited[1] = (tern_medicine){.name = added, .morning_dosage = "{\"amount\":1}"};
    edited.medicines = record->edited;
    edited.medicine_count = 2;
    care_ok(tern_prescription_edit(device->care, &record->a, &edited, "why", NULL, &error), &error);
}

/* The phone's edit of A, made offline, is version 2 and the doctor's is too, and comes first. */
static void edit_in_vain(struct record *record)
{
    edit(record, &record->pair.phone, "a vitamin");
    edit(record, &record->doctor, "another");
    device_sync_well(&record->doctor.device);
    generate(record);
}

static const char *pills(struct care_device *device)
{
    return device_ask(&device->device,
                      "SELECT substr(d.local_date,9)||' '||d.slot||' '||d.status FROM dose_events "
                      "d JOIN medications m ON m.id=d.medication_id WHERE m.medicine_name='a pill' "
                      "AND d.local_date<'2025-11-22' ORDER BY d.scheduled_time");
}

static void take(struct record *record, const char *date, const char *slot)
{
    char sql[300];
    tern_id id;

    (void)snprintf(sql,
                   sizeof(sql),
                   "SELECT quote(d.id) FROM dose_events d JOIN medications m ON "
                   "m.id=d.medication_id WHERE m.medicine_name='a pill' AND d.local_date='%s' AND "
                   "d.slot='%s'",
                   date,
                   slot);
    id = care_pair_id(&record->pair.phone, sql);
    care_ok(tern_dose_take(record->pair.phone.care, &id, NULL, NULL, &error), &error);
}

/* Entries that a sync parked, as those whose own fault it is and those that waited for them. */
struct parked {
    unsigned refused;
    unsigned waited;
    unsigned waited_changes;
};

static bool count_parked(void *context, const tern_entry *entry)
{
    struct parked *parked = context;

    parked->refused += entry->reason != TERN_ERR_DEPENDENCY_REJECTED;
    if (entry->reason == TERN_ERR_DEPENDENCY_REJECTED) {
        parked->waited++;
        parked->waited_changes += entry->changes;
    }
    return true;
}

static struct parked find_parked(struct record *record)
{
    struct parked parked = {0};

    CHECK_INT(tern_outbox_visit(record->pair.phone.device.replica,
                                1U << TERN_ENTRY_QUARANTINED,
                                count_parked,
                                &parked,
                                NULL),
              TERN_OK);
    return parked;
}

/* ---- One edit, and what goes on beside it ---- */

TEST(doses_taken_of_one_prescription_outlive_a_refused_edit_of_another)
{
    static const char said[] = "20 MORNING DUE;20 DAYTIME TAKEN_ON_TIME;20 NIGHT TAKEN_ON_TIME;"
                               "21 MORNING DUE;21 DAYTIME DUE;21 NIGHT DUE";
    struct record record;
    struct parked parked;

    begin(&record, true);
    care_ok(tern_prescription_activate(record.pair.phone.care, &record.b, &error), &error);
    edit_in_vain(&record);
    world_pass(&record.pair.world, 4 * HOUR_US + 15 * MINUTE_US); /* to noon */
    take(&record, "2025-11-20", "DAYTIME");
    world_pass(&record.pair.world, 6 * HOUR_US);
    take(&record, "2025-11-20", "NIGHT");
    CHECK_TEXT(pills(&record.pair.phone), said);
    care_pair_sync(&record.pair);
    CHECK_TEXT(pills(&record.pair.phone), said);
    CHECK_TEXT(pills(&record.pair.tablet), said);
    parked = find_parked(&record);
    CHECK_INT(parked.refused, 1);
    CHECK_INT(parked.waited, 1); /* the vitamin's doses */
    CHECK_INT(parked.waited_changes, 30);
    CHECK_TEXT(device_ask(&record.pair.phone.device,
                          "SELECT sum(tern_unsent('medications',id)) FROM medications"),
               "0");
    end(&record);
}

TEST(a_dose_taken_late_outlives_a_refused_edit_of_another_prescription)
{
    struct record record;
    tern_missed_cursor cursor = {0};
    uint32_t missed = 0;
    bool more = true;

    begin(&record, false);
    edit_in_vain(&record);
    world_pass(&record.pair.world, 30 * HOUR_US);
    generate(&record);
    care_ok(tern_doses_infer_missed(record.pair.phone.care,
                                    NULL,
                                    1000,
                                    &cursor,
                                    &missed,
                                    &more,
                                    &error),
            &error);
    CHECK(!more);
    CHECK(missed > 5);
    take(&record, "2025-11-21", "DAYTIME");
    care_pair_sync(&record.pair);
    CHECK(strstr(pills(&record.pair.phone), "21 DAYTIME TAKEN_LATE") != NULL);
    CHECK(strstr(pills(&record.pair.tablet), "21 DAYTIME TAKEN_LATE") != NULL);
    CHECK_INT(find_parked(&record).refused, 1);
    /* The vitamin's doses, by two runs, and what was missed of them. */
    CHECK_INT(find_parked(&record).waited, 3);
    end(&record);
}

TEST(a_setting_and_a_dose_taken_late_outlive_a_refused_edit)
{
    struct record record;

    begin(&record, false);
    edit_in_vain(&record);
    world_pass(&record.pair.world, 30 * HOUR_US);
    care_ok(tern_settings_set_meals(record.pair.phone.care, "6:00", NULL, NULL, &error), &error);
    take(&record, "2025-11-21", "DAYTIME");
    care_pair_sync(&record.pair);
    CHECK(strstr(pills(&record.pair.phone), "21 DAYTIME TAKEN_LATE") != NULL);
    CHECK(strstr(pills(&record.pair.tablet), "21 DAYTIME TAKEN_LATE") != NULL);
    CHECK_TEXT(
        device_ask(&record.pair.tablet.device, "SELECT morning_meal FROM meal_time_preferences"),
        "6:00");
    end(&record);
}

/* ---- What shares a transaction ---- */

struct entries {
    uint64_t after; /* those up to it are not looked at */
    uint64_t last;
    unsigned count;
    unsigned changes;
};

static bool see_entry(void *context, const tern_entry *entry)
{
    struct entries *entries = context;

    entries->last = entry->ordinal;
    if (entry->ordinal > entries->after) {
        entries->count++;
        entries->changes += entry->changes;
    }
    return true;
}

static struct entries entries_after(struct care_device *device, uint64_t after)
{
    struct entries entries = {.after = after};

    CHECK_INT(tern_outbox_visit(device->device.replica, 0, see_entry, &entries, NULL), TERN_OK);
    return entries;
}

/* Offline: what the server has, what an edit adds to that, and a prescription of two medicines. */
static void begin_with_three_fates(struct record *record)
{
    static const tern_medicine two[] = {{.name = "one", .morning_dosage = "{\"amount\":1}"},
                                        {.name = "two", .morning_dosage = "{\"amount\":1}"}};

    begin(record, false);
    edit(record, &record->pair.phone, "a vitamin");
    record->pair.prescription.medicines = two;
    record->pair.prescription.medicine_count = 2;
    care_ok(tern_prescription_create(record->pair.phone.care,
                                     &record->pair.prescription,
                                     NULL,
                                     &record->b,
                                     &error),
            &error);
    care_ok(tern_prescription_activate(record->pair.phone.care, &record->b, &error), &error);
}

TEST(what_one_entry_inserted_is_scheduled_together_and_apart_from_all_else)
{
    tern_schedule_report report = {0};
    struct entries made;
    struct record record;
    uint64_t before;

    begin_with_three_fates(&record);
    world_pass(&record.pair.world, 24 * HOUR_US);
    before = entries_after(&record.pair.phone, 0).last;
    care_ok(tern_schedule_generate(record.pair.phone.care, NULL, &report, &error), &error);
    made = entries_after(&record.pair.phone, before);
    CHECK_INT(made.count, 3);
    CHECK_INT(made.changes, report.made);
    CHECK_INT(report.made, 3 * 30 + 5);
    generate(&record);
    CHECK_INT(entries_after(&record.pair.phone, before).count, 3);
    end(&record);
}

TEST(missed_doses_are_stored_with_those_of_their_fate_wherever_that_is_cut_short)
{
    struct record record;
    struct entries missed;
    tern_missed_cursor cursor = {0};
    uint64_t before;
    bool more = true;

    begin_with_three_fates(&record);
    generate(&record);
    world_pass(&record.pair.world, 30 * HOUR_US);
    before = entries_after(&record.pair.phone, 0).last;
    FOR_EACH_ALLOC_FAILURE (nth) {
        tern_status status = tern_doses_infer_missed(record.pair.phone.care,
                                                     NULL,
                                                     1000,
                                                     &cursor,
                                                     NULL,
                                                     &more,
                                                     &error);

        CHECK(status == TERN_OK || (status == TERN_ERR_NOMEM && cursor.scheduled_us == 0 && more));
    }
    CHECK(!more);
    CHECK(cursor.scheduled_us != 0);
    missed = entries_after(&record.pair.phone, before);
    CHECK_INT(missed.count, 3);
    /* Of the first day 7, for A's morning had passed; of the second 5 mornings and a noon. */
    CHECK_INT(missed.changes, 7 + 6);
    end(&record);
}
